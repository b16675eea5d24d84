"""The outbox: what may leave, what is told when it did not, and that cancels always pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.kernel.envelope import Envelope
from actors.kernel.stamp import Stamp
from actors.messages.base import Message
from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.execution import NotSent
from actors.messages.order import AmendOrder, CancelOrder, DeadManSwitch, SubmitOrder
from actors.messages.reconciliation import ReconcileRequested, VenueSnapshot
from actors.messages.risk import TradingState
from actors.ports import FeedItem, Permanent, ProtocolViolation, Transient, UnknownOutcome
from actors.venue_port import VenueOrder
from service.fail_points import FailPoints
from service.outbox import DECISION_AGE_MAX_NS, IDS_KEPT, Outbox

NOW = 1_700_000_000 * SECOND_NS
EPOCH = 3
ACTIVE, REDUCING, HALTED = TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED


class Counter:
    """A venue that takes everything, or raises what it was told to."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.taken: list[Message] = []
        self.answers_after_ns = 0
        self.steady_ns = 0

    async def submit(self, order: SubmitOrder) -> None:
        self.steady_ns += self.answers_after_ns
        self._take(order)

    async def amend(self, change: AmendOrder) -> None:
        self._take(change)

    async def cancel(self, order: CancelOrder) -> None:
        self._take(order)

    async def switch(self, switch: DeadManSwitch) -> None:
        """Set, or not."""
        self._take(switch)

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        """Nothing was ever listed."""
        return VenueSnapshot(request.number, 0, request.since, complete=True)

    async def look_up(self, cl_ord_id: str, since: int) -> VenueOrder:
        return VenueOrder(cl_ord_id, found=False, complete=True, open=False)

    async def open_orders(self) -> tuple[str, ...]:
        return ()

    def _take(self, body: Message) -> None:
        self.taken.append(body)
        if self.trouble is not None:
            raise self.trouble


def order(side: Side = Side.BUY, *, age: int = 0, left: int = SECOND_NS, epoch: int = 3) -> Message:
    one = Decimal("1.00")
    return SubmitOrder("id", "XBT/USD", side, one, one, NOW - age, NOW + left, epoch)


CANCEL = CancelOrder("id", "XBT/USD", "lifetime")


def outbox(venue: Counter, state: TradingState = ACTIVE) -> Outbox:
    return Outbox(
        venue,
        epoch=EPOCH,
        trading_state=lambda: state,
        now=lambda: NOW,
        fail_points=FailPoints(""),
        steady=lambda: venue.steady_ns,
    )


def release(door: Outbox, *bodies: Message) -> Sequence[FeedItem]:
    stamp = Stamp(1, "orders", 1)
    effects = [Envelope(stamp, stamp, "outbox", NOW, body) for body in bodies]
    return asyncio.run(door.release(effects))


OLD_EPOCH, TOO_OLD = "the epoch is old", "the decision is too old"
STOPPED, REDUCES = "trading is halted", "only reducing orders may leave"


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (order(), ACTIVE, None),
        (order(Side.SELL), ACTIVE, None),
        (order(Side.SELL), REDUCING, None),
        (order(Side.BUY), REDUCING, REDUCES),
        (order(Side.BUY), HALTED, STOPPED),
        (order(Side.SELL), HALTED, STOPPED),
        (order(epoch=EPOCH - 1), ACTIVE, OLD_EPOCH),
        (order(epoch=EPOCH + 1), ACTIVE, OLD_EPOCH),
        (order(epoch=EPOCH - 1), HALTED, OLD_EPOCH),
        (order(age=DECISION_AGE_MAX_NS), ACTIVE, None),
        (order(age=DECISION_AGE_MAX_NS + 1), ACTIVE, TOO_OLD),
        (order(Side.SELL, age=DECISION_AGE_MAX_NS + 1), REDUCING, TOO_OLD),
        (order(left=0), ACTIVE, None),
        (order(left=-1), ACTIVE, TOO_OLD),
        (order(Side.BUY, left=-1), REDUCING, REDUCES),
    ],
)
def test_what_may_no_longer_leave_is_told_not_sent(
    body: SubmitOrder, state: TradingState, reason: str | None
) -> None:
    """Epoch, then trading state, then age and deadline; a refused order never meets the venue."""
    venue = Counter()
    door = outbox(venue, state)
    answers = release(door, body)
    if reason is None:
        assert venue.taken == [body]
        assert (list(answers), door.released, door.not_sent) == ([], 1, 0)
    else:
        assert venue.taken == []
        assert list(answers) == [FeedItem(NOW, NotSent("id", reason, NOW))]
        assert (door.released, door.not_sent) == (0, 1)
    assert door.refusal(body) == reason


