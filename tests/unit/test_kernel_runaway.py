"""Rules that run away or answer nonsense: never a hang, never half a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec
import pytest

from actors.kernel.actor import Actor, Effects, Rule
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.stamp import LOG
from actors.kernel.supervisor import ChildSpec, Policy
from actors.messages.base import Message
from actors.messages.control import (
    ActorRestarted,
    ClockSkew,
    EpochOpened,
    KillSwitch,
    Note,
    RunEnded,
    SetTimer,
    Tick,
    TimerFired,
)


class Counted(msgspec.Struct):
    """How many messages were heard."""

    count: int = 0


class Echo(Actor[None, Counted]):
    """Does what the epoch's reason says."""

    __slots__ = ()
    name = "echo"
    state_type = Counted
    emits = (ClockSkew, RunEnded, SetTimer)

    def told(self, message: EpochOpened, at: int) -> Effects:
        self.state.count += 1
        return getattr(self, message.reason)(message, at)  # type: ignore[no-any-return]

    def fine(self, message: EpochOpened, _at: int) -> Effects:
        return (RunEnded("run", str(message.epoch)),)

    def nothing_at_all(self, _message: EpochOpened, _at: int) -> Effects:
        return None  # type: ignore[return-value]

    def unroutable(self, _message: EpochOpened, _at: int) -> Effects:
        return (KillSwitch(1, "echo", "never declared"),)

    def no_message(self, _message: EpochOpened, _at: int) -> Effects:
        return ("a string",)  # type: ignore[return-value]

    def late_error(self, _message: EpochOpened, _at: int) -> Iterator[Message]:
        yield RunEnded("run", "half")
        raise ValueError("half way")

    def too_large(self, _message: EpochOpened, _at: int) -> Effects:
        return RunEnded("run", "fine"), ClockSkew(2**64)

    def unspeakable(self, _message: EpochOpened, _at: int) -> Effects:
        return (RunEnded("run", "\ud800"),)

    def mistimed(self, _message: EpochOpened, _at: int) -> Effects:
        return SetTimer("a", 5), SetTimer("b", "soon")  # type: ignore[arg-type]

    def ping_pong(self, _message: EpochOpened, _at: int) -> Effects:
        return (ClockSkew(0),)

    def flood(self, _message: EpochOpened, _at: int) -> Effects:
        return [ClockSkew(1)] * 9

    def endless(self, _message: EpochOpened, _at: int) -> Iterator[Message]:
        while True:
            yield RunEnded("run", "more")

    def skew(self, message: ClockSkew, _at: int) -> Effects:
        """Zero is thrown back for ever."""
        self.state.count += 1
        return (ClockSkew(0),) if message.offset_ns == 0 else ()

    def timer(self, _message: TimerFired, _at: int) -> Effects:
        self.state.count += 1
        return ()

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        EpochOpened: told,
        ClockSkew: skew,
        TimerFired: timer,
    }


class Watch(Actor[None, Counted]):
    """Hears what the echo does, and of its restarts."""

    __slots__ = ()
    name = "risk"
    state_type = Counted
    emits = ()

    def hear(self, _message: Message, _at: int) -> Effects:
        self.state.count += 1
        return ()

    rules: ClassVar[Mapping[type[Message], Rule]] = {EpochOpened: hear, ActorRestarted: hear}


ROUTES: dict[type[Message], tuple[str, ...]] = {
    EpochOpened: ("echo", "risk"),
    ClockSkew: ("echo",),
    RunEnded: (LOG,),
    Tick: (),
}


def echo(capacity: int = 8, watch_capacity: int = 8) -> Kernel:
    actors: list[Actor[Any, Any]] = [Echo(None, Counted()), Watch(None, Counted())]
    specs = {
        "echo": ChildSpec("echo", Policy.RESTART, mailbox_capacity=capacity),
        "risk": ChildSpec("risk", Policy.HALT, mailbox_capacity=watch_capacity),
    }
    return Kernel(actors, specs, ROUTES)


def tell(kernel: Kernel, reason: str) -> str:
    result = kernel.step(Input(kernel.seq + 1, kernel.at + 1, EpochOpened(1, reason)))
    return result.outcome.failures[-1].error if result.outcome.failures else ""


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("nothing_at_all", "TypeError: 'NoneType' object is not iterable"),
        ("no_message", "KeyError: <class 'str'>"),
        ("unroutable", "KeyError: <class 'actors.messages.control.KillSwitch'>"),
        ("late_error", "ValueError: half way"),
        ("too_large", "OverflowError: can't serialize ints"),
        ("unspeakable", "UnicodeEncodeError"),
        ("mistimed", "TypeError"),
    ],
)
def test_whatever_a_rule_does_wrong_is_a_failure_of_that_delivery(reason: str, error: str) -> None:
    """The actor is as before, the others heard the message, the service goes on."""
    kernel = echo()
    assert tell(kernel, reason).startswith(error)
    assert kernel.actor("echo").state.count == 0
    assert kernel.actor("risk").state.count == 2, "the message and the restart"
    assert kernel.dead_letters == 1
    assert kernel.snapshot().kernel.timers == ()
    assert tell(kernel, "fine") == ""


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("ping_pong", "RunawayError: one input or timer led to over 200000 messages"),
        ("endless", "RunawayError: one input or timer led to over 200000 messages"),
        ("flood", "MailboxOverflowError: the mailbox of echo exceeds 8"),
    ],
)
def test_a_loop_in_the_rules_halts_whatever_the_policy(reason: str, error: str) -> None:
    """No hang, no memory eaten: the graph is at fault, so nobody is merely restarted."""
    kernel = echo()
    assert tell(kernel, reason) == error
    assert kernel.halt is not None
    assert (kernel.halt.actor, kernel.halt.error) == ("echo", error)
    assert kernel.actor("echo").state.count == kernel.actor("risk").state.count == 0
    assert kernel.held() == 1
    assert all(each.depth == 0 for each in kernel.mailboxes().values())


def test_a_mailbox_may_be_filled_to_its_bound() -> None:
    """Nine at once fit into nine."""
    kernel = echo(capacity=9)
    assert tell(kernel, "flood") == ""
    assert kernel.mailboxes()["echo"].high_water == 9


def test_telling_risk_of_a_restart_may_overflow_it_too() -> None:
    """Its mailbox holds one: the message itself already fills it."""
    kernel = echo(watch_capacity=1)
    assert tell(kernel, "late_error") == "MailboxOverflowError: the mailbox of risk exceeds 1"
    assert kernel.halt is not None


def test_a_runaway_step_replays_from_its_record() -> None:
    """The loop is not run again."""
    kernel, other = echo(), echo()
    entry = Input(1, 5, EpochOpened(1, "endless"))
    result = kernel.step(entry)
    assert other.step(entry, result.outcome).root == kernel.root
    assert other.halt == kernel.halt
    assert other.mailboxes()["echo"].delivered == 0


def test_notes_are_kept_apart_from_what_decides() -> None:
    """A run's end goes to the log, where nothing of the core reads it."""
    kernel = echo()
    result = kernel.step(Input(1, 5, EpochOpened(7, "fine")))
    assert [each.body for each in result.notes] == [RunEnded("run", "7")]
    assert Note not in ROUTES
