"""What a run does, seen step by step and on the wire, against the rules that no fault may break.

The one half is an observer of the pump: which orders were decided, what became of them, whether one
was decided in doubt. The other half reads what leaves for the venue and, before a byte of an order
passes on, looks up how far the journal on the disk has come. Times are monotonic, in seconds.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.step import StepResult
from actors.market_data.prices import confirmed_ts
from actors.messages.control import ClockSkew
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecutionReport,
    NotSent,
    SubmitAnswered,
    SubmitOutcome,
    VenueEvidence,
)
from actors.messages.market import BarSlice, FeedEvent, FeedStatus
from actors.messages.order import OrderState, OrderUpdate, SubmitOrder
from actors.messages.reconciliation import VenueSnapshot
from adapters.journal.file import FileJournal
from service.bundles import Choice
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan
from service.pump import Observer
from service.segment import OpenSegment
from service.tally import Tally
from tests.network_proxy import Direction

_REFUSED = re.compile(rb'"error":\["(E[^"]+)"')
PROOFS = (VenueEvidence, VenueSnapshot, ExecutionReport, NotSent)
"""What may end a doubt: the venue's lists and reports, and our door that never opened."""


class Decided(NamedTuple):
    """An order that left the core: in which input, and until when the venue may take it."""

    seq: int
    symbol: str
    deadline: int


class OnWire(NamedTuple):
    """An order that left the process: when, and how far the journal was on the disk then."""

    cl_ord_id: str
    side: str
    at: float
    durable_seq: int


