"""The Kraken simulator as a process of our own: started on a free port of loopback, ended with us.

Its first line on stdout says where it answers and with which keys. It ends when its standard input
does, so it never outlives us, however we end. One whose state is kept is started again when it ends
by itself: its orders are on its disk, and its time has passed meanwhile.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from service.failures import ExitCode, UserError

READY_SECONDS: Final = 60.0
END_SECONDS: Final = 10.0
HELD_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1
_LINE_BYTES: Final = 1 << 20
_COMMAND: Final = "from service.entry import main; main()"


class _Failure(msgspec.Struct, frozen=True):
    """What a verb that failed says of itself."""

    error: str
    remedy: str
    exit_code: int


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
    seed: int = 0
    market: str = ""
    process: str = ""
    pairs: tuple[str, ...] = ()

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
    process, place = await _started(options, log)
    try:
        yield place
    finally:
        await _ended(process)


@asynccontextmanager
async def kept_simulator(
    options: Sequence[str], log: Path, say: Callable[[str], None]
) -> AsyncIterator[SimulatorPlace]:
    """A running simulator with a state (`options` name it), started again as often as it ends.

    Raises UserError as `simulator` does.
    """
    process, place = await _started(options, log, patience=HELD_SECONDS)
    watch = _Watch(process, (*options, "--away", "passes"), log, say)
    watching = asyncio.create_task(watch.run(urlsplit(place.rest).port or 0))
    try:
        yield place
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await _ended(watch.process)


class _Watch:
    """Keeps a simulator up."""

    def __init__(
        self, process: Process, options: Sequence[str], log: Path, say: Callable[[str], None]
    ) -> None:
        self.process = process
        self._options = options
        self._log = log
        self._say = say

    async def run(self, port: int) -> None:
        """Start it again at the same port whenever it ends; give up where it says why it cannot."""
        for pause in chain((0.0,), repeat(PAUSE_SECONDS)):
            code = await self.process.wait()
            self._say(f"the simulated Kraken ended (code {code}); it is started again")
            await asyncio.sleep(pause)
            try:
                self.process, _ = await _started(
                    (*self._options, "--port", str(port)), self._log, patience=HELD_SECONDS
                )
            except UserError as error:
                self._say(f"the simulated Kraken cannot go on: {error.sentence} {error.remedy}")
                if error.code != ExitCode.ENVIRONMENT:
                    return


async def _started(
    options: Sequence[str], log: Path, *, patience: float = 0.0
) -> tuple[Process, SimulatorPlace]:
    """A process that serves. A state that one of ours still holds is waited for."""
    patient_until = time.monotonic() + patience
    while True:
        process = await _process(options, log)
        place = None
        try:
            place = await _ready(process, log)
        except UserError as error:
            if error.code != ExitCode.FENCED or time.monotonic() > patient_until:
                raise
        else:
            return process, place
        finally:
            # Also when we are cancelled: nobody else knows of it.
            if place is None:
                await _ended(process)
        await asyncio.sleep(_LOOK_SECONDS)


async def _process(options: Sequence[str], log: Path) -> Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _COMMAND, "simulate", "kraken"),
            *("--port", "0", "--print-keys", "--json", "--stop-at-eof", *options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            limit=_LINE_BYTES,
            # A Ctrl-C of the terminal is ours to take: the venue must outlive our clean stop.
            start_new_session=True,
        )


async def _ended(process: Process) -> None:
    """End it, by force if need be."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _ready(process: Process, log: Path) -> SimulatorPlace:
    """What it says first. Raises UserError, with its own words where it has any."""
    assert process.stdout is not None
    line = b""
    try:
        # Not wait_for: it can swallow a cancellation that comes together with the line.
        async with asyncio.timeout(READY_SECONDS):
            line = await process.stdout.readline()
        return msgspec.json.decode(line, type=SimulatorPlace)
    except (TimeoutError, msgspec.DecodeError, UnicodeDecodeError) as error:
        with suppress(msgspec.DecodeError, ValueError):
            told = msgspec.json.decode(line, type=_Failure)
            raise UserError(ExitCode(told.exit_code), told.error, told.remedy) from error
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
