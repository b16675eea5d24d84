"""What the strategy takes from single messages: runs, rules, fees, profiles, unpriced marks."""

from __future__ import annotations

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.control import FeeTier, FeeTierRead, Note, PairRulesChanged, RunStarted
from actors.messages.decision import VERDICT_COLUMNS, Action, Reason, VerdictSlice
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.profile import ProfileInForce
from actors.messages.risk import TradingState, TradingStateChanged
from actors.strategy.actor import StrategyActor
from actors.strategy.campaigns import Campaign
from actors.strategy.profile import StrategyProfile
from actors.strategy.state import StrategyState
from tests.strategy_desk import (
    BROKEN,
    CALM,
    CONFIG,
    NOW,
    STRONG,
    SYMBOLS,
    D,
    Desk,
    intents,
    verdict,
)

COST = VERDICT_COLUMNS.index("cost")


def started(*symbols: str) -> RunStarted:
    return RunStarted("run", "account", "PAPER", 1, symbols, "", "", "", "", "", "", "")


def costs(desk: Desk) -> list[int]:
    (found,) = [each for each in desk.predict(CALM) if isinstance(each, VerdictSlice)]
    return [int(each) for each in found.rows[:, COST]]


@pytest.mark.parametrize(
    "symbols", [SYMBOLS[:2], SYMBOLS[::-1], (*SYMBOLS, "ZZZUSD"), ("ZZZUSD",), ("AAAUSD",), ()]
)
def test_a_run_of_other_symbols_is_a_bug(symbols: tuple[str, ...]) -> None:
    desk = Desk()
    desk.tell(started(*SYMBOLS))
    with pytest.raises(AssertionError):
        desk.tell(started(*symbols))


def in_force(profile: StrategyProfile) -> ProfileInForce:
    text = msgspec.json.encode(profile, order="deterministic").decode()
    return ProfileInForce(1, "{}", text)


@pytest.mark.parametrize("slippage", [500, 700, 100, 0])
def test_a_profiles_slippage_is_paid_beside_the_fees_that_were_told(slippage: int) -> None:
    """Those of the rules are 0.4 %; the second symbol's were told to be 0.1 %."""
    desk = Desk()
    profile = msgspec.structs.replace(CONFIG.profile, slippage_micros=slippage)
    desk.tell(in_force(profile))
    assert costs(desk) == [9_000 + slippage] * 3
    desk.tell(FeeTierRead(NOW, (FeeTier("DEFUSD", D("0.0010"), D("0.0005")),)))
    assert costs(desk) == [9_000 + slippage, 3_000 + slippage, 9_000 + slippage]
    desk.tell(in_force(CONFIG.profile))
    assert costs(desk) == [9_500, 3_500, 9_500]
    desk.tell(in_force(profile))
    assert costs(desk) == [9_000 + slippage, 3_000 + slippage, 9_000 + slippage]


@pytest.mark.parametrize(("symbol", "cheap"), [("ABCUSD", 0), ("GHIUSD", 2), ("ODDUSD", None)])
def test_fees_are_those_of_the_symbol_that_they_were_told_of(
    symbol: str, cheap: int | None
) -> None:
    desk = Desk()
    desk.tell(FeeTierRead(NOW, (FeeTier(symbol, D("0.0010"), D("0.0005")),)))
    assert costs(desk) == [3_500 if index == cheap else 9_500 for index in range(3)]


def test_a_profile_in_force_outlives_the_process() -> None:
    desk = Desk()
    desk.tell(in_force(msgspec.structs.replace(CONFIG.profile, slippage_micros=700)))
    state: StrategyState = desk.actor.state
    desk.actor = StrategyActor(CONFIG, state)
    desk.actor.resume(state)
    assert costs(desk) == [9_700] * 3


@pytest.mark.parametrize(
    ("symbol", "tick", "price"),
    [("ABCUSD", "0.5", "100.0"), ("GHIUSD", "0.5", "100.0"), ("ZZZUSD", "0.5", "100.3")],
)
def test_an_entry_is_priced_by_the_rules_that_its_own_pair_has_now(
    symbol: str, tick: str, price: str
) -> None:
    desk = Desk()
    rules = PairRulesChanged(symbol, D(tick), D("0.001"), D("0.01"), D("5"), NOW, "the venue")
    desk.tell(rules)
    found = {each.symbol: each.limit_price for each in intents(desk.predict(*[STRONG] * 3))}
    assert found.pop(symbol, D(price)) == D(price)
    assert list(found.values()) == [D("100.3")] * len(found)


