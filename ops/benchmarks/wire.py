"""From an input to the order's bytes at the other end of a socket, durable commit included.

The whole way of a live order: a trade passes the heartbeat, thirty symbols are judged, one is
entered, a frame of one input is committed, the order leaves through the gateway and a server on
loopback notes when it has read it. The order's derived rows are not in that commit. Wall time; the
reference is a ping over the same socket and back.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.ids import GENESIS_ROOT
from actors.messages.base import Message
from actors.messages.control import LedgerEntry
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.order import SubmitOrder
from actors.messages.reconciliation import VenueBalance, VenueOrderSeen
from actors.messages.risk import TradingState
from actors.ports import Journal, RunRow
from adapters.journal.file import FileJournal
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.handshakes import Handshakes
from adapters.kraken.limits import PRO, OrderLimits
from adapters.kraken.socket import stay_connected
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import prepare_database
from ops.benchmarks.figures import Figure, options, percentile, report
from ops.benchmarks.journal import RUN_ID, frames, records, roots
from ops.benchmarks.orders import TickPath
from ops.benchmarks.stores import with_database, workplace, writer_dsn
from service.fail_points import FailPoints
from service.outbox import Outbox

SAMPLES: Final = 400
SAMPLES_QUICK: Final = 15
P50_MOST_MS, P99_MOST_MS = 1.5, 5.0
HINT: Final = "the disk's flush is the floor; tick to order alone is orders.py's"


class Lists:
    """An account of which nothing is known but its token; the samples ask for nothing else."""

    async def token(self) -> str:
        """A token."""
        return "bench"

    async def open_orders(self) -> tuple[VenueOrderSeen, ...]:
        """None."""
        return ()

    async def closed_orders(
        self, since: int, until: int
    ) -> tuple[tuple[VenueOrderSeen, ...], bool]:
        """None."""
        del since, until
        return (), True

    async def trades(self, since: int, until: int) -> tuple[tuple[ExecutionReport, ...], bool]:
        """None."""
        del since, until
        return (), True

    async def balances(self) -> tuple[VenueBalance, ...]:
        """None."""
        return ()

    async def entries(self, since: int, until: int) -> tuple[tuple[LedgerEntry, ...], bool]:
        """None."""
        del since, until
        return (), True

    async def cancel(self, cl_ord_id: str) -> None:
        """Nothing rests."""

    def asset(self, name: str) -> str:
        """The same."""
        return name


class Server:
    """Acknowledges whatever is asked, and notes when an order was read."""

    def __init__(self) -> None:
        self.read_at = 0
        self.orders = 0
        self.url = ""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            read_at = time.perf_counter_ns()
            asked = msgspec.json.decode(message.data)
            result: dict[str, Any] = {}
            if asked["method"] == "add_order":
                self.orders += 1
                self.read_at = read_at
                result = {"order_id": f"O{self.orders}"}
            answer = {"method": asked["method"], "req_id": asked.get("req_id", 0), "success": True}
            await socket.send_bytes(msgspec.json.encode(answer | {"result": result}))
        return socket


@asynccontextmanager
async def served() -> AsyncIterator[Server]:
    """The server on a port of its own."""
    server, application = Server(), web.Application()
    application.router.add_get("/", server.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
        yield server
    finally:
        await runner.cleanup()


async def sampled(journal: Journal, account: str, samples: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each sample, and of the reference between them."""
    path, made = TickPath(), records(samples)
    chain, kernel = roots(made), path.desk.kernel

    async def tell(_: Message) -> None:
        return

    async with served() as server:
        venue = KrakenVenue(Lists(), tell, clock=lambda: kernel.at, limits=OrderLimits(PRO))
        outbox = Outbox(
            venue,
            epoch=1,
            trading_state=lambda: TradingState.ACTIVE,
            now=lambda: kernel.at,
            fail_points=FailPoints(),
        )
        listening = asyncio.ensure_future(stay_connected(server.url, venue.line, Handshakes()))
        await journal.open_epoch("bench")
        row = RunRow(
            RUN_ID, account, "paper", "none", GENESIS_ROOT, 1, 0, GENESIS_ROOT, closed=False
        )
        await journal.begin_run(row)
        while not venue.is_ready:  # noqa: ASYNC110  (once, before anything is timed)
            await asyncio.sleep(0.01)
        found, reference = [], []
        for sample, frame in enumerate(frames(made, chain, 1)):
            entry = path.trigger(sample)
            before = time.perf_counter_ns()
            result = kernel.step(entry)
            await journal.append(frame)
            not_sent = await outbox.release(list(result.effects))
            assert not not_sent, "the order left"
            found.append((server.read_at - before) / 1e6)
            before = time.perf_counter_ns()
            await venue.line.request("ping")
            reference.append((time.perf_counter_ns() - before) / 1e6)
            (order,) = [e.body for e in result.effects if isinstance(e.body, SubmitOrder)]
            over = ExecutionReport(order.cl_ord_id, "", ExecKind.CANCELLED, entry.at)
            path.desk.step(entry.at, over)
            path.settle(sample)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
    await journal.close()
    return found, reference


def measure(dsn: str, folder: Path, *, samples: int) -> list[Figure]:
    """The figures; times are wall milliseconds."""
    asyncio.run(prepare_database(dsn))
    figures = []
    for store, journal in (
        ("PostgreSQL", PostgresJournal(writer_dsn(dsn), "wire")),
        ("file", FileJournal(folder / "journal")),
    ):
        found, reference = asyncio.run(sampled(journal, "wire", samples))
        for rank, share, most in (("p50", 0.5, P50_MOST_MS), ("p99", 0.99, P99_MOST_MS)):
            figures.append(
                Figure(
                    f"input to the order's bytes read, {store}, {rank}",
                    percentile(found, share),
                    "ms",
                    f"ms, a ping over the same socket and back, {rank}",
                    percentile(reference, share),
                    most=most,
                    hint=HINT,
                )
            )
    return figures


def main() -> None:
    given = with_database(options(__doc__)).parse_args()
    with workplace(given.dsn) as (dsn, folder):
        found = measure(dsn, folder, samples=SAMPLES_QUICK if given.quick else SAMPLES)
    report(found, as_json=given.json)


if __name__ == "__main__":
    main()
