"""Timers fire at their due time, before the input that reaches them, however the inputs fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
import pytest

from actors.instant import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, ceil_to, floor_to
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import state_digest
from actors.kernel.stamp import INPUT, Stamp
from actors.kernel.supervisor import ChildSpec, Policy
from actors.kernel.timers import Timer, Timers
from actors.messages.base import Message
from actors.messages.control import CancelTimer, EpochOpened, Note, SetTimer, Tick, TimerFired


class Heard(msgspec.Struct):
    """What fired, when, and for what due time."""

    fired: list[tuple[str, int, int]] = []


class Sleeper(Actor[None, Heard]):
    """Sets what it is told ("set NAME OFFSET", "cancel NAME"); "every-N" timers set themselves."""

    __slots__ = ()
    emits = (SetTimer, CancelTimer)
    state_type = Heard

    def told(self, message: EpochOpened, at: int) -> Effects:
        """`reason` is a list of commands; offsets count from the input's time."""
        effects: list[Message] = []
        for command in message.reason.split(";"):
            match command.split():
                case ["set", name, offset]:
                    effects.append(SetTimer(name, at + int(offset)))
                case ["cancel", name]:
                    effects.append(CancelTimer(name))
                case _:
                    raise ValueError(command)
        return effects

    def fire(self, message: TimerFired, at: int) -> Effects:
        self.state.fired.append((message.name, message.due, at))
        kind, _, step = message.name.partition("-")
        if kind == "every":
            return (SetTimer(message.name, message.due + int(step)),)
        return NOTHING

    rules: ClassVar[Mapping[type[Message], Rule]] = {EpochOpened: told, TimerFired: fire}


class Early(Sleeper):
    """Sorts before the other."""

    __slots__ = ()
    name = "early"


class Late(Sleeper):
    """Sorts after the other."""

    __slots__ = ()
    name = "late"


def sleepers(policy: Policy = Policy.RESTART) -> Kernel:
    """Late is wired first, so that only names can decide who fires first."""
    actors = [Late(None, Heard()), Early(None, Heard())]
    specs = {each.name: ChildSpec(each.name, policy) for each in actors}
    return Kernel(actors, specs, {EpochOpened: ("early", "late"), Tick: (), Note: ("log",)})


def tell(kernel: Kernel, commands: str, at: int) -> None:
    kernel.step(Input(kernel.seq + 1, at, EpochOpened(1, commands)))


def tick(kernel: Kernel, at: int) -> None:
    kernel.step(Input(kernel.seq + 1, at, Tick(at)))


def fired(kernel: Kernel, name: str = "early") -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = kernel.actor(name).state.fired
    return found


def test_a_timer_fires_at_its_due_time_and_not_at_the_inputs() -> None:
    """The input that reaches it comes much later."""
    kernel = sleepers()
    tell(kernel, "set a 10", 100)
    tick(kernel, 109)
    assert fired(kernel) == []
    tick(kernel, 500)
    assert fired(kernel) == [("a", 110, 110)]
    tick(kernel, 900)
    assert len(fired(kernel)) == 1


def test_a_timer_due_exactly_now_fires_before_the_input() -> None:
    """An input at the due time finds the timer already fired."""
    kernel = sleepers()
    tell(kernel, "set a 10", 100)
    tell(kernel, "cancel a", 110)
    assert fired(kernel) == [("a", 110, 110)]


def test_timers_fire_by_due_time_then_owner_then_name() -> None:
    """However they were set."""
    kernel = sleepers()
    tell(kernel, "set z 5;set a 5;set m 4", 100)
    waiting = [(each.due, each.owner, each.name) for each in kernel.snapshot().kernel.timers]
    assert waiting == [
        (104, "early", "m"),
        (104, "late", "m"),
        (105, "early", "a"),
        (105, "early", "z"),
        (105, "late", "a"),
        (105, "late", "z"),
    ]
    tick(kernel, 200)
    assert [name for name, _, _ in fired(kernel)] == ["m", "a", "z"]


def test_setting_a_timer_again_replaces_it() -> None:
    """One timer per owner and name; the other owner's stays."""
    kernel = sleepers()
    tell(kernel, "set a 10;set a 50", 100)
    tick(kernel, 149)
    assert fired(kernel) == []
    tick(kernel, 150)
    assert fired(kernel) == fired(kernel, "late") == [("a", 150, 150)]


