"""The ledger's state machine on a real server: every row is taken, and no validation finds a fault.

Each example is an account of its own; what the tables come to is what the ledger remembers.
"""

from __future__ import annotations

import asyncio
import itertools

import asyncpg
import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from actors.ids import GENESIS_ROOT
from actors.kernel.stamp import RECORDS
from actors.messages.base import Message
from actors.ports import DerivedRow
from actors.routes import routes
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from adapters.postgres.validations import validate
from tests.journal_samples import START_NS, frame, run_row
from tests.postgres_server import KINDS, Server, running_server
from tests.property.test_ledger_machine import LedgerMachine

KEPT = {kind for kind, names in routes(venue_in_graph=True).items() if RECORDS in names}
# What a frame of test inputs is not: these rules are of whole runs.
ELSEWHERE = {
    "contexts_are_complete", "hours_are_full", "fills_follow_orders", "fills_make_orders",
    "trades_follow_fills",
}  # fmt: skip
TOLD = """
    SELECT ledger_account, balance, total, postings FROM ballast.balance WHERE account_id = '{}'
"""
LEFT = "SELECT number, quantity, cost FROM ballast.lot_open WHERE account_id = '{}' ORDER BY 1"


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


def machine_on(server: Server, database: str) -> type[LedgerMachine]:
    """The machine with a journal behind it."""
    numbers = itertools.count()

    class Stored(LedgerMachine):
        def __init__(self) -> None:
            super().__init__()
            self.account = f"account-{next(numbers)}"
            self.loop = asyncio.new_event_loop()
            self.journal = PostgresJournal(server.dsn(database, WRITER), self.account)
            self.root = GENESIS_ROOT
            self.loop.run_until_complete(self.begin())

        async def begin(self) -> None:
            await self.journal.open_epoch("test")
            await self.journal.begin_run(
                msgspec.structs.replace(run_row(self.account), account=self.account)
            )

        def kept(self, effects: list[Message]) -> None:
            made = frame(self.count, 1, root=self.root, run_id=self.account)
            rows = tuple(
                DerivedRow(self.count, START_NS, each) for each in effects if type(each) in KEPT
            )
            assert self.loop.run_until_complete(self.journal.append(made, rows)) == ()
            self.root = made.root_after

        def teardown(self) -> None:
            self.loop.run_until_complete(self.journal.close())
            found = self.loop.run_until_complete(
                server.ask(database, TOLD.format(self.account), READER)
            )
            told = {row[0]: (row[1], row[3]) for row in found}
            assert all(row[1] == row[2] for row in found)
            state = self.ledger.state
            assert told == {
                name: (each.balance, each.sequence) for name, each in state.accounts.items()
            }
            lots = [lot for each in state.positions.values() for lot in each.lots]
            left = self.loop.run_until_complete(
                server.ask(database, LEFT.format(self.account), READER)
            )
            assert [tuple(row) for row in left] == [
                (lot.number, lot.quantity, lot.cost) for lot in lots
            ]
            self.loop.close()

    return Stored


def test_every_interleaving_is_stored_as_the_ledger_remembers_it(server: Server) -> None:
    database = asyncio.run(server.fresh_database())
    run_state_machine_as_test(
        machine_on(server, database),
        settings=settings(max_examples=8, stateful_step_count=25, deadline=None),
    )

    async def faults() -> dict[str, tuple[object, ...]]:
        connection = await asyncpg.connect(server.dsn(database, READER))
        try:
            found = [each async for each in validate(connection)]
        finally:
            await connection.close()
        return {each.name: each.first for each in found if each.violations}

    found = asyncio.run(faults())
    assert {name: first for name, first in found.items() if name not in ELSEWHERE} == {}
