"""Which snapshots may be trusted: those whose states the chain itself names.

A snapshot is named by the record of its own input, when that holds the digests of all states;
where it holds none, by the start of the run that follows. Anybody can write a consistent snapshot;
nobody can make a record of the chain name it without changing every root from there on. At the
head nothing follows that would change, so where the head is anchored, snapshots beyond the newest
anchor are not used either. What is passed over leaves its place to an older one or to every input.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from actors.journal_chain import ChainVerifier, decode_input
from actors.kernel.snapshot import (
    Snapshot,
    SnapshotCorruptError,
    decode_snapshot,
    state_digest,
    state_digests,
)
from actors.kernel.supervisor import Outcome
from actors.messages.codec import frozen_decoder
from actors.messages.control import RunStarted
from actors.ports import JournalCorruptError, JournalView, Record, StoredSnapshot

OUTCOMES: Final = frozen_decoder(Outcome)


class Passed(msgspec.Struct):
    """How many snapshots were passed over, and the sequence of the newest of them (0: none)."""

    count: int = 0
    seq: int = 0

    def note(self, seq: int) -> None:
        """One more; they come newest first."""
        self.count += 1
        self.seq = max(self.seq, seq)


async def trusted_snapshots(
    journal: JournalView, last_seq: int, passed: Passed
) -> AsyncIterator[Snapshot]:
    """The snapshots at or before `last_seq` that the chain names, newest first."""
    if last_seq <= 0:
        return
    async for stored in journal.snapshots():
        if stored.seq > last_seq:
            continue
        snapshot = whole_snapshot(stored)
        if snapshot is None or not await _is_named(journal, snapshot):
            passed.note(stored.seq)
            continue
        yield snapshot


async def is_begun_from(journal: JournalView, snapshot: Snapshot) -> bool:
    """Whether the run that follows names the snapshot, whatever its own record says."""
    seq, root = snapshot.kernel.seq, snapshot.kernel.root
    try:
        async for frame in journal.frames(seq + 1, seq + 1):
            if (frame.first_seq, frame.root_before) != (seq + 1, root):
                return False
            return _starts_from(ChainVerifier(root, seq).check(frame)[0], snapshot)
    except (JournalCorruptError, msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return False


def whole_snapshot(stored: StoredSnapshot) -> Snapshot | None:
    """The stored snapshot, None when it does not decode or is not what its row says."""
    try:
        snapshot = decode_snapshot(stored.data)
    except SnapshotCorruptError:
        return None
    kernel = snapshot.kernel
    return snapshot if (kernel.seq, kernel.root) == (stored.seq, stored.root) else None


async def _is_named(journal: JournalView, snapshot: Snapshot) -> bool:
    seq, root = snapshot.kernel.seq, snapshot.kernel.root
    try:
        async for frame in journal.frames(seq, seq + 1):
            chain = ChainVerifier(frame.root_before, frame.first_seq - 1)
            records = chain.check(frame)
            if (frame.last_seq, frame.root_after) == (seq, root):
                states = OUTCOMES.decode(records[-1].outcome).states
                if states:
                    return bool(states == state_digests(snapshot))
            elif (frame.first_seq, frame.root_before) == (seq + 1, root):
                return _starts_from(records[0], snapshot)
    except (JournalCorruptError, msgspec.MsgspecError, UnicodeDecodeError):
        return False  # whoever steps through that frame says what is wrong with it
    return False


def _starts_from(record: Record, snapshot: Snapshot) -> bool:
    body = decode_input(record).body
    return isinstance(body, RunStarted) and body.state == state_digest(snapshot)
