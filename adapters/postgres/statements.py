"""SQL by name: the blocks of sql/queries/*.sql, each introduced by a `-- name: ...` line.

No statement is written in Python; a test prepares every block against a migrated database.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SQL: Final = Path(__file__).resolve().parents[2] / "sql"
_NAME: Final = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def read_blocks(folder: Path) -> dict[str, str]:
    """Every named block under a folder. Raises ValueError when a name is used twice."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        _, *pairs = _NAME.split(path.read_text(encoding="utf-8"))
        for name, text in zip(pairs[::2], pairs[1::2], strict=True):
            if name in found:
                raise ValueError(f"{path.name} names {name} again")
            found[name] = text.strip()
    return found


@functools.cache
def statements() -> Mapping[str, str]:
    """The blocks of this version."""
    return read_blocks(SQL / "queries")


def statement(name: str) -> str:
    """The text of one block. Raises KeyError when there is none of that name."""
    return statements()[name]
