"""Whether memory stays flat: hours of trouble over the whole live path.

The venue runs in a process of its own: thirty symbols, twenty of its seconds in one of ours, orders
as often as a coin says, and faults of every kind. Resident memory of this process, the service
alone, is read every ten minutes of the venue's time: what grows in the second half is what months
would be made of.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.kraken.signing import Credentials
from ops.benchmarks.figures import Figure, options, report
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, RunResult, trade
from service.feeds import UNIVERSE
from service.kraken_account import kraken_account
from service.live_market import LiveMarket
from service.simulator_process import simulator
from service.stores import FILE
from service.venue_clock import venue_clock
from tests.live_desk import SPEED, TROUBLE, Fickly, settings_at

HOURS: Final = 2.0
HOURS_QUICK: Final = 0.1
SAMPLE_MINUTES: Final = 10.0
GROWTH_MOST: Final = 5.0


class Memory(Silent):
    """Resident megabytes, read again and again once the run is open."""

    def __init__(self, seconds: float, every: float) -> None:
        self.found: list[float] = []
        self._seconds, self._every = seconds, every
        self._reading: asyncio.Task[None] | None = None

    async def opened(self, *_: object) -> None:
        """Begin to read; the last reading is before the run ends."""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        # The proof at the end reads the whole run again, which is not the run.
        until = time.monotonic() + self._seconds - self._every
        while time.monotonic() + self._every < until:
            await asyncio.sleep(self._every)
            self.found.append(resident_mb())
            print(f"{len(self.found)}: {self.found[-1]:.1f} MB", file=sys.stderr)


def resident_mb() -> float:
    """What this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


async def session(home: Path, hours: float) -> tuple[RunResult, list[float], float]:
    """The run's result, the readings, and its wall seconds."""
    script = home / "faults.json"
    script.write_bytes(msgspec.json.encode(TROUBLE))
    given = ["--seed", "11", "--account", "ballast=USD:10000", "--speed", f"{SPEED}"]
    seconds = hours * 3600 / SPEED
    memory = Memory(seconds, min(SAMPLE_MINUTES * 60 / SPEED, seconds / 8))
    async with simulator([*given, "--faults", str(script)], home / "simulator.log") as place:
        sockets = (place.websocket, place.websocket_auth)
        settings = settings_at(home, place.rest, sockets, tier=place.trader()[0].tier)
        clock = await venue_clock(place.websocket, place.speed)
        market = LiveMarket(settings, UNIVERSE, clock=clock)
        _, key = place.trader()
        plan = RunPlan(
            "PAPER",
            FILE,
            str(home / "journal"),
            limits=Limits(seconds=seconds),
            speed=1.0,
            verify=False,
        )
        credentials = Credentials(key.key, key.secret)
        async with kraken_account(settings, credentials, clock, market) as outside:
            started = time.monotonic()
            result = await trade(
                settings,
                market,
                Fickly(None, "not a market result"),
                plan,
                watchers=(memory,),
                outside=outside,
                say=lambda text: print(text, file=sys.stderr),
            )
            return result, memory.found, time.monotonic() - started


def figures_of(result: RunResult, found: list[float], hours: float) -> list[Figure]:
    """Memory at the half and at the end, and what passed meanwhile."""
    half, end = found[len(found) // 2 - 1], found[-1]
    card = result.card
    return [
        Figure("inputs", card.inputs, "inputs", note=f"{hours:g} h of the venue's time"),
        Figure("orders", card.orders, "orders", "fills", card.fills),
        Figure("resident memory, at the end / at the half", end, "MB", "MB, at the half", half),
        Figure(
            "growth over the second half",
            100 * (end / half - 1),
            "%",
            most=GROWTH_MOST,
            hint="what a run remembers is bounded; look at what grows with tracemalloc",
        ),
    ]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--hours", type=float, help=f"of the venue's time; default {HOURS:g}")
    given = parser.parse_args()
    hours = given.hours or (HOURS_QUICK if given.quick else HOURS)
    with tempfile.TemporaryDirectory() as folder:
        result, found, seconds = asyncio.run(session(Path(folder), hours))
    print(f"{seconds:.0f} s of the wall", file=sys.stderr)
    report(figures_of(result, found, hours), as_json=given.json)


if __name__ == "__main__":
    main()
