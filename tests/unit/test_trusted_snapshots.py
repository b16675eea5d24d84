"""Which snapshots may be trusted: those whose states the chain names, and no others."""

from __future__ import annotations

import msgspec
import pytest

from actors.journal_chain import build_frame, open_frame
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import (
    Snapshot,
    decode_snapshot,
    encode_snapshot,
    state_digest,
    state_digests,
)
from actors.kernel.supervisor import Outcome
from actors.messages.codec import encode, state_decoder
from actors.messages.control import RunEnded, RunStarted
from actors.ports import FeedItem, JournalCorruptError, Record, StoredSnapshot
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.fail_points import FailPoints
from service.failures import UserError
from service.pump import Pump
from service.recovery import decode_record
from tests.journal_samples import run_row
from tests.kernel_bank import digest, owned
from tests.kernel_day import CODE, fresh, lived, recovered, run


def strange(live: Kernel, code: str) -> Snapshot:
    """A snapshot at the head, whose states are not of this graph's shape."""
    taken = live.snapshot()
    return Snapshot(taken.kernel, tuple((name, encode("odd")) for name, _ in taken.actors), code)


def started_from(store: MemoryStore, live: Kernel, snapshot: Snapshot) -> None:
    """`snapshot` is stored, and a second run begins whose first input names it."""
    kept = StoredSnapshot(live.seq, live.root, "run-1", encode_snapshot(snapshot))
    store.snapshots[live.seq] = kept

    async def work() -> None:
        journal = MemoryJournal(store)
        epoch = await journal.open_epoch("desk")
        await journal.begin_run(run_row("run-2", live.seq + 1, live.root))
        pump = Pump(live, journal, run_id="run-2", epoch=epoch, fail_points=FailPoints(""))
        told = ("", "", CODE, "", "", "", "")
        start = RunStarted("run-2", "paper", "PAPER", 2, (), *told, state=state_digest(snapshot))
        await pump.admit([FeedItem(live.at, start)])
        await pump.flush()

    run(work())


def test_a_snapshot_of_other_code_whose_states_have_another_shape_is_passed_over() -> None:
    """An older one, or none, and a longer tail; nothing was half restored."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=4, digest_states_every=4)
    started_from(store, live, strange(live, "code-0"))
    kernel = fresh(4)
    found = recovered(store, kernel)
    assert (found.snapshots_refused, found.snapshot_seq) == (1, 8)
    assert digest(kernel) == digest(live)


def test_a_version_with_one_more_actor_goes_on_from_the_snapshot_of_the_one_before() -> None:
    """Nothing is stepped again: the new actor begins, the others go on."""
    store = MemoryStore()
    live = lived(store, snapshot_every=1_000, digest_states_every=1_000)
    taken = live.snapshot()
    actors = tuple(each for each in taken.actors if each[0] != "oracle")
    started_from(store, live, Snapshot(taken.kernel, actors, "code-0"))
    kernel = fresh(1_000)
    found = recovered(store, kernel)
    assert (found.snapshot_seq, found.stepped, found.code_changed) == (9, 1, True)
    assert kernel.root == live.root
    assert owned(kernel) == owned(live)
    assert kernel.actor("oracle").state.heard == []


def test_a_snapshot_of_this_code_whose_states_have_another_shape_is_a_bug() -> None:
    """The same code wrote it; that is not passed over in silence."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=4, digest_states_every=4)
    started_from(store, live, strange(live, CODE))
    with pytest.raises(msgspec.ValidationError):
        recovered(store, fresh(4))


def test_a_snapshot_that_the_next_run_names_is_trusted() -> None:
    """A run that was cut off has no digest of its end; whoever goes on from there names it."""
    store = MemoryStore()
    live = lived(store, snapshot_every=1_000, digest_states_every=1_000)
    started_from(store, live, live.snapshot())
    kernel = fresh(1_000)
    found = recovered(store, kernel)
    assert (found.snapshots_refused, found.snapshot_seq, found.stepped) == (0, 9, 1)
    assert digest(kernel) == digest(live)


def test_a_start_does_not_overrule_the_record_before_it() -> None:
    """Where states were digested, a later word for another snapshot is not heard."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=3)
    started_from(store, live, decode_snapshot(richer(live).data))
    kernel = fresh()
    found = recovered(store, kernel)
    assert (found.snapshots_refused, found.snapshot_seq) == (1, 6)
    assert owned(kernel) == owned(live)


def test_a_snapshot_that_nothing_names_is_not_trusted() -> None:
    """It may be true, and it may be anybody's."""
    store = MemoryStore()
    live = lived(store, snapshot_every=1_000, digest_states_every=1_000)
    data = encode_snapshot(live.snapshot())
    store.snapshots[9] = StoredSnapshot(9, live.root, "run-1", data)
    kernel = fresh(1_000)
    found = recovered(store, kernel)
    assert (found.snapshots_refused, found.snapshot_seq, found.stepped) == (1, 0, 9)
    assert digest(kernel) == digest(live)


