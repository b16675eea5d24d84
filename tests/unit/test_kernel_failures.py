"""A step is all or nothing: what a raising rule loses, what it may not touch, what is recorded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actors.kernel.digest import NO_STEP
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.schedule import SeededOrder
from actors.kernel.stamp import INPUT, KERNEL, Stamp
from actors.kernel.step import OutcomeDivergedError
from actors.kernel.supervisor import (
    ChildSpec,
    Failure,
    Outcome,
    Policy,
    Restarts,
    error_digest,
    error_sentence,
)
from actors.messages.base import Message
from actors.messages.control import KillSwitch, Tick
from tests.kernel_bank import (
    NAMES,
    ROUTES,
    START,
    Faults,
    PoisonError,
    bank,
    deposit,
    digest,
    give,
    heard,
    owned,
    replayed,
)

POISONED = {
    "teller": ("poison-teller", Stamp(4, INPUT, 2)),
    "vault": ("poison-vault", Stamp(5, "teller", 3)),
    "risk": ("poison-risk", Stamp(7, "vault", 2)),
}


@pytest.mark.parametrize("name", POISONED)
def test_the_poison_message_is_skipped_and_its_actor_is_as_before(name: str) -> None:
    """Half of the damage was done when the rule raised; none of it stays."""
    kernel = bank()
    give(kernel, KillSwitch(0, "operator", "warm"), 0)
    give(kernel, deposit("a"), 0)
    before = heard(kernel, name)
    source, _ = POISONED[name]
    result = give(kernel, deposit(source), 1)
    assert result.outcome.status == "failed"
    assert [each for each in heard(kernel, name) if "poison" in each[1]] == []
    assert heard(kernel, name)[: len(before)] == before


@pytest.mark.parametrize("name", POISONED)
def test_the_failure_is_recorded_with_who_on_what_and_why(name: str) -> None:
    """The outcome names the delivery by its stamp, so that a replay can leave it out."""
    kernel = bank()
    give(kernel, deposit("a"), 0)
    source, _ = POISONED[name]
    (failure,) = give(kernel, deposit(source), 1).outcome.failures
    assert failure.actor == name
    assert failure.error == f"PoisonError: {name} cannot bear {source}"
    assert not failure.halted
    assert len(failure.digest) == 64
    senders = {"teller": INPUT, "vault": "teller", "risk": "vault"}
    assert failure.stamp.actor == senders[name]


def test_the_others_hear_the_message_that_one_could_not_bear() -> None:
    """Risk raises on the vault's answer; the teller has it nonetheless."""
    kernel = bank()
    give(kernel, deposit("poison-risk"), 0)
    assert ("HoldPlaced", "poison-risk") in heard(kernel, "teller")
    assert heard(kernel, "risk") == [("ActorRestarted", "risk")]
    assert owned(kernel) == 12


def test_risk_is_told_and_a_dead_letter_is_counted() -> None:
    """One message lost, one fact for risk; the message is caused by the lost delivery."""
    kernel = bank()
    give(kernel, deposit("poison-vault"), 0)
    assert heard(kernel, "risk") == [("ActorRestarted", "vault")]
    assert kernel.dead_letters == 1
    assert kernel.restarts() == {"vault": 1}


def test_a_graph_without_risk_counts_its_dead_letters_all_the_same() -> None:
    """Nobody is there to be told."""
    parts = bank(Faults("vault"))
    actors = [parts.actor(name) for name in ("teller", "vault", "oracle")]
    specs = {each.name: ChildSpec(each.name, Policy.RESTART) for each in actors}
    routes = {kind: tuple(n for n in to if n != "risk") for kind, to in ROUTES.items()}
    kernel = Kernel(actors, specs, routes)
    result = give(kernel, deposit("a"), 0)
    assert (kernel.dead_letters, result.outcome.status) == (1, "failed")
    assert heard(kernel, "teller") == [("Deposit", "a")]


def test_a_failed_step_leaves_no_trace_of_its_first_attempt() -> None:
    """Effects, records, timers and stamps are those of the attempt that went through."""
    kernel, other = bank(), bank()
    result = give(kernel, deposit("poison-risk"), 0)
    assert result.effects == []
    assert [type(each.body).__name__ for each in result.records] == ["PlaceHold", "HoldPlaced"]
    stamps = [each.stamp.lamport for each in result.records]
    give(other, deposit("poison-risk"), 0, result.outcome)
    assert digest(other) == digest(kernel)
    assert stamps == [2, 4]


def test_several_actors_may_fail_in_one_step() -> None:
    """Each loses its own delivery; the outcome lists them in the order they were met."""
    kernel = bank()
    result = give(kernel, deposit("poison-vault-poison-risk"), 0)
    assert [failure.actor for failure in result.outcome.failures] == ["vault"]
    result = give(kernel, KillSwitch(2, "operator", "poison-oracle-poison-risk"), 0)
    assert [failure.actor for failure in result.outcome.failures] == ["oracle", "risk"]
    assert result.effects == []
    assert heard(kernel, "risk") == [("ActorRestarted", who) for who in ("vault", "oracle", "risk")]
    assert kernel.dead_letters == 3


