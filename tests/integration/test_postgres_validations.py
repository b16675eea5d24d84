"""Every validation is silent over real runs, and finds what is planted against its rule.

The second run is a bad day: trades without an order, sales among them, cash that is not there over
full hours, fills that come late, rows that the database refuses.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import islice

import asyncpg
import msgspec
import pytest

from actors.messages.base import Message
from actors.messages.control import Deposit, LedgerEntry, Reactivate
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.ports import Feed, FeedItem
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import WRITER
from adapters.postgres.validations import TOLD_MAX, Checked, read_validations, validate
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE, rules_of, seeded_feed
from service.graph import build_graph
from service.segment import OpenSegment, SegmentPlan, close_segment, open_segment
from service.settings import Settings
from tests.planted_violations import ASLEEP, PLANTED
from tests.postgres_server import KINDS, Server, running_server


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


HOURS_SHORT = """
    SELECT count(*) FROM ballast.portfolio_hour p
    WHERE p.equity < p.cash_free + p.cash_held
"""
# What must have happened for the honest database to say anything: a query, and how many at least.
HAPPENED = (
    ("SELECT count(*) FROM ballast.verdict_slice", 1),
    ("SELECT count(*) FROM ballast.position_hour", 1),
    ("SELECT count(*) FROM ballast.prediction_slice p JOIN ballast.bar_slice USING (seq)", 40),
    ("SELECT count(DISTINCT regime) FROM ballast.regime", 3),
    ("SELECT count(DISTINCT run_id) FROM ballast.fill", 2),
    ("SELECT count(*) FROM ballast.lot_open", 1),
    ("SELECT count(*) FROM ballast.lot_consumed WHERE cause = 'sale' AND remaining > 0", 1),
    ("SELECT count(*) FROM ballast.trade_closed t JOIN ballast.fill USING (exec_id)", 1),
    ("SELECT count(*) FROM ballast.trade_closed WHERE exec_id IN ('sale', 'oversale')", 2),
    ("SELECT count(*) FROM ballast.trade_unexplained WHERE NOT booked", 1),
    ("SELECT count(*) FROM ballast.transfer WHERE source LIKE 'accepted:%'", 1),
    ("SELECT count(*) FROM ballast.row_refused WHERE table_name = 'fill'", 1),
    ("SELECT count(*) FROM ballast.row_refused WHERE table_name = 'trade_unexplained'", 1),
    ("SELECT count(*) FROM ballast.row_refused WHERE table_name = 'trade_closed'", 1),
    ("SELECT count(*) FROM ballast.ledger_entry", 1),
    (HOURS_SHORT, 2),
    ("SELECT count(*) FROM ballast.dataset WHERE purpose = 'training'", 60),
    ("SELECT count(*) FROM ballast.ingestion_gap WHERE ends IS NOT NULL", 1),
    ("SELECT count(DISTINCT stream) FROM ballast.ingestion_watermark WHERE resumed", 3),
    ("SELECT count(*) FROM ballast.ingestion_watermark WHERE NOT resumed", 4),
)
FAR = 2**63 + 5  # a time that the database's integers cannot hold


@pytest.fixture(scope="module")
def traded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of two real runs: entries, fills, sales, full hours; then the bad day."""
    database = asyncio.run(server.fresh_database())
    feed = seeded_feed(7, UNIVERSE)
    settings = Settings(data_dir=str(tmp_path_factory.mktemp("home")))
    dsn = server.dsn(database, server.administrator)
    plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=3_000))
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    card = asyncio.run(trade(settings, feed, choice, plan)).card
    assert card.proven

    async def bad_day() -> None:
        journal = PostgresJournal(server.dsn(database, WRITER), settings.account.name)
        graph = build_graph(settings.decision, rules_of(feed.symbols), choice.predictor)
        segment = await open_segment(
            settings,
            SegmentPlan("PAPER", feed.kind, feed.digest, feed.symbols, 0, choice.statement),
            graph,
            journal,
        )
        try:
            await hostile_reports(segment, feed)
            await close_segment(segment, journal, "the day is over")
        finally:
            await journal.close()

    asyncio.run(bad_day())
    return database


