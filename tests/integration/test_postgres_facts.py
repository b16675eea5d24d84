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
from actors.ledger.chain import hash_of
from actors.messages.base import Message
from actors.messages.ledger import PortfolioHour, TransfersPosted
from actors.messages.risk import IntentApproved, IntentRefused
from actors.ports import DerivedRow, FencedError, RefusedRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_refill import RowRefusedError, copy_rows, copy_what_passes
from adapters.postgres.journal_rows import COLUMNS, ORDINAL_COLUMN
from adapters.postgres.roles import READER, WRITER
from tests.journal_records import (
    APPROVED,
    BODIES,
    CLOSED,
    CONSUMED,
    ENTRY,
    FILL,
    HOLD,
    LIMITS,
    LOT,
    ORDER,
    PORTFOLIO,
    REQUEST,
    STANDING,
    TRANSFER,
    TRANSFERS,
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


def moved(**fields: object) -> TransfersPosted:
    """A third transfer that follows those of BODIES, but for `fields`; its hash is right."""
    third = changed(
        TRANSFER,
        transfer_no=3,
        debit_balance=D("-200000.00"),
        credit_balance=D("186445.94"),
        debit_sequence=2,
        credit_sequence=3,
        previous=TRANSFERS[-1].hash,
    )
    row = changed(third, **fields)
    return TransfersPosted(1, (changed(row, hash=fields.get("hash", hash_of(row))),))


def taken(**fields: object) -> Message:
    """What leaves the lot of BODIES after its first consumption, but for `fields`."""
    return changed(CONSUMED, **{"quantity": D("0.1"), "remaining": D("0.2"), **fields})


def approval(**fields: object) -> IntentApproved:
    """Another approval, of an intent that differs."""
    return changed(APPROVED, intent=changed(APPROVED.intent, intent_no=2, **fields))


def seeing(**fields: object) -> IntentApproved:
    """Another approval, that saw another account."""
    return changed(approval(), admission=changed(APPROVED.admission, **fields))


REFUSAL = next(each for each in BODIES if isinstance(each, IntentRefused))
# The constraint, the table, and a body that breaks it; the sound bodies stand beside it.
FIRED: tuple[tuple[str, str, Message], ...] = (
    ("refusal_side", "refusal", changed(REFUSAL, side="hold")),
    ("trading_state_known", "trading_state", changed(STANDING, state="Odd")),
    ("trading_state_kill_level", "trading_state", changed(STANDING, kill_level=4)),
    ("order_event_side", "order_event", changed(ORDER, side="hold")),
    ("order_event_quantity_positive", "order_event", changed(ORDER, quantity=D(0))),
    ("order_event_limit_price_positive", "order_event", changed(ORDER, limit_price=D(-1))),
    ("fill_trade_once", "fill", changed(FILL, price=D("27000.2"))),
    ("transfer_transfer_no_once", "transfer", TransfersPosted(1, TRANSFERS[:1])),
    ("transfer_amount_positive", "transfer", moved(amount=D(0))),
    ("transfer_amount_positive", "transfer", moved(amount=D("NaN"))),
    ("transfer_between_two", "transfer", moved(credit="external:USD")),
    ("transfer_finite", "transfer", moved(credit_balance=D("Infinity"))),
    ("risk_profile_once", "risk_profile", LIMITS),
    ("risk_profile_tightens", "risk_profile", changed(LIMITS, normal_cap=1)),
    ("risk_profile_no_leverage", "risk_profile", changed(LIMITS, exposure_cap=1_000_001)),
    ("risk_verdict_intent_once", "risk_verdict", APPROVED),
    ("risk_verdict_side", "risk_verdict", approval(side="hold")),
    ("risk_verdict_quantity_positive", "risk_verdict", changed(approval(), quantity=D(0))),
    ("risk_verdict_limit_price_positive", "risk_verdict", approval(limit_price=D(-1))),
    ("risk_verdict_finite", "risk_verdict", seeing(equity=D("NaN"))),
    ("risk_verdict_edge_above_cost", "risk_verdict", approval(expected_move=9_499)),
    ("risk_verdict_edge_above_cost", "risk_verdict", approval(expected_move=9_000)),
    ("risk_verdict_within_position_cap", "risk_verdict", seeing(symbol_worth=D("16499.96"))),
    ("risk_verdict_within_exposure_cap", "risk_verdict", seeing(total_worth=D("36499.96"))),
    ("risk_verdict_within_cash", "risk_verdict", seeing(cash_free=D("13554.05"))),
    ("risk_verdict_positions_below_max", "risk_verdict", seeing(positions_count=10)),
    ("risk_verdict_drawdown_below_halt", "risk_verdict", seeing(halt_at=1095)),
    ("order_request_once", "order_request", REQUEST),
    ("order_request_side", "order_request", changed(REQUEST, cl_ord_id="b", side="hold")),
    ("order_request_quantity_positive", "order_request", changed(REQUEST, quantity=D(0))),
    ("order_request_limit_price_positive", "order_request", changed(REQUEST, limit_price=D(0))),
    ("order_request_deadline_after_decision", "order_request", changed(REQUEST, deadline=0)),
    ("ledger_entry_once", "ledger_entry", changed(ENTRY, amount=D(1))),
    ("lot_number_once", "lot", changed(LOT, quantity=D("0.6"))),
    ("lot_quantity_positive", "lot", changed(LOT, number=2, quantity=D(0))),
    ("lot_consumed_remaining_once", "lot_consumed", changed(CONSUMED, source="fill:a3:e3")),
    ("lot_consumed_quantity_positive", "lot_consumed", taken(quantity=D(0))),
    ("lot_consumed_remaining_covered", "lot_consumed", taken(remaining=D("-0.1"))),
    ("transfer_hash_form", "transfer", moved(hash="odd")),
    ("transfer_successor_once", "transfer", moved(previous=TRANSFERS[0].hash)),
    ("transfer_debit_sequence_once", "transfer", moved(debit_sequence=1)),
    ("transfer_credit_sequence_once", "transfer", moved(credit_sequence=1)),
)
# What the trigger over all added transfers refuses, by the same way of names.
UNCHAINED: tuple[tuple[str, str, Message], ...] = (
    ("lot_consumed_remaining_follows", "lot_consumed", taken(quantity=D("0.2"))),
    ("lot_consumed_remaining_follows", "lot_consumed", taken(quantity=D("0.01"))),
    ("lot_consumed_remaining_follows", "lot_consumed", taken(number=2)),
    *(
        (name, "transfer", body)
        for name, body in (
            ("transfer_number_follows", moved(transfer_no=4)),
            ("transfer_previous_follows", moved(previous="a" * 64)),
            ("transfer_hash_holds", moved(hash="a" * 64)),
            ("transfer_sequence_follows", moved(debit_sequence=4)),
            ("transfer_sequence_follows", moved(credit_sequence=4)),
            ("transfer_sequence_follows", moved(credit="market:USD")),
            ("transfer_balance_follows", moved(debit_balance=D("-200000.01"))),
            ("transfer_balance_follows", moved(amount=D("100000.01"))),
        )
    ),
)
BY_HAND = "verdict_slice_columns"  # a slice is one matrix: no message can break this one


@pytest.mark.parametrize(("name", "table", "body"), [*FIRED, *UNCHAINED])
async def test_a_row_that_breaks_a_constraint_is_left_out_alone_and_named(
    server: Server, database: str, journal: PostgresJournal, name: str, table: str, body: Message
) -> None:
    rows = (*rows_of(*BODIES, seq=1), *rows_of(body, seq=2), *rows_of(UNEXPLAINED, seq=3))
    made = frame(1, 3)
    assert await journal.append(made, rows) == (RefusedRow(name, 2, f"{table} row 0"),)
    assert await journal.head() == (3, made.root_after)
    expected = {**dict.fromkeys(COLUMNS, 1), "transfer": 2, "trade_unexplained": 2}
    (missing,) = await server.ask(database, "SELECT * FROM ballast.row_refused", READER)
    named = (missing["seq"], missing["ordinal"], missing["table_name"], missing["constraint_name"])
    assert named == (2, 0, table, name)
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
    assert {row["conname"] for row in found} == {BY_HAND, *(name for name, _, _ in FIRED)}
    unique = await server.ask(
        database,
        f"SELECT count(*) FROM pg_index WHERE indisunique AND NOT indisprimary"
        f" AND indrelid IN ({tables})",
    )
    assert unique[0][0] == 11, (
        "four of transfer, two of lots, one of fill, entries and the gate's three"
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
    lines = [(*row, 1, n, 1, *tail, D(n % 2 and -1), D(0), D(1), "") for n in range(40)]
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
