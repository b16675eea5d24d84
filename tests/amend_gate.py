"""Risk with an exit that rests, asked to change it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from actors.messages.base import Message
from actors.messages.decision import Action, AmendIntent, OrderIntent, Reason, Side
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import AmendApproved, IntentApproved, IntentRefused, Refusal
from actors.money import money_context
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig
from actors.risk.state import initial_state
from tests.strategy_desk import CONFIG as STRATEGY

D = Decimal
NOW = 10**15
CONFIG = RiskConfig(STRATEGY.instruments)
GOOD = (100.0, 100.1, 100.05, 0.0, 0.001, 1e6)
SALE = OrderIntent(
    intent_no=1,
    symbol="ABCUSD",
    side=Side.SELL,
    notional=D(0),
    quantity=D("2.000"),
    limit_price=D("99.8"),
    decided_at=NOW,
    action=Action.EXIT,
    reason=Reason.THESIS_BROKEN,
    p_up=0,
    expected_move=0,
    cost=0,
)
changed = msgspec.structs.replace


class Gate:
    """Risk, with a sale of all that is held resting: nothing of it is free."""

    def __init__(self) -> None:
        self.context = money_context()
        self.actor = self.context.run(lambda: RiskActor(CONFIG, initial_state(CONFIG)))
        self.flags = np.zeros(len(CONFIG.instruments), dtype=np.int32)
        self.say(self.portfolio("2.000"))
        self.mark()
        (approved,) = self.say(SALE)
        assert isinstance(approved, IntentApproved)
        self.update(OrderState.OPEN)
        self.say(self.portfolio("0.000"), NOW + 1)
        self.mark(at=NOW + 1)

    def say(self, message: Message, at: int = NOW) -> tuple[Message, ...]:
        return tuple(self.context.run(self.actor.handle, message, at))

    def portfolio(self, free: str, equity: str = "10000.00") -> PortfolioState:
        zero, worth = D(0), D(equity)
        held = PositionView("ABCUSD", D("2.000"), D(free), D(200), D(200))
        return PortfolioState(NOW, worth, worth, zero, zero, zero, zero, worth, 0, (held,))

    def mark(self, bid: float = 100.0, at: int = NOW) -> None:
        rows = np.tile(np.array(GOOD), (len(CONFIG.instruments), 1))
        rows[0, :3] = bid, bid + 0.1, bid
        self.say(MarkSlice(at, rows, self.flags), at)

    def update(self, state: OrderState, filled: str = "0", side: Side = Side.SELL) -> None:
        told = OrderUpdate("id", 1, "ABCUSD", side, state, D("2.000"), D(filled), D("99.8"))
        self.say(told)

    def ask(self, at: int = NOW + 2, name: str = "id", **fields: Any) -> Refusal | None:
        """Ask for 99.7; why it is refused, or None."""
        intent = changed(SALE, intent_no=2, limit_price=D("99.7"), decided_at=at)
        (told,) = self.say(AmendIntent(name, changed(intent, **fields)), at)
        if isinstance(told, AmendApproved):
            assert (told.cl_ord_id, told.quantity) == (name, told.intent.quantity)
            return None
        assert isinstance(told, IntentRefused)
        assert told.gate == "risk"
        return told.reason
