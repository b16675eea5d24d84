"""What a run states of the model that predicts in it: its data, its gate, and who let it speak.

The numbers are the bundle's own; nothing here reads a bundle or judges one. The database judges
predictions by these statements.
"""

from __future__ import annotations

import msgspec

from actors.dataset import Dataset


class TrainingWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data from `begins` until before `ends` (ns UTC), and what for: fit, calibrate or test."""

    purpose: str
    begins: int
    ends: int


class ModelStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bundle as of a run's start.

    The model saw data until before `trained_until`; what lies within `embargo_ns` after it overlaps
    its labels. `activation` is SYNTHETIC_ONLY, PAPER_ONLY or LIVE; empty: nobody activated it, as
    in a backtest. `sources` are what it was fitted, calibrated and tested on.
    """

    bundle_id: str
    name: str
    marker: str
    schema_hash: str
    gate: str
    trained_from: int
    trained_until: int
    embargo_ns: int
    windows: tuple[TrainingWindow, ...] = ()
    activation: str = ""
    reason: str = ""
    sources: tuple[Dataset, ...] = ()

    @property
    def known_until(self) -> int:
        """Before this instant (ns UTC) a prediction is in sample: the model may have seen it."""
        return self.trained_until + self.embargo_ns
