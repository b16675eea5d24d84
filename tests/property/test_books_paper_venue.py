"""Orders, ledger and paper venue together on a random market: the venue never favours us.

It fills nothing beyond what is displayed or traded, nothing at a worse price than the limit,
nothing from before the acceptance or against the venue's mode, answers never in the step that
ordered and never twice, and its money ties with the ledger's.
"""

from __future__ import annotations

import decimal
import random
from collections import defaultdict
from decimal import Decimal

import numpy as np
import pytest

from actors.ledger.balance import faults_of
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.codec import encode
from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BID_PRICE,
    BID_QUANTITY,
    BookSlice,
    CandleSlice,
    FeedEvent,
    FeedStatus,
    TradeSlice,
)
from actors.messages.order import CancelOrder, SubmitOrder
from actors.money import EXACT, multiply_even
from actors.orders.state import OrdersConfig
from actors.paper_venue.state import PaperVenueConfig
from tests.books import INSTRUMENTS, SECOND, XBT, Books, approved, of

D = Decimal
# Kraken's modes, by what they forbid; limit-only forbids nothing that we send.
NO_MATCHING = (
    FeedEvent.MAINTENANCE,
    FeedEvent.CANCEL_ONLY,
    FeedEvent.POST_ONLY,
    FeedEvent.NOT_LISTED,
)
MODES = (FeedEvent.ONLINE, FeedEvent.LIMIT_ONLY, FeedEvent.REDUCE_ONLY, *NO_MATCHING)
ENDS = (ExecKind.CANCELLED, ExecKind.REJECTED, ExecKind.EXPIRED)


