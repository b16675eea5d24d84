"""Changing an order at the paper venue: as at Kraken, and always answered."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import TimerFired
from actors.messages.decision import Side
from actors.messages.execution import (
    AmendAnswered,
    ExecKind,
    ExecutionReport,
    Liquidity,
    SubmitOutcome,
)
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
from actors.messages.order import AmendOrder, CancelOrder, OrderState, SubmitOrder
from actors.orders.amendments import AmendState
from actors.paper_venue.state import PaperVenueConfig
from tests.amend_desk import wanted
from tests.books import INSTRUMENTS, SECOND, START, XBT, Books, approved, of

D = Decimal
CONFIG = PaperVenueConfig(INSTRUMENTS)
LATENCY = CONFIG.latency_ns
# The venue changed its grid meanwhile.
COARSE = msgspec.structs.replace(XBT, tick=D(1000))


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    """A sale of 1 at 50000 rests."""
    made = Books(venue=CONFIG)
    del made.actors["orders"], made.actors["ledger"]
    made.send(
        SubmitOrder("one", "XBT/USD", Side.SELL, D(1), D("50000.0"), START, START + 5 * SECOND, 1)
    )
    made.pass_to(START + SECOND)
    return made


def change(books: Books, price: str, **fields: int) -> AmendOrder:
    asked = AmendOrder(
        "one", 1, 9, "XBT/USD", Side.SELL, D(1), D(0), D(price), books.at, books.at + SECOND, 1
    )
    return msgspec.structs.replace(asked, **fields)


def amend(books: Books, price: str, **fields: int) -> list[Message]:
    """Ask, and wait for what comes."""
    asked = change(books, price, **fields)
    assert not of(ExecutionReport, books.send(asked)), "never within the step that asked"
    return books.pass_to(books.at + LATENCY)


def book(books: Books, bid: float, ask: float, quantity: float = 5.0) -> list[Message]:
    levels = np.full((1, 40), np.nan)
    levels[0, [BID_PRICE, BID_QUANTITY, ASK_PRICE, ASK_QUANTITY]] = (bid, quantity, ask, quantity)
    at = books.at + 1
    return books.send(BookSlice(at, sealed_ints([0]), sealed(levels), first_ts=at), at)


def told(messages: list[Message]) -> list[tuple[ExecKind, Decimal, Decimal]]:
    return [(e.kind, e.last_quantity, e.last_price) for e in of(ExecutionReport, messages)]


def test_a_change_is_told_after_the_latency_with_the_new_limit(books: Books) -> None:
    (report,) = of(ExecutionReport, amend(books, "49000.0"))
    assert (report.kind, report.limit_price) == (ExecKind.AMENDED, D("49000.0"))
    assert (report.ts, report.venue_order_id) == (books.at, "PAPER-one")


def test_at_its_new_limit_it_takes_from_the_book_like_one_that_arrives(books: Books) -> None:
    book(books, 49_500.0, 49_600.0, 0.4)
    kinds = told(amend(books, "49400.0"))
    assert kinds == [
        (ExecKind.AMENDED, D(0), D(0)),
        (ExecKind.TRADE, D("0.40000000"), D("49500.0")),
    ]
    hit = book(books, 49_400.0, 49_600.0, 0.6)
    assert told(hit) == [(ExecKind.TRADE, D("0.60000000"), D("49400.0"))]


def test_it_pays_as_maker_what_it_could_not_have_taken(books: Books) -> None:
    book(books, 49_000.0, 49_600.0)
    amend(books, "49400.0")
    (trade,) = of(ExecutionReport, book(books, 49_450.0, 49_600.0, 1.0))
    assert (trade.liquidity, trade.last_price) == (Liquidity.MAKER, D("49400.0"))


def test_where_there_are_only_candles_it_waits_for_the_next_open(books: Books) -> None:
    values = [[49_000.0, 49_100.0, 48_900.0, 49_000.0, 100.0, 49_000.0, 10.0, 50.0]]
    row = sealed(np.array(values))
    candle = CandleSlice(books.at, books.at + 60 * SECOND, sealed_ints([0]), row, False)
    assert not of(ExecutionReport, books.send(candle))
    amend(books, "48000.0")
    seen = books.send(msgspec.structs.replace(candle, open_ts=books.at - 1))
    assert not of(ExecutionReport, seen), "it opened before the change"
    (trade,) = of(ExecutionReport, books.send(msgspec.structs.replace(candle, open_ts=books.at)))
    assert trade.liquidity is Liquidity.TAKER
    assert D("48900.0") < trade.last_price < D("49000.0")


def test_trades_from_before_the_change_do_not_fill_it(books: Books) -> None:
    row = np.zeros((1, 8))
    row[0, 1], row[0, 4], row[0, 7] = 49_500.0, 100.0, 100.0
    first_ts = books.at + 1
    amend(books, "49000.0")
    trades = TradeSlice(books.at, sealed_ints([0]), sealed(row), first_ts=first_ts)
    assert not of(ExecutionReport, books.send(trades))
    later = msgspec.structs.replace(trades, first_ts=books.at + 1)
    assert told(books.send(later)) == [(ExecKind.TRADE, D(1), D("49000.0"))]


@pytest.mark.parametrize(
    ("fields", "price", "outcome", "words"),
    [
        ({"deadline": START}, "49000.0", SubmitOutcome.REFUSED, "EService:Deadline elapsed"),
        ({}, "49000.05", SubmitOutcome.REFUSED, "the price is not a multiple of the tick"),
    ],
)
def test_what_is_refused_is_answered_and_changes_nothing(
    books: Books, fields: dict[str, int], price: str, outcome: SubmitOutcome, words: str
) -> None:
    (answer,) = of(AmendAnswered, amend(books, price, **fields))
    assert (answer.amend_no, answer.outcome, answer.text) == (1, outcome, words)
    assert books.venue.state.orders["one"].limit_price == D("50000.0")


@pytest.mark.parametrize(
    "mode", [FeedEvent.MAINTENANCE, FeedEvent.CANCEL_ONLY, FeedEvent.POST_ONLY]
)
def test_a_mode_that_takes_no_sale_takes_no_change_of_one(books: Books, mode: FeedEvent) -> None:
    books.send(FeedStatus(books.at, "status", mode))
    (answer,) = of(AmendAnswered, amend(books, "49000.0"))
    assert answer.outcome is SubmitOutcome.WRONG_MODE


def test_a_change_of_what_is_over_is_nothing(books: Books) -> None:
    books.send(CancelOrder("one", "XBT/USD", "enough"))
    books.pass_to(books.at + 1)
    late = books.send(change(books, "49000.0"))
    assert not of(AmendAnswered, late)
    assert told(books.pass_to(books.at + LATENCY)) == [(ExecKind.CANCELLED, D(0), D(0))]
    assert books.send(change(books, "49000.0")) == []


def test_a_change_that_comes_twice_is_carried_out_once(books: Books) -> None:
    """Its timer is its order's, so the second request replaces the first."""
    books.send(change(books, "49000.0"))
    books.send(change(books, "48000.0", amend_no=2))
    (report,) = of(ExecutionReport, books.pass_to(books.at + LATENCY))
    assert report.limit_price == D("48000.0")
    order = books.venue.state.orders["one"]
    assert order.change is None


