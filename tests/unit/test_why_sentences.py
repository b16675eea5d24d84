"""Every reason and every refusal has a sentence with its units; one that is added needs one."""

from __future__ import annotations

import pytest

from actors.messages.decision import Action, Reason
from actors.messages.prediction import MISSING
from actors.messages.risk import Refusal
from service.why import ladder
from service.why.sentences import ACTIONS, REASONS, REFUSALS, reason_sentence, refusal_sentence
from service.why.units import as_instant, basis_points, flags, lasting, number, percent, whole

REASON_CASES = (
    (Reason.EDGE_ABOVE_COST, "31 bps", "5 bps",
     "worth its cost: the edge after all costs is 31 bps, at least 5 bps"),
    (Reason.EDGE_FADED, "-2 bps", "0 bps",
     "the edge has faded: the expected move is -2 bps, at most 0 bps"),
    (Reason.THESIS_BROKEN, "P(up) 40 %", "44 % and below",
     "the thesis is broken: P(up) 40 %; sold at 44 % and below"),
    (Reason.THESIS_HOLDS, "P(up) 60 %", "44 % and below",
     "the thesis holds: P(up) 60 %; sold at 44 % and below"),
    (Reason.FLATTEN, "3", "3", "told to flatten: kill level 3; from 3 on all is sold"),
    (Reason.NOT_LISTED, "not on the venue's list", "listed",
     "not listed: not on the venue's list; needed listed"),
    (Reason.NOT_WARM, "bars are missing", "enough bars",
     "not warm yet: bars are missing; needed enough bars"),
    (Reason.NO_MODEL, "a prediction of 3 h", "one of at most 2 h",
     "no model speaks: a prediction of 3 h; needed one of at most 2 h"),
    (Reason.STALE, "confirmed 3 h before", "at most 2 h before",
     "no fresh price: confirmed 3 h before; needed at most 2 h before"),
    (Reason.MARKET_UNSOUND, "gap", "gap, crossed",
     "market data unsound: gap; there may be none of gap, crossed"),
    (Reason.SPREAD_TOO_WIDE, "31 bps", "20 bps", "spread too wide: 31 bps, at most 20 bps"),
    (Reason.DEPTH_TOO_THIN, "9,999 USD", "10,000 USD",
     "depth too thin: 9,999 USD, at least 10,000 USD"),
    (Reason.PROBABILITY_TOO_LOW, "53.1 %", "56 %", "probability too low: 53.1 % is below 56 %"),
    (Reason.EDGE_BELOW_COST, "-46.46 bps", "5 bps",
     "not worth its cost: the edge after all costs is -46.46 bps, below 5 bps"),
    (Reason.ORDER_OPEN, "1", "0", "an order is open: 1 open, at most 0"),
    (Reason.COOLING_DOWN, "2026-01-01 10:05:00", "2026-01-01 10:00:00",
     "cooling down: until 2026-01-01 10:05:00; it was 2026-01-01 10:00:00"),
    (Reason.WARM_UP, "history", "live data", "history only: history; decided is live data"),
    (Reason.DUST, "2 % of the equity", "0.1 BTC worth 5 USD",
     "too small to buy: 2 % of the equity; the venue takes 0.1 BTC worth 5 USD"),
    (Reason.NO_PORTFOLIO, "no value", "a value", "account not valued: no value; needed a value"),
    (Reason.NOT_PERSISTENT, "1 predictions", "2",
     "not good for long enough: 1 predictions, at least 2"),
    (Reason.REGIME_STRESS, "stress", "any but stress",
     "the market is under stress: stress; needed any but stress"),
    (Reason.DROP_AHEAD, "60 %", "55 %", "a drop is likely: odds 60 %, waited for from 55 % on"),
    (Reason.AWAITING_REBOUND, "40 %", "50 %", "waiting for a rebound: odds 40 %, at least 50 %"),
    (Reason.REENTRY, "30 bps", "above 0 bps", "the edge is back: 30 bps, above 0 bps"),
    (Reason.CATASTROPHE_STOP, "a loss of 50 %", "a loss of 50 %",
     "catastrophe stop: a loss of 50 %; sold at a loss of 50 %"),
    (Reason.RECOVERY_HOPELESS, "P(up) 30 %", "35 %",
     "no recovery in sight: P(up) 30 %; sold at 35 %"),
    (Reason.RECOVERY_HELD, "P(up) 61 %", "60 % holds",
     "a credible recovery: P(up) 61 %; 60 % holds"),
    (Reason.RECOVERY_REDUCED, "P(up) 50 %", "60 % holds",
     "reduced in recovery: P(up) 50 %; 60 % holds"),
    (Reason.REDUCED_LATELY, "2 h ago", "24 h", "reduced lately: 2 h ago; again after 24 h"),
    (Reason.REBOUND_CREDIBLE, "61 %", "60 %",
     "a rebound is credible: odds 61 %, held from 60 % on"),
    (Reason.THESIS_MIXED, "P(up) 43 %", "44 %", "the thesis is mixed: P(up) 43 %; reduced at 44 %"),
    (Reason.BUDGET_USED, "0.50", "some USD", "the budget is used: room for 0.50; needed some USD"),
)  # fmt: skip
REFUSAL_CASES = (
    (Refusal.HALTED, "hold", "reactivation", "halted: hold; needed reactivation"),
    (Refusal.KILL_SWITCH, "2", "0", "kill switch: level 2, entries need 0"),
    (Refusal.REDUCING_ONLY, "reducing", "reactivation",
     "only reducing after a drawdown halt: reducing; needed reactivation"),
    (Refusal.RECONCILING, "read", "the venue and we agree",
     "reconciling with the venue: read; needed the venue and we agree"),
    (Refusal.UNGUARDED, "a maintenance", "a switch that may be armed",
     "the switch may not be armed: a maintenance; needed a switch that may be armed"),
    (Refusal.UNKNOWN_ORDER, "BTC/USD", "no unknown order",
     "an order is of unknown outcome: BTC/USD; needed no unknown order"),
    (Refusal.UNKNOWN_SYMBOL, "X/USD", "a symbol of the run",
     "unknown symbol: X/USD; needed a symbol of the run"),
    (Refusal.CURRENCY_RATE_STALE, "301000000000", "300000000000",
     "no rate of its currency of late: 5 min 1 s, at most 5 min"),
    (Refusal.DEPEGGED, "12000", "10000", "off its peg: 1.2 % off a dollar, at most 1 %"),
    (Refusal.NO_PORTFOLIO, "20000", "10000",
     "account not valued: unmarked 2 %; allowed 1 %"),
    (Refusal.STALE_PRICE, "7261000000000", "7200000000000",
     "no fresh price: 2 h 1 min; needed at most 2 h"),
    (Refusal.MARKET_UNSOUND, "12", "0", "market data unsound: gap, crossed; allowed none"),
    (Refusal.ACTOR_RESTARTING, "1767261600000000000", "after 1767265200000000000",
     "an actor lost a message: 2026-01-01 10:00:00; decided again after 2026-01-01 11:00:00"),
    (Refusal.NO_ACTIVE_MODEL, "none", "an activated model",
     "no model may speak: predicted by none; needed an activated model"),
    (Refusal.PREDICTION_TOO_OLD, "7260000000000", "7200000000000",
     "prediction too old: 2 h 1 min, at most 2 h"),
    (Refusal.VOLATILITY_UNKNOWN, "none", "7200000000000",
     "no volatility of late: none, at most 2 h"),
    (Refusal.DECISION_TOO_OLD, "2500000000", "2000000000",
     "decision too old: 2 s, at most 2 s"),
    (Refusal.DRAWDOWN_HALT, "213000", "200000",
     "drawdown halt: drawdown 21.3 %, halted from 20 %"),
    (Refusal.CAPITAL_FLOOR, "4999.90", "above 5000",
     "at the capital floor: the account is worth 4999.90 USD; needed above 5000 USD"),
    (Refusal.DAILY_LOSS_LIMIT, "31000", "below 30000",
     "lost enough for a day: 3.1 % of its best today; needed below 3 %"),
    (Refusal.DUPLICATE_INTENT, "7", "above 7", "intent told twice: number 7; needed above 7"),
    (Refusal.INVALID_QUANTITY, "0.3", "a positive multiple of 0.2",
     "not a quantity of the venue's: 0.3; needed a positive multiple of 0.2"),
    (Refusal.PRICE_OFF_TICK, "1.05", "a positive multiple of 0.1",
     "price off the tick: 1.05; needed a positive multiple of 0.1"),
    (Refusal.PRICE_COLLAR, "103", "102.5",
     "price beyond the collar: 103 USD; the bound is 102.5 USD"),
    (Refusal.SPREAD_TOO_WIDE, "2500.0", "2000", "spread too wide: 25 bps, at most 20 bps"),
    (Refusal.DEPTH_TOO_THIN, "9000.0", "10000",
     "depth too thin: 9000.0 USD, at least 10000 USD"),
    (Refusal.EDGE_BELOW_COST, "120", "500",
     "not worth its cost: the edge after all costs is 1.2 bps, below 5 bps"),
    (Refusal.COOLING_AFTER_LOSS, "60000000000", "above 900000000000",
     "resting after a loss: 1 min since then; needed above 15 min"),
    (Refusal.ORDER_RATE, "21", "20", "too many entries in a minute: 21, at most 20"),
    (Refusal.MAX_POSITIONS, "11", "10", "too many positions: 11, at most 10"),
    (Refusal.POSITION_RISK, "300.00", "4.99",
     "risk of one position: 300.00 USD wanted, room for 4.99 USD"),
    (Refusal.POSITION_CAP, "200", "3.20", "position cap: 200 USD wanted, room for 3.20 USD"),
    (Refusal.EXPOSURE_CAP, "200", "3.20", "exposure cap: 200 USD wanted, room for 3.20 USD"),
    (Refusal.CLUSTER_CAP, "200", "3.20", "cluster cap: 200 USD wanted, room for 3.20 USD"),
    (Refusal.QUOTE_CAP, "200", "3.20",
     "cap of the quote currency: 200 USD wanted, room for 3.20 USD"),
    (Refusal.INSUFFICIENT_CASH, "200", "3.20",
     "not enough free cash: 200 USD against 3.20 USD"),
    (Refusal.BELOW_MINIMUM, "0.001", "0.01 and worth 5",
     "below the venue's minimum: 0.001 BTC, at least 0.01 BTC and worth 5 USD"),
    (Refusal.NOT_HELD, "2", "1.5", "not held free: 2 BTC against 1.5 BTC"),
    (Refusal.NOT_AMENDABLE, "an entry", "an exit", "not to be changed: an entry; needed an exit"),
    (Refusal.AMENDED_LATELY, "3000000000", "15000000000",
     "changed lately: 3 s since the last, at least 15 s"),
    (Refusal.NOTIONAL_RAISED, "101", "below 100",
     "a change may only lower: 101 USD; needed below 100 USD"),
)  # fmt: skip


