"""The books of a real account in PostgreSQL: what every question answers, and what is refused."""

from __future__ import annotations

import asyncio
import io
from decimal import Decimal
from typing import Any

import pytest

from actors.instant import DAY_NS, SECOND_NS, floor_to
from service.books.exports import FORMATS
from service.books.inquiry import carried_rest, lots_of, profit_of, results_of, statement_of
from service.books.instants import EVER, date_of
from service.books.reading import AccountBooks
from service.books.suspense import suspense_hints
from service.cli.books_export import exported
from service.failures import ExitCode, UserError
from tests.beancount_text import transactions
from tests.postgres_server import KINDS, Server, running_server
from tests.traded_account import SOLD, asked, rows, silent, traded_on


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def traded(server: Server) -> str:
    return traded_on(server)


def test_the_reader_sees_balances_that_sum_to_zero(server: Server, traded: str) -> None:
    found = asked(server, traded, lambda books: books.balances())
    assert [each.ledger_account for each in found if each.balance != each.total] == []
    assert not any(carried_rest(found).values())
    count = rows(server, traded, "SELECT count(*) FROM ballast.transfer")[0][0]
    assert sum(each.postings for each in found) == 2 * count
    view = asyncio.run(
        server.ask(
            traded,
            "SELECT ledger_account, asset, balance, total, postings FROM ballast.balance "
            "WHERE account_id = 'paper' ORDER BY asset, ledger_account",
            "ballast_reader",
        )
    )
    assert [tuple(row) for row in view] == [
        (each.ledger_account, each.asset, each.balance, each.total, each.postings) for each in found
    ]


def test_balances_as_of_a_time_are_what_the_postings_up_to_it_left(
    server: Server, traded: str
) -> None:
    at = rows(server, traded, f"SELECT at FROM ballast.transfer WHERE seq = ({SOLD})")[0][0]

    async def both(books: AccountBooks) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        balances = {e.ledger_account: e.balance for e in await books.balances(before=at + 1)}
        left = {
            each.ledger_account: each.balance
            for each in await books.postings("", "", 0, at + 1, limit=None)
        }
        return balances, left

    balances, left = asked(server, traded, both)
    assert balances == left
    later = asked(server, traded, lambda books: books.balances())
    assert balances != {each.ledger_account: each.balance for each in later}


