"""The Kraken simulator as a process of our own: started on a free port of loopback, ended with us.

Its first line on stdout says where it answers and with which keys.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from service.failures import ExitCode, UserError

READY_SECONDS: Final = 60.0
END_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1
_COMMAND: Final = "from service.entry import main; main()"


class SimulatorKey(msgspec.Struct, frozen=True):
    """A key of a simulated account. Nobody's money is behind it; its secret is printed."""

    key: str
    secret: str
    permissions: tuple[str, ...]
    otp_secret: str | None = None

    def __repr__(self) -> str:
        return f"SimulatorKey(redacted, permissions={self.permissions!r})"


class SimulatorAccount(msgspec.Struct, frozen=True):
    """One account, with the rate limits of its tier."""

    account: str
    tier: str
    keys: tuple[SimulatorKey, ...]


class SimulatorPlace(msgspec.Struct, frozen=True):
    """Where a simulator answers, and how to sign; it is not shown, for its secrets."""

    rest: str
    websocket: str
    websocket_auth: str
    speed: float
    accounts: tuple[SimulatorAccount, ...]

    def trader(self) -> tuple[SimulatorAccount, SimulatorKey]:
        """An account and its key that may trade, cannot withdraw and needs no second factor."""
        for account in self.accounts:
            for key in account.keys:
                may = set(key.permissions)
                if "modify-trades" in may and "withdraw-funds" not in may and not key.otp_secret:
                    return account, key
        raise UserError(
            ExitCode.ENVIRONMENT,
            "The simulator has no key that may trade and cannot withdraw.",
            "Start it anew with --print-keys: `ballast simulate kraken --help`.",
        )


@asynccontextmanager
async def simulator(options: Sequence[str], log: Path) -> AsyncIterator[SimulatorPlace]:
    """A running simulator; what it says on stderr goes to `log`.

    Raises UserError when it does not answer in time or ends at once.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _COMMAND, "simulate", "kraken"),
            *("--port", "0", "--print-keys", "--json", *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            # A Ctrl-C of the terminal is ours to take: the venue must outlive our clean stop.
            start_new_session=True,
        )
    try:
        yield await _ready(process, log)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> SimulatorPlace:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        return msgspec.json.decode(line, type=SimulatorPlace)
    except (TimeoutError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            "The Kraken simulator did not start.",
            f"Its own words are in {log}.",
        ) from error


def place_in(path: Path) -> SimulatorPlace:
    """What a running simulator said of itself; one that has just been started says it in a moment.

    Raises UserError for a file that does not say it.
    """
    patient_until = time.monotonic() + READY_SECONDS
    try:
        while not path.read_bytes() and time.monotonic() < patient_until:
            time.sleep(_LOOK_SECONDS)
        return msgspec.json.decode(path.read_bytes().partition(b"\n")[0], type=SimulatorPlace)
    except OSError as error:
        raise UserError(
            ExitCode.MISSING,
            f"The file {path} cannot be read ({error.strerror}).",
            "Write it with `ballast simulate kraken --print-keys --json > FILE`.",
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            ExitCode.BAD_INPUT,
            f"The file {path} is not what a simulator says of itself ({error}).",
            "Write it with `ballast simulate kraken --print-keys --json > FILE`.",
        ) from error
