"""What a resting order gets from books that may be older than its acceptance: nothing, and a hint.

A slice of books is as old as its oldest one. What it shows within the limit the order may have met
on arrival, so that it pays as a taker from then on: never the cheaper fee by an accident of time.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from actors.instant import MILLISECOND_NS
from actors.messages.arrays import sealed, sealed_ints
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
from actors.messages.order import SubmitOrder
from actors.money import multiply_even
from actors.paper_venue.state import PaperVenueConfig
from tests.books import ETH, INSTRUMENTS, SECOND, START, Books, of

D = Decimal
CONFIG = PaperVenueConfig(INSTRUMENTS)
LIMIT = 3000.0
ACCEPTED = START + CONFIG.latency_ns


pytestmark = pytest.mark.usefixtures("exact_money")


def accepted(side: Side = Side.BUY, *, before: tuple[float, float] | None = None) -> Books:
    """An order of 1 ETH at the limit, accepted; `before` is a book that was known by then."""
    books = Books(venue=CONFIG)
    del books.actors["orders"], books.actors["ledger"]
    if before is not None:
        show(books, *before, ts=START, first_ts=START)
    books.send(SubmitOrder("o", "ETH/USD", side, D(1), D("3000.00"), START, START + 10**15, 1))
    books.pass_to(ACCEPTED)
    return books


def show(
    books: Books, bid: float, ask: float, *, ts: int, first_ts: int, size: float = 5.0
) -> list[ExecutionReport]:
    """Books of both symbols; what came of ETH's."""
    levels = np.full((2, 40), np.nan)
    for row, (low, high) in enumerate(((49990.0, 50000.0), (bid, ask))):
        levels[row, [BID_PRICE, BID_QUANTITY, ASK_PRICE, ASK_QUANTITY]] = low, size, high, size
    slice_ = BookSlice(ts, sealed_ints([0, 1]), sealed(levels), first_ts=first_ts)
    sent = of(ExecutionReport, books.send(slice_, max(books.at, ts)))
    return [each for each in sent if each.kind is ExecKind.TRADE]


def now(books: Books, bid: float, ask: float, *, size: float = 5.0) -> list[ExecutionReport]:
    """A book of this very moment, later than the last."""
    at = books.at + SECOND
    return show(books, bid, ask, ts=at, first_ts=at, size=size)


@pytest.mark.parametrize(
    ("oldest", "filled"),
    [
        pytest.param(ACCEPTED + 1, True, id="all after the acceptance"),
        pytest.param(ACCEPTED, False, id="one at the very instant of it"),
        pytest.param(START + 100 * MILLISECOND_NS, False, id="one while the order was on its way"),
        pytest.param(0, False, id="nobody knows"),
    ],
)
def test_only_books_younger_than_the_acceptance_fill(oldest: int, *, filled: bool) -> None:
    """A slice's own time is that of its newest book, which may be another symbol's."""
    books = accepted()
    ts = START + 480 * MILLISECOND_NS
    assert bool(show(books, 2980.0, 2990.0, ts=ts, first_ts=oldest)) is filled


# side, book known at the acceptance, book in a slice that may be older, what the order pays as
MET = [
    pytest.param(Side.BUY, None, (2980.0, 2990.0), Liquidity.TAKER, id="an ask below the limit"),
    pytest.param(Side.BUY, None, (2980.0, 3000.0), Liquidity.TAKER, id="an ask at the limit"),
    pytest.param(Side.BUY, None, (2980.0, 3000.01), Liquidity.MAKER, id="an ask above it"),
    pytest.param(Side.SELL, None, (3000.0, 3010.0), Liquidity.TAKER, id="a bid at the limit"),
    pytest.param(Side.SELL, None, (2999.99, 3010.0), Liquidity.MAKER, id="a bid below it"),
    pytest.param(Side.BUY, (3010.0, 2990.0), None, Liquidity.TAKER, id="a crossed book"),
    pytest.param(Side.BUY, (2980.0, 3010.0), None, Liquidity.MAKER, id="a known book above it"),
]


@pytest.mark.parametrize(("side", "before", "later", "liquidity"), MET)
def test_an_order_that_may_have_crossed_the_book_on_arrival_pays_as_taker_at_its_limit(
    side: Side,
    before: tuple[float, float] | None,
    later: tuple[float, float] | None,
    liquidity: Liquidity,
) -> None:
    books = accepted(side, before=before)
    if later is not None:
        ts = START + 480 * MILLISECOND_NS
        assert not show(books, *later, ts=ts, first_ts=START + 100 * MILLISECOND_NS)
    (fill,) = now(books, *((2980.0, 2990.0) if side is Side.BUY else (3010.0, 3020.0)))
    assert (fill.last_price, fill.liquidity) == (D("3000.00"), liquidity)
    rate = ETH.taker_fee if liquidity is Liquidity.TAKER else ETH.maker_fee
    assert fill.fee == multiply_even(fill.cost, rate, D("0.01"))


def test_what_it_may_have_met_is_not_forgotten_when_the_market_goes_away() -> None:
    """Also after a restart, and whatever fills it: a book, trades or a candle."""
    for fed in ("book", "trades", "candle"):
        books = accepted()
        show(books, 2980.0, 2990.0, ts=ACCEPTED + 1, first_ts=ACCEPTED)
        assert not now(books, 3010.0, 3020.0)
        books.cut()
        books.send(rows_of(books, fed), books.at + SECOND)
        (fill,) = [each for each in of(ExecutionReport, books.sent) if each.last_quantity]
        assert (fill.last_price, fill.liquidity) == (D("3000.00"), Liquidity.TAKER)


def rows_of(books: Books, fed: str) -> BookSlice | TradeSlice | CandleSlice:
    """What goes through the limit, in one form or another."""
    at, index = books.at + SECOND, sealed_ints([1])
    if fed == "trades":
        row = [2990.0, 2990.0, 2990.0, 2990.0, 20.0, 0.0, 3.0, 0.0]
        return TradeSlice(at, index, sealed(np.array([row])), first_ts=at)
    if fed == "candle":
        row = [3010.0, 3010.0, 2990.0, 3000.0, 20.0, 3.0]
        return CandleSlice(books.at, SECOND, index, sealed(np.array([row])))
    levels = np.full((1, 40), np.nan)
    levels[0, [ASK_PRICE, ASK_QUANTITY]] = 2990.0, 5.0
    return BookSlice(at, index, sealed(levels), first_ts=at)


def test_what_an_order_left_of_a_level_that_it_emptied_rests_as_maker() -> None:
    """The level is still displayed in a slice that straddles the acceptance; it is ours already."""
    books = Books(venue=CONFIG)
    del books.actors["orders"], books.actors["ledger"]
    show(books, 2980.0, 2990.0, ts=START, first_ts=START, size=0.4)
    books.send(SubmitOrder("o", "ETH/USD", Side.BUY, D(1), D("3000.00"), START, START + 10**15, 1))
    books.pass_to(ACCEPTED)
    assert books.venue.state.orders["o"].remaining == D("0.6")
    assert not show(books, 2980.0, 2990.0, ts=ACCEPTED + 1, first_ts=START, size=0.4)
    (fill,) = now(books, 2980.0, 2990.0, size=0.9)
    assert (fill.last_quantity, fill.liquidity) == (D("0.5"), Liquidity.MAKER)
