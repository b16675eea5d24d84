"""The last look before an order is made: a ladder, tested in its precedence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.decision import Side
from actors.messages.ledger import HoldReleased
from actors.messages.order import OrderUpdate, PlaceHold, SubmitOrder
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from tests.books import SECOND, START, Books, approved, of

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


def ready() -> Books:
    books = Books()
    books.start()
    books.fund()
    return books


def sent_order(books: Books, number: int = 0, side: Side = Side.BUY, **fields: str) -> SubmitOrder:
    (order,) = of(SubmitOrder, books.send(approved(number, side, at=books.at, **fields)))
    return order


REFUSALS = [
    ("halted", {"state": TradingState.HALTED}, {}, Refusal.HALTED),
    ("killed", {"kill_level": 1}, {}, Refusal.KILL_SWITCH),
    ("reducing", {"state": TradingState.REDUCING}, {}, Refusal.REDUCING_ONLY),
    ("no such symbol", {}, {"symbol": "DOGE/USD"}, Refusal.UNKNOWN_SYMBOL),
    ("too old", {}, {"at": START - 2 * SECOND - 1}, Refusal.DECISION_TOO_OLD),
    ("from the future", {}, {"at": START + 1}, Refusal.DECISION_TOO_OLD),
    ("off the lot", {}, {"quantity": "0.000000001"}, Refusal.INVALID_QUANTITY),
    ("nothing", {}, {"quantity": "0"}, Refusal.INVALID_QUANTITY),
    ("negative", {}, {"quantity": "-1"}, Refusal.INVALID_QUANTITY),
    ("not a number", {}, {"quantity": "NaN"}, Refusal.INVALID_QUANTITY),
    ("off the tick", {}, {"price": "50000.05"}, Refusal.PRICE_OFF_TICK),
    ("tiny", {}, {"quantity": "0.00009999"}, Refusal.BELOW_MINIMUM),
    ("beyond cash", {}, {"quantity": "1"}, Refusal.INSUFFICIENT_CASH),
    # The first rung wins when several hold.
    (
        "all at once",
        {"state": TradingState.HALTED, "kill_level": 3},
        {"quantity": "0"},
        Refusal.HALTED,
    ),
    (
        "killed and reducing",
        {"state": TradingState.REDUCING, "kill_level": 2},
        {},
        Refusal.KILL_SWITCH,
    ),
]


@pytest.mark.parametrize(
    ("trading", "fields", "reason"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_the_last_look_refuses_by_the_first_rung_that_holds(
    trading: dict[str, object], fields: dict[str, object], reason: Refusal
) -> None:
    """Nothing is sent, nothing stays held, and the refusal says that orders gave it."""
    books = ready()
    change = {"state": TradingState.ACTIVE, "kill_level": 0, "reason": "test", **trading}
    books.send(TradingStateChanged(**change))  # type: ignore[arg-type]
    sent = books.send(approved(0, **fields))  # type: ignore[arg-type]
    assert [(each.reason, each.gate) for each in of(IntentRefused, sent)] == [(reason, "orders")]
    assert not of(SubmitOrder, sent)
    assert books.balance("held:USD") == 0


def test_a_repeated_intent_number_is_refused() -> None:
    """One intent, at most one order."""
    books = ready()
    sent_order(books, 7)
    (refused,) = of(IntentRefused, books.send(approved(7)))
    assert refused.reason is Refusal.DUPLICATE_INTENT


def test_a_sale_of_what_is_not_held_is_refused() -> None:
    """The ledger refuses the hold; the order ends unsent and the strategy hears why."""
    books = ready()
    sent = books.send(approved(0, Side.SELL))
    assert [each.reason for each in of(IntentRefused, sent)] == [Refusal.NOT_HELD]
    assert [each.state for each in of(OrderUpdate, sent)] == ["pending", "not_sent"]
    assert not of(HoldReleased, sent)


def test_exits_pass_while_reducing_and_under_the_kill_switch() -> None:
    """Only new risk is barred."""
    books = ready()
    books.fund("1", "XBT", "in kind")
    books.send(TradingStateChanged(TradingState.REDUCING, 3, "flatten"))
    assert sent_order(books, 0, Side.SELL).side is Side.SELL


def test_a_state_that_moved_before_the_hold_withdraws_the_order() -> None:
    """The re-check at the hold's answer is the freshest: the funds go back at once."""
    books = ready()
    books.orders.handle(approved(0), books.at)
    books.send(TradingStateChanged(TradingState.HALTED, 0, "test"))
    (order,) = books.orders.state.live.values()
    books.send(PlaceHold(order.cl_ord_id, "USD", D("5020.00")))
    assert books.balance("held:USD") == 0
    assert not of(SubmitOrder, books.sent)
    assert of(IntentRefused, books.sent)[-1].reason is Refusal.HALTED
    assert len(of(HoldReleased, books.sent)) == 1
