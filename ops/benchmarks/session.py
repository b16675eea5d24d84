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
from adapters.kraken_simulator.faults.script import Fault
from ops.benchmarks.figures import Figure, options, report
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, RunResult, trade
from service.feeds import UNIVERSE
from service.kraken_account import kraken_account
from service.live_market import LiveMarket
from service.settings import Settings, load_settings
from service.simulator_process import SimulatorPlace, simulator
from service.stores import FILE
from service.venue_clock import venue_clock
from tests.live_desk import Fickly

SPEED: Final = 20
HOURS: Final = 2.0
HOURS_QUICK: Final = 0.1
SAMPLE_MINUTES: Final = 10.0
GROWTH_MOST: Final = 5.0
TROUBLE: Final = (
    Fault(where="ws:add_order", what="reset_after", every=9),
    Fault(where="ws:add_order", what="error", text="EService:Unavailable", done=True, every=7),
    Fault(where="ws:executions", what="lose", every=20),
    Fault(where="ws:executions", what="duplicate", every=6),
    Fault(where="ws:book", what="wrong_checksum", every=900),
    Fault(where="rest:TradesHistory", what="html_520", every=5),
    Fault(where="rest:OpenOrders", what="truncate", every=6),
)


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


def settings_at(place: SimulatorPlace, home: Path) -> Settings:
    """The service at that simulator: bars of a minute, a decision a second."""
    return load_settings(
        None,
        overrides={
            "data_dir": str(home),
            "market": {
                "bar_interval_seconds": 60,
                "heartbeat_seconds": 1,
                "stale_after_seconds": 60,
                "settle_ms": 2000,
            },
            "venue": {"outside": True},
            "orders": {"reconcile_seconds": 60},
            "kraken": {
                "rest_url": place.rest,
                "public_socket_url": place.websocket,
                "private_socket_url": place.websocket_auth,
                "tier": place.trader()[0].tier,
                # A second of the wall is twenty there.
                "clock_skew_ms_max": 60_000,
            },
        },
    )


async def session(home: Path, hours: float) -> tuple[RunResult, list[float], float]:
    """The run's result, the readings, and its wall seconds."""
    script = home / "faults.json"
    script.write_bytes(msgspec.json.encode(TROUBLE))
    given = ["--seed", "11", "--account", "ballast=USD:10000", "--speed", f"{SPEED}"]
    seconds = hours * 3600 / SPEED
    memory = Memory(seconds, min(SAMPLE_MINUTES * 60 / SPEED, seconds / 8))
    async with simulator([*given, "--faults", str(script)], home / "simulator.log") as place:
        settings = settings_at(place, home)
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
