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
from itertools import pairwise
from pathlib import Path

from actors.instant import MINUTE_NS
from adapters.kraken.clock import EdgeClock, since_boot
from service.venue_clock import venue_clock
from tests.live_desk import SPEED
from tests.network_desk import Desk, Left, weathered
from tests.standing_invariants import assert_standing

OFFSET_FILE = "FAKETIME_TIMESTAMP_FILE"
LIBRARY = "BALLAST_LIBFAKETIME"
"""Where the library lies, if it is not in the place of the Debian package `faketime`."""
BAR_SECONDS = 60.0 / SPEED
STEP_SECONDS = 7.0
"""How long a wrong clock stays wrong: two bars and more."""


def library() -> Path | None:
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
        command, env=environment, capture_output=True, text=True, timeout=150, check=False
    )


def set_wall(offset: str) -> None:
    """From now on the wall clock is so far from the right time."""
    path = Path(os.environ[OFFSET_FILE])
    beside = path.with_suffix(".new")
    beside.write_text(f"{offset}\n")
    beside.replace(path)


async def by_the_wall(desk: Desk) -> EdgeClock:
    """The edge's clock as it is, made as fast as the venue: its wall is this process's wall."""
    told = await venue_clock(f"{desk.venue.sockets}/v2", SPEED)
    began, wall, steady = told.now(), time.time_ns(), since_boot()
    return EdgeClock(
        lambda: began + (time.time_ns() - wall) * SPEED,
        lambda: began + (since_boot() - steady) * SPEED,
    )


async def case(desk: Desk) -> None:
    """Ten seconds back, right again, an hour forward, right again."""
    for offset in ("-10", "+3600"):
        set_wall(offset)
        await desk.until(lambda: len(desk.kept_out()) == len(desk.venue.plan.symbols), 3, offset)
        shut_at = time.monotonic()
        reasons = await desk.reasons(STEP_SECONDS)
        assert "market_unsound" in reasons, reasons
        assert "clock_skew" in "".join(desk.metrics) or desk.steps.skews
        assert desk.entries_since(shut_at) == 0
        set_wall("+0")
        await desk.until(lambda: not desk.kept_out(), 10, f"entries after {offset}")


def assert_time_went_on(left: Left) -> None:
    """Bars closed as if nothing had been: in order, none twice, none missing, by a steady clock."""
    steps = left.desk.steps
    assert len(steps.skews) == 4, steps.skews
    assert [offset < 0 for offset in steps.skews[::2]] == [True, False]
    opened = [open_ts for _, open_ts in steps.bars]
    assert opened == [opened[0] + MINUTE_NS * number for number in range(len(opened))]
    closed = [at for at, _ in steps.bars]
    apart = [after - before for before, after in pairwise(closed)]
    assert min(apart) > BAR_SECONDS / 2 and max(apart) < BAR_SECONDS * 2, apart


def main() -> None:
    left = weathered(Path(sys.argv[1]), case, clock=by_the_wall)
    assert_standing(left)
    assert_time_went_on(left)


if __name__ == "__main__":
    main()
