"""Recovery: the newest valid snapshot and the journal's tail lead to the state that was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.ids import GENESIS_ROOT
from actors.journal_chain import build_frame, open_frame
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import (
    encode_snapshot,
)
from actors.kernel.supervisor import OK, Outcome, Policy
from actors.messages.codec import encode
from actors.ports import FeedItem, JournalCorruptError, Record, StoredSnapshot
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.fail_points import FailPoints
from service.failures import ExitCode, UserError
from service.pump import Pump
from service.recovery import (
    ParityDivergedError,
    decode_record,
    recover,
    repeat,
)
from tests.journal_samples import run_row
from tests.kernel_bank import START, Faults, bank, deposit, digest, give
from tests.kernel_day import CODE, fresh, lived, recovered, run


def test_an_empty_journal_is_a_beginning() -> None:
    """Nothing is stepped, nothing is wrong."""
    kernel = fresh()
    found = recovered(MemoryStore(), kernel)
    assert (found.snapshot_seq, found.stepped, found.head_seq) == (0, 0, 0)
    assert kernel.root == GENESIS_ROOT


@pytest.mark.parametrize("frame_inputs", [1, 3, 100])
@pytest.mark.parametrize(("snapshot_every", "start"), [(2, 8), (4, 8), (5, 5), (1_000, 0)])
def test_snapshot_then_tail_is_the_state_that_was(
    frame_inputs: int, snapshot_every: int, start: int
) -> None:
    """Failures are obeyed, predictions are played back, timers and stamps go on."""
    store = MemoryStore()
    live = lived(store, frame_inputs=frame_inputs, snapshot_every=snapshot_every)
    kernel = fresh()
    found = recovered(store, kernel)
    assert digest(kernel) == digest(live)
    assert (found.head_seq, found.snapshots_refused, found.code_changed) == (9, 0, False)
    assert found.snapshot_seq + found.stepped == 9
    if frame_inputs == 1:
        assert found.snapshot_seq == start
    for each in (live, kernel):
        give(each, deposit("next"), 100)
    assert kernel.root == live.root


def test_damaged_snapshots_are_passed_over_to_an_older_one() -> None:
    """Counted, and the tail is longer; in the end all of it is."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=3)
    assert sorted(store.snapshots) == [3, 6, 9]
    for refused, seq in enumerate((9, 6, 3), 1):
        old = store.snapshots[seq]
        damaged = old.data[:-1] + bytes([old.data[-1] ^ 1])
        store.snapshots[seq] = StoredSnapshot(seq, old.root, old.run_id, damaged)
        kernel = fresh()
        found = recovered(store, kernel)
        assert (found.snapshots_refused, found.snapshot_seq) == (refused, seq - 3)
        assert digest(kernel) == digest(live)


