"""The paper venue as a specification: when it answers, and what an order may get."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from actors.ids import execution_id
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import Note, SetTimer
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BID_PRICE,
    BID_QUANTITY,
    BookSlice,
    CandleSlice,
    TradeSlice,
)
from actors.messages.order import CancelOrder, SubmitOrder
from actors.paper_venue.state import PaperVenueConfig
from tests.books import INSTRUMENTS, SECOND, START, Books, of

D = Decimal
CONFIG = PaperVenueConfig(INSTRUMENTS)
LATENCY = CONFIG.latency_ns


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books(venue=CONFIG)
    del made.actors["orders"], made.actors["ledger"]
    return made


def submit(
    books: Books,
    name: str = "one",
    side: Side = Side.BUY,
    quantity: str = "1",
    price: str = "50000.0",
    *,
    symbol: str = "XBT/USD",
    deadline: int = START + 10**15,
) -> list[Message]:
    order = SubmitOrder(name, symbol, side, D(quantity), D(price), books.at, deadline, 1)
    return books.send(order)


def book(
    books: Books, bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> list[ExecutionReport]:
    levels = np.full((1, 40), np.nan)
    for start, quantity_start, side in (
        (BID_PRICE, BID_QUANTITY, bids),
        (ASK_PRICE, ASK_QUANTITY, asks),
    ):
        for n, (price, quantity) in enumerate(side):
            levels[0, start + n], levels[0, quantity_start + n] = price, quantity
    at = books.at + 1
    slice_ = BookSlice(at, sealed_ints([0]), sealed(levels), first_ts=at)
    return of(ExecutionReport, books.send(slice_, at))


def candle(
    books: Books, opened: float, high: float, low: float, volume: float, *, open_ts: int
) -> list[ExecutionReport]:
    rows = sealed(np.array([[opened, high, low, opened, volume, 5.0]]))
    slice_ = CandleSlice(open_ts, 60 * SECOND, sealed_ints([0]), rows)
    return of(ExecutionReport, books.send(slice_, open_ts + 60 * SECOND))


def trades(
    books: Books, low: float, high: float, sells: float, buys: float, *, first_ts: int | None = None
) -> list[ExecutionReport]:
    """Trades of the next second, told at its end; `first_ts` is the oldest one's time."""
    row = [low, high, low, low, sells + buys, 0.0, 3.0, buys]
    oldest = books.at + 1 if first_ts is None else first_ts
    at = books.at + SECOND
    slice_ = TradeSlice(at, sealed_ints([0]), sealed(np.array([row])), first_ts=oldest)
    return of(ExecutionReport, books.send(slice_, at))


def arrive(books: Books) -> list[ExecutionReport]:
    return of(ExecutionReport, books.pass_to(books.at + LATENCY))


def fills(reports: list[ExecutionReport]) -> list[tuple[Decimal, Decimal, Liquidity]]:
    return [
        (each.last_quantity, each.last_price, each.liquidity)
        for each in reports
        if each.kind is ExecKind.TRADE
    ]


def test_an_order_is_never_answered_in_the_step_that_sent_it(books: Books) -> None:
    """Only a timer is set, one latency ahead."""
    book(books, [], [(49999.0, 5.0)])
    (timer,) = submit(books)
    assert timer == SetTimer("arrive:one", books.at + LATENCY)
    kinds = [each.kind for each in arrive(books)]
    assert kinds == [ExecKind.ACCEPTED, ExecKind.TRADE]


def test_an_arriving_order_walks_the_levels_within_its_limit(books: Books) -> None:
    """Each level at its price, as taker, never beyond what is shown; the rest rests."""
    book(books, [], [(49990.0, 0.2), (50000.0, 0.3), (50000.1, 9.0)])
    submit(books)
    assert fills(arrive(books)) == [
        (D("0.2"), D("49990.0"), Liquidity.TAKER),
        (D("0.3"), D("50000.0"), Liquidity.TAKER),
    ]
    assert books.venue.state.orders["one"].remaining == D("0.5")


