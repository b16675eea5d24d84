"""An account goes on as it was opened; its tail is stepped with the settings that made it."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from actors.journal_chain import decode_input, open_frame
from actors.messages.control import ConstraintViolated, Reactivate
from actors.messages.risk import TradingState
from actors.ports import FeedItem, RefusedRow
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.bundles import choose_bundle
from service.failures import ExitCode, UserError
from service.feeds import rules_of, seeded_feed
from service.graph import build_graph
from service.segment import OpenSegment, SegmentPlan, close_segment, open_segment
from service.settings import load_settings

SYMBOLS = ("BTC/USD", "ETH/USD")


async def opened(
    folder: Path,
    journal: MemoryJournal,
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
    plan = SegmentPlan("PAPER", feed.kind, feed.digest, symbols, 0)
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
        changed: dict[str, Any] = {"strategy": {"entry_p_up_micros": 900_000}}
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
    """A store that left a row out of the last frame before a crash."""

    refused: tuple[RefusedRow, ...] = ()

    async def refused_since(self, seq: int) -> tuple[RefusedRow, ...]:
        return tuple(row for row in self.refused if row.seq > seq)


def test_a_refusal_that_a_crash_kept_from_being_heard_halts_the_next_start(tmp_path: Path) -> None:
    """Once: then it is heard, and a person may lift it."""

    async def run() -> None:
        store = MemoryStore()
        first = await opened(tmp_path, MemoryJournal(store))
        await fed(first, 50)
        journal = Refusing(store)
        journal.refused = (RefusedRow("order_event_side", 40, "order_event row 1"),)
        second = await opened(tmp_path, journal)
        standing = second.graph.kernel.actor("orders").state.trading
        assert standing is TradingState.HALTED
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
        third = await opened(tmp_path, journal)
        assert third.graph.kernel.actor("orders").state.trading is TradingState.ACTIVE

    asyncio.run(run())
