"""Faults that need a world of their own: a wall clock that steps (E1), packets that vanish.

Each is a program in a process of its own that asserts all that has to hold; here it is started, or
skipped with the reason where the machine cannot make that world. The step of the clock is also
played without help, by the edge's own port for the wall.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import partition, stepped_clock
from tests.network_desk import weathered
from tests.standing_invariants import assert_standing

pytestmark = pytest.mark.timeout(260)


def assert_went_well(done: subprocess.CompletedProcess[str]) -> None:
    """Its own assertions held."""
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.returncode == 0, "\n".join(told[-25:])


def test_E1_a_wall_that_is_set_back_and_forward_closes_entries_and_moves_no_time(
    tmp_path: Path,
) -> None:
    wall = stepped_clock.Wall()
    left = weathered(tmp_path, stepped_clock.case_of(wall.set), clock=wall.clock)
    assert_standing(left)
    stepped_clock.assert_time_went_on(left)


@pytest.mark.soak
def test_E1_the_same_under_libfaketime(tmp_path: Path) -> None:
    found = stepped_clock.libfaketime()
    if found is None:
        pytest.skip(
            "there is no libfaketime (Debian package faketime), and BALLAST_LIBFAKETIME names none"
        )
    assert_went_well(stepped_clock.run_under(found, tmp_path))


@pytest.mark.soak
def test_packets_that_vanish_leave_orders_in_doubt_and_nothing_arrives_late(tmp_path: Path) -> None:
    if why := partition.why_not():
        pytest.skip(why)
    assert_went_well(partition.run_apart(tmp_path / "desk"))
