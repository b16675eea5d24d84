"""What is allowed: every situation times every deed, as it comes to at the venue."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.messages.decision import Side
from actors.messages.order import SubmitOrder
from actors.messages.risk import IntentRefused, Refusal
from actors.permissions import TABLE, Deed, Situation, document
from actors.risk import ladder
from tests.books import approved, of
from tests.permission_desk import DEEDS, INTO, PermissionDesk

# In safe mode the core has stopped: tests/simulation/test_safe_mode.py drives that row.
CELLS = [(situation, deed) for situation in INTO for deed in Deed]
# Who stops a purchase when the other gates are gone. Which model may speak, and what prices are
# worth, the orders actor does not know.
BY_RISK_ALONE = [
    (Situation.REDUCING, Refusal.REDUCING_ONLY),
    (Situation.DRAWDOWN_HALT, Refusal.DRAWDOWN_HALT),
    (Situation.LOSS_LIMIT, Refusal.DAILY_LOSS_LIMIT),
    (Situation.NO_NEW_RISK, Refusal.KILL_SWITCH),
    (Situation.REDUCE_ONLY, Refusal.KILL_SWITCH),
    (Situation.FLATTEN, Refusal.KILL_SWITCH),
    (Situation.HALTED, Refusal.HALTED),
    (Situation.NO_MODEL, Refusal.NO_ACTIVE_MODEL),
    (Situation.STALE_PRICE, Refusal.STALE_PRICE),
    (Situation.UNKNOWN_ORDER, Refusal.UNKNOWN_ORDER),
]
BY_ORDERS_ALONE = [
    (Situation.REDUCING, Refusal.REDUCING_ONLY),
    (Situation.DRAWDOWN_HALT, Refusal.REDUCING_ONLY),
    (Situation.LOSS_LIMIT, Refusal.DAILY_LOSS_LIMIT),
    (Situation.NO_NEW_RISK, Refusal.KILL_SWITCH),
    (Situation.REDUCE_ONLY, Refusal.KILL_SWITCH),
    (Situation.FLATTEN, Refusal.KILL_SWITCH),
    (Situation.HALTED, Refusal.HALTED),
    (Situation.UNKNOWN_ORDER, Refusal.UNKNOWN_ORDER),
]


@pytest.mark.parametrize(("situation", "deed"), CELLS)
def test_a_deed_comes_to_what_the_table_says(situation: Situation, deed: Deed) -> None:
    desk = PermissionDesk()
    assert DEEDS[deed](desk, situation) is TABLE[situation][deed]
    desk.check()


@pytest.mark.parametrize(("situation", "reason"), BY_RISK_ALONE)
def test_risk_alone_stops_a_purchase(situation: Situation, reason: Refusal) -> None:
    desk = PermissionDesk()
    INTO[situation](desk)
    del desk.actors["strategy"], desk.actors["orders"]
    (refused,) = of(IntentRefused, desk.send(desk.wish(Side.BUY)))
    assert (refused.gate, refused.reason) == ("risk", reason)


@pytest.mark.parametrize(("situation", "reason"), BY_ORDERS_ALONE)
def test_the_orders_actor_alone_stops_a_purchase(situation: Situation, reason: Refusal) -> None:
    desk = PermissionDesk()
    INTO[situation](desk)
    del desk.actors["strategy"], desk.actors["risk"]
    told = desk.send(approved(900, Side.BUY, "0.0002", at=desk.at))
    (refused,) = of(IntentRefused, told)
    assert (refused.gate, refused.reason) == ("orders", reason)
    assert not of(SubmitOrder, told)


def test_every_situation_but_safe_mode_is_driven_through_the_actors() -> None:
    assert set(Situation) - set(INTO) == {Situation.SAFE_MODE}
    assert set(TABLE) == set(Situation)


def test_a_situation_that_stops_nobody_is_no_rung() -> None:
    with pytest.raises(ValueError, match="Active stops no entry"):
        ladder._scope(Situation.ACTIVE)


def test_the_document_shows_the_table(repository: Path) -> None:
    text = (repository / "docs" / "risk-rules.md").read_text(encoding="utf-8")
    assert document() in text
