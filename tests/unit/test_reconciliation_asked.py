"""A reading that a person asks for, how the lists are asked for again, and what is shown of it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.messages.control import Reactivate, ReadingAsked, SwitchConsent
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, TradeUnmatched
from actors.messages.ledger import TransfersPosted
from actors.messages.reconciliation import (
    ReconcileRequested,
    ReconciliationDifference,
    VenueSnapshot,
)
from actors.ports import Transient
from actors.reconciliation.state import ReconciliationActorState
from actors.routes import routes
from service.cli.account import refuse_while_differing
from service.cli.health import StatusAnswer
from service.failures import ExitCode, UserError
from service.feeds import rules_of
from service.graph import build_graph
from service.ingress import Ingress
from service.observe.metrics import RECONCILED, exposition, registry_of
from service.observe.readiness import Blocked
from service.observe.reading import Reader
from service.observe.reconciled import ReconciliationReader, ReconciliationReading
from service.outside_venue import OutsideVenue
from service.settings import load_settings
from tests.books import of
from tests.observed_run import SYMBOLS, observed_run
from tests.outside_books import OutsideBooks, agreed, confirmed, requests
from tests.pump_desk import Street

ASKED = ReadingAsked("anna", "a deposit is on its way")


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> OutsideBooks:
    """An account that agrees with its venue."""
    return agreed()


def test_a_person_gets_a_reading_at_once_and_nothing_is_entered_until_it_is_compared(
    books: OutsideBooks,
) -> None:
    before = len(requests(books))
    books.send(ASKED)
    assert requests(books)[before:][0].reason == "a deposit is on its way (anna)"
    assert books.order() is None
    books.read()
    assert books.order() is not None


def test_while_one_is_under_way_one_more_follows_it(books: OutsideBooks) -> None:
    """What is read already may be older than what the person means."""
    books.pass_on(300)
    before = len(requests(books))
    books.send(ASKED)
    assert len(requests(books)) == before
    books.read()
    assert len(requests(books)) == before + 1
    assert books.reconciliation.state.awaits


def test_between_two_readings_of_a_difference_it_is_read_at_once(books: OutsideBooks) -> None:
    books.model.balances["USD"] += Decimal(5)
    confirmed(books)
    assert not books.reconciliation.state.awaits
    books.send(ASKED)
    assert books.reconciliation.state.awaits


def test_a_difference_is_told_since_when_and_a_newer_one_has_its_own(books: OutsideBooks) -> None:
    books.model.balances["USD"] += Decimal(5)
    confirmed(books)
    state = books.reconciliation.state
    first = state.seen_since["balance USD"]
    books.model.balances["XBT"] += Decimal(1)
    books.pass_on(60)
    books.read()
    assert state.seen_since["balance USD"] == first
    assert state.seen_since["balance XBT"] == state.complete_at > first
    books.model.balances["USD"] -= Decimal(5)
    books.model.balances["XBT"] -= Decimal(1)
    books.pass_on(60)
    books.read()
    assert state.seen_since == {}


def test_readings_are_counted_whole_and_in_part(books: OutsideBooks) -> None:
    state = books.reconciliation.state
    whole = state.complete_count
    books.pass_on(300)
    books.read(complete=False)
    books.pass_on(5)
    assert (state.complete_count, state.incomplete_count) == (whole, 1)
    books.read()
    assert (state.complete_count, state.complete_at) == (whole + 1, books.at)


@pytest.mark.parametrize("venue_in_graph", [True, False])
def test_consent_and_asking_are_on_record_in_every_graph(venue_in_graph: bool) -> None:
    table = routes(venue_in_graph=venue_in_graph)
    for kind in (SwitchConsent, ReadingAsked):
        assert "records" in table[kind]


class Deaf(Street):
    """A venue whose lists cannot be had for a while; it remembers which were asked for when."""

    def __init__(self, kernel: Kernel, failures: int = 0) -> None:
        super().__init__()
        self.failures = failures
        self.asked: list[tuple[int, int]] = []
        self._kernel = kernel

    async def lists(self, request: ReconcileRequested) -> VenueSnapshot:
        self.asked.append((request.number, self._kernel.at))
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise Transient("the page is HTML")
        return await super().lists(request)


def outside(failures: int) -> tuple[Kernel, Deaf, OutsideVenue]:
    """A kernel whose core waits for lists, and a venue that fails so often."""
    settings = load_settings(environment={}, overrides={"venue": {"outside": True}})
    kernel = build_graph(settings.decision, rules_of(SYMBOLS), None).kernel
    state: ReconciliationActorState = kernel.actor("reconciliation").state
    state.number, state.awaits = 1, True
    venue = Deaf(kernel, failures)
    return kernel, venue, OutsideVenue(venue, Ingress())


def test_lists_that_cannot_be_read_are_asked_for_after_pauses_that_double_up_to_a_bound() -> None:
    kernel, venue, door = outside(failures=8)

    async def read() -> list[object]:
        for second in range(200):
            kernel.at = second * SECOND_NS
            if found := await door.lists(kernel):
                return list(found)
        return []

    assert len(asyncio.run(read())) == 1
    seconds = [at // SECOND_NS for _, at in venue.asked]
    assert seconds == [0, 1, 3, 7, 15, 31, 61, 91, 121]
    assert (door.failed_reads, door.trouble) == (8, "")


def test_a_new_number_is_tried_at_once_whatever_the_pause() -> None:
    """A stream that is back must not wait for the patience that an outage has used up."""
    kernel, venue, door = outside(failures=3)

    async def read() -> None:
        for _ in range(5):
            await door.lists(kernel)
            await door.lists(kernel)
            kernel.actor("reconciliation").state.number += 1

    asyncio.run(read())
    assert [number for number, _ in venue.asked] == [1, 2, 3, 4, 5]


def test_a_number_that_is_given_while_lists_are_read_is_read_too() -> None:
    """The answer is of the number that was asked for, not of what the core wants by then."""
    kernel, _, door = outside(failures=0)

    async def read() -> list[int]:
        reading = asyncio.create_task(door.lists(kernel))
        await asyncio.sleep(0)
        kernel.actor("reconciliation").state.number = 2
        told = [*await reading, *await door.lists(kernel), *await door.lists(kernel)]
        return [each.number for each in told if isinstance(each, VenueSnapshot)]

    assert asyncio.run(read()) == [1, 2]


def differing() -> ReconciliationReading:
    """What a service tells whose books confirmed a difference."""
    kernel, _, door = outside(failures=0)
    reader = ReconciliationReader(kernel, door)
    state: ReconciliationActorState = kernel.actor("reconciliation").state
    state.differences = (ReconciliationDifference("balance", "USD", "1.00", "2.00"),)
    state.differs, state.seen_since = True, {"balance USD": 7 * SECOND_NS}
    state.complete_at, state.complete_count = 3 * SECOND_NS, 2
    kernel.at = 10 * SECOND_NS
    return reader.read(silent_seconds=0.5)


def test_a_reactivation_is_refused_with_the_difference_named() -> None:
    """G5: by the command already, when a running service knows of it."""
    with pytest.raises(UserError) as refused:
        refuse_while_differing(StatusAnswer("live", "Halted", "why", differing()))
    assert refused.value.code is ExitCode.HALTED
    assert "balance USD: 1.00 here, 2.00 at the venue" in refused.value.sentence
    refuse_while_differing(StatusAnswer("live", "Halted", "why"))
    refuse_while_differing(None)


def test_a_reading_says_what_differs_since_when_and_how_old_the_lists_are() -> None:
    told = differing()
    (difference,) = told.differences
    assert (difference.name, difference.since) == ("USD", 7 * SECOND_NS)
    assert told.age_seconds == 7.5
    assert (told.complete, told.failed) == (2, 0)


def test_metrics_and_reasons_tell_of_what_a_venue_outside_shows(tmp_path: Path) -> None:
    """Before a whole reading there is no age; an order's id is never a label."""

    async def scraped() -> tuple[str, set[Blocked]]:
        run = await observed_run(tmp_path)
        kernel, _, door = outside(failures=0)
        run.segment.graph.kernel = kernel
        run.segment.outside = door
        state: ReconciliationActorState = kernel.actor("reconciliation").state
        state.differences = (
            ReconciliationDifference("balance", "USD", "1.00", "2.00"),
            ReconciliationDifference("order", "0123", "not remembered", "Side.BUY 1 BTC/USD"),
        )
        state.away = {"executions": "silent"}
        kernel.actor("orders").state.foreign = {"OABC": "BTC/USD"}
        reader = Reader(run.segment, run.tally, run.plan, choice=run.choice, stepping=run.stepping)
        kernel.actor("reconciliation").state.told = state.told.__class__(
            "balance USD", differs=True, foreign=1
        )
        codes = {each.code for each in reader.read().reasons}
        return exposition(registry_of(reader)).decode(), codes

    text, codes = asyncio.run(scraped())
    assert 'ballast_reconciliation_differences{asset="USD",what="balance"} 1.0' in text
    assert 'ballast_reconciliation_differences{asset="",what="order"} 1.0' in text
    assert "0123" not in text
    assert "ballast_private_streams_away 1.0" in text
    assert "ballast_foreign_orders 1.0" in text
    assert 'ballast_reconciliation_readings_total{outcome="failed"} 0.0' in text
    assert "\nballast_reconciliation_age_seconds " not in text
    assert codes >= {Blocked.RECONCILING, Blocked.UNGUARDED}
    assert all(name in text for name in RECONCILED)


