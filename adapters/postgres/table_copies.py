"""A table as a file: binary COPY, streamed in both directions, counted and hashed on the way.

No table is ever in memory. PostgreSQL's binary format is the same from version 15 to 18 for every
type of ours. Which tables there are, and their order, is asked of the database itself.
"""

from __future__ import annotations

import graphlib
import hashlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from adapters.postgres.statements import statement

Connection: TypeAlias = "asyncpg.Connection[Any]"  # subscriptable in its stubs alone
Moved: TypeAlias = Callable[[int], None]

SCHEMA: Final = "ballast"
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
_HEAD_BYTES: Final = len(_SIGNATURE) + 8
_BUFFER_BYTES: Final = 1024 * 1024
# The server gathers a thousand rows of a binary COPY, however long they are, before it writes them:
# gigabytes of frames. It takes rows one by one when a condition could be another for each.
_WIDE_BYTES: Final = 8 * 1024
_ROW_BY_ROW: Final = "pg_catalog.clock_timestamp() IS NOT NULL"
_SHORT: Final = struct.Struct(">h")
_LONG: Final = struct.Struct(">i")


class CopyError(Exception):
    """A file is no copy of a table, or did not become what it should; the text says which."""


class Table(msgspec.Struct, frozen=True):
    """A table by name, its columns in the order of its copies, and about how large it is.

    `query` is what asks for its rows, wherever they lie.
    """

    name: str
    columns: tuple[str, ...]
    query: str
    size_bytes: int


class TableCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one file holds: rows of a table, with its length in bytes and SHA-256 (hex)."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    sha256: str

    @property
    def file(self) -> str:
        """The file's path within a backup."""
        return f"tables/{self.name}.copy"


async def tables(connection: Connection) -> tuple[Table, ...]:
    """Every table of the schema, those that others refer to before those that refer."""
    found = {
        row["name"]: Table(row["name"], tuple(row["columns"]), row["query"], row["bytes"])
        for row in await connection.fetch(statement("kept_tables"))
    }
    order: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for name in found:
        order.add(name)
    for row in await connection.fetch(statement("table_references")):
        order.add(row["referring"], row["referred"])
    return tuple(found[name] for name in order.static_order())


async def copy_out(connection: Connection, table: Table, path: Path, moved: Moved) -> TableCopy:
    """Write the table's rows, as this transaction sees them, to a new file.

    Raises OSError and the driver's errors; then the file is worth nothing.
    """
    digest = hashlib.sha256()
    with path.open("xb", buffering=_BUFFER_BYTES) as file:

        async def take(data: bytes) -> None:
            file.write(data)
            digest.update(data)
            moved(len(data))

        said = await connection.copy_from_query(table.query, output=take, format="binary")
        length = file.tell()
    return TableCopy(table.name, table.columns, _rows(said), length, digest.hexdigest())


async def copy_rows_out(
    connection: Connection, table: Table, block: str, keys: tuple[object, ...], folder: Path
) -> TableCopy:
    """Write the rows that a query of sql/queries finds to the table's file below `folder`.

    The query names the table's columns in their order. Raises OSError and the driver's errors.
    """
    copy = TableCopy(table.name, table.columns, 0, 0, "")
    digest = hashlib.sha256()
    with (folder / copy.file).open("xb", buffering=_BUFFER_BYTES) as file:

        async def take(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        query = statement(block).removesuffix(";")  # it becomes a part of the COPY
        said = await connection.copy_from_query(query, *keys, output=take, format="binary")
        length = file.tell()
    return TableCopy(table.name, table.columns, _rows(said), length, digest.hexdigest())


async def copy_in(connection: Connection, copy: TableCopy, folder: Path, moved: Moved) -> None:
    """Append the rows of a copy below `folder` to its table.

    Raises CopyError when their number is another, OSError, and the driver's errors.
    """
    with (folder / copy.file).open("rb") as file:
        said = await connection.copy_to_table(
            copy.name,
            schema_name=SCHEMA,
            columns=copy.columns,
            source=_Chunks(file.read, moved),
            format="binary",
            where=_ROW_BY_ROW if copy.size_bytes > copy.rows * _WIDE_BYTES else None,
        )
    if _rows(said) != copy.rows:
        raise CopyError(f"{copy.file} holds {_rows(said)} rows, {copy.rows} are listed")


def count_rows(path: Path) -> int:
    """How many rows a copy holds, read without a database. Raises CopyError when it is none."""
    return sum(1 for _ in read_rows(path))


def read_rows(path: Path) -> Iterator[tuple[bytes | None, ...]]:
    """Every row of a copy as the fields' own bytes, None for NULL. Raises CopyError."""
    with path.open("rb", buffering=_BUFFER_BYTES) as file:
        read = file.read
        if not read(_HEAD_BYTES).startswith(_SIGNATURE):
            raise CopyError(f"{path.name} is no copy of a table")
        try:
            while (fields := _SHORT.unpack(read(2))[0]) >= 0:
                yield tuple(_field(read, path.name) for _ in range(fields))
        except struct.error as error:
            raise CopyError(f"{path.name} ends within a row") from error


def _field(read: Callable[[int], bytes], name: str) -> bytes | None:
    length = _LONG.unpack(read(4))[0]
    if length < 0:
        return None
    data = read(length)
    if len(data) != length:
        raise CopyError(f"{name} ends within a row")
    return data


class _Chunks:
    """A file's bytes as the driver takes them."""

    def __init__(self, read: Callable[[int], bytes], moved: Moved) -> None:
        self._read = read
        self._moved = moved

    def __aiter__(self) -> _Chunks:
        return self

    async def __anext__(self) -> bytes:
        data = self._read(_BUFFER_BYTES)
        if not data:
            raise StopAsyncIteration
        self._moved(len(data))
        return data


def _rows(said: str) -> int:
    """The number in the server's word, `COPY 123`."""
    return int(said.rpartition(" ")[2])
