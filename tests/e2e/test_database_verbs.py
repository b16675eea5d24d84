"""`ballast db migrate` and `ballast db drift`: the database made, and what was changed by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.postgres_server import GUARD, KINDS, UNGUARD, running_server

Ballast = Callable[..., Any]


def run(dsn: str, commands: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(commands)
        finally:
            await connection.close()

    asyncio.run(work())


def test_the_embedded_database_is_made_once_and_is_what_it_should_be(ballast: Ballast) -> None:
    first = ballast("db", "migrate", "--json")
    assert first.code == 0, first.err
    assert first.json["applied"][0] == "0001_journal"
    again = ballast("db", "migrate", "--json").json
    assert (again["applied"], again["storage"]["world"]) == ([], "absent")
    said = ballast("db", "migrate").out.splitlines()
    assert said[0] == "up to date"
    assert re.fullmatch(r"PostgreSQL 18\.\d+, plain tables", said[1])
    assert ballast("db", "drift", "--json").json == {"drift": 0, "differences": []}
    assert "what this version makes" in ballast("db", "drift").out


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_of_ones_own_is_migrated_and_watched(
    ballast: Ballast, pytestconfig: pytest.Config, kind: str
) -> None:
    server = running_server(pytestconfig, kind)
    dsn = server.dsn(asyncio.run(server.empty_database()), server.administrator)
    own = {"journal__dsn": dsn}
    unmade = ballast("db", "drift", "--json", **own)
    assert unmade.code == 9
    assert unmade.json["drift"] > 100
    assert ballast("db", "migrate", **own).code == 0
    assert ballast("db", "drift", **own).code == 0
    run(dsn, f"{UNGUARD}; ALTER TABLE ballast.fill DISABLE TRIGGER refuse_change")
    run(dsn, GUARD)
    found = ballast("db", "drift", **own)
    assert found.code == 9
    assert found.out.startswith("firing of trigger refuse_change ON ballast.fill was changed\n")
    assert "DISABLE TRIGGER refuse_change" in found.out
    assert found.sentence.endswith("one object differs.")
    run(dsn, f"{UNGUARD}; ALTER TABLE ballast.fill ADD COLUMN note text")
    assert ballast("db", "drift", **own).sentence.endswith("objects differ.")


def test_rows_against_a_rule_are_told_with_the_rule(
    ballast: Ballast, pytestconfig: pytest.Config
) -> None:
    server = running_server(pytestconfig, "embedded")
    dsn = server.dsn(asyncio.run(server.fresh_database()), server.administrator)
    own = {"journal__dsn": dsn}
    sound = ballast("db", "validate", **own)
    assert sound.code == 0, sound.err
    assert sound.out.splitlines()[-1].endswith("rules hold")
    run(dsn, "INSERT INTO ballast.lease VALUES ('paper', 1, 'a'); SELECT 1")
    run(dsn, f"{UNGUARD}; ALTER TABLE ballast.lease DISABLE TRIGGER ALL")
    run(dsn, "INSERT INTO ballast.lease VALUES ('paper', 3, 'a')")
    found = ballast("db", "validate", **own)
    assert found.code == 9
    assert "one row breaks epochs_rise_one_by_one" in found.sentence
    assert "epoch 3 stands where 2 is due" in found.out
    told = ballast("db", "validate", "--json", **own).json
    assert told["violations"] == 1
    assert told["exit_code"] == 9
    run(dsn, "DROP TABLE ballast.fill CASCADE")
    assert "cannot be looked at" in ballast("db", "validate", **own).sentence


def test_an_edited_migration_is_refused_in_one_sentence(
    ballast: Ballast, pytestconfig: pytest.Config
) -> None:
    server = running_server(pytestconfig, "embedded")
    dsn = server.dsn(asyncio.run(server.fresh_database()), server.administrator)
    asleep = "ALTER TABLE ballast.migration DISABLE TRIGGER refuse_change"
    run(dsn, f"{UNGUARD}; {asleep}; UPDATE ballast.migration SET sha256 = '' WHERE number = 2")
    found = ballast("db", "migrate", journal__dsn=dsn)
    assert found.code == 5
    assert "0002_records was edited after it was applied" in found.sentence


def test_a_database_that_cannot_be_reached_is_one_sentence(ballast: Ballast) -> None:
    nowhere = {"journal__dsn": "postgresql://nobody@127.0.0.1:1/nothing"}
    for verb in ("migrate", "drift"):
        found = ballast("db", verb, **nowhere)
        assert found.code == 5
        assert "cannot be" in found.sentence
