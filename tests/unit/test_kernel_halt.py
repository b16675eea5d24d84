"""A halt: the core stands still, holds facts, lets market data go, and waits for a person."""

from __future__ import annotations

import numpy as np
import pytest

from actors.instant import SECOND_NS
from actors.kernel.digest import NO_STEP
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.limits import LETTABLE
from actors.kernel.snapshot import decode_snapshot, encode_snapshot
from actors.kernel.supervisor import HELD, Halt, Outcome, Policy
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import ClockSkew, KillSwitch, Reactivate, Tick
from actors.messages.market import BookSlice, CandleSlice, TradeSlice
from tests.kernel_bank import NAMES, START, Faults, bank, deposit, digest, give, heard, owned

AGAIN = Reactivate("operator", "fixed")
SYMBOLS = sealed_ints([0])


def halting(faults: Faults | None = None, name: str = "vault") -> Kernel:
    return bank(faults, policies={name: Policy.HALT}, checkpoint_every=1)


@pytest.mark.parametrize("name", NAMES)
def test_an_always_raising_handler_halts_the_core_and_changes_nobody(name: str) -> None:
    """In each position; the input that met it is kept, the others' states are as before."""
    faults = Faults()
    kernel = bank(faults, policy=Policy.HALT, checkpoint_every=1)
    give(kernel, deposit("a"), 0)
    actors = kernel.snapshot().actors
    faults.broken.append(name)
    body: Message = KillSwitch(1, "operator", "b") if name in {"risk", "oracle"} else deposit("b")
    result = give(kernel, body, 5)
    halt = Halt(name, START + 5 * SECOND_NS, 2, f"PoisonError: {name} cannot bear b")
    assert kernel.halt == halt
    assert result.outcome.failures[-1].halted
    assert (result.effects, result.records, result.notes, result.digest) == ([], [], [], NO_STEP)
    assert kernel.snapshot().actors == actors
    assert kernel.held() == 1


@pytest.mark.parametrize("name", NAMES)
def test_after_the_fix_what_was_held_is_delivered_and_nothing_is_lost(name: str) -> None:
    """A person reactivates; the account is as if nothing had happened, only later."""
    faults = Faults()
    kernel = bank(faults, policy=Policy.HALT)
    faults.broken.append(name)
    give(kernel, KillSwitch(0, "operator", "first"), 0)
    give(kernel, deposit("b"), 1)
    give(kernel, deposit("c"), 2)
    assert kernel.halt is not None
    faults.broken.clear()
    result = give(kernel, AGAIN, 3)
    assert kernel.snapshot().kernel.halt is None
    assert (kernel.held(), result.outcome.status) == (0, "ok")
    assert owned(kernel) == 24
    assert ("Reactivate", "fixed") in heard(kernel, "risk")


def test_held_facts_are_delivered_in_order_after_the_reactivation() -> None:
    """Each exactly once, at its own time."""
    kernel = halting(faults := Faults("vault"))
    for number, source in enumerate(("a", "b", "c")):
        give(kernel, deposit(source), number)
    faults.broken.clear()
    give(kernel, AGAIN, 5)
    deposits = [each for each in kernel.actor("teller").state.heard if each[0] == "Deposit"]
    assert deposits == [
        ("Deposit", "a", START),
        ("Deposit", "b", START + SECOND_NS),
        ("Deposit", "c", START + 2 * SECOND_NS),
    ]
    told = heard(kernel, "risk")
    again = told.index(("Reactivate", "fixed"))
    assert ("HoldPlaced", "a") not in told[:again]
    assert ("HoldPlaced", "a") in told[again:]


def test_timers_that_came_due_meanwhile_fire_between_the_held_facts() -> None:
    """Time does not run backwards for anybody, and a fact after a timer stays after it."""
    kernel = halting(faults := Faults())
    give(kernel, deposit("a"), 0)
    faults.broken.append("vault")
    give(kernel, deposit("b"), 5)
    give(kernel, deposit("c"), 12)
    faults.broken.clear()
    give(kernel, AGAIN, 60)
    for name in NAMES:
        times = [at for _, _, at in kernel.actor(name).state.heard]
        assert times == sorted(times), name
    kinds = [(kind, key) for kind, key in heard(kernel, "teller") if kind != "HoldPlaced"]
    assert kinds == [
        ("Deposit", "a"),
        ("Deposit", "b"),
        ("TimerFired", "release-a"),
        ("HoldRefused", "a"),
        ("Deposit", "c"),
        ("TimerFired", "release-b"),
        ("HoldRefused", "b"),
        ("TimerFired", "release-c"),
        ("HoldRefused", "c"),
    ]


