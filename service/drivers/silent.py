"""Nobody looks on: what a watcher of a run inherits, so that it overrides only what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.messages.execution import SafeStopAttempted
from service.bundles import Choice
from service.nightly import Outcome
from service.pump import Observer
from service.safe_stop import SafeStopCounts
from service.segment import OpenSegment
from service.tally import Tally

if TYPE_CHECKING:
    from service.drivers.trading import RunPlan


class Silent:
    """Nobody looks on; those who do override what they need."""

    def observers(self) -> tuple[Observer, ...]:
        """Nobody is told of steps."""
        return ()

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        """Say nothing."""

    def progressed(self, admitted: int) -> None:
        """Say nothing."""

    def safe_stop(self, attempts: tuple[SafeStopAttempted, ...], counts: SafeStopCounts) -> None:
        """Say nothing."""

    def recomputed(self, outcome: Outcome) -> None:
        """Say nothing."""

    def closing(self, reason: str) -> None:
        """Say nothing."""

    def proving(self, done: int, total: int) -> None:
        """Say nothing."""

    async def closed(self) -> None:
        """Say nothing."""
