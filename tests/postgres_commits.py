"""A short trading run against a server that fails at a chosen commit, and what must hold after it.

The venue is a process of its own that writes down whatever reaches it; the service is another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from actors.messages.execution import ExecKind, ExecutionReport
from adapters.postgres.validations import Checked, validate
from tests.postgres_crashing import CrashingServer
from tests.postgres_gate import CommitGate
from tests.simulation.case import Case
from tests.simulation.nursery import Nursery, Place, place
from tests.simulation.trader import Orders
from tests.simulation.venue_sink import read_log
from tests.simulation.witness import Witness

# The market of this seed and length sends seven orders; most others send fewer.
SEED, HOURS = 5, 10
# An undisturbed run makes at least so many commits, a few of them before it leads, and at most so
# many: the venue's timing decides how its facts fall into frames.
COMMITS, LEADING, COMMITS_MOST = 20, 5, 40


class CommitCase(Case):
    """One account in a fresh database behind a gate."""

    def __init__(self, where: Place, server: CrashingServer, gate: CommitGate) -> None:
        self.server = server
        self.gate = gate
        self.database = asyncio.run(server.fresh_database())
        address = server.dsn(self.database, server.administrator)
        behind = address.replace(f"host={server.folder}", f"host={gate.folder}")
        assert behind != address
        super().__init__(
            where,
            Orders(
                str(where.home), "postgres", behind, str(where.socket),
                hours=HOURS, seed=SEED, reconnect_seconds=0.5,
            ),
        )  # fmt: skip

    def fail_at(self, commit: int, moment: str, deed: Callable[[], None]) -> int:
        """Trade until `deed` was done at that commit; the exit code of the service."""
        self.gate.arm(commit, moment, deed)
        code = self.run()
        return self._reached(commit, code)

    def die_at(self, commit: int, moment: str) -> int:
        """The same with SIGKILL to the service itself."""
        pids: list[int] = []
        self.gate.arm(commit, moment, lambda: os.kill(pids[0], signal.SIGKILL))
        pids.append(self.where.trade(self.orders))
        code = self.where.nursery.wait(pids[0])
        return self._reached(commit, code)

    def _reached(self, commit: int, code: int) -> int:
        if not self.gate.acted_at and code == 0 and commit > COMMITS:
            pytest.skip(f"this run made {self.gate.commits} commits only, for which all is well")
        assert self.gate.acted_at, f"only {self.gate.commits} commits: {self.where.told('trader')}"
        return code

    def nothing_was_sent_since(self, moment_ns: int) -> None:
        """The venue had no order after that."""
        late = [e for e in read_log(self.where.log) if e.op == "submit" and e.wall_ns > moment_ns]
        assert late == []

    def safe_mode_was_told(self, *, had_lead: bool) -> bool:
        """Whether a person read what becomes of the open orders."""
        if self.where.answer().error.startswith("The database cannot be prepared"):
            return not self.sent()
        told = self.where.told("trader")
        return "our open orders are cancelled" in told or (
            not had_lead and "the journal failed before this service had the lead" in told
        )

    def finish(self) -> Witness:
        """Trade to the end; every check of the witness, every validation, and each trade once."""
        self.orders.reconnect_seconds = 10.0
        found = super().finish()
        assert asyncio.run(self._broken_rules()) == []
        facts = [line.message for line in read_log(self.where.log) if line.op == "fact"]
        trades = sorted(
            each.exec_id
            for each in facts
            if isinstance(each, ExecutionReport) and each.kind is ExecKind.TRADE
        )
        booked = 'SELECT exec_id FROM ballast.fill ORDER BY exec_id COLLATE "C"'
        rows = asyncio.run(self.server.ask(self.database, booked))
        assert [each["exec_id"] for each in rows] == trades
        assert trades, "too quiet to prove anything"
        return found

    async def _broken_rules(self) -> list[Checked]:
        connection = await asyncpg.connect(
            self.server.dsn(self.database, self.server.administrator)
        )
        try:
            return [each async for each in validate(connection) if each.violations]
        finally:
            await connection.close()


@contextlib.contextmanager
def commit_case(nursery: Nursery, server: CrashingServer, folder: Path) -> Iterator[CommitCase]:
    """A fresh account, its venue and its gate; the server runs and has room when it ends.

    The database goes with it: each one more is read by every recovery that follows.
    """
    made = len(server.made)
    with (
        place(nursery, folder, sink_seed=3, faults=False) as where,
        CommitGate(server.socket) as gate,
    ):
        try:
            yield CommitCase(where, server, gate)
        finally:
            server.free()
            if not server.running():
                server.start()
            asyncio.run(server.drop_since(made))
