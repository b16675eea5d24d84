"""The log of anchors of one account: lines bound to each other by hash, the newest one signed.

An anchor says that the chain of an account had this root at this input. A journal that does not
reach the newest one, or has another root there, has lost its tail or was written anew. Each place
of the log holds the same bytes or the first part of them: the longest counts, and what another one
lacks (a copy that was away, a log that was cut) is written there before anything is added.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from adapters.anchors.key import (
    AnchorError,
    AnchorKey,
    LostKeyError,
    is_signed_by,
    make_key,
)
from adapters.anchors.place import Place

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
    """Anchors of one account in `folder`, copied to `copies`.

    `failures` are sentences about copies that the last call could not read or write. They do not
    make it fail: the next one brings those copies up to date.
    """

    def __init__(self, folder: Path, account: str, copies: tuple[Path, ...] = ()) -> None:
        """Nothing is read or made before it is needed."""
        self._account = account
        self._own = Place(folder / f"{account}.anchors")
        self._copies = tuple(Place(copy / f"{account}.anchors") for copy in copies)
        self._key_path = folder / "anchor.key"
        self._key: AnchorKey | None = None
        self._last: bytes | None = None
        self.failures: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the log lies."""
        return self._own.path

    @property
    def copies(self) -> tuple[Path, ...]:
        """Where its copies lie."""
        return tuple(copy.path for copy in self._copies)

    @property
    def public_key(self) -> str:
        """The public key in hex; empty when there is none yet. Raises AnchorError, OSError."""
        return self._found_key().public if self._key_path.exists() else ""

    def read(self) -> tuple[Anchor, ...]:
        """Every anchor, oldest first; the longest of the log and its copies.

        Raises AnchorError when a line is damaged, foreign or out of place, a copy contradicts, or
        the key is gone; OSError when the log itself cannot be read.
        """
        self.failures = ()
        return self._longest()[0]

    def append(self, *, epoch: int, seq: int, root: bytes, at_ns: int, reason: str = "") -> Anchor:
        """Sign and keep one more anchor, durably: in the log, then in every copy that can be had.

        Raises what `read` raises, and OSError when the log itself cannot be written.
        """
        self.failures = ()
        lacking = b""
        if self._last is None or self._own.last() != self._last:
            _, whole = self._longest()
            lacking = whole[len(self._own.lines()) :]
        before = self._last or b""
        anchor = self._signed(Anchor(self._account, epoch, seq, root.hex(), at_ns, "", reason))
        line = _line(anchor)
        self._own.extend(lacking + line)
        self._last = line
        for copy in self._copies:
            try:
                self._bring_up(copy, before, line)
            except (OSError, AnchorError) as error:
                self._failed(copy, error)
        return anchor

    def accept(
        self, *, epoch: int, seq: int, root: bytes, at_ns: int, reason: str
    ) -> tuple[Anchor, tuple[Path, ...]]:
        """Go on from this head, because a person says so; what stood against it is set aside.

        Sound anchors stay and the new one follows them. Damaged or contradicting ones, and a file
        that is no key, are kept under another name. Returns the anchor and those names. Raises
        AnchorError when the key may be read by others, OSError.
        """
        assert reason, "nothing is accepted without a reason"
        aside = _aside(at_ns)
        kept = self._renewed_key(aside)
        try:
            self.read()
        except AnchorError:
            pass
        else:
            anchor = self.append(epoch=epoch, seq=seq, root=root, at_ns=at_ns, reason=reason)
            return anchor, kept
        self._last = b""
        anchor = self._signed(Anchor(self._account, epoch, seq, root.hex(), at_ns, "", reason))
        self._last = _line(anchor)
        # The log first: cut off in between, the copies contradict it, and that is refused again.
        kept += self._own.replace(self._last, aside)
        for copy in self._copies:
            try:
                kept += copy.replace(self._last, aside)
            except OSError as error:
                self._failed(copy, error)
        return anchor, kept

    def _longest(self) -> tuple[tuple[Anchor, ...], bytes]:
        """The longest place's anchors and bytes, after all places were held against each other."""
        found = [(self._own, self._own.lines())]
        for copy in self._copies:
            try:
                found.append((copy, copy.lines()))
            except OSError as error:
                self._failed(copy, error)
        longest, whole = max(found, key=lambda each: len(each[1]))
        anchors = self._checked(longest, whole)
        for place, data in found:
            if not whole.startswith(data):
                self._checked(place, data)
                raise AnchorError(
                    f"The anchors in {place.path} contradict those in {longest.path}.", REMEDY
                )
        self._last = whole[whole.rfind(b"\n", 0, max(0, len(whole) - 1)) + 1 :]
        return anchors, whole

    def _bring_up(self, copy: Place, before: bytes, line: bytes) -> None:
        """Write what the copy lacks: the line, or every line since it was away."""
        if copy.last() == before != b"":
            copy.extend(line)
            return
        whole, data = self._own.lines(), copy.lines()
        if not whole.startswith(data):
            raise AnchorError(f"it contradicts {self._own.path}", REMEDY)
        copy.extend(whole[len(data) :])

    def _checked(self, place: Place, data: bytes) -> tuple[Anchor, ...]:
        return read_anchors(place.path, data, self._account, lambda: self._found_key().public)

    def _signed(self, anchor: Anchor) -> Anchor:
        """The anchor, bound to the last line and signed."""
        previous = sha256(self._last).hexdigest() if self._last else _NOTHING
        bound = msgspec.structs.replace(anchor, previous=previous)
        signature = self._signing_key().sign(bound.content())
        return msgspec.structs.replace(bound, signature=signature)

    def _found_key(self) -> AnchorKey:
        if self._key is None:
            self._key = AnchorKey(self._key_path)
        return self._key

    def _signing_key(self) -> AnchorKey:
        """The key; made when there is none and nothing in the folder was ever signed."""
        if self._key is None and not self._key_path.exists() and not self._signed_before():
            self._key = make_key(self._key_path)
        return self._found_key()

    def _signed_before(self) -> bool:
        return any(path.stat().st_size for path in self._key_path.parent.glob("*.anchors"))

    def _renewed_key(self, aside: str) -> tuple[Path, ...]:
        """Make a new key if the old one is gone; where a file that is none was put."""
        kept: tuple[Path, ...] = ()
        try:
            self._found_key()
        except LostKeyError:
            if self._key_path.exists():
                kept = (self._key_path.with_name(f"{self._key_path.name}.{aside}"),)
                self._key_path.rename(kept[0])
            self._key = make_key(self._key_path)
        return kept

    def _failed(self, copy: Place, error: Exception) -> None:
        why = getattr(error, "strerror", None) or f"{error}"
        self.failures += (f"the copy of the anchors in {copy.path} is not up to date ({why})",)


