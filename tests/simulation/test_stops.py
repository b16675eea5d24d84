"""Stops that are no SIGKILL of the service: SIGTERM, a halt, a venue or a journal that goes away.

Whatever stops, the service ends with a sentence or goes on; what is durable is what was sent.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import msgspec
import pytest

from actors.ids import GENESIS_ROOT
from actors.journal_chain import ChainVerifier
from actors.messages.decision import Side
from actors.messages.execution import CancelOutcome, SafeStopAttempted
from actors.messages.order import CancelOrder
from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from service.failures import ExitCode
from service.recovery import decode_record
from service.safe_stop import REASON
from service.stores import open_journal
from tests.simulation.case import Case, NewCase
from tests.simulation.venue_sink import Sink, read_log

RESTS = 90
DISK_BYTES = 250_000
LASTING_SECONDS = 10_000_000


def trading(case: Case) -> int:
    """A trader that has sent orders and has more to send; its pid."""
    already = case.sent()
    pid = case.where.trade(case.orders)
    case.until(lambda: case.sent() >= already + 4)
    return pid


@pytest.mark.parametrize("kind", ["file", "embedded"])
def test_sigterm_in_the_middle_stops_cleanly_and_the_account_goes_on(
    new_case: NewCase, kind: str
) -> None:
    """A proven card and exit code 0, although orders are open; later they end."""
    case = new_case(kind)
    told = case.stop(trading(case))
    assert told.exit_code == ExitCode.OK
    assert told.card is not None
    assert told.card.parity
    found = case.compare()
    assert found is not None
    assert found.runs == 1
    assert case.finish().runs == 2


LEFT = {
    "cancel_entries": frozenset({Side.SELL}),
    "cancel": frozenset[Side](),
    "leave": frozenset({Side.BUY, Side.SELL}),
}


@pytest.mark.parametrize("policy", LEFT)
def test_sigterm_calls_back_what_the_settings_say_and_waits_for_its_end(
    new_case: NewCase, policy: str
) -> None:
    """D3: entries risk money that is safe; sales may rest on. Then the account goes on."""
    case = new_case("file", fate=RESTS, on_stop=policy, lifetime_seconds=LASTING_SECONDS)
    pid = trading(case)
    case.until(lambda: any(side is Side.BUY for side in sides(case)))
    told = case.stop(pid)
    assert told.exit_code == ExitCode.OK
    assert told.card is not None
    assert told.card.parity
    left = sides(case)
    assert set(left) <= LEFT[policy]
    if policy == "leave":
        assert Side.BUY in left
        assert "0 orders were called back" in case.where.told("trader")
    else:
        assert "orders were called back" in case.where.told("trader")
        assert "without proof" not in case.where.told("trader")
    asked = [line.message for line in read_log(case.where.log) if line.op == "cancel"]
    because = [each for each in asked if isinstance(each, CancelOrder)]
    stopping = [each for each in because if each.reason == "the service stops: stopped"]
    assert bool(stopping) is (policy != "leave")
    case.compare()


def test_a_venue_that_refuses_the_cancels_holds_up_a_stop_for_a_bounded_time(
    new_case: NewCase,
) -> None:
    """What is not proven ended is told, and the switch stays armed over it."""
    lasting = {"on_stop": "cancel", "lifetime_seconds": LASTING_SECONDS, "stop_wait_seconds": 1}
    case = new_case("file", fate=RESTS, **lasting)
    case.where.stop_sink()
    case.where.start_sink(refuse_cancels=1_000_000)
    pid = trading(case)
    case.until(lambda: any(side is Side.BUY for side in sides(case)))
    told = case.stop(pid)
    assert told.exit_code == ExitCode.OK
    assert sides(case)
    assert "without proof of their end yet" in case.where.told("trader")
    assert "is still armed" in case.where.told("trader")


def sides(case: Case) -> list[Side]:
    """The sides of what rests at the sink."""
    orders = Sink(case.where.log, 0, faults=False).orders.values()
    return [book.order.side for book in orders if book.open]


def test_sigterm_and_sigkill_together_are_no_worse_than_sigkill(new_case: NewCase) -> None:
    """Killed while it closes."""
    case = new_case("file")
    pid = trading(case)
    case.where.nursery.signal(pid, signal.SIGTERM)
    case.where.nursery.kill(pid)
    case.compare()
    case.finish()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_venue_that_dies_at_an_order_leaves_it_unknown_until_its_lists_say_more(
    new_case: NewCase, when: str
) -> None:
    """It dies before, or after, it wrote an order down; it comes back and trading goes on."""
    case = new_case("file")
    case.where.stop_sink()
    case.where.start_sink(f"{when}:5")
    pid = case.where.trade(case.orders)
    assert case.where.nursery.wait(case.where.sink) == -signal.SIGKILL
    case.where.start_sink()
    assert case.where.nursery.wait(pid) == 0, case.where.told("trader")
    found = case.compare()
    assert found is not None
    case.finish()


def test_a_venue_that_dies_together_with_the_service_is_asked_after_both_return(
    new_case: NewCase,
) -> None:
    """Nobody remembers but the log and the journal."""
    case = new_case("file")
    pid = trading(case)
    case.where.nursery.kill(case.where.sink)
    case.where.nursery.kill(pid)
    case.where.start_sink()
    case.compare()
    case.finish()


def test_postgresql_stopped_at_once_stops_the_service_with_a_sentence(
    new_case: NewCase, tmp_path: Path
) -> None:
    """`immediate`, in the middle: nothing more is sent; the next start recovers."""
    folder = tmp_path / "database"
    case = new_case("own", place=str(folder))
    server = EmbeddedPostgres(folder)
    try:
        try:
            server.start()
        except EmbeddedPostgresError as error:
            pytest.skip(f"the embedded PostgreSQL does not run here: {error}")
        pid = trading(case)
        server.stop("immediate")
        code = case.where.nursery.wait(pid)
        told = case.where.answer()
        assert code == told.exit_code == ExitCode.ENVIRONMENT
        assert told.error.endswith((".", "known"))
        assert "Traceback" not in case.where.told("trader")
        case.compare()
        case.finish()
    finally:
        server.stop("immediate")


def resting(case: Case) -> set[str]:
    """Orders that rest at the sink."""
    return {
        name for name, book in Sink(case.where.log, 0, faults=False).orders.items() if book.open
    }


def test_a_halted_core_has_its_resting_orders_cancelled_and_journals_it(new_case: NewCase) -> None:
    """The orders actor raises at the venue's first word; exit code 7, nothing left behind."""
    case = new_case("file", fate=RESTS, breaks=True, lifetime_seconds=LASTING_SECONDS)
    assert case.run() == ExitCode.HALTED
    told = case.where.answer()
    assert told.card is not None
    assert told.card.parity, told.card.divergence
    assert case.sent() > 0
    assert not resting(case)
    asked = [each for each in attempts(case) if each.outcome is CancelOutcome.ASKED]
    assert {each.cl_ord_id for each in asked} == case.over()


