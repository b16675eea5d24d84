"""`ballast db roles`: who may what in a real database, and every deviation by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.postgres.roles import prepare_database
from tests.postgres_server import KINDS, Server, running_server

Ballast = Callable[..., Any]


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def database(server: Server) -> str:
    """One that was made as the service makes it (a copy has not its database's own rights)."""
    name = asyncio.run(server.empty_database())
    asyncio.run(prepare_database(server.dsn(name, server.administrator)))
    return name


@pytest.fixture
def stranger(server: Server, database: str) -> Iterator[str]:
    asyncio.run(server.run(database, "CREATE ROLE stranger LOGIN"))
    yield "stranger"
    asyncio.run(server.tamper(database, "DROP OWNED BY stranger; DROP ROLE stranger"))


def own(server: Server, database: str) -> dict[str, str]:
    return {"journal__dsn": server.dsn(database, server.administrator)}


def test_the_embedded_database_grants_what_it_should_and_no_more(ballast: Ballast) -> None:
    assert ballast("db", "migrate").code == 0
    found = ballast("db", "roles")
    assert found.code == 0, found.out + found.err
    assert "everybody may do what they should" in found.out


def test_a_database_of_ones_own_shows_rights_by_object(
    ballast: Ballast, server: Server, database: str
) -> None:
    found = ballast("db", "roles", "--json", **own(server, database))
    assert found.code == 0, found.out + found.err
    assert found.json["deviations"] == []
    assert [(each["name"], each["login"]) for each in found.json["roles"]] == [
        ("ballast_owner", False),
        ("ballast_writer", True),
        ("ballast_reader", True),
    ]

    def told(kind: str, name: str, role: str) -> list[str]:
        place = {"kind": kind, "name": name, "role": f"ballast_{role}"}
        return [e["privilege"] for e in found.json["rights"] if place.items() <= e.items()]

    assert told("table", "fill", "writer") == ["INSERT", "SELECT"]
    assert told("table", "fill", "reader") == ["SELECT"]
    assert told("table", "migration", "writer") == ["SELECT"]
    assert told("schema", "ballast", "reader") == ["USAGE"]
    assert {"TRUNCATE", "TRIGGER"} <= set(told("table", "fill", "owner"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "GRANT DELETE ON ballast.fill TO ballast_writer",
            ["ballast_writer has DELETE on table fill"],
        ),
        (
            "GRANT SELECT ON ballast.fill TO stranger",
            ["stranger has SELECT on table fill"],
        ),
        (
            "GRANT UPDATE (price) ON ballast.fill TO stranger",
            ["stranger has UPDATE on column fill.price"],
        ),
        (
            "REVOKE INSERT ON ballast.fill FROM ballast_writer",
            ["ballast_writer lacks INSERT on table fill"],
        ),
        (
            "GRANT EXECUTE ON FUNCTION ballast.refuse_change TO PUBLIC",
            ["PUBLIC has EXECUTE on function refuse_change()"],
        ),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA ballast GRANT SELECT ON TABLES TO stranger",
            ["stranger has SELECT on default ballast"],
        ),
    ],
)
def test_a_right_too_many_or_too_few_is_named(
    ballast: Ballast, server: Server, database: str, stranger: str, *, change: str, told: list[str]
) -> None:
    asyncio.run(server.tamper(database, change))
    found = ballast("db", "roles", "--json", **own(server, database))
    assert found.code == 9
    assert found.json["deviations"] == told
    shown = ballast("db", "roles", **own(server, database))
    assert shown.code == 9
    assert f"deviation: {told[0]}" in shown.out
    assert "one deviation" in shown.sentence


@pytest.mark.parametrize(
    ("change", "back", "told"),
    [
        (
            "GRANT ballast_writer TO stranger",
            "REVOKE ballast_writer FROM stranger",
            "stranger is a member of ballast_writer and may do all that it may",
        ),
        (
            "GRANT pg_write_all_data TO ballast_reader",
            "REVOKE pg_write_all_data FROM ballast_reader",
            "ballast_reader is a member of pg_write_all_data and may do all that it may",
        ),
        (
            "ALTER ROLE ballast_owner LOGIN",
            "ALTER ROLE ballast_owner NOLOGIN",
            "ballast_owner can log in",
        ),
        (
            "ALTER ROLE ballast_writer BYPASSRLS",
            "ALTER ROLE ballast_writer NOBYPASSRLS",
            "ballast_writer has BYPASSRLS",
        ),
    ],
)
def test_a_role_that_is_more_than_it_should_be_is_named(
    ballast: Ballast,
    server: Server,
    database: str,
    stranger: str,
    *,
    change: str,
    back: str,
    told: str,
) -> None:
    asyncio.run(server.tamper(database, change))
    try:
        found = ballast("db", "roles", "--json", **own(server, database))
    finally:
        asyncio.run(server.tamper(database, back))
    assert found.code == 9
    assert found.json["deviations"] == [told]