def test_a_cancelled_timer_never_fires() -> None:
    """Cancelling one that does not wait is harmless."""
    kernel = sleepers()
    tell(kernel, "set a 10;set b 10;cancel a;cancel unknown", 100)
    tick(kernel, 200)
    assert fired(kernel) == [("b", 110, 110)]


@pytest.mark.parametrize(
    "ticks",
    [
        [1_000],
        [150, 1_000],
        list(range(101, 1_001)),
        [110, 120, 129, 130, 131, 1_000],
    ],
    ids=["one input", "two inputs", "an input a nanosecond", "inputs at due times"],
)
def test_the_same_timers_fire_alike_in_dense_and_sparse_inputs(ticks: Sequence[int]) -> None:
    """A repeating timer, one that crosses it, and one that was set to the past."""
    kernel = sleepers()
    tell(kernel, "set every-10 10;set once 35;set past -40", 100)
    for at in ticks:
        tick(kernel, at)
    expected = sorted(
        [("every-10", due, due) for due in range(110, 1_001, 10)]
        + [("once", 135, 135), ("past", 60, 100)],
        key=lambda each: each[2],
    )
    assert fired(kernel) == fired(kernel, "late") == expected


def test_time_never_runs_backwards_for_an_actor() -> None:
    """A timer that was set to a time already past fires at the time that it now is."""
    kernel = sleepers()
    tick(kernel, 300)
    tell(kernel, "set past -250", 300)
    tick(kernel, 400)
    assert fired(kernel) == [("past", 50, 300)]


def test_a_timer_without_end_halts_instead_of_hanging() -> None:
    """A timer that sets itself to the same instant never lets the input through."""
    kernel = sleepers(Policy.RESTART)
    tell(kernel, "set every-0 10", 100)
    before = [port[1] for port in kernel.snapshot().actors]
    kernel.step(Input(2, 200, Tick(200)))
    assert kernel.halt is not None
    assert kernel.halt.error == "RunawayError: the timer every-0 never rests"
    assert kernel.halt.actor == "early"
    assert [port[1] for port in kernel.snapshot().actors] == before


def test_timers_survive_a_snapshot() -> None:
    """They are part of the kernel's state."""
    kernel, other = sleepers(), sleepers()
    tell(kernel, "set a 10;set b 20", 100)
    other.restore(kernel.snapshot())
    for each in (kernel, other):
        tick(each, 500)
    assert fired(other) == [("a", 110, 110), ("b", 120, 120)]
    assert state_digest(other.snapshot()) == state_digest(kernel.snapshot())


def test_the_waiting_list_alone() -> None:
    """`due` takes the first that is due, or nothing; equal names of two owners are two timers."""
    cause = Stamp(1, INPUT, 1)
    timers = Timers([Timer(5, "a", "x", cause)])
    assert timers.due(4) is None
    timers.set(Timer(3, "b", "x", cause))
    timers.cancel("a", "y")
    assert timers.due(4) == Timer(3, "b", "x", cause)
    assert timers.due(5) == Timer(5, "a", "x", cause)
    assert timers.due(10**18) is None


@pytest.mark.parametrize(
    ("instant", "step", "floor", "ceiling"),
    [
        (0, SECOND_NS, 0, 0),
        (1, SECOND_NS, 0, SECOND_NS),
        (HOUR_NS - 1, MINUTE_NS, HOUR_NS - MINUTE_NS, HOUR_NS),
        (DAY_NS, HOUR_NS, DAY_NS, DAY_NS),
        (-1, SECOND_NS, -SECOND_NS, 0),
    ],
)
def test_instants_are_brought_to_a_grid(instant: int, step: int, floor: int, ceiling: int) -> None:
    """Down to the last multiple, up to the first; also before 1970."""
    assert (floor_to(instant, step), ceil_to(instant, step)) == (floor, ceiling)


def test_a_grid_has_a_positive_step() -> None:
    """Zero is a bug."""
    with pytest.raises(AssertionError):
        floor_to(5, 0)