class Market:
    """A seeded market on XBT/USD around one price, fed to a graph; every answer is checked."""

    def __init__(self, seed: int, *, cut: bool = False) -> None:
        self.dice = random.Random(seed)
        self.cut = cut
        orders = OrdersConfig(
            INSTRUMENTS, lifetime_ns=40 * SECOND, deadline_ns=self.dice.choice((SECOND, 2 * SECOND))
        )
        latency = self.dice.choice((SECOND // 10, SECOND, 3 * SECOND // 2))
        config = PaperVenueConfig(INSTRUMENTS, latency_ns=latency, participation_ratio=D("0.25"))
        self.books = Books(orders=orders, venue=config)
        self.latency = latency
        self.books.start()
        self.books.fund("100000")
        self.books.fund("1", "XBT", "in kind")
        self.price = 500_000  # ticks of 0.1
        self.intents = 0
        self.submits: dict[str, SubmitOrder] = {}
        self.sent_at: dict[str, int] = {}
        self.filled: dict[str, Decimal] = defaultdict(Decimal)
        self.over: set[str] = set()
        self.taken: dict[tuple[Side, float], Decimal] = {}
        self.shown: dict[tuple[Side, float], Decimal] = {}
        self.accepted: dict[str, int] = {}
        self.modes = {-1: FeedEvent.ONLINE, 0: FeedEvent.ONLINE}

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.price += self.dice.randint(-40, 40)
            at = self.books.at + self.dice.randint(0, 2 * SECOND)
            self.check_answers(self.books.pass_to(at), arrivals=True)
            if self.cut:
                self.books.cut()
            move = self.dice.choices(
                (self.order, self.book, self.trades, self.candle, self.mode), (8, 8, 6, 6, 1)
            )
            move[0]()
            assert faults_of(self.books.ledger.state) == ()
            self.books.mark(XBT=self.price / 10)
        # With nothing more to trade against, every order ends by its lifetime.
        self.mode(FeedEvent.ONLINE)
        end = self.books.at + 300 * SECOND
        self.check_answers(self.books.pass_to(end), arrivals=True)
        assert not self.books.venue.state.orders
        assert not self.books.orders.state.live
        assert self.books.balance("held:USD") == self.books.balance("held:XBT") == 0
        assert not [note for note in of(Note, self.books.sent) if note.level == "error"]

    def order(self) -> None:
        side = self.dice.choice((Side.BUY, Side.BUY, Side.SELL))
        price = D(self.price + self.dice.randint(-60, 60)) * XBT.tick
        quantity = D(self.dice.randint(1, 200)) * D("0.001")
        message = approved(self.intents, side, str(quantity), str(price), at=self.books.at)
        self.intents += 1
        sent = self.books.send(message)
        assert not of(ExecutionReport, sent), "answered in the step that ordered"
        for submit in of(SubmitOrder, sent):
            assert submit.cl_ord_id not in self.submits
            self.submits[submit.cl_ord_id] = submit
            self.sent_at[submit.cl_ord_id] = self.books.at
        if self.submits and self.dice.random() < 0.2:
            name = self.dice.choice(list(self.submits))
            cancelled = self.books.send(CancelOrder(name, "XBT/USD", "test"))
            assert not of(ExecutionReport, cancelled)

    def mode(self, event: FeedEvent | None = None) -> None:
        """The venue or the pair changes its mode; half of the time back to online."""
        scopes = (-1, 0) if event else (self.dice.choice((-1, 0)),)
        for scope in scopes:
            new = event or self.dice.choice((FeedEvent.ONLINE, self.dice.choice(MODES)))
            self.modes[scope] = new
            assert not self.books.send(FeedStatus(self.books.at, "status", new, scope))

    def book(self) -> None:
        levels = np.full((1, 40), np.nan)
        shown: dict[tuple[Side, float], Decimal] = {}
        for side, price_from, quantity_from, sign in (
            (Side.SELL, BID_PRICE, BID_QUANTITY, -1),
            (Side.BUY, ASK_PRICE, ASK_QUANTITY, 1),
        ):
            ticks = self.price
            for level in range(self.dice.randint(0, 5)):
                ticks += sign * self.dice.randint(1, 12)
                quantity = self.dice.randint(0, 300)
                levels[0, price_from + level] = ticks / 10
                levels[0, quantity_from + level] = quantity / 1000
                shown[side, ticks / 10] = D(quantity) * D("0.001")
        self.taken = {key: self.taken[key] for key in shown if key in self.taken}
        self.shown = shown
        ts = self.books.at - self.dice.randint(0, SECOND)
        first_ts = ts - self.dice.choice((0, 0, SECOND // 10, SECOND))
        slice_ = BookSlice(ts, sealed_ints([0]), sealed(levels), first_ts=first_ts)
        sent = self.books.send(slice_)
        self.check_answers(sent, oldest=first_ts)
        for side in Side:
            got = sum(
                (r.last_quantity for r in of(ExecutionReport, sent) if self.side(r) is side), D(0)
            )
            assert got <= sum((q for (s, _), q in shown.items() if s is side), D(0))

    def trades(self) -> None:
        low = self.price - self.dice.randint(0, 60)
        high = self.price + self.dice.randint(0, 60)
        sells, buys = self.dice.randint(0, 500), self.dice.randint(0, 500)
        row = [low / 10, high / 10, low / 10, high / 10, (sells + buys) / 1000, 0, 5, buys / 1000]
        rows = sealed(np.array([row]))
        first_ts = self.books.at - self.dice.randint(0, 2 * SECOND)
        slice_ = TradeSlice(self.books.at, sealed_ints([0]), rows, first_ts=first_ts)
        sent = self.books.send(slice_)
        self.check_answers(sent, oldest=first_ts)
        for side, volume in ((Side.BUY, sells), (Side.SELL, buys)):
            got = [r for r in of(ExecutionReport, sent) if self.side(r) is side]
            assert sum((r.last_quantity for r in got), D(0)) <= D(volume) * D("0.00025")

    def candle(self) -> None:
        opened = self.price + self.dice.randint(-30, 30)
        low, high = opened - self.dice.randint(0, 60), opened + self.dice.randint(0, 60)
        volume = self.dice.randint(0, 1000)
        open_ts, interval = self.books.at, 5 * SECOND
        row = [opened / 10, high / 10, low / 10, opened / 10, volume / 1000, 5]
        self.check_answers(self.books.pass_to(open_ts + interval), arrivals=True)
        slice_ = CandleSlice(open_ts, interval, sealed_ints([0]), sealed(np.array([row])))
        sent = self.books.send(slice_)
        self.check_answers(sent)
        got = of(ExecutionReport, sent)
        assert sum((r.last_quantity for r in got), D(0)) <= D(volume) * D("0.00025")

    def side(self, report: ExecutionReport) -> Side:
        return self.submits[report.cl_ord_id].side

    def check_answers(
        self, sent: list[Message], *, arrivals: bool = False, oldest: int | None = None
    ) -> None:
        """`oldest` is the time of the oldest trade, or of the book, that led to it."""
        for report in of(ExecutionReport, sent):
            name = report.cl_ord_id
            submit = self.submits[name]
            assert name not in self.over, "spoken of after its end"
            assert report.ts >= self.sent_at[name] + self.latency
            if report.kind in ENDS:
                self.over.add(name)
            if report.kind is ExecKind.ACCEPTED:
                assert report.ts <= submit.deadline
                assert not self.refuses(submit.side)
                self.accepted[name] = report.ts
            if report.kind is ExecKind.CANCELLED:
                assert FeedEvent.MAINTENANCE not in self.modes.values()
            if report.kind is ExecKind.TRADE:
                assert not any(mode in NO_MATCHING for mode in self.modes.values())
                assert oldest is None or oldest > self.accepted[name]
                self.check_fill(report, submit)
            if arrivals and report.kind is ExecKind.TRADE:
                key = (submit.side, float(report.last_price))
                self.taken[key] = self.taken.get(key, D(0)) + report.last_quantity
                assert self.taken[key] <= self.shown[key], "more than was displayed"
        ids = [report.exec_id for report in of(ExecutionReport, self.books.sent)]
        assert len(ids) == len(set(ids))

    def refuses(self, side: Side) -> bool:
        """Whether either mode forbids a new order of the side."""
        barred = NO_MATCHING + ((FeedEvent.REDUCE_ONLY,) if side is Side.BUY else ())
        return any(mode in barred for mode in self.modes.values())

    def check_fill(self, report: ExecutionReport, submit: SubmitOrder) -> None:
        buys = submit.side is Side.BUY
        price, limit = report.last_price, submit.limit_price
        assert report.last_quantity > 0
        assert price <= limit if buys else price >= limit
        maker = report.liquidity is Liquidity.MAKER
        assert not maker or price == limit
        rate = XBT.maker_fee if maker else XBT.taker_fee
        assert report.cost == multiply_even(report.last_quantity, price, D("0.01"))
        assert report.fee == multiply_even(report.cost, rate, D("0.01"))
        self.filled[submit.cl_ord_id] += report.last_quantity
        assert self.filled[submit.cl_ord_id] <= submit.quantity
        if self.filled[submit.cl_ord_id] == submit.quantity:
            self.over.add(submit.cl_ord_id)


@pytest.mark.parametrize("seed", range(60))
def test_the_venue_never_favours_us_on_any_market(seed: int) -> None:
    """Sixty markets with mixed feeds, latencies and deadlines; every answer checked."""
    with decimal.localcontext(EXACT):
        market = Market(seed)
        market.run(120)
        assert market.submits


@pytest.mark.parametrize("seed", range(10))
def test_a_market_cut_at_every_step_is_the_same_market(seed: int) -> None:
    """Encode and decode all three states before every step: the same messages."""
    with decimal.localcontext(EXACT):
        whole, cut = Market(seed), Market(seed, cut=True)
        whole.run(80)
        cut.run(80)
        assert [encode(m) for m in whole.books.sent] == [encode(m) for m in cut.books.sent]
