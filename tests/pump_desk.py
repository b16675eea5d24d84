"""A pump with a kernel, a journal in memory and a venue that only takes note: for its tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

from actors.instant import SECOND_NS
from actors.journal_chain import open_frame
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.step import StepResult
from actors.messages.base import Message
from actors.messages.control import Tick
from actors.messages.order import AmendOrder, CancelOrder, DeadManSwitch, SubmitOrder
from actors.messages.reconciliation import ReconcileRequested, VenueSnapshot
from actors.messages.risk import TradingState
from actors.ports import DerivedRow, FeedItem, Frame, Record, RefusedRow
from actors.venue_port import VenueOrder
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.fail_points import FailPoints
from service.outbox import Outbox
from service.pump import Pump
from service.recovery import decode_record
from tests.journal_samples import run_row
from tests.kernel_bank import START, bank


class Street:
    """A venue that only remembers."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def submit(self, order: SubmitOrder) -> None:
        self.taken.append(order)

    async def amend(self, change: AmendOrder) -> None:
        self.taken.append(change)

    async def cancel(self, order: CancelOrder) -> None:
        self.taken.append(order)

    async def switch(self, switch: DeadManSwitch) -> None:
        """Set, or not."""

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        """Nothing was ever listed."""
        return VenueSnapshot(request.number, 0, request.since, complete=True)

    async def look_up(self, cl_ord_id: str, since: int) -> VenueOrder:
        return VenueOrder(cl_ord_id, found=False, complete=True, open=False)

    async def open_orders(self) -> tuple[str, ...]:
        return ()


class Picky(MemoryJournal):
    """A store whose constraint refuses rows about the key `refused`; all else it takes."""

    def __init__(self, store: MemoryStore, refused: str = "") -> None:
        super().__init__(store)
        self.refused = refused
        self.rows: list[DerivedRow] = []

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        await super().append(frame, rows)
        found = []
        for number, row in enumerate(rows):
            if self.refused and self.refused in repr(row.body):
                found.append(RefusedRow("amount_positive", row.seq, f"row {number}"))
            else:
                self.rows.append(row)
        return tuple(found)


class Desk:
    """A kernel, a store, a street and a pump over them."""

    def __init__(self, *, refused: str = "", kernel: Kernel | None = None, **settings: Any) -> None:
        self.kernel = kernel or bank()
        self.store = MemoryStore()
        self.journal = Picky(self.store, refused)
        self.street = Street()
        self.settings = settings
        self.seen: list[tuple[Input, StepResult]] = []

    async def open(self) -> Pump:
        epoch = await self.journal.open_epoch("desk")
        await self.journal.begin_run(run_row())
        outbox = Outbox(
            self.street,
            epoch=epoch,
            trading_state=lambda: TradingState.ACTIVE,
            now=lambda: self.kernel.at,
            fail_points=FailPoints(""),
        )
        self.pump = Pump(
            self.kernel,
            self.journal,
            run_id="run-1",
            epoch=epoch,
            outbox=outbox,
            observers=[lambda entry, result: self.seen.append((entry, result))],
            **{"fail_points": FailPoints(""), **self.settings},
        )
        return self.pump

    async def bodies(self) -> list[Message]:
        """The journalled inputs."""
        return [decode_record(record)[0].body for record in await self.records()]

    async def records(self) -> list[Record]:
        frames: AsyncIterator[Frame] = self.journal.frames()
        return [record async for frame in frames for record in open_frame(frame)]


def items(*bodies: Message, every: float = 1.0) -> Sequence[FeedItem]:
    return [FeedItem(START + round(n * every * SECOND_NS), body) for n, body in enumerate(bodies)]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


TICK = Tick(START)
NOT_SENT = "the constraint amount_positive refused a row of its frame"
