"""Loading a bundle: every byte is checked first, and a refusal is one sentence.

Order of refusals: unreadable, format, extra or missing file, size, hash, id, feature schema,
meaning of the outputs, marker, calibration, heads, regimes, folds, model, golden rows. Not here:
whether the gate's verdict allows trading.
"""

from __future__ import annotations

import enum
import hashlib
from pathlib import Path

import msgspec
import numpy as np

from models.bundle.manifest import (
    EDITIONS,
    EVIDENCE_FILE,
    FILES,
    HEADED_VERSION,
    MANIFEST_FILE,
    MARKERS,
    MODEL_FILE,
    MOVE_MEANING,
    P_UP_MEANING,
    Manifest,
    canonical,
    decoded,
    heads_of,
    identified,
)
from models.calibration import MISSING
from models.features.catalogue import FEATURE_NAMES, FEATURE_SCHEMA_HASH
from models.features.regimes import cuts_fault
from models.heads import heads_fault
from models.onnx import OnnxPredictor
from models.onnx_format import OnnxRefused, check_graph
from models.walk_forward import folds_fault

GOLDEN_TOLERANCE_MICROS = 10
"""CPUs may differ in the last bits of a float32 sum; 1e-5 is far below any decision margin."""


class RefusalReason(enum.Enum):
    """Why a bundle was not loaded, in the order of the checks."""

    UNREADABLE = "unreadable"
    BAD_FORMAT = "bad_format"
    STRANGE_FILES = "strange_files"
    DAMAGED_FILE = "damaged_file"
    WRONG_ID = "wrong_id"
    OTHER_SCHEMA = "other_schema"
    OTHER_MEANING = "other_meaning"
    BAD_MARKER = "bad_marker"
    BAD_CALIBRATION = "bad_calibration"
    BAD_HEADS = "bad_heads"
    BAD_REGIMES = "bad_regimes"
    BAD_FOLDS = "bad_folds"
    BAD_MODEL = "bad_model"
    GOLDEN_MISMATCH = "golden_mismatch"


