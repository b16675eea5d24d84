"""Sealing in plain SQL, for tests that attack it: the tombstone of a run, made from its frames."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import msgspec

from adapters.postgres.roles import OWNER
from service.settings import Settings
from tests.e2e.conftest import ROOT, environment
from tests.postgres_server import Server

FIRST_RUN = "SELECT run_id FROM ballast.run WHERE account_id = 'paper' ORDER BY ordinal LIMIT 1"
# {field} may be told otherwise than it is.
TOLD = {
    "first_seq": "min(first_seq)",
    "last_seq": "max(last_seq)",
    "root_before": "(array_agg(root_before ORDER BY first_seq))[1]",
    "root_after": "(array_agg(root_after ORDER BY first_seq DESC))[1]",
    "frames": "count(*)",
    "inputs": "max(last_seq) - min(first_seq) + 1",
}


def tombstone(run: str = FIRST_RUN, **otherwise: str) -> str:
    """The statement that seals a run of the account `paper`, with some fields told otherwise."""
    fields = ", ".join((TOLD | otherwise)[name] for name in TOLD)
    return (
        f"INSERT INTO ballast.journal_sealed SELECT account_id, run_id, {fields}, 'x', "
        "repeat('a', 64), now(), repeat('b', 64), decode(repeat('cc', 64), 'hex') "
        f"FROM ballast.journal_frame WHERE account_id = 'paper' AND run_id = ({run}) "
        "GROUP BY account_id, run_id"
    )


def came_to(server: Server, database: str, role: str, *commands: str, kept: bool = False) -> str:
    """SQLSTATE and text of the first command that is refused; '' when all went through.

    All are one transaction, which is undone unless it is to be `kept`.
    """

    async def work() -> str:
        connection = await asyncpg.connect(server.dsn(database, server.administrator))
        transaction = connection.transaction()
        await transaction.start()
        try:
            if role:
                await connection.execute(f"SET LOCAL ROLE {role}")
            for command in commands:
                await connection.execute(command)
        except asyncpg.PostgresError as error:
            await transaction.rollback()
            return f"{error.sqlstate} {error}"
        else:
            await (transaction.commit() if kept else transaction.rollback())
        finally:
            await connection.close()
        return ""

    return asyncio.run(work())


def sealed_by_hand(server: Server, database: str) -> None:
    """The account's first run, sealed with a signature of nobody."""
    assert came_to(server, database, OWNER, tombstone(), kept=True) == ""


# Seals runs, and is killed as soon as the named step has begun.
KILLED = """
import asyncio, os, signal, sys, time
from contextlib import contextmanager
from pathlib import Path
import msgspec
from service.backup.steps import Steps
from service.retention.seal import Order, seal_runs
from service.settings import Settings

class Deadly(Steps):
    @contextmanager
    def step(self, name, total=0):
        if name == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)
        yield lambda count: None

settings = msgspec.json.decode(sys.argv[1], type=Settings)
order = Order(0, time.time_ns(), Path(sys.argv[2]))
asyncio.run(seal_runs(settings, order, steps=Deadly()))
"""


def killed_while_sealing(settings: Settings, to: Path, step: str) -> int:
    """Seal in a process of its own that dies as `step` begins; its exit code."""
    encoded = msgspec.json.encode(settings).decode()
    return subprocess.run(
        [sys.executable, "-c", KILLED, encoded, str(to), step],
        env=environment({}), cwd=ROOT, capture_output=True, check=False,
    ).returncode  # fmt: skip