def test_one_actor_may_fail_on_several_messages_of_one_step() -> None:
    """Two of the batch's holds go nowhere, then intensity would be reached."""
    kernel = bank(Faults("vault"))
    outcome = give(kernel, deposit("batch-2"), 0).outcome
    assert [failure.actor for failure in outcome.failures] == ["vault", "vault"]
    assert outcome.failures[0].stamp < outcome.failures[1].stamp
    assert kernel.restarts() == {"vault": 2}


def test_a_failure_may_come_up_only_while_the_step_is_run_again() -> None:
    """The vault fails first; only then does risk hear of it, and cannot bear that either."""
    kernel = bank()
    outcome = give(kernel, deposit("poison-vault"), 0).outcome
    assert [failure.actor for failure in outcome.failures] == ["vault"]
    faults = Faults("risk")
    kernel = bank(faults)
    outcome = give(kernel, deposit("poison-vault"), 0).outcome
    assert [failure.actor for failure in outcome.failures][:2] == ["vault", "risk"]
    assert outcome.failures[1].stamp.actor == KERNEL


def test_a_timer_may_fail_and_its_input_is_heard_nonetheless() -> None:
    """The delivery that is left out is the timer's, not the input's."""
    kernel = bank(faults := Faults())
    give(kernel, deposit("a"), 0)
    faults.once.append("teller")
    result = give(kernel, deposit("b"), 60)
    (failure,) = result.outcome.failures
    assert (failure.actor, failure.stamp.actor) == ("teller", KERNEL)
    assert ("Deposit", "b") in heard(kernel, "teller")
    assert ("TimerFired", "release-a") not in heard(kernel, "teller")
    assert owned(kernel) == 24


def test_a_failure_that_was_not_deterministic_replays_from_its_record() -> None:
    """The handler raised once; the recorded outcome is obeyed, and the roots are equal."""
    faults = Faults()
    live = bank(faults)
    inputs: list[tuple[Input, Outcome]] = []
    for number in range(6):
        if number == 3:
            faults.once.append("vault")
        entry = Input(number + 1, START + number, deposit(f"d{number}"))
        inputs.append((entry, live.step(entry).outcome))
    assert [outcome.status for _, outcome in inputs] == [*["ok"] * 3, "failed", "ok", "ok"]
    again = replayed(inputs, bank())
    assert again.root == live.root
    assert digest(again) == digest(live)


def test_a_replay_that_raises_where_the_record_does_not_is_told_as_such() -> None:
    """The record says ok; this code, or this machine, says otherwise."""
    kernel = bank(Faults("vault"))
    with pytest.raises(OutcomeDivergedError, match="without this failure of vault") as raised:
        give(kernel, deposit("a"), 0, Outcome("ok"))
    assert (raised.value.seq, raised.value.actor) == (1, "vault")


def test_a_fault_that_begins_in_mid_run_and_stays_cannot_be_rolled_back_past() -> None:
    """The contract's limit: the muted replay since the checkpoint meets it too, and says so."""
    kernel = bank(faults := Faults(), checkpoint_every=1024)
    give(kernel, deposit("a"), 0)
    faults.broken.append("vault")
    with pytest.raises(OutcomeDivergedError, match="input 1 was recorded without"):
        give(kernel, deposit("b"), 1)


def test_predictions_are_recorded_and_played_back() -> None:
    """The model never says the same twice, so only the record can repeat it."""
    live = bank()
    entry = Input(1, START, KillSwitch(1, "operator", "ask"))
    result = live.step(entry)
    assert [len(each) for each in result.outcome.predictions] == [24]
    again = bank(said=41)
    assert again.step(entry, result.outcome).root == live.root
    assert bank(said=41).step(entry).root != live.root


def test_a_failed_step_records_the_predictions_of_the_attempt_that_went_through() -> None:
    """The first attempt asked the model too; its answer is forgotten."""
    live = bank()
    entry = Input(1, START, KillSwitch(1, "operator", "poison-risk"))
    result = live.step(entry)
    assert result.outcome.status == "failed"
    assert result.outcome.predictions == ((2).to_bytes(4, "little") * 6,)
    assert bank(said=7).step(entry, result.outcome).root == live.root


