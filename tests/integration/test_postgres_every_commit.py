"""A server, a wire or the service that fails at any commit: nothing is lost and nothing doubled.

Whatever fails, trading stops with one sentence and nothing more is sent; once the server is back
the account goes on, every order is accounted for, and the journal replays to its own root.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.bundles import choose_bundle
from service.drivers.trading import RunPlan, trade
from service.failures import ExitCode
from service.settings import Settings
from tests.postgres_commits import (
    COMMITS,
    COMMITS_MOST,
    HOURS,
    LEADING,
    SEED,
    CommitCase,
    commit_case,
)
from tests.postgres_crashing import CrashingServer, crashing_server
from tests.postgres_gate import AFTER, AMID, BEFORE, MOMENTS, CommitGate
from tests.simulation.case import SIGKILL
from tests.simulation.hourly_market import HourlyMarket
from tests.simulation.nursery import Nursery

FIRST = (
    ("killed", 2, BEFORE),
    ("killed", 12, AMID),
    ("killed", 17, AFTER),
    ("stopped", 6, AMID),
    ("stopped", 15, BEFORE),
    ("stopped", 18, AFTER),
    ("cut", 1, BEFORE),
    ("cut", 9, BEFORE),
    ("cut", 14, AFTER),
    ("cut", 16, AMID),
    ("dies", 3, AMID),
    ("dies", 11, BEFORE),
    ("dies", 18, AFTER),
    ("dies", 17, BEFORE),
)
REST = tuple(
    each
    for each in itertools.product(
        ("killed", "stopped", "cut", "dies"), range(1, COMMITS_MOST + 1), MOMENTS
    )
    if each not in FIRST
)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    warm = Nursery()
    try:
        yield warm
    finally:
        warm.close()


@pytest.fixture(scope="module")
def server() -> Iterator[CrashingServer]:
    with crashing_server() as found:
        yield found


@pytest.fixture
def case(nursery: Nursery, server: CrashingServer, tmp_path: Path) -> Iterator[CommitCase]:
    with commit_case(nursery, server, tmp_path) as found:
        yield found


def fail_once(case: CommitCase, how: str, commit: int, moment: str) -> None:
    """One fault; what must hold at once; then on to the end."""
    if how == "dies":
        code = case.die_at(commit, moment)
        assert code == SIGKILL
    else:
        code = case.fail_at(commit, moment, deeds(case.server)[how])
        # A wire that was cut is made again, and a frame whose answer was lost is looked up.
        assert code == ExitCode.ENVIRONMENT or (how == "cut" and code == 0)
    if code > 0:
        error = case.where.answer().error
        assert error.startswith(("The database stopped answering", "The database cannot be"))
        assert "\n" not in error
        assert case.safe_mode_was_told(had_lead=case.sent() > 0)
    if code:
        case.nothing_was_sent_since(case.gate.acted_at)
    if not case.server.running():
        case.server.start()
    case.compare()
    if code:
        case.finish()


def deeds(server: CrashingServer) -> dict[str, Callable[[], None]]:
    """What is done to the server, besides ending the connection."""
    return {"killed": server.kill, "stopped": server.stop_immediately, "cut": lambda: None}


def test_the_run_without_a_fault_has_a_commit_for_every_case(case: CommitCase) -> None:
    """What the others are compared with: it trades, and ends with every order accounted for."""
    case.gate.arm(0, BEFORE, lambda: None)
    found = case.finish()
    assert case.gate.commits >= COMMITS
    assert len(found.submits) >= 5
    assert found.runs == 1


@pytest.mark.parametrize(("how", "commit", "moment"), FIRST)
def test_a_fault_at_a_commit_loses_and_doubles_nothing(
    case: CommitCase, how: str, commit: int, moment: str
) -> None:
    """SIGKILL of the postmaster, an immediate stop, a cut wire, SIGKILL of the service."""
    fail_once(case, how, commit, moment)


@pytest.mark.soak
@pytest.mark.parametrize(("how", "commit", "moment"), REST)
def test_a_fault_at_any_other_commit_does_neither(
    case: CommitCase, how: str, commit: int, moment: str
) -> None:
    """Every commit, before, amid and after it."""
    fail_once(case, how, commit, moment)


@pytest.mark.parametrize("how", ["killed", "stopped"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_server_that_is_soon_back_is_waited_for(case: CommitCase, how: str, moment: str) -> None:
    """The frame is looked up when it answers again, and the same run goes on to its end."""
    server = case.server

    def gone_for_a_moment() -> None:
        deeds(server)[how]()
        threading.Thread(target=server.start).start()

    case.orders.reconnect_seconds = 20.0
    assert case.fail_at(12, moment, gone_for_a_moment) == 0, case.where.told("trader")
    found = case.compare()
    assert found is not None
    assert found.runs == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_wire_that_is_cut_changes_no_digest(
    server: CrashingServer, tmp_path: Path, moment: str
) -> None:
    """The same inputs lead to the same root as in a run that nothing disturbed."""

    def root(at: int) -> bytes:
        database = asyncio.run(server.fresh_database())
        with CommitGate(server.socket) as gate:
            address = server.dsn(database, server.administrator)
            behind = address.replace(f"host={server.folder}", f"host={gate.folder}")
            gate.arm(at, moment, lambda: None)
            feed = HourlyMarket(SEED, HOURS)
            choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
            plan = RunPlan("PAPER", "postgres", behind, total=1)
            settings = Settings(data_dir=str(tmp_path / f"{at}"))
            ended = asyncio.run(trade(settings, feed, choice, plan))
            assert bool(gate.acted_at) == bool(at)
            return ended.run.root

    undisturbed = root(0)
    assert root(LEADING + 1) == undisturbed
    assert root(LEADING + 2) == undisturbed
