"""Bars and features as rows: every bit of them, and the chain from a bar to what was predicted.

On real servers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.feature import FeatureSlice
from actors.messages.market import BAR_COLUMNS, BarSlice
from actors.messages.prediction import MISSING, PredictionSlice
from actors.ports import RefusedRow, RowParity
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.journal_rows import COLUMNS
from adapters.postgres.roles import READER, WRITER
from tests.context_records import BAR, FEATURES, MODEL, PREDICTION, REGIME, SCHEMA, STARTED
from tests.journal_records import changed, rows_of
from tests.journal_samples import ACCOUNT, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio


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


LONG = sealed(np.ones((2, 6)))
TWO = changed(STARTED, symbols=("XBT/USD", "ETH/USD"))
ODD_ONES = (
    (0.1, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e23, 9007199254740993.0),
    (math.nan, -1 / 3, 2.225073858507201e-308, math.inf, -math.inf, 0.0),
)


async def test_numbers_come_back_to_the_last_bit_by_symbol_and_name(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """The smallest and largest numbers, infinities and a gap among them."""
    bar = BarSlice(200, 210, sealed(np.array(ODD_ONES)))
    features = FeatureSlice(210, sealed(np.array(ODD_ONES)[:, :2]))
    assert await journal.append(frame(1, 1), rows_of(TWO, bar, SCHEMA, features)) == ()
    (row,) = await server.ask(database, "SELECT * FROM ballast.bar_slice", READER)
    assert (row["open_ts"], row["close_ts"]) == (200, 210)
    assert row["numbers"] == bar.rows.tobytes()
    bars = await server.ask(database, "SELECT * FROM ballast.bar ORDER BY symbol DESC", READER)
    assert [each["symbol"] for each in bars] == ["XBT/USD", "ETH/USD"]
    found = [struct.pack("<d", each[name]) for each in bars for name in BAR_COLUMNS]
    assert b"".join(found) == bar.rows.tobytes()
    named = await server.ask(
        database, "SELECT symbol, name, number FROM ballast.feature ORDER BY symbol, name", READER
    )
    assert [tuple(each)[:2] for each in named] == [
        (symbol, name) for symbol in ("ETH/USD", "XBT/USD") for name in SCHEMA.names
    ]
    assert struct.pack("<4d", *(each["number"] for each in named)) == (
        features.rows[::-1].tobytes()
    )


async def test_regimes_are_told_in_words_by_symbol(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """A symbol whose features are not known has none."""
    bar = changed(BAR, rows=LONG)
    regime = changed(REGIME, rows=sealed_ints([[3], [MISSING]]))
    features = changed(FEATURES, rows=sealed(np.ones((2, 2))))
    rows = rows_of(TWO, SCHEMA, bar, features, regime)
    assert await journal.append(frame(1, 1), rows) == ()
    found = await server.ask(
        database, "SELECT symbol, regime FROM ballast.regime ORDER BY symbol", READER
    )
    assert [tuple(row) for row in found] == [("ETH/USD", None), ("XBT/USD", "stress")]


async def test_history_that_only_warms_up_has_no_row(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    warming = tuple(changed(each, warm_up=True) for each in (BAR, FEATURES, PREDICTION))
    assert await journal.append(frame(1, 1), rows_of(STARTED, SCHEMA, *warming)) == ()
    for table in ("bar_slice", "feature_slice", "prediction_slice"):
        assert await server.ask(database, f"SELECT FROM ballast.{table}", READER) == []


BEGUN = (STARTED, SCHEMA)
WHOLE = (*BEGUN, BAR, FEATURES, PREDICTION)  # but for the regime
NEXT_BAR = changed(BAR, open_ts=210, close_ts=220)
NEXT = changed(FEATURES, close_ts=220)
UNCUT = changed(STARTED, model=changed(MODEL, regime_cuts=()))
OTHER_SCHEMA = changed(SCHEMA, schema_hash="another")


def wide_by(columns: int, column: int, value: int) -> PredictionSlice:
    """The prediction with so many columns, all zero but for one."""
    rows = [[0] * columns]
    rows[0][column] = value
    return changed(PREDICTION, rows=sealed_ints(rows))


async def test_further_answers_are_kept_and_are_null_where_there_are_none(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    numbers = [600_000, 12, 5, 1, -2, 3, -4, 1_000_000, -6, MISSING, 8]
    later = (NEXT_BAR, NEXT, PredictionSlice(220, "bundle", sealed_ints([numbers])))
    rows = rows_of(*WHOLE, *later)
    first = frame(1, 1)
    assert await journal.append(first, rows) == ()
    query = "SELECT * FROM ballast.prediction_slice ORDER BY ts"
    narrow, wide = await server.ask(database, query, READER)
    columns = COLUMNS["prediction_slice"][3:]
    assert [narrow[name] for name in columns] == [[600_000], [12], [5], *[None] * 8]
    assert [wide[name] for name in columns] == [[number] for number in numbers]
    found = await journal.compare_rows(run_row(), (1, 1), rows, RowParity(0, b""))
    assert (found.fault, found.rows > 2) == ("", True)
    await server.tamper(
        database,
        "ALTER TABLE ballast.prediction_slice DISABLE TRIGGER ALL;"
        "UPDATE ballast.prediction_slice SET downside = '{9}'",
    )
    found = await journal.compare_rows(run_row(), (1, 1), rows, RowParity(0, b""))
    assert "row " in found.fault
    assert "of prediction_slice has downside" in found.fault


async def test_a_row_of_before_heads_has_the_hash_it_had(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """Manifests of closed runs were made from rows without these columns."""
    assert await journal.append(frame(1, 1), rows_of(*WHOLE)) == ()
    query = """
        SELECT d.row_hash = sha256(convert_to((
            SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(to_jsonb(p))
            WHERE key NOT IN ('p_up_h1', 'move_h1', 'p_up_h4', 'move_h4', 'p_up_h24', 'move_h24',
                'rebound', 'downside')
        ), 'UTF8')) AS same
        FROM ballast.prediction_slice p
        JOIN ballast.derived_row d USING (account_id, seq, ordinal)
    """
    assert [row["same"] for row in await server.ask(database, query, READER)] == [True]


@pytest.mark.parametrize(
    ("name", "before", "body"),
    [
        ("bar_slice_symbols", BEGUN, changed(BAR, rows=LONG)),
        ("bar_slice_symbols", (), BAR),
        ("bar_slice_follows", WHOLE, BAR),
        ("bar_slice_follows", (*WHOLE, NEXT_BAR), BAR),
        ("bar_slice_closed", BEGUN, changed(BAR, open_ts=0, close_ts=2**62)),
        ("feature_slice_schema_known", (STARTED, BAR), FEATURES),
        ("feature_slice_follows_bar", BEGUN, FEATURES),
        ("feature_slice_follows_bar", WHOLE, NEXT),
        ("feature_slice_columns", (*BEGUN, BAR), changed(FEATURES, rows=LONG)),
        ("feature_slice_follows", WHOLE, FEATURES),
        ("feature_slice_follows", (*BEGUN, BAR, NEXT_BAR, NEXT), FEATURES),
        ("regime_slice_follows_features", (*BEGUN, BAR), REGIME),
        ("regime_slice_follows_features", WHOLE, changed(REGIME, close_ts=220)),
        ("regime_slice_cuts_known", WHOLE, changed(REGIME, bundle_id="another")),
        ("regime_slice_cuts_known", (UNCUT, SCHEMA, BAR, FEATURES), REGIME),
        ("regime_slice_symbols", WHOLE, changed(REGIME, rows=sealed_ints([[1], [2]]))),
        ("regime_slice_known", WHOLE, changed(REGIME, rows=sealed_ints([[7]]))),
        ("prediction_slice_follows_features", (*BEGUN, BAR), PREDICTION),
        ("prediction_slice_follows_features", WHOLE, changed(PREDICTION, close_ts=220)),
        (
            "prediction_slice_schema_shared",
            (STARTED, OTHER_SCHEMA, BAR, FEATURES),
            PREDICTION,
        ),
        (
            "prediction_slice_symbols",
            (*BEGUN, BAR, FEATURES),
            changed(PREDICTION, rows=sealed_ints([[1, 2, 3], [4, 5, 6]])),
        ),
        (
            "prediction_slice_symbols",
            (*BEGUN, BAR, FEATURES),
            changed(PREDICTION, rows=sealed_ints([[1] * 11, [2] * 11])),
        ),
        # some of the further answers without the others
        ("prediction_slice_heads_whole", (*BEGUN, BAR, FEATURES), wide_by(4, 0, 0)),
        ("prediction_slice_heads_whole", (*BEGUN, BAR, FEATURES), wide_by(10, 0, 0)),
        *(
            ("prediction_slice_heads_odds", (*BEGUN, BAR, FEATURES), wide_by(11, column, odds))
            for column, odds in ((3, 1_000_001), (5, -1), (7, 2**31 - 1), (9, -9), (10, 1_000_001))
        ),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_what_follows_from_nothing_is_left_out_alone(
    server: Server,
    database: str,
    journal: PostgresJournal,
    name: str,
    before: tuple[Message, ...],
    body: Message,
    together: bool,
) -> None:
    """Whether the rows before it come by the same commit or an earlier one."""
    table = name[: name.index("slice") + 5]
    refused = (RefusedRow(name, 2, f"{table} row 0"),)
    if together:
        rows = (*rows_of(*before), *rows_of(body, seq=2))
        assert await journal.append(frame(1, 2), rows) == refused
    else:
        first = frame(1, 1)
        assert await journal.append(first, rows_of(*before)) == ()
        second = frame(2, 1, root=first.root_after)
        assert await journal.append(second, rows_of(body, seq=2)) == refused
    (missing,) = await server.ask(database, "SELECT * FROM ballast.row_refused", READER)
    assert (missing["seq"], missing["table_name"], missing["constraint_name"]) == (2, table, name)


async def test_a_cause_that_comes_after_its_effect_is_none(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    """Features before their bar, in one step: the order of the rows is the order of causes."""
    rows = rows_of(*BEGUN, FEATURES, BAR, PREDICTION)
    found = await journal.append(frame(1, 1), rows)
    assert [each.name for each in found] == [
        "feature_slice_follows_bar",
        "prediction_slice_follows_features",
    ]
    assert len(await server.ask(database, "SELECT FROM ballast.bar_slice", READER)) == 1


async def test_many_bars_of_one_commit_follow_each_other(
    server: Server, database: str, journal: PostgresJournal
) -> None:
    bars = [changed(BAR, open_ts=10 * n, close_ts=10 * n + 10) for n in (20, 22, 21, 23)]
    found = await journal.append(frame(1, 1), rows_of(STARTED, *bars))
    assert [each.name for each in found] == ["bar_slice_follows"]
    kept = await server.ask(database, "SELECT close_ts FROM ballast.bar_slice ORDER BY 1", READER)
    assert [each["close_ts"] for each in kept] == [210, 230, 240]
