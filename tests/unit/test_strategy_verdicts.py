"""Entering, as a specification: which rung decides, which order follows, and who comes first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from actors.messages.codec import encode, state_decoder
from actors.messages.decision import Action, Reason, Side, VerdictSlice
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.order import OrderState
from actors.messages.prediction import DOWNSIDE, MISSING, REBOUND, PredictionSlice
from actors.messages.risk import IntentRefused, Refusal
from actors.strategy.evaluation import ENTRY_LADDER, EXIT_LADDER
from actors.strategy.profile import StrategyProfile
from actors.strategy.state import StrategyState
from tests.strategy_closings import hasty, positive_before, stress, waiting
from tests.strategy_desk import (
    BROKEN,
    CALM,
    CONFIG,
    NOW,
    STRONG,
    D,
    Desk,
    intents,
    order,
    spoken,
    verdict,
)

# Each closes one rung of the entry ladder, in ladder order.
Closing = Callable[[Desk], object]


def flag(bit: MarketFlag) -> Closing:
    return lambda desk: desk.flags.__setitem__(0, int(desk.flags[0]) | int(bit))


def mark(column: int, value: float) -> Closing:
    return lambda desk: desk.marks.__setitem__((0, column), value)


def no_portfolio(desk: Desk) -> None:
    desk.portfolio = None


def open_order(desk: Desk) -> None:
    desk.tell(order(1, OrderState.OPEN))


def refused_before(desk: Desk) -> None:
    desk.tell(order(2, OrderState.OPEN))
    desk.tell(IntentRefused(2, "ABCUSD", Side.BUY, Refusal.HALTED, "", ""))


def no_model(desk: Desk) -> None:
    desk.bundle_id = ""


ENTRY_CASES: list[tuple[Reason, Closing, tuple[int, ...]]] = [
    (Reason.NOT_LISTED, flag(MarketFlag.NOT_LISTED), STRONG),
    (Reason.NOT_WARM, flag(MarketFlag.NOT_WARM), STRONG),
    (Reason.NOT_WARM, lambda desk: None, (MISSING, MISSING, MISSING)),
    (Reason.NO_MODEL, no_model, STRONG),
    (Reason.NO_MODEL, no_model, (MISSING, MISSING, MISSING)),
    (Reason.STALE, flag(MarketFlag.STALE), STRONG),
    (Reason.STALE, mark(0, np.nan), STRONG),
    (Reason.STALE, mark(1, np.inf), STRONG),
    (Reason.MARKET_UNSOUND, flag(MarketFlag.GAP), STRONG),
    (Reason.MARKET_UNSOUND, flag(MarketFlag.CROSSED), STRONG),
    (Reason.MARKET_UNSOUND, flag(MarketFlag.CHECKSUM), STRONG),
    (Reason.MARKET_UNSOUND, flag(MarketFlag.VENUE_STATUS), STRONG),
    (Reason.MARKET_UNSOUND, flag(MarketFlag.CLOCK_SKEW), STRONG),
    (Reason.SPREAD_TOO_WIDE, mark(4, 0.0021), STRONG),
    (Reason.SPREAD_TOO_WIDE, mark(4, np.nan), STRONG),
    (Reason.DEPTH_TOO_THIN, mark(5, 9_999.0), STRONG),
    (Reason.DEPTH_TOO_THIN, mark(5, np.nan), STRONG),
    (Reason.NO_PORTFOLIO, no_portfolio, STRONG),
    (Reason.ORDER_OPEN, open_order, STRONG),
    (Reason.COOLING_DOWN, refused_before, STRONG),
    (Reason.PROBABILITY_TOO_LOW, lambda desk: None, (559_999, 30_000, 0)),
    (Reason.PROBABILITY_TOO_LOW, positive_before, (549_999, 30_000, 0)),
    (Reason.NOT_PERSISTENT, hasty, STRONG),
    (Reason.REGIME_STRESS, stress, STRONG),
    (Reason.DROP_AHEAD, lambda desk: None, spoken(700_000, 30_000, downside=550_000)),
    (Reason.AWAITING_REBOUND, waiting, spoken(700_000, 30_000, rebound=499_999)),
    (Reason.EDGE_BELOW_COST, lambda desk: None, (700_000, 9_999, 0)),
]


@pytest.mark.parametrize(("reason", "close", "prediction"), ENTRY_CASES)
def test_each_closed_gate_is_the_reason_not_to_enter(
    reason: Reason, close: Closing, prediction: tuple[int, ...]
) -> None:
    desk = Desk()
    close(desk)
    effects = desk.predict(prediction)
    assert verdict(effects) == (Action.NO_ENTRY, reason)
    assert intents(effects) == []


def test_the_thresholds_themselves_let_an_entry_pass() -> None:
    # cost = 2 x 4,000 fee + 500 slippage + 1,000 spread = 9,500; margin 500.
    desk = Desk()
    desk.marks[0, 5] = 10_000.0
    effects = desk.predict((560_000, 10_000, 0))
    assert verdict(effects) == (Action.ENTER, Reason.EDGE_ABOVE_COST)
    row = effects[0].rows[0].tolist()  # type: ignore[attr-defined]
    assert row[2:8] == [560_000, 10_000, 9_500, 500, 1, 1]


def test_the_first_closed_gate_decides_when_all_are_closed() -> None:
    """Everything is wrong; as it is repaired from the top, reasons appear in ladder order."""
    for first, expected in enumerate(ENTRY_LADDER[:-1]):
        desk = Desk()
        worst = list(spoken(*STRONG))
        for reason, close, prediction in ENTRY_CASES:
            if reason in ENTRY_LADDER[first:]:
                close(desk)
                said = spoken(*prediction) if len(prediction) == 3 else prediction
                if MISSING not in said:
                    likely = max(worst[DOWNSIDE], said[DOWNSIDE])
                    worst = [min(pair) for pair in zip(worst, said, strict=True)]
                    worst[DOWNSIDE] = likely
        worst[REBOUND] = 0
        if ENTRY_LADDER.index(expected) > ENTRY_LADDER.index(Reason.DROP_AHEAD):
            worst[DOWNSIDE] = 0
        assert verdict(desk.predict(tuple(worst))) == (Action.NO_ENTRY, expected)


def test_the_ladders_list_every_reason_once_in_the_order_of_the_contract() -> None:
    assert len(dict.fromkeys(ENTRY_LADDER)) == len(ENTRY_LADDER)
    entries, exits = list(ENTRY_LADDER), list(EXIT_LADDER)
    assert [each for each in entries if each in exits] == [
        each for each in exits if each in entries
    ]
    assert [reason for reason, *_ in ENTRY_CASES] == sorted(
        (reason for reason, *_ in ENTRY_CASES), key=ENTRY_LADDER.index
    )


def test_before_the_first_prediction_nothing_is_warm() -> None:
    desk = Desk()
    assert verdict(desk.beat(NOW)) == (Action.NO_ENTRY, Reason.NOT_WARM)


def test_a_heartbeat_decides_with_the_last_prediction_until_it_is_too_old() -> None:
    desk = Desk()
    desk.predict((100_000, 0, 0))
    age = CONFIG.profile.prediction_max_age_ns
    assert verdict(desk.beat(NOW + age))[1] is Reason.PROBABILITY_TOO_LOW
    assert verdict(desk.beat(NOW + age + 1))[1] is Reason.NO_MODEL


def test_warm_up_slices_decide_nothing_but_their_prediction_is_kept_for_the_first_heartbeat() -> (
    None
):
    desk = Desk()
    before = encode(desk.actor.state)
    assert desk.tell(MarkSlice(NOW, desk.marks, desk.flags, warm_up=True, heartbeat=True)) == ()
    assert encode(desk.actor.state) == before
    strong = np.array([spoken(*STRONG)] * 3, dtype=np.int32)
    assert desk.tell(PredictionSlice(NOW, "bundle", strong, warm_up=True)) == ()
    (verdicts,) = desk.tell(MarkSlice(NOW, desk.marks, desk.flags, heartbeat=True))
    assert isinstance(verdicts, VerdictSlice)
    assert verdicts.rows[:, 2].tolist() == [STRONG[0]] * 3


def test_an_entry_asks_for_the_base_fraction_at_the_collared_ask_rounded_for_the_buyer() -> None:
    desk = Desk()
    (intent,) = intents(desk.predict(STRONG))
    assert intent.side is Side.BUY
    assert intent.action is Action.ENTER
    assert intent.reason is Reason.EDGE_ABOVE_COST
    assert (intent.notional, intent.quantity) == (D("300.00"), D(0))
    assert intent.limit_price == D("100.3")  # 100.1 x 1.002 = 100.3002
    assert intent.reference_price == D("100.1")
    assert (intent.decided_at, intent.p_up, intent.expected_move) == (NOW, 700_000, 30_000)


def test_entries_come_by_falling_edge_and_then_by_index() -> None:
    desk = Desk()
    found = intents(desk.predict((700_000, 20_000, 0), (600_000, 40_000, 0), (700_000, 20_000, 0)))
    assert [intent.symbol for intent in found] == ["DEFUSD", "ABCUSD", "GHIUSD"]
    assert [intent.intent_no for intent in found] == [1, 2, 3]


def test_exits_come_before_entries() -> None:
    desk = Desk()
    desk.owns("GHIUSD", "2")
    found = intents(desk.predict(STRONG, CALM, BROKEN))
    assert [(intent.symbol, intent.side) for intent in found] == [
        ("GHIUSD", Side.SELL),
        ("ABCUSD", Side.BUY),
    ]


def test_every_evaluation_gives_one_sealed_verdict_for_all_symbols() -> None:
    desk = Desk()
    effects = desk.predict(STRONG, ts=NOW - 1)
    (found,) = [each for each in effects if isinstance(each, VerdictSlice)]
    assert found.rows.shape == (3, 14)
    assert found.rows.dtype == np.dtype("<i4")
    assert not found.rows.flags.writeable
    assert (found.ts, found.prediction_ts) == (NOW, NOW - 1)


def test_extreme_predictions_saturate_instead_of_wrapping() -> None:
    desk = Desk()
    lowest = (-(2**31) + 1, -(2**31) + 1, 0)
    highest = (2**31 - 1, 2**31 - 1, 0)
    (found,) = [each for each in desk.predict(lowest, highest) if isinstance(each, VerdictSlice)]
    assert found.rows[0].tolist()[2:6] == [-(2**31) + 1, -(2**31) + 1, 9_500, -(2**31) + 1]
    assert found.rows[1].tolist()[5] == 2**31 - 1 - 9_500


def test_the_state_survives_a_snapshot_with_an_order_open() -> None:
    desk = Desk()
    desk.predict(STRONG)
    data = encode(desk.actor.state)
    restored: StrategyState = state_decoder(StrategyState).decode(data)
    assert encode(restored) == data


@pytest.mark.parametrize(
    "wrong",
    [
        {"exit_p_up_micros": 560_000},
        {"strong_p_up_micros": 559_999},
        {"strong_exit_p_up_micros": StrategyProfile().exit_p_up_micros + 1},
        {"exit_move_micros": 1},
        {"partial_exit_micros": 1_000_000},
        {"collar_micros": -1},
        {"base_fraction_micros": 0},
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        StrategyProfile(**wrong)
