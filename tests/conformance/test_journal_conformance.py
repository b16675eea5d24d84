"""One suite for every journal: in memory, in files, in PostgreSQL.

A store is anything that gives journals over the same bytes; what a test says, all three must do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from actors.ids import GENESIS_ROOT
from actors.journal_chain import verify_frames
from actors.ports import (
    DerivedRow,
    FencedError,
    Frame,
    Journal,
    JournalError,
    RefusedRow,
    RowParity,
    StoredSnapshot,
)
from adapters.postgres.journal_rows import table_rows
from tests.journal_records import BODIES, ORDER, rows_of
from tests.journal_samples import chain, frame, run_row
from tests.journal_stores import STORES, OpenJournal

pytestmark = pytest.mark.asyncio

changed = msgspec.structs.replace


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenJournal:
    """Opens journals over one store, which is empty at first."""
    return STORES[request.param](request, tmp_path)


@pytest_asyncio.fixture
async def opened(store: OpenJournal) -> AsyncIterator[OpenJournal]:
    """Opens journals over one store; all of them are closed at the end."""
    journals: list[Journal] = []

    async def opening() -> Journal:
        journal = await store()
        journals.append(journal)
        return journal

    yield opening
    for journal in journals:
        await journal.close()


async def leader(opened: Callable[[], Awaitable[Journal]]) -> Journal:
    journal = await opened()
    await journal.open_epoch("first")
    await journal.begin_run(run_row())
    return journal


async def all_frames(journal: Journal, first: int = 1, last: int | None = None) -> list[Frame]:
    return [each async for each in journal.frames(first, last)]


async def test_an_empty_journal_has_the_genesis_root_and_nothing_else(opened: OpenJournal) -> None:
    journal = await opened()
    assert await journal.head() == (0, GENESIS_ROOT)
    assert await journal.runs() == ()
    assert await all_frames(journal) == []
    assert [each async for each in journal.snapshots()] == []


async def test_what_was_appended_is_read_back_byte_for_byte(opened: OpenJournal) -> None:
    journal = await leader(opened)
    frames = chain(1, 7, 3)
    for each in frames:
        await journal.append(each)
    assert await all_frames(journal) == frames
    assert await journal.head() == (11, frames[-1].root_after)
    assert verify_frames(frames, GENESIS_ROOT).seq == 11


@pytest.mark.parametrize(
    ("first", "last", "held"),
    [
        (1, None, [0, 1, 2]),
        (2, None, [1, 2]),
        (8, None, [1, 2]),
        (9, None, [2]),
        (12, None, []),
        (1, 1, [0]),
        (1, 8, [0, 1]),
        (5, 6, [1]),
        (8, 9, [1, 2]),
    ],
)
async def test_a_range_gives_every_frame_that_holds_any_of_it(
    opened: OpenJournal, first: int, last: int | None, held: list[int]
) -> None:
    journal = await leader(opened)
    frames = chain(1, 7, 3)
    for each in frames:
        await journal.append(each)
    assert await all_frames(journal, first, last) == [frames[index] for index in held]


async def test_a_frame_of_a_thousand_inputs_is_kept_whole(opened: OpenJournal) -> None:
    journal = await leader(opened)
    large = frame(1, 1000)
    await journal.append(large)
    assert await all_frames(journal, 500, 500) == [large]


async def test_a_frame_that_does_not_continue_the_stream_is_refused(opened: OpenJournal) -> None:
    journal = await leader(opened)
    first, second, third = chain(2, 2, 2)
    await journal.append(first)
    refused = [
        first,
        third,
        changed(second, first_seq=2),
        changed(second, last_seq=2),
        changed(second, root_before=bytes(32)),
        changed(second, root_before=second.root_after),
        changed(second, checksum=first.checksum),
        changed(second, run_id="never begun"),
    ]
    for wrong in refused:
        with pytest.raises(JournalError):
            await journal.append(wrong)
        assert await journal.head() == (2, first.root_after)
    await journal.append(second)
    assert await journal.head() == (4, second.root_after)


async def test_rows_go_with_their_frame_and_none_is_refused_that_is_sound(
    opened: OpenJournal,
) -> None:
    journal = await leader(opened)
    assert await journal.append(frame(1, 3), rows_of(*BODIES)) == ()
    assert (await journal.head())[0] == 3


async def test_a_row_that_is_refused_takes_neither_inputs_nor_other_rows_with_it(
    opened: OpenJournal,
) -> None:
    """A store without constraints refuses none; where one refuses, exactly that row is named."""
    journal = await leader(opened)
    first, second = chain(3, 2)
    rows = rows_of(*BODIES, seq=1) + rows_of(changed(ORDER, quantity=Decimal(0)), seq=2)
    refused = await journal.append(first, rows)
    unsound = RefusedRow("order_event_quantity_positive", 2, "order_event row 0")
    assert refused in {(), (unsound,)}
    assert await journal.append(second) == ()
    # It is known for good, to whoever starts after a crash.
    again = await opened()
    assert await again.refused_since(0) == await again.refused_since(1) == refused
    assert await again.refused_since(2) == ()
    assert await all_frames(journal) == [first, second]


def count_of(rows: tuple[DerivedRow, ...]) -> int:
    """How many rows of tables the records make."""
    return sum(len(lines) for lines in table_rows(run_row(), rows).values())


async def test_stored_rows_are_held_against_those_that_the_journal_makes(
    opened: OpenJournal,
) -> None:
    """A store that keeps no rows says so by counting none; it never says that they are equal."""
    journal = await leader(opened)
    first, second = chain(3, 2)
    unsound = changed(ORDER, quantity=Decimal(0))
    rows = rows_of(*BODIES, seq=1) + rows_of(unsound, seq=2)
    await journal.append(first, rows)
    await journal.append(second)
    none, span = RowParity(0, bytes(32)), (1, 3)
    equal = await journal.compare_rows(run_row(), span, rows, none)
    assert (equal.seq, equal.fault) == (0, "")
    if equal == none:
        return
    assert equal.rows == count_of(rows)
    again = await journal.compare_rows(run_row(), (4, 5), (), equal)
    assert again == equal
    fewer = await journal.compare_rows(run_row(), span, rows[1:], none)
    assert fewer.seq == 1
    assert fewer.digest != equal.digest
    other = rows_of(*BODIES[:-1], seq=1) + rows_of(BODIES[-1], seq=3)
    moved = await journal.compare_rows(run_row(), span, other, none)
    place = count_of(rows_of(*BODIES[:-1]))
    fault = f"row {place} of ingestion_watermark is none of the journal's"
    assert (moved.seq, moved.fault) == (1, fault)


async def test_a_new_leader_fences_the_old_one_for_good(opened: OpenJournal) -> None:
    old = await leader(opened)
    first, second, third = chain(2, 2, 2)
    await old.append(first)
    new = await opened()
    assert await new.open_epoch("second") == 2
    for forged in (second, changed(second, epoch=2)):
        with pytest.raises(FencedError):
            await old.append(forged)
    with pytest.raises(FencedError):
        await old.begin_run(run_row("run-2", 3, first.root_after))
    with pytest.raises(FencedError):
        await new.append(second)
    await new.append(changed(second, epoch=2))
    with pytest.raises(FencedError):
        await old.append(third)
    assert await old.head() == (4, second.root_after)
    assert [each.epoch for each in await all_frames(new)] == [1, 2]


async def test_epochs_only_ever_grow(opened: OpenJournal) -> None:
    journal = await opened()
    assert [await journal.open_epoch("again") for _ in range(3)] == [1, 2, 3]
    other = await opened()
    assert await other.open_epoch("other") == 4
    assert await journal.open_epoch("back") == 5


async def test_a_journal_opened_for_reading_refuses_to_write(opened: OpenJournal) -> None:
    await (await leader(opened)).append(frame(1, 1))
    reader = await opened()
    assert await reader.head() == (1, frame(1, 1).root_after)
    with pytest.raises(JournalError):
        await reader.append(frame(2, 1, root=frame(1, 1).root_after))


async def test_a_reader_sees_what_a_leader_appends_later(opened: OpenJournal) -> None:
    journal, reader = await leader(opened), await opened()
    assert await reader.head() == (0, GENESIS_ROOT)
    for each in chain(2, 3):
        await journal.append(each)
        assert await reader.head() == (each.last_seq, each.root_after)
    assert await all_frames(reader) == chain(2, 3)


async def test_a_reopened_journal_goes_on_where_it_was(opened: OpenJournal) -> None:
    journal = await leader(opened)
    first, second = chain(2, 3)
    await journal.append(first)
    await journal.close()
    again = await opened()
    assert await again.head() == (2, first.root_after)
    assert await again.open_epoch("again") == 2
    await again.append(changed(second, epoch=2))
    assert [each.last_seq for each in await all_frames(again)] == [2, 5]


async def test_runs_are_listed_in_order_with_where_they_end(opened: OpenJournal) -> None:
    journal = await leader(opened)
    first = frame(1, 3)
    await journal.append(first)
    await journal.end_run("run-1")
    await journal.begin_run(run_row("empty", 4, first.root_after))
    await journal.begin_run(run_row("run-2", 4, first.root_after))
    second = frame(4, 2, root=first.root_after, run_id="run-2")
    await journal.append(second)
    listed = await (await opened()).runs()
    facts = [(run.run_id, run.first_seq, run.last_seq, run.root, run.closed) for run in listed]
    assert facts == [
        ("run-1", 1, 3, first.root_after, True),
        ("empty", 4, 0, first.root_after, False),
        ("run-2", 4, 5, second.root_after, False),
    ]
    assert {run.account for run in listed} == {"paper"}


async def test_beginning_the_same_run_twice_changes_nothing(opened: OpenJournal) -> None:
    journal = await leader(opened)
    await journal.begin_run(run_row())
    await journal.append(frame(1, 2))
    await journal.begin_run(run_row())
    assert len(await journal.runs()) == 1
    with pytest.raises(JournalError):
        await journal.begin_run(changed(run_row(), mode="live"))


async def test_a_run_begins_at_the_head_with_the_root_there(opened: OpenJournal) -> None:
    journal = await leader(opened)
    await journal.append(frame(1, 2))
    for wrong in (run_row("a", 2), run_row("b", 4), run_row("c", 3, bytes([1]) * 32)):
        with pytest.raises(JournalError):
            await journal.begin_run(wrong)
    with pytest.raises(JournalError):
        await journal.end_run("a")


async def test_a_run_that_has_ended_takes_no_more_frames(opened: OpenJournal) -> None:
    journal = await leader(opened)
    first, second = chain(1, 1)
    await journal.append(first)
    await journal.end_run("run-1")
    await journal.end_run("run-1")
    with pytest.raises(JournalError):
        await journal.append(second)


async def test_snapshots_come_newest_first_and_are_kept_once(opened: OpenJournal) -> None:
    journal = await leader(opened)
    stored = [StoredSnapshot(seq, bytes([seq]) * 32, "run-1", b"state" * seq) for seq in (2, 9, 5)]
    for each in stored:
        await journal.save_snapshot(each)
    await journal.save_snapshot(changed(stored[0], data=b"another"))
    found = [each async for each in (await opened()).snapshots()]
    assert found == sorted(stored, key=lambda each: -each.seq)


async def test_closing_twice_is_harmless(opened: OpenJournal) -> None:
    journal = await leader(opened)
    await journal.close()
    await journal.close()
