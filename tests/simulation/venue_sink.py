"""A venue in a process of its own that writes down what it is told before it answers.

Every request and every fact is a line of its log, flushed to the disk first, so the log says what
really left the service, whatever died afterwards. After a restart it knows its orders from the
log. By seed it answers, delays, stays silent or cuts the line; told so, it refuses cancels or dies
at a request.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import signal
import time
from decimal import Decimal
from pathlib import Path

import msgspec

from actors.ids import execution_id
from actors.messages.codec import decode_message, encode
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from actors.messages.order import CancelOrder, SubmitOrder
from actors.messages.reconciliation import (
    ReconcileRequested,
    VenueBalance,
    VenueOrderSeen,
    VenueSnapshot,
)
from actors.money import multiply_even, round_down
from adapters.instruments.table import instruments
from tests.simulation.hourly_market import SYMBOLS

FILLS_LATER_S = 0.02
RESTS_S = 0.4
DELAY_S = 0.6
LINE_BYTES = 1 << 22
# What the account has at the venue before it trades: the opening balance of the settings.
OPENING = Decimal(10_000)


class Request(msgspec.Struct, omit_defaults=True):
    """What a client sends: `body` is a message in hex, `since` the next fact it wants."""

    n: int
    op: str
    pid: int = 0
    body: str = ""
    cl_ord_id: str = ""
    since: int = -1


class Answer(msgspec.Struct, omit_defaults=True):
    """What the sink says: an answer to request `n`, or (n 0) fact number `number`."""

    n: int
    refused: str = ""
    number: int = -1
    facts: tuple[str, ...] = ()
    found: bool = False
    open: bool = False
    ids: tuple[str, ...] = ()
    body: str = ""


class Line(msgspec.Struct, omit_defaults=True):
    """A line of the log: a request that arrived from process `pid`, or a fact that we made."""

    op: str
    wall_ns: int
    pid: int
    body: str

    @property
    def message(self) -> SubmitOrder | CancelOrder | ExecutionReport:
        """What was asked, or said."""
        message = decode_message(bytes.fromhex(self.body))
        assert isinstance(message, (SubmitOrder, CancelOrder, ExecutionReport))
        return message


def read_log(path: Path) -> list[Line]:
    """Every line of a sink's log."""
    if not path.exists():
        return []
    return [msgspec.json.decode(text, type=Line) for text in path.read_bytes().splitlines()]


class VenueOrderBook(msgspec.Struct):
    """What the sink knows of one order."""

    order: SubmitOrder
    open: bool = True
    filled: Decimal = Decimal(0)
    reports: list[ExecutionReport] = []


class Sink:
    """The venue's state, its log and its connections."""

    def __init__(
        self, log: Path, seed: int, faults: bool, *, only: int = -1, refuse_cancels: int = 0
    ) -> None:
        self.seed = seed
        self.only = only
        self.refuse_cancels = refuse_cancels
        self.faults = faults
        self.orders: dict[str, VenueOrderBook] = {}
        self.facts: list[str] = []
        self.rules = {each.symbol: each for each in instruments(SYMBOLS)}
        self.writers: set[asyncio.StreamWriter] = set()
        for line in read_log(log):
            self._take(line)
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, op: str, pid: int, message: object) -> None:
        """One more line, on the disk when this returns."""
        line = Line(op, time.time_ns(), pid, encode(message).hex())
        os.write(self._log, msgspec.json.encode(line) + b"\n")
        os.fsync(self._log)
        self._take(line)

    def _take(self, line: Line) -> None:
        message = line.message
        if line.op == "refuse":
            del self.orders[line.message.cl_ord_id]
        elif isinstance(message, SubmitOrder):
            self.orders.setdefault(message.cl_ord_id, VenueOrderBook(message))
        elif isinstance(message, ExecutionReport):
            book = self.orders[message.cl_ord_id]
            book.reports.append(message)
            book.filled += message.last_quantity
            ended = message.kind not in (ExecKind.ACCEPTED, ExecKind.TRADE)
            book.open = not ended and book.filled < book.order.quantity
            self.facts.append(line.body)

    def fate(self, cl_ord_id: str) -> int:
        """0 to 99, by seed and order, or the one fate that was chosen."""
        if self.only >= 0:
            return self.only
        return hashlib.sha256(f"{self.seed}:{cl_ord_id}".encode()).digest()[0] * 100 // 256

    async def tell(self, book: VenueOrderBook, kind: ExecKind, quantity: Decimal) -> None:
        """Make a fact, write it down and push it to whoever listens."""
        order = book.order
        rule = self.rules[order.symbol]
        cost = multiply_even(quantity, order.limit_price, rule.quote_step)
        report = ExecutionReport(
            order.cl_ord_id,
            execution_id(order.cl_ord_id, len(book.reports) + 1),
            kind,
            order.decided_at,
            quantity,
            order.limit_price if quantity else Decimal(0),
            cost,
            multiply_even(cost, rule.taker_fee, rule.quote_step),
            rule.quote if quantity else "",
            Liquidity.TAKER,
            f"SINK-{order.cl_ord_id[:8]}",
        )
        self.write("fact", os.getpid(), report)
        data = _line(Answer(0, number=len(self.facts) - 1, facts=(self.facts[-1],)))
        for writer in tuple(self.writers):
            writer.write(data)

    async def trade(self, book: VenueOrderBook, quantity: Decimal) -> None:
        """Fill up to `quantity`, while the order is open."""
        if book.open and quantity > 0:
            await self.tell(book, ExecKind.TRADE, min(quantity, book.order.quantity - book.filled))

    async def begin(self, book: VenueOrderBook) -> None:
        """An order has arrived: take it, or part of it, now or later, or refuse it."""
        fate = self.fate(book.order.cl_ord_id)
        if fate < 6:
            await self.tell(book, ExecKind.REJECTED, Decimal(0))
            return
        await self.tell(book, ExecKind.ACCEPTED, Decimal(0))
        quantity = book.order.quantity
        half = round_down(quantity * Decimal("0.5"), self.rules[book.order.symbol].lot)
        if fate < 50:
            await self.trade(book, quantity)
        elif fate < 75:
            await self.trade(book, half)
        if fate < 88:
            self.later(book)

    def later(self, book: VenueOrderBook) -> None:
        """The rest comes in a moment."""

        async def rest() -> None:
            await asyncio.sleep(FILLS_LATER_S if self.only < 0 else RESTS_S)
            await self.trade(book, book.order.quantity)

        _tasks.add(asyncio.ensure_future(rest()))