def test_sigterm_while_the_venue_refuses_every_cancel_stops_cleanly(new_case: NewCase) -> None:
    """Safe mode would ask for ever; the person's word ends it, with the card and exit code 7."""
    case = new_case("file", fate=RESTS, breaks=True, lifetime_seconds=LASTING_SECONDS)
    case.where.stop_sink()
    case.where.start_sink(refuse_cancels=1_000_000)
    pid = case.where.trade(case.orders)

    def asked_twice() -> bool:
        asked = asked_in_safe_mode(case)
        return bool(asked) and all(asked.count(name) >= 2 for name in resting(case))

    case.until(asked_twice)
    told = case.stop(pid)
    assert told.exit_code == ExitCode.HALTED
    assert told.card is not None
    assert told.card.parity, told.card.divergence
    refused = [each for each in attempts(case) if each.outcome is CancelOutcome.REFUSED]
    assert {each.cl_ord_id for each in refused} == resting(case)


def test_a_full_disk_ends_the_service_with_a_sentence_and_nothing_resting(
    new_case: NewCase,
) -> None:
    """What could not be recorded was not sent, what rests is cancelled; the next start recovers."""
    case = new_case("file", fate=RESTS, file_bytes=DISK_BYTES, frame_inputs=5)
    assert case.run() == ExitCode.ENVIRONMENT
    assert "cannot be used (File too large)" in case.where.answer().error
    assert "Traceback" not in case.where.told("trader")
    assert case.sent() > 0
    assert not resting(case)
    assert case.over()
    case.compare()
    case.orders = msgspec.structs.replace(case.orders, file_bytes=0)
    case.finish()


