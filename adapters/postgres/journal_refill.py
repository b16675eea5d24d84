"""Writing derived rows by COPY, and finding those that the database refuses, to leave them out.

COPY takes all rows or none. The happy path is one COPY a table. After a refusal every COPY is made
under a savepoint: what stands before the refused row is tried alone, then what stands behind it; so
n rows take at most 2n + 1 attempts, in their order, with the same result each time.
"""

from __future__ import annotations

import re
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import asyncpg

from actors.ports import RefusedRow
from adapters.postgres.journal_connection import Connection
from adapters.postgres.journal_rows import (
    COLUMNS,
    KEYS,
    ORDINAL_COLUMN,
    REFUSED,
    SEQ_COLUMN,
    SLICES,
    Row,
)
from adapters.postgres.slice_copy import copied_slices

_LINE: Final = re.compile(r"^COPY \D*(\d+)", re.MULTILINE)
# What a trigger that judges a whole COPY says of the row; no detail of the server's reads so.
_TOLD: Final = re.compile(r"input (\d+), row (\d+)")
# A constraint says no; or, the last four, of server and driver: the column cannot hold the value.
_REFUSALS: Final = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    ValueError,
    OverflowError,
    struct.error,
)


class RowRefusedError(Exception):
    """A table did not take one of the rows; nothing of that COPY was written.

    `name` is the constraint (or the table, for a value that its column cannot hold), `index` the
    row's place among the lines, None when the database did not say which.
    """

    def __init__(self, name: str, index: int | None) -> None:
        super().__init__(f"{name} refused row {index}")
        self.name = name
        self.index = index


async def copy_rows(connection: Connection, table: str, lines: Sequence[Row]) -> None:
    """Write all of `lines` by one binary COPY. Raises RowRefusedError."""
    place: dict[str, Any] = {"columns": (*KEYS, *COLUMNS[table]), "schema_name": "ballast"}
    try:
        if table in SLICES:
            source = _at_once(copied_slices(lines, len(place["columns"])))
            await connection.copy_to_table(table, source=source, format="binary", **place)
        else:
            await connection.copy_records_to_table(table, records=lines, **place)
    except _REFUSALS as error:
        name = getattr(error, "constraint_name", None) or table
        raise RowRefusedError(name, _place(error, lines)) from error


async def _at_once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def refill(connection: Connection, tables: Mapping[str, Sequence[Row]]) -> list[RefusedRow]:
    """Write every row that its table takes, within a transaction, and a row for each of the others.

    So what is missing is known for good, in the same commit that leaves it out, and before the
    next table, which may ask for it.
    """
    refused: list[RefusedRow] = []
    for table, lines in tables.items():
        for name, row in await copy_what_passes(connection, table, lines):
            place = f"{table} row {row[ORDINAL_COLUMN]}"
            refused.append(RefusedRow(name, row[SEQ_COLUMN], place))
    return refused


async def copy_what_passes(
    connection: Connection, table: str, lines: Sequence[Row]
) -> list[tuple[str, Row]]:
    """Write the rows that the table takes; return the others, each with what refused it.

    A row is told as refused before those behind it are tried: a chain goes on over it.
    """
    refused: list[tuple[str, Row]] = []
    waiting = [lines]
    while waiting:
        part = waiting.pop()
        if not part:
            continue
        try:
            async with connection.transaction():
                await copy_rows(connection, table, part)
        except RowRefusedError as error:
            index = 0 if len(part) == 1 else error.index
            if index is None:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
                continue
            row = part[index]
            refused.append((error.name, row))
            if table != REFUSED:
                told = (*row[: len(KEYS)], table, error.name)
                await copy_what_passes(connection, REFUSED, (told,))
            waiting += [part[index + 1 :], part[:index]]
    return refused


def _place(error: Exception, lines: Sequence[Row]) -> int | None:
    """Which row it was.

    The context reads "COPY fill, line 3", in the server's language; a trigger that looks at all
    rows together says the lines of its own text, and may name the row's keys instead.
    """
    if told := _TOLD.fullmatch(getattr(error, "detail", None) or ""):
        keys = (int(told[1]), int(told[2]))
        found = (n for n, row in enumerate(lines) if (row[SEQ_COLUMN], row[ORDINAL_COLUMN]) == keys)
        return next(found, None)
    line = _LINE.search(getattr(error, "context", None) or "")
    place = int(line[1]) - 1 if line else len(lines)
    return place if 0 <= place < len(lines) else None
