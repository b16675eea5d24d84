"""The simulated exchange without sockets: market seconds a second, and what one request costs.

Thirty pairs with a thousand levels a side, advanced every 100 ms of market time, as the server
does. A request is a limit order far from the touch and its cancellation, with all reports; a trade
is a market order of one level. CPU time of one core.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import MILLISECOND_NS, SECOND_NS
from adapters.kraken_simulator.events import BookChange, Trade
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.orders import AddOrder
from adapters.kraken_simulator.views import AccountSpec
from ops.benchmarks.figures import Figure, cpu_seconds, median, options, report

START_NS: Final = 1_790_000_000 * SECOND_NS
STEP_NS: Final = 100 * MILLISECOND_NS
SECONDS, SECONDS_QUICK = 300, 3
REQUESTS, REQUESTS_QUICK = 4_000, 30
ROUNDS: Final = 3
LEAST: Final = 60.0
NOISE: Final = bytes(65_536)
PAIR: Final = "BTC/USD"


def opened(accounts: int = 1) -> Exchange:
    """All thirty pairs and some rich accounts."""
    rich = {"USD": Decimal(10**12), "BTC": Decimal(10**6)}
    names = (f"account {number}" for number in range(accounts))
    specs = tuple(AccountSpec(account=name, balances=dict(rich)) for name in names)
    return Exchange(seed=1, started_ns=START_NS, accounts=specs)


def reference() -> float:
    """CPU seconds of a fixed piece of work: shows how fast this core is today."""
    return cpu_seconds(lambda: [sha256(NOISE) for _ in range(1_000)])


def speed(seconds: int) -> list[Figure]:
    """Market seconds and events a CPU second, with all events taken every step."""
    found: list[float] = []
    events = changes = trades = 0
    exchange = opened()
    for _ in range(ROUNDS):
        began, first = time.process_time(), exchange.now_ns
        for step in range(1, seconds * 10 + 1):
            for event in exchange.advance(first + step * STEP_NS):
                events += 1
                trades += isinstance(event, Trade)
                changes += len(event.changes) if isinstance(event, BookChange) else 0
        found.append(time.process_time() - began)
    whole = seconds * ROUNDS
    note = (
        f"exchange: {events / whole:.0f} events a market second, {changes / whole:.0f} level "
        f"changes, {trades / whole:.1f} trades; opening takes "
        f"{cpu_seconds(opened):.2f} s"
    )
    value = seconds / median(found)
    return [
        Figure("exchange, thirty pairs", value, "market s/s", least=LEAST, note=note),
        Figure("exchange, events", events / sum(found), "events/s"),
    ]


def requests(count: int) -> list[Figure]:
    """Microseconds of an order and its cancellation, and of a market order that trades."""
    exchange = opened(accounts=4)
    exchange.halt_market()
    order = AddOrder(
        symbol=PAIR,
        side="buy",
        order_type="limit",
        qty=Decimal("0.01"),
        limit_price=Decimal("50000.0"),
    )
    sweep = AddOrder(symbol=PAIR, side="buy", order_type="market", qty=Decimal("0.001"))

    def placed_and_cancelled() -> None:
        for _ in range(count):
            # Three steps later each time, so that no counter fills.
            now_ns = exchange.now_ns + 3 * STEP_NS
            exchange.add_order("account 0", order, now_ns=now_ns)
            exchange.cancel_all("account 0", now_ns=now_ns)
            exchange.events()

    def traded() -> None:
        for _ in range(count):
            exchange.add_order("account 1", sweep, now_ns=exchange.now_ns + 3 * STEP_NS)
            exchange.events()

    beside = 1e3 * reference()
    name = "us, SHA-256 of 64 KiB"
    return [
        Figure(title, 1e6 * cpu_seconds(work) / count, "us", name, beside)
        for title, work in (
            ("exchange, order placed and cancelled", placed_and_cancelled),
            ("exchange, market order that trades", traded),
        )
    ]


def measure(*, seconds: int, count: int) -> list[Figure]:
    """All figures."""
    return [*speed(seconds), *requests(count)]


def main() -> None:
    given = options(__doc__).parse_args()
    found = measure(
        seconds=SECONDS_QUICK if given.quick else SECONDS,
        count=REQUESTS_QUICK if given.quick else REQUESTS,
    )
    report(found, as_json=given.json)


if __name__ == "__main__":
    main()
