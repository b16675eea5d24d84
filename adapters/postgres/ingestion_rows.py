"""What went in, as rows: a gap has one when it opens and one when it closes, a stream one an hour.

The tables are those of 0014_ingestion.sql.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from actors.messages.base import Message
from actors.messages.ingestion import GapClosed, GapOpened, Watermark

Rows: TypeAlias = Iterator[tuple[str, tuple[Any, ...]]]

GAPS: Final = "ingestion_gap"
WATERMARKS: Final = "ingestion_watermark"
INGESTION_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    GAPS: GapClosed.__struct_fields__,
    WATERMARKS: Watermark.__struct_fields__,
}


def _opened(body: GapOpened) -> Rows:
    yield GAPS, (*msgspec.structs.astuple(body), None, None)


def _closed(body: GapClosed) -> Rows:
    yield GAPS, msgspec.structs.astuple(body)


def _watermark(body: Watermark) -> Rows:
    yield WATERMARKS, msgspec.structs.astuple(body)


INGESTION_ROWS: Final[dict[type[Message], Callable[[Any], Rows]]] = {
    GapOpened: _opened,
    GapClosed: _closed,
    Watermark: _watermark,
}
