"""The gate for changes of an exit: a ladder of its own, beside what is claimed for its order."""

from __future__ import annotations

from typing import Any

import pytest

from actors.instant import MINUTE_NS, SECOND_NS
from actors.messages.base import Message
from actors.messages.control import ActorRestarted, ConstraintViolated, KillSwitch
from actors.messages.decision import Side
from actors.messages.market import MarketFlag
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.reconciliation import ReconciliationState
from actors.messages.risk import (
    Refusal,
    TradingState,
)
from actors.risk.ladder import AMEND_LADDER, LADDER, Scope
from tests.amend_gate import NOW, D, Gate, changed


def test_what_is_left_of_an_order_may_be_sold_lower_though_nothing_is_free() -> None:
    gate = Gate()
    before = dict(gate.actor.state.reservations)
    assert gate.ask() is None
    assert gate.actor.state.reservations == before, "nothing more is claimed"
    assert gate.actor.state.last_intent_no == 2


def test_what_is_free_besides_is_not_for_the_order() -> None:
    gate = Gate()
    gate.say(changed(gate.portfolio("2.000"), ts=NOW + 1), NOW + 1)
    assert gate.ask(quantity=D("2.001")) is Refusal.NOT_HELD


def test_not_more_than_is_left_of_it() -> None:
    gate = Gate()
    gate.update(OrderState.PARTIALLY_FILLED, "0.500")
    assert gate.ask() is Refusal.NOT_HELD
    assert gate.ask(intent_no=3, quantity=D("1.500")) is None


REFUSED: list[tuple[Refusal, dict[str, Any]]] = [
    (Refusal.DECISION_TOO_OLD, {"decided_at": NOW - 3 * SECOND_NS}),
    (Refusal.DUPLICATE_INTENT, {"intent_no": 1}),
    (Refusal.INVALID_QUANTITY, {"quantity": D("1.0005")}),
    (Refusal.PRICE_OFF_TICK, {"limit_price": D("99.75")}),
    (Refusal.PRICE_COLLAR, {"limit_price": D("98.9")}),
    (Refusal.BELOW_MINIMUM, {"quantity": D("0.040")}),
    (Refusal.NOT_HELD, {"quantity": D("2.001")}),
    (Refusal.NOT_AMENDABLE, {"side": Side.BUY}),
    (Refusal.NOT_AMENDABLE, {"symbol": "DEFUSD"}),
    (Refusal.NOT_AMENDABLE, {"symbol": "ABAUSD"}),
    (Refusal.NOT_AMENDABLE, {"name": "another"}),
]


@pytest.mark.parametrize(("expected", "fields"), REFUSED)
def test_a_change_is_refused_by_the_one_rule_it_breaks(
    expected: Refusal, fields: dict[str, Any]
) -> None:
    assert Gate().ask(**fields) is expected


@pytest.mark.parametrize(
    "state", [OrderState.UNKNOWN, OrderState.CANCELLED, OrderState.REJECTED, OrderState.FILLED]
)
def test_an_order_that_is_over_or_unknown_is_not_changed(state: OrderState) -> None:
    gate = Gate()
    gate.update(state, "2.000" if state is OrderState.FILLED else "0")
    assert gate.ask() is Refusal.NOT_AMENDABLE


def test_the_ladder_of_changes_is_that_of_exits_and_a_price_that_can_be_believed() -> None:
    exits = [rung.refusal for rung in LADDER if rung.scope is not Scope.ENTRIES]
    more = [Refusal.STALE_PRICE, Refusal.MARKET_UNSOUND, Refusal.DECISION_TOO_OLD]
    order = list(Refusal)
    assert [rung.refusal for rung in AMEND_LADDER] == sorted([*exits, *more], key=order.index)


# State of the account or market, and whether an exit may be changed in it.
STATES: list[tuple[str, list[Message], Refusal | None]] = [
    ("active", [], None),
    ("kill level 1", [KillSwitch(1, "test", "")], None),
    ("kill level 2", [KillSwitch(2, "test", "")], None),
    ("kill level 3", [KillSwitch(3, "test", "")], None),
    ("halted", [ConstraintViolated("some", 7)], Refusal.HALTED),
    ("reconciling", [ReconciliationState("USD differs", differs=True)], None),
    ("an actor restarted", [ActorRestarted("features", "a bug")], None),
]


@pytest.mark.parametrize(("name", "words", "expected"), STATES)
def test_a_change_may_pass_in_every_state_that_lets_exits_go(
    name: str, words: list[Message], expected: Refusal | None
) -> None:
    gate = Gate()
    for word in words:
        gate.say(word)
    assert gate.ask() is expected


def test_a_drawdown_halt_lets_exits_follow() -> None:
    gate = Gate()
    gate.say(changed(gate.portfolio("0.000"), drawdown=300_000), NOW + 1)
    assert gate.actor.state.standing.state is TradingState.REDUCING
    assert gate.ask() is None


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (MarketFlag.STALE, Refusal.STALE_PRICE),
        (MarketFlag.CROSSED, Refusal.MARKET_UNSOUND),
        (MarketFlag.CHECKSUM, Refusal.MARKET_UNSOUND),
        (MarketFlag.GAP, None),
        (MarketFlag.VENUE_STATUS, None),
        (MarketFlag.CLOCK_SKEW, None),
        (MarketFlag.NOT_WARM, None),
    ],
)
def test_only_a_price_that_can_be_believed_is_followed(
    flag: MarketFlag, expected: Refusal | None
) -> None:
    gate = Gate()
    gate.flags[0] = int(flag)
    gate.mark(at=NOW + 1)
    assert gate.ask() is expected


def test_a_price_of_which_nothing_was_heard_lately_is_not_followed() -> None:
    assert Gate().ask(at=NOW + MINUTE_NS) is Refusal.STALE_PRICE


def test_an_entry_is_never_changed() -> None:
    gate = Gate()
    gate.update(OrderState.CANCELLED)
    gate.say(gate.portfolio("2.000"), NOW + 2)
    told = OrderUpdate("b", 9, "ABCUSD", Side.BUY, OrderState.OPEN, D(2), D(0), D("99.8"))
    gate.say(told, NOW + 2)
    assert gate.ask(name="b") is Refusal.NOT_AMENDABLE


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_change_is_judged_by_the_order_of_its_name_among_others(name: str) -> None:
    """One that is over was approved before it, one of another symbol after it."""
    gate = Gate()
    claims = gate.actor.state.reservations
    over = changed(claims["1"], cl_ord_id=name, over=True)
    other = changed(claims["1"], cl_ord_id=f"{name}{name}", symbol="DEFUSD")
    gate.actor.state.reservations = {"0": over, **claims, "2": other}
    assert gate.ask(name=name) is Refusal.NOT_AMENDABLE
    assert gate.ask(intent_no=3) is None
    assert gate.ask(intent_no=4, name=f"{name}{name}") is Refusal.NOT_AMENDABLE


def test_names_are_compared_by_what_they_say() -> None:
    """What was decoded anew is another object, and the same name."""
    assert Gate().ask(name="".join("id"), symbol="".join("ABCUSD")) is None
