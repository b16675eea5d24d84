"""Counting the rows of a copy without a database, and what is no copy."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.table_copies import CopyError, count_rows

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = struct.pack(">h", -1)


def row(*fields: bytes | None) -> bytes:
    """One row in PostgreSQL's binary format; None is NULL."""
    held = [
        struct.pack(">i", -1) if field is None else struct.pack(">i", len(field)) + field
        for field in fields
    ]
    return struct.pack(">h", len(fields)) + b"".join(held)


@given(st.lists(st.lists(st.none() | st.binary(max_size=50), max_size=5), max_size=20))
def test_every_row_is_counted_whatever_it_holds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[bytes | None]]
) -> None:
    path = tmp_path_factory.mktemp("copy") / "x.copy"
    path.write_bytes(HEAD + b"".join(row(*fields) for fields in rows) + END)
    assert count_rows(path) == len(rows)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no copy of a table"),
        (b"PGDUMP" + bytes(20), "is no copy of a table"),
        (HEAD, "ends within a row"),
        (HEAD + row(b"abc"), "ends within a row"),
        (HEAD + row(b"abc")[:-1], "ends within a row"),
        (HEAD + row(b"abc")[:4], "ends within a row"),
    ],
)
def test_what_is_no_whole_copy_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "x.copy").write_bytes(data)
    with pytest.raises(CopyError, match=said):
        count_rows(tmp_path / "x.copy")
