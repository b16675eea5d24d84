"""Changes of exits in the mix: whatever is lost, late or twice, limits end as the venue has them.

Changes arrive, get lost, or come late but within their deadline; their answers and reports reach us
in any order, twice or never; fills, cancels, restarts and a hand at the venue's own page cut in.
"""

from __future__ import annotations

import decimal
from decimal import Decimal

from hypothesis import given, settings

from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated
from actors.messages.decision import Side
from actors.messages.execution import AmendAnswered, ExecKind, SubmitOutcome
from actors.messages.ledger import TransfersPosted
from actors.messages.order import AmendOrder, OrderUpdate, SubmitOrder
from actors.money import EXACT
from actors.orders.lifecycle import TERMINAL
from actors.orders.state import Order, OrdersConfig
from tests.amend_desk import wanted
from tests.books import INSTRUMENTS, SECOND, of
from tests.drawn_histories import History, Step, steps
from tests.outside_books import OutsideBooks

D = Decimal
CONFIG = OrdersConfig(INSTRUMENTS, venue_in_graph=False, amend_interval_ns=SECOND)
STEPS = steps(
    "sell|sell|amend|amend|amend|lost amend|slow amend|answer|fill|cancel|time|"
    "time|look|read|hand|restart|",
    45,
)
UNCLEAR = (SubmitOutcome.UNKNOWN, SubmitOutcome.DEADLINE_ELAPSED)


class Drive(History):
    """One history: what was drawn, played against the model."""

    def __init__(self) -> None:
        super().__init__(OutsideBooks(orders=CONFIG, USD="20000.00", XBT="1.00000000"))
        self.slow: list[AmendOrder] = []
        self.answers: list[AmendAnswered] = []
        self.changes: list[AmendOrder] = []

    def play(self, step: Step) -> None:
        """One step; what cannot be is nothing."""
        kind, which, size, fate = step
        books = self.books
        if kind == "sell":
            self.sell(size, fate)
        elif kind.endswith("amend"):
            self.amend(kind, which, size, fate)
        elif kind == "answer" and self.answers:
            books.send(self.answers.pop(which % len(self.answers)))
        elif kind == "time":
            self.pass_on(size)
            if self.slow:
                self.arrive(self.slow.pop(), fate)
        elif kind == "look":
            books.look_up()
        elif kind == "read":
            books.read(complete=fate != "lost")
        elif kind == "restart":
            self.restart()
        else:
            self.at_the_venue(step)

    def sell(self, size: int, fate: str) -> None:
        sent: SubmitOrder | None = self.books.order(Side.SELL, f"0.0{size}000000")
        if sent is not None:
            self.tell(self.books.model.take(sent), fate)

    def amend(self, kind: str, which: int, size: int, fate: str) -> None:
        """A change leaves for the venue; its answer comes, or does not."""
        books = self.books
        live: list[Order] = list(books.orders.state.live.values())
        if not live:
            return
        order = live[which % len(live)]
        books.intents += 1
        price = order.limit_price - D("0.1") * size
        told = books.send(wanted(books, order.cl_ord_id, str(price), number=books.intents))
        for change in of(AmendOrder, told):
            self.changes.append(change)
            assert change.limit_price < order.limit_price
            if kind == "slow amend":
                self.slow.append(change)
            elif kind == "amend":
                self.arrive(change, fate)
            else:
                self.answers.append(_answer(change, UNCLEAR[which % 2]))

    def arrive(self, change: AmendOrder, fate: str) -> None:
        """The venue carries it out, or does not, and says so."""
        facts = self.books.model.amend(change)
        outcome = SubmitOutcome.ACCEPTED if facts else SubmitOutcome.REFUSED
        self.answers.append(_answer(change, outcome))
        self.tell(facts, fate)

    def at_the_venue(self, step: Step) -> None:
        """What others, or the venue itself, do."""
        kind, which, size, fate = step
        model = self.books.model
        found = [each for each in model.orders.values() if each.end is None]
        if not found:
            return
        order = found[which % len(found)]
        if kind == "fill":
            part = order.quantity if size > 6 else D("0.00500000")
            self.tell(model.fill(order, part), fate)
        elif kind == "cancel":
            self.tell(model.finish(order, ExecKind.CANCELLED), fate)
        else:
            order.limit_price += D("0.1") * (size - 5)
            self.tell([model.shown(order)], fate)

    def check(self) -> None:
        """What holds at any time, besides what holds of all orders."""
        self.books.check()
        numbers = [(each.cl_ord_id, each.amend_no) for each in self.changes]
        assert len(set(numbers)) == len(numbers), "a change is asked once"
        for order in self.books.orders.state.live.values():
            if order.is_half_amended:
                assert order.state.value == "unknown", "its symbol waits"

    def check_agreement(self) -> None:
        """Every limit is the venue's, and no change is open."""
        self.books.check_agreement()
        for order in self.books.known().values():
            seen = self.books.model.of(order.cl_ord_id)
            if seen is not None and order.state not in TERMINAL:
                assert order.limit_price == seen.limit_price
            assert order.amendment is None or not order.amendment.is_open


def _answer(change: AmendOrder, outcome: SubmitOutcome) -> AmendAnswered:
    return AmendAnswered(change.cl_ord_id, change.amend_no, 0, outcome, "as drawn")


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_any_order_duplication_or_loss_converges_to_the_venues_limits(drawn: list[Step]) -> None:
    with decimal.localcontext(EXACT):
        drive = Drive()
        for step in drawn:
            drive.play(step)
            drive.check()
        drive.books.settle()
        drive.check()
        drive.check_agreement()
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
        before = encode(books.ledger.state), encode(books.orders.state.live)
        posted = len(of(TransfersPosted, books.sent))
        updates = len(of(OrderUpdate, books.sent))
        books.pass_on(301)
        ended = books.read()
        assert ended is not None
        assert (ended.differences, ended.unsettled) == ((), "")
        assert len(of(TransfersPosted, books.sent)) == posted
        assert len(of(OrderUpdate, books.sent)) == updates
        assert (encode(books.ledger.state), encode(books.orders.state.live)) == before