class StepWitness(Silent):
    """An observer of the pump; `broken` says which rule was broken, in words."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.decided: dict[str, Decided] = {}
        self.intents: dict[str, int] = {}
        self.symbols: dict[str, str] = {}
        self.states: dict[str, OrderState] = {}
        self.doubted: dict[str, str] = {}
        self.accepted: list[float] = []
        self.not_sent: list[NotSent] = []
        self.skews: list[int] = []
        self.gaps: list[FeedStatus] = []
        self.bars: list[tuple[float, int]] = []
        """When a bar closed, and the instant (ns UTC) at which it opened."""
        self.kernel: Kernel | None = None
        self.on_decided: Callable[[], None] = lambda: None
        """Called when an order was decided, before anything of it can leave."""
        self._blocked = ""

    def observers(self) -> tuple[Observer, ...]:
        return (self,)

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        self.kernel = segment.pump.kernel

    def __call__(self, entry: Input, result: StepResult) -> None:
        now = time.monotonic()
        body = entry.body
        if type(body) is SubmitAnswered and body.outcome is SubmitOutcome.ACCEPTED:
            self.accepted.append(now)
        elif type(body) is NotSent:
            self.not_sent.append(body)
        elif type(body) is ClockSkew:
            self.skews.append(body.offset_ns)
        elif type(body) is FeedStatus and body.event is FeedEvent.GAP:
            self.gaps.append(body)
        for envelope in result.records:
            if type(envelope.body) is OrderUpdate:
                self._moved(entry, envelope.body)
            elif type(envelope.body) is BarSlice and not envelope.body.warm_up:
                self.bars.append((now, envelope.body.open_ts))
        for envelope in result.effects:
            if type(envelope.body) is SubmitOrder:
                self._decides(entry.seq, envelope.body)
        self._keeps_holds(entry.seq)

    def _decides(self, seq: int, order: SubmitOrder) -> None:
        assert self.kernel is not None
        if order.cl_ord_id in self.decided:
            self.broken.append(f"I7: {order.cl_ord_id} was sent twice")
        self.decided[order.cl_ord_id] = Decided(seq, order.symbol, order.deadline)
        self.on_decided()
        if order.side is not Side.BUY:
            return
        orders, risk = self.kernel.actor("orders"), self.kernel.actor("risk")
        if self._blocked and orders.state.blocked:
            self.broken.append(f"I8: an entry while {orders.state.blocked}")
        # One that leaves after its deadline, where time jumped, is in doubt from its own step on.
        others = [name for name in self._unknown() if name != order.cl_ord_id]
        if order.symbol in {self.symbols[name] for name in others}:
            self.broken.append(f"I8: an entry beside an unknown order in {order.symbol}")
        place, market = risk.config.index_of(order.symbol), self.kernel.actor("market_data")
        age_ns = order.decided_at - int(confirmed_ts(market.state)[place])
        if age_ns > market.config.stale_after_ns:
            self.broken.append(f"I8: an entry on a price of {order.symbol} that is {age_ns} old")

    def _moved(self, entry: Input, update: OrderUpdate) -> None:
        name, before = update.cl_ord_id, self.states.get(update.cl_ord_id)
        self.intents[name] = update.intent_no
        self.symbols[name] = update.symbol
        self.states[name] = update.state
        if update.state is OrderState.UNKNOWN:
            self.doubted.setdefault(name, update.reason)
        elif before is OrderState.UNKNOWN and not isinstance(entry.body, PROOFS):
            told = f"{name} left UNKNOWN for {update.state} by a {type(entry.body).__name__}"
            self.broken.append(f"I7: {told}")

    def _unknown(self) -> list[str]:
        return [name for name, state in self.states.items() if state is OrderState.UNKNOWN]

    def _keeps_holds(self, seq: int) -> None:
        """What is unknown stays held; and what the others are told is remembered for next time."""
        if self.kernel is None:
            return
        orders = self.kernel.actor("orders").state
        self._blocked = orders.blocked
        holds = self.kernel.actor("ledger").state.holds
        for name in self._unknown():
            order = orders.live.get(name)
            if order is None or (order.filled < order.quantity and name not in holds):
                self.broken.append(f"I7: input {seq} let go what unknown {name} holds")


class _Asked(msgspec.Struct):
    method: str = ""
    params: dict[str, Any] = {}


class WireWitness:
    """Reads what leaves for the venue; called in the proxies' thread, before it passes on."""

    def __init__(self, journal: Path) -> None:
        self.orders: list[OnWire] = []
        self.cancels: list[tuple[float, str]] = []
        self.secrets: dict[str, str] = {}
        """Tokens and signatures that were used, by what they are."""
        self.heard: dict[str, float] = {"public": 0.0, "private": 0.0, "rest": 0.0}
        self.calls: list[tuple[float, str]] = []
        self.refusals: Counter[str] = Counter()
        """What the venue answered by REST that was no yes: `EAPI:Invalid nonce` and the like."""
        self._journal = journal
        self._reader: FileJournal | None = None

    def at(self, place: str) -> Callable[[Direction, bytes], None]:
        """The witness of one proxy."""

        def seen(direction: Direction, text: bytes) -> None:
            if direction == "down":
                self.heard[place] = time.monotonic()
                self.refusals.update(told.decode() for told in _REFUSED.findall(text))
            elif place == "rest":
                self._call(text)
            elif place == "private":
                self._request(text)

        return seen

    def _request(self, text: bytes) -> None:
        try:
            asked = msgspec.json.decode(text, type=_Asked)
        except msgspec.DecodeError:
            return
        if token := asked.params.get("token"):
            self.secrets[str(token)] = "a token"
        if asked.method == "add_order":
            params = asked.params
            self.orders.append(
                OnWire(
                    str(params["cl_ord_id"]),
                    str(params["side"]),
                    time.monotonic(),
                    self._durable_seq(),
                )
            )
        elif asked.method == "cancel_order":
            self.cancels.append((time.monotonic(), str(asked.params)))

    def _call(self, text: bytes) -> None:
        head = text.split(b"\r\n\r\n", 1)[0]
        if b"HTTP/1.1" not in head:
            return
        path = head.split(b" ", 2)[1].decode()
        self.calls.append((time.monotonic(), path.partition("?")[0].rpartition("/")[2]))
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b": ")
            if name.lower() == b"api-sign":
                self.secrets[value.decode()] = "a signature"

    def _durable_seq(self) -> int:
        """The last input that is on the disk, by a reader of its own."""
        if self._reader is None:
            self._reader = FileJournal(self._journal)
        # Without its lock: a test may hold that one, and a torn end is left out.
        self._reader._refresh()
        return self._reader._stream.seq

    async def close(self) -> None:
        """Let the files go."""
        if self._reader is not None:
            await self._reader.close()


class Shown(NamedTuple):
    """What the service says of itself over its endpoint at an instant."""

    at: float
    reasons: tuple[str, ...]
