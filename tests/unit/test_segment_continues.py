"""An account goes on as it was opened; its tail is stepped with the settings that made it."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from actors.journal_chain import decode_input, open_frame
from actors.kernel.snapshot import state_digest
from actors.messages.control import ConstraintViolated, Reactivate, RunEnded
from actors.messages.risk import TradingState
from actors.ports import DerivedRow, FeedItem, Frame, JournalError, RefusedRow
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.bundles import choose_bundle
from service.drivers.replay import run_started, verify_chain
from service.failures import ExitCode, UserError
from service.feeds import rules_of, seeded_feed
from service.graph import build_graph
from service.segment import OpenSegment, SegmentPlan, close_segment, open_segment
from service.settings import load_settings

SYMBOLS = ("BTC/USD", "ETH/USD")


async def opened(
    folder: Path,
    journal: MemoryJournal,
    /,
    *,
    symbols: tuple[str, ...] = SYMBOLS,
    seed: int = 1,
    **overrides: Any,
) -> OpenSegment:
    """Open (or continue) the account in `journal`."""
    settings = load_settings(environment={}, overrides={"data_dir": str(folder), **overrides})
    feed = seeded_feed(seed, symbols)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    graph = build_graph(settings.decision, rules_of(symbols), choice.predictor)
    plan = SegmentPlan("PAPER", feed.kind, feed.digest, symbols, 0, choice.statement)
    return await open_segment(settings, plan, graph, journal)


async def fed(segment: OpenSegment, count: int, *, seed: int = 1) -> None:
    """Feed `count` more items of the account's market."""
    pump = segment.pump
    items = seeded_feed(seed, SYMBOLS).items(pump.kernel.at)
    await pump.admit(list(islice(items, count)))
    await pump.flush()


def test_a_continued_account_starts_from_the_root_and_state_it_ended_with(tmp_path: Path) -> None:
    async def run() -> None:
        journal = MemoryJournal(MemoryStore())
        first = await opened(tmp_path, journal)
        await fed(first, 260)
        row = await close_segment(first, journal, "the test")
        second = await opened(tmp_path, journal)
        assert second.run.genesis == row.root
        assert second.run.first_seq == row.last_seq + 1
        assert second.epoch == first.epoch + 1
        assert second.recovered.stepped == 0

    asyncio.run(run())


def test_a_tail_is_stepped_with_the_settings_that_made_it(tmp_path: Path) -> None:
    async def run() -> None:
        journal = MemoryJournal(MemoryStore())
        first = await opened(tmp_path, journal)
        await fed(first, 300)
        changed: dict[str, Any] = {"strategy": {"entry_p_up_micros": 610_000}}
        second = await opened(tmp_path, journal, **changed)  # the first was cut off, not closed
        assert second.recovered.stepped == 302
        assert second.run.run_id != first.run.run_id
        await fed(second, 10)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("symbols", {"symbols": ("BTC/USD",)}),
        ("symbols", {"symbols": ("ETH/USD", "BTC/USD")}),
        ("market", {"seed": 2}),
        ("bar interval", {"market": {"bar_interval_seconds": 60}}),
        ("venue outside", {"venue": {"outside": True}}),
    ],
)
def test_an_account_keeps_what_it_was_opened_with(
    tmp_path: Path, what: str, change: dict[str, Any]
) -> None:
    async def run() -> None:
        journal = MemoryJournal(MemoryStore())
        first = await opened(tmp_path, journal)
        await fed(first, 5)
        with pytest.raises(UserError) as refused:
            await opened(tmp_path, journal, **change)
        assert refused.value.code is ExitCode.USAGE
        assert f"was opened with {what} " in refused.value.sentence
        assert "--data-dir" in refused.value.remedy

    asyncio.run(run())


class Refusing(MemoryJournal):
    """A store that left a row out of the last frame before a crash, and may be killed itself."""

    refused: tuple[RefusedRow, ...] = ()
    appends_left = 1_000_000

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        if not self.appends_left:
            raise JournalError("killed")
        self.appends_left -= 1
        return await super().append(frame, rows)

    async def refused_since(self, seq: int) -> tuple[RefusedRow, ...]:
        return tuple(row for row in self.refused if row.seq > seq)


REFUSED = RefusedRow("order_event_side", 40, "order_event row 1")


def trading(segment: OpenSegment) -> TradingState:
    state: TradingState = segment.graph.kernel.actor("orders").state.trading
    return state


