"""No sequence of messages, however hostile, gets past risk: checked by an oracle of its own.

Histories are drawn here; tests/risk_oracle.py judges every approval by the words of the rules.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import DAY_NS, SECOND_NS
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.control import ActorRestarted, ConstraintViolated, KillSwitch, Reactivate
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.feature import FeatureSlice
from actors.messages.ledger import HoldPlaced, PortfolioState, PositionView, TradeClosed
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.prediction import MISSING, PredictionSlice
from actors.messages.risk import (
    ClustersComputed,
    IntentApproved,
    IntentRefused,
    Refusal,
    TradingStateChanged,
)
from actors.money import run_exact
from actors.risk.actor import RiskActor
from actors.risk.state import RiskState, initial_state
from tests.known_clusters import told
from tests.risk_oracle import CONFIG, STRANGER, SYMBOLS, Oracle
from tests.spoken_model import BUNDLE, moved, said

D = Decimal
START = 10**15
SAID, MOVED = said(3, 0), moved(3, 0)
SILENT = said(3, 0, MISSING)
STRANGE = said(3, 0, bundle_id="another")
STILL = moved(3, 0, *[0.0] * 3)
PRICED = MarkSlice(0, np.tile([100.0, 100.1, 100.0, 0, 0.001, 1e6], (3, 1)), np.zeros(3, np.int32))
RICH = PortfolioState(0, D("10000.00"), D("10000.00"), D(0), D(0), D(0), D(0), D("10000.00"), 0, ())
ENTRY = OrderIntent(
    0,
    SYMBOLS[0],
    Side.BUY,
    D("50.00"),
    D(0),
    D("100.2"),
    0,
    Action.ENTER,
    Reason.EDGE_ABOVE_COST,
    600_000,
    30_000,
    9_500,
)
Step = tuple[int, Message]

extreme = st.sampled_from(
    [D(text) for text in "NaN sNaN Infinity -Infinity -0 0 -1 1E+14 1E+400 1E-400 0.001".split()]
)
cents = st.integers(-1_000, 40_000).map(lambda value: D(value).scaleb(-2))
stock = st.integers(-10, 2_500).map(lambda value: D(value).scaleb(-3))
dice = st.sampled_from(range(20))


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One in twenty is odd, so that a history is hostile and still gets somewhere."""
    return dice.flatmap(lambda face: odd if face == 13 else usual)


@st.composite
def marks(draw: st.DrawFn) -> Message:
    bid = draw(mostly(st.just(100.0), st.sampled_from([0.0, np.nan, np.inf, -1.0, 50.0, 1e300])))
    flags = draw(mostly(st.just(0), st.integers(0, 255)))
    spread = draw(mostly(st.just(0.001), st.sampled_from([0.002, 0.0021, np.nan, np.inf])))
    depth = draw(mostly(st.just(1e6), st.sampled_from([1e4, 9_999.0, 0.0, np.nan])))
    rows = np.tile(np.array([bid, bid + 0.1, bid, 0.0, spread, depth]), (3, 1))
    warm_up = draw(mostly(st.just(False), st.booleans()))
    return MarkSlice(0, rows, np.full(3, flags, dtype=np.int32), warm_up)


@st.composite
def predictions(draw: st.DrawFn) -> Message:
    odds = draw(mostly(st.sampled_from([700_000, 600_000]), st.sampled_from([MISSING, 0, 10**6])))
    bundle = draw(mostly(st.just(BUNDLE), st.sampled_from(["", "another"])))
    return said(3, draw(ages), odds, bundle)


@st.composite
def volatilities(draw: st.DrawFn) -> Message:
    odd = st.sampled_from([0.0, -1.0, np.nan, np.inf])
    daily = mostly(st.sampled_from([0.02, 0.05, 0.001]), odd)
    return moved(3, draw(ages), *(draw(daily) for _ in range(3)))


@st.composite
def portfolios(draw: st.DrawFn) -> Message:
    positions = []
    for symbol in draw(st.lists(st.sampled_from((*SYMBOLS, STRANGER)), unique=True, min_size=1)):
        quantity = draw(mostly(st.sampled_from([D("0.5"), D("2.0"), D("0.004")]), stock))
        free = quantity * draw(st.sampled_from([D(1), D(1), D("0.5"), D(0), D(2)]))
        value = draw(mostly(st.just(quantity * 100), mostly(cents, extreme)))
        positions.append(PositionView(symbol, quantity, free, quantity * 90, value))
    zero, equity = D(0), draw(mostly(st.just(D("10000.00")), mostly(cents, extreme)))
    return PortfolioState(
        0,
        equity,
        draw(mostly(st.sampled_from([D("5000.00"), D("250.00")]), mostly(cents, extreme))),
        zero,
        zero,
        zero,
        zero,
        equity,
        draw(mostly(falls, st.integers(-10, 2_000_000))),
        tuple(positions),
        draw(mostly(st.just(zero), mostly(cents, extreme))),
    )


