"""Whoever tries to change what was recorded: refused as writer, owner and superuser, or told.

One table of attacks: each against each role on a real server of either kind. What only a superuser
can do, by first putting the guards to sleep, is told by name afterwards (test_postgres_schema).
"""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from adapters.postgres.roles import OWNER, READER, WRITER
from tests.postgres_server import KINDS, Server, running_server

TABLES = (
    "lease", "run", "run_end", "journal_frame", "verdict_slice", "refusal", "trading_state",
    "order_event", "fill", "transfer", "trade_closed", "portfolio_hour", "position_hour",
    "migration",
    "trade_unexplained",
    "row_refused",
    "risk_profile", "risk_verdict", "order_request", "order_amendment", "profile_change",
    "lot",
    "lot_consumed",
    "ledger_entry",
    "run_context", "universe_version", "universe_member", "instrument", "profile",
    "profile_assignment", "operator_action", "model_version", "training_window", "activation",
    "prediction_slice", "bar_slice", "feature_schema", "feature_slice", "regime_cut",
    "regime_slice",
    "risk_hour", "cluster_hour", "cluster_map", "currency_hour", "training_fold",
    "dataset", "ingestion_gap", "ingestion_watermark",
    "journal_sealed",
    "storage_world",
    "replay_manifest",
)  # fmt: skip
OWN_COLUMNS = {"migration": "name", "storage_world": "world"}  # of what belongs to no account
CHANGES = (
    "UPDATE ballast.{table} SET {column} = {column}",
    "DELETE FROM ballast.{table}",
    "TRUNCATE ballast.{table} CASCADE",
    (
        "MERGE INTO ballast.{table} t USING (SELECT 1 AS one) s ON t.{column} IS NOT NULL "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING"
    ),
    (
        "MERGE INTO ballast.{table} t USING (SELECT 1 AS one) s ON t.{column} IS NOT NULL "
        "WHEN MATCHED THEN UPDATE SET {column} = t.{column} WHEN NOT MATCHED THEN DO NOTHING"
    ),
    "WITH gone AS (DELETE FROM ballast.{table} RETURNING 1) SELECT count(*) FROM gone",
    "SELECT * FROM ballast.{table} FOR UPDATE",
)
UPSERT = (
    "INSERT INTO ballast.lease (account_id, epoch, holder) VALUES ('a', 1, 'me') "
    "ON CONFLICT (account_id, epoch) DO UPDATE SET holder = 'me'"
)
STRUCTURE = (
    "DROP TABLE ballast.{table} CASCADE",
    "ALTER TABLE ballast.{table} DISABLE TRIGGER ALL",
    "ALTER TABLE ballast.{table} DISABLE TRIGGER refuse_change",
    "ALTER TABLE ballast.{table} ENABLE REPLICA TRIGGER refuse_change",
    "DROP TRIGGER refuse_change ON ballast.{table}",
    "ALTER TABLE ballast.{table} ADD COLUMN note text",
    "ALTER TABLE ballast.{table} DROP COLUMN {column} CASCADE",
    "ALTER TABLE ballast.{table} RENAME TO forgotten",
    "ALTER TABLE ballast.{table} SET SCHEMA public",
    "CREATE RULE quiet AS ON INSERT TO ballast.{table} DO INSTEAD NOTHING",
    (
        "CREATE TRIGGER second BEFORE INSERT ON ballast.{table} EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()"
    ),
    "GRANT UPDATE, DELETE ON ballast.{table} TO ballast_writer",
)
ONCE = (
    "DROP SCHEMA ballast CASCADE",
    "ALTER SCHEMA ballast RENAME TO forgotten",
    "ALTER FUNCTION ballast.refuse_change() RENAME TO refuse_nothing",
    (
        "CREATE OR REPLACE FUNCTION ballast.refuse_change() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'"
    ),
    "DROP FUNCTION ballast.guard_schema() CASCADE",
    "DROP ROUTINE ballast.guard_schema() CASCADE",
    "ALTER FUNCTION ballast.guard_schema() RENAME TO nothing",
    "DROP OWNED BY ballast_owner CASCADE",
    (
        "CREATE OR REPLACE FUNCTION ballast.guard_schema() RETURNS event_trigger LANGUAGE plpgsql "
        "AS 'BEGIN END'"
    ),
    (
        "CREATE OR REPLACE FUNCTION ballast.guard_guards() RETURNS event_trigger LANGUAGE plpgsql "
        "AS 'BEGIN END'"
    ),
    (
        "CREATE OR REPLACE FUNCTION ballast.guard_grants() RETURNS event_trigger LANGUAGE plpgsql "
        "AS 'BEGIN END'"
    ),
    "ALTER FUNCTION ballast.guard_guards() SET SCHEMA public",
    "ALTER FUNCTION ballast.guard_schema() OWNER TO ballast_reader",
    "DROP FUNCTION ballast.guard_schema(), ballast.guard_guards() CASCADE",
    "DROP EXTENSION plpgsql CASCADE",
    "ALTER TABLE ballast.fill DROP CONSTRAINT fill_trade_once",
    "CREATE TABLE ballast.extra (one integer)",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA ballast GRANT ALL ON TABLES TO ballast_writer",
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE ballast_owner GRANT EXECUTE ON FUNCTIONS "
        "TO ballast_reader"
    ),
    "GRANT UPDATE (amount) ON ballast.transfer TO ballast_writer",
    "GRANT INSERT ON ballast.fill TO ballast_reader",
    "GRANT SELECT ON ballast.fill TO PUBLIC",
    "GRANT SELECT ON ballast.fill TO ballast_reader WITH GRANT OPTION",
    "GRANT UPDATE ON SEQUENCE ballast.run_ordinal_seq TO ballast_writer",
    "GRANT EXECUTE ON FUNCTION ballast.lock_stream(text) TO PUBLIC",
    "GRANT CREATE ON SCHEMA ballast TO ballast_writer",
    "REVOKE SELECT ON ballast.fill FROM ballast_writer",
    "REVOKE USAGE ON SCHEMA ballast FROM ballast_writer",
    "CREATE SCHEMA beside GRANT UPDATE ON ballast.fill TO ballast_writer",
)
# What is none of the guards' business, as whom.
ALLOWED = (
    ("", "CREATE TABLE public.notes (one integer); DROP TABLE public.notes"),
    ("", "CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    (
        "",
        (
            "CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'; "
            "ALTER FUNCTION public.one() RENAME TO two; "
            "CREATE OR REPLACE FUNCTION public.two() RETURNS integer LANGUAGE sql AS 'SELECT 2'"
        ),
    ),
    ("", "CREATE TABLE public.notes (one integer); GRANT SELECT ON public.notes TO PUBLIC"),
    ("", "CREATE TABLE public.notes (one integer); REVOKE ALL ON public.notes FROM PUBLIC"),
    ("", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ballast_reader"),
    ("", "CREATE SCHEMA beside GRANT USAGE ON SCHEMA beside TO ballast_reader"),
    ("", "CREATE TEMP TABLE fill (one integer); ALTER TABLE fill ADD COLUMN two integer"),
    (OWNER, "CREATE TEMP TABLE fill (one serial); ALTER TABLE fill ADD COLUMN two integer"),
    (OWNER, "CREATE TEMP TABLE fill (one integer); DROP TABLE fill"),
    (READER, "CREATE TEMP TABLE fill (one integer); DROP TABLE fill"),
)
FILLED = "INSERT INTO ballast.lease (account_id, epoch, holder) VALUES ('a', 1, 'first')"


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    """One database for all: whatever is refused leaves it as it was."""
    name = asyncio.run(server.fresh_database())
    asyncio.run(server.run(name, FILLED))
    return name


def refusals(server: Server, database: str, role: str, attacks: list[str]) -> list[str]:
    """SQLSTATE and text of what each attack came to; '' where it went through (then undone)."""

    async def work() -> list[str]:
        connection = await asyncpg.connect(server.dsn(database, server.administrator))
        try:
            return [await _attempt(connection, role, attack) for attack in attacks]
        finally:
            await connection.close()

    return asyncio.run(work())


async def _attempt(connection: asyncpg.Connection, role: str, attack: str) -> str:
    transaction = connection.transaction()
    await transaction.start()
    try:
        if role:
            await connection.execute(f"SET LOCAL ROLE {role}")
        await connection.execute("SET LOCAL search_path = pg_catalog")
        await connection.execute(attack)
    except asyncpg.PostgresError as error:
        return f"{error.sqlstate} {error}"
    finally:
        await transaction.rollback()
    return ""


def told(attacks: list[str], found: list[str], expected: tuple[str, ...]) -> list[str]:
    """The attacks that were not refused with one of these SQLSTATEs."""
    pairs = zip(attacks, found, strict=True)
    return [f"{attack}: {text!r}" for attack, text in pairs if not text.startswith(expected)]


def every(patterns: tuple[str, ...]) -> list[str]:
    return [
        pattern.format(table=table, column=OWN_COLUMNS.get(table, "account_id"))
        for pattern in patterns
        for table in TABLES
    ]


@pytest.mark.parametrize("role", [WRITER, READER])
def test_the_service_and_people_have_no_right_to_change_anything(
    server: Server, database: str, role: str
) -> None:
    """42501: permission denied, before any trigger is asked. A GRANT by a stranger grants nothing,
    with a warning; then the guard refuses it all the same.
    """
    attacks = [*every(CHANGES), UPSERT, *every(STRUCTURE), *ONCE]
    found = refusals(server, database, role, attacks)
    assert told(attacks, found, ("42501", "BL005")) == []


@pytest.mark.parametrize("role", [OWNER, ""], ids=["owner", "superuser"])
@pytest.mark.parametrize("replica", [False, True], ids=["ordinary", "replica"])
def test_owner_and_superuser_meet_the_triggers(
    server: Server, database: str, role: str, replica: bool
) -> None:
    """BL004 from the table's own trigger; a session that plays replica fires it all the same."""
    locks = [f"SELECT * FROM ballast.{table} FOR UPDATE" for table in TABLES]
    attacks = [each for each in every(CHANGES) if each not in locks] + [UPSERT]
    if replica and not role:
        attacks = [f"SET LOCAL session_replication_role = replica; {each}" for each in attacks]
    found = refusals(server, database, role, attacks)
    assert told(attacks, found, ("BL004", "BL001")) == []


@pytest.mark.parametrize("role", [OWNER, ""], ids=["owner", "superuser"])
def test_owner_and_superuser_meet_the_guards(server: Server, database: str, role: str) -> None:
    """BL005: only migrations change the schema."""
    attacks = [*every(STRUCTURE), *ONCE]
    if not role:
        attacks += [f"SET LOCAL session_replication_role = replica; {each}" for each in ONCE]
    found = refusals(server, database, role, attacks)
    assert told(attacks, found, ("BL005", "42501")) == []
    if not role:
        assert not any(text.startswith("42501") for text in found), "a superuser has every right"


def test_what_was_there_is_there(server: Server, database: str) -> None:
    """After every attack above."""
    rows = asyncio.run(server.ask(database, "SELECT account_id, epoch, holder FROM ballast.lease"))
    assert [tuple(row) for row in rows] == [("a", 1, "first")]


@pytest.mark.parametrize(("role", "commands"), ALLOWED)
def test_what_is_done_elsewhere_is_nobodys_business(
    server: Server, database: str, role: str, commands: str
) -> None:
    """The guards look at one schema."""
    assert refusals(server, database, role, [commands]) == [""]


def test_an_extension_is_installed_and_updated_as_ever(server: Server, database: str) -> None:
    """Whichever the server has; one whose script drops functions needs the migrations' lock."""
    (extension,) = asyncio.run(
        server.ask(
            database,
            """
            SELECT name, default_version FROM pg_available_extensions
            WHERE name IN ('pg_trgm', 'vector') ORDER BY 1 LIMIT 1
            """,
        )
    )
    name, version = extension
    made = f"CREATE EXTENSION {name} SCHEMA public; ALTER EXTENSION {name} UPDATE TO '{version}'"
    dropped = f"{made}; DROP EXTENSION {name}"
    locked = f"SELECT pg_advisory_xact_lock(731600001); {dropped}"
    found = refusals(server, database, "", [made, dropped, locked])
    assert (found[0], found[2]) == ("", "")
    assert found[1].startswith("BL005 DROP EXTENSION of whatever it names is refused")


def test_what_was_granted_too_much_can_be_taken_back(server: Server) -> None:
    """A GRANT is judged by what it leaves, so putting things right needs nothing special."""
    database = asyncio.run(server.fresh_database())
    asyncio.run(server.tamper(database, "GRANT UPDATE ON ballast.fill TO ballast_writer"))
    elsewhere = "CREATE TABLE public.notes (one integer); GRANT SELECT ON public.notes TO PUBLIC"
    mended = f"REVOKE UPDATE ON ballast.fill FROM ballast_writer; {elsewhere}"
    found = refusals(server, database, "", [elsewhere, mended])
    assert found[0].startswith("BL005 GRANT of ballast.fill is refused")
    assert found[1] == ""


def test_whoever_holds_the_migrations_lock_may(server: Server, database: str) -> None:
    """It is how a migration says what it is; another session's lock does not help."""
    change = "ALTER TABLE ballast.fill ADD COLUMN note text"
    held = f"SELECT pg_advisory_xact_lock(731600001); {change}"
    assert refusals(server, database, OWNER, [held]) == [""]

    async def beside() -> list[str]:
        other = await asyncpg.connect(server.dsn(database, server.administrator))
        try:
            await other.execute("SELECT pg_advisory_lock(731600001)")
            return await asyncio.to_thread(refusals, server, database, OWNER, [change])
        finally:
            await other.close()

    assert asyncio.run(beside())[0].startswith("BL005")