CHANGE = AmendOrder(
    "id", 4, 9, "XBT/USD", Side.SELL, Decimal(1), Decimal(0), Decimal(9), NOW, NOW + 1, EPOCH
)


@pytest.mark.parametrize(
    ("epoch", "state", "reason"),
    [
        (EPOCH, ACTIVE, None),
        (EPOCH, REDUCING, None),
        (EPOCH, HALTED, STOPPED),
        (EPOCH - 1, ACTIVE, OLD_EPOCH),
    ],
)
def test_a_change_of_an_exit_leaves_where_an_exit_may(
    epoch: int, state: TradingState, reason: str | None
) -> None:
    """What did not leave is told with the number of the change, so that its order goes on."""
    venue, change = Counter(), msgspec.structs.replace(CHANGE, epoch=epoch)
    door = outbox(venue, state)
    answers = list(release(door, change))
    told = [] if reason is None else [FeedItem(NOW, NotSent("id", reason, NOW, amend_no=4))]
    assert (answers, venue.taken) == (told, [] if told else [change])


def test_an_order_that_certainly_never_arrived_is_told_not_sent() -> None:
    """Transient means that nothing happened."""
    door = outbox(Counter(Transient("connection refused")))
    reason = "the venue was not reached: connection refused"
    assert list(release(door, order())) == [FeedItem(NOW, NotSent("id", reason, NOW))]
    assert (door.released, door.not_sent) == (0, 1)


@pytest.mark.parametrize("trouble", [UnknownOutcome("?"), Permanent("no"), ProtocolViolation("?")])
def test_of_an_order_that_may_have_arrived_nothing_is_claimed(trouble: Exception) -> None:
    """Only the venue's evidence may say more; it is never sent again."""
    venue = Counter(trouble)
    door = outbox(venue)
    assert list(release(door, order())) == []
    assert (len(venue.taken), door.released, door.not_sent) == (1, 0, 0)


@pytest.mark.parametrize("state", TradingState)
@pytest.mark.parametrize("trouble", [None, Transient("later"), UnknownOutcome("?")])
def test_cancels_always_pass(state: TradingState, trouble: Exception | None) -> None:
    """Whatever the state; an error leaves the order open and claims nothing."""
    venue = Counter(trouble)
    assert list(release(outbox(venue, state), CANCEL)) == []
    assert venue.taken == [CANCEL]


def test_effects_leave_in_order_and_one_refusal_does_not_stop_the_rest() -> None:
    """An old order between a cancel and a fresh one."""
    venue = Counter()
    late, fresh = order(age=DECISION_AGE_MAX_NS + 1), order(Side.SELL)
    answers = release(outbox(venue), CANCEL, late, fresh)
    assert venue.taken == [CANCEL, fresh]
    assert [type(each.body) for each in answers] == [NotSent]


def test_what_is_neither_order_nor_cancel_goes_nowhere() -> None:
    """Only those two have a door."""
    venue = Counter()
    assert list(release(outbox(venue), Note("info", "hello"))) == []
    assert venue.taken == []


def test_a_bug_of_an_adapter_is_not_swallowed() -> None:
    """Only edge trouble is weather."""
    with pytest.raises(KeyError):
        release(outbox(Counter(KeyError("bug"))), order())