@st.composite
def maps(draw: st.DrawFn) -> Message:
    """Any clusters of the symbols; now and then one symbol is nowhere, or the map is an old one."""
    places = {symbol: draw(st.integers(0, 3)) for symbol in SYMBOLS}
    if draw(dice) == 13:
        del places[SYMBOLS[0]]
    clusters = [tuple(s for s in sorted(places) if places[s] == place) for place in range(3)]
    return told(
        *(each for each in clusters if each),
        unknown=tuple(symbol for symbol in sorted(places) if places[symbol] == 3),
        as_of=draw(mostly(st.just(0), st.just(-DAY_NS))),
        valid_until=draw(st.sampled_from([DAY_NS, DAY_NS, SECOND_NS, 1])),
    )


@st.composite
def intents(draw: st.DrawFn) -> Message:
    buys = draw(st.booleans())
    number = draw(mostly(st.just(0), st.integers(-5, 2**62)))
    wishes = st.sampled_from([D("50.00"), D("200.00"), D("5000.00")])
    notional = draw(mostly(mostly(wishes, cents), extreme)) if buys else D(0)
    lots = st.sampled_from([D("0.5"), D("0.5"), D("1.0"), D("2.0")])
    quantity = draw(mostly(st.just(D(0)) if buys else mostly(lots, stock), extreme))
    usual_price = st.just(D("100.2") if buys else D("99.8"))
    return OrderIntent(
        number,
        draw(mostly(st.sampled_from(SYMBOLS), st.just(STRANGER))),
        Side.BUY if buys else Side.SELL,
        notional,
        quantity,
        draw(mostly(usual_price, mostly(st.sampled_from([D("0.1"), D("9999.9")]), extreme))),
        draw(mostly(st.just(0), st.integers(-(10**10), 10**10))),
        Action.ENTER if buys else Action.EXIT,
        Reason.EDGE_ABOVE_COST,
        600_000,
        draw(mostly(st.just(30_000), st.integers(-(2**31), 2**31))),
        draw(mostly(st.just(9_500), st.integers(-(2**31), 2**31))),
    )


def closed_trade(symbol: str, realised: Decimal) -> Message:
    one, zero = D("1.000"), D("0.00")
    return TradeClosed("id", "exec", symbol, one, zero, zero, zero, realised, 0)


@st.composite
def updates(draw: st.DrawFn) -> Message:
    number = draw(st.integers(1, 6))
    quantity = draw(stock.filter(lambda value: value > 0))
    return OrderUpdate(
        f"id{number}",
        number,
        draw(st.sampled_from(SYMBOLS)),
        draw(st.sampled_from(Side)),
        draw(st.sampled_from(OrderState)),
        quantity,
        draw(st.sampled_from([D(0), quantity / 2, quantity])),
        D("100.2"),
    )


closed_trades = st.builds(
    closed_trade,
    st.sampled_from((*SYMBOLS, STRANGER)),
    st.sampled_from([D("-0.01"), D("0.00"), D("0.01")]),
)
commands = st.one_of(
    closed_trades,
    st.integers(-1, 5).map(lambda level: KillSwitch(level, "operator", "test")),
    st.just(Reactivate("operator", "test")),
    st.just(ConstraintViolated("balances", 7)),
    st.just(ActorRestarted("features", "digest")),
    st.integers(1, 12).map(lambda number: HoldPlaced(f"id{number}")),
    st.integers(1, 12).map(
        lambda number: IntentRefused(number, "", Side.BUY, Refusal.HALTED, "", "", "orders")
    ),
)
ages = mostly(st.just(0), st.sampled_from([-7_200 * SECOND_NS, -7_201 * SECOND_NS]))
calm = st.one_of(
    intents(),
    intents(),
    intents(),
    marks(),
    portfolios(),
    updates(),
    predictions(),
    volatilities(),
    maps(),
)
falls = st.sampled_from([0, 0, 100_000, 149_999, 160_000, 200_000])
pauses = mostly(
    st.sampled_from([0, 0, 1, SECOND_NS]), st.sampled_from([6 * SECOND_NS, 120 * SECOND_NS, DAY_NS])
)