@pytest.mark.parametrize("checkpoint_every", [1, 2, 7, 1024])
@pytest.mark.parametrize("order", [None, 3], ids=["stamp order", "seeded order"])
def test_roots_do_not_depend_on_where_checkpoints_fall(
    checkpoint_every: int, order: int | None
) -> None:
    """A rollback goes to the last checkpoint and repeats what followed it, muted."""

    def run(every: int) -> Kernel:
        schedule = None if order is None else SeededOrder(order)
        kernel = bank(Faults(), schedule=schedule, checkpoint_every=every)
        for number, body in enumerate(_mixed_day()):
            give(kernel, body, number * 4)
        return kernel

    kernel, expected = run(checkpoint_every), run(3)
    assert kernel.root == expected.root
    assert digest(kernel) == digest(expected)
    assert kernel.dead_letters == 4


def _mixed_day() -> Sequence[Message]:
    return [
        deposit("a"),
        deposit("batch-4"),
        deposit("poison-vault"),
        KillSwitch(1, "operator", "ask"),
        deposit("poison-risk"),
        deposit("b"),
        KillSwitch(2, "operator", "poison-oracle"),
        Tick(START),
        deposit("poison-teller"),
        deposit("batch-3"),
    ]


def test_a_rollback_keeps_the_root_of_what_came_before() -> None:
    """Only the failed input's own root is new."""
    kernel, other = bank(checkpoint_every=1024), bank(checkpoint_every=1024)
    for each in (kernel, other):
        for number in range(5):
            give(each, deposit(f"d{number}"), number)
    assert kernel.root == other.root
    result = give(kernel, deposit("poison-risk"), 9)
    again = give(other, deposit("poison-risk"), 9, result.outcome)
    assert result.root == again.root
    assert result.digest != NO_STEP


def test_intensity_counts_restarts_within_logical_time() -> None:
    """Three in ten minutes are borne, the fourth halts; older ones are forgotten."""
    kernel = bank()
    for number in range(3):
        assert give(kernel, deposit("poison-vault"), number * 60).outcome.status == "failed"
    assert kernel.restarts() == {"vault": 3}
    assert kernel.halt is None
    give(kernel, deposit("poison-vault"), 601)
    assert kernel.halt is None, "the first of the three is more than ten minutes old"
    result = give(kernel, deposit("poison-vault"), 602)
    assert result.outcome.failures[-1].halted
    assert kernel.halt is not None


def test_intensity_counts_the_failures_of_the_running_step() -> None:
    """An actor that raises on every message cannot have the step run again without end."""
    kernel = bank(Faults("vault"))
    before = heard(kernel, "teller")
    outcome = give(kernel, deposit("batch-12"), 0).outcome
    assert [failure.halted for failure in outcome.failures] == [False, False, False, True]
    assert kernel.halt is not None
    assert heard(kernel, "teller") == before


def test_each_actor_has_an_intensity_of_its_own() -> None:
    """Three restarts of the vault do not count against the teller."""
    kernel = bank()
    for number in range(3):
        give(kernel, deposit("poison-vault"), number)
        give(kernel, deposit("poison-teller"), number)
    assert kernel.halt is None
    assert kernel.restarts() == {"teller": 3, "vault": 3}


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_on_a_failure_is_data(name: str) -> None:
    """Policy first, then intensity."""
    stamp, error = Stamp(1, INPUT, 1), PoisonError("no")
    bears = ChildSpec(name, Policy.RESTART, intensity=1)
    restarts = Restarts()
    assert not restarts.judge(bears, START, stamp, error, ()).halted
    earlier = Failure(name, stamp, "", "", halted=False)
    other = Failure("other", stamp, "", "", halted=False)
    assert restarts.judge(bears, START, stamp, error, (earlier,)).halted
    assert not restarts.judge(bears, START, stamp, error, (other,)).halted
    restarts.count(bears, START)
    assert restarts.judge(bears, START + bears.period_ns - 1, stamp, error, ()).halted
    assert not restarts.judge(bears, START + bears.period_ns, stamp, error, ()).halted
    assert Restarts().judge(ChildSpec(name, Policy.HALT), START, stamp, error, ()).halted


def test_an_error_is_told_in_one_line_without_addresses() -> None:
    """It is part of the root: memory addresses differ from run to run."""
    assert error_sentence(ValueError("two\n  lines")) == "ValueError: two lines"
    assert error_sentence(PoisonError()) == "PoisonError"
    assert len(error_sentence(ValueError("x" * 999))) == len("ValueError: ") + 200
    first, second = object(), object()
    told = error_sentence(KeyError(first))
    assert told == error_sentence(KeyError(second))
    assert "object object at 0x>" in told


def test_an_errors_digest_names_its_kind_and_place() -> None:
    """Two places differ, two texts at one place do not."""

    def raised(text: str) -> Exception:
        with pytest.raises(PoisonError) as found:
            Faults("teller").strike("teller", text)
        return found.value

    assert error_digest(raised("a")) == error_digest(raised("b"))
    assert error_digest(raised("a")) != error_digest(PoisonError("a"))
    assert error_digest(PoisonError("a")) != error_digest(ValueError("a"))
