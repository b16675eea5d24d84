"""SIGKILL at every named step of the pump, before a recording sink: kill, compare, go on, compare.

After every death the sink's log is compared with what is durable: nothing was sent twice, late, or
before its record. Then the service starts again, recovers, and ends with every order accounted for.
"""

from __future__ import annotations

import pytest

from actors.messages.order import OrderState
from service.fail_points import STEPS
from tests.simulation.case import SIGKILL, NewCase, die_once

# Three occurrences of every step, all of which a short run passes.
COUNTS = {
    "received": (1, 402, 351),
    "appended": (2, 371, 300),
    "stepped": (1, 390, 333),
    "committed": (1, 3, 9),
    "released": (1, 2, 6),
    "acknowledged": (1, 3, 5),
    "snapshot_begin": (1, 2, 3),
    "snapshot_end": (1, 2, 4),
}
KINDS = ("file", "embedded", "machine")
FIRST = [
    (("file", "embedded")[index % 2], step, counts[1])
    for index, (step, counts) in enumerate(COUNTS.items())
]
REST = [
    (kind, step, count)
    for step, counts in COUNTS.items()
    for count in counts
    for kind in KINDS
    if (kind, step, count) not in FIRST
]
# Recovery and the opening of a segment pass few steps: die there too, one start after the other.
RECOVERING = ("snapshot_begin:1", "snapshot_end:1", "appended:1", "stepped:2", "committed:1")


def test_every_step_of_the_pump_is_killed_somewhere() -> None:
    """A step that is added must be added here."""
    assert set(COUNTS) == set(STEPS)


def test_the_run_without_a_fault_ends_with_every_order_accounted_for(new_case: NewCase) -> None:
    """What the other cases are compared with."""
    found = new_case("file").finish()
    assert found.runs == 1


@pytest.mark.parametrize(("kind", "step", "count"), FIRST)
def test_a_kill_leaves_journal_and_venue_in_agreement(
    new_case: NewCase, kind: str, step: str, count: int
) -> None:
    """One occurrence of every step, in files and in the database by turns."""
    die_once(new_case(kind), f"{step}:{count}")


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "step", "count"), REST)
def test_a_kill_at_any_other_occurrence_does_so_too(
    new_case: NewCase, kind: str, step: str, count: int
) -> None:
    """Every occurrence in every store; another fate for every case."""
    die_once(new_case(kind, sink_seed=count), f"{step}:{count}")


@pytest.mark.parametrize("kind", ["file", "embedded"])
def test_kills_while_recovering_lose_nothing_and_send_nothing(new_case: NewCase, kind: str) -> None:
    """Die with orders in flight, then at every step that a start passes before it trades."""
    case = new_case(kind)
    assert case.run("acknowledged:5") == SIGKILL
    sent = case.sent()
    for fail_point in RECOVERING:
        assert case.run(fail_point) == SIGKILL, case.where.told("trader")
        case.compare()
    assert case.sent() == sent, "an order left while the service was starting"
    case.finish()


@pytest.mark.parametrize("fail_point", ["committed:1", "appended:2", "committed:2"])
def test_a_kill_between_the_first_two_inputs_does_not_lose_the_opening_balance(
    new_case: NewCase, fail_point: str
) -> None:
    """A frame an input: the start of the run is durable and its funds are not yet."""
    case = new_case("file", frame_inputs=1)
    assert case.run(fail_point) == SIGKILL
    case.compare()
    case.orders.frame_inputs = 100
    case.finish()


PARTLY_NOW_REST_LATER = 60


@pytest.mark.parametrize("count", [330, 370])
def test_fills_while_the_service_is_dead_are_booked_when_it_returns(
    new_case: NewCase, count: int
) -> None:
    """Orders rest at the venue, partly filled; their rest trades between death and return."""
    case = new_case("file", fate=PARTLY_NOW_REST_LATER, lifetime_seconds=1_000_000)
    assert case.run(f"stepped:{count}") == SIGKILL
    before = case.compare()
    assert before is not None
    resting = set(before.kernel.actor("orders").state.live)
    assert resting, "no order rested"
    case.until(lambda: resting <= case.over())
    case.orders.lifetime_seconds = 3000
    found = case.finish()
    assert all(found.orders[name].state is OrderState.FILLED for name in resting)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_loop_ends_with_every_order_accounted_for(new_case: NewCase, kind: str) -> None:
    """Ten deaths at changing steps of one account."""
    case = new_case(kind)
    for step in ("released:1", "committed:4", "acknowledged:1", "stepped:9", "received:40") * 2:
        assert case.run(step) == SIGKILL, case.where.told("trader")
        case.compare()
    case.finish()
