"""The training command: candle files in, a bundle folder with its evidence out.

`python -m models.training.baseline --candles FILE... --until 2019-06-30 --out DIR`. The same files
and options give the same bytes. With --synthetic-only the bundle is marked and names its feed, with
--heads it answers the questions of models.heads as well.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from models.bundle.load import Evidence, Golden, load_bundle
from models.bundle.manifest import (
    CARD_FILE,
    EVIDENCE_FILE,
    FORMAT_VERSION,
    HEADED_VERSION,
    MODEL_FILE,
    MOVE_MEANING,
    P_UP_MEANING,
    Data,
    HeadedManifest,
    Label,
    Manifest,
    Schema,
    SourceEntry,
    Training,
    canonical,
)
from models.bundle.write import write_bundle
from models.datasets import CandlesRefused, Table, read_candles
from models.export import to_onnx
from models.features.catalogue import FEATURE_NAMES, FEATURE_SCHEMA_HASH, WARM_UP_BARS
from models.features.regimes import fitted_cuts
from models.heads import Head
from models.labels import Costs
from models.onnx import OnnxPredictor
from models.training import heads as head_fits
from models.training import study as studies
from models.training.card import card
from models.training.fit import FitConfig, Fitted
from models.training.folds import FOLD_BARS
from models.training.study import Outcome, Study, StudyConfig

PRODUCER = "models.training.baseline"
GOLDEN_ROWS = 16
SYNTHETIC_MARKER = "SYNTHETIC_ONLY"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Exit code 0, or 2 with one sentence on stderr."""
    options = _options(arguments)
    try:
        manifest = train(options)
    except (CandlesRefused, ValueError, OSError) as error:
        sys.stderr.write(f"Training stopped: {error}.\n")
        return 2
    sys.stdout.write(
        f"{manifest.name}: bundle {manifest.bundle_id[:16]} written, gate {manifest.gate.status}"
        f"{', ' + manifest.marker if manifest.marker else ''}.\n"
    )
    return 0


