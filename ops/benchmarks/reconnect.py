"""From the loss of both sockets at once to the first instant at which an entry would pass again.

The whole live path with thirty symbols beside a simulator of its own process: the public socket
with its books, the private one with its token and channels, the account's lists and their
comparison, a file journal. Each loss follows half a minute of calm, and every symbol that has ever
traded must pass. Wall time; the reference is a bare client that waits for thirty books.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.kraken.clock import EdgeClock
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.handshakes import Pauses
from adapters.kraken.line import LineState
from adapters.kraken.signing import Credentials
from ops.benchmarks.entries import all_kept_out
from ops.benchmarks.figures import Figure, median, options, percentile, report
from service.bundles import Choice
from service.cli.paper import LIVE_MARKET
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE
from service.kraken_account import kraken_account
from service.live_market import LiveMarket
from service.segment import OpenSegment
from service.settings import Settings, load_settings
from service.simulator_process import SimulatorPlace, simulator
from service.stores import FILE

LOSSES: Final = 5
CALM_SECONDS: Final = Pauses().calm_after + 1.0
SECONDS_MOST: Final = 2.0
PATIENCE_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.002
HINT: Final = "the heartbeat comes once a second; lists are read one after the other, by nonce"
STAGES: Final = ("books are there", "private channels are open", "lists agree", "entries pass")


class Watch(Silent):
    """Waits for the run to be open, and keeps what it shows."""

    def __init__(self) -> None:
        self.segment: OpenSegment | None = None

    async def opened(self, segment: OpenSegment, *_: object) -> None:
        """It is."""
        self.segment = segment


class Run:
    """One run that goes on."""

    def __init__(self, watch: Watch, symbols: tuple[str, ...], ready: Callable[[], bool]) -> None:
        assert watch.segment is not None
        assert watch.segment.line is not None
        self.kernel = watch.segment.pump.kernel
        self.line = watch.segment.line
        self.symbols = symbols
        self.is_private_open = ready

    def passes(self) -> bool:
        """Whether every symbol could be entered whose trades have begun.

        Of one that never traded nobody can say what was missed; it waits for its next bar.
        """
        begun = self.kernel.actor("market_data").state.last_trade_id.tolist()
        traded = tuple(s for s, last in zip(self.symbols, begun, strict=True) if last > 0)
        return bool(traded) and not all_kept_out(self.kernel, traded)

    def stages(self) -> tuple[Callable[[], bool], ...]:
        """What has to be so, in order; each is looked at only once the one before it was."""
        told = self.kernel.actor("reconciliation")
        return (
            lambda: self.line.state is LineState.STREAMING and self.line.books == len(self.symbols),
            self.is_private_open,
            lambda: not told.state.told.blocked and not told.state.awaits,
            self.passes,
        )


async def until(met: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not met():  # noqa: ASYNC110  (it is looked at, nobody tells)
            await asyncio.sleep(LOOK_SECONDS)


async def lost(run: Run, hook: str, session: aiohttp.ClientSession) -> list[float]:
    """Lose both sockets; seconds to each stage."""
    losses = run.line.losses
    began = time.perf_counter()
    async with session.post(hook) as answer:
        dropped: dict[str, Any] = await answer.json()
    assert dropped["result"]["dropped"] == 2, dropped
    # Heard by both before anything counts as restored.
    await until(lambda: run.line.losses > losses and not run.passes())
    found = []
    for met in run.stages():
        await until(met)
        found.append(time.perf_counter() - began)
    return found


async def bare(address: str, session: aiohttp.ClientSession) -> float:
    """Seconds that a client without anything needs for thirty books over a new socket."""
    began, seen = time.perf_counter(), set[str]()
    params = {"channel": "book", "symbol": list(UNIVERSE), "depth": 10}
    async with session.ws_connect(address) as socket:
        asked = {"method": "subscribe", "params": params}
        await socket.send_str(msgspec.json.encode(asked).decode())
        while len(seen) < len(UNIVERSE):
            frame = msgspec.json.decode(await socket.receive_str())
            if frame.get("channel") == "book":
                seen.update(each["symbol"] for each in frame["data"])
    return time.perf_counter() - began


def settings_of(home: Path, place: SimulatorPlace) -> Settings:
    """As `ballast live --venue simulator`, without an endpoint."""
    return load_settings(
        None,
        environment={},
        overrides={
            "data_dir": str(home),
            # Of such bars the venue keeps no history, which would be asked for before the start.
            "market": {**LIVE_MARKET, "bar_interval_seconds": 7200},
            "venue": {"outside": True},
            "server": {"enabled": False},
            "kraken": {
                "rest_url": place.rest,
                "public_socket_url": place.websocket,
                "private_socket_url": place.websocket_auth,
                "tier": place.trader()[0].tier,
            },
        },
    )


async def sampled(home: Path, losses: int) -> tuple[list[list[float]], list[float]]:
    """Seconds to each stage of each loss, and of the reference after each."""
    async with simulator(["--seed", "1"], home / "simulator.log") as place:
        settings = settings_of(home, place)
        clock = EdgeClock()
        market = LiveMarket(settings, UNIVERSE, clock=clock)
        plan = RunPlan("PAPER", FILE, str(home / "journal"), limits=Limits(), verify=False)
        _, key = place.trader()
        watch = Watch()
        async with (
            kraken_account(settings, Credentials(key.key, key.secret), clock, market) as door,
            aiohttp.ClientSession() as session,
        ):
            trading = asyncio.ensure_future(
                trade(settings, market, Choice(None, ""), plan, watchers=(watch,), outside=door)
            )
            try:
                await until(lambda: watch.segment is not None or trading.done())
                venue = door.venue
                assert isinstance(venue, KrakenVenue)
                run = Run(watch, UNIVERSE, lambda: venue.is_ready)
                await until(run.passes)
                found, reference = [], []
                for _ in range(losses):
                    await asyncio.sleep(CALM_SECONDS)
                    hook = f"{place.rest}/simulator/drop_connections"
                    found.append(await lost(run, hook, session))
                    reference.append(await bare(place.websocket, session))
            finally:
                os.kill(os.getpid(), signal.SIGTERM)  # as an operator stops it
                with suppress(asyncio.CancelledError):
                    await trading
    return found, reference


def measure(*, losses: int) -> list[Figure]:
    """The figures; wall milliseconds."""
    with tempfile.TemporaryDirectory(prefix="ballast-bench-") as home:
        found, reference = asyncio.run(sampled(Path(home), losses))
    beside = "ms, a bare client's thirty books over a new socket"
    floor = median(reference) * 1e3
    columns = [[row[stage] * 1e3 for row in found] for stage in range(len(STAGES))]
    figures = [
        Figure(f"both sockets lost until {stage}", median(column), "ms", beside, floor)
        for stage, column in zip(STAGES, columns, strict=True)
    ]
    longest = Figure(
        f"both sockets lost until {STAGES[-1]}, longest of {losses}",
        percentile(columns[-1], 1.0),
        "ms",
        beside,
        floor,
        most=SECONDS_MOST * 1e3,
        hint=HINT,
    )
    return [*figures, longest]


def main() -> None:
    given = options(__doc__).parse_args()
    report(measure(losses=1 if given.quick else LOSSES), as_json=given.json)


if __name__ == "__main__":
    main()