@pytest.mark.parametrize("killed_after", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("frame_inputs", [1, 2, 1000])
@pytest.mark.parametrize("digests", [1, 1000])
def test_a_refusal_that_a_crash_kept_from_being_heard_halts_the_next_start(
    tmp_path: Path, killed_after: int | None, frame_inputs: int, digests: int
) -> None:
    """Once, however many starts are killed on the way: then it is heard, and a person lifts it."""

    async def run() -> None:
        store = MemoryStore()
        how: dict[str, Any] = {
            "journal": {"frame_inputs": frame_inputs},
            "proof": {"state_digest_every_inputs": digests},
        }
        first = await opened(tmp_path, MemoryJournal(store), **how)
        await fed(first, 50)
        journal = Refusing(store)
        journal.refused = (REFUSED,)
        if killed_after is not None:
            journal.appends_left = killed_after
            with contextlib.suppress(JournalError):
                await opened(tmp_path, journal, **how)
            journal.appends_left = 1_000_000
        second = await opened(tmp_path, journal, **how)
        assert trading(second) is TradingState.HALTED
        heard = [
            decode_input(record).body
            for stored in store.frames
            for record in open_frame(stored)
            if isinstance(decode_input(record).body, ConstraintViolated)
        ]
        assert heard == [ConstraintViolated("order_event_side", 40, "order_event row 1")]
        lift = Reactivate("a person", "looked at")
        await second.pump.admit([FeedItem(second.graph.kernel.at, lift)])
        await second.pump.flush()
        third = await opened(tmp_path, journal, **how)
        assert trading(third) is TradingState.ACTIVE

    asyncio.run(run())


def test_a_refusal_at_the_end_of_a_run_is_told_before_its_end(tmp_path: Path) -> None:
    """So the run ends with its end, and an honest run is proven."""

    class Late(Refusing):
        async def append(
            self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
        ) -> tuple[RefusedRow, ...]:
            await super().append(frame, rows)
            late, self.refused = self.refused, ()
            return late

    async def run() -> None:
        journal = Late(MemoryStore())
        segment = await opened(tmp_path, journal)
        pump = segment.pump
        await pump.admit(list(islice(seeded_feed(1, SYMBOLS).items(pump.kernel.at), 20)))
        journal.refused = (REFUSED,)
        row = await close_segment(segment, journal, "the test")
        assert await verify_chain(journal, row) >= 0
        (*_, told, ended) = [
            decode_input(record).body
            for stored in journal._store.frames
            for record in open_frame(stored)
        ]
        assert isinstance(told, ConstraintViolated)
        assert isinstance(ended, RunEnded)

    asyncio.run(run())


def test_without_snapshots_every_run_is_stepped_with_its_own_settings(tmp_path: Path) -> None:
    """An account whose settings changed is rebuilt from its inputs alone."""

    async def run() -> None:
        store, expected = MemoryStore(), ""
        for digests, entry in ((1000, 560_000), (500, 900_000), (700, 560_000)):
            journal = MemoryJournal(store)
            segment = await opened(
                tmp_path,
                journal,
                proof={"state_digest_every_inputs": digests},
                strategy={"entry_p_up_micros": entry, "strong_p_up_micros": 900_000},
            )
            await fed(segment, 260)
            await close_segment(segment, journal, "the test")
            expected = state_digest(segment.graph.kernel.snapshot())
        store.snapshots.clear()
        again = await opened(tmp_path, MemoryJournal(store))
        assert again.recovered.snapshot_seq == 0
        assert again.recovered.stepped == again.recovered.head_seq > 700
        started = await run_started(MemoryJournal(store), again.run)
        assert started.state == expected

    asyncio.run(run())


def test_runs_that_were_cut_off_before_their_first_input_block_nobody(tmp_path: Path) -> None:
    """The first settings again, after others had begun and died as early."""

    async def run() -> None:
        store = MemoryStore()
        for entry in (560_000, 900_000):
            journal = Refusing(store)
            journal.appends_left = 0
            with pytest.raises(JournalError, match="killed"):
                await opened(
                    tmp_path,
                    journal,
                    strategy={"entry_p_up_micros": entry, "strong_p_up_micros": 900_000},
                )
        segment = await opened(tmp_path, MemoryJournal(store))
        await fed(segment, 5)
        rows = await MemoryJournal(store).runs()
        assert len({row.run_id for row in rows}) == 3
        assert rows[-1].run_id == segment.run.run_id

    asyncio.run(run())