def richer(live: Kernel) -> StoredSnapshot:
    """The head's snapshot, whole and with the right root, in which the vault owns more."""
    taken = live.snapshot()
    states = dict(taken.actors)
    vault = state_decoder(live.actor("vault").state_type).decode(states["vault"])
    vault.cash += 90_000
    states["vault"] = encode(vault)
    forged = Snapshot(taken.kernel, tuple(states.items()), taken.code_fingerprint)
    return StoredSnapshot(live.seq, live.root, "run-1", encode_snapshot(forged))


def test_money_that_a_snapshot_invents_is_never_restored() -> None:
    """Its checksum, its place and its root are right; its states are not those of the chain."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=3)
    store.snapshots[9] = richer(live)
    kernel = fresh()
    found = recovered(store, kernel)
    assert (found.snapshots_refused, found.snapshot_seq) == (1, 6)
    assert owned(kernel) == owned(live)


def test_a_record_that_names_an_invented_snapshot_has_another_root() -> None:
    """Whoever forges both breaks the chain after it."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=3)
    forged = richer(live)
    store.snapshots[9] = forged
    last = store.frames[8]
    record = open_frame(last)[0]
    snapshot = decode_snapshot(forged.data)
    naming = decode_record(record)[1].stating(state_digests(snapshot))
    changed = msgspec.structs.replace(record, outcome=encode(naming))
    store.frames[8] = build_frame(
        [changed], run_id="run-1", epoch=1, first_seq=9, root_before=last.root_before
    )
    with pytest.raises(UserError, match="the state of vault is not the recorded one"):
        recovered(store, fresh())
    # With the root that the changed record leads to, the row is what the frame says; the head,
    # which is the only thing left to compare with, is not.
    root = store.frames[8].root_after
    kernel = msgspec.structs.replace(snapshot.kernel, root=root)
    data = encode_snapshot(msgspec.structs.replace(snapshot, kernel=kernel))
    store.snapshots[9] = StoredSnapshot(9, root, "run-1", data)
    with pytest.raises(JournalCorruptError, match="the head's root is not the chain's"):
        recovered(store, fresh())


def test_a_snapshot_beside_a_damaged_frame_is_not_trusted() -> None:
    """Nothing vouches for it any more; stepping finds the damage."""
    store = MemoryStore()
    lived(store, frame_inputs=1, snapshot_every=3)
    damaged = bytearray(store.frames[8].records)
    damaged[-1] ^= 1
    store.frames[8] = msgspec.structs.replace(store.frames[8], records=bytes(damaged))
    with pytest.raises(JournalCorruptError) as raised:
        recovered(store, fresh())
    assert raised.value.seq == 9


def test_a_forged_record_at_the_head_names_what_it_likes_but_only_up_to_the_anchor() -> None:
    """Nothing follows the head that would have another root; the anchor stands before it."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=3)
    forged = decode_snapshot(richer(live).data)
    seq = live.seq + 1
    kernel = msgspec.structs.replace(forged.kernel, seq=seq)
    snapshot = Snapshot(kernel, forged.actors, forged.code_fingerprint)
    entry = Input(seq, kernel.at, RunEnded("run-1", "nobody"))
    outcome = Outcome("ok", states=state_digests(snapshot))
    record = Record(encode(entry), encode(outcome), bytes(32))
    frame = build_frame([record], run_id="run-1", epoch=1, first_seq=seq, root_before=live.root)
    kernel = msgspec.structs.replace(kernel, root=frame.root_after)
    data = encode_snapshot(Snapshot(kernel, forged.actors, forged.code_fingerprint))
    store.stream.extend(frame)
    store.frames.append(frame)
    store.last_seqs.append(seq)
    store.snapshots[seq] = StoredSnapshot(seq, frame.root_after, "run-1", data)
    believed = fresh()
    recovered(store, believed)
    assert owned(believed) == owned(live) + 90_000, "the record of the head is all there is"
    with pytest.raises(UserError, match="the state of kernel, vault is not the recorded one"):
        recovered(store, fresh(), trusted_seq=live.seq)


def test_snapshots_beyond_what_is_trusted_are_not_used() -> None:
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=3)
    for trusted_seq, start in ((9, 9), (8, 6), (5, 3), (2, 0), (0, 0)):
        kernel = fresh()
        found = recovered(store, kernel, trusted_seq=trusted_seq)
        assert (found.snapshot_seq, found.snapshots_refused) == (start, 0)
        assert digest(kernel) == digest(live)
