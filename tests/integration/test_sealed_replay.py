"""A sealed run is replayed from its export, to the same root; nothing unproven is stepped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from actors.ports import RunRow
from service.drivers.replay import ReplayReport, replay_run
from service.failures import ExitCode, UserError
from service.rebuilding import builder
from service.resimulation.running import Resimulation, resimulated
from service.resimulation.stretch import Asked
from service.retention.exported import Exports, with_exports
from service.retention.tombstones import known_keys
from tests.backups import flip, traded
from tests.postgres_server import KINDS, Server, running_server
from tests.sealed_account import Account, copied, replayed, runs_of
from tests.traded_account import rows

pytestmark = pytest.mark.timeout(300)
EVENTS = 1_000


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


@pytest.fixture(scope="module")
def reports(source: Account) -> list[ReplayReport]:
    """What each run came to before it was sealed."""
    return [replayed(source, number) for number in range(3)]


@pytest.fixture(scope="module")
def sealed_source(source: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = copied(source, tmp_path_factory.mktemp("sealed"))
    account.server.keep(account.database)
    assert len(account.seal().runs) == 2
    return account


@pytest.fixture
def sealed(sealed_source: Account, tmp_path: Path) -> Account:
    return copied(sealed_source, tmp_path / "sealed")


def exports_of(account: Account) -> list[Path]:
    return sorted((account.home / "sealed").iterdir())


def from_exports(
    account: Account, number: int, *folders: Path, verify: bool = True
) -> ReplayReport:
    """What `ballast replay --export` finds of the account's run of that number."""

    async def work() -> ReplayReport:
        journal = account.journal()
        try:
            run: RunRow = (await journal.runs())[number]
            view = await with_exports(journal, Exports(folders, known_keys(account.settings)))
            return await replay_run(
                view, run, builder(verify=verify), verify=verify, from_genesis=verify,
                with_rows=True,
            )  # fmt: skip
        finally:
            await journal.close()

    return asyncio.run(work())


def refused(account: Account, number: int, *folders: Path) -> UserError:
    with pytest.raises(UserError) as error:
        from_exports(account, number, *folders)
    return error.value


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("number", [0, 1])
def test_a_sealed_run_comes_to_what_it_came_to_before(
    sealed: Account, reports: list[ReplayReport], number: int, *, verify: bool
) -> None:
    """Root, inputs, rows and manifest, from its own export alone: it holds the state before it."""
    report = from_exports(sealed, number, exports_of(sealed)[number], verify=verify)
    assert report.parity, report.detail
    before = reports[number]
    assert report.root_hash == before.root_hash
    assert (report.inputs, report.rows) == (before.inputs, before.rows)
    assert report.rows_hash == before.rows_hash
    assert report.manifest == before.manifest != ""


def test_every_earlier_export_may_be_given_too(
    sealed: Account, reports: list[ReplayReport]
) -> None:
    """Then the account is stepped from its first input on; also for a run that is not sealed."""
    for number in (1, 2):
        exports = exports_of(sealed)
        report = from_exports(sealed, number, *reversed(exports), *exports)
        assert (report.parity, report.root_hash) == (True, reports[number].root_hash)


def test_without_a_state_before_it_the_exports_before_it_are_needed(
    source: Account, tmp_path: Path, reports: list[ReplayReport]
) -> None:
    account = copied(source, tmp_path)
    first = runs_of(account)[0]
    lost = """
        DELETE FROM ballast.snapshot WHERE seq < (
            SELECT min(first_seq) FROM ballast.run WHERE ordinal > 2
        ) - 1
    """
    asyncio.run(account.server.tamper(account.database, lost))
    assert len(account.seal().runs) == 2
    exports = exports_of(account)
    error = refused(account, 1, exports[1])
    assert error.code == ExitCode.MISSING
    assert f"The run {first} was sealed on " in error.sentence
    report = from_exports(account, 1, *exports)
    assert (report.parity, report.root_hash) == (True, reports[1].root_hash)


def test_an_export_of_another_run_is_not_stepped(sealed: Account) -> None:
    error = refused(sealed, 1, exports_of(sealed)[0])
    assert error.code == ExitCode.MISSING
    assert f"The run {runs_of(sealed)[1]} was sealed on " in error.sentence
    assert "--export DIR" in error.remedy


@pytest.mark.parametrize("name", ["tables/journal_frame.copy", "tables/snapshot.copy"])
def test_an_export_that_was_changed_is_not_stepped(sealed: Account, name: str) -> None:
    folder = exports_of(sealed)[1]
    flip(folder / name)
    error = refused(sealed, 1, folder)
    assert error.code == ExitCode.NOT_PROVEN
    assert f"{name} was changed" in error.sentence


def test_an_export_of_a_run_that_is_not_sealed_is_not_stepped(
    source: Account, sealed: Account
) -> None:
    """The frames are in the database: whoever wants to see them need not believe an export."""
    account = Account(source.server, sealed.home, source.database)
    error = refused(account, 0, exports_of(sealed)[0])
    assert error.code == ExitCode.MISSING
    assert "is not sealed" in error.sentence


def test_a_tombstone_that_was_changed_stops_a_replay(sealed: Account) -> None:
    forged = """
        ALTER TABLE ballast.journal_sealed DISABLE TRIGGER ALL;
        UPDATE ballast.journal_sealed SET sealed_at = sealed_at + interval '1 day'
    """
    asyncio.run(sealed.server.tamper(sealed.database, forged))
    error = refused(sealed, 0, exports_of(sealed)[0])
    assert error.code == ExitCode.NOT_PROVEN
    assert "changed after it was signed" in error.sentence


def test_a_row_of_a_sealed_run_that_was_touched_is_named(sealed: Account) -> None:
    touched = """
        ALTER TABLE ballast.fill DISABLE TRIGGER ALL;
        UPDATE ballast.fill SET fee = fee + 1
        WHERE seq = (SELECT min(seq) FROM ballast.fill)
    """
    asyncio.run(sealed.server.tamper(sealed.database, touched))
    (first,) = rows(sealed.server, sealed.database, "SELECT min(seq) FROM ballast.fill")
    begun = rows(sealed.server, sealed.database, "SELECT first_seq FROM ballast.run ORDER BY 1")
    number = sum(first[0] >= each[0] for each in begun) - 1
    report = from_exports(sealed, number, *exports_of(sealed))
    assert (report.parity, report.kind, report.seq) == (False, "row", first[0])


def test_days_are_simulated_from_the_first_run_that_is_not_sealed(sealed: Account) -> None:
    """What was sealed is left out, and so named when it is asked for by itself."""

    async def simulated(asked: Asked) -> Resimulation:
        journal = sealed.journal()
        try:
            return await resimulated(journal, asked, lambda each: each, stop=asyncio.Event())
        finally:
            await journal.close()

    first, _, last = runs_of(sealed)
    found = asyncio.run(simulated(Asked(366)))
    assert found.runs == (last,)
    assert found.proposed == found.recorded
    assert found.root == replayed(sealed, 2).root_hash
    with pytest.raises(UserError) as refused:
        asyncio.run(simulated(Asked(1, first)))
    assert refused.value.code is ExitCode.MISSING
    assert first in refused.value.sentence
