"""A bundle that was touched anywhere is refused, with the reason and one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.bundle.load import BundleRefused, RefusalReason, load_bundle
from models.bundle.manifest import (
    CARD_FILE,
    EVIDENCE_FILE,
    FILES,
    HEADED_VERSION,
    MANIFEST_FILE,
    MODEL_FILE,
    canonical,
    decoded,
    identified,
)
from models.bundle.write import write_bundle
from models.calibration import Curve
from models.features.catalogue import FEATURE_SCHEMA_HASH

BASELINE = Path(__file__).resolve().parents[2] / "models" / "bundles" / "baseline"
Change = Callable[[Path], object]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the shipped baseline that a test may damage."""
    return Path(shutil.copytree(BASELINE, tmp_path / "baseline"))


def rewritten(bundle: Path, contents: dict[str, bytes] | None = None, **change: Any) -> None:
    """Write the bundle again with changes, file list and id made right."""
    files = {name: (bundle / name).read_bytes() for name in FILES} | (contents or {})
    manifest = decoded((bundle / MANIFEST_FILE).read_bytes(), HEADED_VERSION)
    write_bundle(bundle, msgspec.structs.replace(manifest, **change), files)


def manifest_with(bundle: Path, key: str, value: Any) -> None:
    """Change one manifest field on disk and leave the id as it was."""
    document = json.loads((bundle / MANIFEST_FILE).read_bytes())
    document[key] = value
    (bundle / MANIFEST_FILE).write_bytes(canonical(document))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def with_schema(bundle: Path, **change: Any) -> None:
    manifest = decoded((bundle / MANIFEST_FILE).read_bytes(), HEADED_VERSION)
    rewritten(bundle, features=msgspec.structs.replace(manifest.features, **change))


def with_label(bundle: Path, **change: Any) -> None:
    manifest = decoded((bundle / MANIFEST_FILE).read_bytes(), HEADED_VERSION)
    rewritten(bundle, label=msgspec.structs.replace(manifest.label, **change))


def with_golden(bundle: Path, *, predictions: Any) -> None:
    evidence = json.loads((bundle / EVIDENCE_FILE).read_bytes())
    evidence["golden"]["predictions"] = predictions
    rewritten(bundle, {EVIDENCE_FILE: canonical(evidence)})


def linked(bundle: Path) -> None:
    target = bundle.parent / "elsewhere"
    shutil.move(bundle / CARD_FILE, target)
    (bundle / CARD_FILE).symlink_to(target)


TAMPERED: list[tuple[str, Change, RefusalReason]] = [
    ("no manifest", lambda b: (b / MANIFEST_FILE).unlink(), RefusalReason.UNREADABLE),
    ("not a folder", shutil.rmtree, RefusalReason.UNREADABLE),
    ("not JSON", lambda b: (b / MANIFEST_FILE).write_text("{"), RefusalReason.BAD_FORMAT),
    ("strange field", lambda b: manifest_with(b, "extra", 1), RefusalReason.BAD_FORMAT),
    ("older format", lambda b: rewritten(b, format_version=2), RefusalReason.BAD_FORMAT),
    ("newer format", lambda b: rewritten(b, format_version=5), RefusalReason.BAD_FORMAT),
    ("id not its own", lambda b: manifest_with(b, "bundle_id", "0" * 64), RefusalReason.WRONG_ID),
    ("name changed", lambda b: manifest_with(b, "name", "better"), RefusalReason.WRONG_ID),
    ("extra file", lambda b: (b / "x.txt").write_text("x"), RefusalReason.STRANGE_FILES),
    ("missing file", lambda b: (b / CARD_FILE).unlink(), RefusalReason.STRANGE_FILES),
    ("flipped model bit", lambda b: flip(b / MODEL_FILE), RefusalReason.DAMAGED_FILE),
    ("flipped card bit", lambda b: flip(b / CARD_FILE), RefusalReason.DAMAGED_FILE),
    ("linked file", linked, RefusalReason.DAMAGED_FILE),
    ("other schema", lambda b: with_schema(b, hash="0" * 64), RefusalReason.OTHER_SCHEMA),
    ("other names", lambda b: with_schema(b, names=("x",)), RefusalReason.OTHER_SCHEMA),
    (
        "other outcome",
        lambda b: with_label(b, p_up="costs are beaten"),
        RefusalReason.OTHER_MEANING,
    ),
    ("other move", lambda b: with_label(b, expected_move="net"), RefusalReason.OTHER_MEANING),
    ("unknown marker", lambda b: rewritten(b, marker="TRUST_ME"), RefusalReason.BAD_MARKER),
    (
        "bent curve",
        lambda b: rewritten(b, calibration=Curve((1.0, 0.0), (1, 1), (1, 1), (1, 1))),
        RefusalReason.BAD_CALIBRATION,
    ),
    (
        "falling curve",
        lambda b: rewritten(b, calibration=Curve((0.0, 1.0), (1, 1), (2, 1), (1, 1))),
        RefusalReason.BAD_CALIBRATION,
    ),
    ("no model", lambda b: rewritten(b, {MODEL_FILE: b"junk"}), RefusalReason.BAD_MODEL),
    (
        "wrong golden",
        lambda b: with_golden(b, predictions=[[1, 2, 3]] * 16),
        RefusalReason.GOLDEN_MISMATCH,
    ),
    ("no golden", lambda b: with_golden(b, predictions=[]), RefusalReason.GOLDEN_MISMATCH),
]


