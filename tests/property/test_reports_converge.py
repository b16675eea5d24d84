"""Whatever is lost, late, repeated or told by halves: the venue's lists make it one truth.

Orders arrive or get lost, trade in parts with fees in either asset, are cancelled while they fill
and by hand; others trade on the account. Any part of what the venue says reaches us, in any order,
as often as it likes. Then the faults end, the lists are read, and we agree to the last unit; read
once more they change nothing.
"""

from __future__ import annotations

import decimal
from decimal import Decimal

import pytest
from hypothesis import given, settings

from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated
from actors.messages.decision import Side
from actors.messages.execution import ExecKind
from actors.messages.ledger import TransfersPosted
from actors.money import EXACT
from service.outside_venue import PART
from tests.books import of
from tests.drawn_histories import History, Step, steps
from tests.outside_books import OutsideBooks

D = Decimal
STEPS = steps(
    "buy|sell|fill|fill|cancel|expire|lost order|time|look|read|by hand|"
    "hand trades|hand cancels|deposit|withdrawal|earn|restart|",
    40,
)


class Drive(History):
    """One history: what was drawn, played against the model."""

    def __init__(self) -> None:
        super().__init__(OutsideBooks(USD="20000.00", XBT="0.50000000"))

    def play(self, step: Step) -> None:
        """One step; what cannot be is nothing."""
        kind, which, size, fate = step
        books, model = self.books, self.books.model
        if kind in ("buy", "sell", "lost order"):
            side = Side.SELL if kind == "sell" else Side.BUY
            order = books.order(side, f"0.0{size}000000")
            if order is not None and kind != "lost order":
                self.tell(model.take(order), fate)
        elif kind == "time":
            self.pass_on(size)
        elif kind == "look":
            books.look_up()
        elif kind == "read":
            books.part = which or PART
            books.read(complete=fate != "lost")
        elif kind == "restart":
            self.restart()
        else:
            self.at_the_venue(step)

    def at_the_venue(self, step: Step) -> None:
        """What others, or the venue itself, do."""
        kind, which, size, fate = step
        model = self.books.model
        ours = kind in ("fill", "cancel", "expire")
        found = [each for each in model.orders.values() if bool(each.cl_ord_id) is ours]
        if kind == "by hand":
            side = Side.SELL if which % 2 else Side.BUY
            self.tell(model.open("", "XBT/USD", side, D("0.00200000")), fate)
        elif kind == "deposit":
            self.books.send(model.book("deposit", "USD", f"{size}0.00"))
        elif kind == "withdrawal":
            model.book("withdrawal", "USD", f"-{size}.00", "0.50")
        elif kind == "earn":
            model.book("staking", "XBT", f"-0.0000000{size}")
            model.book("staking", "XBT.F" if which % 2 else "XBT.S", f"0.0000000{size}")
        elif found and kind in ("fill", "hand trades"):
            order = found[which % len(found)]
            base = size > 6 and order.side is Side.BUY
            part = order.quantity if size > 4 else D("0.00100000")
            self.tell(model.fill(order, part, fee_in_base=base), fate)
        elif found:
            end = ExecKind.EXPIRED if kind == "expire" else ExecKind.CANCELLED
            self.tell(model.finish(found[which % len(found)], end), fate)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_any_order_duplication_or_loss_of_reports_converges_to_the_venues_truth(
    drawn: list[Step],
) -> None:
    with decimal.localcontext(EXACT):
        drive = Drive()
        for step in drawn:
            drive.play(step)
            drive.books.check()
        drive.books.settle()
        drive.books.check()
        drive.books.check_agreement()
        told = of(ConstraintViolated, drive.books.sent)
        assert not told, told


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_read_twice_the_lists_change_nothing(drawn: list[Step]) -> None:
    with decimal.localcontext(EXACT):
        drive = Drive()
        for step in drawn:
            drive.play(step)
        books = drive.books
        books.settle()
        before = encode(books.ledger.state), encode(books.orders.state)
        posted = len(of(TransfersPosted, books.sent))
        books.pass_on(301)
        ended = books.read()
        assert ended is not None
        assert (ended.differences, ended.unsettled) == ((), "")
        assert len(of(TransfersPosted, books.sent)) == posted
        assert encode(books.ledger.state) == before[0]
        assert books.orders.state.live.keys() == drive.books.orders.state.live.keys()


@pytest.mark.parametrize("fills", [120])
def test_a_hundred_and_twenty_fills_while_away_are_booked_from_the_history(fills: int) -> None:
    """The stream shows fifty trades after a reconnect, the lists show all."""
    with decimal.localcontext(EXACT):
        books = OutsideBooks(USD="20000.00")
        books.read()
        order = books.order(quantity="0.12000000")
        assert order is not None
        books.deliver(books.model.take(order))
        there = books.model.of(order.cl_ord_id)
        assert there is not None
        for _ in range(fills):
            books.model.fill(there, D("0.00100000"))
        books.deliver(there.trades[-50:])
        books.settle()
        books.check()
        books.check_agreement()
        assert books.balance("available:XBT") == D("0.12")
