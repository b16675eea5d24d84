"""What the venue itself does in session, over the whole live path: rules, modes, books, refusals.

After every case the books are the venue's, an order has at most one effect, and nothing is asked
for again and again. One day holds several cases; sisters that take a day of their own are `soak`.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.control import PairRulesChanged
from actors.messages.execution import SubmitOutcome
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.order import SubmitOrder
from tests.live_books import assert_sound
from tests.live_desk import Session
from tests.venue_day import Day, another, answered, day, faults, hook, of, trading, until

pytestmark = pytest.mark.timeout(600)
D = Decimal
LOST = {"where": "ws:instrument", "what": "lose", "occurrence": 1}
WRONG = {"where": "ws:book", "what": "wrong_checksum", "occurrence": 1}
COARSE = {"tick": "0.5", "order_min": "0.002", "cost_min": "5", "lot_decimals": 3}


async def as_it_likes(session: Session) -> None:
    """New rules, one of which nobody hears of, and a wrong checksum."""
    await trading(session)
    await faults(session, LOST, WRONG)
    await hook(session, "steps", symbol="ETH/USD", tick="1")
    await hook(session, "steps", symbol="BTC/USD", **COARSE)
    await until(lambda: len(of(session, PairRulesChanged)) == 2)
    await another(session, "ETH/USD")


@pytest.fixture(scope="module")
def liked(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A day on which the venue does as it likes."""
    return day(tmp_path_factory.mktemp("liked"), as_it_likes)


def test_a_day_of_changes_ends_with_the_books_of_the_venue(liked: Day) -> None:
    assert_sound(liked.result, liked.session, liked.account)
    assert liked.result.card.orders > 8


def changes(session: Session, symbol: str) -> list[PairRulesChanged]:
    """The changed rules of a symbol."""
    return [each for each in of(session, PairRulesChanged) if each.symbol == symbol]


def test_b11_orders_keep_to_rules_that_change_in_session(liked: Day) -> None:
    (change,) = changes(liked.session, "BTC/USD")
    assert (change.source, change.tick, change.lot) == ("instrument", D("0.5"), D("0.001"))
    later = [e for e in of(liked.session, SubmitOrder, change) if e.symbol == "BTC/USD"]
    assert later
    for each in later:
        assert each.limit_price % D("0.5") == 0
        assert each.quantity % D("0.001") == 0
        assert each.quantity >= D("0.002")
    refused = {e.cl_ord_id for e in answered(liked.session, SubmitOutcome.REFUSED, "BTC/USD")}
    assert not refused & {each.cl_ord_id for each in later}


def test_b11_a_change_that_nobody_heard_of_costs_one_refusal(liked: Day) -> None:
    """The list of pairs is read at once, and the order is decided anew by the new rule."""
    (change,) = changes(liked.session, "ETH/USD")
    assert (change.source, change.tick) == ("AssetPairs", D(1))
    told = answered(liked.session, SubmitOutcome.REFUSED, "ETH/USD")
    assert [each.text for each in told] == ["EOrder:Tick size check failed"]
    later = [e for e in of(liked.session, SubmitOrder, change) if e.symbol == "ETH/USD"]
    assert later
    assert all(each.limit_price % 1 == 0 for each in later)
    # An order in the other pair may have been on its way when its rules changed.
    assert 1 <= liked.refused["ws:add_order EOrder:Tick size check failed"] <= 2


def test_b23_a_wrong_checksum_drops_one_book_and_no_other(liked: Day) -> None:
    told = [e for e in of(liked.session, FeedStatus) if e.stream == "book"]
    (bad,) = [e for e in told if e.event is FeedEvent.CHECKSUM]
    (good,) = [e for e in told if e.event is FeedEvent.RESYNCED]
    assert bad.symbol == good.symbol >= 0
    # Twice when a busy machine is so late that the answer seems lost.
    assert 1 <= liked.account["asked"]["ws:unsubscribe"] <= 2
    assert liked.session.segment is not None
    line = liked.session.segment.line
    assert line is not None
    assert line.opened == 1, "the connection stays"
    assert 1 <= line.renewals <= 2
