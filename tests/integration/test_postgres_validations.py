"""Every validation is silent over a real run, and finds what is planted against its rule."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from adapters.postgres.validations import TOLD_MAX, Checked, read_validations, validate
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE, seeded_feed
from service.settings import Settings
from tests.postgres_server import KINDS, Server, running_server

FILLED = "SELECT min(seq) FROM ballast.fill"
SOLD = "SELECT min(seq) FROM ballast.trade_closed"
# Rule, and what breaks it (and may break others) when triggers and guards sleep.
PLANTED = (
    ("assets_sum_to_zero", "UPDATE ballast.transfer SET credit_balance = credit_balance + 1"),
    ("balances_follow", f"UPDATE ballast.transfer SET amount = amount + 1 WHERE seq = ({FILLED})"),
    ("balances_follow", "UPDATE ballast.transfer SET debit_sequence = 7 WHERE transfer_no = 3"),
    ("epochs_rise_one_by_one", "INSERT INTO ballast.lease VALUES ('paper', 9, 'nobody')"),
    ("epochs_rise_one_by_one", "UPDATE ballast.journal_frame SET epoch = 5"),
    ("fills_follow_orders", f"UPDATE ballast.fill SET side = 'sell' WHERE seq = ({FILLED})"),
    ("fills_follow_orders", "DELETE FROM ballast.order_event"),
    ("fills_make_orders", f"DELETE FROM ballast.fill WHERE seq = ({FILLED})"),
    (
        "funds_are_never_negative",
        "UPDATE ballast.transfer SET debit_balance = -1 WHERE source LIKE 'fill:%'",
    ),
    (
        "funds_are_never_negative",
        "UPDATE ballast.transfer SET credit = 'suspense:USD' WHERE transfer_no = 1",
    ),
    ("hours_are_full", "UPDATE ballast.transfer SET hour_ts_utc = hour_ts_utc + 1"),
    (
        "journal_checksums_hold",
        "UPDATE ballast.journal_frame SET records = records || 'x' WHERE first_seq = 1",
    ),
    ("journal_is_gapless", "DELETE FROM ballast.journal_frame WHERE first_seq = 1"),
    (
        "journal_roots_follow",
        "UPDATE ballast.journal_frame SET root_before = checksum WHERE first_seq > 1",
    ),
    ("portfolio_hours_add_up", "UPDATE ballast.portfolio_hour SET equity = equity + 1"),
    ("portfolio_hours_add_up", "DELETE FROM ballast.position_hour"),
    ("rows_belong_to_their_run", "UPDATE ballast.fill SET run_id = 'another'"),
    ("rows_belong_to_their_run", "UPDATE ballast.transfer SET mode = 'LIVE'"),
    ("rows_belong_to_their_run", "UPDATE ballast.verdict_slice SET seq = seq + 1000000"),
    ("runs_begin_where_the_journal_stood", "UPDATE ballast.run SET genesis = sha256('x')"),
    ("runs_begin_where_the_journal_stood", "UPDATE ballast.journal_frame SET run_id = 'another'"),
    ("trades_follow_fills", "UPDATE ballast.trade_closed SET realised = realised + 1"),
    ("trades_follow_fills", f"UPDATE ballast.fill SET cost = cost + 1 WHERE seq = ({SOLD})"),
    ("transfers_are_numbered", "DELETE FROM ballast.transfer WHERE transfer_no = 2"),
)
ASLEEP = "SET session_replication_role = replica; " + "; ".join(
    f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL"
    for table in (
        "lease", "run", "journal_frame", "verdict_slice", "order_event", "fill", "transfer",
        "trade_closed", "portfolio_hour", "position_hour",
    )
)  # fmt: skip


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def traded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that holds one real run: verdicts, entries, fills, sales, full hours."""
    database = asyncio.run(server.fresh_database())
    feed = seeded_feed(7, UNIVERSE)
    settings = Settings(data_dir=str(tmp_path_factory.mktemp("home")))
    dsn = server.dsn(database, server.administrator)
    plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=3_000))
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    card = asyncio.run(trade(settings, feed, choice, plan)).card
    assert card.proven
    return database


def checked(server: Server, database: str) -> dict[str, Checked]:
    async def work() -> dict[str, Checked]:
        connection = await asyncpg.connect(server.dsn(database, "ballast_reader"))
        try:
            return {each.name: each async for each in validate(connection)}
        finally:
            await connection.close()

    return asyncio.run(work())


def test_a_real_run_breaks_no_rule(server: Server, traded: str) -> None:
    """And it has rows for every rule to look at."""
    found = checked(server, traded)
    assert {each.name: each.violations for each in found.values() if each.violations} == {}
    for table in (
        "verdict_slice",
        "order_event",
        "fill",
        "transfer",
        "trade_closed",
        "position_hour",
    ):
        rows = asyncio.run(server.ask(traded, f"SELECT count(*) FROM ballast.{table}"))
        assert rows[0][0] > 0, table


def test_an_empty_database_breaks_no_rule(server: Server) -> None:
    found = checked(server, asyncio.run(server.fresh_database()))
    assert sum(each.violations for each in found.values()) == 0


@pytest.mark.parametrize(("rule", "planted"), PLANTED)
def test_what_is_planted_is_found(server: Server, traded: str, rule: str, planted: str) -> None:
    database = asyncio.run(server.copy_of(traded))
    asyncio.run(server.tamper(database, f"{ASLEEP}; {planted}"))
    found = checked(server, database)[rule]
    assert found.violations > 0
    assert len(found.first) == min(found.violations, TOLD_MAX)
    assert all(each.account == "paper" and each.detail for each in found.first)


def test_every_rule_is_broken_once_above() -> None:
    """And stands in words before its query."""
    rules = read_validations()
    assert {rule for rule, _ in PLANTED} == {each.name for each in rules}
    for each in rules:
        assert each.rule.endswith("."), each.name
        assert each.query.startswith(("SELECT", "WITH")), each.name
