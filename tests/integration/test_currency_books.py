"""An account of three currencies in PostgreSQL: every rule holds, its books tie, each by itself.

What is planted against the worth of a currency is found.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import asyncpg
import pytest

from adapters.postgres.roles import READER
from adapters.postgres.validations import Checked, validate
from service.books.inquiry import ProfitAnswer, profit_of
from service.books.instants import EVER
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.feeds import seeded_feed
from service.settings import AccountSettings, Settings
from tests.planted_violations import ASLEEP
from tests.postgres_server import KINDS, Server, running_server
from tests.traded_account import asked

D = Decimal
SYMBOLS = ("BTC/USD", "ETH/CAD", "SOL/USDC")
CASH = AccountSettings(opening_balance_cad=D(13_700), opening_balance_usdc=D(10_000))
WIDE = "ALTER TABLE ballast.currency_hour DROP CONSTRAINT currency_hour_worth; "


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def traded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run in which all three currencies bought and sold, over many hours."""
    database = asyncio.run(server.fresh_database())
    feed = seeded_feed(7, SYMBOLS)
    settings = Settings(account=CASH, data_dir=str(tmp_path_factory.mktemp("home")))
    dsn = server.dsn(database, server.administrator)
    plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=25_000))
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    assert asyncio.run(trade(settings, feed, choice, plan)).card.proven
    return database


def broken(server: Server, database: str) -> set[str]:
    async def work() -> list[Checked]:
        connection = await asyncpg.connect(server.dsn(database, READER))
        try:
            return [each async for each in validate(connection)]
        finally:
            await connection.close()

    return {each.name for each in asyncio.run(work()) if each.violations}


def count(server: Server, database: str, what: str) -> int:
    ((found,),) = asyncio.run(server.ask(database, f"SELECT count(*) FROM {what}", READER))
    return int(found)


def test_every_rule_holds_over_hours_in_which_other_currencies_held_positions(
    server: Server, traded: str
) -> None:
    assert broken(server, traded) == set()
    assert count(server, traded, "ballast.row_refused") == 0
    hours = count(server, traded, "ballast.portfolio_hour")
    assert count(server, traded, "ballast.currency_hour") == 2 * hours > 100
    assert count(server, traded, "ballast.position_hour WHERE symbol LIKE '%/CAD'")
    assert count(server, traded, "ballast.currency_hour WHERE gain <> 0")


def test_profit_is_told_by_currency_and_ties_to_the_hour(server: Server, traded: str) -> None:
    def profit(by: str) -> ProfitAnswer:
        return asked(server, traded, lambda books: profit_of(books, 0, EVER, by))

    found = profit("symbol")
    assert [each.figure for each in found.ties if not each.holds] == []
    assert {"CAD holdings", "CAD realised", "USDC fees", "equity"} <= {
        each.figure for each in found.ties
    }
    assert found.total is None
    sums = {each.key: each.realised for each in found.totals}
    assert sums.keys() <= {"total CAD", "total USD", "total USDC"}
    assert len(sums) > 1
    by_symbol = {each.key: each.realised for each in found.groups}
    for symbol, realised in by_symbol.items():
        assert sums[f"total {symbol.partition('/')[2]}"] == realised
        assert realised
    assert found.hour is not None
    assert {each.currency for each in found.hour.state.currencies} == {"CAD", "USDC"}
    assert all(" " in each.key for each in profit("day").groups)


PLANTED = (
    ("portfolio_hours_add_up", "DELETE FROM ballast.currency_hour WHERE currency = 'CAD'"),
    ("portfolio_hours_add_up", "UPDATE ballast.currency_hour SET worth = worth - 0.0001"),
    ("risk_hours_tie", "UPDATE ballast.currency_hour SET most = most * 2 WHERE currency = 'CAD'"),
    ("manifests_tell_the_rows", "UPDATE ballast.currency_hour SET gain = gain + 1"),
    ("rows_belong_to_their_run", "UPDATE ballast.currency_hour SET run_id = 'another'"),
)


@pytest.mark.parametrize(("rule", "planted"), PLANTED)
def test_what_is_planted_against_a_currency_is_found(
    server: Server, traded: str, rule: str, planted: str
) -> None:
    database = asyncio.run(server.copy_of(traded))
    asyncio.run(server.tamper(database, f"{ASLEEP}; {WIDE}{planted}"))
    assert rule in broken(server, database)