_tasks: set[asyncio.Future[None]] = set()


def lists_of(sink: Sink, asked: ReconcileRequested) -> VenueSnapshot:
    """The sink's orders, trades and balances at this moment, as a venue lists them."""
    books = tuple(sink.orders.values())
    seen = [_seen(book) for book in books]
    return VenueSnapshot(
        asked.number,
        0,
        asked.since,
        complete=True,
        open_orders=tuple(each for each in seen if each.end is None),
        closed_orders=tuple(each for each in seen if each.end is not None),
        trades=tuple(
            report for book in books for report in book.reports if report.kind is ExecKind.TRADE
        ),
        balances=_balances(sink, books),
    )


def _seen(book: VenueOrderBook) -> VenueOrderSeen:
    order, kinds = book.order, [report.kind for report in book.reports]
    end = None if book.open else ExecKind.FILLED
    if kinds and kinds[-1] not in (ExecKind.ACCEPTED, ExecKind.TRADE):
        end = kinds[-1]
    return VenueOrderSeen(
        f"SINK-{order.cl_ord_id[:8]}",
        order.cl_ord_id,
        order.symbol,
        order.side,
        order.quantity,
        book.filled,
        order.limit_price,
        order.decided_at,
        end,
    )


def _balances(sink: Sink, books: tuple[VenueOrderBook, ...]) -> tuple[VenueBalance, ...]:
    """What the opening balance and every trade leave, and what stands behind open orders."""
    there, held = {"USD": OPENING}, {"USD": Decimal(0)}
    for book in books:
        order, rule = book.order, sink.rules[book.order.symbol]
        sign = 1 if order.side is Side.BUY else -1
        for report in book.reports:
            base = there.get(rule.base, Decimal(0))
            there[rule.base] = base + sign * report.last_quantity
            there["USD"] -= sign * report.cost + report.fee
        if book.open:
            rest = order.quantity - book.filled
            buys = sign > 0
            asset = "USD" if buys else rule.base
            amount = rule.hold_of(rest, order.limit_price) if buys else rest
            held[asset] = held.get(asset, Decimal(0)) + amount
    return tuple(
        VenueBalance(asset, amount, held.get(asset, Decimal(0))) for asset, amount in there.items()
    )


def _line(answer: Answer) -> bytes:
    return msgspec.json.encode(answer) + b"\n"


