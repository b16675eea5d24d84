"""The chain of frames: what a damaged journal is called, and which input is named."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ids import GENESIS_ROOT
from actors.instant import HOUR_NS
from actors.journal_chain import ChainVerifier, build_frame, decode_input, open_frame, verify_frames
from actors.kernel.digest import next_root
from actors.messages.codec import encode
from actors.ports import Frame, JournalCorruptError, Record
from tests.journal_samples import START_NS, chain, frame, record

changed = msgspec.structs.replace


def resealed(source: Frame, records: tuple[Record, ...]) -> Frame:
    """The frame with other records and a checksum that fits: what a careful hand would leave."""
    data = encode(records)
    return changed(source, records=data, checksum=hashlib.sha256(data).digest())


def corruption(frames: list[Frame]) -> JournalCorruptError:
    with pytest.raises(JournalCorruptError) as caught:
        verify_frames(frames, GENESIS_ROOT)
    return caught.value


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_the_root_does_not_depend_on_where_frames_begin(counts: list[int]) -> None:
    verified = verify_frames(chain(*counts), GENESIS_ROOT)
    whole = verify_frames(chain(sum(counts)), GENESIS_ROOT)
    assert (verified.seq, verified.root) == (whole.seq, whole.root)
    assert verified.inputs == sum(counts)
    assert verified.frames == len(counts)


def test_a_frame_gives_back_its_records_and_knows_its_hour() -> None:
    made = frame(1, 5)
    records = open_frame(made)
    assert records == tuple(record(seq) for seq in range(1, 6))
    assert decode_input(records[4]).seq == 5
    assert made.hour_ts % HOUR_NS == 0
    assert made.hour_ts <= START_NS < made.hour_ts + HOUR_NS
    root = GENESIS_ROOT
    for each in records:
        root = next_root(root, each.input, each.outcome, each.digest)
    assert root == made.root_after


def test_a_stream_is_verified_from_the_middle_with_the_root_there() -> None:
    frames = chain(3, 4, 5)
    assert verify_frames(frames[1:], frames[0].root_after, 3).seq == 12


def test_a_missing_frame_names_the_first_input_that_is_gone() -> None:
    first, _, third = chain(3, 4, 5)
    error = corruption([first, third])
    assert (error.kind, error.seq) == ("missing", 4)
    assert "inputs 4 to 7" in error.detail


def test_frames_out_of_order_are_told_from_missing_ones() -> None:
    first, second, third = chain(3, 4, 5)
    error = corruption([first, third, second])
    assert (error.kind, error.seq) == ("reordered", 4)
    assert corruption([first, first, second]).kind == "reordered"


def test_records_of_another_frame_are_reordered_even_under_a_fitting_checksum() -> None:
    first, second, third = chain(2, 2, 2)
    swapped = resealed(second, open_frame(third))
    error = corruption([first, swapped, third])
    assert (error.kind, error.seq) == ("reordered", 3)


@given(st.integers(1, 12), st.data())
def test_a_flipped_byte_is_always_found_within_its_frame(count: int, data: st.DataObject) -> None:
    first, second = chain(4, count)
    position = data.draw(st.integers(0, len(second.records) - 1))
    flip = data.draw(st.integers(1, 255))
    damaged = bytearray(second.records)
    damaged[position] ^= flip
    error = corruption([first, changed(second, records=bytes(damaged))])
    assert error.kind in {"tampered", "truncated", "reordered"}
    assert 5 <= error.seq <= 4 + count


@given(st.integers(1, 9), st.integers(0, 8), st.integers(0, 15))
def test_a_flipped_byte_in_what_every_input_must_have_names_the_input(
    count: int, index: int, bit: int
) -> None:
    """The head of an input: its list mark and its sequence."""
    index %= count
    source = frame(1, count)
    records = list(open_frame(source))
    head = bytearray(records[index].input)
    head[bit >> 3] ^= 1 << (bit & 7)
    records[index] = changed(records[index], input=bytes(head))
    data = encode(tuple(records))
    error = corruption([changed(source, records=data)])
    assert error.seq == index + 1


def test_in_a_frame_of_one_input_every_flipped_byte_names_it() -> None:
    frames = chain(1, 1, 1)
    for position in range(len(frames[1].records)):
        damaged = bytearray(frames[1].records)
        damaged[position] ^= 0x40
        error = corruption([frames[0], changed(frames[1], records=bytes(damaged)), frames[2]])
        assert error.seq == 2


@pytest.mark.parametrize("field", ["outcome", "digest", "input"])
def test_a_change_under_a_fitting_checksum_breaks_the_roots(field: str) -> None:
    source = frame(1, 3)
    records = list(open_frame(source))
    other = {
        "outcome": encode(("held", (), ())),
        "digest": bytes(32),
        "input": encode((2, START_NS + 2_500_000_000, ("Tick", 7))),
    }
    records[1] = changed(records[1], **{field: other[field]})
    error = corruption([resealed(source, tuple(records))])
    assert error.kind == "tampered"
    assert 1 <= error.seq <= 3


def test_a_frame_of_another_history_is_foreign() -> None:
    first = frame(1, 3)
    stranger = frame(4, 2, root=hashlib.sha256(b"elsewhere").digest())
    error = corruption([first, stranger])
    assert (error.kind, error.seq) == ("foreign", 4)


def test_a_frame_of_a_deposed_epoch_is_foreign() -> None:
    first = frame(1, 3, epoch=2)
    error = corruption([first, frame(4, 2, root=first.root_after, epoch=1)])
    assert (error.kind, error.seq) == ("foreign", 4)


def test_a_frame_that_changes_the_run_without_starting_it_is_foreign() -> None:
    first = frame(1, 3)
    error = corruption([first, frame(4, 2, root=first.root_after, run_id="another")])
    assert (error.kind, error.seq) == ("foreign", 4)


def test_records_that_were_cut_short_name_the_first_input_that_is_gone() -> None:
    source = frame(1, 3)
    error = corruption([changed(source, records=source.records[:-40])])
    assert (error.kind, error.seq) == ("truncated", 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("root_after", bytes(32)), ("root_before", b"\1" * 32), ("hour_ts", 0), ("checksum", b"")],
)
def test_every_field_that_is_proven_is_checked(field: str, value: object) -> None:
    source = frame(1, 3)
    assert corruption([changed(source, **{field: value})]).seq == 1


def test_time_that_runs_backwards_is_named() -> None:
    late, early = record(1), record(2)
    early = changed(early, input=encode((2, START_NS, ("Tick", START_NS))))
    made = build_frame(
        [late, early], run_id="run-1", epoch=1, first_seq=1, root_before=GENESIS_ROOT
    )
    error = corruption([made])
    assert (error.kind, error.seq) == ("tampered", 2)
    assert "backwards" in error.detail


def test_a_stream_that_ends_early_is_truncated_and_another_end_is_foreign() -> None:
    frames = chain(3, 4)
    verifier = ChainVerifier(GENESIS_ROOT)
    verifier.check(frames[0])
    with pytest.raises(JournalCorruptError, match="truncated at input 4"):
        verifier.finish(end_seq=7)
    verifier.check(frames[1])
    assert verifier.finish(7, frames[1].root_after).seq == 7
    with pytest.raises(JournalCorruptError, match="foreign at input 7"):
        verifier.finish(7, bytes(32))
