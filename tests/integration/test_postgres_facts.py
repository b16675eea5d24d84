"""What the database refuses of our decisions, and that it takes every fact, on real servers.

Each remaining constraint is fired once: its row alone is left out and named, every other row of the
frame and its inputs are there. A list compares the constraints with those of the catalogue.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, cast

import asyncpg
import pytest
import pytest_asyncio

from actors.ids import GENESIS_ROOT
from actors.messages.base import Message
from actors.messages.ledger import PortfolioHour, TransfersPosted
from actors.ports import DerivedRow, FencedError, RefusedRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_refill import RowRefusedError, copy_rows, copy_what_passes
from adapters.postgres.journal_rows import COLUMNS, ORDINAL_COLUMN
from adapters.postgres.roles import READER, WRITER
from tests import context_records
from tests.fired_constraints import BY_HAND, FIRED, UNCHAINED
from tests.journal_records import (
    APPROVED,
    BODIES,
    CLOSED,
    FILL,
    HOLD,
    LIMITS,
    ORDER,
    PORTFOLIO,
    REQUEST,
    STANDING,
    TRANSFER,
    UNEXPLAINED,
    chained,
    changed,
    rows_of,
)
from tests.journal_samples import ACCOUNT, START_NS, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio
D = Decimal


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


@pytest_asyncio.fixture
async def database(server: Server) -> str:
    return await server.fresh_database()


@pytest_asyncio.fixture
async def journal(server: Server, database: str) -> AsyncIterator[PostgresJournal]:
    """The leader of a fresh database, with a run begun."""
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    yield journal
    await journal.close()


async def count(server: Server, database: str, table: str) -> int:
    (row,) = await server.ask(database, f"SELECT count(*) FROM ballast.{table}", READER)
    return int(row[0])


@pytest.mark.parametrize(("name", "table", "body"), [*FIRED, *UNCHAINED])
async def test_a_row_that_breaks_a_constraint_is_left_out_alone_and_named(
    server: Server, database: str, journal: PostgresJournal, name: str, table: str, body: Message
) -> None:
    rows = (*rows_of(*BODIES, seq=1), *rows_of(body, seq=2), *rows_of(UNEXPLAINED, seq=3))
    made, place = frame(1, 3), int(table == "currency_hour")  # it follows its portfolio's row
    assert await journal.append(made, rows) == (RefusedRow(name, 2, f"{table} row {place}"),)
    assert await journal.head() == (3, made.root_after)
    twice = dict.fromkeys(
        ("transfer", "trade_unexplained", "dataset", "order_event", "risk_verdict"), 2
    )
    expected = {**dict.fromkeys(COLUMNS, 1), **twice, "ingestion_gap": 3}
    (missing,) = await server.ask(database, "SELECT * FROM ballast.row_refused", READER)
    named = (missing["seq"], missing["ordinal"], missing["table_name"], missing["constraint_name"])
    assert named == (2, place, table, name)
    expected["portfolio_hour"] += place
    assert {each: await count(server, database, each) for each in COLUMNS} == expected


async def test_a_slice_of_uneven_columns_is_refused(server: Server, database: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=BY_HAND):
        await server.ask(
            database,
            "INSERT INTO ballast.verdict_slice VALUES"
            " ('a', 'r', 'm', 0, 1, 0, 1, 1, 1, '{1}', '{1,2}', '{1}', '{1}', '{1}', '{1}')",
            WRITER,
        )


async def test_every_constraint_of_the_derived_tables_is_fired_above(
    server: Server, database: str
) -> None:
    tables = ", ".join(f"'ballast.{table}'::regclass" for table in COLUMNS)
    found = await server.ask(
        database,
        f"SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u', 'x', 'f')"
        f" AND conrelid IN ({tables})",
    )
    assert {row["conname"] for row in found} == {
        BY_HAND,
        *(name for name, _, _ in FIRED),
        *(name for name, *_ in context_records.BY_HAND),
        *(name for name, _ in context_records.NOT_ACTIVATED),
    }
    unique = await server.ask(
        database,
        f"SELECT count(*) FROM pg_index WHERE indisunique AND NOT indisprimary"
        f" AND indrelid IN ({tables})",
    )
    assert unique[0][0] == 26, (
        "the context's nine, a change of profiles, a currency's hour, three of transfer, lots,"
        " fill, entries, the gate's, hours, intake's, an amendment"
    )


FACTS: tuple[tuple[str, Message], ...] = (
    ("order_event", changed(ORDER, filled=D("0.6"))),
    ("fill", changed(FILL, quantity=D(0), side="odd", liquidity="odd")),
    ("fill", changed(FILL, price=D("Infinity"), cost=D(-1), fee=D("NaN"), hold_after=D("NaN"))),
    ("trade_closed", changed(CLOSED, quantity=D(-1), realised=D("NaN"))),
    (
        "transfer",
        TransfersPosted(1, chained(changed(TRANSFER, debit="held:USD", source="fill:a1:e1:cost"))),
    ),
    ("portfolio_hour", PortfolioHour(0, changed(PORTFOLIO, equity=D("NaN")))),
    (
        "position_hour",
        PortfolioHour(
            0,
            changed(
                PORTFOLIO,
                positions=(changed(PORTFOLIO.positions[0], quantity=D(-1), value=D("NaN")),),
            ),
        ),
    ),
    ("trade_unexplained", changed(UNEXPLAINED, quantity=D("NaN"), price=D(-1), side="")),
)

SOLD = changed(FILL, cl_ord_id=CLOSED.cl_ord_id, exec_id=CLOSED.exec_id)
# What causality asks to be there before.
BEFORE: dict[str, tuple[Message, ...]] = {
    "fill": (ORDER,),
    "trade_closed": (changed(ORDER, cl_ord_id=CLOSED.cl_ord_id), SOLD),
}


@pytest.mark.parametrize(("table", "body"), FACTS)
async def test_a_fact_is_taken_whatever_it_says(
    server: Server, database: str, journal: PostgresJournal, table: str, body: Message
) -> None:
    first = frame(1, 1)
    await journal.append(first, rows_of(*BEFORE.get(table, ())))
    rows = rows_of(body, seq=2)
    assert await journal.append(frame(2, 1, root=first.root_after), rows) == ()
    found = await server.ask(database, f"SELECT FROM ballast.{table} WHERE seq = 2", READER)
    assert len(found) == 1


async def test_the_same_trade_of_an_order_in_a_later_run_is_no_second_fact(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    first = frame(1, 1)
    await journal.append(first, rows_of(ORDER, FILL))
    await journal.begin_run(run_row("run-2", 2, first.root_after))
    second = frame(2, 1, root=first.root_after, run_id="run-2")
    other = changed(FILL, cl_ord_id="another order")
    named = changed(ORDER, cl_ord_id="another order")
    refused = await journal.append(second, rows_of(FILL, named, other, seq=2))
    assert refused == (RefusedRow("fill_trade_once", 2, "fill row 0"),)
    assert await count(server, database, "fill") == 2


async def test_a_value_that_its_column_cannot_hold_is_left_out_alone(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """The journal's integers have 64 bits without a sign, the database's have a sign."""
    rows = (
        *rows_of(ORDER, changed(FILL, exec_id="one"), changed(FILL, exec_id="two", ts=2**63 + 5)),
        *rows_of(changed(FILL, exec_id="three"), seq=2),
    )
    assert await journal.append(frame(1, 2), rows) == (RefusedRow("fill", 1, "fill row 2"),)
    found = await server.ask(database, "SELECT exec_id FROM ballast.fill ORDER BY 1", READER)
    assert [row[0] for row in found] == ["one", "three"]


def many(seed: int, size: int) -> tuple[tuple[DerivedRow, ...], list[tuple[str, int, str]]]:
    """Rows of several tables and inputs, some of which break constraints; those, in order."""
    dice = random.Random(seed)
    rows: list[DerivedRow] = []
    expected: list[tuple[str, int, str]] = []
    seen: set[str] = set()
    for seq in range(1, size + 1):
        for ordinal in range(dice.randint(1, 3)):
            fill = changed(FILL, exec_id=str(dice.randint(0, 2 * size)))
            body = dice.choice((ORDER, changed(ORDER, quantity=D(0)), fill)) if rows else ORDER
            rows.append(DerivedRow(seq, START_NS, body))
            if body is fill:
                if fill.exec_id in seen:
                    expected.append(("fill_trade_once", seq, f"fill row {ordinal}"))
                seen.add(fill.exec_id)
            elif body is not ORDER:
                place = f"order_event row {ordinal}"
                expected.append(("order_event_quantity_positive", seq, place))
    return tuple(rows), expected


@pytest.mark.parametrize("seed", range(4))
async def test_exactly_the_rows_that_break_a_constraint_are_left_out_of_a_large_frame(
    server: Server, database: str, journal: PostgresJournal, seed: int
) -> None:
    rows, expected = many(seed, 120)
    refused = await journal.append(frame(1, 120), rows)
    assert sorted((each.name, each.seq, each.row) for each in refused) == sorted(expected)
    kept = await count(server, database, "order_event") + await count(server, database, "fill")
    assert kept == len(rows) - len(expected)
    assert expected


async def test_a_rule_over_all_rows_of_a_commit_leaves_out_those_that_break_it(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """A trigger judges the whole COPY and names a row: wrong ones between sound ones, and ends."""
    count_of, wrong = 40, {0, 1, 7, 20, 21, 39}
    paid_in = changed(TRANSFER, amount=D(count_of * 100_000), credit_balance=D(count_of * 100_000))
    paid_in = changed(paid_in, debit_balance=-paid_in.amount)
    holds = [
        changed(
            HOLD,
            transfer_no=number + 2,
            source=f"hold:n{number}:place",
            debit_sequence=number + 2,
            credit_sequence=number + 1,
            debit_balance=paid_in.amount - (number + 1) * HOLD.amount,
            credit_balance=(number + 1) * HOLD.amount,
        )
        for number in range(count_of)
    ]
    paid_in, *holds = chained(paid_in, *holds)
    bodies: list[Message] = [LIMITS, STANDING, TransfersPosted(1, (paid_in,))]
    for number, hold in enumerate(holds):
        name = f"n{number}"
        intent = changed(APPROVED.intent, intent_no=number)
        request = changed(REQUEST, cl_ord_id=name, intent_no=number)
        if number in wrong:
            request = changed(request, quantity=D("0.6"))
        bodies += [changed(APPROVED, intent=intent), TransfersPosted(1, (hold,)), request]
    refused = await journal.append(frame(1, 1), rows_of(*bodies))
    ordinals = sorted(3 + 3 * number + 2 for number in wrong)
    told = sorted((each.name, int(each.row.removeprefix("order_request row "))) for each in refused)
    assert told == [("order_request_as_approved", ordinal) for ordinal in ordinals]
    assert await count(server, database, "order_request") == count_of - len(wrong)


async def test_a_table_takes_at_most_twice_as_many_attempts_as_it_has_rows(
    server: Server, database: str
) -> None:
    """Every row refused, told with and without its place."""

    class Counting:
        def __init__(self, connection: asyncpg.Connection[Any], *, placed: bool) -> None:
            self.transaction = connection.transaction
            self.connection, self.placed, self.copies = connection, placed, 0

        async def copy_records_to_table(self, table: str, **fields: Any) -> object:
            self.copies += table == "order_event"
            try:
                return await self.connection.copy_records_to_table(table, **fields)
            except asyncpg.PostgresError as error:
                if not self.placed:
                    error.context = None
                raise

    row = (ACCOUNT, "run-1", "paper", 0)
    tail = ("a", 1, "XBT/USD", "buy", "open")
    lines = [(*row, 1, n, 1, *tail, D(n % 2 and -1), D(0), D(1), "", D(0)) for n in range(40)]
    connection = await asyncpg.connect(server.dsn(database, WRITER))
    try:
        for placed in (True, False):
            counting = Counting(connection, placed=placed)
            transaction = connection.transaction()
            await transaction.start()
            refused = await copy_what_passes(cast("Any", counting), "order_event", lines)
            await transaction.rollback()
            assert [row[ORDINAL_COLUMN] for _, row in refused] == list(range(40))
            assert counting.copies <= 2 * len(lines) + 1
        with pytest.raises(RowRefusedError):
            await copy_rows(connection, "order_event", lines)
    finally:
        await connection.close()


async def test_a_row_whose_place_cannot_be_stored_either_stops_nothing(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    late = DerivedRow(1, 2**64 - 1, FILL)
    refused = await journal.append(frame(1, 1), (late, *rows_of(ORDER)))
    assert refused == (RefusedRow("fill", 1, "fill row 0"),)
    assert await count(server, database, "order_event") == 1


async def test_a_deposed_writer_refills_nothing(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    other = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    await other.open_epoch("other")
    with pytest.raises(FencedError):
        await journal.append(frame(1, 1), rows_of(changed(ORDER, quantity=D(0)), FILL))
    assert await other.head() == (0, GENESIS_ROOT)
    assert await count(server, database, "fill") == 0
    await other.close()


async def test_a_takeover_between_the_refusal_and_the_refill_leaves_nothing(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """Both transactions are fenced: the frame is there with its rows, or not at all."""
    other = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    rows = rows_of(*[changed(ORDER, quantity=D(0))] * 60, FILL)
    appending = asyncio.create_task(journal.append(frame(1, 1), rows))
    epoch = await other.open_epoch("other")
    outcome = (await asyncio.gather(appending, return_exceptions=True))[0]
    head = (await other.head())[0]
    fills = await count(server, database, "fill")
    if isinstance(outcome, FencedError):
        assert (head, fills) == (0, 0)
    else:
        assert isinstance(outcome, tuple)
        assert (len(outcome), head, fills) == (60, 1, 1)
    assert epoch == 2
    await other.close()
