"""What a run states of the model that predicts in it: its data, its gate, and who let it speak.

The numbers are the bundle's own; nothing here reads a bundle or judges one. The database judges
predictions by these statements.
"""

from __future__ import annotations

import msgspec

from actors.dataset import Dataset
from models.features.regimes import RegimeCut


class TrainingWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data from `begins` until before `ends` (ns UTC), and what for: fit, calibrate or test."""

    purpose: str
    begins: int
    ends: int


class TrainingFold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A walk-forward fold: spans in ns UTC, the end not part of them, and figures in millionths.

    The losses are mean log-losses over `rows_count` labels of the test, in nats.
    """

    number: int
    fit_begins: int
    fit_ends: int
    calibrate_begins: int
    calibrate_ends: int
    test_begins: int
    test_ends: int
    rows_count: int
    log_loss: int
    log_loss_of_base_rate: int
    accuracy: int


class ModelStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bundle as of a run's start.

    The model saw data until before `trained_until`; what lies within `embargo_ns` after it overlaps
    its labels. `activation` is SYNTHETIC_ONLY, PAPER_ONLY or LIVE; empty: nobody activated it, as
    in a backtest. `regime_cuts` are those of models.features.regimes; none: the run has no regimes.
    `folds` are the walk-forward folds by which its gate judged it.
    `sources` are what it was fitted, calibrated and tested on.
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
    regime_cuts: tuple[RegimeCut, ...] = ()
    folds: tuple[TrainingFold, ...] = ()
    sources: tuple[Dataset, ...] = ()

    @property
    def known_until(self) -> int:
        """Before this instant (ns UTC) a prediction is in sample: the model may have seen it."""
        return self.trained_until + self.embargo_ns