def inside() -> tuple[Books, str]:
    """Orders, ledger and the paper venue in one graph; a sale of 0.1 at 50000 rests since long."""
    books = Books(venue=CONFIG)
    books.start()
    books.fund("1", asset="XBT", source="coins")
    (order,) = of(SubmitOrder, books.send(approved(0, Side.SELL)))
    books.pass_to(books.at + 60 * SECOND)
    return books, order.cl_ord_id


def test_inside_the_graph_a_change_needs_no_timer_and_takes_from_the_book() -> None:
    books, name = inside()
    book(books, 49_950.0, 49_960.0)
    sent = books.send(wanted(books, name, "49900.0", number=1))
    assert of(AmendOrder, sent)
    assert {timer for _, timer in books.timers} == {f"amend:{name}", f"lifetime:{name}"}
    books.pass_to(books.at + LATENCY)
    order = books.orders.state.find(name)
    assert order is not None
    assert (order.state, order.limit_price) == (OrderState.FILLED, D("49900.0"))
    assert not books.ledger.state.holds
    assert books.balance("available:USD") > 4_900


def test_inside_the_graph_a_refusal_brings_nothing_in_doubt() -> None:
    """The venue's state is ours: there are no lists to look at, and nothing to look up."""
    books, name = inside()
    books.send(wanted(books, name, "49900.0", number=1))
    books.venue.config = msgspec.structs.replace(CONFIG, instruments={"XBT/USD": COARSE})
    books.pass_to(books.at + LATENCY)
    order = books.orders.state.find(name)
    assert order is not None
    assert (order.state, order.limit_price) == (OrderState.OPEN, D("50000.0"))
    assert order.amendment is not None
    assert order.amendment.state is AmendState.REFUSED


def test_a_change_that_was_carried_out_already_is_nothing() -> None:
    """Two requests share a timer; a repeated one finds nothing to do."""
    books, name = inside()
    assert books.venue.handle(TimerFired(f"amend:{name}", books.at), books.at) == []
