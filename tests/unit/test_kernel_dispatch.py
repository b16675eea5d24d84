"""Dispatch: who hears what, in which order, under which stamp, and what one step leaves behind."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest

from actors.ids import GENESIS_ROOT
from actors.kernel.digest import NO_STEP, next_root, step_digest
from actors.kernel.envelope import Envelope, Input
from actors.kernel.stamp import INPUT, KERNEL, Stamp
from actors.kernel.supervisor import OK, Outcome
from actors.messages.codec import encode
from actors.messages.control import (
    ClockSkew,
    EpochOpened,
    KillSwitch,
    Note,
    RunEnded,
    SetTimer,
    Tick,
    TimerFired,
)
from actors.messages.ledger import HoldPlaced
from actors.messages.order import CancelOrder, PlaceHold, SubmitOrder
from actors.money import EXACT
from tests.kernel_bank import START, bank, deposit, digest, give, heard


def test_an_input_reaches_every_actor_that_its_type_is_routed_to() -> None:
    """A kill switch goes to the oracle and to risk, and to nobody else."""
    kernel = bank()
    give(kernel, KillSwitch(0, "operator", "lunch"), 0)
    assert heard(kernel, "oracle") == heard(kernel, "risk") == [("KillSwitch", "lunch")]
    assert heard(kernel, "teller") == heard(kernel, "vault") == []


def test_a_message_with_several_destinations_is_one_envelope_to_all_of_them() -> None:
    """The vault's answer reaches the teller, risk and the records under one stamp."""
    kernel = bank()
    records = give(kernel, deposit("a"), 0).records
    placed = [each for each in records if isinstance(each.body, HoldPlaced)]
    assert [each.to for each in placed] == ["teller,risk,records"]
    assert ("HoldPlaced", "a") in heard(kernel, "teller")
    assert ("HoldPlaced", "a") in heard(kernel, "risk")


def test_each_sink_gets_its_own_and_in_order() -> None:
    """Effects, records and notes are apart; an envelope may be in two of them."""
    result = give(bank(), deposit("batch-2"), 0)
    ids = [each.body.cl_ord_id for each in result.effects if isinstance(each.body, SubmitOrder)]
    assert ids == ["batch-2.0", "batch-2.1"]
    assert [type(each.body).__name__ for each in result.records] == [
        *["PlaceHold"] * 2,
        *["HoldPlaced"] * 2,
        *["SubmitOrder"] * 2,
    ]
    assert [each.body for each in result.notes] == [
        Note("info", "ordered", (("id", key),)) for key in ids
    ]


def test_an_input_may_be_routed_to_a_sink_too() -> None:
    """A run's end is only logged."""
    result = give(bank(), RunEnded("run", "done"), 0)
    assert [(each.body, each.stamp.actor) for each in result.notes] == [
        (RunEnded("run", "done"), INPUT)
    ]
    assert result.messages == 0


def test_an_actor_hears_its_messages_in_the_order_they_were_sent() -> None:
    """First in, first out, per mailbox and over the whole step."""
    kernel = bank()
    give(kernel, deposit("batch-4"), 0)
    give(kernel, KillSwitch(0, "operator", "later"), 1)
    keys = [f"batch-4.{part}" for part in range(4)]
    assert heard(kernel, "vault") == [("PlaceHold", key) for key in keys]
    assert heard(kernel, "risk") == [*(("HoldPlaced", k) for k in keys), ("KillSwitch", "later")]


def test_stamps_rise_strictly_and_every_child_is_younger_than_its_cause() -> None:
    """One Lamport clock over inputs, timers and messages; the chain of causes ends at the input."""
    kernel = bank()
    steps = [give(kernel, deposit("batch-3"), 0), give(kernel, Tick(START), 30)]
    stamps = [each.stamp for step in steps for each in step.records]
    assert stamps == sorted(stamps)
    assert len({stamp.lamport for stamp in stamps}) == len(stamps)
    causes = {each.stamp: each.cause for step in steps for each in step.records}
    for stamp, cause in causes.items():
        assert stamp.lamport > cause.lamport
    placed = next(each for each in steps[0].records if isinstance(each.body, HoldPlaced))
    asked = causes[placed.stamp]
    assert asked.actor == "teller"
    assert causes[asked] == Stamp(1, INPUT, 1)


def test_a_timers_messages_are_caused_by_the_timer_and_the_timer_by_who_set_it() -> None:
    """TimerFired is stamped by the kernel, and is part of the step's digest."""
    kernel = bank()
    give(kernel, deposit("a"), 0)
    (timer,) = kernel.snapshot().kernel.timers
    assert timer.cause.actor == "teller"
    result = give(kernel, Tick(START), 30)
    (asked, answered) = result.records
    message = TimerFired("release-a", timer.due)
    fired = Envelope(asked.cause, timer.cause, "teller", timer.due, message)
    assert result.digest == step_digest([fired, asked, answered])
    assert (asked.cause.actor, asked.cause.seq) == (KERNEL, 2)
    assert answered.cause == asked.stamp


def test_each_senders_own_sequence_counts_its_messages() -> None:
    """A stamp names the sender and how many it has sent."""
    records = give(bank(), deposit("batch-3"), 0).records
    assert [e.stamp.seq for e in records if isinstance(e.body, PlaceHold)] == [1, 2, 3]
    assert [e.stamp.seq for e in records if isinstance(e.body, HoldPlaced)] == [1, 2, 3]


