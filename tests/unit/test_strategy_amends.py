"""Which resting exits follow the market, where to, and when they are left alone."""

from __future__ import annotations

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.decision import Action, AmendIntent, Reason, Side
from actors.messages.market import MarketFlag
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.strategy.profile import StrategyProfile
from tests.strategy_desk import (
    BROKEN,
    CALM,
    CONFIG,
    FADED,
    NOW,
    STRONG,
    D,
    Desk,
    intents,
    portfolio,
    position,
    spoken,
)

WAIT = StrategyProfile().amend_interval_ns
Row = tuple[int, int, int]


def amends(effects: tuple[Message, ...]) -> list[AmendIntent]:
    return [each for each in effects if isinstance(each, AmendIntent)]


def resting(prediction: Row = BROKEN, state: OrderState = OrderState.OPEN) -> Desk:
    """A sale at 99.8 of what was held rests since NOW."""
    desk = Desk()
    desk.owns("ABCUSD", "2")
    (sale,) = intents(desk.predict(prediction))
    assert sale.limit_price == D("99.8")
    told = OrderUpdate(
        "id", sale.intent_no, "ABCUSD", Side.SELL, state, sale.quantity, D(0), sale.limit_price
    )
    desk.tell(told)
    desk.portfolio = portfolio(position("ABCUSD", "2", "0"))
    return desk


def fall(desk: Desk, bid: float, prediction: Row = BROKEN, at: int = NOW + WAIT) -> list[Message]:
    """The bid is there now; what follows for the order."""
    desk.marks[0, :3] = bid, bid + 0.1, bid + 0.05
    return list(amends(desk.predict(prediction, at=at)))


def test_an_exit_that_the_bid_left_behind_is_asked_to_follow_to_a_new_exits_price() -> None:
    desk = resting()
    (change,) = fall(desk, 99.0)
    assert isinstance(change, AmendIntent)
    intent = change.intent
    assert change.cl_ord_id == "id"
    assert (intent.limit_price, intent.quantity) == (D("98.9"), D("2.000"))
    assert (intent.reference_price, intent.side) == (D("99.0"), Side.SELL)
    assert (intent.action, intent.reason) == (Action.EXIT, Reason.THESIS_BROKEN)
    assert intent.intent_no == 2, "an intent of its own"


def test_a_partly_filled_one_follows_with_what_is_left() -> None:
    desk = resting()
    told = OrderUpdate(
        "id", 1, "ABCUSD", Side.SELL, OrderState.PARTIALLY_FILLED, D(2), D("0.5"), D("99.8")
    )
    desk.tell(told)
    (change,) = fall(desk, 99.0)
    assert isinstance(change, AmendIntent)
    assert change.intent.quantity == D("1.5")


@pytest.mark.parametrize(
    ("bid", "slack_micros", "follows"),
    [(99.9, 500, False), (99.8, 500, False), (99.7, 500, True), (99.7, 2_000, False)],
)
def test_a_bid_that_is_near_enough_is_not_followed(
    bid: float, slack_micros: int, *, follows: bool
) -> None:
    """At or above its limit it would be met at once; just below there is some slack."""
    desk = resting()
    profile = msgspec.structs.replace(CONFIG.profile, amend_stale_micros=slack_micros)
    desk.actor.config = msgspec.structs.replace(CONFIG, profile=profile)
    assert bool(fall(desk, bid)) is follows


def test_a_bid_that_fell_into_a_hole_is_followed_by_one_step() -> None:
    """The price of a new exit would be 49.9; 1 % below 99.8, rounded up, is 98.9."""
    (change,) = fall(resting(), 50.0)
    assert isinstance(change, AmendIntent)
    assert change.intent.limit_price == D("98.9")


def test_it_is_asked_at_most_once_an_interval_and_only_so_often() -> None:
    desk = resting()
    assert fall(desk, 99.0, at=NOW + WAIT - 1) == []
    assert len(fall(desk, 99.0, at=NOW + WAIT)) == 1
    assert fall(desk, 98.0, at=NOW + 2 * WAIT - 1) == []
    assert len(fall(desk, 98.0, at=NOW + 2 * WAIT)) == 1
    for most in (2, 1, 0):
        never = msgspec.structs.replace(CONFIG.profile, amends_max_count=most)
        desk.actor.config = msgspec.structs.replace(CONFIG, profile=never)
        assert fall(desk, 97.0, at=NOW + 3 * WAIT) == []