@pytest.mark.parametrize(
    ("body", "held"),
    [
        (deposit("fact"), 2),
        (ClockSkew(5), 2),
        (KillSwitch(3, "operator", "now"), 2),
        (Tick(START), 1),
        (BookSlice(START, SYMBOLS, sealed(np.zeros((1, 40)))), 1),
        (TradeSlice(START, SYMBOLS, sealed(np.zeros((1, 8)))), 1),
        (CandleSlice(START, SECOND_NS, SYMBOLS, sealed(np.zeros((1, 6)))), 1),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Message) else str(each),
)
def test_facts_are_held_and_market_state_that_ages_is_let_go(body: Message, held: int) -> None:
    """A fact is never lost; a price of an hour ago is worth nothing."""
    kernel = halting(Faults("vault"))
    give(kernel, deposit("a"), 0)
    result = kernel.step(Input(2, START + 1, body))
    assert result.outcome == HELD
    assert (result.digest, result.messages) == (NO_STEP, 0)
    assert kernel.held() == held
    assert (type(body) in LETTABLE) == (held == 1)
    assert (kernel.seq, kernel.at) == (2, START + 1)


def test_market_data_that_halts_the_core_is_let_go_too() -> None:
    """The poison was a timer's, the input a tick: nothing is held, the timer fires again later."""
    kernel = halting(faults := Faults(), "teller")
    give(kernel, deposit("a"), 0)
    faults.broken.append("teller")
    give(kernel, Tick(START), 60)
    assert kernel.halt is not None
    assert kernel.held() == 0
    faults.broken.clear()
    give(kernel, AGAIN, 61)
    assert ("TimerFired", "release-a") in heard(kernel, "teller")


def test_reactivation_without_a_fix_halts_again_and_keeps_every_fact() -> None:
    """As often as it is tried."""
    kernel = halting(faults := Faults("vault"))
    for number in range(4):
        give(kernel, deposit(f"d{number}"), number)
    for number in range(3):
        result = give(kernel, AGAIN, 10 + number)
        assert result.outcome.failures[-1].halted
        assert kernel.held() == 4
        assert kernel.halt is not None
        assert kernel.halt.seq == 5 + number
    faults.broken.clear()
    give(kernel, AGAIN, 20)
    assert kernel.held() == 0
    assert owned(kernel) == 48


def test_reactivation_of_a_core_that_runs_is_only_told_to_risk() -> None:
    """And forgets the restarts so far."""
    kernel = bank()
    give(kernel, deposit("poison-vault"), 0)
    assert kernel.restarts() == {"vault": 1}
    assert give(kernel, AGAIN, 1).outcome.status == "ok"
    assert heard(kernel, "risk")[-1] == ("Reactivate", "fixed")
    assert kernel.restarts() == {}


def test_a_reactivation_gives_every_actor_its_intensity_back() -> None:
    """Otherwise the next failure would halt at once."""
    kernel = bank(faults := Faults("vault"))
    give(kernel, deposit("batch-12"), 0)
    assert kernel.halt is not None
    faults.broken.clear()
    give(kernel, AGAIN, 1)
    assert kernel.restarts() == {}
    give(kernel, deposit("poison-vault"), 2)
    assert kernel.halt is None


def test_a_halt_survives_a_restart_of_the_service() -> None:
    """Through a snapshot's bytes into a new kernel: reason, facts and all."""
    kernel = halting(Faults("vault"))
    give(kernel, deposit("a"), 0)
    give(kernel, deposit("b"), 1)
    other = halting()
    other.restore(decode_snapshot(encode_snapshot(kernel.snapshot())))
    assert other.halt == kernel.halt
    assert other.held() == 2
    assert give(other, deposit("c"), 2).outcome == HELD
    give(other, AGAIN, 3)
    assert owned(other) == 36


@pytest.mark.parametrize("every", [1, 2, 1024])
def test_a_halted_day_replays_from_its_record(every: int) -> None:
    """The new process has no fault any more, and still halts, holds and goes on where it did."""
    faults = Faults("vault")
    live = bank(faults, policies={"vault": Policy.HALT}, checkpoint_every=every)
    ask = KillSwitch(1, "operator", "ask")
    day: list[Message] = [ask, deposit("a"), Tick(START), deposit("b"), AGAIN, deposit("c")]
    day += [AGAIN, deposit("d")]
    inputs: list[tuple[Input, Outcome]] = []
    for number, body in enumerate(day):
        if number == 6:
            faults.broken.clear()
        entry = Input(number + 1, START + number * 7 * SECOND_NS, body)
        inputs.append((entry, live.step(entry).outcome))
    statuses = [outcome.status for _, outcome in inputs]
    assert statuses == ["ok", "failed", "held", "held", "failed", "held", "ok", "ok"]
    again = bank(policies={"vault": Policy.HALT}, checkpoint_every=1024)
    for entry, outcome in inputs:
        again.step(entry, outcome)
    assert again.root == live.root
    assert digest(again) == digest(live)
    assert owned(live) == 48
