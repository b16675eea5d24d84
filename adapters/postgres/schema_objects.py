"""What a database's schema consists of: one definition an object, as the catalogue renders it.

Reading changes nothing and needs no right beyond connecting. How the objects are written down and
compared is in `schema_snapshot`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from adapters.postgres.statements import statement

Connection: TypeAlias = "asyncpg.Connection[Any]"  # subscriptable in its stubs alone
# Object name (as `trigger refuse_change ON ballast.fill`) to the SQL that makes it.
SchemaObjects: TypeAlias = dict[str, str]

_FIRES: Final = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA", "D": "DISABLE"}


class Table(msgspec.Struct):
    """A table's columns and own constraints by name, in order, and its foreign keys."""

    columns: dict[str, str]
    constraints: dict[str, str]
    keys: dict[str, str]


async def read_schema(connection: Connection) -> SchemaObjects:
    """Every object of the schema `ballast` of this database, in an order that could be executed.

    Raises asyncpg's errors when the database cannot be asked or has no such schema.
    """
    found: SchemaObjects = {}
    for row in await connection.fetch(statement("schema_roles")):
        found[f"role {row['name']}"] = f"-- {row['definition']}"
    owners = {
        row["name"]: row["definition"] for row in await connection.fetch(statement("schema_owners"))
    }
    owner = owners.pop("SCHEMA ballast", "")
    found["schema ballast"] = f"CREATE SCHEMA ballast AUTHORIZATION {owner};"
    for row in await connection.fetch(statement("schema_functions")):
        found[f"function {row['name']}"] = f"{row['definition']};"
    found.update(_table_objects(await _tables(connection)))
    async for name, text in _rest(connection):
        found[name] = text
    for name, role in owners.items():
        found[f"owner of {name}"] = "\n".join(_owned(name, role))
    for row in await connection.fetch(statement("schema_grants")):
        found[f"grant {row['name']}"] = f"GRANT {row['name']} {row['definition']}".rstrip() + ";"
    # Last, because they would refuse whatever came after them.
    for row in await connection.fetch(statement("schema_event_triggers")):
        text = f"CREATE EVENT TRIGGER {row['name']} {row['definition']};"
        found[f"event trigger {row['name']}"] = text
        how = f"ALTER EVENT TRIGGER {row['name']} {_FIRES[row['fires']]};"
        found[f"firing of event trigger {row['name']}"] = how
    return found


def _owned(name: str, role: str) -> Iterator[str]:
    yield f"ALTER {name} OWNER TO {role};"
    if name.startswith("FUNCTION "):
        # A new function is open to everybody; who may call it is said by grants.
        yield f"REVOKE ALL ON {name} FROM PUBLIC;"


async def _tables(connection: Connection) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for row in await connection.fetch(statement("schema_columns")):
        table = tables.setdefault(row["table"], Table({}, {}, {}))
        table.columns[row["column"]] = row["definition"]
    for row in await connection.fetch(statement("schema_constraints")):
        table = tables[row["table"]]
        kept = table.keys if row["kind"] == "f" else table.constraints
        kept[row["constraint"]] = row["definition"]
    return tables


def _table_objects(tables: dict[str, Table]) -> Iterator[tuple[str, str]]:
    for name, table in tables.items():
        lines = [f"    {column} {text}" for column, text in table.columns.items()]
        lines += [f"    CONSTRAINT {each} {text}" for each, text in table.constraints.items()]
        body = ",\n".join(lines)
        yield f"table ballast.{name}", f"CREATE TABLE ballast.{name} (\n{body}\n);"
    for name, table in tables.items():
        for key, text in table.keys.items():
            sentence = f"ALTER TABLE ballast.{name} ADD CONSTRAINT {key} {text};"
            yield f"key {key} ON ballast.{name}", sentence


async def _rest(connection: Connection) -> AsyncIterator[tuple[str, str]]:
    """Whatever hangs on tables: storage, indexes, views, triggers, rules, comments."""
    for row in await connection.fetch(statement("schema_storage")):
        where = f"ballast.{row['table']} ALTER COLUMN {row['column']}"
        name = f"storage of ballast.{row['table']}.{row['column']}"
        yield name, f"ALTER TABLE {where} SET STORAGE {row['storage']};"
    for row in await connection.fetch(statement("schema_indexes")):
        yield f"index ballast.{row['name']}", f"{row['definition']};"
    for row in await connection.fetch(statement("schema_views")):
        yield f"view ballast.{row['name']}", row["definition"]
    for row in await connection.fetch(statement("schema_triggers")):
        yield f"trigger {row['name']}", f"{row['definition']};"
        if row["fires"] != "O":
            how = f"{_FIRES[row['fires']]} TRIGGER {row['trigger']}"
            yield f"firing of trigger {row['name']}", f"ALTER TABLE {row['table']} {how};"
    for row in await connection.fetch(statement("schema_dead_keys")):
        yield f"dead key {row['constraint']} ON {row['table']}", "-- its triggers do not fire"
    for row in await connection.fetch(statement("schema_rules")):
        yield row["name"], f"-- {row['definition']}"
    for row in await connection.fetch(statement("schema_comments")):
        text = row["definition"].replace("'", "''")
        yield f"comment on {row['name']}", f"COMMENT ON {row['name']} IS '{text}';"
