"""A resting exit that may be changed, with a model venue outside or a paper venue inside."""

from __future__ import annotations

from decimal import Decimal

from actors.messages.base import Message
from actors.messages.decision import Side
from actors.messages.order import AmendOrder
from actors.messages.risk import AmendApproved
from actors.orders.state import Amendment, Order
from tests.books import Books, approved, of
from tests.model_venue import ModelOrder
from tests.outside_books import OutsideBooks

D = Decimal


def wanted(
    books: Books,
    cl_ord_id: str,
    price: str,
    *,
    number: int,
    quantity: str | None = None,
    side: Side = Side.SELL,
) -> AmendApproved:
    """Risk's approval of another limit for what is left of an order."""
    order = books.orders.state.find(cl_ord_id)
    rest = D("0.1") if order is None else order.rest
    found = approved(number, side, str(rest), price, at=books.at)
    told = rest if quantity is None else D(quantity)
    return AmendApproved(cl_ord_id, found.intent, told)


class AmendDesk(OutsideBooks):
    """An exit of 0.1 at 50000 rests at the model venue, and has for a minute."""

    def __init__(self, quantity: str = "0.10000000") -> None:
        super().__init__(USD="10000.00", XBT="1.00000000")
        self.read()
        sent = self.order(Side.SELL, quantity)
        assert sent is not None
        self.name = sent.cl_ord_id
        self.deliver(self.model.take(sent))
        self.pass_on(60)

    @property
    def ours(self) -> Order:
        """The order as we know it."""
        return self.known()[self.name]

    @property
    def theirs(self) -> ModelOrder:
        """The order as the venue has it."""
        found = self.model.of(self.name)
        assert found is not None
        return found

    @property
    def amendment(self) -> Amendment:
        """The newest change."""
        found = self.ours.amendment
        assert found is not None
        return found

    def ask(self, price: str, quantity: str | None = None) -> list[Message]:
        """Risk approves another limit."""
        self.intents += 1
        return self.send(wanted(self, self.name, price, number=self.intents, quantity=quantity))

    def amend(self, price: str) -> AmendOrder:
        """Ask for another limit; the request as it leaves."""
        (change,) = of(AmendOrder, self.ask(price))
        return change

    def wait(self, seconds: int = 16) -> None:
        """Until the next change may be asked for."""
        self.pass_on(seconds)
