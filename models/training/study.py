"""A study: rows from a table, walk-forward folds, the shipped fit, and the evidence for both.

Everything a bundle claims is computed here, from one seed that follows from data and configuration.
Not here: files, words, progress bars.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from models.bundle.manifest import Check, Verdict, canonical
from models.datasets import Table
from models.features.catalogue import FEATURE_NAMES
from models.features.regimes import MICROS
from models.labels import Costs, forward_returns, rises
from models.training import economics, gate, metrics
from models.training.economics import Signal
from models.training.fit import FitConfig, Fitted, Rows, fit
from models.training.folds import Fold, final, walk_forward
from models.training.metrics import Scored
from models.walk_forward import WalkForwardFold

FloatArray = npt.NDArray[np.float64]

BREADTH_SYMBOLS_MIN = 5
"""Below this many symbols breadth only repeats a symbol's own momentum, so it is not shown."""
FIT_ROWS_MIN = 2000
"""Known labels that a fit needs."""
CALIBRATION_ROWS_MIN = 400
"""Known labels that a calibration needs."""


class StudyConfig(msgspec.Struct, frozen=True):
    """What is asked of the data."""

    horizon_bars: int
    costs: Costs
    fit: FitConfig


class Study(msgspec.Struct, frozen=True):
    """A table with its labels, ready to be cut."""

    table: Table
    config: StudyConfig
    rows: Rows
    ignored: tuple[str, ...]
    bars_until: int
    """Bars whose close lies at or before the end of training."""
    data_hash: str
    """Hex SHA-256 of the list of sources."""
    seed: int


class Outcome(msgspec.Struct, frozen=True):
    """Predictions of some folds beside what happened, judged, and each fold by itself."""

    metrics: dict[str, float | None]
    checks: tuple[Check, ...]
    folds: tuple[WalkForwardFold, ...]


def prepared(table: Table, config: StudyConfig, until_ns: int, data_hash: str) -> Study:
    """Features, labels and seed of a study.

    Raises ValueError when too few bars lie before or after `until_ns`.
    """
    features = table.features()
    ignored = tuple(n for n in FEATURE_NAMES if n.startswith("breadth_"))
    ignored = ignored if len(table.symbols) < BREADTH_SYMBOLS_MIN else ()
    for name in ignored:
        column = features[:, :, FEATURE_NAMES.index(name)]
        column[~np.isnan(column)] = 0.0
    forward = forward_returns(table.bars[:, :, 0], config.horizon_bars)
    known = ~np.isnan(features).any(axis=2) & ~np.isnan(forward)
    bar, symbol = np.nonzero(known)
    rows = Rows(
        bar=bar,
        symbol=symbol,
        features=features[known].astype(np.float32),
        rose=rises(forward)[known],
        forward=forward[known],
    )
    bars_until = table.rows_before(until_ns)
    reach = 4 * (config.horizon_bars + 1)
    if bars_until < 20 * reach or len(table.open_ts_ns) - bars_until < reach:
        raise ValueError("too few bars before or after the end of training; choose another --until")
    text = data_hash.encode() + canonical(config)
    seed = int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1
    return Study(table, config, rows, ignored, bars_until, data_hash, seed)


def folds(study: Study) -> tuple[Fold, ...]:
    """Walk-forward folds before the end of training that hold enough known labels.

    Years with most bars missing give none. Raises ValueError when no fold is left.
    """
    every = walk_forward(study.bars_until, study.config.horizon_bars)
    found = tuple(cut for cut in every if _fittable(study, cut))
    if not found or not _fittable(study, final_fold(study)):
        raise ValueError("too few labels with all features known; give longer candles")
    return found


def _fittable(study: Study, cut: Fold) -> bool:
    for span, least in ((cut.fit, FIT_ROWS_MIN), (cut.calibrate, CALIBRATION_ROWS_MIN)):
        rose = study.rows.between(span).rose
        if rose.size < least or not 0.0 < float(rose.mean()) < 1.0:
            return False
    return True


def final_fold(study: Study) -> Fold:
    """The shipped fit's cuts; its test range is everything after the end of training."""
    bars, horizon = len(study.table.open_ts_ns), study.config.horizon_bars
    return final(study.bars_until, bars, horizon)


