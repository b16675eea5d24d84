"""What every store must hold: one leader, frames that continue the stream, runs that follow on.

This is the bookkeeping of one account's stream, in memory; keeping bytes is the journals' work.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from actors.ids import GENESIS_ROOT
from actors.ports import FencedError, Frame, JournalError, RunRow


class Stream:
    """Head, leader and runs of one account. Every method raises before anything has changed."""

    def __init__(self) -> None:
        self.epoch = 0
        self.seq = 0
        self.root = GENESIS_ROOT
        self._runs: list[RunRow] = []

    def check_leader(self, epoch: int) -> None:
        """Raises JournalError when no epoch was opened, FencedError when it is not the newest."""
        if epoch == 0:
            raise JournalError("This journal was opened for reading; open an epoch to write.")
        if epoch != self.epoch:
            raise FencedError(
                f"Epoch {epoch} was replaced by epoch {self.epoch}; this writer must stop."
            )

    def check_frame(self, frame: Frame, epoch: int) -> None:
        """Raises FencedError or JournalError unless the leader's frame continues the stream."""
        self.check_leader(epoch)
        if frame.epoch != epoch:
            raise FencedError(
                f"The frame is of epoch {frame.epoch}, this writer holds epoch {epoch}."
            )
        if frame.first_seq != self.seq + 1 or frame.last_seq < frame.first_seq:
            raise JournalError(
                f"A frame of inputs {frame.first_seq} to {frame.last_seq} does not follow input "
                f"{self.seq}."
            )
        if frame.root_before != self.root:
            raise JournalError(f"The frame does not continue the root of input {self.seq}.")
        if sha256(frame.records).digest() != frame.checksum:
            raise JournalError("The frame's records do not have the frame's checksum.")
        if not self._runs or self._runs[-1].run_id != frame.run_id:
            raise JournalError(f"Run {frame.run_id} is not the newest run; begin it first.")
        if self._runs[-1].closed:
            raise JournalError(f"Run {frame.run_id} has ended; begin another.")

    def extend(self, frame: Frame) -> None:
        """Take in a frame that was checked, or that is being read back."""
        self.seq, self.root = frame.last_seq, frame.root_after

    def begin(self, run: RunRow) -> bool:
        """Register a run at the head; False when it is there already. Raises JournalError."""
        for known in self._runs:
            if known.run_id == run.run_id:
                if _identity(known) == _identity(run):
                    return False
                raise JournalError(f"Run {run.run_id} is registered with other facts.")
        if run.first_seq != self.seq + 1 or run.genesis != self.root:
            raise JournalError(f"Run {run.run_id} does not begin after input {self.seq}.")
        self._runs.append(_as_begun(run))
        return True

    def end(self, run_id: str) -> tuple[int, RunRow]:
        """Close a run; its place and row. Raises JournalError when it is unknown."""
        for index, known in enumerate(self._runs):
            if known.run_id == run_id:
                self._runs[index] = msgspec.structs.replace(known, closed=True)
                return index, self._runs[index]
        raise JournalError(f"There is no run {run_id} to end.")

    def restore(self, runs: list[RunRow]) -> None:
        """Take in the runs that were read back, in stream order."""
        self._runs = runs

    def runs(self) -> tuple[RunRow, ...]:
        """Every run with its last input and root: a run ends where the next one begins."""
        rows = []
        starts = [(run.first_seq - 1, run.genesis) for run in self._runs]
        ends = [*starts[1:], (self.seq, self.root)][: len(starts)]
        for run, (last, root) in zip(self._runs, ends, strict=True):
            held = last >= run.first_seq
            rows.append(
                msgspec.structs.replace(
                    run, last_seq=last if held else 0, root=root if held else run.genesis
                )
            )
        return tuple(rows)


def _identity(run: RunRow) -> tuple[object, ...]:
    return (run.run_id, run.account, run.mode, run.feed, run.genesis, run.first_seq)


def _as_begun(run: RunRow) -> RunRow:
    return msgspec.structs.replace(run, last_seq=0, root=run.genesis, closed=False)
