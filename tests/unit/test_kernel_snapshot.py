"""Snapshots: a resting point in bytes, refused when damaged, when foreign, or for another graph."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from actors.ids import GENESIS_ROOT
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import (
    Snapshot,
    SnapshotCorruptError,
    decode_snapshot,
    encode_snapshot,
    fitted,
    state_digest,
)
from actors.kernel.supervisor import ChildSpec, Policy
from actors.messages.codec import encode
from actors.messages.control import KillSwitch, Tick
from tests.kernel_bank import ROUTES, START, Faults, bank, deposit, digest, give, owned


def lived() -> Kernel:
    """A kernel with timers, restarts, dead letters and money on the way."""
    kernel = bank(code_fingerprint="code-1")
    give(kernel, deposit("a"), 0)
    give(kernel, deposit("poison-vault"), 1)
    give(kernel, KillSwitch(2, "operator", "ask"), 2)
    return kernel


def test_a_snapshot_survives_its_bytes() -> None:
    """Encode, decode, encode: the same bytes."""
    data = encode_snapshot(lived().snapshot())
    assert encode_snapshot(decode_snapshot(data)) == data
    assert decode_snapshot(data).code_fingerprint == "code-1"


def test_a_restored_kernel_is_the_kernel() -> None:
    """Everything that the kernel remembers is in the snapshot, and goes on alike."""
    kernel, other = lived(), bank()
    other.restore(decode_snapshot(encode_snapshot(kernel.snapshot())))
    assert (other.seq, other.at, other.root) == (kernel.seq, kernel.at, kernel.root)
    assert (other.dead_letters, other.restarts()) == (1, {"vault": 1})
    for each in (kernel, other):
        give(each, deposit("b"), 30)
        give(each, Tick(START), 90)
    assert other.root == kernel.root
    assert owned(other) == 36


def test_a_snapshot_of_a_new_kernel_is_genesis() -> None:
    """Sequence zero, genesis root, nothing held."""
    found = bank().snapshot().kernel
    assert (found.seq, found.at, found.root, found.lamport) == (0, 0, GENESIS_ROOT, 0)
    assert (found.timers, found.halt, found.restarts, found.held) == ((), None, (), ())


def test_a_snapshot_is_a_copy() -> None:
    """What happens afterwards does not reach into it."""
    kernel = lived()
    taken = kernel.snapshot()
    before = state_digest(taken)
    give(kernel, deposit("later"), 50)
    assert state_digest(taken) == before != digest(kernel)


def test_restoring_undoes_whatever_came_after() -> None:
    """Also a half-lived day of the same kernel."""
    kernel = lived()
    taken, before = kernel.snapshot(), digest(kernel)
    give(kernel, deposit("later"), 50)
    kernel.restore(taken)
    assert digest(kernel) == before


def test_a_failure_right_after_a_restore_rolls_back_to_it() -> None:
    """The restored snapshot is the first checkpoint."""
    kernel, other = lived(), bank()
    other.restore(kernel.snapshot())
    for each in (kernel, other):
        give(each, deposit("x"), 50)
        outcome = give(each, deposit("poison-risk"), 51).outcome
        assert outcome.status == "failed"
    assert digest(other) == digest(kernel)
    assert owned(other) == 48


@pytest.mark.parametrize("position", [0, 1, 31, 32, 33, 60, -1])
def test_a_flipped_bit_is_detected(position: int) -> None:
    """In the checksum or in the content."""
    data = bytearray(encode_snapshot(lived().snapshot()))
    data[position] ^= 1
    with pytest.raises(SnapshotCorruptError, match="checksum"):
        decode_snapshot(bytes(data))


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 100])
def test_a_truncated_snapshot_is_detected(length: int) -> None:
    """Down to nothing at all."""
    data = encode_snapshot(lived().snapshot())
    with pytest.raises(SnapshotCorruptError):
        decode_snapshot(data[:length])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        encode(["not", "a", "snapshot"]),
        encode([lived().snapshot().kernel, [], "code", "one field too many"]),
        encode([[1, 2, 3], [], "code"]),
    ],
    ids=["empty", "no MessagePack", "strings", "unknown field", "short kernel state"],
)
def test_a_foreign_content_with_a_right_checksum_is_refused(body: bytes) -> None:
    """The checksum alone proves nothing about the meaning."""
    with pytest.raises(SnapshotCorruptError, match="does not decode"):
        decode_snapshot(hashlib.sha256(body).digest() + body)


def test_a_snapshot_of_another_graph_is_refused() -> None:
    """It names its actors."""
    parts = bank()
    actors = [parts.actor(name) for name in ("teller", "vault")]
    specs = {each.name: ChildSpec(each.name, Policy.RESTART) for each in actors}
    routes = {k: tuple(n for n in to if n not in {"risk", "oracle"}) for k, to in ROUTES.items()}
    small = Kernel(actors, specs, routes)
    with pytest.raises(AssertionError, match="another graph"):
        small.restore(lived().snapshot())


def test_a_snapshot_of_other_code_is_fitted_to_this_graph() -> None:
    """Who is new begins, who is gone is left out with timers and restarts; the others go on."""
    kernel = lived()
    taken = kernel.snapshot()
    fresh = bank().snapshot()
    same = fitted(taken, fresh)
    assert same == taken
    grown = fitted(without(taken, "oracle"), fresh)
    assert dict(grown.actors)["oracle"] == dict(fresh.actors)["oracle"]
    assert dict(grown.kernel.sequences)["oracle"] == 0
    assert [name for name, _ in grown.actors] == [name for name, _ in fresh.actors]
    other = bank()
    other.restore(grown)
    assert owned(other) == owned(kernel)
    shrunk = fitted(taken, without(fresh, "vault"))
    assert "vault" not in dict(shrunk.actors) | dict(shrunk.kernel.sequences)
    assert taken.kernel.restarts
    assert shrunk.kernel.restarts == ()
    assert {timer.owner for timer in shrunk.kernel.timers} == {"teller"}
    assert fitted(taken, without(fresh, "teller")).kernel.timers == ()


def without(snapshot: Snapshot, name: str) -> Snapshot:
    """The snapshot of a graph that never had that actor."""
    kernel = msgspec.structs.replace(
        snapshot.kernel,
        sequences=tuple(each for each in snapshot.kernel.sequences if each[0] != name),
    )
    actors = tuple(each for each in snapshot.actors if each[0] != name)
    return Snapshot(kernel, actors, "code-0")


def test_a_state_of_another_shape_is_refused_and_changes_nobody() -> None:
    """All states decode before the first is replaced."""
    kernel, taken = lived(), lived().snapshot()
    states: dict[str, Any] = {**dict(taken.actors), "oracle": encode("no state")}
    foreign = Snapshot(taken.kernel, tuple(states.items()), "code-0")
    give(kernel, deposit("later"), 50)
    before = digest(kernel)
    with pytest.raises(msgspec.ValidationError):
        kernel.restore(foreign)
    assert digest(kernel) == before


def test_equal_states_have_equal_digests_whatever_code_made_them() -> None:
    """The fingerprint is beside the state, not in it."""
    one, other = bank(code_fingerprint="code-1"), bank(code_fingerprint="code-2")
    for each in (one, other):
        give(each, deposit("a"), 0)
    assert digest(one) == digest(other)
    assert one.snapshot() != other.snapshot()
    give(other, deposit("b"), 1)
    assert digest(one) != digest(other)


def test_a_halt_with_its_facts_is_in_the_snapshot() -> None:
    """As are the inputs that wait for a person."""
    kernel = bank(Faults("vault"), policies={"vault": Policy.HALT})
    give(kernel, deposit("a"), 0)
    give(kernel, deposit("b"), 1)
    found = decode_snapshot(encode_snapshot(kernel.snapshot())).kernel
    assert found.halt == kernel.halt
    assert [entry.body for entry in found.held] == [deposit("a"), deposit("b")]


def test_what_came_before_a_restore_is_not_repeated_by_a_rollback() -> None:
    """A failure after it sets back to the restored state and what followed, and to nothing else."""
    early = lived().snapshot()
    kernel = bank(code_fingerprint="code-1")
    for number in range(9):
        give(kernel, deposit(f"other {number}"), number)
    kernel.restore(early)
    expected = owned(kernel)
    give(kernel, deposit("after"), 20)
    give(kernel, deposit("poison-vault/2"), 21)
    other = bank(code_fingerprint="code-1")
    other.restore(early)
    give(other, deposit("after"), 20)
    give(other, deposit("poison-vault/2"), 21)
    assert digest(kernel) == digest(other)
    assert owned(kernel) > expected
