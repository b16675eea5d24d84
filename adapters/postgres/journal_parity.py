"""Row parity: stored rows held against those that the journal makes, each field as text.

Both sides are told as the database tells a row in JSON, so nothing depends on how a driver reads a
type; of a matrix of floats the bytes are compared, and the first other number is named. A row that
a constraint refused is missing on purpose; `row_refused` says so, and itself comes
from the store alone. The digest chains SHA-256 over the rows that should be there.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np

from actors.messages.market import BAR_COLUMNS
from actors.ports import DerivedRow, RowParity, RunRow
from adapters.postgres.journal_connection import Connection
from adapters.postgres.journal_rows import COLUMNS, KEYS, ORDINAL_COLUMN, SEQ_COLUMN, table_rows
from adapters.postgres.slice_rows import BARS
from adapters.postgres.statements import statement

REFUSED: Final = "row_refused"
_FLOAT: Final = struct.Struct("<d")
# A row's table, input and place among the input's rows.
Place: TypeAlias = tuple[str, int, int]
Told: TypeAlias = Mapping[Place, tuple[object, ...]]


class _Matrix(str):
    """The bytes of a matrix of floats as the database's JSON has them, and how wide it is."""

    __slots__ = ("width",)
    width: int


async def compare(
    connection: Connection,
    run: RunRow,
    span: tuple[int, int],
    rows: Sequence[DerivedRow],
    before: RowParity,
) -> RowParity:
    """See `Journal.compare_rows`."""
    due = rows_due(run, rows)
    stored, refused = await _stored(connection, run.account, span)
    digest = before.digest
    for place, values in due.items():
        content = json.dumps((*place, values), separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(digest + content.encode()).digest()
    seq, fault = _first_fault({key: due[key] for key in due if key not in refused}, stored)
    return RowParity(before.rows + len(due), digest, seq, fault)


def rows_due(run: RunRow, rows: Sequence[DerivedRow]) -> dict[Place, tuple[object, ...]]:
    """The rows that the records make, in the order of inputs and places."""
    found: dict[Place, tuple[object, ...]] = {}
    for table, lines in table_rows(run, rows).items():
        width = len(KEYS) + len(COLUMNS[table])
        for line in lines:
            values = tuple(_text(each) for each in _spread(line))
            # A narrow matrix leaves the last columns empty.
            values += (None,) * (width - len(values))
            found[table, line[SEQ_COLUMN], line[ORDINAL_COLUMN]] = values
    return dict(sorted(found.items(), key=lambda item: item[0][1:]))


async def _stored(
    connection: Connection, account: str, span: tuple[int, int]
) -> tuple[Told, frozenset[Place]]:
    found: dict[Place, tuple[object, ...]] = {}
    refused = []
    for table, seq, ordinal, content in await connection.fetch(
        statement("rows_of_inputs"), account, *span
    ):
        row = json.loads(content, parse_int=str, parse_float=str)
        if table == REFUSED:
            refused.append((row["table_name"], seq, ordinal))
            continue
        columns = (*KEYS, *COLUMNS[table])
        found[table, seq, ordinal] = tuple(_as_told(row.get(name)) for name in columns)
    return found, frozenset(refused)


def _first_fault(due: Told, stored: Told) -> tuple[int, str]:
    """The first input with a difference and what it is; (0, "") when there is none."""
    if due == stored:
        return 0, ""
    places = sorted(due.keys() | stored.keys(), key=lambda place: (place[1:], place[0]))
    for place in places:
        table, seq, ordinal = place
        where = f"row {ordinal} of {table}"
        if place not in stored:
            return seq, f"{where} is missing"
        if place not in due:
            return seq, f"{where} is none of the journal's"
        columns = (*KEYS, *COLUMNS[table])
        for name, wanted, told in zip(columns, due[place], stored[place], strict=True):
            if wanted == told:
                continue
            if isinstance(wanted, _Matrix) and isinstance(told, str):
                return seq, f"{where} has {_first_number(table, wanted, told)}"
            return seq, f"{where} has {name} {told}, the journal makes it {wanted}"
    return 0, ""


def _first_number(table: str, wanted: _Matrix, told: str) -> str:
    """Where two matrices differ first, and both numbers there; else how long each is."""
    ours, theirs = bytes.fromhex(wanted[2:]), bytes.fromhex(told[2:])
    if len(ours) != len(theirs):
        return f"{len(theirs)} bytes of numbers, the journal makes it {len(ours)}"
    at = next(n for n in range(0, len(ours), 8) if ours[n : n + 8] != theirs[n : n + 8])
    place, column = divmod(at // 8, wanted.width)
    label = BAR_COLUMNS[column] if table == BARS else str(column)
    (stored,), (number,) = _FLOAT.unpack_from(theirs, at), _FLOAT.unpack_from(ours, at)
    where = f"of place {place} in column {label}"
    return f"the number {stored!r} {where}, the journal makes it {number!r}"


def _spread(line: Sequence[Any]) -> Sequence[Any]:
    """A row with its matrix, if it ends with one, as one value a column."""
    last = line[-1]
    if not isinstance(last, np.ndarray) or last.ndim < 2:
        return line
    if last.dtype != np.float64:
        return (*line[:-1], *last.T)
    matrix = _Matrix("\\x" + last.tobytes().hex())
    matrix.width = last.shape[1]
    return (*line[:-1], matrix)


def _text(value: Any) -> object:
    """A value as the database's JSON has it, numbers as text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return value if isinstance(value, _Matrix) else str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, np.ndarray | list | tuple):
        return tuple(_text(each) for each in np.asarray(value).tolist())
    return str(value)


def _as_told(value: Any) -> object:
    return tuple(map(_as_told, value)) if isinstance(value, list) else value
