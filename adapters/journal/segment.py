"""The format of a segment file: a header, then frames, each with a length and checksums before it.

A file is only ever appended to. What a crash leaves at its end (a short frame, or sectors that were
never written) is told from damage, which is reported and never cut.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from actors.ports import Frame, JournalCorruptError, JournalError

_MAGIC: Final = b"BALLASTJ"
_VERSION: Final = 1
_SECTOR_BYTES: Final = 512
# Magic, version, first sequence, CRC-32 of those.
_OPENING: Final = struct.Struct("<8sIQ")
# Payload bytes, first and last sequence, CRC-32 of the payload; then the CRC-32 of those.
_HEADER: Final = struct.Struct("<IQQI")
_CRC: Final = struct.Struct("<I")
OPENING_BYTES: Final = _OPENING.size + _CRC.size
_HEADER_BYTES: Final = _HEADER.size + _CRC.size
_ENCODER: Final = msgspec.msgpack.Encoder()
_FRAME: Final = msgspec.msgpack.Decoder(Frame)


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a frame lies: its payload's offset and length, its range, its payload's CRC-32."""

    offset: int
    length: int
    first_seq: int
    last_seq: int
    crc: int

    @property
    def end(self) -> int:
        return self.offset + self.length


def segment_name(first_seq: int) -> str:
    """The name of the segment file that begins with that input; names sort in stream order."""
    return f"{first_seq:020d}.frames"


def opening(first_seq: int) -> bytes:
    """The first bytes of a segment file."""
    head = _OPENING.pack(_MAGIC, _VERSION, first_seq)
    return head + _CRC.pack(zlib.crc32(head))


def packed(frame: Frame) -> bytes:
    """A frame as it lies in the file."""
    payload = _ENCODER.encode(frame)
    head = _HEADER.pack(len(payload), frame.first_seq, frame.last_seq, zlib.crc32(payload))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), payload))


def check_opening(data: bytes, path: Path) -> None:
    """Raises JournalError for another version, JournalCorruptError for bytes that are no header."""
    first_seq = int(path.stem)
    head = data[: _OPENING.size]
    if len(data) < OPENING_BYTES or head[: len(_MAGIC)] != _MAGIC:
        raise JournalCorruptError("tampered", first_seq, f"{path} is no journal segment")
    _, version, named = _OPENING.unpack(head)
    if version != _VERSION:
        raise JournalError(
            f"{path} has journal format {version}, this version reads {_VERSION}: update Ballast."
        )
    if named != first_seq or _CRC.unpack_from(data, _OPENING.size)[0] != zlib.crc32(head):
        raise JournalCorruptError("tampered", first_seq, f"the header of {path} was changed")


def places(data: bytes, path: Path, offset: int, seq: int) -> Iterator[Place]:
    """The frames of a file from `offset` on, up to its end or what a crash left there.

    `seq` is the last input before them. Raises JournalCorruptError at a damaged frame header.
    """
    while offset < len(data):
        found = _place(data, offset)
        if found is None:
            if is_torn_header(data, offset):
                return
            detail = f"the frame header at byte {offset} of {path} was changed"
            raise JournalCorruptError("tampered", seq + 1, detail)
        if found.end > len(data):
            return
        yield found
        offset, seq = found.end, found.last_seq


def _place(data: bytes, offset: int) -> Place | None:
    start = offset + _HEADER_BYTES
    if start > len(data):
        return None
    head = data[offset : offset + _HEADER.size]
    if _CRC.unpack_from(data, offset + _HEADER.size)[0] != zlib.crc32(head):
        return None
    length, first_seq, last_seq, crc = _HEADER.unpack(head)
    return Place(start, length, first_seq, last_seq, crc)


def is_torn_header(data: bytes, offset: int) -> bool:
    """Whether a frame's header is what a crash leaves: too short, or in a sector never written."""
    head = data[offset : offset + _HEADER_BYTES]
    split = -offset % _SECTOR_BYTES
    parts = [part for part in (head[:split], head[split:]) if part]
    return len(head) < _HEADER_BYTES or not all(any(part) for part in parts)


def is_torn_payload(data: bytes, place: Place) -> bool:
    """Whether a payload holds a sector that was never written; asked of a file's last frame."""
    first = -(-place.offset // _SECTOR_BYTES) * _SECTOR_BYTES
    return any(
        not any(data[start : min(start + _SECTOR_BYTES, place.end)])
        for start in range(first, place.end, _SECTOR_BYTES)
    )


def is_whole(data: bytes, place: Place) -> bool:
    """Whether the payload has its checksum."""
    return zlib.crc32(memoryview(data)[place.offset : place.end]) == place.crc


def unpacked(data: bytes, place: Place, path: Path) -> Frame:
    """The frame at a place. Raises JournalCorruptError when any byte of it was changed."""
    span = f"the frame of inputs {place.first_seq} to {place.last_seq}"
    if not is_whole(data, place):
        detail = f"{span}, at byte {place.offset} of {path}, was changed"
        raise JournalCorruptError("tampered", place.first_seq, detail)
    try:
        frame = _FRAME.decode(memoryview(data)[place.offset : place.end])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        detail = f"{span} in {path} was written by something else ({error})"
        raise JournalCorruptError("foreign", place.first_seq, detail) from error
    if (frame.first_seq, frame.last_seq) != (place.first_seq, place.last_seq):
        raise JournalCorruptError("tampered", place.first_seq, f"{span} in {path} names others")
    return frame
