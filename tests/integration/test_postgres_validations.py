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
from actors.messages.control import Deposit, Reactivate
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
from tests.postgres_server import KINDS, Server, running_server
from tests.sealing import tombstone

LAST_HOUR = "SELECT max(hour_ts) FROM ballast.portfolio_hour"
FILLED = "SELECT min(seq) FROM ballast.fill"
SOLD = "SELECT min(seq) FROM ballast.trade_closed"
LAST_BAR = "(SELECT max(close_ts) FROM ballast.bar_slice)"
NEWEST_MARK = "SELECT max(seq) FROM ballast.ingestion_watermark"
LOW = "array_fill(1::bigint, ARRAY[30])"
UNCHECKED = "ALTER TABLE ballast.{0} DROP CONSTRAINT {0}_{1}"
# Rule, and what breaks it (and may break others) when triggers and guards sleep.
PLANTED = (
    ("assets_sum_to_zero", "UPDATE ballast.transfer SET credit_balance = credit_balance + 1"),
    ("balances_follow", f"UPDATE ballast.transfer SET amount = amount + 1 WHERE seq = ({FILLED})"),
    ("balances_follow", "UPDATE ballast.transfer SET debit_sequence = 700 WHERE transfer_no = 3"),
    ("contexts_are_complete", "DELETE FROM ballast.run_context"),
    ("contexts_are_complete", "DELETE FROM ballast.universe_version"),
    ("contexts_are_complete", "DELETE FROM ballast.universe_member WHERE place = 1"),
    ("contexts_are_complete", "UPDATE ballast.universe_member SET symbol = 'X' WHERE place = 1"),
    ("contexts_are_complete", "UPDATE ballast.run_context SET settings = settings || ' '"),
    ("contexts_are_complete", "DELETE FROM ballast.profile WHERE kind = 'risk'"),
    ("datasets_span_training", "UPDATE ballast.dataset SET first_ts = first_ts + 1"),
    ("datasets_span_training", "UPDATE ballast.dataset SET last_ts = first_ts"),
    ("datasets_span_training", "DELETE FROM ballast.model_version"),
    (
        "entries_exceed_their_cost",
        f"""
        {UNCHECKED.format("risk_verdict", "edge_above_cost")};
        UPDATE ballast.risk_verdict SET expected_move = cost WHERE side = 'buy'
        """,
    ),
    ("entries_exceed_their_cost", "UPDATE ballast.risk_profile SET edge_margin = 900000"),
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
    ("gaps_close_what_opened", "DELETE FROM ballast.ingestion_gap WHERE ends IS NULL"),
    (
        "gaps_close_what_opened",
        "UPDATE ballast.ingestion_gap SET kind = 'stale' WHERE ends IS NOT NULL",
    ),
    (
        "gaps_close_what_opened",
        """
        INSERT INTO ballast.ingestion_gap SELECT account_id, run_id, mode, hour_ts_utc, seq,
            ordinal + 1000, at, 100000, stream, place, symbol, kind, told_by, begins, NULL, NULL
        FROM ballast.ingestion_gap WHERE ends IS NULL ORDER BY seq LIMIT 1
        """,
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
    ("orders_have_verdicts", "DELETE FROM ballast.risk_verdict"),
    ("orders_have_verdicts", "DELETE FROM ballast.order_request WHERE side = 'buy'"),
    ("orders_have_verdicts", "DELETE FROM ballast.transfer WHERE source LIKE 'hold:%:place'"),
    ("orders_have_verdicts", "UPDATE ballast.order_request SET quantity = quantity + 1"),
    (
        "orders_have_verdicts",
        "UPDATE ballast.transfer SET debit_balance = -1 WHERE source LIKE 'hold:%:place'",
    ),
    (
        "lots_follow_trades",
        "UPDATE ballast.lot_consumed SET realised = realised + 1 WHERE cause = 'sale'",
    ),
    ("lots_follow_trades", "UPDATE ballast.lot_consumed SET quantity = quantity * 2"),
    ("lots_follow_trades", "UPDATE ballast.lot_consumed SET cost = cost + 1"),
    ("lots_follow_trades", "UPDATE ballast.lot SET quantity = quantity / 2"),
    ("portfolio_hours_add_up", "UPDATE ballast.portfolio_hour SET equity = equity + 1"),
    ("portfolio_hours_add_up", "DELETE FROM ballast.position_hour"),
    (
        "portfolio_hours_add_up",
        """
        UPDATE ballast.portfolio_hour SET equity = cash_free + cash_held
        WHERE equity < cash_free + cash_held
        """,
    ),
    ("predictions_follow_bars", f"DELETE FROM ballast.bar_slice WHERE close_ts = {LAST_BAR}"),
    (
        "predictions_follow_bars",
        f"UPDATE ballast.bar_slice SET seq = seq + 1 WHERE close_ts = {LAST_BAR}",
    ),
    (
        "predictions_follow_bars",
        """
        INSERT INTO ballast.bar_slice
        SELECT account_id, run_id, mode, hour_ts_utc, seq, 9000, at, open_ts, close_ts, numbers
        FROM ballast.bar_slice ORDER BY seq DESC LIMIT 1
        """,
    ),
    ("predictions_follow_bars", "UPDATE ballast.bar_slice SET numbers = numbers || '\\x00'"),
    ("predictions_follow_bars", "UPDATE ballast.feature_slice SET numbers = numbers || '\\x00'"),
    ("predictions_follow_bars", "DELETE FROM ballast.feature_schema"),
    ("predictions_follow_bars", "DELETE FROM ballast.regime_cut"),
    ("predictions_follow_bars", f"DELETE FROM ballast.regime_slice WHERE close_ts = {LAST_BAR}"),
    ("predictions_follow_bars", "UPDATE ballast.regime_slice SET regime = regime || 1"),
    ("predictions_follow_bars", "UPDATE ballast.regime_slice SET close_ts = close_ts + 1"),
    ("predictions_follow_bars", "UPDATE ballast.feature_schema SET schema_hash = 'another'"),
    ("predictions_follow_bars", f"DELETE FROM ballast.feature_slice WHERE close_ts = {LAST_BAR}"),
    (
        "predictions_follow_bars",
        """
        UPDATE ballast.prediction_slice
        SET p_up = p_up || 1, expected_move = expected_move || 1, uncertainty = uncertainty || 1
        """,
    ),
    (
        "predictions_follow_bars",
        "UPDATE ballast.verdict_slice SET prediction_ts = ts - 1 WHERE prediction_ts = ts",
    ),
    ("predictions_have_models", "DELETE FROM ballast.activation"),
    ("predictions_have_models", "DELETE FROM ballast.model_version"),
    ("predictions_have_models", "UPDATE ballast.prediction_slice SET in_sample = NOT in_sample"),
    ("risk_hours_tie", f"DELETE FROM ballast.risk_hour WHERE hour_ts = ({LAST_HOUR})"),
    ("risk_hours_tie", f"DELETE FROM ballast.portfolio_hour WHERE hour_ts = ({LAST_HOUR})"),
    ("risk_hours_tie", "DELETE FROM ballast.cluster_hour"),
    (
        "risk_hours_tie",
        "UPDATE ballast.cluster_hour SET claims_worth = claims_worth + 1, exposure = exposure + 1",
    ),
    (
        "risk_hours_tie",
        (
            f"{UNCHECKED.format('risk_hour', 'share_follows')};"
            " UPDATE ballast.risk_hour SET equity = equity + 1"
        ),
    ),
    ("risk_hours_tie", "UPDATE ballast.risk_hour SET drawdown = drawdown + 1"),
    ("risk_hours_tie", "UPDATE ballast.position_hour SET value = value + 1"),
    ("rows_belong_to_their_run", "UPDATE ballast.fill SET run_id = 'another'"),
    ("rows_belong_to_their_run", "UPDATE ballast.transfer SET mode = 'LIVE'"),
    ("rows_belong_to_their_run", "UPDATE ballast.verdict_slice SET seq = seq + 1000000"),
    ("runs_begin_where_the_journal_stood", "UPDATE ballast.run SET genesis = sha256('x')"),
    ("runs_begin_where_the_journal_stood", "UPDATE ballast.journal_frame SET run_id = 'another'"),
    ("sealed_runs_stand_alone", tombstone()),
    (
        "slices_come_once",
        """
        INSERT INTO ballast.verdict_slice (
            account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, ts, prediction_ts,
            action, reason, p_up, expected_move, cost, edge
        ) SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at + 1, ts, prediction_ts,
            action, reason, p_up, expected_move, cost, edge
        FROM ballast.verdict_slice LIMIT 1
        """,
    ),
    ("trades_follow_fills", "UPDATE ballast.trade_closed SET realised = realised + 1"),
    ("trades_follow_fills", f"UPDATE ballast.fill SET cost = cost + 1 WHERE seq = ({SOLD})"),
    (
        "trades_follow_fills",
        "UPDATE ballast.trade_unexplained SET booked = false WHERE exec_id = 'sale'",
    ),
    (
        "trades_follow_fills",
        "UPDATE ballast.trade_unexplained SET cost = cost + 1 WHERE exec_id = 'sale'",
    ),
    ("training_folds_ascend", "DELETE FROM ballast.training_fold WHERE number = 1"),
    ("training_folds_ascend", "UPDATE ballast.training_fold SET bundle_id = 'another'"),
    (
        "training_folds_ascend",
        "UPDATE ballast.training_fold SET test_ends = test_ends + 86400000000000 WHERE number = 2",
    ),
    (
        "training_folds_ascend",
        "UPDATE ballast.model_version SET trained_until = trained_from + 1",
    ),
    ("transfers_are_chained", "UPDATE ballast.transfer SET amount = amount * 1.0"),
    (
        "transfers_are_chained",
        "UPDATE ballast.transfer SET previous = NULL, hash = NULL WHERE transfer_no = 9",
    ),
    ("transfers_are_chained", "DELETE FROM ballast.transfer WHERE transfer_no = 2"),
    ("transfers_are_numbered", "DELETE FROM ballast.transfer WHERE transfer_no = 2"),
    (
        "watermarks_never_go_back",
        f"UPDATE ballast.ingestion_watermark SET newest_ts = {LOW} WHERE seq = ({NEWEST_MARK})",
    ),
    (
        "watermarks_never_go_back",
        f"UPDATE ballast.ingestion_watermark SET ts = 0 WHERE seq = ({NEWEST_MARK})",
    ),
    (
        "watermarks_never_go_back",
        "UPDATE ballast.ingestion_watermark SET trade_ids = array_fill(-seq, ARRAY[30])",
    ),
    (
        "watermarks_never_go_back",
        f"UPDATE ballast.ingestion_watermark SET resumed = true WHERE seq = ({NEWEST_MARK})",
    ),
)
ASLEEP = "SET session_replication_role = replica; " + "; ".join(
    f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL"
    for table in (
        "lease", "run", "journal_frame", "verdict_slice", "order_event", "fill", "transfer",
        "trade_closed", "portfolio_hour", "position_hour", "trade_unexplained",
        "risk_profile", "risk_verdict", "order_request", "lot", "lot_consumed",
        "run_context", "universe_version", "universe_member", "profile", "model_version",
        "activation", "prediction_slice", "bar_slice", "feature_schema", "feature_slice",
        "regime_cut", "regime_slice",
        "risk_hour", "cluster_hour", "training_fold",
        "dataset", "ingestion_gap", "ingestion_watermark",
        "journal_sealed",
    )
)  # fmt: skip


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
    await say(Deposit("USD", Decimal("500000.00"), "a part", at))
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
        assert {each.name: each.first for each in found.values() if each.violations} == {}


def test_every_rule_is_broken_once_above() -> None:
    """And stands in words before its query."""
    rules = read_validations()
    assert {rule for rule, _ in PLANTED} == {each.name for each in rules}
    for each in rules:
        assert each.rule.endswith("."), each.name
        assert each.query.startswith(("SELECT", "WITH")), each.name
