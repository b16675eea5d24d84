"""The steps of a backup or a restore: how long each took, and a bar on a terminal while it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class Steps:
    """Seconds by step, in the order in which they were taken; drawn when there is a console."""

    def __init__(self, console: Console | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = None if console is None else _bar(console)

    @contextmanager
    def step(self, name: str, total: int = 0) -> Iterator[Callable[[int], None]]:
        """One step; the function moves its bar on, by bytes or inputs."""
        started = time.perf_counter()
        progress = self._progress
        if progress is None:
            moved: Callable[[int], None] = lambda _: None  # noqa: E731
        else:
            progress.start()
            task = progress.add_task(name, total=total or None)
            moved = lambda count: progress.advance(task, count)  # noqa: E731
        try:
            yield moved
        finally:
            taken = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + taken
            if progress is not None:
                progress.stop()
                for each in progress.task_ids:
                    progress.remove_task(each)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        expand=True,
        refresh_per_second=4,
    )
