"""The account's own fees: who takes them over and from when, what a strange one leaves alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.fees import learn, sound_tiers, with_fees
from actors.ledger.expected_fees import FEE_DIFFERS
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.control import FeeTier, FeeTierRead, Note, RunStarted
from actors.messages.decision import VERDICT_COLUMNS, VerdictSlice
from actors.messages.execution import ExecKind, Fill, Liquidity
from actors.messages.order import PlaceHold
from actors.messages.risk import IntentApproved
from tests.books import XBT, Books, approved, of, trade, word
from tests.strategy_desk import STRONG, SYMBOLS
from tests.strategy_desk import Desk as Strategy
from tests.unit.test_risk_state import SYMBOLS as RISKY
from tests.unit.test_risk_state import Desk as Risk
from tests.unit.test_risk_state import portfolio

D = Decimal
COST = VERDICT_COLUMNS.index("cost")
CHEAP = FeeTier("XBT/USD", D("0.0020"), D("0.0010"))
DEAR = FeeTier("XBT/USD", D("0.0060"), D("0.0030"))


def read(*tiers: FeeTier, reason: str = "hourly") -> FeeTierRead:
    return FeeTierRead(1, tiers, reason)


def run_started(symbols: tuple[str, ...]) -> RunStarted:
    return RunStarted("again", "account", "PAPER", 2, symbols, "", "", "", "", "", "", "")


def test_told_fees_stand_instead_of_the_rules_until_others_are_told() -> None:
    fees: dict[str, FeeTier] = {}
    assert with_fees(XBT, fees) is XBT
    learn(fees, read(CHEAP))
    found = with_fees(XBT, fees)
    assert (found.taker_fee, found.maker_fee) == (D("0.0020"), D("0.0010"))
    assert with_fees(msgspec.structs.replace(XBT, symbol="ETH/USD"), fees).taker_fee == D("0.0040")
    learn(fees, read(DEAR))
    assert with_fees(XBT, fees).taker_fee == D("0.0060")


@pytest.mark.parametrize("fee", ["-0.0001", "1", "NaN", "Infinity", "0.0000000000001"])
def test_what_is_no_ratio_is_not_taken_over(fee: str) -> None:
    taker, maker = FeeTier("A", D(fee), D("0.001")), FeeTier("B", D("0.001"), D(fee))
    assert sound_tiers(read(taker, CHEAP, maker)) == [CHEAP]


def test_the_input_is_one_message_of_the_union() -> None:
    told = read(CHEAP, DEAR)
    assert state_decoder(FeeTierRead).decode(encode(told)) == told


def cost_of(desk: Strategy, *, symbol: int = 0) -> int:
    (found,) = (each for each in desk.predict(STRONG) if isinstance(each, VerdictSlice))
    return int(found.rows[symbol, COST])


def test_the_strategys_costs_follow_the_fees_of_each_symbol() -> None:
    desk = Strategy()
    before = [cost_of(desk, symbol=index) for index in range(3)]
    desk.tell(read(FeeTier(SYMBOLS[1], D("0.0010"), D("0.0005")), FeeTier("STRANGE", D(0), D(0))))
    assert cost_of(desk, symbol=0) == before[0]
    assert before[1] - cost_of(desk, symbol=1) == 2 * 3_000
    desk.tell(read(FeeTier(SYMBOLS[0], D("0.0050"), D("0.0050"))))
    assert cost_of(desk, symbol=0) - before[0] == 2 * 1_000
    assert before[1] - cost_of(desk, symbol=1) == 2 * 3_000
    state = desk.actor.state
    kept = state_decoder(type(state)).decode(encode(state)).fixed_cost
    assert kept is not None
    assert state.fixed_cost is not None
    assert np.array_equal(kept, state.fixed_cost)
    desk.tell(run_started(SYMBOLS))
    assert [cost_of(desk, symbol=index) for index in range(3)] == before


def asked(desk: Risk, **changes: Any) -> Message:
    return desk.ask(RISKY[0], **changes)


def test_risk_believes_no_cost_below_the_accounts_fees() -> None:
    """An expected move of 0.9 % covers twice 0.4 %, and not twice 0.6 %."""
    desk = Risk()
    move = {"expected_move": 9_000, "cost": 0}
    assert isinstance(asked(desk, **move), IntentApproved)
    desk = Risk()
    desk.tell(read(FeeTier(RISKY[0], D("0.0060"), D("0.0030"))))
    assert not isinstance(asked(desk, **move), IntentApproved)
    desk.tell(run_started(RISKY))
    assert isinstance(asked(desk, **move), IntentApproved)


def test_the_room_that_cash_leaves_pays_the_fee_of_now_and_the_approval_states_it() -> None:
    desk = Risk()
    desk.tell(portfolio(cash="301.20"))
    desk.tell(read(FeeTier(RISKY[0], D("0.0060"), D("0.0030"))))
    answer = asked(desk)
    assert isinstance(answer, IntentApproved)
    assert answer.quantity == D("2.994")  # 301.20 with its fee; 3.000 would need 301.80
    assert answer.admission is not None
    assert answer.admission.taker_fee == D("0.0060")


def books() -> Books:
    found = Books()
    found.start()
    found.fund()
    return found


def test_a_hold_keeps_the_fee_that_it_was_made_with() -> None:
    desk = books()
    first = of(PlaceHold, desk.send(approved(1)))[0]
    assert first.amount == D("5020.00")  # 0.1 at 50,000 and 0.4 %
    desk.send(read(CHEAP))
    desk.cut()
    desk.send(word(first.cl_ord_id, ExecKind.ACCEPTED))
    sent = desk.send(trade(first.cl_ord_id, "a", "0.04", cost="2000.00", fee="4.00"))
    assert of(Fill, sent)[0].hold_after == D("3012.00")  # still with 0.4 %
    second = of(PlaceHold, desk.send(approved(2, quantity="0.01")))[0]
    assert second.amount == D("501.00")
    desk.send(read(DEAR))
    desk.send(word(second.cl_ord_id, ExecKind.ACCEPTED))
    sent = desk.send(trade(second.cl_ord_id, "b", "0.004", cost="200.00", fee="1.20"))
    assert of(Fill, sent)[0].hold_after == D("300.60")  # 0.006 with 0.2 %


@pytest.mark.parametrize(
    ("fee", "asset", "liquidity", "differs"),
    [("2.00", "USD", Liquidity.TAKER, False), ("1.00", "USD", Liquidity.MAKER, False),
     ("2.00", "", Liquidity.TAKER, False), ("4.00", "USD", Liquidity.TAKER, True),
     ("0.00004", "XBT", Liquidity.TAKER, True), ("2.00", "USD", Liquidity.MAKER, True)],
)  # fmt: skip
def test_a_fee_that_is_not_the_accounts_is_booked_and_told(
    fee: str, asset: str, liquidity: Liquidity, differs: bool
) -> None:
    """B9: another tier, or the other asset."""
    desk = books()
    desk.send(read(CHEAP))
    hold = of(PlaceHold, desk.send(approved(1)))[0]
    desk.send(word(hold.cl_ord_id, ExecKind.ACCEPTED))
    report = trade(hold.cl_ord_id, "a", "0.02", cost="1000.00", fee=fee, fee_asset=asset)
    sent = desk.send(msgspec.structs.replace(report, liquidity=liquidity))
    assert of(Fill, sent)[0].fee == D(fee)
    notes = [each for each in of(Note, sent) if each.event == FEE_DIFFERS]
    assert len(notes) == differs
    if differs:
        told = dict(notes[0].fields)
        assert (told["fee"], told["asset"]) == (fee, asset)
        assert D(told["expected"]) == (1 if liquidity is Liquidity.MAKER else 2)


def test_readings_are_noted_also_those_that_failed() -> None:
    desk = books()
    (told,) = of(Note, desk.send(read(CHEAP)))
    assert (told.event, dict(told.fields)["XBT/USD"]) == ("fees.told", "0.0020 0.0010")
    (failed,) = of(Note, desk.send(read(reason="no answer")))
    assert (failed.level, failed.event) == ("warning", "fees.unreadable")
    assert desk.orders.state.fees == {"XBT/USD": CHEAP}
    desk.start("another", 2)
    assert desk.orders.state.fees == {}