@pytest.mark.parametrize(
    ("prediction", "made_by", "reason"),
    [
        (BROKEN, BROKEN, Reason.THESIS_BROKEN),
        (BROKEN, FADED, Reason.THESIS_BROKEN),
        (FADED, FADED, Reason.EDGE_FADED),
        (FADED, BROKEN, None),
        (CALM, BROKEN, None),
        (STRONG, BROKEN, None),
        (CALM, FADED, None),
    ],
)
def test_it_follows_while_what_made_it_stands(
    prediction: Row, made_by: Row, reason: Reason | None
) -> None:
    found = fall(resting(made_by), 99.0, prediction)
    reasons = [each.intent.reason for each in found if isinstance(each, AmendIntent)]
    assert reasons == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("flag", "follows"),
    [
        (MarketFlag.STALE, False),
        (MarketFlag.CROSSED, False),
        (MarketFlag.CHECKSUM, False),
        (MarketFlag.NOT_LISTED, False),
        (MarketFlag.GAP, True),
        (MarketFlag.CLOCK_SKEW, True),
    ],
)
def test_a_bid_that_cannot_be_believed_is_not_followed(flag: MarketFlag, *, follows: bool) -> None:
    desk = resting()
    desk.flags[0] = int(flag)
    assert bool(fall(desk, 99.0)) is follows


def test_without_a_model_nothing_follows_unless_everything_is_to_be_sold() -> None:
    desk = resting()
    desk.bundle_id = ""
    assert fall(desk, 99.0) == []
    told = desk.tell(TradingStateChanged(TradingState.REDUCING, 3, "flatten"), NOW + WAIT)
    (change,) = amends(told)
    assert change.intent.reason is Reason.FLATTEN
    assert amends(desk.beat(NOW + 2 * WAIT)), "and again while it stands"


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.SUBMITTED, OrderState.UNKNOWN])
def test_what_does_not_rest_is_not_followed(state: OrderState) -> None:
    assert fall(resting(state=state), 99.0) == []


def test_what_is_left_but_dust_rests_where_it_is() -> None:
    desk = resting()
    told = OrderUpdate(
        "id", 1, "ABCUSD", Side.SELL, OrderState.PARTIALLY_FILLED, D(2), D("1.99"), D("99.8")
    )
    desk.tell(told)
    assert fall(desk, 99.0) == []


def test_without_a_bid_there_is_nowhere_to_go() -> None:
    desk = resting()
    desk.tell(TradingStateChanged(TradingState.REDUCING, 3, "flatten"))
    desk.marks[0, :3] = 0.0
    assert amends(desk.beat(NOW + WAIT)) == []


def test_an_entry_is_never_followed() -> None:
    desk = Desk()
    (entry,) = intents(desk.predict(STRONG))
    desk.tell(
        OrderUpdate(
            "id", entry.intent_no, "ABCUSD", Side.BUY, OrderState.OPEN, D(2), D(0), D("100.3")
        )
    )
    desk.marks[0, :3] = 101.0, 101.1, 101.05
    assert amends(desk.predict(STRONG, at=NOW + WAIT)) == []


def test_a_refused_change_is_asked_again_an_interval_later() -> None:
    desk = resting()
    (change,) = fall(desk, 99.0)
    assert isinstance(change, AmendIntent)
    number = change.intent.intent_no
    desk.tell(IntentRefused(number, "ABCUSD", Side.SELL, Refusal.AMENDED_LATELY, "", ""))
    assert fall(desk, 99.0, at=NOW + WAIT + SECOND_NS) == []
    assert len(fall(desk, 99.0, at=NOW + 2 * WAIT)) == 1


@pytest.mark.parametrize("step", [0, 1_000_000])
def test_a_profile_whose_steps_are_none_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="one change of an exit"):
        StrategyProfile(amend_step_micros=step)


@pytest.mark.parametrize(
    "wrong", [{"amend_stale_micros": -1}, {"amend_interval_ns": 0}, {"amends_max_count": -1}]
)
def test_a_profile_without_a_pause_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="changes of an exit"):
        StrategyProfile(**wrong)


