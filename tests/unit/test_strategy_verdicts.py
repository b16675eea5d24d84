"""The strategy as a specification: which rung decides, which order follows, and who comes first."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.instant import HOUR_NS, MINUTE_NS
from actors.instruments import Instrument
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.decision import Action, OrderIntent, Reason, Side, VerdictSlice
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.prediction import MISSING, PredictionSlice
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.money import money_context
from actors.strategy.actor import StrategyActor
from actors.strategy.config import StrategyConfig
from actors.strategy.evaluation import ENTRY_LADDER, EXIT_LADDER
from actors.strategy.profile import StrategyProfile
from actors.strategy.state import StrategyState, initial_state

D = Decimal
NOW = 100 * HOUR_NS
GOOD_MARK = (100.0, 100.1, 100.05, 0.0, 0.001, 1e6)
STRONG = (700_000, 30_000, 0)
CALM = (500_000, 5_000, 0)
FADED = (500_000, 0, 0)
BROKEN = (450_000, 5_000, 0)


def instrument(symbol: str, **changes: Any) -> Instrument:
    plain = Instrument(
        symbol=symbol,
        base=symbol[:3],
        quote="USD",
        tick=D("0.1"),
        lot=D("0.001"),
        quantity_min=D("0.01"),
        cost_min=D("5"),
        quote_decimals=2,
        maker_fee=D("0.0025"),
        taker_fee=D("0.0040"),
    )
    return msgspec.structs.replace(plain, **changes)


SYMBOLS = ("ABCUSD", "DEFUSD", "GHIUSD")
CONFIG = StrategyConfig(tuple(instrument(symbol) for symbol in SYMBOLS))


def portfolio(*positions: PositionView) -> PortfolioState:
    zero, equity = D(0), D("10000.00")
    return PortfolioState(
        NOW, equity, equity, zero, zero, zero, zero, equity, 0, tuple(positions)
    )


def position(symbol: str, quantity: str, free: str | None = None) -> PositionView:
    held = D(quantity)
    return PositionView(symbol, held, held if free is None else D(free), held * 100, held * 100)


class Desk:
    """One strategy actor in the money context, fed the facts of a sound market."""

    def __init__(self, config: StrategyConfig = CONFIG) -> None:
        self.context = money_context()
        self.actor = self.context.run(lambda: StrategyActor(config, initial_state(config)))
        self.marks = np.tile(np.array(GOOD_MARK), (len(config.instruments), 1))
        self.flags = np.zeros(len(config.instruments), dtype=np.int32)
        self.bundle_id = "bundle"
        self.portfolio: PortfolioState | None = portfolio()

    def tell(self, message: Message, at: int = NOW) -> tuple[Message, ...]:
        return tuple(self.context.run(self.actor.handle, message, at))

    def predict(
        self, *rows: tuple[int, int, int], at: int = NOW, ts: int | None = None
    ) -> tuple[Message, ...]:
        self.tell(MarkSlice(at, self.marks, self.flags), at)
        if self.portfolio is not None:
            self.tell(self.portfolio, at)
        padded = (*rows, *[CALM] * (len(SYMBOLS) - len(rows)))
        rows_ = np.array(padded, dtype=np.int32)
        return self.tell(PredictionSlice(at if ts is None else ts, self.bundle_id, rows_), at)

    def beat(self, at: int) -> tuple[Message, ...]:
        return self.tell(MarkSlice(at, self.marks, self.flags, heartbeat=True), at)


def verdict(effects: tuple[Message, ...], index: int = 0) -> tuple[Action, Reason]:
    (found,) = [each for each in effects if isinstance(each, VerdictSlice)]
    row = found.rows[index].tolist()
    return Action(row[0]), Reason(row[1])


def intents(effects: tuple[Message, ...]) -> list[OrderIntent]:
    return [each for each in effects if isinstance(each, OrderIntent)]


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


def order(
    number: int,
    state: OrderState,
    side: Side = Side.BUY,
    filled: str = "0",
    symbol: str = "ABCUSD",
) -> OrderUpdate:
    return OrderUpdate("id", number, symbol, side, state, D("1"), D(filled), D("100"))


ENTRY_CASES: list[tuple[Reason, Closing, tuple[int, int, int]]] = [
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
    (Reason.EDGE_BELOW_COST, lambda desk: None, (700_000, 9_999, 0)),
]


@pytest.mark.parametrize(("reason", "close", "prediction"), ENTRY_CASES)
def test_each_closed_gate_is_the_reason_not_to_enter(
    reason: Reason, close: Closing, prediction: tuple[int, int, int]
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
    assert row[2:] == [560_000, 10_000, 9_500, 500]


def test_the_first_closed_gate_decides_when_all_are_closed() -> None:
    """Everything is wrong; as it is repaired from the top, reasons appear in ladder order."""
    for first, expected in enumerate(ENTRY_LADDER[:-1]):
        desk = Desk()
        p_up, move, _ = STRONG
        for reason, close, prediction in ENTRY_CASES:
            if reason in ENTRY_LADDER[first:]:
                close(desk)
                silent = MISSING in prediction
                p_up = p_up if silent else min(p_up, prediction[0])
                move = move if silent else min(move, prediction[1])
        assert verdict(desk.predict((p_up, move, 0))) == (Action.NO_ENTRY, expected)


def test_the_ladders_list_every_reason_once_in_the_order_of_the_contract() -> None:
    assert len(dict.fromkeys(ENTRY_LADDER)) == len(ENTRY_LADDER)
    shared = [reason for reason in ENTRY_LADDER if reason in EXIT_LADDER]
    assert shared == [reason for reason in EXIT_LADDER if reason in ENTRY_LADDER]
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
    strong = np.array([STRONG] * 3, dtype=np.int32)
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
    assert (intent.notional, intent.quantity) == (D("200.00"), D(0))
    assert intent.limit_price == D("100.3")  # 100.1 x 1.002 = 100.3002
    assert (intent.decided_at, intent.p_up, intent.expected_move) == (NOW, 700_000, 30_000)


def test_entries_come_by_falling_edge_and_then_by_index() -> None:
    desk = Desk()
    found = intents(desk.predict((700_000, 20_000, 0), (600_000, 40_000, 0), (700_000, 20_000, 0)))
    assert [intent.symbol for intent in found] == ["DEFUSD", "ABCUSD", "GHIUSD"]
    assert [intent.intent_no for intent in found] == [1, 2, 3]


def test_exits_come_before_entries() -> None:
    desk = Desk()
    desk.portfolio = portfolio(position("GHIUSD", "2"))
    found = intents(desk.predict(STRONG, CALM, BROKEN))
    assert [(intent.symbol, intent.side) for intent in found] == [
        ("GHIUSD", Side.SELL),
        ("ABCUSD", Side.BUY),
    ]


EXIT_CASES = [
    ("the thesis holds", CALM, "2", None, Action.HOLD, Reason.THESIS_HOLDS, None),
    ("a strong signal adds nothing", STRONG, "2", None, Action.HOLD, Reason.THESIS_HOLDS, None),
    ("improbable", BROKEN, "2", None, Action.EXIT, Reason.THESIS_BROKEN, "2.000"),
    ("fall", (700_000, -2_000, 0), "2", None, Action.EXIT, Reason.THESIS_BROKEN, "2.000"),
    ("only what is free", BROKEN, "2", "1.5", Action.EXIT, Reason.THESIS_BROKEN, "1.500"),
    ("nothing free", BROKEN, "2", "0", Action.HOLD, Reason.DUST, None),
    ("off the lot", BROKEN, "2.0009", None, Action.EXIT, Reason.THESIS_BROKEN, "2.000"),
    ("faded", FADED, "2", None, Action.PARTIAL_EXIT, Reason.EDGE_FADED, "1.000"),
    ("just not faded", (500_000, 1, 0), "2", None, Action.HOLD, Reason.THESIS_HOLDS, None),
    ("half is dust", FADED, "0.09", None, Action.EXIT, Reason.EDGE_FADED, "0.090"),
    ("all is dust", BROKEN, "0.04", None, Action.HOLD, Reason.DUST, None),
    ("silent", (MISSING, MISSING, MISSING), "2", None, Action.HOLD, Reason.NOT_WARM, None),
]


@pytest.mark.parametrize(
    ("name", "prediction", "quantity", "free", "action", "reason", "sold"), EXIT_CASES
)
def test_a_position_is_held_or_sold_by_its_prediction(
    name: str,
    prediction: tuple[int, int, int],
    quantity: str,
    free: str | None,
    action: Action,
    reason: Reason,
    sold: str | None,
) -> None:
    desk = Desk()
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
    desk.portfolio = portfolio(position("ABCUSD", "2"))
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
    desk.portfolio = portfolio(position("ABCUSD", "2"))
    assert verdict(desk.predict(BROKEN))[0] is action


def test_neither_a_loss_nor_time_alone_ends_a_position() -> None:
    desk = Desk()
    loser = PositionView("ABCUSD", D("2"), D("2"), D("20000"), D("200"))
    desk.portfolio = portfolio(loser)
    for hours in range(0, 5_000, 500):
        effects = desk.predict(CALM, at=NOW + hours * HOUR_NS)
        assert verdict(effects) == (Action.HOLD, Reason.THESIS_HOLDS)


def test_a_partial_exit_happens_once_per_position() -> None:
    desk = Desk()
    desk.portfolio = portfolio(position("ABCUSD", "2"))
    (first,) = intents(desk.predict(FADED))
    assert verdict(desk.predict(FADED)) == (Action.HOLD, Reason.ORDER_OPEN)
    desk.tell(order(first.intent_no, OrderState.FILLED, Side.SELL, "1"))
    desk.portfolio = portfolio(position("ABCUSD", "1"))
    assert verdict(desk.predict(FADED)) == (Action.HOLD, Reason.THESIS_HOLDS)
    desk.portfolio = portfolio()
    desk.predict(FADED)
    desk.portfolio = portfolio(position("ABCUSD", "3"))
    assert verdict(desk.predict(FADED, at=NOW + HOUR_NS))[0] is Action.PARTIAL_EXIT


def test_a_partial_exit_that_sold_nothing_does_not_count() -> None:
    desk = Desk()
    desk.portfolio = portfolio(position("ABCUSD", "2"))
    (first,) = intents(desk.predict(FADED))
    desk.tell(order(first.intent_no, OrderState.EXPIRED, Side.SELL))
    assert verdict(desk.predict(FADED)) == (Action.HOLD, Reason.COOLING_DOWN)
    assert verdict(desk.predict(FADED, at=NOW + MINUTE_NS))[0] is Action.PARTIAL_EXIT


def test_a_fill_cools_entries_and_leaves_exits_free() -> None:
    desk = Desk()
    (entry,) = intents(desk.predict(STRONG))
    desk.tell(order(entry.intent_no, OrderState.FILLED, filled="1"))
    assert verdict(desk.predict(STRONG)) == (Action.NO_ENTRY, Reason.COOLING_DOWN)
    desk.portfolio = portfolio(position("ABCUSD", "2"))
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
    desk.portfolio = portfolio(position("ABCUSD", "2", "1"))
    (leave,) = intents(desk.predict(BROKEN))
    assert leave.quantity == D("1.000")


def kill(level: int) -> TradingStateChanged:
    return TradingStateChanged(TradingState.REDUCING, level, "operator")


def test_kill_level_three_sells_every_position_at_once_and_keeps_trying() -> None:
    desk = Desk()
    desk.bundle_id = ""
    desk.portfolio = portfolio(position("ABCUSD", "2"), position("GHIUSD", "1"))
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
    desk.portfolio = portfolio(position("ABCUSD", "2"), position("GHIUSD", "1"))
    desk.predict()
    assert [intent.symbol for intent in intents(desk.tell(kill(3)))] == ["ABCUSD"]


def test_every_evaluation_gives_one_sealed_verdict_for_all_symbols() -> None:
    desk = Desk()
    effects = desk.predict(STRONG, ts=NOW - 1)
    (found,) = [each for each in effects if isinstance(each, VerdictSlice)]
    assert found.rows.shape == (3, 6)
    assert found.rows.dtype == np.dtype("<i4")
    assert not found.rows.flags.writeable
    assert (found.ts, found.prediction_ts) == (NOW, NOW - 1)


def test_extreme_predictions_saturate_instead_of_wrapping() -> None:
    desk = Desk()
    lowest = (-(2**31) + 1, -(2**31) + 1, 0)
    highest = (2**31 - 1, 2**31 - 1, 0)
    (found,) = [
        each for each in desk.predict(lowest, highest) if isinstance(each, VerdictSlice)
    ]
    assert found.rows[0].tolist()[2:] == [-(2**31) + 1, -(2**31) + 1, 9_500, -(2**31) + 1]
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
        {"exit_move_micros": 1},
        {"partial_exit_micros": 1_000_000},
        {"collar_micros": -1},
        {"base_fraction_micros": 0},
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        StrategyProfile(**wrong)