def test_entries_wait_for_the_lists_also_when_the_venue_cannot_be_asked_at_start(
    books: OutsideBooks,
) -> None:
    """The door opens without lists, the entries do not: the core waits for them itself."""
    fresh = OutsideBooks(USD="10000.00", XBT="1.00000000")
    fresh.pass_on(600)
    assert fresh.order() is None
    assert fresh.reconciliation.state.awaits
    fresh.read()
    assert fresh.order() is not None
    assert books.order(Side.SELL) is not None


def test_a_reactivation_accepts_no_unexplained_trade_while_something_differs(
    books: OutsideBooks,
) -> None:
    """G5: refused by risk, and the books stay as they are too; explained, it is accepted."""
    nobodys = ExecutionReport(
        "ab" * 16,
        "T1",
        ExecKind.TRADE,
        books.at,
        Decimal("0.1"),
        Decimal(50_000),
        Decimal("5000.00"),
        fee_asset="USD",
        symbol="XBT/USD",
        side=Side.BUY,
    )
    books.send(TradeUnmatched(nobodys, True))
    confirmed(books)
    assert not of(TransfersPosted, books.send(Reactivate("anna", "I looked at it")))
    books.model.balances["USD"] -= Decimal(5000)
    books.model.balances["XBT"] += Decimal("0.1")
    books.pass_on(60)
    books.read()
    assert not books.reconciliation.state.differs
    (posted,) = of(TransfersPosted, books.send(Reactivate("anna", "it was mine")))
    assert {row.cause for row in posted.transfers} == {"reactivated by anna"}