def resting_after_a_clean_stop(case: Case) -> set[str]:
    """Orders that were left to rest by a run that was stopped."""
    assert case.stop(trading(case)).exit_code == ExitCode.OK
    rests = resting(case)
    assert rests
    return rests


@pytest.mark.parametrize(
    ("fails_at", "when"),
    [
        pytest.param("RunStarted", "opening", id="at the first record of a new lead"),
        pytest.param("VenueEvidence", "connecting", id="while what rests is looked up"),
        pytest.param("RunEnded", "closing", id="at the last record of a run"),
    ],
)
def test_a_journal_that_fails_at_either_end_of_a_run_leaves_nothing_resting(
    new_case: NewCase, fails_at: str, when: str
) -> None:
    """Also when a SIGTERM was what ended it."""
    case = new_case("file", fate=RESTS, lifetime_seconds=LASTING_SECONDS)
    if when != "closing":
        resting_after_a_clean_stop(case)
    case.orders = msgspec.structs.replace(case.orders, fails_at=fails_at)
    if when == "closing":
        assert case.stop(trading(case)).exit_code == ExitCode.ENVIRONMENT
    else:
        assert case.run() == ExitCode.ENVIRONMENT
    assert "planted fault" in case.where.answer().error
    assert "so our open orders are cancelled" in case.where.told("trader")
    assert not resting(case)
    assert asked_in_safe_mode(case)
    case.orders = msgspec.structs.replace(case.orders, fails_at="", lifetime_seconds=3000)
    case.finish()


def test_a_service_that_never_had_the_lead_cancels_nothing(new_case: NewCase) -> None:
    """Another may have it, and these orders be part of what it does."""
    case = new_case("file", fate=RESTS, lifetime_seconds=LASTING_SECONDS)
    rests = resting_after_a_clean_stop(case)
    case.orders = msgspec.structs.replace(case.orders, fails_at="the lead")
    assert case.run() == ExitCode.ENVIRONMENT
    assert "before this service had the lead" in case.where.told("trader")
    assert resting(case) == rests
    assert not asked_in_safe_mode(case)


def asked_in_safe_mode(case: Case) -> list[str]:
    """The cancels of safe mode that the sink has written down, refused or not."""
    asked = [line.message for line in read_log(case.where.log) if line.op == "cancel"]
    return [
        each.cl_ord_id for each in asked if isinstance(each, CancelOrder) and each.reason == REASON
    ]


def attempts(case: Case) -> list[SafeStopAttempted]:
    """Those that lie in the journal."""

    async def read() -> list[SafeStopAttempted]:
        found: list[SafeStopAttempted] = []
        orders = case.orders
        async with open_journal(orders.kind, orders.place, account=orders.account) as journal:
            chain = ChainVerifier(GENESIS_ROOT)
            async for frame in journal.frames():
                entries = [decode_record(record)[0].body for record in chain.check(frame)]
                found += [body for body in entries if isinstance(body, SafeStopAttempted)]
        return found

    return asyncio.run(read())
