"""Frames whose bytes are no records at all: each is named by its first visibly wrong input.

The checksum fits in every case, as a careful hand would leave it, so that the structure is judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import pytest

from actors.ids import GENESIS_ROOT
from actors.journal_chain import build_frame, open_frame, verify_frames
from actors.messages.codec import encode
from actors.ports import Frame, JournalCorruptError, Record
from tests.journal_samples import frame, record

changed = msgspec.structs.replace


def resealed(source: Frame, data: bytes) -> Frame:
    return changed(source, records=data, checksum=hashlib.sha256(data).digest())


def corruption(damaged: Frame) -> JournalCorruptError:
    with pytest.raises(JournalCorruptError) as caught:
        verify_frames([damaged], GENESIS_ROOT)
    return caught.value


def offset_of(source: Frame, index: int) -> int:
    """Where the record of that index begins."""
    return source.records.index(encode(open_frame(source)[index]))


def with_byte(source: Frame, offset: int, value: int) -> bytes:
    data = bytearray(source.records)
    data[offset] = value
    return bytes(data)


MALFORMED: list[tuple[str, Callable[[Frame], bytes], str, int, str]] = [
    ("no bytes", lambda f: b"", "truncated", 1, "truncated"),
    ("no list", lambda f: with_byte(f, 0, 0xC0), "tampered", 1, "damaged"),
    ("a list without end", lambda f: b"\xdd\x00", "tampered", 1, "opens no list"),
    ("fewer records", lambda f: encode(open_frame(f)[:2]), "truncated", 3, "it holds 2 records"),
    (
        "more records",
        lambda f: encode((*open_frame(f), record(4))),
        "tampered",
        1,
        "it holds 4 records",
    ),
    (
        "a record that is no list",
        lambda f: with_byte(f, offset_of(f, 1), 0xC0),
        "tampered",
        2,
        "opens no list",
    ),
    (
        "a record of three fields",
        lambda f: with_byte(f, offset_of(f, 1), 0x93),
        "tampered",
        2,
        "a record of 3 fields",
    ),
    (
        "an input that is no byte string",
        lambda f: with_byte(f, offset_of(f, 2) + 1, 0xC0),
        "tampered",
        3,
        "opens no byte string",
    ),
    (
        "a length that is cut off",
        lambda f: f.records[: offset_of(f, 2) + 2],
        "truncated",
        3,
        "truncated",
    ),
]


@pytest.mark.parametrize("row", MALFORMED, ids=[row[0] for row in MALFORMED])
def test_a_frame_that_holds_no_records_names_the_input_at_which_it_breaks(
    row: tuple[str, Callable[[Frame], bytes], str, int, str],
) -> None:
    _, damage, kind, seq, words = row
    source = frame(1, 3)
    error = corruption(resealed(source, damage(source)))
    assert (error.kind, error.seq) == (kind, seq)
    assert words in error.detail


def test_an_input_that_is_none_is_named() -> None:
    records = [record(1), changed(record(2), input=b"\xc1"), record(3)]
    error = corruption(resealed(frame(1, 3), encode(tuple(records))))
    assert (error.kind, error.seq) == ("tampered", 2)
    assert "an input that is none" in error.detail


def test_an_input_in_other_than_canonical_form_is_named_though_it_says_the_same() -> None:
    """Sequence 2 in two bytes instead of one."""
    canonical = record(2).input
    longer = canonical[:1] + b"\xcc\x02" + canonical[2:]
    assert canonical[1] == 2
    records = [record(1), changed(record(2), input=longer), record(3)]
    error = corruption(resealed(frame(1, 3), encode(tuple(records))))
    assert (error.kind, error.seq) == ("tampered", 2)
    assert "canonical" in error.detail


def test_damage_behind_records_with_effects_is_still_named_by_its_input() -> None:
    records: list[Record] = [
        changed(record(1), effects=(b"first", b"second")),
        changed(record(2), effects=(b"x" * 300,)),
        record(3),
    ]
    made = build_frame(records, run_id="run-1", epoch=1, first_seq=1, root_before=GENESIS_ROOT)
    assert verify_frames([made], GENESIS_ROOT).seq == 3
    error = corruption(resealed(made, with_byte(made, offset_of(made, 2), 0xC0)))
    assert (error.kind, error.seq) == ("tampered", 3)
