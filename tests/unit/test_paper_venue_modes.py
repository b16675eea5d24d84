"""What the paper venue does in each mode: every status by every thing that can be asked of it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from actors.messages.arrays import sealed, sealed_ints
from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BookSlice,
    CandleSlice,
    FeedEvent,
    FeedStatus,
    TradeSlice,
)
from actors.messages.order import CancelOrder, SubmitOrder
from actors.paper_venue.modes import MODES
from actors.paper_venue.state import PaperVenueConfig
from tests.books import INSTRUMENTS, SECOND, Books, of

D = Decimal
CONFIG = PaperVenueConfig(INSTRUMENTS)
VENUE, PAIR, OTHER = -1, 0, 1
E = FeedEvent
UNAVAILABLE = "EService:Unavailable"


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books(venue=CONFIG)
    del made.actors["orders"], made.actors["ledger"]
    return made


def enter(books: Books, event: FeedEvent, scope: int = VENUE) -> None:
    """The venue (or a pair) says its mode."""
    assert not books.send(FeedStatus(books.at, "status", event, scope))


def order(
    books: Books, name: str, price: str = "50000.0", side: Side = Side.BUY
) -> list[tuple[ExecKind, str]]:
    """Send an order and let it arrive: the words that come back."""
    deadline = books.at + 10**15
    books.send(SubmitOrder(name, "XBT/USD", side, D(1), D(price), books.at, deadline, 1))
    sent = books.pass_to(books.at + CONFIG.latency_ns)
    return [(each.kind, each.text) for each in of(ExecutionReport, sent)]


def cancel(books: Books, name: str) -> list[ExecKind]:
    """Ask for a cancel and let it arrive."""
    books.send(CancelOrder(name, "XBT/USD", "test"))
    sent = books.pass_to(books.at + CONFIG.latency_ns)
    return [each.kind for each in of(ExecutionReport, sent)]


def offered(books: Books) -> list[ExecKind]:
    """A newer book offers one at 49,000."""
    levels = np.full((1, 40), np.nan)
    levels[0, [ASK_PRICE, ASK_QUANTITY]] = 49000.0, 1.0
    at = books.at + SECOND
    sent = books.send(BookSlice(at, sealed_ints([0]), sealed(levels), first_ts=at), at)
    return [each.kind for each in of(ExecutionReport, sent)]


def traded(books: Books) -> list[ExecKind]:
    """Ten are sold at 40,000 within the next second."""
    row = [40000.0, 40000.0, 40000.0, 40000.0, 10.0, 0.0, 3.0, 0.0]
    first, at = books.at + 1, books.at + SECOND
    slice_ = TradeSlice(at, sealed_ints([0]), sealed(np.array([row])), first_ts=first)
    return [each.kind for each in of(ExecutionReport, books.send(slice_, at))]


def candled(books: Books) -> list[ExecKind]:
    """A candle with an open far below the limit."""
    rows = sealed(np.array([[40000.0, 41000.0, 39000.0, 40000.0, 100.0, 5.0]]))
    opened = books.at + SECOND
    sent = books.send(CandleSlice(opened, SECOND, sealed_ints([0]), rows), opened + SECOND)
    return [each.kind for each in of(ExecutionReport, sent)]


ACCEPTED, TRADED, CANCELLED = [ExecKind.ACCEPTED], [ExecKind.TRADE], [ExecKind.CANCELLED]
# mode -> what a marketable buy gets, what a resting buy gets, cancel, fill of a resting order.
TABLE: dict[FeedEvent, tuple[str, str, bool, bool]] = {
    E.ONLINE: ("traded", "accepted", True, True),
    E.MAINTENANCE: (UNAVAILABLE, UNAVAILABLE, False, False),
    E.CANCEL_ONLY: (
        "EService:Market in cancel_only mode",
        "EService:Market in cancel_only mode",
        True,
        False,
    ),
    E.POST_ONLY: (
        "EService:Market in post_only mode",
        "EService:Market in post_only mode",
        True,
        False,
    ),
    E.LIMIT_ONLY: ("traded", "accepted", True, True),
    E.REDUCE_ONLY: (
        "EService:Market in reduce_only mode",
        "EService:Market in reduce_only mode",
        True,
        True,
    ),
    E.NOT_LISTED: ("EQuery:Unknown asset pair", "EQuery:Unknown asset pair", True, False),
}
ROWS = [
    pytest.param(event, scope, *row, id=f"{event.value}, {where}")
    for event, row in TABLE.items()
    for scope, where in ((VENUE, "the venue"), (PAIR, "the pair"))
]


def test_the_table_has_every_mode() -> None:
    assert TABLE.keys() == MODES.keys()


def test_a_mode_that_matches_nothing_takes_no_order() -> None:
    """So an order that is accepted may take from the book at once."""
    for mode in MODES.values():
        assert mode.matches or (mode.refuses_buys and mode.refuses_sales)


def expected(word: str) -> list[tuple[ExecKind, str]]:
    """The words of one cell of the table."""
    if word == "traded":
        return [(ExecKind.ACCEPTED, ""), (ExecKind.TRADE, "")]
    return [(ExecKind.ACCEPTED, "")] if word == "accepted" else [(ExecKind.REJECTED, word)]


@pytest.mark.parametrize(("event", "scope", "taking", "resting", "cancels", "fills"), ROWS)
def test_a_mode_decides_what_orders_and_cancels_get(
    books: Books,
    event: FeedEvent,
    scope: int,
    taking: str,
    resting: str,
    *,
    cancels: bool,
    fills: bool,
) -> None:
    """A marketable buy, a resting buy, a cancel, and a fill of what rested before."""
    order(books, "rested", "48000.0")
    order(books, "cancelled", "47000.0")
    offered(books)
    enter(books, event, scope)
    assert order(books, "taking") == expected(taking)
    assert order(books, "resting", "48000.0") == expected(resting)
    assert cancel(books, "cancelled") == (CANCELLED if cancels else [])
    assert ("cancelled" in books.venue.state.orders) is not cancels
    assert bool(traded(books)) is fills
    assert ("rested" in books.venue.state.orders) is not fills


@pytest.mark.parametrize("evidence", [offered, traded, candled])
@pytest.mark.parametrize(
    "event", [event for event, row in TABLE.items() if not row[3]], ids=lambda event: event.value
)
def test_where_nothing_matches_no_kind_of_market_data_fills_until_it_is_online_again(
    books: Books, event: FeedEvent, evidence: type[object]
) -> None:
    """Books, trades and candles; the order rests on and is filled afterwards."""
    find = {"offered": offered, "traded": traded, "candled": candled}[evidence.__name__]
    order(books, "rested")
    enter(books, event)
    assert find(books) == []
    enter(books, E.ONLINE)
    assert find(books) == TRADED


def test_an_order_that_arrives_where_nothing_matches_takes_nothing_of_the_book(
    books: Books,
) -> None:
    """A sale in reduce-only is taken and matches; the venue's cancel-only refuses it."""
    enter(books, E.REDUCE_ONLY, PAIR)
    assert order(books, "sale", "51000.0", Side.SELL) == [(ExecKind.ACCEPTED, "")]
    enter(books, E.CANCEL_ONLY)
    words = [(ExecKind.REJECTED, "EService:Market in cancel_only mode")]
    assert order(books, "next", "51000.0", Side.SELL) == words


