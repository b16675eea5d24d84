"""A live day of thirty symbols stays within the journal's budget, by what a recording says.

The recorded ETH/USD capture is played as if each of the thirty symbols were as busy at the same
time, through the real graph and pump, with the default settings; its bytes are carried forward to a
day. Books cannot become more than one slice a window, so the day's hour hardly matters for them.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.instant import DAY_NS, MILLISECOND_NS, SECOND_NS
from actors.messages.control import Tick
from actors.messages.market import BookSlice, TradeSlice
from actors.ports import FeedItem
from adapters.journal.memory import MemoryJournal
from service.feeds import UNIVERSE, recorded_feed, rules_of
from service.graph import build_graph
from service.segment import SegmentPlan, open_segment
from service.settings import Settings

CAPTURE = "kraken/protocol/flashbook__ws2_live_ETHUSD.ndjson.gz"
NAME = b'"ETH/USD"'
BUDGET_BYTES = 2 * 10**9
WINDOW_NS = Settings().feed.conflate_ms * MILLISECOND_NS


def thirtyfold(capture: Path, folder: Path) -> Path:
    """The capture with every frame told of all thirty symbols."""
    told = folder / "thirty.ndjson"
    with told.open("wb") as out:
        for line in gzip.decompress(capture.read_bytes()).splitlines():
            names = UNIVERSE if NAME in line else UNIVERSE[:1]
            out.writelines(line.replace(NAME, f'"{name}"'.encode()) + b"\n" for name in names)
    return told


async def journalled(items: list[FeedItem], symbols: tuple[str, ...]) -> int:
    """The bytes of the frames that these inputs become."""
    settings, journal = Settings(), MemoryJournal()
    graph = build_graph(settings.decision, rules_of(symbols), None)
    plan = SegmentPlan("PAPER", "kraken-ws2", "digest", symbols, items[0].at)
    segment = await open_segment(settings, plan, graph, journal)
    first_seq = segment.pump.kernel.seq + 1
    await segment.pump.admit(items)
    await segment.pump.flush()
    size = 0
    async for frame in journal.frames(first_seq):
        size += len(frame.records) + len(frame.root_before) + len(frame.root_after)
        size += len(frame.checksum) + len(frame.run_id)
    return size


@pytest.fixture(scope="module")
def items(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[FeedItem]:
    """The inputs of the thirtyfold capture with the default window."""
    capture = shared_data / CAPTURE
    if not capture.exists():
        pytest.skip("the recorded capture is not here")
    thirty = thirtyfold(capture, tmp_path_factory.mktemp("thirty"))
    return list(recorded_feed(thirty, (), shift=False, conflate_ns=WINDOW_NS).items())


def of_size(items: list[FeedItem], size: Callable[[list[FeedItem]], int]) -> float:
    """Bytes a day when these inputs go on like this."""
    return size(items) / (items[-1].at - items[0].at) * DAY_NS


def test_thirty_symbols_as_busy_as_the_recorded_one_stay_within_the_budget(
    items: list[FeedItem],
) -> None:
    """With the tick a second that a live edge adds. docs/feeds.md quotes the figure."""
    market = [item for item in items if isinstance(item.body, (BookSlice, TradeSlice))]
    ticks = [FeedItem(at, Tick(at)) for at in range(market[0].at, market[-1].at, SECOND_NS)]
    every = sorted([*market, *ticks], key=lambda item: item.at)
    bytes_a_day = of_size(every, lambda found: asyncio.run(journalled(found, UNIVERSE)))
    books = sum(isinstance(item.body, BookSlice) for item in market)
    assert books >= 44, "the recording moves in every window"
    assert 1.7e9 < bytes_a_day <= BUDGET_BYTES, f"{bytes_a_day / 1e9:.3f} GB a day"


def test_even_a_book_of_all_thirty_in_every_window_stays_within_the_budget(
    items: list[FeedItem],
) -> None:
    """The bound that no market can break: a window has one slice of books."""
    books = [item for item in items if isinstance(item.body, BookSlice)]
    assert all(len(item.body.symbols) == 30 for item in books if isinstance(item.body, BookSlice))
    size = asyncio.run(journalled(books, UNIVERSE)) / len(books)
    assert size * DAY_NS / WINDOW_NS <= BUDGET_BYTES, f"{size:.0f} bytes a slice of books"
