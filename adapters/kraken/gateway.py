"""Kraken as the venue port: orders over the private socket, proof from the account's lists.

What comes back is an input, never a return value: answers to requests, rows of the executions
channel, and that the channels are open (again), after which the core reads the lists. A frame that
is missing or misshapen gives the connection up: the next one begins with snapshots and a reading.
A text that says the key is no longer good bars this process from asking again, since repetition
locks the account. Cancels go by the lists' road where the socket is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec

from actors.messages.base import Message
from actors.messages.control import KillSwitch
from actors.messages.execution import (
    AmendAnswered,
    CancelAnswered,
    ExecKind,
    SubmitAnswered,
    SubmitOutcome,
)
from actors.messages.market import PRIVATE_STREAMS, FeedEvent, FeedStatus
from actors.messages.order import AmendOrder, CancelOrder, DeadManSwitch, SubmitOrder
from actors.messages.reconciliation import (
    ReconcileRequested,
    VenueSnapshot,
)
from actors.ports import Permanent, Transient, UnknownOutcome
from actors.venue_port import VenueOrder
from adapters.kraken import private_frames
from adapters.kraken.account_port import AccountLists
from adapters.kraken.entries import entry_of
from adapters.kraken.errors import Action, action_of
from adapters.kraken.executions import CHANNEL, ExecutionError, Executions
from adapters.kraken.limits import OrderLimits
from adapters.kraken.private_frames import BalanceFrame, PrivateHead
from adapters.kraken.private_line import UNREADABLE, Guest, PrivateLine, Reply
from adapters.kraken.proofs import account_in, order_in
from adapters.kraken.requests import (
    DEADLINE_LEAST_NS,
    amend_params,
    is_misfit,
    order_params,
    outcome_of,
)
from adapters.kraken.socket import DeafError
from adapters.kraken.tokens import TokenError, instant_of

_UNKNOWN_ORDER: Final = "EOrder:Unknown order"
_ENDS: Final = (ExecKind.FILLED, ExecKind.CANCELLED, ExecKind.EXPIRED, ExecKind.REJECTED)
BALANCES: Final = "balances"
assert (CHANNEL, BALANCES) == PRIVATE_STREAMS

_NO_ROOM: Final = "the pair's rate limit has no room"

Tell = Callable[[Message], Awaitable[None]]
_Sent = SubmitOrder | AmendOrder
_Result = TypeVar("_Result")
_T = TypeVar("_T")


class _Placed(msgspec.Struct, frozen=True):
    order_id: str
    cl_ord_id: str = ""


class _Changed(msgspec.Struct, frozen=True):
    amend_id: str


class KrakenVenue:
    """The account's door at Kraken. `line` is what listens to the private socket.

    `on_misfit` is called when an order broke a rule of its pair.
    """

    def __init__(
        self,
        lists: AccountLists,
        tell: Tell,
        *,
        clock: Callable[[], int],
        limits: OrderLimits,
        answer_seconds: float = 5.0,
        on_misfit: Callable[[], None] = lambda: None,
    ) -> None:
        self.line = PrivateLine(
            Guest(self._arrive, self._hear, self._leave), answer_seconds=answer_seconds
        )
        self._lists = lists
        self._tell = tell
        self._clock = clock
        self._limits = limits
        self._on_misfit = on_misfit
        self._executions = Executions()
        self._sequences: dict[str, int] = {}
        self._token = ""
        self._barred = ""
        self._worn_out = ""
        self._has_listed = False
        self._telling: dict[asyncio.Task[None], None] = {}
        self.trouble = "no connection yet"
        """Why the channels are not open, in a few words."""

    @property
    def is_ready(self) -> bool:
        """Whether the private channels are open."""
        return bool(self._token) and self.line.is_open

    async def submit(self, order: SubmitOrder) -> None:
        """Send the order once. Raises Transient when nothing was sent, Permanent when it was
        refused, UnknownOutcome when nobody knows.
        """
        now = self._may_send(order)
        if not self._limits.try_add(order.symbol, now, order.cl_ord_id):
            raise Transient(_NO_ROOM)
        params = order_params(order, self._token)
        placed = await self._ask(order, "add_order", params, _Placed)
        self._executions.learn(placed.order_id, order.cl_ord_id, order.symbol, order.side)
        self._answer(order, SubmitOutcome.ACCEPTED, "", placed.order_id)

    async def amend(self, change: AmendOrder) -> None:
        """Ask once for another limit. Raises as `submit` does."""
        now = self._may_send(change)
        if not self._limits.try_amend(change.symbol, now, change.cl_ord_id):
            raise Transient(_NO_ROOM)
        await self._ask(change, "amend_order", amend_params(change, self._token), _Changed)
        self._answer(change, SubmitOutcome.ACCEPTED, "")

    def _may_send(self, order: _Sent) -> int:
        """What time it is. Raises an EdgeError when nothing can be sent now."""
        self._refuse_barred()
        now = self._clock()
        if order.deadline - now < DEADLINE_LEAST_NS:
            raise Transient("its deadline is too near")
        if not self.is_ready:
            raise Transient("the private channels are not open")
        return now

    async def _ask(
        self, order: _Sent, method: str, params: dict[str, Any], shape: type[_Result]
    ) -> _Result:
        """Send once; whatever is no clear yes is answered, and raised."""
        try:
            reply = await self.line.request(method, params)
        except UnknownOutcome as error:
            self._answer(order, SubmitOutcome.UNKNOWN, str(error))
            raise
        if not reply.success:
            self._refused(order, reply)
        try:
            return msgspec.json.decode(reply.result, type=shape)
        except UNREADABLE as error:
            # It says yes to something: whether that is ours the lists must tell.
            told = f"an acknowledgement that names nothing: {error}"
            self._answer(order, SubmitOutcome.UNKNOWN, told)
            raise UnknownOutcome(told) from error

    async def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel; an order that the venue does not know is an answer, not an error."""
        self._refuse_barred()
        if not self.is_ready:
            try:
                await self._lists.cancel(order.cl_ord_id)
            except Permanent as error:
                self._cancel_refused(order, str(error))
            return
        params = {"cl_ord_id": [order.cl_ord_id], "token": self._token}
        reply = await self.line.request("cancel_order", params)
        if not reply.success:
            self._cancel_refused(order, reply.error)
        elif order.symbol:
            self._limits.cancelled(order.symbol, order.cl_ord_id, self._clock())

    async def switch(self, switch: DeadManSwitch) -> None:
        """Set the venue's timer of the whole account. Raises an EdgeError when it is not set."""
        self._refuse_barred()
        if not self.is_ready:
            raise Transient("the private channels are not open")
        params = {"timeout": switch.seconds, "token": self._token}
        reply = await self.line.request("cancel_all_orders_after", params)
        if not reply.success:
            self._heed(reply.error)
            raise Permanent(reply.error)

    async def look_up(self, cl_ord_id: str, since: int) -> VenueOrder:
        """What the lists have of this id since a little before `since`, trades included."""
        return await self._heeding(order_in(self._lists, cl_ord_id, since, self._clock()))

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        """Everything that `request` asks for: orders first, the money last."""
        first = not self._has_listed
        read = await self._heeding(account_in(self._lists, request, self._clock(), first=first))
        self._has_listed |= read.complete
        return read

    async def _heeding(self, reading: Awaitable[_T]) -> _T:
        """A key that is no longer good closes the entries, whichever call is told so."""
        try:
            return await reading
        except Permanent as error:
            if not self._barred:
                self._heed(str(error))
            raise

    async def open_orders(self) -> tuple[str, ...]:
        """Client ids of our open orders; an order without one is somebody else's."""
        opened = await self._lists.open_orders()
        return tuple(each.cl_ord_id for each in opened if each.cl_ord_id)

    def _refused(self, order: _Sent, reply: Reply) -> None:
        """Answer, and raise what the text means."""
        text = reply.error
        outcome = outcome_of(text)
        if outcome is SubmitOutcome.RATE_LIMITED:
            self._limits.exceeded(order.symbol, self._clock())
        self._answer(order, outcome, text)
        self._heed(text)
        if is_misfit(text):
            self._on_misfit()
        if outcome in (SubmitOutcome.UNKNOWN, SubmitOutcome.DEADLINE_ELAPSED):
            raise UnknownOutcome(text)
        raise Permanent(text)

    def _cancel_refused(self, order: CancelOrder, text: str) -> None:
        if text.startswith(_UNKNOWN_ORDER):
            self._say(CancelAnswered(order.cl_ord_id, self._clock(), text))
            return
        self._heed(text)
        match action_of(text):
            case Action.UNKNOWN:
                raise UnknownOutcome(text)
            case Action.RETRY:
                raise Transient(text)
            case _:
                raise Permanent(text)

    def _answer(
        self, order: _Sent, outcome: SubmitOutcome, text: str, venue_order_id: str = ""
    ) -> None:
        now, name = self._clock(), order.cl_ord_id
        if isinstance(order, AmendOrder):
            self._say(AmendAnswered(name, order.amend_no, now, outcome, text))
        else:
            self._say(SubmitAnswered(name, now, outcome, venue_order_id, text))

    def _heed(self, text: str) -> None:
        """What a refusal means for all that follows."""
        if text.startswith("ESession:"):
            self._worn_out = text
        elif action_of(text) is Action.HALT:
            self._barred = text
            self._say(KillSwitch(1, "kraken", f"the venue refuses the account: {text}"))

    def _refuse_barred(self) -> None:
        if self._barred:
            raise Permanent(f"not asked again in this process: {self._barred}")

    def _say(self, fact: Message) -> None:
        """Tell without waiting: whoever asked may be the one who takes facts in."""
        telling = asyncio.ensure_future(self._tell(fact))
        self._telling[telling] = None
        telling.add_done_callback(self._told)

    def _told(self, telling: asyncio.Task[None]) -> None:
        self._telling.pop(telling, None)

    async def _arrive(self) -> None:
        """Open the private channels. Raises an EdgeError; the line is then given up."""
        self._executions, self._sequences, self._worn_out = Executions(), {}, ""
        self._refuse_barred()
        try:
            token = await self._lists.token()
        except Permanent as error:
            self._heed(str(error))
            raise
        for channel, more in (
            (CHANNEL, {"snap_trades": True, "ratecounter": True}),
            (BALANCES, {}),
        ):
            params = {"channel": channel, "token": token, **more}
            reply = await self.line.request("subscribe", params)
            if not reply.success:
                self._heed(reply.error)
                raise Permanent(f"{channel}: {reply.error}")
        self._token = token
        for stream in PRIVATE_STREAMS:
            await self._tell(FeedStatus(self._clock(), stream, FeedEvent.ONLINE))

    def fail(self, reason: str) -> None:
        """Nobody listens any more, by a fault of ours: entries close, cancels go by the lists."""
        self.line.lost(reason)
        self._say(KillSwitch(1, "kraken", f"the private channels are not heard: {reason}"))

    def _leave(self, reason: str) -> None:
        self.trouble = reason
        if self._token:
            self._token = ""
            for stream in PRIVATE_STREAMS:
                self._say(FeedStatus(self._clock(), stream, FeedEvent.STALE, detail=reason))

    async def _hear(self, frame: bytes) -> None:
        if self._worn_out:
            raise DeafError(self._worn_out)
        try:
            head = private_frames.HEAD.decode(frame)
            if head.channel not in PRIVATE_STREAMS:
                return
            self._follow(head)
            if head.channel == CHANNEL:
                facts: Iterable[Message] = self._reports(frame)
            elif head.type == "snapshot" or not self._has_listed:
                return  # what lies there is the reconciliation's to read
            else:
                facts = tuple(self._entries(private_frames.BALANCES.decode(frame)))
        except (*UNREADABLE, ExecutionError, TokenError) as error:
            raise DeafError(f"a private frame that is none: {error}") from error
        for fact in facts:
            await self._tell(fact)

    def _follow(self, head: PrivateHead) -> None:
        """Raises DeafError when a frame of the channel is missing."""
        expected = self._sequences.get(head.channel, 0) + 1
        if head.type != "snapshot" and head.sequence != expected:
            raise DeafError(f"{head.channel}: frame {head.sequence} where {expected} was expected")
        self._sequences[head.channel] = head.sequence

    def _reports(self, frame: bytes) -> Iterable[Message]:
        reports = self._executions.take(private_frames.EXECUTIONS.decode(frame))
        for each in reports:
            if each.kind in _ENDS:
                self._limits.ended(each.cl_ord_id)
        return reports

    def _entries(self, frame: BalanceFrame) -> Iterable[Message]:
        for row in frame.data:
            entry = entry_of(
                row.ledger_id,
                row.type,
                row.subtype,
                self._lists.asset(row.asset),
                amount=row.amount,
                fee=row.fee,
                ts=instant_of(row.timestamp),
            )
            if entry is not None:
                yield entry
