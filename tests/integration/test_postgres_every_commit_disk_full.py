"""A disk that is full from any commit on: the server refuses or falls, and nothing is lost.

The cluster lies on a small file system in memory, which is filled to the last byte. The first
commit for which there is no room ends trading in one sentence; with room again all goes on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.failures import ExitCode
from tests.postgres_commits import COMMITS, COMMITS_MOST, LEADING, commit_case
from tests.postgres_crashing import CrashingServer, crashing_server
from tests.postgres_gate import PASSES
from tests.simulation.nursery import Nursery

FIRST = (("all", 4), ("the log", 9), ("all", 14), ("the log", 16))
REST = tuple(
    each
    for each in itertools.product(("all", "the log"), range(LEADING, COMMITS_MOST + 1))
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
def whole() -> Iterator[CrashingServer]:
    """Everything on the small disk."""
    with crashing_server("all") as found:
        yield found


@pytest.fixture(scope="module")
def log_only() -> Iterator[CrashingServer]:
    """Only the write-ahead log on it."""
    with crashing_server("the log") as found:
        yield found


def fill_once(nursery: Nursery, server: CrashingServer, folder: Path, commit: int) -> None:
    """Full from that commit on; then there is room again."""

    def fill() -> None:
        server.fill()
        if server.log_apart:
            server.use_up_log()

    with commit_case(nursery, server, folder) as case:
        code = case.fail_at(commit, PASSES, fill)
        if code == 0 and commit > COMMITS:
            # So late that all the rest went into room that the server had taken before.
            case.compare()
            return
        assert code == ExitCode.ENVIRONMENT, "there was room to the end"
        error = case.where.answer().error
        told = "The database " if server.log_apart else "The database has no room on its disk ("
        assert told in error
        assert "\n" not in error
        assert case.safe_mode_was_told(had_lead=case.sent() > 0)
        server.free()
        if server.log_apart:
            assert "PANIC:  could not write to file" in server.log
            server.restart()
        case.compare()
        case.finish()


@pytest.mark.parametrize(("disk", "commit"), FIRST)
def test_a_disk_that_fills_up_loses_and_doubles_nothing(
    nursery: Nursery, request: pytest.FixtureRequest, tmp_path: Path, disk: str, commit: int
) -> None:
    """Nothing is sent without its record, and what was acknowledged is still there.

    Without room for a table the server refuses; without room for its log it falls.
    """
    server = request.getfixturevalue("log_only" if disk == "the log" else "whole")
    fill_once(nursery, server, tmp_path, commit)


@pytest.mark.soak
@pytest.mark.parametrize(("disk", "commit"), REST)
def test_a_disk_that_fills_up_at_any_other_commit_does_neither(
    nursery: Nursery, request: pytest.FixtureRequest, tmp_path: Path, disk: str, commit: int
) -> None:
    """From every commit on."""
    server = request.getfixturevalue("log_only" if disk == "the log" else "whole")
    fill_once(nursery, server, tmp_path, commit)
