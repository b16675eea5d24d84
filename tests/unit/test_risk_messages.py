"""What risk takes from single messages: profiles, holds, broken invariants, orders before a run."""

from __future__ import annotations

import msgspec
import pytest

from actors.messages.control import ConstraintViolated, Note, PairRulesChanged
from actors.messages.decision import Side
from actors.messages.ledger import HoldPlaced, TradeClosed
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.profile import ProfileInForce
from actors.messages.risk import Refusal, TradingState, TradingStateChanged
from actors.risk.admission import limits_of
from actors.risk.profile import RiskProfile
from tests.unit.test_risk_state import CONFIG, NOW, D, Desk, approved, portfolio, refused

S = OrderState


@pytest.mark.parametrize(
    ("seq", "detail", "reason"),
    [
        (7, "", "constraint balances at input 7"),
        (7, "USD", "constraint balances at input 7, USD"),
        (0, "USD", "balances: USD"),  # a fact says itself what is wrong
        (0, "", "constraint balances at input 0"),
    ],
)
def test_a_broken_invariant_is_told_in_words(seq: int, detail: str, reason: str) -> None:
    told = Desk().tell(ConstraintViolated("balances", seq, detail))
    assert told == (TradingStateChanged(TradingState.HALTED, 0, reason),)


@pytest.mark.parametrize(
    ("name", "held"), [("id1", "1"), ("id2", "2"), ("id3", "3"), ("id4", ""), ("id0", "")]
)
def test_a_hold_is_of_the_order_of_its_name(name: str, held: str) -> None:
    desk = Desk()
    for number, symbol in enumerate(("AAAUSD", "BBBUSD", "CCCUSD"), 1):
        approved(desk.ask(symbol, notional=D("100.00")))
        desk.update(number, S.PENDING)
    desk.tell(HoldPlaced("".join(name)))
    state = desk.actor.state
    assert [key for key, each in state.reservations.items() if each.held] == [*held]
    assert list(state.waiting.uncovered) == [*held]


def in_force(profile: RiskProfile) -> ProfileInForce:
    text = msgspec.json.encode(profile, order="deterministic").decode()
    return ProfileInForce(1, text, "{}")


@pytest.mark.parametrize("amount", [100, 200])
def test_a_profile_that_differs_is_stated_and_judged_by(amount: int) -> None:
    desk = Desk()
    other = msgspec.structs.replace(
        CONFIG.profile, position_cap_micros=0, position_cap_amount=amount
    )
    assert desk.tell(in_force(other)) == (limits_of(other),)
    assert desk.tell(in_force(other)) == (), "nothing changed"
    assert approved(desk.ask()) == D(amount) / 100
    assert desk.tell(in_force(CONFIG.profile)) == (limits_of(CONFIG.profile),)
    assert approved(desk.ask("BBBUSD")) == D("3.000")


@pytest.mark.parametrize("equity", ["0.00", "NaN", "10000.00"])
def test_without_a_floor_no_account_is_at_it(equity: str) -> None:
    desk = Desk()
    desk.tell(msgspec.structs.replace(portfolio(), equity=D(equity)))
    assert desk.actor.state.standing.floored is False


@pytest.mark.parametrize(("equity", "floored"), [("0.50", True), ("1.00", True), ("1.01", False)])
def test_a_floor_of_one_is_a_floor(equity: str, *, floored: bool) -> None:
    desk = Desk()
    floor = msgspec.structs.replace(CONFIG.profile, capital_floor_amount=1)
    desk.tell(in_force(floor))
    desk.tell(msgspec.structs.replace(portfolio(), equity=D(equity)))
    assert desk.actor.state.standing.floored is floored


@pytest.mark.parametrize("symbol", ["AAAUSD", "BBBUSD", "LLLUSD"])
def test_a_loss_rests_its_own_symbol(symbol: str) -> None:
    desk = Desk()
    one, zero = D("1.000"), D("0.00")
    desk.tell(TradeClosed("id", "exec", symbol, one, zero, zero, zero, D("-0.01"), NOW))
    assert desk.actor.state.lost_at == {symbol: NOW}
    assert refused(desk.ask(symbol)) is Refusal.COOLING_AFTER_LOSS
    assert approved(desk.ask("CCCUSD")) == D("3.000")


@pytest.mark.parametrize(
    ("symbol", "claims"), [("AAAUSD", 1), ("BBBUSD", 1), ("LLLUSD", 1), ("ODDUSD", 0)]
)
def test_an_order_of_before_the_run_claims_what_it_names(symbol: str, claims: int) -> None:
    desk = Desk()
    told = OrderUpdate("old", 77, symbol, Side.BUY, S.OPEN, D("3"), D("0"), D("100.0"))
    desk.tell(told, NOW + 5)
    found = list(desk.actor.state.reservations.values())
    assert len(found) == claims
    for each in found:
        assert (each.intent_no, each.symbol, each.side) == (77, symbol, Side.BUY)
        assert (each.quantity, each.limit_price) == (D("3"), D("100.0"))
        assert (each.approved_at, each.cl_ord_id) == (NOW + 5, "old")
        assert refused(desk.ask(symbol, NOW + 5)) is Refusal.POSITION_CAP


@pytest.mark.parametrize(
    ("symbol", "event"),
    [
        ("AAAUSD", "risk.pair_rules_changed"),
        ("LLLUSD", "risk.pair_rules_changed"),
        ("ODDUSD", "risk.pair_rules_refused"),
    ],
)
def test_new_rules_of_a_pair_are_taken_where_it_is_of_the_run(symbol: str, event: str) -> None:
    desk = Desk()
    rules = PairRulesChanged(symbol, D("0.5"), D("0.001"), D("0.01"), D("5"), NOW, "the venue")
    (note,) = desk.tell(rules)
    assert isinstance(note, Note)
    assert (note.level, note.event) == ("warning", event)
    fields = dict(note.fields)
    assert (fields["symbol"], fields["tick"], fields["source"]) == (symbol, "0.5", "the venue")
    assert list(desk.actor.state.rules) == ([symbol] if event.endswith("changed") else [])