def test_cost_and_fee_follow_the_venues_arithmetic(books: Books) -> None:
    """Half to even at the cent; ids count up per order."""
    book(books, [], [(49990.0, 0.00033)])
    submit(books, quantity="0.00033")
    accepted, report = arrive(books)
    assert (report.cost, report.fee, report.fee_asset) == (D("16.50"), D("0.07"), "USD")
    assert [accepted.exec_id, report.exec_id] == [execution_id("one", n) for n in (1, 2)]
    assert not books.venue.state.orders


def test_what_was_taken_of_a_level_stays_taken_while_it_is_shown(books: Books) -> None:
    """A recorded book does not know of us; two orders never get the same quantity."""
    book(books, [], [(50000.0, 0.5)])
    submit(books, "one", quantity="0.4")
    submit(books, "two", quantity="0.4")
    assert sum(quantity for quantity, _, _ in fills(arrive(books))) == D("0.5")
    assert not fills(book(books, [], [(50000.0, 0.5)]))
    assert not book(books, [], [(50001.0, 0.5)])
    assert fills(book(books, [], [(50000.0, 0.5)])) == [(D("0.3"), D("50000.0"), Liquidity.MAKER)]


def test_a_resting_order_is_hit_at_its_limit_as_maker(books: Books) -> None:
    """The other side came to us, so ours is the price."""
    book(books, [(49000.0, 1.0)], [(50500.0, 1.0)])
    submit(books)
    assert not fills(arrive(books))
    assert fills(book(books, [(49000.0, 1.0)], [(49900.0, 0.6)])) == [
        (D("0.6"), D("50000.0"), Liquidity.MAKER)
    ]


def test_a_sale_takes_bids_down_to_its_limit(books: Books) -> None:
    """The mirror of a buy."""
    book(books, [(50010.0, 0.5), (50000.0, 0.1), (49999.9, 5.0)], [(50020.0, 1.0)])
    submit(books, side=Side.SELL)
    assert [price for _, price, _ in fills(arrive(books))] == [D("50010.0"), D("50000.0")]


def test_a_crossed_book_matches_nothing(books: Books) -> None:
    """It is no market."""
    book(books, [(50001.0, 1.0)], [(49000.0, 1.0)])
    submit(books)
    assert not fills(arrive(books))


def test_an_order_that_arrives_late_expires(books: Books) -> None:
    """The deadline counts for the first acceptance."""
    submit(books, deadline=START + LATENCY - 1)
    assert [each.kind for each in arrive(books)] == [ExecKind.EXPIRED]
    assert not books.venue.state.orders


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"symbol": "DOGE/USD"}, "unknown symbol"),
        ({"quantity": "0.000000001"}, "the quantity is not a multiple of the lot"),
        ({"quantity": "NaN"}, "the quantity is not a multiple of the lot"),
        ({"price": "50000.01"}, "the price is not a multiple of the tick"),
        ({"quantity": "0.00001"}, "below the minimum size"),
    ],
)
def test_an_order_against_the_rules_is_rejected(
    books: Books, fields: dict[str, str], text: str
) -> None:
    """With the venue's reason, on arrival."""
    submit(books, **fields)  # type: ignore[arg-type]
    assert [(each.kind, each.text) for each in arrive(books)] == [(ExecKind.REJECTED, text)]


def test_an_order_sent_twice_is_noted_and_answered_once(books: Books) -> None:
    """The second changes nothing."""
    submit(books)
    (note,) = submit(books)
    assert isinstance(note, Note)
    assert len(arrive(books)) == 1


def test_a_cancel_travels_too_and_is_harmless_afterwards(books: Books) -> None:
    """A fill on the way wins; what is over is not told again."""
    submit(books)
    arrive(books)
    books.send(CancelOrder("one", "XBT/USD", "test"))
    (report,) = arrive(books)
    assert report.kind is ExecKind.CANCELLED
    books.send(CancelOrder("one", "XBT/USD", "test"))
    assert not arrive(books)