def fitted(study: Study, cut: Fold) -> Fitted:
    """The model of one fold."""
    config, rows = study.config, study.rows
    return fit(
        rows.between(cut.fit),
        rows.between(cut.calibrate),
        config.fit,
        seed=study.seed,
        horizon=config.horizon_bars,
    )


def judged(study: Study, pairs: Iterable[tuple[Fold, Fitted]], fold_bars: int) -> Outcome:
    """Metrics and checks over the test ranges of consecutive folds.

    fold_bars: length of the parts of which most must beat the base rate.
    """
    scores = list(_scores(study, pairs))
    rows = [each.rows for each in scores]
    p = np.concatenate([each.p for each in scores])
    move = np.concatenate([each.move for each in scores])
    bar = np.concatenate([r.bar for r in rows])
    symbol = np.concatenate([r.symbol for r in rows])
    base = np.concatenate([each.base for each in scores])
    rose = np.concatenate([r.rose for r in rows])
    start = int(bar[0])
    scored = Scored(bar, p, rose, base, (bar - start) // fold_bars)
    shape = study.table.bars.shape[:2]
    grid_p, grid_move = np.full(shape, np.nan), np.full(shape, np.nan)
    grid_p[bar, symbol], grid_move[bar, symbol] = p, move
    end = int(bar[-1]) + study.config.horizon_bars + 2
    told = tuple(_fold(study, number, each) for number, each in enumerate(scores, 1))
    return _evidence(study, scored, Signal(grid_p, grid_move, start, end), told)


class _Score(msgspec.Struct, frozen=True):
    """What one fold's model said of its test range; `base` is its base rate, a row each."""

    cut: Fold
    rows: Rows
    p: FloatArray
    move: FloatArray
    base: FloatArray


def _scores(study: Study, pairs: Iterable[tuple[Fold, Fitted]]) -> Iterator[_Score]:
    for cut, model in pairs:
        rows = study.rows.between(cut.test)
        if len(rows.bar):
            p, move = model.probabilities(rows)
            yield _Score(cut, rows, p, move, np.full(len(rows.bar), model.base_rate))


def _fold(study: Study, number: int, score: _Score) -> WalkForwardFold:
    """The fold as the bundle states it."""
    table, rose = study.table, score.rows.rose
    cuts = (score.cut.fit, score.cut.calibrate, score.cut.test)
    fit, calibrate, test = (
        (int(table.open_ts_ns[first]), int(table.close_ts_ns[after - 1])) for first, after in cuts
    )
    figures = (
        float(metrics.losses(score.p, rose).mean()),
        float(metrics.losses(score.base, rose).mean()),
        metrics.accuracy(score.p, rose),
    )
    loss, base, accuracy = (round(figure * MICROS) for figure in figures)
    return WalkForwardFold(number, *fit, *calibrate, *test, len(rose), loss, base, accuracy)


def _evidence(
    study: Study, scored: Scored, signal: Signal, told: tuple[WalkForwardFold, ...]
) -> Outcome:
    config, opens = study.config, study.table.bars[:, :, 0]
    trades = economics.simulate(opens, signal, config.costs, config.horizon_bars)
    months = study.table.open_ts_ns[trades.exit].astype("datetime64[ns]").astype("datetime64[M]")
    taken = signal.p[trades.entry - 1, trades.symbol]
    case = gate.Case(
        scored=scored,
        trades=trades,
        month=months.astype(np.int64),
        mean_p=float(taken.mean()) if taken.size else float("nan"),
        symbols=opens.shape[1],
        costs=config.costs,
        horizon_bars=config.horizon_bars,
        seed=study.seed,
    )
    numbers = metrics.summary(scored, config.horizon_bars)
    numbers |= economics.summary(opens, signal, config.costs, trades)
    numbers["mean_p_of_trades"] = metrics.tidy(case.mean_p)
    return Outcome(numbers, gate.judge(case, gate.Limits()), told)


def verdict(walk_forward_outcome: Outcome, out_of_sample: Outcome) -> Verdict:
    """APPROVED when every check of both passed."""
    checks = (*walk_forward_outcome.checks, *out_of_sample.checks)
    status = "APPROVED" if all(check.passed for check in checks) else "REFUSED"
    return Verdict(status, walk_forward_outcome.checks, out_of_sample.checks)
