"""The canonical schema: what the migrations make, on either server; drift is told by name."""

from __future__ import annotations

import asyncio
import re

import asyncpg
import pytest

from adapters.postgres.schema_objects import SchemaObjects, read_schema
from adapters.postgres.schema_snapshot import (
    SNAPSHOT,
    differences,
    read_snapshot,
    snapshot_text,
)
from tests.postgres_server import KINDS, UNGUARD, Server, running_server


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


def schema_of(server: Server, database: str, role: str = "") -> SchemaObjects:
    async def work() -> SchemaObjects:
        connection = await asyncpg.connect(server.dsn(database, role or server.administrator))
        try:
            return await read_schema(connection)
        finally:
            await connection.close()

    return asyncio.run(work())


def drift(server: Server, commands: str) -> list[str]:
    """What is told of a migrated database after a superuser ran these commands on it, who knew
    how to get past the guard and left it as it was.
    """
    database = asyncio.run(server.fresh_database())
    asyncio.run(server.tamper(database, commands))
    found = schema_of(server, database)
    return [each.sentence() for each in differences(read_snapshot(), found)]


def test_the_snapshot_is_what_the_migrations_make(server: Server) -> None:
    """To write it anew: `python ops/documents/schema.py`."""
    found = schema_of(server, asyncio.run(server.fresh_database()))
    assert differences(read_snapshot(), found) == ()


def test_the_snapshot_is_written_as_it_is_read(server: Server) -> None:
    assert snapshot_text(read_snapshot()) == SNAPSHOT.read_text(encoding="utf-8")


def test_the_snapshot_makes_the_schema(server: Server) -> None:
    """The file is SQL: run into an empty database it makes what the migrations make."""
    database = asyncio.run(server.empty_database())
    asyncio.run(server.run(database, SNAPSHOT.read_text(encoding="utf-8")))
    assert differences(read_snapshot(), schema_of(server, database)) == ()


@pytest.mark.parametrize("role", ["ballast_reader", "ballast_writer"])
def test_everybody_reads_the_same_schema(server: Server, role: str) -> None:
    """The catalogue hides nothing from a reader, so a trader's own login can look for drift."""
    database = asyncio.run(server.fresh_database())
    assert schema_of(server, database, role) == schema_of(server, database)


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        ("SELECT 1", []),
        (
            "ALTER TABLE ballast.fill ADD COLUMN note text",
            ["column note of ballast.fill is there, but not in the schema"],
        ),
        (
            "ALTER TABLE ballast.fill DROP CONSTRAINT fill_trade_once",
            [
                "constraint fill_trade_once of ballast.fill is missing",
                "comment on CONSTRAINT fill_trade_once ON ballast.fill is missing",
            ],
        ),
        (
            (
                "ALTER TABLE ballast.refusal DROP CONSTRAINT refusal_side, "
                "ADD CONSTRAINT refusal_side CHECK (side IN ('buy', 'sell', 'short')) NOT VALID"
            ),
            [
                "comment on CONSTRAINT refusal_side ON ballast.refusal is missing",
                "constraint refusal_side of ballast.refusal was changed",
            ],
        ),
        (
            "ALTER TABLE ballast.fill ALTER COLUMN ts TYPE numeric",
            ["column ts of ballast.fill was changed"],
        ),
        (
            "ALTER TABLE ballast.fill ALTER COLUMN ts DROP NOT NULL",
            ["column ts of ballast.fill was changed"],
        ),
        (
            (
                "CREATE OR REPLACE FUNCTION ballast.refuse_change() RETURNS trigger "
                "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
            ),
            ["function ballast.refuse_change() was changed"],
        ),
        (
            "ALTER TABLE ballast.fill DISABLE TRIGGER refuse_change",
            ["firing of trigger refuse_change ON ballast.fill was changed"],
        ),
        (
            "ALTER TABLE ballast.fill ENABLE TRIGGER refuse_change",
            ["firing of trigger refuse_change ON ballast.fill is missing"],
        ),
        (
            "DROP TRIGGER check_added ON ballast.journal_frame",
            [
                "trigger check_added ON ballast.journal_frame is missing",
                "firing of trigger check_added ON ballast.journal_frame is missing",
            ],
        ),
        (
            "GRANT UPDATE ON ballast.transfer TO ballast_writer",
            [
                (
                    "grant UPDATE ON TABLE ballast.transfer TO ballast_writer is there, "
                    "but not in the schema"
                )
            ],
        ),
        (
            "REVOKE SELECT ON ballast.fill FROM ballast_reader",
            ["grant SELECT ON TABLE ballast.fill TO ballast_reader is missing"],
        ),
        (
            "GRANT UPDATE (amount) ON ballast.transfer TO PUBLIC",
            [
                (
                    "grant UPDATE ON COLUMN ballast.transfer.amount TO PUBLIC is there, "
                    "but not in the schema"
                )
            ],
        ),
        (
            "GRANT EXECUTE ON FUNCTION ballast.check_leader(text, bigint) TO PUBLIC",
            [
                (
                    "grant EXECUTE ON FUNCTION ballast.check_leader(text,bigint) TO PUBLIC "
                    "is there, but not in the schema"
                )
            ],
        ),
        (
            "CREATE RULE quiet AS ON INSERT TO ballast.fill DO INSTEAD NOTHING",
            ["rule quiet ON ballast.fill is there, but not in the schema"],
        ),
        (
            "ALTER TABLE ballast.fill ENABLE ROW LEVEL SECURITY",
            ["row security ON ballast.fill is there, but not in the schema"],
        ),
        (
            "ALTER TABLE ballast.fill OWNER TO CURRENT_USER",
            ["owner of TABLE ballast.fill was changed"],
        ),
        (
            "ALTER TABLE ballast.run_end DISABLE TRIGGER ALL",
            [
                "firing of trigger check_added ON ballast.run_end was changed",
                "firing of trigger refuse_change ON ballast.run_end was changed",
                (
                    "dead key replay_manifest_ended ON ballast.run_end is there, "
                    "but not in the schema"
                ),
                (
                    "dead key run_end_account_id_run_id_fkey ON ballast.run_end is there, "
                    "but not in the schema"
                ),
            ],
        ),
        (
            "CREATE INDEX extra ON ballast.fill (ts)",
            ["index ballast.extra is there, but not in the schema"],
        ),
        (
            "CREATE VIEW ballast.look AS SELECT 1 AS one",
            [
                "view ballast.look is there, but not in the schema",
                "owner of TABLE ballast.look is there, but not in the schema",
            ],
        ),
        (
            "ALTER TABLE ballast.journal_frame ALTER COLUMN records SET STORAGE EXTENDED",
            ["storage of ballast.journal_frame.records is missing"],
        ),
    ],
)
def test_drift_is_told_by_name(server: Server, commands: str, told: list[str]) -> None:
    assert drift(server, commands) == told