@pytest.mark.parametrize(("reason", "value", "limit", "sentence"), REASON_CASES)
def test_a_reason_is_told_with_value_and_threshold(
    reason: Reason, value: str, limit: str, sentence: str
) -> None:
    assert reason_sentence(reason, value, limit) == sentence
    assert reason_sentence(reason) == sentence.partition(":")[0]


@pytest.mark.parametrize(("refusal", "value", "limit", "sentence"), REFUSAL_CASES)
def test_a_refusal_is_told_with_its_units(
    refusal: Refusal, value: str, limit: str, sentence: str
) -> None:
    assert refusal_sentence(refusal.value, value, limit, "BTC/USD") == sentence


def test_no_member_is_without_a_sentence() -> None:
    assert [case[0] for case in REASON_CASES] == list(Reason) == list(REASONS)
    assert [case[0] for case in REFUSAL_CASES] == list(Refusal) == list(REFUSALS)
    assert list(ACTIONS) == list(Action)
    assert sorted(ladder.FIGURES) == sorted(Reason)


def test_words_in_place_of_figures_stay_words() -> None:
    assert refusal_sentence("stale_price", "none", "a bid and an ask", "BTC/USD") == (
        "no fresh price: none; needed at most a bid and an ask"
    )
    assert refusal_sentence("amended_lately", "360", "below 360", "BTC/USD") == (
        "changed lately: 360 changes; needed below 360"
    )


def test_a_refusal_of_another_version_keeps_its_word_and_moves_no_cursor() -> None:
    assert refusal_sentence("new\x1b[2J_gate", "1", "2") == "new�[2J_gate: 1; needed 2"


def test_figures_are_written_exactly() -> None:
    assert (percent(531_000), percent(1), percent(-5)) == ("53.1 %", "0.0001 %", "-0.0005 %")
    assert (basis_points(3_100), basis_points(-41)) == ("31 bps", "-0.41 bps")
    assert (percent(MISSING), basis_points(MISSING)) == ("unknown", "unknown")
    told = [lasting(each) for each in (0, 1_500_000, -90 * 10**9, 93_784 * 10**9)]
    assert told == ["0 ms", "1.5 ms", "-1 min 30 s", "1 d 2 h"]
    assert (number(0.1), number(float("nan"))) == ("0.1", "unknown")
    assert (whole(9_999.99), whole(float("inf"))) == ("9,999", "unknown")
    assert (flags(0), flags(129)) == ("none", "not listed, clock skew")
    assert as_instant("never") == "never"