@pytest.mark.parametrize(
    ("age", "waited", "reason"),
    [
        (0, DECISION_AGE_MAX_NS, None),
        (0, DECISION_AGE_MAX_NS + 1, TOO_OLD),
        (1, DECISION_AGE_MAX_NS, TOO_OLD),
        (DECISION_AGE_MAX_NS, 0, None),
    ],
)
def test_an_order_ages_while_it_waits_for_its_record(
    age: int, waited: int, reason: str | None
) -> None:
    """Logical time stands still during a commit; the order's age does not."""
    venue = Counter()
    body = order(age=age, left=60 * SECOND_NS)
    stamp = Stamp(1, "orders", 1)
    effects = [Envelope(stamp, stamp, "outbox", NOW, body)]
    answers = asyncio.run(outbox(venue).release(effects, waited))
    assert list(answers) == ([] if reason is None else [FeedItem(NOW, NotSent("id", reason, NOW))])
    assert venue.taken == ([body] if reason is None else [])


def test_the_switch_is_set_in_its_turn_and_without_it_no_entry_leaves_until_it_is() -> None:
    """Sales and cancels go on; disarming that fails keeps nobody in."""
    venue = Counter(Transient("no line"))
    door = outbox(venue)
    assert not release(door, DeadManSwitch(60, "an entry rests"))
    venue.trouble = None
    sale = msgspec.structs.replace(order(Side.SELL), cl_ord_id="sale")
    (told,) = release(door, order(), sale, CANCEL)
    assert isinstance(told.body, NotSent)
    assert told.body.reason == "the dead man's switch could not be armed"
    assert not release(door, DeadManSwitch(60, "entries rest"), order())
    assert [type(each) for each in venue.taken] == [
        DeadManSwitch,
        SubmitOrder,
        CancelOrder,
        DeadManSwitch,
        SubmitOrder,
    ]
    venue.trouble = Permanent("refused")
    assert not release(door, DeadManSwitch(0, "no entry rests"))
    venue.trouble = None
    assert not release(door, order())


@pytest.mark.parametrize(
    "trouble",
    [None, UnknownOutcome("no answer"), Permanent("refused"), Transient("nothing left")],
    ids=["taken", "unknown", "refused", "not reached"],
)
def test_an_id_that_was_tried_once_never_leaves_again_and_nothing_is_said_of_it(
    trouble: Exception | None,
) -> None:
    """What became of the first is what counts: a second "not sent" would be a false proof."""
    venue = Counter(trouble)
    door = outbox(venue)
    sent = release(door, order())
    assert len(venue.taken) == 1
    assert bool(sent) is isinstance(trouble, Transient)
    assert list(release(door, order(), order(age=DECISION_AGE_MAX_NS + 1))) == []
    assert len(venue.taken) == 1


def test_only_so_many_ids_are_remembered() -> None:
    venue = Counter()
    door = outbox(venue)
    for number in range(IDS_KEPT + 1):
        release(door, msgspec.structs.replace(order(), cl_ord_id=str(number)))
    assert len(venue.taken) == IDS_KEPT + 1
    release(door, msgspec.structs.replace(order(), cl_ord_id="1"))
    assert len(venue.taken) == IDS_KEPT + 1


def test_an_order_ages_while_the_one_before_it_waits_for_its_answer() -> None:
    """Logical time stands still in a release; a slow answer must not make old decisions young."""
    venue = Counter(UnknownOutcome("no answer within 5 s"))
    venue.answers_after_ns = DECISION_AGE_MAX_NS + 1
    first = order(left=9 * SECOND_NS)
    second = msgspec.structs.replace(first, cl_ord_id="b")
    answers = release(outbox(venue), first, second, CANCEL)
    assert venue.taken == [order(left=9 * SECOND_NS), CANCEL]
    assert [each.body.reason for each in answers if isinstance(each.body, NotSent)] == [TOO_OLD]