def test_everything_in_a_step_happens_at_the_inputs_time() -> None:
    """Logical time stands still while a step runs."""
    result = give(bank(), deposit("a"), 5)
    assert {each.at for each in (*result.records, *result.notes)} == {START + 5_000_000_000}


def test_the_step_result_is_what_the_root_is_made_of() -> None:
    """root_n = SHA-256(root_{n-1} | lengths | input | outcome | digest), written out here once."""
    kernel = bank()
    entry = Input(1, START, deposit("a"))
    result = kernel.step(entry)
    assert (result.seq, result.input_bytes, result.outcome) == (1, encode(entry), OK)
    assert result.outcome_bytes == encode(Outcome("ok"))
    lengths = len(result.input_bytes).to_bytes(4, "little")
    lengths += len(result.outcome_bytes).to_bytes(4, "little")
    preimage = GENESIS_ROOT + lengths + result.input_bytes + result.outcome_bytes + result.digest
    assert kernel.root == result.root == hashlib.sha256(preimage).digest()
    assert result.root == next_root(
        GENESIS_ROOT, result.input_bytes, result.outcome_bytes, result.digest
    )


def test_a_step_without_messages_has_the_empty_digest() -> None:
    """A tick that leads to nothing still moves the root."""
    kernel = bank()
    result = give(kernel, Tick(START), 0)
    assert (result.messages, result.digest) == (0, NO_STEP)
    assert kernel.root != GENESIS_ROOT


def test_the_digest_is_over_every_envelope_of_the_step() -> None:
    """Order counts, and so does each of them."""
    records = give(bank(), deposit("batch-2"), 0).records
    assert step_digest(records) == hashlib.sha256(encode(records)).digest()
    assert step_digest(records) != step_digest(records[::-1])
    assert step_digest(records) != step_digest(records[:-1])
    assert step_digest([]) == NO_STEP


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (Input(1, START, deposit("a", "12.01")), "another amount"),
        (Input(1, START, deposit("b")), "another source"),
        (Input(1, START + 1, deposit("a")), "another time"),
        (Input(1, START, ClockSkew(0)), "another message"),
    ],
)
def test_another_input_leads_to_another_root(changed: Input, what: str) -> None:
    """The root binds the whole input."""
    kernel, other = bank(), bank()
    kernel.step(Input(1, START, deposit("a")))
    other.step(changed)
    assert kernel.root != other.root, what


@pytest.mark.parametrize("seq", [0, 2, 7, -1])
def test_a_gap_in_the_sequence_is_refused(seq: int) -> None:
    """Inputs follow each other; nothing has changed after the refusal."""
    kernel = bank()
    before = digest(kernel)
    with pytest.raises(AssertionError, match=f"input {seq} does not follow 0"):
        kernel.step(Input(seq, START, Tick(START)))
    assert digest(kernel) == before


def test_the_same_input_twice_is_refused() -> None:
    """A sequence is used once."""
    kernel = bank()
    kernel.step(Input(1, START, deposit("a")))
    with pytest.raises(AssertionError, match="input 1 does not follow 1"):
        kernel.step(Input(1, START, deposit("a")))


def test_a_clock_that_runs_backwards_is_refused() -> None:
    """Equal times are fine, earlier ones are not; nothing has changed after the refusal."""
    kernel = bank()
    give(kernel, Tick(START), 5)
    give(kernel, Tick(START), 5)
    before = digest(kernel)
    with pytest.raises(AssertionError, match="never runs backwards"):
        give(kernel, Tick(START), 4.999)
    assert digest(kernel) == before


def test_a_message_that_is_no_input_of_the_graph_is_refused() -> None:
    """Before anything is touched."""
    kernel = bank()
    before = digest(kernel)
    for body in (EpochOpened(2, "fail-over"), SetTimer("mine", START), Note("info", "hello")):
        with pytest.raises(AssertionError, match=f"{type(body).__name__} has no route"):
            give(kernel, body, 0)
    assert digest(kernel) == before


def test_rules_run_under_the_money_context_whatever_surrounds_the_kernel() -> None:
    """A batch of three parts of 10.00 is inexact: the teller's division raises, and is undone."""
    kernel = bank()
    outcome = give(kernel, deposit("batch-3", "10.00"), 0).outcome
    assert [failure.error for failure in outcome.failures] == [
        "Inexact: [<class 'decimal.Inexact'>]"
    ]
    assert kernel.actor("teller").state.cash == Decimal("0.00")
    assert EXACT.divide(Decimal("12.00"), Decimal(3)) == 4


def test_mailboxes_say_how_deep_they_were() -> None:
    """Depth, high water and deliveries, for the terminal view and metrics."""
    kernel = bank()
    give(kernel, deposit("batch-5"), 0)
    found = kernel.mailboxes()["vault"]
    assert (found.depth, found.high_water, found.delivered, found.capacity) == (0, 5, 5, 64)
    assert list(kernel.mailboxes()) == ["teller", "vault", "risk", "oracle"]


def test_an_actor_may_be_asked_directly_by_a_test() -> None:
    """`handle` is the rule's table; a message without a rule is a KeyError."""
    vault = bank().actor("vault")
    assert vault.handle(PlaceHold("a", "USD", Decimal("1.00")), START) == (HoldPlaced("a"),)
    with pytest.raises(KeyError):
        vault.handle(CancelOrder("a", "XBT/USD", "why"), START)
