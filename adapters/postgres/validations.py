"""The rules that no single row can keep: sql/validations, each a query for what breaks its rule.

A file's opening comment is the rule; its rows are (account_id, seq, detail), none when all is well.
Reading changes nothing. Rules of single rows are constraints, see docs/schema.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from adapters.postgres.schema_objects import Connection
from adapters.postgres.statements import SQL

VALIDATIONS: Final = SQL / "validations"
TOLD_MAX: Final = 10


class Validation(msgspec.Struct, frozen=True):
    """One file: its name, the rule in words, and the query for what breaks it."""

    name: str
    rule: str
    query: str


class Violation(msgspec.Struct, frozen=True):
    """One row that breaks a rule; `seq` is 0 where no input is to blame alone."""

    account: str
    seq: int
    detail: str


class Checked(msgspec.Struct, frozen=True):
    """What a validation found: how many rows break its rule, and the first few of them."""

    name: str
    rule: str
    violations: int
    first: tuple[Violation, ...]


def read_validations(folder: Path = VALIDATIONS) -> tuple[Validation, ...]:
    """Every file, by name."""
    return tuple(_read(path) for path in sorted(folder.glob("*.sql")))


def _read(path: Path) -> Validation:
    comment, _, query = path.read_text(encoding="utf-8").partition("\n\n")
    words = [line.removeprefix("-- ") for line in comment.splitlines()]
    return Validation(path.stem, " ".join(words), query.strip())


async def validate(connection: Connection) -> AsyncIterator[Checked]:
    """Run every validation on one state of the database, in order of name.

    Raises asyncpg's errors when the database lacks a table.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for each in validate_within(connection):
            yield each


async def validate_within(connection: Connection) -> AsyncIterator[Checked]:
    """The same within a transaction of the caller's, who sees what nobody else does yet."""
    for validation in read_validations():
        yield await _check(connection, validation)


async def _check(connection: Connection, validation: Validation) -> Checked:
    count, first = 0, []
    async for account, seq, detail in connection.cursor(validation.query):
        count += 1
        if count <= TOLD_MAX:
            first.append(Violation(account, seq, detail))
    return Checked(validation.name, validation.rule, count, tuple(first))
