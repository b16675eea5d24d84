"""The log of anchors of one account: signed lines, each bound to the one before, only appended.

An anchor says that the chain of an account had this root at this input. A journal that does not
reach the newest one, or has another root there, has lost its tail or was written anew. A copy in a
second place (another disk, another machine's mount) makes it costly to cut both.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from adapters.anchors.key import AnchorError, AnchorKey

_NOTHING: Final = "0" * 64
REMEDY: Final = (
    "Name the right database or restore a backup; `ballast books anchor --accept REASON` goes on "
    "from the journal as it is, and says so for ever."
)


class Anchor(msgspec.Struct, frozen=True):
    """One signed statement. `reason` is empty but for an anchor by which a person accepted a loss.

    `previous` is the SHA-256 (hex) of the line before, `root` the chain's root after input `seq`.
    """

    account: str
    epoch: int
    seq: int
    root: str
    at_ns: int
    previous: str
    reason: str = ""
    signature: str = ""

    def content(self) -> bytes:
        """What is signed: everything but the signature."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""))


class AnchorLog:
    """Anchors of one account in `folder`, copied to `copies`."""

    def __init__(self, folder: Path, account: str, copies: tuple[Path, ...] = ()) -> None:
        """Nothing is read or made before it is needed."""
        self.path = folder / f"{account}.anchors"
        self._folder = folder
        self._account = account
        self._copies = tuple(copy / f"{account}.anchors" for copy in copies)
        self._key: AnchorKey | None = None
        self._last: bytes | None = None

    @property
    def key(self) -> AnchorKey:
        """The signing key, made at first use. Raises AnchorError."""
        if self._key is None:
            self._key = AnchorKey(self._folder / "anchor.key")
        return self._key

    def read(self) -> tuple[Anchor, ...]:
        """Every anchor, oldest first; the longest of the log and its copies.

        Raises AnchorError when a line is damaged, foreign or out of place, or a copy contradicts.
        """
        found: tuple[Anchor, ...] = ()
        for path in (self.path, *self._copies):
            lines = self._read(path)
            shared = min(len(lines), len(found))
            if lines[:shared] != found[:shared]:
                raise AnchorError(f"The anchors in {path} contradict those elsewhere.", REMEDY)
            found = max(found, lines, key=len)
        self._last = None if not found else _line(found[-1])
        return found

    def append(self, *, epoch: int, seq: int, root: bytes, at_ns: int, reason: str = "") -> Anchor:
        """Sign and keep one more anchor, durably, in every place. Raises AnchorError, OSError."""
        if self._last is None:
            self.read()
        previous = _NOTHING if self._last is None else sha256(self._last).hexdigest()
        unsigned = Anchor(self._account, epoch, seq, root.hex(), at_ns, previous, reason)
        signature = self.key.sign(unsigned.content())
        anchor = msgspec.structs.replace(unsigned, signature=signature)
        line = _line(anchor)
        for path in (self.path, *self._copies):
            _append(path, line)
        self._last = line
        return anchor

    def _read(self, path: Path) -> tuple[Anchor, ...]:
        with contextlib.suppress(FileNotFoundError):
            return tuple(self._checked(path, path.read_bytes()))
        return ()

    def _checked(self, path: Path, data: bytes) -> list[Anchor]:
        found: list[Anchor] = []
        previous = _NOTHING
        # What follows the last end of line was cut off while it was written.
        for number, line in enumerate(data.split(b"\n")[:-1], 1):
            try:
                anchor = msgspec.json.decode(line, type=Anchor)
            except msgspec.MsgspecError as error:
                raise AnchorError(f"Line {number} of {path} is no anchor.", REMEDY) from error
            if anchor.previous != previous or anchor.account != self._account:
                raise AnchorError(f"Line {number} of {path} does not follow.", REMEDY)
            if not self.key.has_signed(anchor.content(), anchor.signature):
                raise AnchorError(
                    f"Line {number} of {path} was not signed by this data folder's key.", REMEDY
                )
            found.append(anchor)
            previous = sha256(line + b"\n").hexdigest()
        return found


def _line(anchor: Anchor) -> bytes:
    return msgspec.json.encode(anchor) + b"\n"


def _append(path: Path, line: bytes) -> None:
    """Durably, after the last whole line."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        end = data.rfind(b"\n") + 1
        os.ftruncate(descriptor, end)
        os.pwrite(descriptor, line, end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