def train(options: argparse.Namespace) -> Manifest:
    """Read, fit, judge, export, write and load back. Raises CandlesRefused, ValueError, OSError."""
    table = read_candles([Path(path) for path in options.candles])
    until = datetime.strptime(options.until, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    until_ns = int(until.timestamp()) * 1_000_000_000
    config = StudyConfig(
        options.horizon, Costs(options.fee_bps, options.half_spread_bps), FitConfig()
    )
    data_hash = hashlib.sha256(canonical(table.sources)).hexdigest()
    study = studies.prepared(table, config, until_ns, data_hash)
    ran = _run(study, heads=options.heads, quiet=options.quiet)
    dumps = [head.booster.dump_model() for head, _ in ran.heads]
    onnx_model = to_onnx(ran.model.booster.dump_model(), dumps)
    told = tuple(head for _, head in ran.heads)
    manifest = _manifest(options, study, ran)
    if told:
        fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
        manifest = HeadedManifest(**fields | {"format_version": HEADED_VERSION}, heads=told)
    evidence = Evidence(_golden(study, ran.model, onnx_model, told))
    contents = {
        MODEL_FILE: onnx_model,
        EVIDENCE_FILE: canonical(evidence),
        CARD_FILE: card(manifest).encode(),
    }
    complete = write_bundle(Path(options.out), manifest, contents)
    load_bundle(Path(options.out))
    return complete


class Ran(msgspec.Struct, frozen=True):
    """The shipped fit, the evidence of the folds before it and of what came after, its heads."""

    model: Fitted
    walk: Outcome
    after: Outcome
    heads: tuple[tuple[head_fits.FittedHead, Head], ...]


def _run(study: Study, *, heads: bool, quiet: bool) -> Ran:
    """Walk-forward fits, then the shipped one, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    cuts = studies.folds(study)
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("walk-forward folds", total=len(cuts) + 1)
        pairs = []
        for cut in cuts:
            pairs.append((cut, studies.fitted(study, cut)))
            progress.advance(task)
        last = studies.final_fold(study)
        progress.update(task, description="shipped model")
        model = studies.fitted(study, last)
        progress.advance(task)
        found = head_fits.heads_of(study, pairs, (last, model)) if heads else ()
    size = cuts[0].test[1] - cuts[0].test[0] + study.config.horizon_bars + 1
    walk = studies.judged(study, pairs, size)
    after = studies.judged(study, [(last, model)], min(FOLD_BARS, size))
    return Ran(model, walk, after, found)


def _golden(study: Study, model: Fitted, onnx_model: bytes, heads: tuple[Head, ...] = ()) -> Golden:
    """Known rows spread over the data, the last one with an unknown feature."""
    bars = study.config.horizon_bars
    predictor = OnnxPredictor(
        onnx_model, model.curve, bundle_id="", horizon_bars=bars, marker="", heads=heads
    )
    picks = np.linspace(0, len(study.rows.bar) - 1, GOLDEN_ROWS).astype(np.int64)
    rows = study.rows.features[picks].astype(np.float64)
    rows[-1, 0] = np.nan
    values = tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in rows)
    predictions = predictor.predict(rows)
    return Golden(values, tuple(tuple(row) for row in predictions.tolist()))


def _manifest(options: argparse.Namespace, study: Study, ran: Ran) -> Manifest:
    table, config = study.table, study.config
    model, walk, after = ran.model, ran.walk, ran.after
    last = studies.final_fold(study)
    fit_config = msgspec.structs.asdict(config.fit)
    return Manifest(
        format_version=FORMAT_VERSION,
        name=options.name or Path(options.out).resolve().name,
        marker=SYNTHETIC_MARKER if options.synthetic_only else "",
        licence="Apache-2.0",
        files=(),
        features=Schema(
            FEATURE_SCHEMA_HASH, FEATURE_NAMES, study.ignored, table.step_ns, WARM_UP_BARS
        ),
        label=Label(config.horizon_bars, config.costs, P_UP_MEANING, MOVE_MEANING),
        calibration=model.curve,
        data=Data(
            hash=study.data_hash,
            licence=options.data_licence,
            feed=options.feed,
            sources=_sources(table),
            fit_until_ns=int(table.close_ts_ns[last.calibrate[0] - 1]),
            calibrated_until_ns=int(table.close_ts_ns[last.test[0] - 1]),
        ),
        training=Training(
            producer=PRODUCER,
            config=fit_config,
            config_hash=hashlib.sha256(canonical(config)).hexdigest(),
            seed=study.seed,
            libraries={name: version(name) for name in ("lightgbm", "numpy", "onnx")},
            trees=model.booster.num_trees(),
            leaves_max=config.fit.leaves,
        ),
        metrics={"walk_forward": walk.metrics, "out_of_sample": after.metrics},
        gate=studies.verdict(walk, after),
        regimes=fitted_cuts(study.rows.between(last.fit).features),
        folds=walk.folds,
    )


def _sources(table: Table) -> tuple[SourceEntry, ...]:
    return tuple(SourceEntry(**msgspec.structs.asdict(source)) for source in table.sources)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=PRODUCER, description="Train a baseline bundle.")
    parser.add_argument("--candles", nargs="+", required=True, help="Kraken candle files")
    parser.add_argument("--until", required=True, help="last UTC day of training, YYYY-MM-DD")
    parser.add_argument("--out", required=True, help="folder of the bundle")
    parser.add_argument("--name", default="", help="name of the bundle (the folder's by default)")
    parser.add_argument("--horizon", type=int, default=24, help="bars until the exit")
    parser.add_argument("--fee-bps", type=float, default=40.0, help="taker fee of one side")
    parser.add_argument("--half-spread-bps", type=float, default=2.0, help="of one side")
    parser.add_argument("--data-licence", default="not stated", help="licence of the candles")
    parser.add_argument("--feed", default="kraken-candles", help="feed that the candles came from")
    parser.add_argument("--synthetic-only", action="store_true", help="mark it as not for markets")
    parser.add_argument("--heads", action="store_true", help="answer models.heads too (format 4)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    if options.synthetic_only and options.feed == "kraken-candles":
        parser.error("--synthetic-only needs --feed NAME")
    return options


if __name__ == "__main__":
    sys.exit(main())
