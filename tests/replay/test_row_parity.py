"""Derived rows that somebody has touched: replay names the table, the place and the field.

The journal is whole each time, so only the rows themselves can tell. One touch a case, by a
superuser with every guard and trigger asleep, in a copy of one recorded run's database.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from adapters.postgres.journal_rows import COLUMNS
from adapters.postgres.statements import statement
from service.failures import ExitCode
from tests.postgres_server import Server, running_server
from tests.replay.test_tampering import ballast, record, refused

TRIGGERS = "do $$ declare t text; begin for t in select tablename from pg_tables "
TRIGGERS += "where schemaname = 'ballast' loop execute format("
TRIGGERS += "'alter table ballast.%I disable trigger all', t); end loop; end $$"


@pytest.fixture(scope="module")
def server(pytestconfig: pytest.Config) -> Server:
    """The embedded PostgreSQL."""
    return running_server(pytestconfig, "embedded")


@pytest.fixture(scope="module")
def recorded(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A database with one recorded run, never touched, and the home beside it."""
    home = tmp_path_factory.mktemp("rows")
    name = asyncio.run(server.fresh_database())
    record(home, "postgres", server.dsn(name, server.administrator), events=3000)
    return name, home


def touched(server: Server, recorded: tuple[str, Path], command: str) -> Path:
    """The home, its index pointing at a copy of the database in which `command` was run."""
    name, home = recorded
    copy = asyncio.run(server.copy_of(name))
    asyncio.run(server.tamper(copy, f"{TRIGGERS}; {command}"))
    for entry in home.glob("runs/*/run.json"):
        entry.write_text(re.sub(r"/(test|copy)_\w+\?", f"/{copy}?", entry.read_text()))
    return home


def test_every_table_of_rows_is_asked() -> None:
    """A new table that a journal writes must be in the query, or nothing would compare it."""
    query = statement("rows_of_inputs")
    asked = {line.split("ballast.")[1].split()[0] for line in query.splitlines() if "FROM" in line}
    assert asked == set(COLUMNS)


def test_every_table_of_rows_has_its_hash_in_a_manifest(
    server: Server, recorded: tuple[str, Path]
) -> None:
    """And is in the view that the rules over all rows read."""
    view = "SELECT pg_get_viewdef('ballast.derived_row'::regclass)"
    (told,) = asyncio.run(server.ask(recorded[0], view))[0]
    hashed = re.findall(r"'(\w+)'::text AS table_name", told)
    assert sorted(hashed) == sorted(COLUMNS)
    (tables,) = asyncio.run(server.ask(recorded[0], "SELECT tables FROM ballast.replay_manifest"))[
        0
    ]
    assert set(json.loads(tables)) == set(COLUMNS)


def test_an_untouched_run_tells_its_rows_and_their_hash(
    server: Server, recorded: tuple[str, Path]
) -> None:
    home = touched(server, recorded, "select 1")
    answer = json.loads(ballast(home, "replay", "last", "--json").stdout)
    assert answer["parity"]
    assert answer["rows"] > 100
    again = json.loads(ballast(home, "replay", "last", "--verify", "--json").stdout)
    assert (again["rows"], again["rows_hash"]) == (answer["rows"], answer["rows_hash"])
    assert len(answer["rows_hash"]) == 64
    told = ballast(home, "replay", "last")
    assert f"rows {answer['rows']:,} as the journal makes them" in told.stdout


FIRST = (
    "where (seq, ordinal) = (select seq, ordinal from ballast.{0} order by seq, ordinal limit 1)"
)