def test_a_refused_cancel_is_noted_with_the_venues_words_and_the_order_rests_on(
    books: Books,
) -> None:
    order(books, "one")
    enter(books, E.MAINTENANCE)
    books.send(CancelOrder("one", "XBT/USD", "test"))
    (note,) = of(Note, books.pass_to(books.at + CONFIG.latency_ns))
    assert note.fields == (("cl_ord_id", "one"), ("words", UNAVAILABLE))
    enter(books, E.ONLINE)
    assert cancel(books, "one") == CANCELLED


def test_the_stricter_of_venue_and_pair_decides_and_each_is_lifted_alone(books: Books) -> None:
    """The venue coming back does not lift what it said of a pair."""
    enter(books, E.POST_ONLY, PAIR)
    enter(books, E.LIMIT_ONLY)
    assert order(books, "one")[0][0] is ExecKind.REJECTED
    enter(books, E.ONLINE)
    assert order(books, "two")[0][0] is ExecKind.REJECTED
    enter(books, E.ONLINE, PAIR)
    assert order(books, "three")[0][0] is ExecKind.ACCEPTED


@pytest.mark.parametrize("scope", [OTHER, 2, 99])
def test_the_mode_of_another_pair_changes_nothing_here(books: Books, scope: int) -> None:
    """Also of one that the run does not know: market_data refuses that message."""
    enter(books, E.MAINTENANCE, scope)
    assert order(books, "one") == [(ExecKind.ACCEPTED, "")]


@pytest.mark.parametrize("event", [E.GAP, E.STALE, E.CHECKSUM, E.CORRUPT, E.RESYNCED])
def test_trouble_of_the_feed_is_not_the_venues(books: Books, event: FeedEvent) -> None:
    """It closes the entry gate elsewhere; the venue goes on, or stays in its mode."""
    enter(books, event)
    assert order(books, "one") == [(ExecKind.ACCEPTED, "")]
    enter(books, E.CANCEL_ONLY)
    enter(books, event)
    assert order(books, "two")[0][0] is ExecKind.REJECTED