class BundleRefused(Exception):  # noqa: N818 - a refusal is an answer
    """A bundle that was not loaded: a reason for programs, a sentence for people."""

    def __init__(self, reason: RefusalReason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of features (null = unknown) and the predictions that they must give."""

    features: tuple[tuple[float | None, ...], ...]
    predictions: tuple[tuple[int, ...], ...]


class Evidence(msgspec.Struct, frozen=True):
    """The part of evidence.json that loading needs; the rest is for readers."""

    golden: Golden


class Edition(msgspec.Struct, frozen=True):
    """The one field of a manifest that every format has."""

    format_version: int


class Bundle(msgspec.Struct, frozen=True):
    """A checked bundle."""

    manifest: Manifest
    model: bytes

    @property
    def bundle_id(self) -> str:
        """Hex SHA-256 that names every byte of the bundle."""
        return self.manifest.bundle_id

    @property
    def training_end_ns(self) -> int:
        """Before this UTC instant the model has seen the future: no metrics there."""
        return self.manifest.data.calibrated_until_ns

    def predictor(self) -> OnnxPredictor:
        """A new predictor with a session of its own."""
        return OnnxPredictor(
            self.model,
            self.manifest.calibration,
            bundle_id=self.manifest.bundle_id,
            horizon_bars=self.manifest.label.horizon_bars,
            marker=self.manifest.marker,
            heads=heads_of(self.manifest),
        )


def load_bundle(path: Path) -> Bundle:
    """Read and check the bundle in the folder `path`. Raises BundleRefused."""
    manifest = _manifest(path)
    files = _files(path, manifest)
    _check_statement(manifest)
    try:
        check_graph(files[MODEL_FILE])
        bundle = Bundle(manifest, files[MODEL_FILE])
        predictor = bundle.predictor()
    except (OnnxRefused, RuntimeError) as error:
        sentence = f"{path.name}: the model cannot be loaded ({error}); install the bundle again"
        raise BundleRefused(RefusalReason.BAD_MODEL, sentence) from error
    _check_golden(path, predictor, files[EVIDENCE_FILE])
    return bundle


def _manifest(path: Path) -> Manifest:
    try:
        content = (path / MANIFEST_FILE).read_bytes()
    except OSError as error:
        sentence = f"{path} holds no readable {MANIFEST_FILE}; give the folder of a bundle"
        raise BundleRefused(RefusalReason.UNREADABLE, sentence) from error
    try:
        version = msgspec.json.decode(content, type=Edition).format_version
        if version not in EDITIONS:
            known = " and ".join(map(str, EDITIONS))
            sentence = (
                f"{path.name} has format {version}, this product reads {known}; "
                "install a matching bundle"
            )
            raise BundleRefused(RefusalReason.BAD_FORMAT, sentence)
        manifest = decoded(content, version)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        sentence = f"{path.name}: {MANIFEST_FILE} is malformed ({error}); install the bundle again"
        raise BundleRefused(RefusalReason.BAD_FORMAT, sentence) from error
    if canonical(manifest) != content or identified(manifest) != manifest:
        sentence = f"{path.name}: {MANIFEST_FILE} does not match its id; install the bundle again"
        raise BundleRefused(RefusalReason.WRONG_ID, sentence)
    return manifest


def _files(path: Path, manifest: Manifest) -> dict[str, bytes]:
    listed = tuple(entry.path for entry in manifest.files)
    found = tuple(sorted(item.name for item in path.iterdir()))
    if listed != FILES or found != tuple(sorted((*FILES, MANIFEST_FILE))):
        extra = sorted({*found, *listed} ^ {*FILES, MANIFEST_FILE}) or ["a file listed twice"]
        sentence = f"{path.name}: extra or missing files ({', '.join(extra)}); install it again"
        raise BundleRefused(RefusalReason.STRANGE_FILES, sentence)
    contents: dict[str, bytes] = {}
    for entry in manifest.files:
        file = path / entry.path
        content = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
        digest = hashlib.sha256(content).hexdigest()
        if len(content) != entry.size or digest != entry.sha256:
            sentence = f"{path.name}: {entry.path} is damaged; install the bundle again"
            raise BundleRefused(RefusalReason.DAMAGED_FILE, sentence)
        contents[entry.path] = content
    return contents


def _check_statement(manifest: Manifest) -> None:
    schema = manifest.features
    if schema.hash != FEATURE_SCHEMA_HASH or schema.names != FEATURE_NAMES:
        sentence = (
            f"{manifest.name} was trained on feature schema {schema.hash[:12]}, this product "
            f"computes {FEATURE_SCHEMA_HASH[:12]}; train it again or install a matching bundle"
        )
        raise BundleRefused(RefusalReason.OTHER_SCHEMA, sentence)
    label = manifest.label
    if (label.p_up, label.expected_move) != (P_UP_MEANING, MOVE_MEANING):
        sentence = (
            f"{manifest.name} predicts something else than that {P_UP_MEANING}, and the "
            f"{MOVE_MEANING}; train it again or install a matching bundle"
        )
        raise BundleRefused(RefusalReason.OTHER_MEANING, sentence)
    if manifest.marker not in MARKERS:
        sentence = f"{manifest.name} carries the unknown marker {manifest.marker!r}"
        raise BundleRefused(RefusalReason.BAD_MARKER, sentence)
    fault = manifest.calibration.fault()
    if fault:
        sentence = f"{manifest.name}: the calibration cannot be used, {fault}; train it again"
        raise BundleRefused(RefusalReason.BAD_CALIBRATION, sentence)
    fault = heads_fault(heads_of(manifest)) if manifest.format_version == HEADED_VERSION else ""
    if fault:
        sentence = f"{manifest.name}: its heads cannot be used, {fault}; train it again"
        raise BundleRefused(RefusalReason.BAD_HEADS, sentence)
    fault = cuts_fault(manifest.regimes)
    if fault:
        sentence = f"{manifest.name}: the regimes cannot be used, {fault}; train it again"
        raise BundleRefused(RefusalReason.BAD_REGIMES, sentence)
    fault = folds_fault(manifest.folds, manifest.data.calibrated_until_ns)
    if fault:
        sentence = f"{manifest.name}: its folds prove nothing, {fault}; train it again"
        raise BundleRefused(RefusalReason.BAD_FOLDS, sentence)


def _check_golden(path: Path, predictor: OnnxPredictor, evidence: bytes) -> None:
    try:
        golden = msgspec.json.decode(evidence, type=Evidence).golden
        rows = np.array(golden.features, dtype=np.float64)
        expected = np.array(golden.predictions, dtype=np.int64)
        predictions = predictor.predict(rows).astype(np.int64)
    except (msgspec.DecodeError, ValueError, RuntimeError) as error:
        sentence = f"{path.name}: its golden rows are malformed; install the bundle again"
        raise BundleRefused(RefusalReason.GOLDEN_MISMATCH, sentence) from error
    if expected.size and expected.shape != predictions.shape:
        sentence = f"{path.name}: its golden rows are of other outputs; install the bundle again"
        raise BundleRefused(RefusalReason.GOLDEN_MISMATCH, sentence)
    same_missing = np.array_equal(predictions == MISSING, expected == MISSING)
    gap = int(np.abs(predictions - expected).max()) if expected.size else 0
    if not expected.size or not same_missing or gap > GOLDEN_TOLERANCE_MICROS:
        sentence = (
            f"{path.name}: this machine predicts its golden rows {gap} millionths off; "
            "do not use it here"
        )
        raise BundleRefused(RefusalReason.GOLDEN_MISMATCH, sentence)
