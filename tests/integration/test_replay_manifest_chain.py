"""The manifests of an account's runs hang together, and a replay holds each against its run."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
import pytest

from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER
from service.drivers.replay import hold_manifest, run_started
from service.recovery import ParityDivergedError
from tests.postgres_server import KINDS, Server, running_server
from tests.traded_account import traded_on

pytestmark = pytest.mark.timeout(280)


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


def test_the_runs_of_an_account_hang_below_its_newest_manifest(server: Server) -> None:
    """Each hash is over everything that the manifest says, the hash of its parent included."""
    database = traded_on(server)

    async def work() -> None:
        journal = PostgresJournal(server.dsn(database, READER), "paper")
        before = ""
        for run in await journal.runs():
            found = await journal.check_manifest(run)
            told = found.manifest
            assert told is not None
            assert (found.fault, told.parent) == ("", before)
            begun = await run_started(journal, run)
            assert [each.partition(" ")[0] for each in told.profiles] == ["strategy", "risk"]
            assert begun.model is not None
            read = (*begun.datasets, *begun.model.sources)
            assert told.datasets == tuple(f"{each.purpose} {each.sha256}" for each in read) != ()
            assert await hold_manifest(journal, run, begun) == told.hash
            query = (
                "SELECT (to_jsonb(m) - 'manifest_hash')::text FROM ballast.replay_manifest m "
                f"WHERE run_id = '{run.run_id}'"
            )
            ((said,),) = await server.ask(database, query, READER)
            assert hashlib.sha256(said.encode()).hexdigest() == told.hash
            before = told.hash
        await journal.close()

    asyncio.run(work())


@pytest.mark.parametrize("name", ["code_fingerprint", "settings_hash", "feed", "bundle_id"])
def test_a_manifest_of_another_beginning_is_no_parity(server: Server, name: str) -> None:
    database = traded_on(server)

    async def work() -> None:
        journal = PostgresJournal(server.dsn(database, READER), "paper")
        run = (await journal.runs())[0]
        begun = msgspec.structs.replace(await run_started(journal, run), **{name: "another"})
        with pytest.raises(ParityDivergedError, match=f"another {name}"):
            await hold_manifest(journal, run, begun)
        await journal.close()

    asyncio.run(work())
