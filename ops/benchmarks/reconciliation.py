"""Reconciling an account that was away: ten thousand orders, their fills and balances, in process.

A third of the orders filled in two trades each while nobody looked, a third was cancelled after
one, a third still rests. The lists are one reading in parts, as the edge makes them; each part is
encoded as the journal does and stepped by the real kernel. Wall seconds, to the point where entries
are open again; beside them the second reading, which finds nothing, and what the first one weighs.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.instant import HOUR_NS, SECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.messages.base import Message
from actors.messages.codec import encode
from actors.messages.control import Deposit, RunStarted, Tick
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.reconciliation import VenueBalance, VenueOrderSeen, VenueSnapshot
from actors.messages.risk import IntentApproved
from actors.money import multiply_even, run_exact
from adapters.instruments.table import instruments
from ops.benchmarks.figures import Figure, options, report
from ops.benchmarks.market import SYMBOLS, settings_of
from service.graph import build_graph
from service.outside_venue import parts_of

ORDERS: Final = 10_000
ORDERS_QUICK: Final = 300
SECONDS_MOST: Final = 10.0
START: Final = 1_700_000_000 * SECOND_NS
NOISE: Final = bytes(65_536)
RULES: Final = instruments(SYMBOLS)[0]
PRICE: Final = Decimal("50000.0")
HALF: Final = Decimal("0.00100000")
FUNDS: Final = Decimal("10000000.0000")
HINT: Final = "most of it is the ledger: a fill is three transfers, each chained by a hash"


class Account:
    """A kernel with a venue outside, whose orders have all left; and what the venue lists."""

    def __init__(self, orders: int) -> None:
        settings = settings_of(3600, heartbeat_seconds=0, venue={"outside": True})
        self.kernel: Kernel = build_graph(settings.decision, instruments(SYMBOLS), None).kernel
        self.at = START
        self.step(RunStarted("bench", "paper", "PAPER", 1, SYMBOLS, "", "", "", "", "", "", ""))
        self.step(Deposit("USD", FUNDS, "opening balance", START))
        self.answer(self.lists(0))
        for number in range(orders):
            self.step(_approval(number, self.at))
        self.at += HOUR_NS // 2
        self.step(Tick(self.at))

    def step(self, body: Message) -> int:
        """Step one input as the pump would; how many bytes the journal keeps of it."""
        data = encode(body)
        result = self.kernel.step(Input(self.kernel.seq + 1, self.at, body))
        assert result.outcome.status == "ok", result.outcome
        return len(data)

    def answer(self, snapshot: VenueSnapshot) -> tuple[float, int, int]:
        """Seconds, bytes and parts of one reading; entries are open afterwards."""
        parts = list(parts_of(snapshot))
        before = time.perf_counter()
        weight = sum(self.step(part) for part in parts)
        seconds = time.perf_counter() - before
        assert not self.kernel.actor("orders").state.blocked
        return seconds, weight, len(parts)

    def lists(self, orders: int) -> VenueSnapshot:
        """What the venue has: of every three orders one filled, one cancelled, one resting."""
        state = self.kernel.actor("reconciliation").state
        live = tuple(self.kernel.actor("orders").state.live) if orders else ()
        return run_exact(lambda: _lists(state.number, state.since, self.at, live))


def _approval(number: int, at: int) -> IntentApproved:
    quantity = HALF + HALF
    intent = OrderIntent(
        number,
        RULES.symbol,
        Side.BUY,
        Decimal(0),
        quantity,
        PRICE,
        at,
        Action.ENTER,
        Reason.EDGE_ABOVE_COST,
        0,
        0,
        0,
    )
    return IntentApproved(intent, quantity)


def _lists(number: int, since: int, at: int, names: tuple[str, ...]) -> VenueSnapshot:
    trades: list[ExecutionReport] = []
    seen: list[VenueOrderSeen] = []
    cost = multiply_even(HALF, PRICE, RULES.quote_step)
    fee = multiply_even(cost, RULES.taker_fee, RULES.quote_step)
    for index, name in enumerate(names):
        count = 2 - index % 3
        end = (ExecKind.FILLED, ExecKind.CANCELLED, None)[index % 3]
        order = f"O{index:05d}-BENCH"
        trades += [
            ExecutionReport(
                "",
                f"T{index:05d}-{each}",
                ExecKind.TRADE,
                at,
                HALF,
                PRICE,
                cost,
                fee,
                RULES.quote,
                venue_order_id=order,
                symbol=RULES.symbol,
                side=Side.BUY,
            )
            for each in range(count)
        ]
        seen.append(
            VenueOrderSeen(
                order,
                name,
                RULES.symbol,
                Side.BUY,
                HALF + HALF,
                HALF * count,
                PRICE,
                since,
                end,
            )
        )
    resting = [each for each in seen if each.end is None]
    held = sum((RULES.hold_of(each.quantity, PRICE) for each in resting), Decimal(0))
    spent = (cost + fee) * len(trades)
    balances = (
        VenueBalance("USD", FUNDS - spent, held),
        VenueBalance(RULES.base, HALF * len(trades), Decimal(0)),
    )
    closed = tuple(each for each in seen if each.end is not None)
    return VenueSnapshot(number, at, since, True, tuple(resting), closed, tuple(trades), balances)


def measure(*, orders: int) -> list[Figure]:
    """The figures of an account of so many orders."""
    account = Account(orders)
    snapshot = account.lists(orders)
    assert len(snapshot.open_orders) + len(snapshot.closed_orders) == orders
    first, weight, parts = account.answer(snapshot)
    booked = account.kernel.actor("ledger").state.transfer_no
    account.at += HOUR_NS // 2
    account.step(Tick(account.at))
    state = account.kernel.actor("reconciliation").state
    again = run_exact(lambda: _again(snapshot, state.number, state.since, account.at))
    second, _, _ = account.answer(again)
    assert account.kernel.actor("ledger").state.transfer_no == booked, "twice is not once"
    before = time.perf_counter()
    for _ in range(1000):
        sha256(NOISE).digest()
    reference = time.perf_counter() - before
    what = f"{orders:,} orders, {len(snapshot.trades):,} missed fills"
    beside = "s, a thousand SHA-256 of 64 kB"
    return [
        Figure(
            f"reconciled: {what}",
            first,
            "s",
            beside,
            reference,
            most=SECONDS_MOST,
            hint=HINT,
        ),
        Figure(f"read again: {what}", second, "s", beside, reference, most=SECONDS_MOST, hint=HINT),
        Figure(f"one reading, in {parts} inputs", weight / 1e6, "MB"),
    ]


def _again(snapshot: VenueSnapshot, number: int, since: int, at: int) -> VenueSnapshot:
    return VenueSnapshot(
        number,
        at,
        since,
        True,
        snapshot.open_orders,
        snapshot.closed_orders,
        snapshot.trades,
        snapshot.balances,
    )


def main() -> None:
    given = options(__doc__).parse_args()
    figures = measure(orders=ORDERS_QUICK if given.quick else ORDERS)
    report(figures, as_json=given.json)


if __name__ == "__main__":
    main()
