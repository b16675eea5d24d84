"""Days of the seeded market traded into a journal in memory, to be stepped again."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from actors.messages.base import Message
from actors.messages.control import RunStarted
from actors.ports import FeedItem
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.bundles import choose_bundle
from service.drivers.replay import run_started
from service.feeds import UNIVERSE, rules_of, seeded_feed
from service.graph import build_graph
from service.segment import OpenSegment, SegmentPlan, close_segment, open_segment
from service.settings import Settings, load_settings

SYMBOLS = UNIVERSE
SEED = 7


class RecordedDays:
    """An account that trades a seeded market run after run; each run may have other settings."""

    def __init__(self, folder: Path) -> None:
        self.journal = MemoryJournal(MemoryStore())
        self._folder = folder
        self._segment: OpenSegment | None = None
        self._closed = False

    async def run(self, *parts: int | Message, **overrides: Any) -> str:
        """A run of so many items, with messages of people between; its id.

        A run that was opened and has no settings of its own is gone on with.
        """
        if self._segment is None or self._closed or overrides:
            await self.open(**overrides)
        pump = self.segment.pump
        for part in parts:
            if isinstance(part, int):
                items = seeded_feed(SEED, SYMBOLS).items(pump.kernel.at)
                await pump.admit(list(islice(items, part)))
            else:
                await pump.admit([FeedItem(pump.kernel.at, part)])
        row = await close_segment(self.segment, self.journal, "the test")
        self._closed = True
        return row.run_id

    def settings(self, **overrides: Any) -> Settings:
        """Those of a run."""
        values = {"data_dir": str(self._folder), "journal": {"snapshot_every_inputs": 400}}
        proof = {"proof": {"state_digest_every_inputs": 200}}
        return load_settings(environment={}, overrides={**values, **proof, **overrides})

    async def open(self, **overrides: Any) -> None:
        """Begin a run."""
        await self.open_by(self.settings(**overrides))

    async def open_by(self, settings: Settings) -> None:
        """Begin a run by settings that nobody checked."""
        feed = seeded_feed(SEED, SYMBOLS)
        choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
        graph = build_graph(settings.decision, rules_of(SYMBOLS), choice.predictor)
        starts_at = next(feed.items()).at
        told = (feed.kind, feed.digest, SYMBOLS, starts_at, choice.statement)
        plan = SegmentPlan("PAPER", *told)
        self._segment = await open_segment(settings, plan, graph, self.journal)
        self._closed = False

    async def begun(self) -> RunStarted:
        """The newest run's first input."""
        return await run_started(self.journal, (await self.journal.runs())[-1])

    @property
    def segment(self) -> OpenSegment:
        """The newest run."""
        assert self._segment is not None
        return self._segment