@st.composite
def temptations(draw: st.DrawFn) -> list[Step]:
    """A sound entry, what closes its symbol to entries, and the same entry again.

    Each rung that only a history can reach is then the only one that objects.
    """
    symbol = draw(st.sampled_from(SYMBOLS))
    entry = msgspec.structs.replace(ENTRY, symbol=symbol)
    unknown = OrderUpdate(
        "id0", 0, symbol, Side.BUY, OrderState.UNKNOWN, D("0.498"), D(0), D("100.2")
    )
    falling = st.sampled_from([150_000, 200_000, 260_000])
    fallen = msgspec.structs.replace(RICH, drawdown=draw(falling))
    poor = msgspec.structs.replace(RICH, equity=D("100.00"))
    lost = closed_trade(symbol, D("-0.01"))
    stop = KillSwitch(1, "operator", "test")
    closing = draw(st.sampled_from([unknown, fallen, poor, lost, stop, SILENT, STRANGE, STILL]))
    wait = draw(st.sampled_from([0, 900 * SECOND_NS, 7_201 * SECOND_NS]))
    sound = [(0, each) for each in (PRICED, RICH, SAID, MOVED, entry)]
    return [*sound, (0, closing), (wait, PRICED), (0, entry)]


@st.composite
def crowds(draw: st.DrawFn) -> list[Step]:
    """Entries that ask for everything, one a symbol: only caps of several symbols object."""
    wishes = [
        msgspec.structs.replace(ENTRY, symbol=symbol, notional=D("5000.00"))
        for symbol in draw(st.permutations((*SYMBOLS, SYMBOLS[0])))
    ]
    return [(0, each) for each in (PRICED, RICH, SAID, MOVED, *wishes)]


steps = st.tuples(pauses, mostly(calm, commands)).map(lambda step: [step])
chunks = dice.flatmap(lambda face: {13: temptations(), 7: crowds()}.get(face, steps))
histories = st.lists(chunks, min_size=15, max_size=40).map(
    lambda found: [step for chunk in found for step in chunk]
)


def numbered(message: Message, count: int, at: int) -> Message:
    """Intents are drawn with offsets: usually the next number and decided now.

    An order update without a number speaks of the last intent.
    """
    if isinstance(message, OrderIntent):
        number = message.intent_no or count
        return msgspec.structs.replace(
            message, intent_no=number, decided_at=at + message.decided_at
        )
    if isinstance(message, (PredictionSlice, FeatureSlice)):
        return msgspec.structs.replace(message, close_ts=at + message.close_ts)
    if isinstance(message, ClustersComputed):
        return msgspec.structs.replace(
            message, as_of=at + message.as_of, valid_until=at + message.valid_until
        )
    if isinstance(message, OrderUpdate) and message.intent_no == 0:
        return msgspec.structs.replace(message, intent_no=count, cl_ord_id=f"id{count}")
    return message


def timed(history: list[Step]) -> list[Step]:
    at, count, found = START, 0, []
    for pause, message in history:
        at += pause
        count += isinstance(message, OrderIntent)
        found.append((at, numbered(message, count, at)))
    return found


BY_BASE = told(("ABCCAD", "ABCUSD"), ("GHIUSD",), valid_until=30 * DAY_NS)
OPENING: list[Step] = [(0, PRICED), (0, RICH), (0, SAID), (0, MOVED), (0, BY_BASE)]


def begun() -> RiskActor:
    """Risk in a run whose model may speak."""
    state = initial_state(CONFIG)
    state.bundle_id = BUNDLE
    return RiskActor(CONFIG, state)


@given(histories)
def test_no_history_gets_an_approval_that_the_rules_forbid(history: list[Step]) -> None:
    def play() -> None:
        actor, oracle = begun(), Oracle()
        for at, message in timed([*OPENING, *history]):
            oracle.hear(message, at)
            for effect in actor.handle(message, at):
                if isinstance(effect, IntentApproved):
                    oracle.judge(effect, at)

    run_exact(play)


@given(histories, st.integers(0, 41))
def test_a_snapshot_anywhere_changes_no_later_answer(history: list[Step], cut: int) -> None:
    def play() -> None:
        whole, parted = (begun() for _ in range(2))
        for number, (at, message) in enumerate(timed([*OPENING, *history])):
            if number == cut:
                parted.state = state_decoder(RiskState).decode(encode(parted.state))
            assert encode(whole.handle(message, at)) == encode(parted.handle(message, at))
        assert encode(whole.state) == encode(parted.state)

    run_exact(play)


@given(histories)
def test_a_violated_constraint_halts_until_a_person_reactivates(history: list[Step]) -> None:
    def play() -> None:
        actor = begun()
        actor.handle(ConstraintViolated("balances", 7), START)
        for at, message in timed([*OPENING, *history]):
            if isinstance(message, Reactivate):
                return
            effects = actor.handle(message, at)
            assert not any(isinstance(each, IntentApproved) for each in effects)
            states = [each for each in effects if isinstance(each, TradingStateChanged)]
            assert all(each.state == "Halted" for each in states)

    run_exact(play)
