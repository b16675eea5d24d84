"""Which data a run read and its model was trained on: a file, or a market made from a seed.

A file is named by its last name alone (where it lies is nobody's business) and told by its content.
Nothing here reads one.
"""

from __future__ import annotations

from typing import Final

import msgspec

FEED: Final = "feed"
WARM_UP: Final = "warm_up"
TRAINING: Final = "training"


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file or seeded market. `purpose` is FEED, WARM_UP or TRAINING.

    `sha256` (hex) is of the file's bytes as they lie there, or of all that determines a seeded
    market, its symbols included. `rows` are candles, trades or frames; `first_ts` and `last_ts` are
    the instants of the first and the last (ns UTC; a candle's is its open). `gaps` counts what the
    loader found missing: absent candles, or places where trade ids jump. None: the loader cannot
    tell, or there is no end. `symbol` is empty where there are many, `licence` where unknown.
    """

    purpose: str
    kind: str
    name: str
    sha256: str
    symbol: str = ""
    rows: int | None = None
    first_ts: int = 0
    last_ts: int | None = None
    gaps: int | None = None
    seed: int | None = None
    licence: str = ""
