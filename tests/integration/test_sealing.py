"""A sealed account trades on, tells the same books and proves itself from its tombstones on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from actors.ports import JournalCorruptError, Seal
from adapters.anchors.key import AnchorError, AnchorKey, make_key
from service.anchoring import check_anchor, log_named
from service.backup.steps import Steps
from service.books.inquiry import SEALED
from service.books.verification import Verdict
from service.failures import ExitCode, UserError
from service.recovery import unheard_refusals
from service.retention.seal import Order, seal_runs, verify_export
from service.retention.tombstones import content
from tests.backups import backed_up, flip, restored, settings_for, target, traded
from tests.postgres_server import KINDS, Server, running_server
from tests.sealed_account import Account, books_of, copied, replayed, runs_of
from tests.sealing import killed_while_sealing
from tests.traded_account import rows

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


@pytest.fixture(scope="module")
def sealed_source(source: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    account = copied(source, tmp_path_factory.mktemp("sealed"))
    account.server.keep(account.database)
    assert len(account.seal().runs) == 2
    return account


@pytest.fixture
def account(source: Account, tmp_path: Path) -> Account:
    return copied(source, tmp_path)


@pytest.fixture
def sealed(sealed_source: Account, tmp_path: Path) -> Account:
    return copied(sealed_source, tmp_path / "sealed")


def test_old_runs_go_and_the_books_tell_the_same(source: Account, sealed: Account) -> None:
    assert 0 < sealed.frames() < source.frames()
    assert books_of(sealed) == books_of(source)
    assert sealed.broken_rules() == set()
    found = sealed.checks()
    assert {verdict for verdict, _ in found.values()} == {Verdict.TRUE}
    assert SEALED in found
    assert SEALED not in source.checks()
    tables = "SELECT sum(count) FROM (SELECT count(*) FROM ballast.{} GROUP BY run_id) c"
    for table in ("order_event", "fill", "transfer", "verdict_slice", "bar_slice"):
        told = [
            rows(each.server, each.database, tables.format(table))[0][0]
            for each in (source, sealed)
        ]
        assert told[0] == told[1]


def test_the_next_run_goes_on_as_if_nothing_had_been_sealed(
    account: Account, sealed: Account
) -> None:
    roots = [asyncio.run(traded(each.settings, EVENTS)).root_hash for each in (account, sealed)]
    assert roots[0] == roots[1]
    assert sealed.broken_rules() == set()
    again = sealed.seal()
    assert [each.run_id for each in again.runs] == runs_of(sealed)[2:3]
    assert {verdict for verdict, _ in sealed.checks().values()} == {Verdict.TRUE}


def test_a_run_that_was_cut_off_is_sealed_once_another_went_on(account: Account) -> None:
    """A crash must not stop retention for ever: the next run's genesis says where it ended."""
    opened = (
        "ALTER TABLE ballast.run_end DISABLE TRIGGER refuse_change; "
        "ALTER TABLE ballast.replay_manifest DISABLE TRIGGER refuse_change; "
        "DELETE FROM ballast.replay_manifest; "
        f"DELETE FROM ballast.run_end WHERE run_id = '{runs_of(account)[0]}'; "
        "ALTER TABLE ballast.run_end ENABLE ALWAYS TRIGGER refuse_change; "
        "ALTER TABLE ballast.replay_manifest ENABLE ALWAYS TRIGGER refuse_change"
    )
    asyncio.run(account.server.tamper(account.database, opened))
    assert len(account.seal().runs) == 2
    assert account.broken_rules() == set()


def test_what_is_young_stays(account: Account) -> None:
    before = account.frames()
    found = account.seal(36_500)
    assert found.runs == ()
    assert found.stays == f"the run {runs_of(account)[0]} has inputs of the last 36500 days"
    assert [each.run_id for each in account.seal(dry_run=True).runs] == runs_of(account)[:2]
    assert account.frames() == before
    assert not (account.home / "sealed").exists()


def test_a_backup_of_a_sealed_account_is_restored_and_trades_on(
    server: Server, sealed: Account, tmp_path: Path
) -> None:
    async def work() -> Account:
        taken = await backed_up(sealed.settings, tmp_path / "backup")
        settings, database = await target(server, tmp_path / "elsewhere")
        await restored(settings, taken.folder, force=True)
        await traded(settings, EVENTS)
        return Account(server, tmp_path / "elsewhere", database)

    back = asyncio.run(work())
    found = back.checks()
    assert {verdict for verdict, _ in found.values()} == {Verdict.TRUE}
    assert SEALED in found


def test_a_sealed_run_is_told_and_later_ones_are_proven(sealed: Account) -> None:
    sha256 = rows(
        sealed.server, sealed.database, "SELECT export_sha256 FROM ballast.journal_sealed"
    )[0][0]
    with pytest.raises(UserError, match=rf"was sealed on \d.* SHA-256 {sha256}") as refused:
        replayed(sealed, 0)
    assert refused.value.code == ExitCode.MISSING
    report = replayed(sealed, 2)
    assert report.parity
    assert report.rows > 0


def test_an_anchor_is_held_against_the_tombstone_or_not_at_all(sealed: Account) -> None:
    """At a run's end the tombstone has the root; within the run nothing has."""

    async def work() -> None:
        journal = sealed.journal()
        try:
            first = (await journal.seals())[0]
            anchor = log_named(sealed.settings, "paper.server").read()[-1]
            place = {"seq": first.last_seq, "root": first.root_after.hex()}
            await check_anchor(journal, msgspec.structs.replace(anchor, **place))
            for wrong in ({"root": "0" * 64}, {"seq": first.last_seq - 1}):
                with pytest.raises(AnchorError):
                    await check_anchor(journal, msgspec.structs.replace(anchor, **place | wrong))
        finally:
            await journal.close()

    asyncio.run(work())


FORGED = (
    ("a signature", "SET signature = set_byte(signature, 0, get_byte(signature, 0) # 1)"),
    ("a field", "SET export_sha256 = repeat('a', 64)"),
    ("how it began", "SET begun = begun || 'x'"),
)


def tampered(account: Account, change: str) -> None:
    table = "ALTER TABLE ballast.journal_sealed"
    awake = "; ".join(
        f"{table} ENABLE ALWAYS TRIGGER {name}" for name in ("seal_added", "refuse_change")
    )
    commands = f"{table} DISABLE TRIGGER USER; {change}; {awake}"
    asyncio.run(account.server.tamper(account.database, commands))


def refused_everywhere(account: Account, said: str) -> None:
    """By the books, by the next start, and by the next sealing."""
    verdict, detail = account.checks()[SEALED]
    assert verdict is Verdict.FALSE
    assert said in detail
    with pytest.raises(JournalCorruptError, match=said):
        asyncio.run(traded(account.settings, EVENTS))
    with pytest.raises(UserError, match=said):
        account.seal()


@pytest.mark.parametrize(("what", "change"), FORGED)
def test_a_forged_tombstone_is_named(sealed: Account, what: str, change: str) -> None:
    first = runs_of(sealed)[0]
    tampered(sealed, f"UPDATE ballast.journal_sealed {change} WHERE run_id = '{first}'")
    refused_everywhere(sealed, f"tombstone of run {first} was changed after it was signed")


def test_a_tombstone_signed_by_a_stranger_is_named(sealed: Account, tmp_path: Path) -> None:
    async def first() -> Seal:
        journal = sealed.journal()
        try:
            return (await journal.seals())[0]
        finally:
            await journal.close()

    key: AnchorKey = make_key(tmp_path / "stranger.key")
    seal = msgspec.structs.replace(asyncio.run(first()), key=key.public)
    tampered(
        sealed,
        f"UPDATE ballast.journal_sealed SET key = '{key.public}', "
        f"signature = decode('{key.sign(content(seal))}', 'hex') WHERE first_seq = 1",
    )
    refused_everywhere(sealed, f"is signed by the key {key.public}")


@pytest.mark.parametrize(("number", "at"), [(0, 1), (1, 2)])
def test_a_removed_tombstone_is_named(sealed: Account, number: int, at: int) -> None:
    gone = runs_of(sealed)[number]
    first = rows(
        sealed.server,
        sealed.database,
        f"SELECT first_seq FROM ballast.journal_sealed WHERE run_id = '{gone}'",
    )[0][0]
    tampered(sealed, f"DELETE FROM ballast.journal_sealed WHERE run_id = '{gone}'")
    refused_everywhere(sealed, f"missing at input {first}")
    assert "journal_is_gapless" in sealed.broken_rules()


def test_without_any_tombstone_the_chain_names_what_is_missing(sealed: Account) -> None:
    tampered(sealed, "DELETE FROM ballast.journal_sealed")
    found = sealed.checks()
    assert SEALED not in found
    verdict, detail = found["chain of roots holds"]
    assert verdict is Verdict.FALSE
    assert "truncated at input 1" in detail
    with pytest.raises(JournalCorruptError, match="missing at input 1"):
        asyncio.run(traded(sealed.settings, EVENTS))


@pytest.mark.parametrize("step", ["export", "verify", "seal"])
def test_a_kill_leaves_every_frame_and_the_next_one_goes_on(account: Account, step: str) -> None:
    before = account.frames()
    assert killed_while_sealing(account.settings, account.home / "sealed", step) == -9
    assert account.frames() == before
    assert rows(account.server, account.database, "TABLE ballast.journal_sealed") == []
    exports = list((account.home / "sealed").glob("paper-*"))
    assert len(exports) == {"export": 0, "verify": 1, "seal": 2}[step]
    assert len(account.seal().runs) == 2
    assert account.broken_rules() == set()


@pytest.mark.parametrize("file", ["manifest.json", "tables/journal_frame.copy", "tables/run.copy"])
def test_a_changed_export_is_refused_before_anything_is_removed(
    account: Account, file: str
) -> None:
    before = account.frames()
    killed_while_sealing(account.settings, account.home / "sealed", "verify")
    (export,) = (account.home / "sealed").glob("paper-*")
    flip(export / file)
    with pytest.raises(UserError, match="is damaged") as refused:
        account.seal()
    assert refused.value.code == ExitCode.NOT_PROVEN
    assert account.frames() == before


def test_an_export_is_held_against_its_tombstone(sealed: Account, account: Account) -> None:
    exports = sorted((sealed.home / "sealed").glob("paper-*"))
    found = [asyncio.run(verify_export(sealed.settings, each)).run_id for each in exports]
    assert found == runs_of(sealed)[:2]
    with pytest.raises(UserError, match="is not sealed") as refused:
        asyncio.run(verify_export(account.settings, exports[0]))
    assert refused.value.code == ExitCode.MISSING
    flip(exports[0] / "tables" / "journal_frame.copy")
    with pytest.raises(UserError, match=r"journal_frame.copy was changed"):
        asyncio.run(verify_export(sealed.settings, exports[0]))


@pytest.mark.parametrize(("lost", "sealed_runs"), [((1,), 2), ((2,), 1), ((1, 2), 0)])
def test_nothing_goes_that_a_proof_of_what_stays_would_need(
    account: Account, lost: tuple[int, ...], sealed_runs: int
) -> None:
    """What stays is proven from the state before it: sealing ends where that state is kept.

    So it is where another version took over, whose start names the state as it reads it.
    """
    before = account.frames()
    for number in lost:
        end = f"SELECT first_seq - 1 FROM ballast.run ORDER BY ordinal OFFSET {number} LIMIT 1"
        gone = f"UPDATE ballast.snapshot SET data = data || 'x' WHERE seq = ({end})"
        asyncio.run(account.server.run(account.database, gone))
    if sealed_runs:
        found = account.seal()
        assert len(found.runs) == sealed_runs
        assert ("ends in no state that the next one names" in found.stays) == (sealed_runs == 1)
        assert {verdict for verdict, _ in account.checks().values()} == {Verdict.TRUE}
        assert replayed(account, sealed_runs).parity
        return
    with pytest.raises(UserError, match="there is no snapshot of input") as refused:
        account.seal()
    assert refused.value.code == ExitCode.NOT_PROVEN
    assert account.frames() == before


REFUSED = """
    INSERT INTO ballast.row_refused
    SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'fill', 'a_constraint'
    FROM ballast.transfer ORDER BY seq, ordinal LIMIT 1
"""


def test_a_refused_row_is_told_before_its_inputs_go_and_not_again(
    account: Account, sealed: Account
) -> None:
    """An account is halted by what it was not told of; what told of it may be sealed."""
    for each in (account, sealed):
        asyncio.run(each.server.run(each.database, REFUSED))
    with pytest.raises(UserError, match="the row that a_constraint refused at input"):
        account.seal()

    async def unheard(told: Account) -> int:
        journal = told.journal()
        try:
            return len(await unheard_refusals(journal))
        finally:
            await journal.close()

    assert asyncio.run(unheard(account)) == 1
    assert asyncio.run(unheard(sealed)) == 0


def test_without_a_state_to_begin_from_a_start_says_what_is_sealed(sealed: Account) -> None:
    """It does not look like a damaged journal, and it is not begun anew."""
    lost = "UPDATE ballast.snapshot SET data = data || 'x'"
    asyncio.run(sealed.server.run(sealed.database, lost))
    with pytest.raises(UserError, match=r"No snapshot from input .* are sealed") as refused:
        asyncio.run(traded(sealed.settings, EVENTS))
    assert refused.value.code == ExitCode.NOT_PROVEN
    with pytest.raises(UserError, match="was sealed on"):
        replayed(sealed, 2)


def test_nothing_goes_beyond_the_newest_anchor(account: Account) -> None:
    (log,) = (account.home / "anchors").glob("paper.*.anchors")
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(UserError, match="the newest anchor is of input"):
        account.seal()


def test_a_journal_of_files_is_not_sealed(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, kind="file")
    order = Order(90, time.time_ns(), tmp_path / "sealed")
    with pytest.raises(UserError, match="has no tables") as refused:
        asyncio.run(seal_runs(settings, order, steps=Steps()))
    assert refused.value.code == ExitCode.USAGE