def read_anchors(
    path: Path, data: bytes, account: str, public: Callable[[], str]
) -> tuple[Anchor, ...]:
    """The anchors in the bytes of a file, oldest first, signed by the `public` key (hex).

    Each line binds the one before, so the newest signature vouches for all of them. Raises
    AnchorError when a line is damaged, foreign or out of place.
    """
    found: list[Anchor] = []
    previous = _NOTHING
    lines = data.split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            anchor = msgspec.json.decode(line, type=Anchor)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise AnchorError(f"Line {number} of {path} is no anchor.", REMEDY) from error
        if anchor.previous != previous or anchor.account != account:
            raise AnchorError(f"Line {number} of {path} does not follow.", REMEDY)
        vouches = number == len(lines) or anchor.reason
        if vouches and not is_signed_by(public(), anchor.content(), anchor.signature):
            sentence = f"Line {number} of {path} was not signed by this data folder's key."
            raise AnchorError(sentence, REMEDY)
        found.append(anchor)
        previous = sha256(line + b"\n").hexdigest()
    return tuple(found)


def _line(anchor: Anchor) -> bytes:
    return msgspec.json.encode(anchor) + b"\n"


def _aside(at_ns: int) -> str:
    seconds, rest = divmod(at_ns, 10**9)
    return f"aside-{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}.{rest:09d}Z"
