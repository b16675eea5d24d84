"""What a bundle says about itself, in canonical JSON, and the id that follows from it.

`bundle_id` is the SHA-256 of the manifest without that field; the manifest lists every other file
with size and hash, so the id covers all bytes. Not here: reading files, and whether a bundle may
trade.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from models.calibration import Curve
from models.features.regimes import RegimeCut
from models.heads import RISE, Head
from models.labels import Costs
from models.walk_forward import WalkForwardFold

FORMAT_VERSION = 3
"""1 is gone: its p_up was the probability that a round trip beats its costs. 2 had neither regimes
nor folds."""
HEADED_VERSION = 4
"""3 and heads: answers to more questions from the same trees."""
MODEL_FILE = "model.onnx"
CARD_FILE = "card.md"
EVIDENCE_FILE = "evidence.json"
MANIFEST_FILE = "manifest.json"
FILES = (CARD_FILE, EVIDENCE_FILE, MODEL_FILE)
MARKERS = ("", "SYNTHETIC_ONLY")
P_UP_MEANING = RISE
MOVE_MEANING = "gross return from entry to exit, no cost taken off"


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the bundle beside the manifest."""

    path: str
    size: int
    sha256: str


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The features the model was fitted on, and those it was not shown."""

    hash: str
    names: tuple[str, ...]
    ignored: tuple[str, ...]
    base_step_ns: int
    warm_up_bars: int


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the outputs mean, when the exit is, and the costs of a side that trades were charged."""

    horizon_bars: int
    costs: Costs
    p_up: str
    """Always P_UP_MEANING: of what p_up is the probability."""
    expected_move: str
    """Always MOVE_MEANING: of what expected_move is the mean."""


class SourceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One candle file that the model was trained or tested on."""

    file: str
    sha256: str
    symbol: str
    bars: int
    gaps: int
    first_ts_ns: int
    last_ts_ns: int


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the candles came from and how time was cut; instants are UTC nanoseconds."""

    hash: str
    licence: str
    feed: str
    sources: tuple[SourceEntry, ...]
    fit_until_ns: int
    """Labels of the fit end before this instant; calibration follows it."""
    calibrated_until_ns: int
    """Labels of the calibration end before this instant: the training end, grey before it."""


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the model was made."""

    producer: str
    config: dict[str, int | float | str | bool]
    config_hash: str
    seed: int
    libraries: dict[str, str]
    trees: int
    leaves_max: int


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One demand of the gate, with the number it was judged by."""

    gate: str
    name: str
    value: float | None
    limit: str
    passed: bool


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """APPROVED only when every check passed; the rest is REFUSED."""

    status: str
    walk_forward: tuple[Check, ...]
    out_of_sample: tuple[Check, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole statement; see docs/models.md for each field's meaning."""

    format_version: int
    name: str
    marker: str
    """"" or SYNTHETIC_ONLY: such a model is for the seeded market and nothing else."""
    licence: str
    """Licence of the bundle itself."""
    files: tuple[FileEntry, ...]
    features: Schema
    label: Label
    calibration: Curve
    data: Data
    training: Training
    metrics: dict[str, dict[str, float | None]]
    gate: Verdict
    regimes: tuple[RegimeCut, ...]
    """The cuts of models.features.regimes, fitted on the features of the fit."""
    folds: tuple[WalkForwardFold, ...]
    """The walk-forward folds behind the gate's verdict, in time order."""
    bundle_id: str = ""


class HeadedManifest(Manifest, frozen=True, forbid_unknown_fields=True):
    """A manifest of a bundle that answers more than one question (format 4)."""

    heads: tuple[Head, ...] = ()
    """In the order of the model's outputs after the first."""


EDITIONS: dict[int, type[Manifest]] = {FORMAT_VERSION: Manifest, HEADED_VERSION: HeadedManifest}
"""The formats that this product reads, each with what its manifest holds."""


def heads_of(manifest: Manifest) -> tuple[Head, ...]:
    """The heads that a manifest states; none in a format without."""
    return manifest.heads if isinstance(manifest, HeadedManifest) else ()


def reach_bars(manifest: Manifest) -> int:
    """Bars from a decision until the last bar that any label of the bundle looks at."""
    return 1 + max((manifest.label.horizon_bars, *(head.bars for head in heads_of(manifest))))


def canonical(document: Any) -> bytes:
    """The one byte form of a document: sorted keys, no spaces, ASCII, a newline at the end."""
    plain = msgspec.to_builtins(document)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def identified(manifest: Manifest) -> Manifest:
    """The manifest with the id that follows from everything else in it."""
    bare = msgspec.structs.replace(manifest, bundle_id="")
    return msgspec.structs.replace(bare, bundle_id=hashlib.sha256(canonical(bare)).hexdigest())


def decoded(content: bytes, version: int = FORMAT_VERSION) -> Manifest:
    """The manifest of these bytes, of a format in EDITIONS.

    Raises msgspec.DecodeError when it is not one.
    """
    return msgspec.json.decode(content, type=EDITIONS[version])
