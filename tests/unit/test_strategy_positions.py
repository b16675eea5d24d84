"""Holding and leaving, as a specification: what is sold, when, and what never is a reason."""

from __future__ import annotations

import numpy as np
import pytest

from actors.instant import HOUR_NS, MINUTE_NS
from actors.messages.decision import Action, Reason, Side
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.order import OrderState, RetryDue, RetryPlanned
from actors.messages.prediction import MISSING
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
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
    order,
    portfolio,
    position,
    spoken,
    verdict,
)

EXIT_CASES = [
    ("the thesis holds", CALM, "2", None, Action.HOLD, Reason.THESIS_HOLDS, None),
    ("a strong signal adds nothing", STRONG, "2", None, Action.HOLD, Reason.THESIS_HOLDS, None),
    ("improbable", BROKEN, "2", None, Action.EXIT, Reason.THESIS_BROKEN, "2.000"),
    ("fall", (700_000, -4_000, 0), "2", None, Action.EXIT, Reason.THESIS_BROKEN, "2.000"),
    ("barely", (440_001, -3_999, 0), "2", None, Action.PARTIAL_EXIT, Reason.EDGE_FADED, "1.000"),
    ("only what is free", BROKEN, "2", "1.5", Action.EXIT, Reason.THESIS_BROKEN, "1.500"),
    ("nothing free", BROKEN, "2", "0", Action.HOLD, Reason.DUST, None),
    ("off the lot", BROKEN, "2.0009", None, Action.EXIT, Reason.THESIS_BROKEN, "2.000"),
    ("faded", FADED, "2", None, Action.PARTIAL_EXIT, Reason.EDGE_FADED, "1.000"),
    ("just not faded", (500_000, 1, 0), "2", None, Action.HOLD, Reason.THESIS_HOLDS, None),
    ("half is dust", FADED, "0.09", None, Action.EXIT, Reason.EDGE_FADED, "0.090"),
    ("all is dust", BROKEN, "0.04", None, Action.HOLD, Reason.DUST, None),
    ("silent", (MISSING,) * 11, "2", None, Action.HOLD, Reason.NOT_WARM, None),
]


@pytest.mark.parametrize(
    ("name", "prediction", "quantity", "free", "action", "reason", "sold"), EXIT_CASES
)
def test_a_position_is_held_or_sold_by_its_prediction(
    name: str,
    prediction: tuple[int, ...],
    quantity: str,
    free: str | None,
    action: Action,
    reason: Reason,
    sold: str | None,
) -> None:
    desk = Desk()
    desk.owns("ABCUSD", quantity)
    desk.portfolio = portfolio(position("ABCUSD", quantity, free))
    effects = desk.predict(prediction)
    assert verdict(effects) == (action, reason)
    found = intents(effects)
    assert [intent.quantity for intent in found] == ([] if sold is None else [D(sold)])
    for intent in found:
        assert intent.side is Side.SELL
        assert intent.limit_price == D("99.8")  # 100 x 0.998
        assert (intent.action, intent.reason) == (action, reason)


def test_without_a_model_there_is_no_automatic_exit() -> None:
    desk = Desk()
    desk.bundle_id = ""
    desk.owns("ABCUSD", "2")
    assert verdict(desk.predict(BROKEN)) == (Action.HOLD, Reason.NO_MODEL)


@pytest.mark.parametrize(
    ("bit", "action"),
    [
        (MarketFlag.STALE, Action.HOLD),
        (MarketFlag.CROSSED, Action.HOLD),
        (MarketFlag.CHECKSUM, Action.HOLD),
        (MarketFlag.NOT_LISTED, Action.HOLD),
        (MarketFlag.GAP, Action.EXIT),
        (MarketFlag.VENUE_STATUS, Action.EXIT),
        (MarketFlag.CLOCK_SKEW, Action.EXIT),
    ],
)
def test_an_exit_needs_a_bid_that_can_be_believed_and_no_more(
    bit: MarketFlag, action: Action
) -> None:
    desk = Desk()
    desk.flags[0] = int(bit)
    desk.owns("ABCUSD", "2")
    assert verdict(desk.predict(BROKEN))[0] is action


@pytest.mark.parametrize(
    ("cost", "prediction", "reason"),
    [
        ("235", CALM, Reason.THESIS_HOLDS),
        ("20000", spoken(500_000, 5_000, p_h24=600_000), Reason.RECOVERY_HELD),
    ],
)
def test_neither_a_loss_nor_time_alone_ends_a_position(
    cost: str, prediction: tuple[int, ...], reason: Reason
) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2", cost=cost)
    for hours in range(0, 5_000, 500):
        effects = desk.predict(prediction, at=NOW + hours * HOUR_NS)
        assert verdict(effects) == (Action.HOLD, reason)


def test_a_partial_exit_happens_once_until_its_reentry() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    (first,) = intents(desk.predict(FADED))
    assert verdict(desk.predict(FADED)) == (Action.HOLD, Reason.ORDER_OPEN)
    desk.tell(order(first.intent_no, OrderState.FILLED, Side.SELL, "1"))
    desk.portfolio = portfolio(position("ABCUSD", "1"))
    assert verdict(desk.predict(FADED)) == (Action.HOLD, Reason.THESIS_HOLDS)
    desk.portfolio = portfolio()
    desk.predict(FADED, at=NOW + 1)
    desk.owns("ABCUSD", "3")
    assert verdict(desk.predict(FADED, at=NOW + HOUR_NS))[0] is Action.PARTIAL_EXIT


