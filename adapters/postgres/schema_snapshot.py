"""The canonical schema, sql/schema.sql, and what a database has that it has not, or otherwise.

The file is SQL that makes the schema, with a marker line before every object, so it is both read
and executed. Whitespace does not count in a comparison; order and position of columns do not
either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from adapters.postgres.schema_objects import SchemaObjects
from adapters.postgres.statements import SQL

SNAPSHOT: Final = SQL / "schema.sql"
_HEAD: Final = """\
-- The canonical schema, written by `python ops/documents/schema.py` from what the migrations
-- make; never edited by hand. A test compares it with the migrations, `ballast db drift` with your
-- database. Every object stands under a line that names it.
"""
_MARK: Final = "--# "
_PART: Final = re.compile(r"^    (CONSTRAINT )?(\w+) (.*?),?$")


class Difference(msgspec.Struct, frozen=True):
    """One object that differs: added, missing or changed; a text is empty where there is none."""

    kind: str
    name: str
    expected: str
    found: str

    def sentence(self) -> str:
        """The difference in one line."""
        if self.kind == "added":
            return f"{self.name} is there, but not in the schema"
        if self.kind == "missing":
            return f"{self.name} is missing"
        return f"{self.name} was changed"


def snapshot_text(objects: SchemaObjects) -> str:
    """The file's text."""
    return _HEAD + "".join(f"\n{_MARK}{name}\n{text}\n" for name, text in objects.items())


def read_snapshot(path: Path = SNAPSHOT) -> SchemaObjects:
    """The objects of the file."""
    found: SchemaObjects = {}
    for block in path.read_text(encoding="utf-8").split(f"\n{_MARK}")[1:]:
        name, _, text = block.partition("\n")
        found[name] = text.strip("\n")
    return found


def differences(expected: SchemaObjects, found: SchemaObjects) -> tuple[Difference, ...]:
    """What is missing, then what was changed, then what was added; by column and constraint."""
    was, now = dict(_parts(expected)), dict(_parts(found))
    missing = [Difference("missing", name, was[name], "") for name in was if name not in now]
    added = [Difference("added", name, "", now[name]) for name in now if name not in was]
    changed = [
        Difference("changed", name, was[name], now[name])
        for name in was
        if name in now and was[name] != now[name]
    ]
    return (*missing, *changed, *added)


def _parts(objects: SchemaObjects) -> Iterator[tuple[str, str]]:
    """Every object, a table once more by column and constraint, with single spaces."""
    for name, text in objects.items():
        if not name.startswith("table "):
            yield name, " ".join(text.split())
            continue
        yield name, ""
        for line in text.splitlines()[1:-1]:
            part = _PART.match(line)
            assert part is not None, f"{name}: {line!r} is no column and no constraint"
            kind = "constraint" if part[1] else "column"
            yield f"{kind} {part[2]} of {name.removeprefix('table ')}", " ".join(part[3].split())
