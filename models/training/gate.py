"""The promotion gate's first three questions: skill, calibration, economics after costs.

Skill and calibration are those of P(up) against rises, before costs, as P(up) claims; money is
counted after costs. Every check is shown with its number and limit; all must pass, on walk-forward
folds and on the bars after training alike. Gates about many trials, champions and live shadowing
come with promotion. Source: docs/models.md.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from models.bundle.manifest import Check
from models.labels import Costs
from models.training import economics, metrics
from models.training.economics import Trades
from models.training.metrics import Scored, tidy

FloatArray = npt.NDArray[np.float64]
Z_90 = 1.645


class Limits(msgspec.Struct, frozen=True):
    """Thresholds of the gate."""

    p_value_max: float = 0.05
    auc_bound_min: float = 0.5
    better_folds_min: float = 0.6
    accuracy_min: tuple[tuple[int, float], ...] = ((1, 0.53), (4, 0.54), (24, 0.56))
    """Least directional accuracy up to so many bars of horizon; the last one holds beyond."""
    brier_skill_min: float = 0.005
    calibration_error_max: float = 0.04
    trades_min: int = 50
    profit_factor_min: float = 1.10
    drawdown_max: float = 0.18

    def accuracy_at(self, horizon_bars: int) -> float:
        """Least directional accuracy at a horizon."""
        fitting = (least for bars, least in self.accuracy_min if horizon_bars <= bars)
        return next(fitting, self.accuracy_min[-1][1])


class Case(msgspec.Struct, frozen=True):
    """What is judged."""

    scored: Scored
    trades: Trades
    month: npt.NDArray[np.int64]
    """[k] calendar month of each trade's exit."""
    mean_p: float
    """Mean P(up) of the trades that were taken."""
    symbols: int
    costs: Costs
    horizon_bars: int
    seed: int


def judge(case: Case, limits: Limits) -> tuple[Check, ...]:
    """All checks of G1 to G3 in order."""
    return (*_skill(case, limits), *_calibration(case, limits), *_economics(case, limits))


def _check(gate: str, name: str, value: float, limit: str, *, passed: bool) -> Check:
    return Check(gate, name, tidy(value), limit, passed=bool(passed) and not math.isnan(value))


def _skill(case: Case, limits: Limits) -> tuple[Check, ...]:
    scored, horizon = case.scored, case.horizon_bars
    p_value = metrics.gain_p_value(scored, horizon, case.seed)
    bound = metrics.auc_lower_bound(scored, horizon, case.seed)
    better = metrics.share_of_better_folds(scored)
    accuracy, least = metrics.accuracy(scored.p, scored.rose), limits.accuracy_at(horizon)
    brier = metrics.brier_skill(scored)
    return (
        _check("G1", "directional accuracy", accuracy, f">= {least}", passed=accuracy >= least),
        _check(
            "G1",
            "Brier skill over the base rate",
            brier,
            f">= {limits.brier_skill_min}",
            passed=brier >= limits.brier_skill_min,
        ),
        _check(
            "G1",
            "p of no gain in log-loss",
            p_value,
            f"<= {limits.p_value_max}",
            passed=p_value <= limits.p_value_max,
        ),
        _check(
            "G1",
            "AUC, 5 % bound",
            bound,
            f"> {limits.auc_bound_min}",
            passed=bound > limits.auc_bound_min,
        ),
        _check(
            "G1",
            "share of better folds",
            better,
            f">= {limits.better_folds_min}",
            passed=better >= limits.better_folds_min,
        ),
    )


def _calibration(case: Case, limits: Limits) -> tuple[Check, ...]:
    error = metrics.calibration_error(case.scored.p, case.scored.rose)
    gap, width, taken = math.nan, math.nan, case.trades.gross.size
    if taken:
        gap = abs(economics.rise_rate(case.trades) - case.mean_p)
        width = Z_90 * math.sqrt(case.mean_p * (1.0 - case.mean_p) / taken)
    return (
        _check(
            "G2",
            "calibration error",
            error,
            f"<= {limits.calibration_error_max}",
            passed=error <= limits.calibration_error_max,
        ),
        _check(
            "G2",
            "rises of trades off their P(up), in 90 % half-widths",
            gap / width if width else math.nan,
            "<= 1",
            passed=gap <= width,
        ),
    )


def _economics(case: Case, limits: Limits) -> tuple[Check, ...]:
    net = economics.net_returns(case.trades, case.costs)
    dear = economics.net_returns(case.trades, case.costs, 1.5)
    symbols, trades = case.symbols, case.trades
    bound = economics.mean_lower_bound(net, case.seed)
    factor = economics.profit_factor(net)
    fall = economics.drawdown(trades, net, symbols)
    at_dear = economics.total_return(trades, dear, symbols) if dear.size else math.nan
    months = np.unique(case.month)
    by_month = np.array([net[case.month == month].sum() for month in months])
    rest = float(by_month.sum() - by_month.max()) if by_month.size else math.nan
    rows = (
        ("independent trades", float(net.size), f">= {limits.trades_min}"),
        ("mean net return a trade, 10 % bound", bound, "> 0"),
        ("profit factor", factor, f">= {limits.profit_factor_min}"),
        ("drawdown at exits", fall if net.size else math.nan, f"<= {limits.drawdown_max}"),
        ("net return at 1.5 times the costs", at_dear, ">= 0"),
        ("sum of net returns without the best month", rest, ">= 0"),
    )
    passed = (
        net.size >= limits.trades_min,
        bound > 0.0,
        factor >= limits.profit_factor_min,
        fall <= limits.drawdown_max,
        at_dear >= 0.0,
        rest >= 0.0,
    )
    return tuple(
        _check("G3", name, value, limit, passed=ok)
        for (name, value, limit), ok in zip(rows, passed, strict=True)
    )