def test_postings_are_chosen_by_account_asset_time_and_number(server: Server, traded: str) -> None:
    async def chosen(books: AccountBooks) -> list[list[Any]]:
        everything = await books.postings("", "", 0, EVER, limit=None)
        half = everything[len(everything) // 2].at
        return [
            everything,
            await books.postings("held", "", 0, EVER, limit=None),
            await books.postings("available:USD", "", 0, EVER, limit=None),
            await books.postings("", "USD", 0, EVER, limit=3),
            await books.postings("", "", half, EVER, limit=None),
            await books.postings("", "", 0, half, limit=None),
        ]

    everything, held, usd, newest, late, early = asked(server, traded, chosen)
    assert [each.transfer_no for each in everything] == sorted(e.transfer_no for e in everything)
    assert held == [e for e in everything if e.ledger_account.startswith("held:")]
    assert usd == [e for e in everything if e.ledger_account == "available:USD"]
    assert newest == [e for e in everything if e.asset == "USD"][-3:]
    assert early + late == everything


def test_lots_hold_what_the_postings_say(server: Server, traded: str) -> None:
    found = asked(server, traded, lots_of)
    assert found.lots
    assert all(each.holds for each in found.holdings)
    stored = rows(server, traded, "SELECT cl_ord_id FROM ballast.fill")
    ordered = {each.cl_ord_id for each in found.lots if each.cl_ord_id}
    assert [each.exec_id for each in found.lots if not each.cl_ord_id] == ["s1", "reward BTC.S"]
    assert ordered <= {row[0] for row in stored}
    assert [each.exec_id for each in found.lots if each.unexplained] == ["s1"]
    owed = {each.asset: each for each in found.holdings if each.postings < 0}
    assert [*owed] == ["XMR"]
    assert owed["XMR"].lots == 0


def test_every_closed_trade_is_told_with_its_holding(server: Server, traded: str) -> None:
    found = asked(server, traded, lambda books: results_of(books, 0, EVER))
    stored = rows(
        server, traded, "SELECT exec_id, proceeds, cost, realised FROM ballast.trade_closed "
        "ORDER BY seq, ordinal",
    )  # fmt: skip
    sales = [each for each in found if each.trade is not None]
    assert [(e.exec_id, e.proceeds, e.cost, e.realised) for e in sales] == [
        tuple(r) for r in stored
    ]
    assert all(each.at > each.held_since for each in sales)
    assert [each.exec_id for each in found if each.unexplained] == ["s2", "s4", "s5"]
    symbol = found[0].symbol
    one = asked(server, traded, lambda books: results_of(books, 0, EVER, symbol))
    assert one == [each for each in found if each.symbol == symbol]


def test_profit_ties_to_the_portfolio_at_every_full_hour(server: Server, traded: str) -> None:
    """Whatever the end, all figures of its newest hour are what fills and postings come to."""
    hours = [
        row[0]
        for row in rows(
            server, traded, "SELECT hour_ts FROM ballast.portfolio_hour ORDER BY hour_ts"
        )
    ]
    # Hours that were recorded in the very input that then filled orders.
    shared = [
        row[0]
        for row in rows(
            server,
            traded,
            "SELECT hour_ts FROM ballast.portfolio_hour"
            " WHERE seq IN (SELECT seq FROM ballast.fill)",
        )
    ]
    assert shared

    async def every(books: AccountBooks) -> list[Any]:
        ends = [*hours[::7], *(hour + SECOND_NS for hour in shared), hours[-1] + 1, EVER]
        return [await profit_of(books, 0, end, "day") for end in ends]

    for found in asked(server, traded, every):
        assert found.hour is not None
        assert [each for each in found.ties if not each.holds] == []
        assert sum((each.realised for each in found.groups), Decimal(0)) == found.total.realised
        total = found.total
        traded_result = total.price + total.fee + total.slippage
        apart = total.rewards + total.dust + total.adjustments
        assert traded_result + apart == total.realised
    before = asked(server, traded, lambda books: profit_of(books, 0, hours[0] - 1, "symbol"))
    assert (before.hour, before.ties, before.groups) == (None, (), ())


def test_what_stands_in_suspense_is_told(server: Server, traded: str) -> None:
    """What was accepted is told no more."""
    found = suspense_hints(asked(server, traded, lambda books: books.balances()))
    assert found[:3] == (
        "0.00040000 BTC went away in trades that no order explains.",
        "90026.00 USD came in by trades that no order explains.",
        "900.00000000 XMR went away in trades that no order explains.",
    )
    assert len(found) == 5
    assert found[3].endswith("XMR more than was there; what comes in next covers it first.")


def test_each_day_closes_with_what_the_next_one_opens_with(server: Server, traded: str) -> None:
    first, last = rows(server, traded, "SELECT min(at), max(at) FROM ballast.transfer")[0]
    days = range(floor_to(first, DAY_NS), last + DAY_NS, DAY_NS)

    async def every(books: AccountBooks) -> list[Any]:
        return [await statement_of(books, date_of(day), day) for day in days]

    closing: dict[str, Decimal] = {}
    moved = 0
    for found in asked(server, traded, every):
        assert found.faults == ()
        assert {e.ledger_account: e.opening for e in found.accounts if e.opening} == {
            name: amount for name, amount in closing.items() if amount
        }
        closing = {each.ledger_account: each.closing for each in found.accounts}
        moved += sum(len(each.transfers) for each in found.movements)
    assert moved == rows(server, traded, "SELECT count(*) FROM ballast.transfer")[0][0]
    end = asked(server, traded, lambda books: books.balances())
    assert closing == {each.ledger_account: each.balance for each in end}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_transfer_is_exported(server: Server, traded: str, kind: str) -> None:
    text = io.StringIO()
    count = asked(server, traded, lambda books: exported(books, kind, text, silent))
    assert count == rows(server, traded, "SELECT count(*) FROM ballast.transfer")[0][0]
    if kind == "beancount":
        assert sum(len(each) for each in transactions(text.getvalue())) == 2 * count
    else:
        assert text.getvalue().count("fill:") >= 3


def test_an_account_without_rows_is_told_with_the_ones_that_are_there(
    server: Server, traded: str
) -> None:
    with pytest.raises(UserError, match="nobody has no rows") as caught:
        asked(server, traded, lambda books: books.balances(), "nobody")
    assert caught.value.code is ExitCode.MISSING
    assert "the newest here: paper" in caught.value.remedy
    empty = asyncio.run(server.fresh_database())
    with pytest.raises(UserError) as caught:
        asked(server, empty, lambda books: books.balances())
    assert caught.value.remedy == "Start one with `ballast run`."


def test_a_database_of_an_older_version_is_told_to_be_migrated(server: Server, traded: str) -> None:
    database = asyncio.run(server.copy_of(traded))
    asyncio.run(server.tamper(database, "DROP VIEW ballast.posting, ballast.balance"))
    with pytest.raises(UserError, match=r"ballast\.posting") as caught:
        asked(server, database, lambda books: books.balances())
    assert caught.value.code is ExitCode.ENVIRONMENT
    assert "ballast db migrate" in caught.value.remedy
