"""Progress bars on stderr: files being read, a backtest under way, a replay that proves a run.

A bar is drawn for a terminal only; elsewhere nothing is printed, so that pipes stay clean.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from service.bundles import Choice
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan
from service.segment import OpenSegment
from service.tally import Tally

REFRESHES_PER_SECOND = 4


def bar(console: Console) -> Progress:
    """An empty progress display; `transient`, so that what follows starts on a clean line."""
    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        Remaining(compact=True),
        TextColumn("{task.fields[about]}", style="dim"),
        console=console,
        transient=True,
        expand=True,
        refresh_per_second=REFRESHES_PER_SECOND,
    )


class BacktestBar(Silent):
    """How far a run over recorded items has come, then how far its proof has."""

    def __init__(self, console: Console) -> None:
        self._progress = bar(console)
        self._task: TaskID | None = None
        self._tally: Tally | None = None
        self._equity = ""

    async def opened(
        self,
        segment: OpenSegment,
        tally: Tally,
        plan: RunPlan,
        choice: Choice,
    ) -> None:
        """Draw the bar."""
        self._tally = tally
        self._progress.start()
        if choice.notice:
            self._progress.console.print(f"[yellow]{choice.notice}[/yellow]")
        about = ", ".join(segment.graph.symbols[:4])
        self._task = self._progress.add_task(plan.mode.lower(), total=plan.total, about=about)

    def progressed(self, admitted: int) -> None:
        """Move the bar and say what was traded so far."""
        if self._task is not None and self._tally is not None:
            about = f"{self._tally.fills:,} fills"
            self._progress.update(self._task, completed=admitted, about=about)

    def closing(self, reason: str) -> None:
        """Feeding ended."""
        if self._task is not None:
            self._progress.update(self._task, description="closing", about=reason)

    def proving(self, done: int, total: int) -> None:
        """The same bar counts the replay."""
        if self._task is not None:
            self._progress.update(
                self._task, description="replaying", completed=done, total=total, about=""
            )

    async def closed(self) -> None:
        """Take the bar away."""
        self._progress.stop()
