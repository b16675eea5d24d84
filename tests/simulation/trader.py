"""The service as a process of its own, trading an hourly market through the recording sink.

It is the real driver with the real graph; only the feed is short. It prints its card as one JSON
object, or the sentence that a user would see and its exit code.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

import msgspec

from actors.journal_chain import open_frame
from actors.kernel.actor import Effects, Rule
from actors.messages.base import Message
from actors.messages.execution import ExecutionReport
from actors.orders import actor as orders_actor
from actors.orders.actor import OrdersActor
from actors.ports import DerivedRow, Frame, JournalError, RefusedRow
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from adapters.journal.file import FileJournal
from adapters.postgres.journal import PostgresJournal
from service import stores
from service.bundles import choose_bundle
from service.cli.main import as_user_error
from service.cli.showing import failure_of
from service.drivers.trading import RunPlan, RunResult, trade
from service.failures import UserError
from service.ingress import Ingress
from service.outside_venue import OutsideVenue
from service.proof import ProofCard
from service.recovery import decode_record
from service.safe_stop import Pauses
from service.settings import (
    AccountSettings,
    JournalSettings,
    OrderSettings,
    ProofSettings,
    Settings,
    VenueSettings,
)
from tests.simulation.hourly_market import HourlyMarket
from tests.simulation.sink_venue import sink_venue

EAGER = StrategyProfile(
    entry_p_up_micros=450_000,
    exit_p_up_micros=445_000,
    edge_margin_micros=-20_000,
    exit_move_micros=-1500,
    cool_down_fill_ns=0,
    entry_persistence_count=1,
    dip_downside_micros=1_000_000,
    rebound_weak_micros=1_000_000,
)


class Orders(msgspec.Struct):
    """What a trader is told on its command line.

    With `breaks` the orders actor raises at the first word from the venue; with `file_bytes` no
    file of the process can grow beyond that size, as on a full disk. From the first input of the
    type `fails_at` on no journal in files can be written ("the lead": it cannot be taken). A lost
    PostgreSQL is sought for `reconnect_seconds`. A stop leaves what rests, unless `on_stop` says.
    """

    home: str
    kind: str
    place: str
    socket: str
    seed: int = 1
    hours: int = 80
    speed: float = 720_000.0
    snapshot_every: int = 100
    frame_inputs: int = 1000
    account: str = "paper"
    lifetime_seconds: int = 3000
    reconcile_seconds: int = 86_400
    dead_man_seconds: int = 86_400
    breaks: bool = False
    file_bytes: int = 0
    fails_at: str = ""
    reconnect_seconds: float = 10.0
    on_stop: str = "leave"
    stop_wait_seconds: int = 8


class Told(msgspec.Struct):
    """What it prints: a card, or why there is none."""

    exit_code: int
    card: ProofCard | None = None
    error: str = ""


def settings_of(orders: Orders) -> Settings:
    """Settings with the venue outside."""
    return Settings(
        account=AccountSettings(name=orders.account),
        venue=VenueSettings(outside=True),
        orders=OrderSettings(
            lifetime_seconds=orders.lifetime_seconds,
            reconcile_seconds=orders.reconcile_seconds,
            dead_man_seconds=orders.dead_man_seconds,
            on_stop=orders.on_stop,
            stop_wait_seconds=orders.stop_wait_seconds,
        ),
        strategy=EAGER,
        risk=RiskProfile(edge_margin_micros=-20_000),
        beyond_bounds=True,
        proof=ProofSettings(state_digest_every_inputs=orders.snapshot_every),
        journal=JournalSettings(
            frame_inputs=orders.frame_inputs, snapshot_every_inputs=orders.snapshot_every
        ),
        data_dir=orders.home,
    )


class Breaking(OrdersActor):
    """An orders actor that cannot take the venue's word."""

    def break_down(self, message: ExecutionReport, at: int) -> Effects:
        """Always raises."""
        raise RuntimeError("the planted fault of a test")

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        **OrdersActor.rules,
        ExecutionReport: break_down,
    }
    __slots__ = ()


class Failing(FileJournal):
    """A journal in files that cannot be written any more from some input on."""

    fails_at: ClassVar[str] = ""
    failed = False

    async def open_epoch(self, holder: str) -> int:
        """Take the lead, if that is not what fails."""
        if self.fails_at == "the lead":
            raise JournalError("The planted fault of a test keeps the journal from being led.")
        return await super().open_epoch(holder)

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        """Write, until the input comes."""
        names = {type(decode_record(each)[0].body).__name__ for each in open_frame(frame)}
        self.failed = self.failed or self.fails_at in names
        if self.failed:
            raise JournalError("The planted fault of a test keeps the journal from being written.")
        return await super().append(frame, rows)


async def run(orders: Orders) -> RunResult:
    """Trade to the end of the feed."""
    feed = HourlyMarket(orders.seed, orders.hours)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    plan = RunPlan("PAPER", orders.kind, orders.place, speed=orders.speed, total=1)
    ingress = Ingress()
    if orders.breaks:
        orders_actor.OrdersActor = Breaking  # type: ignore[misc]
    if orders.fails_at:
        Failing.fails_at = orders.fails_at
        stores.FileJournal = Failing  # type: ignore[attr-defined]
    stores.PostgresJournal = partial(  # type: ignore[assignment, attr-defined]
        PostgresJournal, reconnect_limit_s=orders.reconnect_seconds
    )
    if orders.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (orders.file_bytes, resource.RLIM_INFINITY))
    async with sink_venue(Path(orders.socket), ingress) as venue:
        outside = OutsideVenue(venue, ingress, pauses=Pauses(0.01, 0.1))
        return await trade(settings_of(orders), feed, choice, plan, outside=outside, say=_say)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: list[str] | None = None) -> None:
    """Trade as told by the first argument."""
    text = (sys.argv[1:] if arguments is None else arguments)[0]
    orders = msgspec.json.decode(text, type=Orders)
    try:
        card = asyncio.run(run(orders)).card
    except (UserError, JournalError) as error:
        failure = as_user_error(error)
        told = Told(int(failure.code), error=failure.sentence)
    else:
        found = failure_of(card)
        told = Told(0 if found is None else int(found.code), card)
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.exit(told.exit_code)


if __name__ == "__main__":
    main()
