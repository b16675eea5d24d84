"""An account at a venue whose dead man's switch is in use, and what tests ask of the two."""

from __future__ import annotations

from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.order import DeadManSwitch, SubmitOrder
from actors.orders.state import OrdersConfig
from tests.books import INSTRUMENTS, of
from tests.outside_books import OutsideBooks


def switched_books() -> OutsideBooks:
    """An account with a switch of a minute, which agrees with its venue."""
    config = OrdersConfig(INSTRUMENTS, venue_in_graph=False, switch_seconds=60)
    found = OutsideBooks(orders=config, USD="10000.00", XBT="1.00000000")
    found.pass_on(2)
    found.read()
    return found


def rests(books: OutsideBooks, side: Side = Side.BUY) -> SubmitOrder:
    """An order that the venue took, and that waits there."""
    order = books.order(side, "0.01000000")
    assert order is not None
    books.deliver(books.model.take(order))
    return order


def set_to(messages: list[Message]) -> list[int]:
    """The seconds that the switch was set to, in order."""
    return [each.seconds for each in of(DeadManSwitch, messages)]
