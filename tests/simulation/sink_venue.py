"""The Venue port over a socket to the recording sink, and the reader that takes its facts in.

What was never written is Transient, what was written and not answered is UnknownOutcome. After a
lost line the reader connects again and asks for the facts that it missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from actors.messages.codec import decode_message, encode
from actors.messages.order import AmendOrder, CancelOrder, DeadManSwitch, SubmitOrder
from actors.messages.reconciliation import ReconcileRequested, VenueSnapshot
from actors.ports import Permanent, Transient, UnknownOutcome
from actors.venue_port import VenueOrder
from service.ingress import Ingress
from tests.simulation.venue_sink import LINE_BYTES, Answer, Request

ANSWER_LIMIT_S = 0.3
RETRY_S = 0.02


class SinkVenue:
    """`Venue` over the sink's socket; see the port for what each method promises."""

    answer_limit_s = ANSWER_LIMIT_S

    def __init__(self, socket: Path, ingress: Ingress) -> None:
        self._socket = socket
        self._ingress = ingress
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._number = 0
        self._since = -1

    async def submit(self, order: SubmitOrder) -> None:
        """Send the order once."""
        answer = await self._ask("submit", body=encode(order).hex())
        if answer.refused:
            raise Permanent(answer.refused)

    async def amend(self, change: AmendOrder) -> None:
        """The sink changes no order, so nothing is ever sent."""
        raise Transient(f"the sink takes no change of {change.cl_ord_id}")

    async def cancel(self, order: CancelOrder) -> None:
        """Ask for a cancel."""
        answer = await self._ask("cancel", body=encode(order).hex())
        if answer.refused:
            raise Permanent(answer.refused)

    async def look_up(self, cl_ord_id: str, since: int) -> VenueOrder:
        """What the sink has of this id; it always reads everything."""
        answer = await self._ask("look_up", cl_ord_id=cl_ord_id)
        reports = tuple(decode_message(bytes.fromhex(fact)) for fact in answer.facts)
        return VenueOrder(cl_ord_id, answer.found, True, answer.open, reports)

    async def switch(self, switch: DeadManSwitch) -> None:
        """The sink has a timer that never fires; it says whether it is set."""
        await self._ask("switch", body=encode(switch).hex())

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        """Everything that the sink has, at one moment."""
        answer = await self._ask("lists", body=encode(request).hex())
        snapshot = decode_message(bytes.fromhex(answer.body))
        assert isinstance(snapshot, VenueSnapshot)
        return snapshot

    async def open_orders(self) -> tuple[str, ...]:
        """Client ids that rest at the sink."""
        return (await self._ask("open_orders")).ids

    async def read(self, connected: asyncio.Event) -> None:
        """Take answers and facts in, for ever; a lost line is taken up again."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_BYTES)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            self._writer = writer
            try:
                self._send("hello", since=self._since)
                while text := await reader.readline():
                    await self._take(msgspec.json.decode(text, type=Answer), connected)
            except ConnectionError:
                pass
            finally:
                self._writer = None
                writer.transport.abort()
                for waiting in self._waiting.values():
                    if not waiting.done():
                        waiting.set_exception(UnknownOutcome("the line was lost"))

    async def _take(self, answer: Answer, connected: asyncio.Event) -> None:
        if answer.n:
            waiting = self._waiting.get(answer.n)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
            if answer.number >= 0:
                self._since = answer.number
                connected.set()
            return
        self._since = answer.number + 1
        for fact in answer.facts:
            await self._ingress.put(decode_message(bytes.fromhex(fact)))

    def _send(self, op: str, *, body: str = "", cl_ord_id: str = "", since: int = -1) -> int:
        writer = self._writer
        if writer is None or writer.is_closing():
            raise Transient("there is no line to the venue")
        self._number += 1
        request = Request(self._number, op, os.getpid(), body, cl_ord_id, since)
        writer.write(msgspec.json.encode(request) + b"\n")
        return self._number

    async def _ask(self, op: str, *, body: str = "", cl_ord_id: str = "") -> Answer:
        number = self._send(op, body=body, cl_ord_id=cl_ord_id)
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            return await asyncio.wait_for(waiting, self.answer_limit_s)
        except TimeoutError as error:
            raise UnknownOutcome(f"no answer within {self.answer_limit_s} s") from error
        finally:
            del self._waiting[number]


@contextlib.asynccontextmanager
async def sink_venue(socket: Path, ingress: Ingress) -> AsyncIterator[SinkVenue]:
    """A connected client whose reader feeds `ingress`."""
    venue = SinkVenue(socket, ingress)
    connected = asyncio.Event()
    reader = asyncio.ensure_future(venue.read(connected))
    try:
        await asyncio.wait_for(connected.wait(), 10)
        yield venue
    finally:
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader
