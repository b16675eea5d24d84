"""`ballast books verify` over a real account: TRUE as it is, FALSE for whatever is planted."""

from __future__ import annotations

import asyncio

import pytest

from service.books.inquiry import CHAIN, JOURNAL, lots_of, profit_of, verified
from service.books.instants import EVER
from service.books.verification import Check, Verdict
from service.failures import ExitCode, UserError
from tests.postgres_server import KINDS, Server, running_server
from tests.traded_account import ASLEEP, SALE, asked, rows, silent, traded_on


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def traded(server: Server) -> str:
    return traded_on(server)


def verdicts(server: Server, database: str) -> list[Check]:
    return asked(server, database, lambda books: verified(books, silent))


def test_a_real_account_is_sound_in_every_check(server: Server, traded: str) -> None:
    found = verdicts(server, traded)
    assert {each.name: each.detail for each in found if each.verdict is not Verdict.TRUE} == {}
    assert len(found) == 12
    assert "2 runs" in found[0].detail


# What is planted while triggers and guards sleep, and every check that is then FALSE.
BALANCES, HOLDS = "balances are the journal's", "holds are the journal's"
POSITIONS, ORDERS = "positions are the journal's", "orders are the journal's"
SUMS, FILLS = "carried balances add up", "transfers are the fills'"
TRADES, NUMBERS = "trades follow from the fills", "transfers are numbered"
LINKS, HEAD = "transfers are chained", "the chain is the journal's"
BOOKED, STRAY = "fills can be booked", "ballast.trade_unexplained"
PLANTED: tuple[tuple[str, set[str]], ...] = (
    (
        "UPDATE ballast.transfer SET amount = amount + 1 WHERE transfer_no = 1",
        {LINKS, SUMS, BALANCES},
    ),
    ("UPDATE ballast.transfer SET debit_balance = 0 WHERE transfer_no = 1", {LINKS, SUMS}),
    (
        (
            "UPDATE ballast.transfer SET amount = amount + 1, debit_balance = debit_balance - 1"
            " WHERE transfer_no = 1; UPDATE ballast.transfer SET credit_balance = credit_balance"
            " + 1 WHERE credit = 'available:USD'; UPDATE ballast.transfer SET debit_balance ="
            " debit_balance + 1 WHERE debit = 'available:USD'; UPDATE ballast.transfer SET"
            " credit_balance = credit_balance - 1 WHERE credit = 'external:USD'"
        ),
        {LINKS, BALANCES},
    ),
    (
        "DELETE FROM ballast.transfer WHERE transfer_no = 4",
        {LINKS, NUMBERS, SUMS, BALANCES, HOLDS},
    ),
    (
        (
            "UPDATE ballast.transfer SET cause = 'another' WHERE source LIKE 'hold:%' AND seq ="
            " (SELECT min(seq) FROM ballast.transfer WHERE source LIKE 'hold:%')"
        ),
        {LINKS, HOLDS},
    ),
    ("UPDATE ballast.transfer SET previous = NULL, hash = NULL", {HEAD}),
    (
        "UPDATE ballast.ledger_entry SET worth = worth + 1 WHERE kind = 'reward'",
        {POSITIONS},
    ),
    ("DELETE FROM ballast.ledger_entry WHERE kind = 'adjustment'", {POSITIONS}),
    (
        f"UPDATE ballast.fill SET cost = cost + 1 WHERE {SALE}",
        {FILLS, POSITIONS, TRADES},
    ),
    (
        f"UPDATE ballast.fill SET quantity = quantity / 2 WHERE {SALE}",
        {FILLS, POSITIONS, TRADES, ORDERS},
    ),
    (f"DELETE FROM ballast.fill WHERE {SALE}", {FILLS, POSITIONS, TRADES, ORDERS}),
    ("UPDATE ballast.fill SET run_id = 'another'", {BOOKED}),
    ("UPDATE ballast.trade_closed SET realised = realised + 1", {TRADES}),
    (f"UPDATE {STRAY} SET cost = cost + 1 WHERE exec_id = 's1'", {FILLS, POSITIONS}),
    (f"UPDATE {STRAY} SET fee = fee + 1 WHERE exec_id = 's2'", {FILLS, POSITIONS}),
    (f"UPDATE {STRAY} SET quantity = 0.5 WHERE exec_id = 's4'", {FILLS, POSITIONS, TRADES}),
    (f"UPDATE {STRAY} SET side = 'sell' WHERE exec_id = 's1'", {FILLS, POSITIONS, TRADES}),
    (f"UPDATE {STRAY} SET quantity = quantity + 1 WHERE exec_id = 's3'", {FILLS}),
    (f"UPDATE {STRAY} SET booked = NOT booked WHERE exec_id = 's1'", {FILLS, BOOKED}),
    (f"UPDATE {STRAY} SET reason = 'mine' WHERE exec_id = 's3'", {BOOKED}),
    (f"DELETE FROM {STRAY} WHERE exec_id = 's2'", {FILLS, POSITIONS}),
    (f"DELETE FROM {STRAY} WHERE exec_id = 's3'", {FILLS}),
    (f"DELETE FROM {STRAY} WHERE exec_id = 's5'", {FILLS, POSITIONS, TRADES}),
    (
        (
            "UPDATE ballast.transfer SET credit = 'available:USD', credit_sequence = 700"
            " WHERE source LIKE 'accepted:%:USD'"
        ),
        {LINKS, FILLS, SUMS, BALANCES},
    ),
    (
        "UPDATE ballast.transfer SET amount = amount - 1 WHERE source LIKE 'accepted:%:USD'",
        {LINKS, FILLS, SUMS, BALANCES},
    ),
    ("DELETE FROM ballast.order_event WHERE state = 'filled'", {ORDERS}),
    (
        "UPDATE ballast.journal_frame SET records = records || 'x' WHERE first_seq = 1",
        {CHAIN},
    ),
    ("DELETE FROM ballast.journal_frame WHERE first_seq = 1", {CHAIN}),
    ("UPDATE ballast.run SET genesis = sha256('x') WHERE first_seq = 1", {CHAIN}),
    ("DELETE FROM ballast.run WHERE first_seq = 1", {CHAIN}),
    ("DELETE FROM ballast.snapshot", {JOURNAL}),
    ("UPDATE ballast.snapshot SET data = data || 'x'", {JOURNAL}),
)


@pytest.mark.parametrize(("planted", "false"), PLANTED)
def test_what_is_planted_makes_its_checks_false(
    server: Server, traded: str, planted: str, false: set[str]
) -> None:
    database = asyncio.run(server.copy_of(traded))
    asyncio.run(server.tamper(database, f"{ASLEEP}; {planted}"))
    found = verdicts(server, database)
    assert {each.name for each in found if each.verdict is Verdict.FALSE} == false
    assert all(each.detail for each in found if each.verdict is Verdict.FALSE)


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        ("DELETE FROM ballast.snapshot", "a run was closed, but its snapshot is gone"),
        (
            "UPDATE ballast.snapshot SET data = data || 'x'",
            "none of 2 snapshots is one that the chain names",
        ),
    ],
)
def test_snapshots_that_were_taken_away_or_changed_are_told(
    server: Server, traded: str, planted: str, sentence: str
) -> None:
    database = asyncio.run(server.copy_of(traded))
    asyncio.run(server.tamper(database, planted))
    found = {each.name: each for each in verdicts(server, database)}
    assert found[JOURNAL].detail == sentence


def test_without_the_newest_state_an_older_one_proves_what_was_until_then(
    server: Server, traded: str
) -> None:
    """Fills, holds and orders that came later are not held against it."""
    database = asyncio.run(server.copy_of(traded))
    newest = "(SELECT max(seq) FROM ballast.snapshot)"
    asyncio.run(server.tamper(database, f"DELETE FROM ballast.snapshot WHERE seq = {newest}"))
    seq, last_seq, later = rows(
        server,
        database,
        "SELECT (SELECT max(seq) FROM ballast.snapshot), max(last_seq), (SELECT count(*) FROM"
        " ballast.fill WHERE seq > (SELECT max(seq) FROM ballast.snapshot))"
        " FROM ballast.journal_frame",
    )[0]
    assert later > 0
    found = {each.name: each for each in verdicts(server, database)}
    assert {each.verdict for each in found.values()} == {Verdict.TRUE}
    assert found[BALANCES].detail == f"up to input {seq:,} of {last_seq:,}"


def test_lots_and_profit_of_tampered_fills_differ_from_what_is_stored(
    server: Server, traded: str
) -> None:
    database = asyncio.run(server.copy_of(traded))
    half = f"UPDATE ballast.fill SET quantity = quantity / 2 WHERE {SALE}"
    asyncio.run(server.tamper(database, f"{ASLEEP}; {half}"))
    assert not all(each.holds for each in asked(server, database, lots_of).holdings)
    found = asked(server, database, lambda books: profit_of(books, 0, EVER, "symbol"))
    assert "realised" in {each.figure for each in found.ties if not each.holds}
    asyncio.run(server.tamper(database, f"{ASLEEP}; UPDATE ballast.fill SET run_id = 'another'"))
    with pytest.raises(UserError, match="is not one that the ledger can have booked") as caught:
        asked(server, database, lots_of)
    assert caught.value.code is ExitCode.UNSOUND


@pytest.mark.parametrize("table", ["fill", "trade_unexplained"])
def test_a_row_that_is_none_of_ours_is_named(server: Server, traded: str, table: str) -> None:
    database = asyncio.run(server.copy_of(traded))
    odd = f"UPDATE ballast.{table} SET side = 'short'"
    asyncio.run(server.tamper(database, f"{ASLEEP}; {odd}"))
    with pytest.raises(UserError, match="'short' is not a valid Side") as caught:
        asked(server, database, lots_of)
    assert caught.value.code is ExitCode.UNSOUND


def test_an_account_that_never_took_a_snapshot_is_not_called_unsound(
    server: Server, traded: str
) -> None:
    """Its chain and its rows are looked at; that nothing else could be is said."""
    database = asyncio.run(server.copy_of(traded))
    unended = "TRUNCATE ballast.snapshot, ballast.run_end, ballast.replay_manifest"
    asyncio.run(server.tamper(database, f"{ASLEEP}; {unended}"))
    found = {each.name: each for each in verdicts(server, database)}
    assert found[JOURNAL].verdict is Verdict.SKIPPED
    assert {each.verdict for name, each in found.items() if name != JOURNAL} == {Verdict.TRUE}
