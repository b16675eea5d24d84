"""A simulator's state on disk: one file of lines, each checked by a checksum over all before it.

The first line says whose state it is, every later one what changed. What a line says is on the disk
before anybody is told; a last line that was cut off was never told and is dropped, and any other
damage is refused. One process at a time holds the folder.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import zlib
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.kept import Kept, KeptAccount, KeptVenue
from adapters.kraken_simulator.keys.ring import KeptKey
from adapters.kraken_simulator.paths import MarketKind
from adapters.kraken_simulator.views import AccountSpec

FILE: Final = "kraken-simulator.state"
LOCK: Final = "kraken-simulator.lock"
FORMAT: Final = 1
_CHECK: Final = 8
_NAMED: Final = ("seed", "market", "symbols", "names", "conduct")


class StateError(Exception):
    """The state cannot be used; the text is a sentence, `remedy` what to do."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.remedy = remedy


class StateHeldError(StateError):
    """Another process serves this state."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a state belongs to: it is never used for another venue.

    `accounts` are as they were opened; another opening balance means nothing later.
    """

    simulator: str = "kraken"
    format: int = FORMAT
    seed: int
    market: MarketKind
    symbols: tuple[str, ...]
    accounts: tuple[AccountSpec, ...]
    conduct: Conduct
    origin_ns: int

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts."""
        return tuple(each.account for each in self.accounts)


class Change(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One line. The venue has told no time later than `told_ns`; it was `at_ns` when the world's
    clock said `wall_ns`. The first line of an opening is whole and counts those before it.
    """

    at_ns: int
    told_ns: int
    wall_ns: int
    openings: int = 0
    venue: KeptVenue | None = None
    accounts: list[KeptAccount] = []
    keys: list[KeptKey] = []


class Found(NamedTuple):
    """What a state says: the venue's, the keys', and when it was last alive."""

    kept: Kept
    keys: dict[str, KeptKey]
    last: Change


class StateFile:
    """The state in one folder, held as long as this is open."""

    def __init__(self, folder: Path) -> None:
        """Raises StateHeldError, OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / FILE
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._file = -1
        self._check = 0
        self._broken = False
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise StateHeldError(
                f"The state in {folder} is served by another simulator",
                "Stop that one first, or name another folder by --state.",
            ) from error

    def close(self) -> None:
        """Let the folder go."""
        if self._file >= 0:
            os.close(self._file)
        os.close(self._lock)

    def read(self, wanted: Identity) -> Found | None:
        """What was written before, None when nothing was.

        Raises StateError for the state of another venue or version and for a damaged one.
        """
        if not self.path.exists():
            return None
        lines = self._lines()
        if not lines:
            return None
        told = self._identity(lines[0])
        self._refuse_other(told, wanted)
        if len(lines) == 1:
            return None
        try:
            changes = [msgspec.json.decode(line, type=Change) for line in lines[1:]]
        except msgspec.DecodeError as error:
            raise self._damaged(f"a line makes no sense: {error}") from error
        return self._folded(told, changes)

    def begin(self, identity: Identity, whole: Change) -> None:
        """Start anew with the whole state in one line; the old file stays until that is durable."""
        beside = self.path.with_suffix(".new")
        self._check = 0
        mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(beside, mode, 0o600), "wb") as file:
            for line in (identity, whole):
                file.write(self._framed(msgspec.json.encode(line)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def write(self, change: Change, *, durable: bool) -> None:
        """Add a line; a durable one survives the machine, any other the process.

        Raises OSError; then nothing that it says may be told, and nothing can be written any more.
        """
        if self._broken:
            raise OSError(errno.EIO, "an earlier line could not be written", str(self.path))
        # Until it is done: what follows half a line could not be read.
        self._broken = True
        line = self._framed(msgspec.json.encode(change))
        try:
            written = os.write(self._file, line)
            if durable:
                os.fdatasync(self._file)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        if written != len(line):
            raise OSError(errno.ENOSPC, "a line could not be written whole", str(self.path))
        self._broken = False

    def _framed(self, document: bytes) -> bytes:
        self._check = zlib.crc32(document, self._check)
        return b"%08x %b\n" % (self._check, document)

    def _lines(self) -> list[bytes]:
        """The documents of all whole lines. Raises StateError."""
        whole, _, _ = self.path.read_bytes().rpartition(b"\n")
        check, found = 0, []
        for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
            document = line[_CHECK + 1 :]
            check = zlib.crc32(document, check)
            if line[: _CHECK + 1] != b"%08x " % check:
                raise self._damaged(f"line {number} is not what was written")
            found.append(document)
        return found

    def _identity(self, line: bytes) -> Identity:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(line, type=Identity)
        told: dict[str, object] = {}
        with contextlib.suppress(msgspec.DecodeError):
            told = msgspec.json.decode(line, type=dict[str, object])
        if told.get("simulator") != "kraken" or told.get("format") == FORMAT:
            raise self._damaged("its first line is not a simulated Kraken's")
        raise self._of_other_version(told.get("format"))

    def _refuse_other(self, told: Identity, wanted: Identity) -> None:
        if told.format != FORMAT or told.simulator != wanted.simulator:
            raise self._of_other_version(told.format)
        for name in _NAMED:
            if getattr(told, name) != getattr(wanted, name):
                value = getattr(told, name)
                of_it = f"{name} {value}" if isinstance(value, (int, str)) else f"other {name}"
                of_it = of_it.replace("names", "accounts")
                raise StateError(
                    f"The state {self.path} belongs to another simulated Kraken, with {of_it}",
                    "Start it with the options that it began with, or name another folder.",
                )

    def _of_other_version(self, version: object) -> StateError:
        return StateError(
            f"The state {self.path} is of version {version}, and this version reads {FORMAT}",
            "Use the version of Ballast that wrote it, or name another folder by --state.",
        )

    def _folded(self, told: Identity, changes: list[Change]) -> Found:
        accounts: dict[str, KeptAccount] = {}
        keys: dict[str, KeptKey] = {}
        venue: KeptVenue | None = None
        for change in changes:
            venue = change.venue or venue
            keys |= {each.key: each for each in change.keys}
            for each in change.accounts:
                before = accounts.get(each.account)
                accounts[each.account] = each if before is None else before.then(each)
        if venue is None or set(accounts) != {spec.account for spec in told.accounts}:
            raise self._damaged("it does not hold every account")
        kept = Kept(
            origin_ns=told.origin_ns,
            openings=changes[0].openings + 1,
            venue=venue,
            accounts=accounts,
        )
        return Found(kept, keys, changes[-1])

    def _damaged(self, why: str) -> StateError:
        return StateError(
            f"The state {self.path} is damaged: {why}",
            "Restore it from a backup; it is never begun anew by itself.",
        )
