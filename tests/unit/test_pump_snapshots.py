"""When a pump takes snapshots: where the chain holds the digests of all states, and at a rest."""

from __future__ import annotations

import pytest

from actors.journal_chain import open_frame
from actors.kernel.snapshot import decode_snapshot, state_digests
from actors.ports import (
    StoredSnapshot,
)
from service.recovery import decode_record
from tests.kernel_bank import bank
from tests.pump_desk import TICK, Desk, items, run


@pytest.mark.parametrize(
    ("every", "digests", "expected"),
    [
        (4, 1, [9, 8, 4]),
        (4, 4, [9, 8, 4]),
        (4, 3, [9, 6, 3]),
        (5, 2, [9, 8, 4]),
        (1, 4, [9, 8, 4]),
        (4, 100, [9]),
    ],
)
@pytest.mark.parametrize("frame_inputs", [1, 2, 100])
def test_snapshots_are_taken_where_states_are_digested(
    every: int, digests: int, expected: list[int], frame_inputs: int
) -> None:
    """At least every so many inputs where that can be, and one when the pump rests."""
    kernel = bank(digest_states_every=digests)
    desk = Desk(frame_inputs=frame_inputs, snapshot_every=every, kernel=kernel)

    async def work() -> None:
        pump = await desk.open()
        await pump.admit(items(*[TICK] * 9))
        await pump.flush()
        await pump.take_snapshot()
        found: list[StoredSnapshot] = [each async for each in desk.journal.snapshots()]
        assert [each.seq for each in found] == expected
        assert pump.counts.snapshots == len(expected)
        for each in found[1:]:
            frame = next(frame for frame in desk.store.frames if frame.last_seq == each.seq)
            outcome = decode_record(open_frame(frame)[-1])[1]
            assert outcome.states == state_digests(decode_snapshot(each.data))
        newest = decode_snapshot(found[0].data)
        assert newest.kernel.root == found[0].root == desk.kernel.root
        await pump.take_snapshot()
        assert pump.counts.snapshots == len(expected)

    run(work())
