"""Feature slices: one matrix a decision instant, all symbols of the run, NaN where not warm."""

from __future__ import annotations

import numpy as np

from actors.messages.base import Message


class FeatureSlice(Message, frozen=True):
    """Features of every symbol at a bar's close. `rows` is f64[N, F] in catalogue order."""

    close_ts: int
    rows: np.ndarray
    warm_up: bool = False


class FeatureSchema(Message, frozen=True):
    """By what the columns of a run's feature slices are read: the catalogue's hash and names."""

    schema_hash: str
    names: tuple[str, ...]
