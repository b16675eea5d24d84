"""Fitting the heads: other leaf values for the trees of a fit, a curve each, and their worth.

The trees are those of the bundle's own horizon; only their leaf values are fitted anew, on the same
rows, by the same rate. Trees of its own would serve a question better, and cost five walks more at
every bar (docs/adr/0050). Every head is purged by its own reach. Not here: what is asked
(models.heads), or a gate: nothing is promoted by a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from models.calibration import MICROS
from models.features.catalogue import FEATURE_NAMES
from models.heads import QUESTIONS, REBOUND, RISE, Head, HeadCurve, Question
from models.labels import daily_sigma, falls, forward_returns, rebounds, rises
from models.training import metrics
from models.training.curves import Level, fitted_curve
from models.training.fit import Fitted, Rows
from models.training.folds import Fold
from models.training.metrics import Scored
from models.training.study import Study

FloatArray = npt.NDArray[np.float64]
_VOLATILITY = FEATURE_NAMES.index("volatility_24")


class FittedHead(msgspec.Struct, frozen=True):
    """Trees with the leaf values of one question, its curve and its base rate."""

    booster: Any
    curve: HeadCurve
    base_rate: float

    def margins(self, rows: Rows) -> FloatArray:
        """Raw scores [m] in float64, as LightGBM itself computes them."""
        raw = self.booster.predict(rows.features, raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64)

    def probabilities(self, rows: Rows) -> FloatArray:
        """The probability of a yes [m] as a fraction."""
        curve = self.curve
        return np.interp(self.margins(rows), np.array(curve.margin), curve.p_micros) / MICROS


def rows_of(study: Study, question: Question) -> Rows:
    """The study's rows with the answers to another question, where they are known.

    `forward` is the answer itself where the question has no move.
    """
    opens, rows = study.table.bars[:, :, 0], study.rows
    if question.meaning == RISE:
        forward = forward_returns(opens, question.bars)
        answers = rises(forward)
    else:
        sigma = np.full(opens.shape, np.nan)
        known = rows.features[:, _VOLATILITY].astype(np.float64)
        sigma[rows.bar, rows.symbol] = daily_sigma(known)
        ask = rebounds if question.meaning == REBOUND else falls
        forward = answers = ask(opens, sigma, question.bars)
    answer, move = answers[rows.bar, rows.symbol], forward[rows.bar, rows.symbol]
    told = ~np.isnan(answer)
    return Rows(rows.bar[told], rows.symbol[told], rows.features[told], answer[told], move[told])


def fitted_head(model: Fitted, question: Question, fitting: Rows, calibrating: Rows) -> FittedHead:
    """Leaf values from one range and a curve from a later one."""
    booster = model.booster.refit(fitting.features, fitting.rose, decay_rate=0.0)
    level = Level(
        float(np.concatenate([fitting.rose, calibrating.rose]).mean()),
        float(np.concatenate([fitting.forward, calibrating.forward]).mean()),
    )
    bare = FittedHead(booster, HeadCurve((0.0,), (0,)), level.rise_rate)
    curve = fitted_curve(bare.margins(calibrating), calibrating.forward, level, question.bars)
    moves = curve.expected_move_micros if question.move_column >= 0 else ()
    return FittedHead(booster, HeadCurve(curve.margin, curve.p_micros, moves), level.rise_rate)


def heads_of(
    study: Study,
    pairs: Sequence[tuple[Fold, Fitted]],
    last: tuple[Fold, Fitted],
) -> tuple[tuple[FittedHead, Head], ...]:
    """Every head of the shipped fit `last`, judged on the folds `pairs` and after training."""
    return tuple(_head(study, question, pairs, last) for question in QUESTIONS)


def _head(
    study: Study,
    question: Question,
    pairs: Sequence[tuple[Fold, Fitted]],
    last: tuple[Fold, Fitted],
) -> tuple[FittedHead, Head]:
    rows, reach = rows_of(study, question), study.config.horizon_bars
    scores, fit = [], None
    for cut, model in (*pairs, last):
        own = cut.reaching(question.bars, instead_of=reach)
        fit = fitted_head(model, question, rows.between(own.fit), rows.between(own.calibrate))
        scores.append(_scored(fit, rows.between(own.test)))
    assert fit is not None, "there is a shipped fit"
    *walk, after = scores
    told = {"walk_forward": _joined(walk), "out_of_sample": after}
    summaries = {name: metrics.summary(each, question.bars) for name, each in told.items()}
    return fit, Head(question.name, question.bars, question.meaning, fit.curve, summaries)


def _scored(fit: FittedHead, rows: Rows) -> Scored:
    p = fit.probabilities(rows)
    return Scored(rows.bar, p, rows.rose, np.full(p.size, fit.base_rate), np.zeros_like(rows.bar))


def _joined(scores: Sequence[Scored]) -> Scored:
    names = Scored.__struct_fields__
    return Scored(*(np.concatenate([getattr(each, name) for each in scores]) for name in names))