async def hostile_reports(segment: OpenSegment, feed: Feed) -> None:
    """What a venue may say on a bad day, each input in a frame of its own, and hours passing."""
    pump = segment.pump
    orders = pump.kernel.actor("orders").state
    bought = next(each for each in orders.closed.values() if each.side is Side.BUY)
    sold = next(each for each in orders.closed.values() if each.side is Side.SELL)
    stray = ExecutionReport(
        "foreign",
        "purchase",
        ExecKind.TRADE,
        pump.kernel.at,
        Decimal("0.01000000"),
        Decimal("60000.0"),
        Decimal("600.00"),
        Decimal("2.40"),
        "USD",
        symbol="BTC/USD",
        side=Side.BUY,
    )

    def told(exec_id: str, cl_ord_id: str = "foreign", **fields: object) -> ExecutionReport:
        return msgspec.structs.replace(stray, exec_id=exec_id, cl_ord_id=cl_ord_id, **fields)

    async def say(*messages: Message) -> None:
        for message in messages:
            await pump.admit([FeedItem(pump.kernel.at, message)])
            await pump.flush()

    async def pass_items(count: int) -> None:
        await pump.admit(list(islice(feed.items(pump.kernel.at), count)))
        await pump.flush()

    await say(
        told("late", bought.cl_ord_id),
        told("late sale", sold.cl_ord_id, fee_asset="BTC", fee=Decimal("0.00001000")),
        stray,
        told("sale", side=Side.SELL, last_quantity=Decimal("0.00500000")),
        told("oversale", side=Side.SELL, last_quantity=Decimal(3)),
        told("nameless", symbol=""),
        told("impossible", fee=Decimal("NaN")),
        told("elsewhere", symbol="DOGE/EUR"),
        told("swap", symbol="ETH/BTC", cost=Decimal("0.10"), fee_asset=""),
        told("far", bought.cl_ord_id, ts=FAR),
        told("far sale", sold.cl_ord_id, ts=FAR),
        told("far stray", side=Side.SELL, ts=FAR),
        Reactivate("ann", "seen"),
        told("beyond the cash", cost=Decimal("900000.00")),
    )
    await pass_items(1_500)
    await say(Reactivate("ann", "a deposit is on its way"))
    await pass_items(1_500)
    at = pump.kernel.at
    reward = LedgerEntry("r1", "reward", "BTC.S", Decimal("0.00500000"), Decimal(0), at)
    await say(Deposit("USD", Decimal("500000.00"), "a part", at), reward)
    await pass_items(1_500)
    await say(Deposit("USD", Decimal("2000000.00"), "the rest", at), Reactivate("ann", "covered"))
    await pass_items(1_500)


def checked(server: Server, database: str) -> dict[str, Checked]:
    async def work() -> dict[str, Checked]:
        connection = await asyncpg.connect(server.dsn(database, "ballast_reader"))
        try:
            return {each.name: each async for each in validate(connection)}
        finally:
            await connection.close()

    return asyncio.run(work())


def test_real_runs_break_no_rule_however_bad_the_day(server: Server, traded: str) -> None:
    """And they have rows for every rule to look at."""
    for query, least in HAPPENED:
        assert asyncio.run(server.ask(traded, query))[0][0] >= least, query
    found = checked(server, traded)
    assert {each.name: each.first for each in found.values() if each.violations} == {}


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


REFUSED = """
    WITH gone AS (
        DELETE FROM ballast.{table} WHERE (seq, ordinal) IN (
            SELECT seq, ordinal FROM ballast.{table} ORDER BY (seq, ordinal) {order}
            OFFSET {offset} LIMIT 1
        ) RETURNING account_id, run_id, mode, hour_ts_utc, seq, ordinal, at
    ) INSERT INTO ballast.row_refused SELECT *, '{table}', 'a_constraint' FROM gone
"""


@pytest.mark.parametrize(
    "table",
    [
        "order_event",
        "fill",
        "transfer",
        "trade_closed",
        "trade_unexplained",
        "position_hour",
        "risk_verdict",
        "order_request",
        "lot",
        "lot_consumed",
    ],
)
def test_a_row_that_was_refused_breaks_no_other_rule(
    server: Server, traded: str, table: str
) -> None:
    """What is known to be missing is told once, by `row_refused`; the first rows and the last."""
    for order, offset in (("ASC", 1), ("ASC", 3), ("DESC", 0), ("DESC", 2)):
        database = asyncio.run(server.copy_of(traded))
        refused = REFUSED.format(table=table, order=order, offset=offset)
        asyncio.run(server.tamper(database, f"{ASLEEP}; {refused}"))
        found = checked(server, database)
        # The run has ended, so its manifest tells of the row as it was.
        assert found.pop("manifests_tell_the_rows").violations > 0
        assert {each.name: each.first for each in found.values() if each.violations} == {}


def test_every_rule_is_broken_once_above() -> None:
    """And stands in words before its query."""
    rules = read_validations()
    assert {rule for rule, _ in PLANTED} == {each.name for each in rules}
    for each in rules:
        assert each.rule.endswith("."), each.name
        assert each.query.startswith(("SELECT", "WITH")), each.name