@pytest.mark.parametrize("lie", ["root", "seq", "future"])
def test_a_snapshot_that_is_not_what_it_says_is_passed_over(lie: str) -> None:
    """Its row names another root, another place, or a place beyond the head."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=4)
    data, root = encode_snapshot(live.snapshot()), live.root
    rows = {
        "root": StoredSnapshot(9, bytes(32), "run-1", data),
        "seq": StoredSnapshot(9, root, "run-1", store.snapshots[4].data),
        "future": StoredSnapshot(99, root, "run-1", data),
    }
    store.snapshots[rows[lie].seq] = rows[lie]
    kernel = fresh()
    found = recovered(store, kernel)
    assert (found.snapshots_refused, found.snapshot_seq) == (1, 8)
    assert digest(kernel) == digest(live)


def test_a_halt_survives_recovery() -> None:
    """Whether it stands in the snapshot or only in the tail."""
    for snapshot_every in (1, 1_000):
        store = MemoryStore()
        kernel = bank(
            Faults("vault"),
            policies={"vault": Policy.HALT},
            code_fingerprint=CODE,
            digest_states_every=1,
        )

        async def work(kernel: Kernel = kernel, store: MemoryStore = store) -> None:
            journal = MemoryJournal(store)
            epoch = await journal.open_epoch("desk")
            await journal.begin_run(run_row())
            pump = Pump(
                kernel,
                journal,
                run_id="run-1",
                epoch=epoch,
                snapshot_every=snapshot_every,  # noqa: B023  (awaited within its turn)
                fail_points=FailPoints(""),
            )
            await pump.admit([FeedItem(START, deposit("a")), FeedItem(START, deposit("b"))])
            await pump.flush()

        run(work())
        again = bank(policies={"vault": Policy.HALT}, code_fingerprint=CODE, digest_states_every=1)
        recovered(store, again)
        assert again.halt == kernel.halt is not None
        assert again.held() == 2


def other_code(store: MemoryStore, code: str) -> UserError:
    """Recovery under code whose vault cannot bear anything."""
    with pytest.raises(UserError) as raised:
        recovered(store, bank(Faults("vault"), code_fingerprint=CODE, digest_states_every=1), code)
    return raised.value


def test_a_tail_that_other_code_made_is_told_with_its_remedy() -> None:
    """A snapshot of another version lies under the tail, and this version decides differently."""
    store = MemoryStore()
    lived(store, frame_inputs=1, snapshot_every=4, code="code-0")
    del store.snapshots[8]
    error = other_code(store, CODE)
    assert error.code is ExitCode.NOT_PROVEN
    assert "under another version" in str(error)
    assert "Start the earlier version once" in error.remedy


def test_a_tail_that_the_same_code_decides_differently_is_told_with_its_remedy() -> None:
    """A fault of this machine, or a journal that was made by something else."""
    store = MemoryStore()
    lived(store, frame_inputs=1, snapshot_every=4)
    del store.snapshots[8]
    error = other_code(store, CODE)
    assert "Recovery does not reach the recorded state" in str(error)
    assert "replay RUN --verify" in error.remedy


def test_a_tail_that_other_code_decides_alike_is_recovered_and_said() -> None:
    """So a new version may continue a crashed run when nothing that decides has changed."""
    store = MemoryStore()
    live = lived(store, frame_inputs=1, snapshot_every=4, code="code-0")
    del store.snapshots[8]
    kernel = fresh()
    assert recovered(store, kernel).code_changed
    assert digest(kernel) == digest(live)


def test_progress_is_told_frame_by_frame() -> None:
    """For the terminal: how many of how many."""
    store = MemoryStore()
    lived(store, frame_inputs=4, snapshot_every=1_000)
    told: list[tuple[int, int]] = []
    run(
        recover(
            fresh(), MemoryJournal(store), CODE, progress=lambda done, of: told.append((done, of))
        )
    )
    assert told[-1] == (9, 9)
    assert told == sorted(told)


def test_a_head_that_is_not_the_chains_is_refused() -> None:
    """The store says another root than its frames prove."""
    store = MemoryStore()
    lived(store)
    store.stream.root = bytes(32)
    with pytest.raises(JournalCorruptError, match="the head's root is not the chain's"):
        recovered(store, fresh())


def test_a_changed_record_is_found_by_stepping_it_again() -> None:
    """The first difference, classified: messages, outcome, or the model's arithmetic."""
    store = MemoryStore()
    lived(store, frame_inputs=1)
    records = [record for frame in store.frames for record in open_frame(frame)]

    def first_difference(number: int, *, audit: bool = False, **changed: Any) -> str:
        kernel = bank(code_fingerprint=CODE, digest_states_every=1)
        for each in records[:number]:
            repeat(kernel, each)
        record = msgspec.structs.replace(records[number], **changed)
        with pytest.raises(ParityDivergedError) as raised:
            repeat(kernel, record, audit=audit)
        assert raised.value.seq == number + 1
        return f"{raised.value.kind}: {raised.value.detail}"

    assert "led to other messages" in first_difference(0, digest=bytes(32))
    other = encode(Outcome("ok", (), ((9).to_bytes(4, "little") * 6,)))
    assert first_difference(1, audit=True, outcome=other).startswith("arithmetic: ")
    stated = decode_record(records[0])[1].states
    assert [name for name, _ in stated] == ["kernel", "teller", "vault", "risk", "oracle"]
    lie = encode(Outcome("ok", states=(*stated[:2], ("vault", bytes(32)), *stated[3:])))
    assert first_difference(0, outcome=lie) == "state: the state of vault is not the recorded one"
    elsewhere = encode(Outcome("ok", states=(*stated, ("nobody", bytes(32)))))
    assert "at another input than recorded" in first_difference(0, outcome=elsewhere)
    assert "what was to be sent" in first_difference(0, effects=(b"more",))
    told = first_difference(2, audit=True, outcome=encode(OK))
    assert told == "state: the outcome was ok, now failed"
    assert "without this failure of vault" in first_difference(2, outcome=encode(OK))


def test_an_audit_obeys_nothing_and_finds_the_same() -> None:
    """Without recorded outcomes every failure and prediction comes again by itself."""
    store = MemoryStore()
    live = lived(store)
    kernel = bank(code_fingerprint=CODE, digest_states_every=1)
    for frame in store.frames:
        for record in open_frame(frame):
            repeat(kernel, record, audit=True)
    assert digest(kernel) == digest(live)


@pytest.mark.parametrize("field", ["input", "outcome"])
def test_an_unknown_field_in_our_own_journal_is_refused(field: str) -> None:
    """A record of a later version, or of nobody's."""
    store = MemoryStore()
    lived(store)
    record = open_frame(store.frames[0])[0]
    values = msgspec.msgpack.decode(getattr(record, field))
    longer = msgspec.structs.replace(record, **{field: msgspec.msgpack.encode([*values, 1, 2])})
    assert isinstance(longer, Record)
    with pytest.raises(msgspec.ValidationError):
        decode_record(longer)


def test_a_frame_is_rebuilt_from_its_records() -> None:
    """What the pump sealed is what its records prove."""
    store = MemoryStore()
    lived(store, frame_inputs=4)
    frame = store.frames[0]
    again = build_frame(
        open_frame(frame),
        run_id=frame.run_id,
        epoch=frame.epoch,
        first_seq=frame.first_seq,
        root_before=frame.root_before,
    )
    assert again == frame


def test_a_whole_snapshot_beyond_the_head_means_a_lost_tail() -> None:
    """Snapshots are made of what is durable; a damaged one means nothing."""
    store = MemoryStore()
    lived(store, frame_inputs=1, snapshot_every=4)
    lost = store.frames.pop()
    store.last_seqs.pop()
    store.stream.seq, store.stream.root = 8, lost.root_before
    recovered(store, fresh())
    live = fresh()
    recovered(store, live)
    give(live, deposit("z"), 100)
    data = encode_snapshot(live.snapshot())
    store.snapshots[9] = StoredSnapshot(9, live.root, "run-1", data)
    with pytest.raises(JournalCorruptError, match="there is a snapshot of input 9") as raised:
        recovered(store, fresh())
    assert (raised.value.kind, raised.value.seq) == ("truncated", 9)
    store.snapshots[9] = StoredSnapshot(9, live.root, "run-1", data[:-1])
    assert recovered(store, fresh()).snapshots_refused == 1