def test_a_resting_order_gets_its_share_of_opposite_trades_through_its_limit(books: Books) -> None:
    """Trades at the limit are not through it; our own side's volume does not count."""
    submit(books)
    arrive(books)
    assert not fills(trades(books, 50000.0, 50010.0, 2.0, 0.0))
    assert not fills(trades(books, 49999.9, 50010.0, 0.0, 5.0))
    assert fills(trades(books, 49999.9, 50010.0, 2.0, 5.0)) == [
        (D("0.2"), D("50000.0"), Liquidity.MAKER)
    ]


@pytest.mark.parametrize(
    ("oldest", "filled"),
    [
        pytest.param(1, True, id="all after the acceptance"),
        pytest.param(0, False, id="one at the very instant of it"),
        pytest.param(-LATENCY // 2, False, id="one while the order was on its way"),
        pytest.param(-10 * SECOND, False, id="one from before the order"),
        pytest.param(None, False, id="nobody knows"),
    ],
)
def test_only_trades_younger_than_the_acceptance_fill(
    books: Books, oldest: int | None, *, filled: bool
) -> None:
    """An aggregate cannot be split: with one older trade in it, it gives nothing at all."""
    submit(books)
    arrive(books)
    first_ts = 0 if oldest is None else books.at + oldest
    assert bool(fills(trades(books, 49000.0, 50010.0, 2.0, 0.0, first_ts=first_ts))) is filled
    assert fills(trades(books, 49000.0, 50010.0, 2.0, 0.0)), "the next ones do"


def test_a_book_from_before_the_acceptance_hits_nothing(books: Books) -> None:
    """It was displayed before the order rested; what is displayed later hits it."""
    submit(books)
    arrive(books)
    levels = np.full((1, 40), np.nan)
    levels[0, [ASK_PRICE, ASK_QUANTITY]] = 49000.0, 2.0
    old = BookSlice(books.at, sealed_ints([0]), sealed(levels), first_ts=books.at)
    assert not of(ExecutionReport, books.send(old, books.at + SECOND))
    assert fills(book(books, [], [(49000.0, 2.0)]))


def test_an_order_takes_at_the_next_open_with_spread_and_slippage(books: Books) -> None:
    """The candle that was already running when it was sent does not count."""
    submit(books)
    assert not fills(candle(books, 40000.0, 60000.0, 30000.0, 100.0, open_ts=START - 1))
    reports = candle(books, 49900.0, 50000.0, 49800.0, 8.0, open_ts=START + 60 * SECOND)
    assert fills(reports) == [(D("0.8"), D("49925.0"), Liquidity.TAKER)]


def test_an_open_beyond_the_limit_leaves_the_order_resting(books: Books) -> None:
    """It fills later, as maker, when a candle trades through it, within the allowance."""
    submit(books)
    assert not fills(candle(books, 50000.0, 50100.0, 50000.0, 100.0, open_ts=START))
    next_open = START + 60 * SECOND
    assert fills(candle(books, 49000.0, 50100.0, 48000.0, 3.0, open_ts=next_open)) == [
        (D("0.3"), D("50000.0"), Liquidity.MAKER)
    ]


def test_orders_in_a_symbol_share_one_allowance_of_a_candle(books: Books) -> None:
    """First come, first served."""
    submit(books, "one", quantity="0.5")
    submit(books, "two", quantity="0.9")
    reports = candle(books, 49900.0, 50000.0, 49800.0, 8.0, open_ts=START)
    assert [quantity for quantity, _, _ in fills(reports)] == [D("0.5"), D("0.3")]


def test_a_gap_or_a_warm_up_candle_fills_nothing(books: Books) -> None:
    """No price, no trade."""
    submit(books)
    nan = float("nan")
    assert not fills(candle(books, nan, nan, nan, nan, open_ts=START))
    assert books.venue.state.orders["one"].awaits_open
    rows = sealed(np.array([[49000.0, 50000.0, 48000.0, 49000.0, 9.0, 5.0]]))
    sent = books.send(CandleSlice(books.at, SECOND, sealed_ints([0]), rows, warm_up=True))
    assert not of(ExecutionReport, sent)
