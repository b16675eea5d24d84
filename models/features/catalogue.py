"""The first feature catalogue: names, formulas, windows, and the hash that ties a model to them.

A model carries the hash; an engine with another hash refuses it. Changing a formula means a new
formula id, never an edit in place. Not here: how the numbers are computed (`streaming`, `batch`).
"""

from __future__ import annotations

import hashlib
import json

import msgspec

from models.features.grid import (
    RETURN_BITS,
    SQUARE_BITS,
    SQUARE_SUM_LIMIT,
    VOLUME_BITS,
    WINDOW_LIMIT_BARS,
)

WINDOWS_BARS: tuple[int, ...] = (4, 12, 24, 72, 168)
RANGE_WINDOWS_BARS: tuple[int, ...] = (24, 168)
VOLUME_WINDOWS_BARS: tuple[int, ...] = (24, 168)
RATIO_WINDOWS_BARS: tuple[tuple[int, int], ...] = ((4, 72), (12, 168))
BREADTH_WINDOW_BARS = 24
WARM_UP_BARS = max(WINDOWS_BARS) + 1
"""Bars after which every feature may exist and no older bar can influence any of them."""

RETURN_BOUND = 0.75
"""A bar that moves 75 % or more is a data fault: its return contributes nothing, like a gap."""
VOLUME_BOUND = 2.0**80
"""A price or volume from here on makes the bar missing; keeps ln(1+v) below 64 on its grid."""
VOLATILITY_FLOOR = 2.0**-20
"""Smallest volatility (fraction per bar) that is divided by; about one part in a million."""
VOLUME_SPREAD_FLOOR = 2.0**-10
"""Smallest standard deviation of ln(1+v) that is divided by."""
RANGE_FLOOR = 2.0**-200
PATH_FLOOR = 2.0**-40

assert max(WINDOWS_BARS) < WINDOW_LIMIT_BARS
assert max(WINDOWS_BARS) * RETURN_BOUND**2 < SQUARE_SUM_LIMIT, "a sum of squares could be inexact"


class Feature(msgspec.Struct, frozen=True):
    """One column: its name, the id of its formula, and its windows in bars (empty when none)."""

    name: str
    formula: str
    windows_bars: tuple[int, ...]


def valid_bars_min(window_bars: int) -> int:
    """Valid bars that a window needs: three quarters of its length, rounded up."""
    return -(-3 * window_bars // 4)


def _features() -> tuple[Feature, ...]:
    columns: list[Feature] = []
    for formula in ("momentum", "volatility", "z_momentum", "efficiency", "up_share"):
        columns += [Feature(f"{formula}_{w}", f"{formula}.1", (w,)) for w in WINDOWS_BARS]
    for short, long in RATIO_WINDOWS_BARS:
        columns.append(
            Feature(f"volatility_ratio_{short}_{long}", "volatility_ratio.1", (short, long))
        )
    columns += [
        Feature(f"range_position_{w}", "range_position.1", (w,)) for w in RANGE_WINDOWS_BARS
    ]
    columns += [Feature(f"volume_z_{w}", "volume_z.1", (w,)) for w in VOLUME_WINDOWS_BARS]
    columns.append(Feature("breadth_24", "breadth.1", (BREADTH_WINDOW_BARS,)))
    columns += [Feature("hour", "hour_utc.1", ()), Feature("weekday", "weekday_utc.1", ())]
    return tuple(columns)


FEATURES: tuple[Feature, ...] = _features()
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


def feature_schema_hash(features: tuple[Feature, ...]) -> str:
    """Hex SHA-256 of ordered names, formula ids, windows, grid bits, bounds, floors and dtype."""
    document = {
        "bounds": [RETURN_BOUND, VOLUME_BOUND],
        "dtype": "float64",
        "features": [[f.name, f.formula, list(f.windows_bars)] for f in features],
        "floors": [VOLATILITY_FLOOR, VOLUME_SPREAD_FLOOR, RANGE_FLOOR, PATH_FLOOR],
        "grid_bits": {"return": RETURN_BITS, "square": SQUARE_BITS, "volume": VOLUME_BITS},
        "valid_share_min": "3/4",
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


FEATURE_SCHEMA_HASH: str = feature_schema_hash(FEATURES)