@pytest.mark.parametrize(
    ("said", "of_exit", "of_part"),
    [
        (spoken(440_000, 5_000), Reason.THESIS_BROKEN, Reason.THESIS_BROKEN),
        # A class that was negative stays so by its slack.
        (spoken(450_000, 5_000), Reason.THESIS_BROKEN, None),
        (spoken(450_001, 5_000), None, None),
        (spoken(100_000, 5_000), Reason.THESIS_BROKEN, Reason.THESIS_BROKEN),
        (spoken(700_000, -4_000), Reason.THESIS_BROKEN, Reason.THESIS_BROKEN),
        (spoken(700_000, -90_000), Reason.THESIS_BROKEN, Reason.THESIS_BROKEN),
        (spoken(700_000, -3_999), None, Reason.EDGE_FADED),
        (spoken(500_000, 5_000, move_h1=0), None, Reason.EDGE_FADED),
        (spoken(500_000, 5_000, move_h1=-9_000), None, Reason.EDGE_FADED),
        (spoken(500_000, 5_000, move_h1=1), None, None),
    ],
)
def test_what_the_model_says_now_is_the_reason_to_follow(
    said: tuple[int, ...], of_exit: Reason | None, of_part: Reason | None
) -> None:
    for made_by, reason in ((BROKEN, of_exit), (FADED, of_part)):
        desk = resting(made_by)
        desk.marks[0, :3] = 99.0, 99.1, 99.05
        found = [each.intent.reason for each in amends(desk.predict(said, at=NOW + WAIT))]
        assert found == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("bid", "slack_micros", "follows"),
    [(99.9, 0, False), (99.8, 0, False), (99.7, 0, True), (80.0, 247_500, False), (80.0, 0, True)],
)
def test_the_slack_is_a_share_of_the_bid(bid: float, slack_micros: int, *, follows: bool) -> None:
    """80 and 24.75 % of it are 99.8, exactly the limit."""
    desk = resting()
    profile = msgspec.structs.replace(CONFIG.profile, amend_stale_micros=slack_micros)
    desk.actor.config = msgspec.structs.replace(CONFIG, profile=profile)
    assert bool(fall(desk, bid)) is follows


def test_sales_of_two_symbols_follow_each_its_own_bid_and_model() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    desk.owns("GHIUSD", "3")
    first, third = intents(desk.predict(BROKEN, CALM, BROKEN))
    entry = OrderUpdate("b", 9, "DEFUSD", Side.BUY, OrderState.OPEN, D(2), D(0), D("100.3"))
    desk.tell(entry)
    for sale in (first, third):
        name = f"id{sale.intent_no}"
        told = OrderUpdate(
            name,
            sale.intent_no,
            sale.symbol,
            Side.SELL,
            OrderState.OPEN,
            sale.quantity,
            D(0),
            D("99.8"),
        )
        desk.tell(told)
    desk.marks[0, :3] = 99.0, 99.1, 99.05
    desk.marks[2, :3] = 99.5, 99.6, 99.55
    found = amends(desk.predict(BROKEN, CALM, BROKEN, at=NOW + WAIT))
    assert [(each.cl_ord_id, each.intent.limit_price) for each in found] == [
        ("id1", D("98.9")),
        ("id2", D("99.4")),
    ]
    assert [each.intent.quantity for each in found] == [D("2.000"), D("3.000")]
    desk.marks[:, :3] -= 1.0
    found = amends(desk.predict(CALM, BROKEN, BROKEN, at=NOW + 2 * WAIT))
    assert [(each.cl_ord_id, each.intent.symbol) for each in found] == [("id2", "GHIUSD")]


@pytest.mark.parametrize(("most", "asked"), [(0, 0), (1, 1), (3, 3)])
def test_so_many_changes_and_no_more_are_asked_for(most: int, asked: int) -> None:
    desk = resting()
    profile = msgspec.structs.replace(CONFIG.profile, amends_max_count=most)
    desk.actor.config = msgspec.structs.replace(CONFIG, profile=profile)
    found = [fall(desk, 99.0 - step, at=NOW + (1 + step) * WAIT) for step in range(5)]
    assert [len(each) for each in found] == [1] * asked + [0] * (5 - asked)


def test_a_change_carries_the_verdict_that_made_it() -> None:
    (change,) = fall(resting(), 99.0)
    assert isinstance(change, AmendIntent)
    intent = change.intent
    assert (intent.p_up, intent.expected_move, intent.cost) == (380_000, 5_000, 9_500)
    assert intent.decided_at == NOW + WAIT
