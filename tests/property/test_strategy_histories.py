"""Whatever a strategy has lived through, snapshots change nothing and intents keep the rules."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import MINUTE_NS
from actors.instruments import Instrument
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.decision import Action, OrderIntent, Reason, Side, VerdictSlice
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.prediction import MISSING, PredictionSlice
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.money import run_exact
from actors.strategy.actor import StrategyActor
from actors.strategy.config import StrategyConfig
from actors.strategy.state import StrategyState, initial_state
from tests.strategy_desk import QUICK, spoken

D = Decimal
SYMBOLS = ("ABCUSD", "DEFUSD", "GHIUSD")
START = 10**15
CONFIG = StrategyConfig(
    tuple(
        Instrument(
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
        for symbol in SYMBOLS
    ),
    QUICK,
)
prices = st.sampled_from([100.0, 100.0, 100.0, 0.05, 1e13, 0.0, -1.0, np.nan, np.inf, 1e300])
flags = st.sampled_from([0, 0, 0, 0, 2, 4, 8, 64, 255])
outputs = st.sampled_from(
    [(700_000, 30_000), (500_000, 5_000), (500_000, 0), (400_000, -9_000), (MISSING, MISSING)]
)
odds = st.sampled_from([0, 300_000, 400_000, 500_000, 650_000, MISSING])
moves = st.sampled_from([-30_000, 0, 20_000])
heads = st.fixed_dictionaries(
    {"rebound": odds, "downside": odds, "p_h24": odds, "move_h1": moves, "move_h24": moves}
)


@st.composite
def marks(draw: st.DrawFn) -> Message:
    rows = []
    for _ in SYMBOLS:
        bid = draw(prices)
        rows.append((bid, bid + 0.1, bid, 0.0, 0.001, 1e6))
    found = np.array([draw(flags) for _ in SYMBOLS], dtype=np.int32)
    return MarkSlice(0, np.array(rows), found, heartbeat=draw(st.booleans()))


@st.composite
def predictions(draw: st.DrawFn) -> Message:
    rows = np.array([spoken(*draw(outputs), **draw(heads)) for _ in SYMBOLS], dtype=np.int32)
    return PredictionSlice(START, draw(st.sampled_from(["bundle", "bundle", ""])), rows)


@st.composite
def portfolios(draw: st.DrawFn) -> Message:
    positions = []
    for symbol in draw(st.lists(st.sampled_from((*SYMBOLS, "ODDUSD")), unique=True)):
        quantity = draw(st.sampled_from([D("2.0004"), D("0.090"), D("0.004"), D("0.060")]))
        free = draw(st.sampled_from([quantity, quantity / 2, D(0)]))
        positions.append(PositionView(symbol, quantity, free, quantity * 90, quantity * 100))
    zero = D(0)
    equity = draw(st.sampled_from([D("10000.00"), D("10000.00"), zero, D("-5.00")]))
    return PortfolioState(0, equity, equity, zero, zero, zero, zero, equity, 0, tuple(positions))


answers = st.builds(
    lambda number, symbol, side, state, filled: OrderUpdate(
        "id", number, symbol, side, state, D(1), filled, D(100), cost=filled * 100
    ),
    st.integers(1, 12),
    st.sampled_from((*SYMBOLS, "ODDUSD")),
    st.sampled_from(Side),
    st.sampled_from(OrderState),
    st.sampled_from([D(0), D("0.5"), D(1)]),
)
refusals = st.integers(1, 12).map(
    lambda number: IntentRefused(number, "", Side.BUY, Refusal.HALTED, "", "")
)
kills = st.integers(0, 3).map(
    lambda level: TradingStateChanged(TradingState.REDUCING, level, "operator")
)
histories = st.lists(
    st.tuples(
        st.sampled_from([0, 1, MINUTE_NS, 10 * MINUTE_NS]),
        st.one_of(
            marks(), marks(), predictions(), predictions(), portfolios(), answers, refusals, kills
        ),
    ),
    min_size=5,
    max_size=30,
)


@given(histories, st.integers(0, 30))
def test_a_snapshot_anywhere_changes_no_later_decision(
    history: list[tuple[int, Message]], cut: int
) -> None:
    def play() -> None:
        whole, parted = (StrategyActor(CONFIG, initial_state(CONFIG)) for _ in range(2))
        at = START
        for number, (pause, message) in enumerate(history):
            at += pause
            if number == cut:
                parted.state = state_decoder(StrategyState).decode(encode(parted.state))
            assert encode(whole.handle(message, at)) == encode(parted.handle(message, at))
        assert encode(whole.state) == encode(parted.state)

    run_exact(play)


@given(histories)
def test_every_intent_has_its_verdict_its_number_and_no_more_than_is_free(
    history: list[tuple[int, Message]],
) -> None:
    def play() -> None:
        actor = StrategyActor(CONFIG, initial_state(CONFIG))
        at, number, free = START, 0, dict.fromkeys(SYMBOLS, D(0))
        for pause, message in history:
            at += pause
            if isinstance(message, PortfolioState):
                held = {each.symbol: each.free for each in message.positions}
                free = {symbol: held.get(symbol, D(0)) for symbol in SYMBOLS}
            owned = {symbol: each.quantity for symbol, each in actor.state.campaigns.items()}
            effects = actor.handle(message, at)
            intents = [each for each in effects if isinstance(each, OrderIntent)]
            verdicts = [each for each in effects if isinstance(each, VerdictSlice)]
            assert len(verdicts) <= 1
            for intent in intents:
                number += 1
                index = SYMBOLS.index(intent.symbol)
                assert intent.intent_no == number
                assert intent.decided_at == at
                assert CONFIG.instruments[index].is_on_tick(intent.limit_price)
                assert (intent.side is Side.BUY) == (intent.action is Action.ENTER)
                if intent.side is Side.SELL:
                    assert 0 < intent.quantity <= free[intent.symbol]
                    if intent.reason is not Reason.FLATTEN:
                        assert intent.quantity <= owned[intent.symbol]
                    assert CONFIG.instruments[index].is_on_lot(intent.quantity)
                else:
                    assert intent.notional > 0
                for verdict in verdicts:
                    assert verdict.rows[index, 0] == intent.action
            for verdict in verdicts:
                wanted = np.isin(verdict.rows[:, 0], [Action.NO_ENTRY, Action.HOLD], invert=True)
                assert wanted.sum() == len(intents)
            for each in actor.state.campaigns.values():
                assert each.quantity >= 0
                assert each.cost >= 0
                assert (each.cost == 0) >= (each.quantity == 0)
            counts = [
                sum(1 for each in actor.state.open_intents.values() if each.index == index)
                for index in range(3)
            ]
            assert actor.state.working.tolist() == counts

    run_exact(play)
