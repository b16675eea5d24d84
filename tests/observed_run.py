"""A real run in memory for those who look on: three seeded symbols, its reader and its counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from actors.messages.base import Message
from actors.ports import FeedItem
from adapters.journal.memory import MemoryJournal
from service.bundles import Choice, choose_bundle
from service.drivers.trading import RunPlan
from service.feeds import rules_of, seeded_feed
from service.graph import build_graph
from service.observe.reading import Reader
from service.observe.stepping import Stepping
from service.segment import OpenSegment, SegmentPlan, open_segment
from service.settings import Settings, load_settings
from service.tally import Tally

SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD")
NOTICE = "not a market result"


def settings_in(folder: Path, **server: object) -> Settings:
    """Settings that keep everything in `folder` and read no environment."""
    return load_settings(
        environment={}, overrides={"data_dir": str(folder), "server": dict(server)}
    )


class ObservedRun:
    """An open segment with everything a watcher is told."""

    def __init__(
        self,
        segment: OpenSegment,
        tally: Tally,
        choice: Choice,
        *,
        stepping: Stepping,
        items: Iterator[FeedItem],
    ) -> None:
        self.segment = segment
        self.tally = tally
        self.choice = choice
        self.stepping = stepping
        self.items = items
        self.plan = RunPlan("PAPER", "memory", "")
        self.reader = Reader(segment, tally, self.plan, choice=choice, stepping=stepping)

    async def admit(self, count: int) -> None:
        """Feed `count` items and make them durable."""
        pump = self.segment.pump
        await pump.admit(list(islice(self.items, count)))
        await pump.flush()

    async def say(self, *messages: Message) -> None:
        """Feed messages at the present time."""
        pump = self.segment.pump
        await pump.admit([FeedItem(pump.kernel.at, message) for message in messages])
        await pump.flush()


async def observed_run(
    folder: Path,
    *,
    inputs: int = 0,
    symbols: tuple[str, ...] = SYMBOLS,
    with_model: bool = True,
    watch: object = None,
) -> ObservedRun:
    """Open a run and feed it `inputs` items; `watch` is one more observer of its steps."""
    settings = settings_in(folder)
    feed = seeded_feed(1, symbols)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    graph = build_graph(
        settings.decision, rules_of(feed.symbols), choice.predictor if with_model else None
    )
    tally, stepping = Tally(feed.symbols), Stepping()
    model = choice.statement if with_model else None
    plan = SegmentPlan("PAPER", feed.kind, feed.digest, feed.symbols, 0, model)
    more = (watch,) if callable(watch) else ()
    segment = await open_segment(
        settings, plan, graph, MemoryJournal(), observers=(tally, stepping, *more)
    )
    run = ObservedRun(segment, tally, choice, stepping=stepping, items=feed.items())
    await stepping.opened(segment, tally, run.plan, choice)
    await run.admit(inputs)
    return run
