"""A desk of its own process whose wall clock is set back and forward while it trades (E1).

Started under libfaketime, which reads the offset from a file; monotonic clocks run on. The program
plays the case, asserts what has to hold, and says so with its exit code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

from actors.instant import MINUTE_NS, SECOND_NS
from adapters.kraken.clock import EdgeClock, since_boot
from tests.live_desk import SPEED
from tests.network_desk import Desk, Left, followed, weathered
from tests.standing_invariants import assert_standing

OFFSET_FILE = "FAKETIME_TIMESTAMP_FILE"
LIBRARY = "BALLAST_LIBFAKETIME"
"""Where the library lies, if it is not in the place of the Debian package `faketime`."""
BAR_SECONDS = 60.0 / SPEED
STEP_SECONDS = 4.5
"""How long a wrong clock stays wrong: more than a bar."""


def libfaketime() -> Path | None:
    """The library, None where there is none."""
    if named := os.environ.get(LIBRARY):
        return Path(named)
    if shutil.which("faketime") is None:
        return None
    return next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def run_under(found: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """The program below, with a wall clock that can be set."""
    offset = home / "offset"
    offset.write_text("+0\n")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(found),
        OFFSET_FILE: str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        # Else it slows every switch between threads down to a third of a second.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    command = [sys.executable, "-m", "tests.stepped_clock", str(home / "desk")]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def set_wall(seconds: int) -> None:
    """From now on the process's wall clock is so far from the right time."""
    path = Path(os.environ[OFFSET_FILE])
    beside = path.with_suffix(".new")
    beside.write_text(f"{seconds:+d}\n")
    beside.replace(path)


class Wall:
    """A wall clock beside the right one: the process's own, and what a test sets it off by."""

    def __init__(self) -> None:
        self.off_seconds = 0

    def set(self, seconds: int) -> None:
        """From now on so far from the right time."""
        self.off_seconds = seconds

    def clock(self, desk: Desk) -> EdgeClock:
        """The edge's clock, whose wall is the process's, made as fast as the venue."""
        steady, apart_ns = followed(desk.venue), time.time_ns() - since_boot()

        def wall() -> int:
            off_ns = time.time_ns() - since_boot() - apart_ns + self.off_seconds * SECOND_NS
            return steady() + off_ns * SPEED

        return EdgeClock(wall, steady)


def case_of(set_off: Callable[[int], None]) -> Callable[[Desk], Awaitable[None]]:
    """Ten seconds back, right again, an hour forward, right again."""

    async def case(desk: Desk) -> None:
        for seconds in (-10, 3600):
            set_off(seconds)
            what = f"entries close at {seconds} s"
            await desk.until(lambda: len(desk.kept_out()) == len(desk.venue.plan.symbols), 5, what)
            shut_at = time.monotonic()
            reasons = await desk.reasons(STEP_SECONDS)
            assert "market_unsound" in reasons, reasons
            assert desk.entries_since(shut_at + 0.5) == 0
            set_off(0)
            await desk.until(lambda: not desk.kept_out(), 15, f"entries after {seconds} s")

    return case


def assert_time_went_on(left: Left) -> None:
    """Bars closed as if nothing had been: in order, none twice, none missing, by a steady clock."""
    steps = left.desk.steps
    assert len(steps.skews) == 4, steps.skews
    assert [offset < 0 for offset in steps.skews[::2]] == [True, False]
    opened = [open_ts for _, open_ts in steps.bars]
    assert opened == [opened[0] + MINUTE_NS * number for number in range(len(opened))]
    closed = [at for at, _ in steps.bars]
    apart = [after - before for before, after in pairwise(closed)]
    assert min(apart) > BAR_SECONDS / 2, apart
    assert max(apart) < BAR_SECONDS * 2, apart


def main() -> None:
    left = weathered(Path(sys.argv[1]), case_of(set_wall), clock=Wall().clock)
    assert_standing(left)
    assert_time_went_on(left)


if __name__ == "__main__":
    main()
