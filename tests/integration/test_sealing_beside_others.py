"""Sealing while others are at work on the same database: a service, a migration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from service.books.verification import Verdict
from service.failures import UserError
from tests.backups import traded
from tests.postgres_server import KINDS, Server, running_server
from tests.sealed_account import Account, copied

pytestmark = pytest.mark.timeout(300)
EVENTS = 1_500


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def source(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Account:
    home = tmp_path_factory.mktemp("source") / "home"
    account = Account(server, home, server.keep(asyncio.run(server.fresh_database())))
    for _ in range(3):
        asyncio.run(traded(account.settings, EVENTS))
    return account


@pytest.fixture
def account(source: Account, tmp_path: Path) -> Account:
    return copied(source, tmp_path)


def test_whoever_changes_the_schema_is_waited_for(account: Account) -> None:
    async def work() -> None:
        other = await asyncpg.connect(account.settings.journal.dsn)
        try:
            await other.execute("SELECT pg_advisory_lock(731600001)")
            with pytest.raises(UserError, match="Migrations are locked by process"):
                await asyncio.to_thread(account.seal)
        finally:
            await other.close()

    asyncio.run(work())


def test_a_service_that_is_appending_holds_up_no_sealing(account: Account) -> None:
    """Nor the other way round: only frames go that no append looks at."""

    async def work() -> int:
        other = await asyncpg.connect(account.settings.journal.dsn)
        try:
            async with other.transaction():
                await other.execute("SELECT ballast.lock_stream('paper')")
                return len((await asyncio.to_thread(account.seal)).runs)
        finally:
            await other.close()

    assert asyncio.run(work()) == 2


def test_an_account_is_sealed_while_it_trades(account: Account) -> None:
    """And the run that goes on meanwhile proves itself at its end."""

    async def work() -> int:
        trading = asyncio.create_task(traded(account.settings, 2 * EVENTS))
        while not trading.done():
            begun = await account.server.ask(
                account.database, "SELECT count(DISTINCT run_id) FROM ballast.journal_frame"
            )
            if begun[0][0] > 3:
                break
            await asyncio.sleep(0.02)
        assert not trading.done()
        found = await asyncio.to_thread(account.seal)
        await trading
        return len(found.runs)

    assert asyncio.run(work()) == 3
    assert {verdict for verdict, _ in account.checks().values()} == {Verdict.TRUE}
    assert account.broken_rules() == set()