class Door:
    """One connection of a client."""

    def __init__(self, sink: Sink, writer: asyncio.StreamWriter, die_at: str) -> None:
        self.sink = sink
        self.writer = writer
        when, _, count = die_at.partition(":")
        self.die_when, self.die_count = when, int(count or "0")

    async def answer(self, request: Request) -> None:
        """Do what is asked. Raises ConnectionAbortedError when the line shall be cut."""
        sink = self.sink
        if request.op == "hello":
            sink.writers.add(self.writer)
            missed = sink.facts[request.since :] if request.since >= 0 else []
            self.reply(Answer(request.n, number=len(sink.facts) - len(missed)))
            for number, fact in enumerate(missed, len(sink.facts) - len(missed)):
                self.reply(Answer(0, number=number, facts=(fact,)))
        elif request.op == "submit":
            await self.submit(request)
        elif request.op == "cancel":
            await self.cancel(request)
        elif request.op == "look_up":
            book = sink.orders.get(request.cl_ord_id)
            facts = () if book is None else tuple(encode(each).hex() for each in book.reports)
            is_open = book is not None and book.open
            self.reply(Answer(request.n, facts=facts, found=book is not None, open=is_open))
        elif request.op == "switch":
            self.reply(Answer(request.n))
        elif request.op == "lists":
            asked = decode_message(bytes.fromhex(request.body))
            assert isinstance(asked, ReconcileRequested)
            self.reply(Answer(request.n, body=encode(lists_of(sink, asked)).hex()))
        else:
            ids = tuple(name for name, book in sink.orders.items() if book.open)
            self.reply(Answer(request.n, ids=ids))

    async def submit(self, request: Request) -> None:
        sink = self.sink
        order = decode_message(bytes.fromhex(request.body))
        assert isinstance(order, SubmitOrder)
        fate = sink.fate(order.cl_ord_id + "/door") if sink.faults else 99
        self.die("before")
        if fate < 8:
            raise ConnectionAbortedError  # it never arrived
        sink.write("submit", request.pid, order)
        self.die("after")
        if fate < 12:
            # Arrived, and refused at the door: the venue keeps nothing of it, also after a restart.
            sink.write("refuse", request.pid, order)
            self.reply(Answer(request.n, refused="too many requests"))
            return
        if 12 <= fate < 20:
            await sink.begin(sink.orders[order.cl_ord_id])
            raise ConnectionAbortedError  # it arrived, its answer does not
        if 20 <= fate < 28:
            await asyncio.sleep(DELAY_S)
        self.reply(Answer(request.n))
        await sink.begin(sink.orders[order.cl_ord_id])

    async def cancel(self, request: Request) -> None:
        cancel = decode_message(bytes.fromhex(request.body))
        assert isinstance(cancel, CancelOrder)
        self.sink.write("cancel", request.pid, cancel)
        if self.sink.refuse_cancels:
            self.sink.refuse_cancels -= 1
            self.reply(Answer(request.n, refused="the venue is busy"))
            return
        book = self.sink.orders.get(cancel.cl_ord_id)
        if book is not None and book.open:
            if self.sink.fate(cancel.cl_ord_id + "/race") < 30:
                await self.sink.trade(book, book.order.quantity)
            if book.open:
                await self.sink.tell(book, ExecKind.CANCELLED, Decimal(0))
        self.reply(Answer(request.n))

    def reply(self, answer: Answer) -> None:
        """Answers and facts share the line."""
        self.writer.write(_line(answer))

    def die(self, when: str) -> None:
        """SIGKILL to ourselves when the plan says so: before or after an order is written down."""
        if self.die_when == when and len(self.sink.orders) >= self.die_count:
            os.kill(os.getpid(), signal.SIGKILL)


async def serve(sink: Sink, socket: Path, die_at: str) -> None:
    """Listen until SIGTERM."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door = Door(sink, writer, die_at)
        try:
            while text := await reader.readline():
                await door.answer(msgspec.json.decode(text, type=Request))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            sink.writers.discard(writer)
            writer.transport.abort()

    for book in sink.orders.values():
        if book.open and not book.reports:
            await sink.begin(book)
        elif book.open and sink.fate(book.order.cl_ord_id) < 88:
            sink.later(book)
    server = await asyncio.start_unix_server(connected, socket, limit=LINE_BYTES)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    server.close()


def main(arguments: list[str] | None = None) -> None:
    """The program: a socket, a log, a seed, and when to die."""
    parser = argparse.ArgumentParser()
    parser.add_argument("socket", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--fate", type=int, default=-1)
    parser.add_argument("--die-at", default="never:0")
    parser.add_argument("--refuse-cancels", type=int, default=0)
    given = parser.parse_args(arguments)
    with contextlib.suppress(FileNotFoundError):
        given.socket.unlink()
    refuse = given.refuse_cancels
    sink = Sink(given.log, given.seed, given.faults, only=given.fate, refuse_cancels=refuse)
    asyncio.run(serve(sink, given.socket, given.die_at))


if __name__ == "__main__":
    main()