def test_new_rules_call_a_position_dust_at_once() -> None:
    desk = Desk()
    desk.owns("DEFUSD", "0.5")
    desk.predict(CALM)
    assert desk.actor.state.held.tolist() == [0, 1, 0]
    rules = PairRulesChanged("DEFUSD", D("0.1"), D("0.001"), D("0.6"), D("5"), NOW, "the venue")
    desk.tell(rules)
    assert desk.actor.state.held.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("flag", "recovers"),
    [
        (MarketFlag(0), True),
        (MarketFlag.STALE, False),
        (MarketFlag.CROSSED, False),
        (MarketFlag.CHECKSUM, False),
        (MarketFlag.STALE | MarketFlag.CHECKSUM, False),
        (MarketFlag.GAP, True),
        (MarketFlag.NOT_LISTED, True),
        (MarketFlag.VENUE_STATUS, True),
        (MarketFlag.NOT_WARM, True),
        (MarketFlag.CLOCK_SKEW, True),
    ],
)
def test_a_loss_is_severe_only_at_a_bid_that_can_be_believed(
    flag: MarketFlag, *, recovers: bool
) -> None:
    for symbol in ("ABCUSD", "GHIUSD"):
        desk = Desk()
        desk.owns(symbol, "2", cost="400")
        desk.flags[:] = int(flag)
        desk.predict(CALM)
        since = desk.actor.state.campaigns[symbol].recovering_since
        assert since == (NOW if recovers else 0)


def test_what_left_the_run_is_worth_what_nobody_knows() -> None:
    desk = Desk()
    desk.actor.state.campaigns["OLDUSD"] = Campaign(9, "OLDUSD", NOW, D(200), D(1), D(1_000))
    desk.predict(CALM)
    assert desk.actor.state.campaigns["OLDUSD"].recovering_since == 0


def flatten(level: int) -> TradingStateChanged:
    return TradingStateChanged(TradingState.REDUCING, level, "operator")


def notes(effects: tuple[Message, ...]) -> list[tuple[str, str, dict[str, str]]]:
    return [(e.level, e.event, dict(e.fields)) for e in effects if isinstance(e, Note)]


def test_a_flatten_is_said_once_and_counts_its_sales() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    desk.owns("GHIUSD", "1")
    desk.predict(CALM)
    told = desk.tell(flatten(3))
    assert notes(told) == [("warning", "flatten", {"orders": "2"})]
    assert [each.reason for each in intents(told)] == [Reason.FLATTEN] * 2
    assert desk.tell(flatten(3)) == (), "it stands already"
    assert desk.tell(flatten(2)) == ()
    assert notes(desk.tell(flatten(3))) == [("warning", "flatten", {"orders": "0"})]


@pytest.mark.parametrize(("level", "sells"), [(0, False), (1, False), (2, False), (3, True)])
def test_only_the_third_level_sells_what_the_model_would_hold(level: int, *, sells: bool) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    desk.actor.state.kill_level = level
    effects = desk.predict(STRONG)
    assert verdict(effects) == (
        (Action.EXIT, Reason.FLATTEN) if sells else (Action.HOLD, Reason.THESIS_HOLDS)
    )
    assert len(intents(effects)) == int(sells)


def test_marks_decide_at_a_heartbeat_alone() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    desk.flags[:] = int(MarketFlag.STALE)
    desk.predict(BROKEN)
    desk.flags[:] = 0
    assert desk.tell(MarkSlice(NOW + 1, desk.marks, desk.flags)) == ()
    assert desk.tell(MarkSlice(NOW + 2, desk.marks, desk.flags, warm_up=True)) == ()
    (sale,) = intents(desk.beat(NOW + SECOND_NS))
    assert (sale.action, sale.reason) == (Action.EXIT, Reason.THESIS_BROKEN)


def test_an_entry_that_comes_to_nothing_is_told_as_dust() -> None:
    """The least step of the money is above what the base fraction of it comes to."""
    desk = Desk()
    assert desk.portfolio is not None
    desk.portfolio = msgspec.structs.replace(desk.portfolio, equity=D("0.33"))
    effects = desk.predict(STRONG, CALM, STRONG)
    assert intents(effects) == []
    (found,) = [each for each in effects if isinstance(each, VerdictSlice)]
    told = [(Action(row[0]), Reason(row[1])) for row in found.rows[:, :2].tolist()]
    assert told[0] == told[2] == (Action.NO_ENTRY, Reason.DUST)
    assert found.rows[0, VERDICT_COLUMNS.index("p_up_h24")] == STRONG[0]
    assert found.rows[0, -2:].tolist() == found.rows[2, -2:].tolist() == [-(2**31)] * 2
