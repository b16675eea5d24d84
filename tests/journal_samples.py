"""Frames and runs for the journal's tests: ticks, one a second, with plain outcomes."""

from __future__ import annotations

from hashlib import sha256

from actors.ids import GENESIS_ROOT
from actors.instant import SECOND_NS
from actors.journal_chain import build_frame
from actors.kernel.envelope import Input
from actors.kernel.supervisor import OK
from actors.messages.codec import encode
from actors.messages.control import Tick
from actors.ports import Frame, Record, RunRow

START_NS = 1_700_000_000 * SECOND_NS
ACCOUNT = "paper"


def record(seq: int) -> Record:
    """One input, a tick, `seq` seconds after the start."""
    at = START_NS + seq * SECOND_NS
    entry = encode(Input(seq, at, Tick(at)))
    return Record(entry, encode(OK), sha256(entry).digest())


def frame(
    first_seq: int,
    count: int,
    *,
    root: bytes = GENESIS_ROOT,
    epoch: int = 1,
    run_id: str = "run-1",
) -> Frame:
    """A frame of `count` inputs that continues `root`."""
    records = [record(seq) for seq in range(first_seq, first_seq + count)]
    return build_frame(records, run_id=run_id, epoch=epoch, first_seq=first_seq, root_before=root)


def chain(*counts: int, epoch: int = 1, run_id: str = "run-1") -> list[Frame]:
    """Frames of so many inputs each, from genesis."""
    frames: list[Frame] = []
    seq, root = 1, GENESIS_ROOT
    for count in counts:
        frames.append(frame(seq, count, root=root, epoch=epoch, run_id=run_id))
        seq, root = seq + count, frames[-1].root_after
    return frames


def run_row(run_id: str = "run-1", first_seq: int = 1, genesis: bytes = GENESIS_ROOT) -> RunRow:
    """A paper run as it is registered."""
    return RunRow(
        run_id=run_id,
        account=ACCOUNT,
        mode="paper",
        feed="seeded",
        genesis=genesis,
        first_seq=first_seq,
        last_seq=0,
        root=genesis,
        closed=False,
    )
