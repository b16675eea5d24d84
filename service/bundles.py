"""Choosing a bundle: by mode and feed, fail closed, with the reason in words.

A SYNTHETIC_ONLY bundle predicts on seeded feeds and nowhere else. A bundle that its gate refused
may be used in a backtest (and the report says so) and on paper only when an operator activates it
by name with a reason; without an activation a real feed gets no model, hence no entries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

import models
from actors.dataset import TRAINING, Dataset
from actors.model_statement import ModelStatement, TrainingFold, TrainingWindow
from actors.ports import Predictor
from models.bundle.load import Bundle, BundleRefused, load_bundle
from models.bundle.manifest import Data, SourceEntry, reach_bars
from service.failures import ExitCode, UserError

SYNTHETIC_ONLY: Final = "SYNTHETIC_ONLY"
SEEDED: Final = "seeded"
SEEDED_KRAKEN: Final = "seeded:kraken"
"""The planted market of a simulated Kraken that this service started itself."""
PAPER_ONLY: Final = "PAPER_ONLY"
LIVE: Final = "LIVE"
"""The mode that trades money, and how far an activation for it reaches."""
SHIPPED: Final = Path(models.__path__[0]) / "bundles"


class Choice(msgspec.Struct, frozen=True):
    """A bundle (or none) for a run, what must be said about it, and where it saw its data."""

    bundle: Bundle | None
    notice: str
    training_end_ns: int = 0
    activation: str = ""
    """SYNTHETIC_ONLY, PAPER_ONLY or LIVE; empty: not activated."""
    reason: str = ""

    @property
    def predictor(self) -> Predictor | None:
        """A fresh predictor, None when the run has no model."""
        return None if self.bundle is None else self.bundle.predictor()

    @property
    def statement(self) -> ModelStatement | None:
        """What the run states of the bundle, None when the run has no model."""
        if self.bundle is None:
            return None
        manifest = self.bundle.manifest
        data, features = manifest.data, manifest.features
        first = min(source.first_ts_ns for source in data.sources)
        last = max(source.last_ts_ns for source in data.sources)
        cuts = (
            ("fit", first, data.fit_until_ns),
            ("calibrate", data.fit_until_ns, data.calibrated_until_ns),
            ("test", data.calibrated_until_ns, last),
        )
        return ModelStatement(
            bundle_id=manifest.bundle_id,
            name=manifest.name,
            marker=manifest.marker,
            schema_hash=features.hash,
            gate=manifest.gate.status,
            trained_from=first,
            trained_until=data.calibrated_until_ns,
            # The longest label reaches from the bar after its decision to the last bar it asks of.
            embargo_ns=reach_bars(manifest) * features.base_step_ns,
            windows=tuple(TrainingWindow(*cut) for cut in cuts if cut[1] < cut[2]),
            activation=self.activation,
            reason=self.reason,
            regime_cuts=manifest.regimes,
            folds=tuple(TrainingFold(**msgspec.structs.asdict(each)) for each in manifest.folds),
            sources=tuple(_dataset(data, source) for source in data.sources),
        )


def _dataset(data: Data, source: SourceEntry) -> Dataset:
    told = Dataset(TRAINING, data.feed, source.file, source.sha256, source.symbol, source.bars)
    return msgspec.structs.replace(
        told,
        first_ts=source.first_ts_ns,
        last_ts=source.last_ts_ns,
        gaps=source.gaps,
        licence=data.licence,
    )


class RecordedBundle:
    """Stands for a bundle whose predictions are all on record; it never predicts itself."""

    def __init__(self, bundle_id: str, marker: str) -> None:
        self.bundle_id = bundle_id
        self.marker = marker

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Never: the tape answers. Raises AssertionError."""
        raise AssertionError(f"no prediction of {self.bundle_id} is on record ({features.shape})")


def choose_bundle(name: str, *, mode: str, feed_kind: str, activation: str = "") -> Choice:
    """The bundle of a run. Raises UserError when it is named wrongly, damaged or forbidden here."""
    seeded = feed_kind in {SEEDED, SEEDED_KRAKEN}
    folder = _folder(name or ("synthetic" if seeded else "baseline"))
    bundle = _load(folder)
    if bundle.manifest.marker == SYNTHETIC_ONLY:
        if not seeded:
            raise UserError(
                ExitCode.USAGE,
                f"The bundle {folder.name} is SYNTHETIC_ONLY and refused on {feed_kind} feeds.",
                "Leave model.bundle empty, or choose a bundle trained on market data.",
            )
        notice = "not a market result: seeded market, SYNTHETIC_ONLY bundle"
        return Choice(bundle, notice, activation=SYNTHETIC_ONLY, reason="seeded market")
    refused = bundle.manifest.gate.status != "APPROVED"
    if mode == LIVE and refused and activation:
        raise UserError(
            ExitCode.USAGE,
            f"The bundle {folder.name} was refused by its gate: nobody's word lets it trade money.",
            "Leave --activate out (nothing is then entered), or use it on paper.",
        )
    if mode in ("PAPER", LIVE) and not activation:
        return Choice(
            None,
            f"no active model: the gate refused {folder.name}; "
            "activate it by name with --activate REASON"
            if refused
            else "no active model",
        )
    notice = f"the gate refused the bundle {folder.name}" if refused else ""
    if mode == "BACKTEST":
        notice = f"not activated; {notice}" if notice else "not activated"
    elif mode == LIVE:
        return Choice(bundle, notice, bundle.training_end_ns, LIVE, activation)
    elif activation:
        notice = f"PAPER_ONLY ({activation}); {notice}"
        return Choice(bundle, notice, bundle.training_end_ns, PAPER_ONLY, activation)
    return Choice(bundle, notice, bundle.training_end_ns)


def bundle_by_id(bundle_id: str) -> Bundle:
    """The shipped bundle with that id. Raises UserError naming the missing hash."""
    for folder in sorted(SHIPPED.iterdir()):
        if not folder.is_dir():
            continue
        bundle = _load(folder)
        if bundle.bundle_id == bundle_id:
            return bundle
    raise UserError(
        ExitCode.MISSING,
        f"The bundle {bundle_id} that this run used is not installed.",
        "Install the version that made the run, or replay without --verify.",
    )


def _folder(name: str) -> Path:
    path = Path(name) if "/" in name else SHIPPED / name
    if not path.is_dir():
        known = ", ".join(sorted(p.name for p in SHIPPED.iterdir() if p.is_dir()))
        raise UserError(
            ExitCode.MISSING, f"There is no bundle {name}.", f"Choose one of {known}, or a folder."
        )
    return path


def _load(folder: Path) -> Bundle:
    try:
        return load_bundle(folder)
    except BundleRefused as error:
        raise UserError(
            ExitCode.BAD_INPUT, f"A bundle is refused: {error}.", "Install it again."
        ) from error