def test_a_partial_exit_that_sold_nothing_does_not_count() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    (first,) = intents(desk.predict(FADED))
    desk.tell(order(first.intent_no, OrderState.EXPIRED, Side.SELL))
    assert verdict(desk.predict(FADED)) == (Action.HOLD, Reason.COOLING_DOWN)
    assert verdict(desk.predict(FADED, at=NOW + MINUTE_NS))[0] is Action.PARTIAL_EXIT


def test_a_fill_cools_entries_and_leaves_exits_free() -> None:
    desk = Desk()
    (entry,) = intents(desk.predict(STRONG))
    desk.tell(order(entry.intent_no, OrderState.FILLED, filled="1"))
    assert verdict(desk.predict(STRONG)) == (Action.NO_ENTRY, Reason.COOLING_DOWN)
    desk.owns("ABCUSD", "2")
    assert verdict(desk.predict(BROKEN))[0] is Action.EXIT


def test_a_cool_down_ends_at_its_instant() -> None:
    desk = Desk()
    (entry,) = intents(desk.predict(STRONG))
    desk.tell(IntentRefused(entry.intent_no, "ABCUSD", Side.BUY, Refusal.POSITION_CAP, "", ""))
    until = NOW + CONFIG.profile.cool_down_refusal_ns
    assert verdict(desk.predict(STRONG, at=until - 1))[1] is Reason.COOLING_DOWN
    assert verdict(desk.predict(STRONG, at=until))[0] is Action.ENTER


def test_an_order_of_unknown_outcome_blocks_entries_and_frees_exits() -> None:
    desk = Desk()
    (entry,) = intents(desk.predict(STRONG))
    desk.tell(order(entry.intent_no, OrderState.UNKNOWN))
    assert verdict(desk.predict(STRONG)) == (Action.NO_ENTRY, Reason.ORDER_OPEN)
    desk.owns("ABCUSD", "2")
    desk.portfolio = portfolio(position("ABCUSD", "2", "1"))
    (leave,) = intents(desk.predict(BROKEN))
    assert leave.quantity == D("1.000")


def kill(level: int) -> TradingStateChanged:
    return TradingStateChanged(TradingState.REDUCING, level, "operator")


def test_kill_level_three_sells_every_position_at_once_and_keeps_trying() -> None:
    desk = Desk()
    desk.bundle_id = ""
    desk.owns("ABCUSD", "2")
    desk.owns("GHIUSD", "1")
    desk.predict()
    assert desk.tell(kill(2)) == ()
    found = intents(desk.tell(kill(3)))
    assert [(intent.symbol, intent.quantity) for intent in found] == [
        ("ABCUSD", D("2.000")),
        ("GHIUSD", D("1.000")),
    ]
    assert intents(desk.beat(NOW + 1)) == []
    desk.tell(order(1, OrderState.EXPIRED, Side.SELL))
    (again,) = intents(desk.beat(NOW + 2))
    assert again.symbol == "ABCUSD"


def test_flattening_uses_a_stale_bid_but_never_no_bid() -> None:
    desk = Desk()
    desk.flags[:] = int(MarketFlag.STALE)
    desk.marks[2, 0] = np.nan
    desk.owns("ABCUSD", "2")
    desk.owns("GHIUSD", "1")
    desk.predict()
    assert [intent.symbol for intent in intents(desk.tell(kill(3)))] == ["ABCUSD"]


def test_a_planned_retry_waits_for_its_time_and_decides_anew_at_todays_price() -> None:
    """Neither a heartbeat nor a prediction comes before it; the intent is another one."""
    desk = Desk()
    (first,) = intents(desk.predict(STRONG))
    desk.tell(order(first.intent_no, OrderState.REJECTED))
    desk.tell(RetryPlanned("ABCUSD", Side.BUY, 2, NOW + 2 * MINUTE_NS))
    assert verdict(desk.predict(STRONG, at=NOW + 90 * 10**9))[1] is Reason.COOLING_DOWN
    desk.marks[:, :3] += 1.0
    desk.tell(MarkSlice(NOW + 2 * MINUTE_NS, desk.marks, desk.flags))
    effects = desk.tell(RetryDue("ABCUSD", Side.BUY, 2), NOW + 2 * MINUTE_NS)
    (again,) = intents(effects)
    assert again.intent_no > first.intent_no
    assert again.decided_at == NOW + 2 * MINUTE_NS
    assert again.limit_price > first.limit_price


def test_a_retry_whose_reason_is_gone_is_no_intent() -> None:
    """And one of a symbol outside the run is nobody's."""
    desk = Desk()
    (first,) = intents(desk.predict(STRONG))
    desk.tell(order(first.intent_no, OrderState.REJECTED))
    desk.tell(RetryPlanned("ABCUSD", Side.BUY, 1, NOW + MINUTE_NS))
    desk.predict(CALM, at=NOW + 59 * 10**9)
    assert not intents(desk.tell(RetryDue("ABCUSD", Side.BUY, 1), NOW + MINUTE_NS))
    desk.tell(RetryPlanned("ZZZUSD", Side.SELL, 1, NOW + MINUTE_NS))
    assert not intents(desk.tell(RetryDue("ZZZUSD", Side.SELL, 1), NOW + MINUTE_NS))
