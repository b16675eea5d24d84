"""One strategy actor on a desk: three symbols, a sound market, and short words to talk to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from actors.instant import HOUR_NS
from actors.instruments import Instrument
from actors.messages.base import Message
from actors.messages.decision import Action, OrderIntent, Reason, Side, VerdictSlice
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.prediction import (
    COLUMNS,
    DOWNSIDE,
    EXPECTED_MOVE,
    MOVE_H1,
    MOVE_H4,
    MOVE_H24,
    P_UP,
    P_UP_H1,
    P_UP_H4,
    P_UP_H24,
    REBOUND,
    UNCERTAINTY,
    PredictionSlice,
)
from actors.money import money_context
from actors.strategy.actor import StrategyActor
from actors.strategy.campaigns import Campaign
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from actors.strategy.state import initial_state

D = Decimal
NOW = 100 * HOUR_NS
GOOD_MARK = (100.0, 100.1, 100.05, 0.0, 0.001, 1e6)
STRONG = (700_000, 30_000, 0)
CALM = (500_000, 5_000, 0)
FADED = (500_000, 0, 0)
BROKEN = (380_000, 5_000, 0)


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
# One prediction is long enough, where persistence is not the matter.
QUICK = StrategyProfile(entry_persistence_count=1)
CONFIG = StrategyConfig(tuple(instrument(symbol) for symbol in SYMBOLS), QUICK)


def portfolio(*positions: PositionView) -> PortfolioState:
    zero, equity = D(0), D("10000.00")
    return PortfolioState(NOW, equity, equity, zero, zero, zero, zero, equity, 0, tuple(positions))


def position(symbol: str, quantity: str, free: str | None = None) -> PositionView:
    held = D(quantity)
    return PositionView(symbol, held, held if free is None else D(free), held * 100, held * 100)


def spoken(p_up: int, move: int, uncertainty: int = 0, **heads: int) -> tuple[int, ...]:
    """A whole prediction: every horizon says the same, a rebound is open and no drop is likely."""
    said = {
        P_UP: p_up,
        EXPECTED_MOVE: move,
        UNCERTAINTY: uncertainty,
        P_UP_H1: p_up,
        MOVE_H1: move,
        P_UP_H4: p_up,
        MOVE_H4: move,
        P_UP_H24: p_up,
        MOVE_H24: move,
        REBOUND: 400_000,
        DOWNSIDE: 300_000,
    }
    names = {"move_h1": MOVE_H1, "p_h24": P_UP_H24, "move_h24": MOVE_H24}
    names |= {"rebound": REBOUND, "downside": DOWNSIDE}
    said |= {names[name]: value for name, value in heads.items()}
    return tuple(said[column] for column in range(COLUMNS))


class Desk:
    """One strategy actor in the money context, fed the facts of a sound market."""

    def __init__(self, config: StrategyConfig = CONFIG) -> None:
        self.context = money_context()
        self.actor = self.context.run(lambda: StrategyActor(config, initial_state(config)))
        self.marks = np.tile(np.array(GOOD_MARK), (len(config.instruments), 1))
        self.flags = np.zeros(len(config.instruments), dtype=np.int32)
        self.bundle_id = "bundle"
        self.portfolio: PortfolioState | None = portfolio()

    def owns(self, symbol: str, quantity: str, *, cost: str | None = None, **more: Any) -> None:
        """A campaign bought it, at 90 a unit if nothing else is said; the account holds it."""
        owned = D(quantity)
        paid = owned * 90 if cost is None else D(cost)
        state = self.actor.state
        state.campaign_no += 1
        campaign = Campaign(state.campaign_no, symbol, NOW, max(paid, D(200)), owned, paid)
        for name, value in more.items():
            setattr(campaign, name, value)
        state.campaigns[symbol] = campaign
        if self.portfolio is not None:
            others = [each for each in self.portfolio.positions if each.symbol != symbol]
            self.portfolio = portfolio(*others, position(symbol, quantity))

    def tell(self, message: Message, at: int = NOW) -> tuple[Message, ...]:
        return tuple(self.context.run(self.actor.handle, message, at))

    def predict(
        self, *rows: tuple[int, ...], at: int = NOW, ts: int | None = None
    ) -> tuple[Message, ...]:
        self.tell(MarkSlice(at, self.marks, self.flags), at)
        if self.portfolio is not None:
            self.tell(self.portfolio, at)
        padded = [
            each if len(each) == COLUMNS else spoken(*each)
            for each in (*rows, *[CALM] * (len(SYMBOLS) - len(rows)))
        ]
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


def order(
    number: int,
    state: OrderState,
    side: Side = Side.BUY,
    filled: str = "0",
    symbol: str = "ABCUSD",
) -> OrderUpdate:
    cost = D(filled) * 100
    return OrderUpdate("id", number, symbol, side, state, D("1"), D(filled), D("100"), cost=cost)
