"""Rules of a pair that change in session: whatever is decided afterwards keeps to the new ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.messages.control import Note, PairRulesChanged, RunStarted
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from actors.messages.risk import IntentRefused, Refusal
from actors.paper_venue.state import PaperVenueConfig
from tests.books import INSTRUMENTS, SECOND, START, Books, approved, of, trade
from tests.strategy_desk import BROKEN, STRONG, intents, position
from tests.strategy_desk import NOW as DECIDED
from tests.strategy_desk import SYMBOLS as STRATEGY_SYMBOLS
from tests.strategy_desk import Desk as StrategyDesk
from tests.strategy_desk import portfolio as strategy_portfolio
from tests.unit.test_risk_state import NOW, SYMBOLS, portfolio, refused
from tests.unit.test_risk_state import Desk as RiskDesk
from tests.unit.test_risk_state import approved as quantity_of
from tests.unit.test_risk_state import position as held

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


def changed(symbol: str = "XBT/USD", **rules: str) -> PairRulesChanged:
    plain = {"tick": "0.5", "lot": "0.001", "quantity_min": "0.01", "cost_min": "5"}
    numbers = {name: D(text) for name, text in {**plain, **rules}.items()}
    return PairRulesChanged(symbol, ts=START, source="instrument", **numbers)


def started(run_id: str, symbols: tuple[str, ...]) -> RunStarted:
    return RunStarted(run_id, "account", "PAPER", 1, symbols, "", "", "", "", "", "", "")


def ready(**more: Any) -> Books:
    books = Books(**more)
    books.start()
    books.fund("100000")
    return books


MISFITS = [
    ("price off the new tick", {"price": "50000.1"}, Refusal.PRICE_OFF_TICK),
    ("quantity off the new lot", {"quantity": "0.0105"}, Refusal.INVALID_QUANTITY),
    ("below the new minimum", {"quantity": "0.009"}, Refusal.BELOW_MINIMUM),
]


@pytest.mark.parametrize(
    ("fields", "reason"), [each[1:] for each in MISFITS], ids=[each[0] for each in MISFITS]
)
def test_an_approval_by_old_rules_is_refused_at_the_last_look(
    fields: dict[str, Any], reason: Refusal
) -> None:
    books = ready()
    books.send(changed())
    (found,) = of(IntentRefused, books.send(approved(0, **fields)))
    assert found.reason is reason
    assert not of(SubmitOrder, books.sent)


def test_an_order_is_written_with_the_digits_of_the_new_lot() -> None:
    books = ready()
    books.send(changed())
    (order,) = of(SubmitOrder, books.send(approved(0, quantity="0.1000", price="50000.5")))
    assert str(order.quantity) == "0.100"


def test_an_order_that_is_out_keeps_its_rules_and_its_hold() -> None:
    books = ready()
    (order,) = of(SubmitOrder, books.send(approved(0, quantity="0.10000001", price="50000.1")))
    before = books.balance("held:USD")
    books.send(changed())
    assert books.balance("held:USD") == before
    report = trade(order.cl_ord_id, "t", "0.10000001", "50000.1", cost="5000.01", fee="20.00")
    updates = of(OrderUpdate, books.send(report))
    assert [each.state for each in updates] == [OrderState.FILLED]
    assert books.balance("held:USD") == 0


UNUSABLE = [
    {"tick": "0"},
    {"tick": "-0.1"},
    {"lot": "0"},
    {"quantity_min": "-1"},
    {"cost_min": "NaN"},
    {"tick": "Infinity"},
    {"lot": "1E-13"},
    {"cost_min": "-0.00"},
]


@pytest.mark.parametrize("rules", UNUSABLE, ids=str)
def test_rules_that_are_none_change_nothing_and_are_told(rules: dict[str, str]) -> None:
    books = ready()
    books.send(changed(**rules))
    assert of(SubmitOrder, books.send(approved(0, quantity="0.00010001", price="50000.1")))
    desk = RiskDesk()
    (note,) = desk.tell(changed("AAAUSD", **rules))
    assert isinstance(note, Note)
    assert note.event == "risk.pair_rules_refused"
    assert quantity_of(desk.ask()) == D("3.000")


def test_a_pair_outside_the_run_changes_nothing() -> None:
    books = ready()
    books.send(changed("DOGE/USD"))
    assert of(SubmitOrder, books.send(approved(0, price="50000.1")))
    (note,) = RiskDesk().tell(changed("DOGE/USD"))
    assert isinstance(note, Note)
    assert note.event == "risk.pair_rules_refused"
    assert StrategyDesk().tell(changed("DOGE/USD")) == ()


def test_the_next_run_begins_with_rules_of_its_own() -> None:
    books = ready(venue=PaperVenueConfig(INSTRUMENTS))
    books.send(changed())
    books.cut()
    books.start("another", epoch=2)
    assert of(SubmitOrder, books.send(approved(0, quantity="0.00010001", price="50000.1")))
    books.pass_to(START + SECOND)
    assert of(ExecutionReport, books.sent)[-1].kind is ExecKind.ACCEPTED
    desk = RiskDesk()
    desk.tell(changed("AAAUSD", tick="0.5"))
    desk.tell(started("another", SYMBOLS))
    assert quantity_of(desk.ask(limit_price=D("100.1"))) == D("2.997")
    strategy = StrategyDesk()
    strategy.tell(changed("ABCUSD"))
    strategy.tell(started("another", tuple(STRATEGY_SYMBOLS)))
    (entry,) = intents(strategy.predict(STRONG))
    assert entry.limit_price == D("100.3")


def test_the_paper_venue_refuses_what_arrives_under_new_rules_and_keeps_what_rests() -> None:
    books = ready(venue=PaperVenueConfig(INSTRUMENTS))
    (resting,) = of(SubmitOrder, books.send(approved(0, price="50000.1")))
    books.pass_to(START + SECOND)
    (late,) = of(SubmitOrder, books.send(approved(1, price="50000.2", at=books.at)))
    books.send(changed())
    books.pass_to(START + 2 * SECOND)
    ends = {each.cl_ord_id: (each.kind, each.text) for each in of(ExecutionReport, books.sent)}
    assert ends[resting.cl_ord_id][0] is ExecKind.ACCEPTED
    words = "the price is not a multiple of the tick"
    assert ends[late.cl_ord_id] == (ExecKind.REJECTED, words)


def test_risk_measures_by_the_new_rules_and_says_that_they_came() -> None:
    desk = RiskDesk()
    (note,) = desk.tell(changed("AAAUSD"))
    assert isinstance(note, Note)
    assert (note.level, note.event) == ("warning", "risk.pair_rules_changed")
    assert dict(note.fields)["tick"] == "0.5"
    assert refused(desk.ask(limit_price=D("100.1"))) is Refusal.PRICE_OFF_TICK
    assert quantity_of(desk.ask(limit_price=D("100.5"))) == D("2.985")


def test_what_the_new_minimum_calls_dust_takes_no_place() -> None:
    desk = RiskDesk()
    others = [held(symbol, "0.02") for symbol in SYMBOLS[1:11]]
    desk.tell(portfolio(*others))
    assert refused(desk.ask()) is Refusal.MAX_POSITIONS
    desk.tell(changed(SYMBOLS[1], lot="0.001", quantity_min="0.05"))
    desk.tell(portfolio(*others), NOW)
    assert quantity_of(desk.ask()) > 0


def test_a_position_of_no_pair_of_the_run_takes_a_place_whatever_its_size() -> None:
    desk = RiskDesk()
    others = [held(symbol, "0.02") for symbol in SYMBOLS[1:10]]
    desk.tell(portfolio(*others, held("ZZZUSD", "0.000001")))
    assert refused(desk.ask()) is Refusal.MAX_POSITIONS


def test_the_strategy_prices_and_sizes_by_the_new_rules() -> None:
    desk = StrategyDesk()
    (before,) = intents(desk.predict(STRONG))
    assert before.limit_price == D("100.3")
    desk = StrategyDesk()
    desk.tell(changed("ABCUSD"))
    (after,) = intents(desk.predict(STRONG))
    assert after.limit_price == D("100.0"), "ask and collar are 100.3002: on the coarser tick below"
    desk = StrategyDesk()
    desk.owns("ABCUSD", "1.2345")
    desk.tell(changed("ABCUSD", lot="0.1"))
    (sale,) = intents(desk.predict(BROKEN))
    assert (sale.side, sale.quantity) == (Side.SELL, D("1.2"))


def test_a_position_below_the_new_minimum_is_held_no_longer() -> None:
    """What the venue would not buy from us is dust; when the minimum falls again it is held."""
    desk = StrategyDesk()
    desk.owns("ABCUSD", "0.02")
    desk.tell(strategy_portfolio(position("ABCUSD", "0.02")))
    assert desk.actor.state.held.tolist() == [1, 0, 0]
    desk.tell(changed("ABCUSD", quantity_min="0.05"))
    assert desk.actor.state.held.tolist() == [0, 0, 0]
    desk.tell(changed("ABCUSD", quantity_min="0.01"), DECIDED + 1)
    assert desk.actor.state.held.tolist() == [1, 0, 0]


def test_changed_rules_survive_a_snapshot() -> None:
    books = ready(venue=PaperVenueConfig(INSTRUMENTS))
    books.send(changed())
    books.cut()
    assert books.orders.state.rules == books.venue.state.rules
    assert books.orders.state.rules["XBT/USD"] == msgspec.structs.replace(
        INSTRUMENTS["XBT/USD"],
        tick=D("0.5"),
        lot=D("0.001"),
        quantity_min=D("0.01"),
        cost_min=D("5"),
    )