@pytest.mark.parametrize(
    ("table", "command", "told"),
    [
        ("transfer", "update ballast.transfer set amount = amount + 0.01 {first}", "has amount "),
        ("transfer", "delete from ballast.transfer {first}", "is missing"),
        ("fill", "update ballast.fill set fee = 0 {first}", "has fee 0, "),
        ("order_event", "update ballast.order_event set state = 'open' {first}", "has state open"),
        ("verdict_slice", "update ballast.verdict_slice set p_up[1] = 1 {first}", "has p_up "),
        ("portfolio_hour", "update ballast.portfolio_hour set equity = 1 {first}", "has equity 1,"),
        (
            "bar_slice",
            "update ballast.bar_slice set numbers = set_byte(numbers, 31, 0) {first}",
            "of place 0 in column close, the journal makes it ",
        ),
        (
            "feature_slice",
            "update ballast.feature_slice set numbers = set_byte(numbers, 8 * 37 + 7, 0) {first}",
            "of place 1 in column 3, the journal makes it ",
        ),
        (
            "feature_slice",
            "update ballast.feature_slice set numbers = '\\x' {first}",
            "has 0 bytes of numbers, the journal makes it ",
        ),
        ("regime_slice", "update ballast.regime_slice set regime[1] = 0 {first}", "has regime "),
        ("regime_cut", "update ballast.regime_cut set micros = 7 {first}", "has micros 7, "),
        (
            "feature_schema",
            "update ballast.feature_schema set names[2] = 'luck' {first}",
            "has names ",
        ),
        ("fill", "update ballast.fill set ordinal = 9000 {first}", "of fill is missing"),
        ("dataset", "update ballast.dataset set seed = 8 {first}", "has seed 8, "),
        (
            "ingestion_watermark",
            "update ballast.ingestion_watermark set taken[3] = 9 {first}",
            "has taken ",
        ),
        ("fill", "update ballast.fill set mode = 'LIVE' {first}", "has mode LIVE, the journal"),
    ],
)
def test_a_row_that_was_touched_is_named(
    server: Server, recorded: tuple[str, Path], table: str, command: str, told: str
) -> None:
    home = touched(server, recorded, command.format(first=FIRST.format(table)))
    error = refused(home)["error"]
    assert "row at input " in error
    assert f" of {table} " in error
    assert told in error


def test_a_row_that_nobody_recorded_is_named(server: Server, recorded: tuple[str, Path]) -> None:
    """A copy of a fill under another number, so that no key of the table is met twice."""
    command = (
        "insert into ballast.fill select (jsonb_populate_record(f, jsonb_build_object("
        "'ordinal', 9001, 'exec_id', 'invented'))).* from ballast.fill f " + FIRST.format("fill")
    )
    home = touched(server, recorded, command)
    assert "row 9001 of fill is none of the journal's" in refused(home)["error"]


def test_a_row_that_a_constraint_refused_is_no_difference(
    server: Server, recorded: tuple[str, Path]
) -> None:
    """What was left out on purpose is named in `row_refused`, and only that row is excused."""
    named = (
        "insert into ballast.row_refused select account_id, run_id, mode, hour_ts_utc, seq,"
        " ordinal, at, 'fill', 'some_rule' from ballast.fill " + FIRST.format("fill")
    )
    lost = "delete from ballast.fill " + FIRST.format("fill")
    unfinished = "delete from ballast.replay_manifest"
    home = touched(server, recorded, f"{named}; {lost}; {unfinished}")
    assert ballast(home, "replay", "last").exit_code == ExitCode.OK
    home = touched(server, recorded, named)
    assert "of fill is none of the journal's" in refused(home)["error"]


def test_a_row_that_was_called_refused_after_the_end_is_told_by_the_manifest(
    server: Server, recorded: tuple[str, Path]
) -> None:
    """The rows that are there are the journal's, but they are not all that the run ended with."""
    lost = "with gone as (delete from ballast.fill " + FIRST.format("fill") + " returning *) "
    named = (
        "insert into ballast.row_refused select account_id, run_id, mode, hour_ts_utc, seq,"
        " ordinal, at, 'fill', 'some_rule' from gone"
    )
    error = refused(touched(server, recorded, lost + named))["error"]
    assert "manifest at input " in error
    assert "fill holds " in error


def test_the_manifest_of_an_untouched_run_holds(server: Server, recorded: tuple[str, Path]) -> None:
    """The replay names its hash, and so does the card of the proof."""
    home = touched(server, recorded, "select 1")
    query = "SELECT manifest_hash FROM ballast.replay_manifest"
    (told,) = asyncio.run(server.ask(recorded[0], query))[0]
    assert f"manifest holds, of every table's rows   hash {told}" in (
        ballast(home, "replay", "last").stdout
    )
    assert f"manifest: {told}" in ballast(home, "proof", "last").stdout
    assert json.loads(ballast(home, "proof", "last", "--json").stdout)["manifest"] == told
