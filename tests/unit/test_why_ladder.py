"""The ladder as it is explained: the rung that decides, with what was seen and demanded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from actors.instant import HOUR_NS, SECOND_NS
from actors.messages.decision import Reason, Side
from actors.messages.market import MarketFlag
from actors.messages.order import OrderState
from actors.messages.prediction import MISSING
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.strategy.scoring import scored, unscored
from service.why.ladder import Gate, Seen, figures, gates, marks, seen_of
from service.why.moment import Moment
from tests.strategy_closings import hasty, stress, waiting
from tests.strategy_desk import (
    BROKEN,
    CALM,
    CONFIG,
    FADED,
    NOW,
    STRONG,
    Desk,
    order,
    spoken,
    verdict,
)

Row = tuple[int, ...]
Closing = Callable[[Desk], object]
SILENT = (MISSING,) * 11


def nothing(_desk: Desk) -> None:
    """A sound market."""


def flag(bit: MarketFlag) -> Closing:
    return lambda desk: desk.flags.__setitem__(0, int(bit))


def mark(column: int, value: float) -> Closing:
    return lambda desk: desk.marks.__setitem__((0, column), value)


def no_model(desk: Desk) -> None:
    desk.bundle_id = ""


def unvalued(desk: Desk) -> None:
    desk.portfolio = None


def open_order(desk: Desk) -> None:
    desk.predict(STRONG)


def cooling(desk: Desk) -> None:
    desk.predict(STRONG)
    desk.tell(IntentRefused(1, "ABCUSD", Side.BUY, Refusal.POSITION_CAP, "", ""))


def held(desk: Desk) -> None:
    desk.owns("ABCUSD", "1")


def sold_a_part(desk: Desk) -> None:
    held(desk)
    desk.predict(FADED, at=NOW - HOUR_NS)
    desk.tell(order(1, OrderState.FILLED, Side.SELL, "0.5"), NOW - HOUR_NS)


def lost(desk: Desk) -> None:
    desk.owns("ABCUSD", "1", cost="200")


def reduced(desk: Desk) -> None:
    desk.owns("ABCUSD", "1", cost="200", reduced_at=NOW - HOUR_NS)


EXITS = "38 % or -40 bps and below, with a rebound of 40 % at most"
EVERY_FLAW = "gap, crossed, checksum, venue status, clock skew"
CASES: tuple[tuple[Reason, Closing, Row, str, str], ...] = (
    (Reason.NOT_LISTED, flag(MarketFlag.NOT_LISTED), STRONG, "not on the venue's list", "listed"),
    (Reason.NOT_WARM, flag(MarketFlag.NOT_WARM), STRONG, "bars are missing", "enough bars"),
    (Reason.NOT_WARM, nothing, SILENT, "no prediction for the symbol", "a prediction"),
    (Reason.NO_MODEL, no_model, STRONG, "no bundle has predicted", "one of at most 2 h"),
    (Reason.STALE, flag(MarketFlag.STALE), STRONG, "confirmed 0 ms before", "at most 2 h before"),
    (Reason.STALE, mark(0, np.nan), STRONG, "no bid and ask", "both, at most 2 h old"),
    (Reason.STALE, mark(1, np.inf), STRONG, "no bid and ask", "both, at most 2 h old"),
    (Reason.MARKET_UNSOUND, flag(MarketFlag.CLOCK_SKEW), STRONG, "clock skew", EVERY_FLAW),
    (Reason.SPREAD_TOO_WIDE, mark(4, 0.0031), STRONG, "31 bps", "20 bps"),
    (Reason.SPREAD_TOO_WIDE, mark(4, np.inf), STRONG, "unknown", "20 bps"),
    (Reason.DEPTH_TOO_THIN, mark(5, 9_999.9), STRONG, "9,999 USD", "10,000 USD"),
    (Reason.DEPTH_TOO_THIN, mark(5, np.nan), STRONG, "unknown USD", "10,000 USD"),
    (Reason.NO_PORTFOLIO, unvalued, STRONG, "no value of the account", "a value of the account"),
    (Reason.ORDER_OPEN, open_order, STRONG, "1", "0"),
    (Reason.COOLING_DOWN, cooling, STRONG, "1970-01-05 04:01:00", "1970-01-05 04:00:00"),
    (Reason.PROBABILITY_TOO_LOW, nothing, (531_000, 30_000, 0), "53.1 %", "56 %"),
    (Reason.EDGE_BELOW_COST, nothing, (700_000, 9_999, 0), "4.99 bps", "5 bps"),
    (Reason.NOT_PERSISTENT, hasty, STRONG, "1 predictions", "9"),
    (Reason.REGIME_STRESS, stress, STRONG, "stress", "any but stress"),
    (Reason.DROP_AHEAD, nothing, spoken(700_000, 30_000, downside=600_000), "60 %", "55 %"),
    (Reason.AWAITING_REBOUND, waiting, STRONG, "40 %", "50 %"),
    (Reason.THESIS_HOLDS, held, CALM, "P(up) 50 %, expected move 50 bps, rebound 40 %", EXITS),
    (Reason.THESIS_HOLDS, sold_a_part, FADED, "P(up) 50 %, expected move 0 bps, rebound 40 %",
     EXITS),
    (Reason.RECOVERY_HELD, lost, spoken(600_000, 5_000),
     "P(up) 60 % and 50 bps in a day, a loss of 50 %", "60 % holds"),
    (Reason.REDUCED_LATELY, reduced, CALM, "1 h ago", "1 d"),
    (Reason.REBOUND_CREDIBLE, held, spoken(380_000, 5_000, rebound=600_000), "60 %", "60 %"),
)  # fmt: skip


def seen(desk: Desk, at: int = NOW) -> Seen:
    actor = desk.actor
    moment = Moment(actor.config, actor.state, at, closed="", drawdown=0, halt_at=1)
    return seen_of(moment, 0, 2 * HOUR_NS)


def decided(found: tuple[Gate, ...]) -> Gate:
    (gate,) = [each for each in found if each.decided]
    return gate


@pytest.mark.parametrize(("reason", "close", "prediction", "value", "threshold"), CASES)
def test_the_rung_that_decides_is_told_with_value_and_threshold(
    reason: Reason, close: Closing, prediction: Row, value: str, threshold: str
) -> None:
    desk = Desk()
    close(desk)
    assert verdict(desk.predict(prediction))[1] is reason
    gate = decided(gates(seen(desk)))
    assert (gate.reason, gate.value, gate.threshold) == (reason.name.lower(), value, threshold)


@pytest.mark.parametrize(
    ("reason", "prediction", "value"),
    [
        (Reason.THESIS_BROKEN, BROKEN, "P(up) 38 %, expected move 50 bps, rebound 40 %"),
        (Reason.EDGE_FADED, FADED, "0 bps in an hour, a gain of 11.1111 %"),
        (Reason.EDGE_ABOVE_COST, STRONG, "205 bps"),
    ],
)
def test_a_decision_for_a_trade_is_told_from_the_state_before_its_order(
    reason: Reason, prediction: Row, value: str
) -> None:
    desk = Desk()
    if reason is not Reason.EDGE_ABOVE_COST:
        held(desk)
    # One more symbol is bought or sold; the ladder of ABCUSD is asked for before that.
    desk.predict(SILENT, at=NOW - SECOND_NS)
    desk.actor.state.predictions = np.array([spoken(*prediction), spoken(*CALM), spoken(*CALM)])
    p_up = desk.actor.state.predictions[:, 0].astype(np.int32)
    desk.actor.state.scores = scored(unscored(3), p_up, CONFIG.profile)
    gate = decided(gates(seen(desk)))
    assert (gate.reason, gate.value) == (reason.name.lower(), value)


def test_what_stands_behind_the_deciding_rung_is_told_too() -> None:
    desk = Desk()
    desk.marks[0, 4], desk.marks[0, 5] = 0.0031, 5.0
    desk.predict((531_000, 30_000, 0))
    also = [each.reason for each in gates(seen(desk)) if each.holds and not each.reached]
    assert also == ["depth_too_thin", "probability_too_low"]


def test_marks_that_are_not_known_are_none_and_flags_have_names() -> None:
    desk = Desk()
    desk.marks[0] = (np.nan, np.inf, 1.0, np.inf, np.nan, np.nan)
    desk.flags[0] = MarketFlag.STALE | MarketFlag.GAP
    desk.predict(STRONG)
    told = marks(seen(desk))
    assert (told.bid, told.ask, told.last, told.age_seconds) == (None, None, 1.0, None)
    assert (told.spread, told.depth, told.flags) == (None, None, ("stale", "gap"))
    assert figures(Reason.STALE, seen(desk))[0] == "no bid and ask"


def test_what_overrules_the_ladder_has_figures_as_well() -> None:
    desk = Desk()
    held(desk)
    desk.predict(CALM)
    desk.tell(TradingStateChanged(TradingState.REDUCING, 3, "out"))
    assert figures(Reason.FLATTEN, seen(desk)) == ("3", "3")
    assert figures(Reason.DUST, seen(desk)) == (
        "3 % of the equity",
        "0.01 ABC worth 5 USD",
    )
    assert figures(Reason.WARM_UP, seen(desk))[1] == "live data"