@pytest.mark.parametrize(
    ("change", "reason"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED]
)
def test_a_tampered_bundle_is_refused(bundle: Path, change: Change, reason: RefusalReason) -> None:
    change(bundle)
    with pytest.raises(BundleRefused) as refusal:
        load_bundle(bundle)
    assert refusal.value.reason is reason
    assert refusal.value.sentence == str(refusal.value)
    assert "\n" not in refusal.value.sentence


def test_a_bundle_of_format_1_is_told_apart_from_a_malformed_one(bundle: Path) -> None:
    document = json.loads((bundle / MANIFEST_FILE).read_bytes())
    document["format_version"] = 1
    del document["label"]["p_up"], document["label"]["expected_move"]
    (bundle / MANIFEST_FILE).write_bytes(canonical(document))
    with pytest.raises(
        BundleRefused, match="has format 1, this product reads 3 and 4; install"
    ) as caught:
        load_bundle(bundle)
    assert caught.value.reason is RefusalReason.BAD_FORMAT


def with_cuts(bundle: Path, **change: Any) -> None:
    """Change the first cut, or leave it out when nothing is changed."""
    cuts = decoded((bundle / MANIFEST_FILE).read_bytes(), HEADED_VERSION).regimes
    first = (msgspec.structs.replace(cuts[0], **change),) if change else ()
    rewritten(bundle, regimes=(*first, *cuts[1:]))


@pytest.mark.parametrize(
    "change", [{}, {"feature": "momentum_24"}, {"share_below": 800_000}, {"name": "wild"}]
)
def test_a_bundle_without_the_cuts_of_the_rules_is_refused(
    bundle: Path, change: dict[str, Any]
) -> None:
    with_cuts(bundle, **change)
    with pytest.raises(BundleRefused, match="regimes cannot be used") as caught:
        load_bundle(bundle)
    assert caught.value.reason is RefusalReason.BAD_REGIMES


@pytest.mark.parametrize(
    ("place", "change", "told"),
    [
        (0, {"number": 2}, "not numbered from 1"),
        (0, {"calibrate_begins": 0}, "fold 1 does not fit, calibrate and test"),
        (1, {"test_begins": 0}, "fold 2 does not fit, calibrate and test"),
        (0, {"test_ends": 2**62}, "fold 2 is tested on what fold 1 was"),
        (-1, {"test_ends": 2**62}, "on what lies after the training"),
        (None, {}, "there are none"),
    ],
)
def test_a_bundle_whose_folds_prove_nothing_is_refused(
    bundle: Path, place: int | None, change: dict[str, int], told: str
) -> None:
    folds = list(decoded((bundle / MANIFEST_FILE).read_bytes(), HEADED_VERSION).folds)
    if place is None:
        folds.clear()
    else:
        folds[place] = msgspec.structs.replace(folds[place], **change)
    rewritten(bundle, folds=tuple(folds))
    with pytest.raises(BundleRefused, match=told) as caught:
        load_bundle(bundle)
    assert caught.value.reason is RefusalReason.BAD_FOLDS


def test_every_single_byte_of_the_manifest_counts(bundle: Path) -> None:
    content = (bundle / MANIFEST_FILE).read_bytes()
    for at in range(0, len(content), 97):
        changed = bytearray(content)
        changed[at] ^= 2
        (bundle / MANIFEST_FILE).write_bytes(bytes(changed))
        with pytest.raises(BundleRefused):
            load_bundle(bundle)


def test_the_shipped_baseline_loads_and_says_what_it_is() -> None:
    bundle = load_bundle(BASELINE)
    manifest = bundle.manifest
    assert manifest.marker == ""
    assert manifest.gate.status == "REFUSED"
    assert manifest.features.hash == FEATURE_SCHEMA_HASH
    assert manifest.label.horizon_bars == 24
    assert manifest.training.trees <= 64
    assert manifest.training.leaves_max <= 15
    assert "Apache-2.0" in manifest.data.licence
    assert bundle.training_end_ns == 1_561_939_200_000_000_000
    predictor = bundle.predictor()
    assert predictor.bundle_id == bundle.bundle_id
    assert (predictor.horizon_bars, predictor.marker) == (24, "")


def test_the_card_and_the_verdict_agree() -> None:
    manifest = load_bundle(BASELINE).manifest
    passed = [c.passed for c in (*manifest.gate.walk_forward, *manifest.gate.out_of_sample)]
    assert (manifest.gate.status == "APPROVED") == all(passed)
    assert f"Verdict: **{manifest.gate.status}**" in (BASELINE / CARD_FILE).read_text()


def test_the_id_does_not_depend_on_itself_and_covers_everything_else() -> None:
    manifest = decoded((BASELINE / MANIFEST_FILE).read_bytes(), HEADED_VERSION)
    assert identified(msgspec.structs.replace(manifest, bundle_id="x")) == manifest
    other = msgspec.structs.replace(manifest, marker="SYNTHETIC_ONLY")
    assert identified(other).bundle_id != manifest.bundle_id
    assert set(type(manifest).__struct_fields__) == set(json.loads(canonical(manifest)))
