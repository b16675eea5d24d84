"""Bars, features and regimes as rows: each slice one row that ends with its matrix as it was sent.

The bytes of the matrix are what a column holds, so a stored number has the bits of the decided one.
History that only warms up has no row: nobody decides by it. The tables are those of
0010_slices.sql.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from actors.messages.feature import FeatureSchema, FeatureSlice
from actors.messages.market import BarSlice
from actors.messages.prediction import RegimeSlice

Rows: TypeAlias = Iterator[tuple[str, tuple[Any, ...]]]

BARS: Final = "bar_slice"
FEATURES: Final = "feature_slice"
REGIMES: Final = "regime_slice"
NUMBERS: Final = "numbers"
# The columns of each table after the keys of every row, in the order in which a commit fills them.
SLICE_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    BARS: ("open_ts", "close_ts", NUMBERS),
    "feature_schema": ("schema_hash", "names"),
    FEATURES: ("close_ts", NUMBERS),
    REGIMES: ("close_ts", "bundle_id", "regime"),
}


def bar_rows(body: BarSlice) -> Rows:
    """The closed bars of every symbol."""
    if not body.warm_up:
        yield BARS, (body.open_ts, body.close_ts, body.rows)


def schema_rows(body: FeatureSchema) -> Rows:
    """By what the columns of the run's features are read."""
    yield "feature_schema", (body.schema_hash, body.names)


def feature_rows(body: FeatureSlice) -> Rows:
    """The features of every symbol."""
    if not body.warm_up:
        yield FEATURES, (body.close_ts, body.rows)


def regime_rows(body: RegimeSlice) -> Rows:
    """The regime of every symbol."""
    yield REGIMES, (body.close_ts, body.bundle_id, body.rows)
