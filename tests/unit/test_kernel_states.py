"""Digests of all states in the outcome: at fixed inputs, of what is remembered, never obeyed."""

from __future__ import annotations

import pytest

from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import decode_snapshot, encode_snapshot, state_digests
from actors.kernel.supervisor import OK, Outcome, Policy
from actors.messages.base import Message
from actors.messages.control import KillSwitch, Reactivate, RunEnded, Tick
from tests.kernel_bank import START, Faults, bank, deposit, give

DAY: tuple[Message, ...] = (
    deposit("a"),
    deposit("poison-vault"),
    Tick(START),
    KillSwitch(1, "operator", "ask"),
    deposit("b"),
    deposit("c"),
    RunEnded("run", "the end"),
)


def stated(kernel: Kernel, bodies: tuple[Message, ...] = DAY) -> list[int]:
    """The inputs whose outcome holds digests; each must be those of the state as it stands."""
    found = []
    for body in bodies:
        outcome = give(kernel, body, kernel.seq).outcome
        if outcome.states:
            assert outcome.states == state_digests(kernel.snapshot())
            found.append(kernel.seq)
    return found


@pytest.mark.parametrize(
    ("every", "inputs"), [(1, [1, 2, 3, 4, 5, 6, 7]), (3, [3, 6, 7]), (7, [7]), (100, [7])]
)
def test_states_are_digested_at_fixed_inputs_and_at_a_runs_end(
    every: int, inputs: list[int]
) -> None:
    assert stated(bank(Faults(), digest_states_every=every)) == inputs


def test_where_they_are_due_hangs_on_the_number_of_the_input_alone() -> None:
    """Not on where a kernel was restored, which differs from start to start."""
    kernel, other = bank(digest_states_every=3), bank(digest_states_every=3)
    assert stated(kernel, DAY[:2]) == []
    other.restore(decode_snapshot(encode_snapshot(kernel.snapshot())))
    for each in (kernel, other):
        assert stated(each, DAY[2:]) == [3, 6, 7]
    assert other.root == kernel.root


def test_they_name_everybody_and_the_kernel_first() -> None:
    names = [name for name, _ in state_digests(bank().snapshot())]
    assert names == ["kernel", "teller", "vault", "risk", "oracle"]


def test_they_are_part_of_the_root() -> None:
    """The same inputs with digests elsewhere are another chain."""
    often, seldom = bank(digest_states_every=1), bank(digest_states_every=100)
    for each in (often, seldom):
        give(each, deposit("a"), 0)
    assert often.root != seldom.root


def test_they_do_not_hang_on_the_root() -> None:
    """The root is made of them."""
    often, seldom = bank(digest_states_every=1), bank(digest_states_every=100)
    for each in (often, seldom):
        give(each, deposit("a"), 0)
    assert state_digests(often.snapshot()) == state_digests(seldom.snapshot())


def test_one_actors_state_changes_one_digest() -> None:
    """So a difference is told by name."""
    kernel = bank()
    before = dict(state_digests(kernel.snapshot()))
    kernel.actor("vault").state.cash += 1
    after = dict(state_digests(kernel.snapshot()))
    assert [name for name in before if before[name] != after[name]] == ["vault"]


@pytest.mark.parametrize("recorded", [OK, Outcome("ok", states=(("kernel", bytes(32)),))])
def test_a_record_is_not_obeyed_in_what_is_remembered(recorded: Outcome) -> None:
    """Recorded failures and predictions are; the states are looked at anew, due or not."""
    kernel = bank(digest_states_every=2)
    first = kernel.step(Input(1, START, deposit("a")), recorded)
    assert first.outcome.states == ()
    second = kernel.step(Input(2, START, deposit("b")), recorded)
    assert second.outcome.states == state_digests(kernel.snapshot())


def test_a_halted_core_states_what_it_remembers_too() -> None:
    """The halt and what is held are in the digests, and a reactivation changes them."""
    kernel = bank(Faults("vault"), policies={"vault": Policy.HALT}, digest_states_every=1)
    assert stated(kernel, DAY[:3]) == [1, 2, 3]
    assert kernel.halt is not None
    halted = state_digests(kernel.snapshot())
    lifted = (Reactivate("operator", "looked at"), Tick(START))
    assert stated(kernel, lifted) == [4, 5]
    assert state_digests(kernel.snapshot())[0] != halted[0]
