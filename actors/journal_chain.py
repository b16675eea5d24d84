"""The chain of frames as pure functions: building a frame, opening it, verifying a whole stream.

Roots bind inputs, outcomes and step digests; a frame's checksum binds its other bytes (effects). A
frame holds one root per boundary, so damage is named to the input where the bytes themselves show
it, else to the frame's first input with the frame's range. Reading the frames is an adapter's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from actors.instant import HOUR_NS, floor_to
from actors.kernel.digest import next_root
from actors.kernel.envelope import Input
from actors.messages.codec import ENCODER, frozen_decoder
from actors.messages.control import RunStarted
from actors.ports import Frame, JournalCorruptError, Record

FRAME_RECORDS_MAX: Final = 100_000
_DIGEST_BYTES: Final = 32


class _Head(msgspec.Struct, array_like=True, gc=False):
    """The first two fields of an Input; the body is not looked at."""

    seq: int
    at: int


_RECORDS: Final = msgspec.msgpack.Decoder(tuple[Record, ...])
_HEAD: Final = msgspec.msgpack.Decoder(_Head)
_INPUT: Final[msgspec.msgpack.Decoder[Any]] = frozen_decoder(Input)


class Verified(msgspec.Struct, frozen=True):
    """How far a stream was verified: the last input, its root and time, and how much was read."""

    seq: int
    root: bytes
    at: int
    inputs: int
    frames: int


def build_frame(
    records: Sequence[Record],
    *,
    run_id: str,
    epoch: int,
    first_seq: int,
    root_before: bytes,
    root_after: bytes | None = None,
) -> Frame:
    """A frame of `records`, whose first input has sequence `first_seq`.

    `root_after` is the kernel's root after the last of them; it is computed when not given.
    """
    assert 0 < len(records) <= FRAME_RECORDS_MAX, "a frame holds between one and 100,000 records"
    head = _HEAD.decode(records[0].input)
    assert head.seq == first_seq, f"the first record is input {head.seq}, not {first_seq}"
    if root_after is None:
        root_after = root_before
        for record in records:
            root_after = next_root(root_after, record.input, record.outcome, record.digest)
    data = ENCODER.encode(tuple(records))
    return Frame(
        run_id=run_id,
        epoch=epoch,
        first_seq=first_seq,
        last_seq=first_seq + len(records) - 1,
        hour_ts=floor_to(head.at, HOUR_NS),
        root_before=root_before,
        root_after=root_after,
        checksum=sha256(data).digest(),
        records=data,
    )


def open_frame(frame: Frame) -> tuple[Record, ...]:
    """The records of a frame whose checksum holds; roots are not looked at.

    Raises JournalCorruptError.
    """
    if sha256(frame.records).digest() != frame.checksum:
        raise _damage(frame, 0, "its bytes do not have their checksum")
    try:
        records = _RECORDS.decode(frame.records)
    except msgspec.MsgspecError as error:
        raise _damage(frame, 0, str(error)) from error
    if len(records) != frame.last_seq - frame.first_seq + 1:
        raise _damage(frame, 0, f"it holds {len(records)} records")
    return records


def decode_input(record: Record) -> Input:
    """The input of a record. Raises msgspec.ValidationError or DecodeError on anything foreign."""
    entry: Input = _INPUT.decode(record.input)
    return entry


class ChainVerifier:
    """Follows a stream frame by frame: continuity, time, checksum and every root."""

    def __init__(self, start_root: bytes, start_seq: int = 0, start_at: int = 0) -> None:
        """Start after input `start_seq`, whose root is `start_root` (genesis for the first)."""
        self.root = start_root
        self.seq = start_seq
        self.at = start_at
        self.inputs = 0
        self.frames = 0
        self._run_id = ""
        self._epoch = 0

    def check(self, frame: Frame) -> tuple[Record, ...]:
        """The frame's records, once it is shown to continue the chain.

        Raises JournalCorruptError: missing, reordered, truncated, tampered or foreign.
        """
        self._check_place(frame)
        records = open_frame(frame)
        root, seq, at = self.root, self.seq, self.at
        decode = _HEAD.decode
        for record in records:
            try:
                head = decode(record.input)
            except msgspec.MsgspecError as error:
                raise _damage(frame, self.at, "an input that is none") from error
            if head.seq != seq + 1 or head.at < at or len(record.digest) != _DIGEST_BYTES:
                raise _damage(frame, self.at, "its inputs do not follow each other")
            seq, at = head.seq, head.at
            root = next_root(root, record.input, record.outcome, record.digest)
        first_at = decode(records[0].input).at
        if frame.hour_ts != floor_to(first_at, HOUR_NS):
            raise JournalCorruptError("tampered", frame.first_seq, "the frame's hour is another")
        if root != frame.root_after:
            raise _broken(frame, self.root, records, self.at)
        self._check_run(frame, records[0])
        self.root, self.seq, self.at = root, seq, at
        self.inputs += len(records)
        self.frames += 1
        return records

    def finish(self, end_seq: int | None = None, end_root: bytes | None = None) -> Verified:
        """What was verified; given the known end, raises JournalCorruptError when it is not it."""
        if end_seq is not None and self.seq < end_seq:
            detail = f"the stream ends at {self.seq}, {end_seq} inputs were recorded"
            raise JournalCorruptError("truncated", self.seq + 1, detail)
        if end_root is not None and end_root != self.root:
            detail = f"the root there is {self.root.hex()}, {end_root.hex()} was recorded"
            raise JournalCorruptError("foreign", self.seq, detail)
        return Verified(self.seq, self.root, self.at, self.inputs, self.frames)

    def _check_place(self, frame: Frame) -> None:
        due = self.seq + 1
        if frame.first_seq > due:
            detail = f"inputs {due} to {frame.first_seq - 1} are not in the journal"
            raise JournalCorruptError("missing", due, detail)
        if frame.first_seq < due or frame.last_seq < frame.first_seq:
            detail = f"{_span(frame)} stands where input {due} is due"
            raise JournalCorruptError("reordered", due, detail)
        if frame.epoch < self._epoch:
            detail = f"{_span(frame)} is of epoch {frame.epoch}, after epoch {self._epoch}"
            raise JournalCorruptError("foreign", frame.first_seq, detail)
        if frame.root_before != self.root:
            raise self._stranger(frame)

    def _check_run(self, frame: Frame, first: Record) -> None:
        """A frame of another run than the one before it opens that run."""
        if self._run_id and frame.run_id != self._run_id:
            body = decode_input(first).body
            if not isinstance(body, RunStarted) or body.run_id != frame.run_id:
                detail = f"{_span(frame)} is of a run that never started here"
                raise JournalCorruptError("foreign", frame.first_seq, detail)
        self._run_id, self._epoch = frame.run_id, frame.epoch

    def _stranger(self, frame: Frame) -> JournalCorruptError:
        """Why `root_before` is not ours: a whole frame of another history, or a changed one."""
        records = open_frame(frame)
        roots = list(_roots(frame.root_before, records))
        if roots[-1] == frame.root_after:
            detail = f"{_span(frame)} continues another history"
            return JournalCorruptError("foreign", frame.first_seq, detail)
        return _broken(frame, self.root, records, self.at)


def verify_frames(frames: Iterable[Frame], start_root: bytes, start_seq: int = 0) -> Verified:
    """Verify a stream from after `start_seq`; raises JournalCorruptError at the first bad input.

    On a gap the rest is looked through, so that frames out of order are told from missing ones.
    """
    verifier = ChainVerifier(start_root, start_seq)
    rest = iter(frames)
    for frame in rest:
        try:
            verifier.check(frame)
        except JournalCorruptError as error:
            if error.kind != "missing" or not _comes_later(error.seq, rest):
                raise
            detail = f"{_span(frame)} stands before it"
            raise JournalCorruptError("reordered", error.seq, detail) from error
    return verifier.finish()


def _comes_later(seq: int, rest: Iterable[Frame]) -> bool:
    return any(frame.first_seq <= seq <= frame.last_seq for frame in rest)


def _span(frame: Frame) -> str:
    return f"the frame of inputs {frame.first_seq} to {frame.last_seq}"


def _roots(root: bytes, records: Iterable[Record]) -> Iterator[bytes]:
    for record in records:
        root = next_root(root, record.input, record.outcome, record.digest)
        yield root


def _broken(frame: Frame, root: bytes, records: Sequence[Record], at: int) -> JournalCorruptError:
    """The roots do not meet: name the input if the bytes show it, else the frame."""
    if list(_roots(root, records))[-1] == frame.root_after:
        detail = f"{_span(frame)} has another root before it than its inputs prove"
        return JournalCorruptError("tampered", frame.first_seq, detail)
    return _damage(frame, at, "its inputs do not lead to its root")


def _damage(frame: Frame, at: int, found: str) -> JournalCorruptError:
    """The first input of a damaged frame whose bytes are visibly wrong; else its first input."""
    where = f"{_span(frame)} is damaged ({found})"
    for seq, record in _readable(frame):
        if isinstance(record, str):
            kind = "truncated" if "truncated" in record else "tampered"
            return JournalCorruptError(kind, seq, f"{where}: {record}")
        try:
            entry = decode_input(record)
        except (msgspec.MsgspecError, ValueError) as error:
            return JournalCorruptError("tampered", seq, f"{where}: {error}")
        if entry.seq != seq:
            kind = "tampered" if frame.first_seq <= entry.seq <= frame.last_seq else "reordered"
            return JournalCorruptError(kind, seq, f"{where}: input {entry.seq} stands there")
        if ENCODER.encode(entry) != record.input or len(record.digest) != _DIGEST_BYTES:
            return JournalCorruptError("tampered", seq, f"{where}: not in canonical form")
        if entry.at < at:
            return JournalCorruptError("tampered", seq, f"{where}: time runs backwards")
        at = entry.at
    return JournalCorruptError("tampered", frame.first_seq, where)


def _readable(frame: Frame) -> Iterator[tuple[int, Record | str]]:
    """Each record of a frame with its sequence, up to the first that cannot be read (as text)."""
    data = frame.records
    expected = frame.last_seq - frame.first_seq + 1
    try:
        count, offset = _array(data, 0)
        if count != expected:
            offset = _list_head_bytes(expected)
    except ValueError:
        offset = _list_head_bytes(expected)
    for seq in range(frame.first_seq, frame.last_seq + 1):
        if offset >= len(data):
            yield seq, "truncated"
            return
        try:
            record, offset = _record(data, offset)
        except ValueError as error:
            yield seq, str(error)
            return
        yield seq, record


def _list_head_bytes(count: int) -> int:
    return len(ENCODER.encode((None,) * count)) - count


def _record(data: bytes, offset: int) -> tuple[Record, int]:
    """The record at `offset` and the offset after it. Raises ValueError, saying what is wrong."""
    fields, offset = _array(data, offset)
    if fields != 4:
        raise ValueError(f"a record of {fields} fields")
    entry, offset = _binary(data, offset)
    outcome, offset = _binary(data, offset)
    digest, offset = _binary(data, offset)
    count, offset = _array(data, offset)
    effects = []
    for _ in range(count):
        effect, offset = _binary(data, offset)
        effects.append(effect)
    return Record(entry, outcome, digest, tuple(effects)), offset


def _array(data: bytes, offset: int) -> tuple[int, int]:
    """A MessagePack array's length and the offset of its first item."""
    mark = data[offset] if offset < len(data) else 0
    if 0x90 <= mark <= 0x9F:
        return mark - 0x90, offset + 1
    if mark in (0xDC, 0xDD):
        return _length(data, offset + 1, 2 << (mark - 0xDC))
    raise ValueError(f"byte {offset} of the frame opens no list")


def _binary(data: bytes, offset: int) -> tuple[bytes, int]:
    """A MessagePack byte string and the offset after it."""
    mark = data[offset] if offset < len(data) else 0
    if not 0xC4 <= mark <= 0xC6:
        raise ValueError(f"byte {offset} of the frame opens no byte string")
    length, start = _length(data, offset + 1, 1 << (mark - 0xC4))
    if start + length > len(data):
        raise ValueError("truncated")
    return data[start : start + length], start + length


def _length(data: bytes, offset: int, width: int) -> tuple[int, int]:
    if offset + width > len(data):
        raise ValueError("truncated")
    return int.from_bytes(data[offset : offset + width], "big"), offset + width
