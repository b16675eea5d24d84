"""No change of an exit, however hostile, gets past risk but a sale of what is left, near the bid.

The oracle judges every approval by the words of the rule, not by the code of the ladder.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.instant import SECOND_NS
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, KillSwitch
from actors.messages.decision import AmendIntent, Side
from actors.messages.market import MarketFlag
from actors.messages.order import OrderState
from actors.messages.risk import AmendApproved, TradingState
from tests.amend_gate import CONFIG, NOW, SALE, D, Gate, changed

EXTREME = [
    D(text) for text in "NaN sNaN Infinity -Infinity -0 0 -1 1E+14 1E+400 1E-400 0.001".split()
]
# One in twenty is odd, so that a history is hostile and still gets somewhere.
dice = st.sampled_from(range(20))


def mostly(usual: list[Any], odd: list[Any]) -> st.SearchStrategy[Any]:
    return dice.flatmap(lambda face: st.sampled_from(odd if face == 13 else usual))


AMENDS = st.tuples(
    mostly(["id"], ["another", ""]),
    mostly(["ABCUSD"], ["DEFUSD", "ODDUSD"]),
    mostly([Side.SELL], [Side.BUY]),
    mostly([D("2.000"), D("1.500"), D("1.499")], [D("2.001"), D("1.4995"), *EXTREME]),
    mostly([D("99.7"), D("99.0")], [D("98.9"), D("99.75"), D("0.1"), *EXTREME]),
    mostly([0], [-3 * SECOND_NS, SECOND_NS]),
    mostly([0], [1, 9]),
)
EVENTS = st.sampled_from(
    "fill|mark|stale|lying|no bid|kill|halt|unknown|late|amend|amend".split("|")
)
STEPS = st.lists(st.tuples(EVENTS, AMENDS), min_size=1, max_size=12)


class Oracle:
    """What was said to the gate, as plainly as it can be kept."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.at = NOW + 2
        self.bid = 100.0
        self.flags = 0
        self.marked_at = NOW + 1
        self.rest = D("2.000")
        self.state = OrderState.OPEN
        self.number = 1

    def say(self, event: str) -> None:
        """Something happens."""
        gate = self.gate
        if event == "fill" and self.rest == 2:
            self.rest, self.state = D("1.500"), OrderState.PARTIALLY_FILLED
            gate.update(self.state, "0.500")
        elif event == "unknown":
            self.state = OrderState.UNKNOWN
            gate.update(self.state, str(2 - self.rest))
        elif event in ("mark", "stale", "lying", "no bid"):
            flag = {"stale": MarketFlag.STALE, "lying": MarketFlag.CROSSED}.get(event)
            self.flags = gate.flags[0] = 0 if flag is None else flag.value
            self.bid, self.marked_at = (0.0 if event == "no bid" else 100.0), self.at
            gate.mark(self.bid, self.at)
        elif event == "kill":
            gate.say(KillSwitch(3, "test", ""))
        elif event == "halt":
            gate.say(ConstraintViolated("some", 7))
        elif event == "late":
            self.at += 4 * SECOND_NS

    def judge(self, message: AmendIntent, told: Message) -> None:
        """An approval is right, whatever led to it."""
        if not isinstance(told, AmendApproved):
            return
        intent = message.intent
        instrument = CONFIG.instruments[0]
        assert (message.cl_ord_id, intent.symbol, intent.side) == ("id", "ABCUSD", Side.SELL)
        assert (told.intent, told.quantity) == (intent, intent.quantity)
        assert Decimal(0) < told.quantity <= self.rest
        assert instrument.is_on_lot(told.quantity)
        assert instrument.is_on_tick(intent.limit_price)
        assert intent.limit_price >= D("99.0"), "a hundredth below the bid at most"
        assert self.gate.actor.state.standing.state is not TradingState.HALTED
        assert self.flags == 0
        assert self.bid > 0
        assert self.at - self.marked_at <= CONFIG.profile.mark_max_age_ns
        assert 0 <= self.at - intent.decided_at <= CONFIG.profile.decision_max_age_ns
        assert self.state is not OrderState.UNKNOWN
        assert intent.intent_no > self.number


@pytest.mark.timeout(600)
@given(STEPS)
def test_an_approved_change_sells_what_is_left_near_a_bid_that_can_be_believed(
    steps: list[tuple[str, tuple[str, str, Side, Decimal, Decimal, int, int]]],
) -> None:
    oracle = Oracle()
    for event, (name, symbol, side, quantity, price, ahead, behind) in steps:
        oracle.say(event)
        intent = changed(
            SALE,
            intent_no=oracle.number + 1 - behind,
            symbol=symbol,
            side=side,
            quantity=quantity,
            limit_price=price,
            decided_at=oracle.at + ahead,
        )
        message = AmendIntent(name, intent)
        (told,) = oracle.gate.say(message, oracle.at)
        oracle.judge(message, told)
        oracle.number = max(oracle.number, intent.intent_no)
        assert len(oracle.gate.actor.state.reservations) == 1