def test_a_guard_that_sleeps_is_drift(server: Server) -> None:
    """Nothing guards the guards but this."""
    database = asyncio.run(server.fresh_database())
    asyncio.run(server.run(database, UNGUARD))
    told = [each.sentence() for each in differences(read_snapshot(), schema_of(server, database))]
    assert told == [
        "firing of event trigger ballast_guard_change was changed",
        "firing of event trigger ballast_guard_drop was changed",
        "firing of event trigger ballast_guard_grants was changed",
        "firing of event trigger ballast_guard_guards was changed",
        "firing of event trigger ballast_guard_itself was changed",
    ]


def test_a_role_with_more_rights_is_drift(server: Server) -> None:
    """Roles belong to the whole server, so the test puts it back."""
    try:
        told = drift(server, "ALTER ROLE ballast_reader CREATEDB")
    finally:
        database = asyncio.run(server.fresh_database())
        asyncio.run(server.run(database, "ALTER ROLE ballast_reader NOCREATEDB"))
    assert told == ["role ballast_reader was changed"]


def test_every_constraint_and_function_says_why() -> None:
    """In the database itself, so that docs/schema.md cannot lag behind."""
    objects = read_snapshot()
    commented = {name for name in objects if name.startswith("comment on ")}
    silent = []
    for name, text in objects.items():
        if name.startswith("table "):
            table = name.removeprefix("table ")
            silent += [
                f"{table} {part}"
                for part in re.findall(r"^    CONSTRAINT (\w+)", text, re.MULTILINE)
                if f"comment on CONSTRAINT {part} ON {table}" not in commented
            ]
            if f"comment on TABLE {table}" not in commented:
                silent.append(table)
        if name.startswith("key "):
            constraint, _, table = name.removeprefix("key ").partition(" ON ")
            if f"comment on CONSTRAINT {constraint} ON {table}" not in commented:
                silent.append(name)
        if name.startswith("function ") and (
            f"comment on FUNCTION {name.removeprefix('function ')}" not in commented
        ):
            silent.append(name)
    assert silent == []
