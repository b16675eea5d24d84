"""The curves of a bundle: P(up) and the expected move, each fitted by itself over the margin.

Shape comes from the calibration's rows. P(up): rates of twenty equal parts, pooled until they rise,
where a thousand independent labels stand behind them, else a line in the logit. Move: a line. Each
slope shrinks by what its own standard error says and is never negative. Level comes from every
label known by then, because months of one trend say little about the next ones.
Source: Platt 1999; pooled adjacent violators, Ayer 1955; shrinkage, James and Stein 1961.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from models.calibration import MICROS, Curve

FloatArray = npt.NDArray[np.float64]

KNOTS = 20
INDEPENDENT_MIN = 1000
"""Independent labels (one a horizon) from which on parts speak for themselves."""
Z_90 = 1.645
STEP_MAX = 4.0
"""Most that one step of Newton's method may move any logit."""


class Level(msgspec.Struct, frozen=True):
    """What every label known at the end of the calibration says without a model."""

    rise_rate: float
    """Share of labels whose price was higher at the exit."""
    mean_move: float
    """Mean gross return."""


class Line(msgspec.Struct, frozen=True):
    """y = slope * x + intercept, and the covariance of the two, were every label independent."""

    slope: float
    intercept: float
    slope_variance: float
    covariance: float
    intercept_variance: float

    def variance(self, x: float) -> float:
        """Variance of y at x (delta method)."""
        cross = 2.0 * x * self.covariance
        return x * x * self.slope_variance + cross + self.intercept_variance

    def shrunk_slope(self, horizon_bars: int) -> float:
        """The slope, less what chance would give it; zero where it is not above its error."""
        error = horizon_bars * self.slope_variance
        if self.slope <= 0.0 or error >= self.slope * self.slope:
            return 0.0
        return self.slope * (1.0 - error / (self.slope * self.slope))


def fitted_curve(
    margins: FloatArray, forward: FloatArray, level: Level, horizon_bars: int
) -> Curve:
    """The curves of these margins [m] and gross forward returns [m]."""
    parts = _parts(margins)
    centres = np.array([_centre(margins[part]) for part in parts])
    rose = (forward > 0.0).astype(np.float64)
    if margins.size >= INDEPENDENT_MIN * horizon_bars:
        logits, spread = _rates(rose, parts, horizon_bars)
    else:
        logits, spread = _logit_line(margins, rose, centres, horizon_bars)
    p = _sigmoid(logits + _logit(level.rise_rate) - _logit(_rate(rose)))
    slope = _move_slope(margins, forward, horizon_bars)
    moves = level.mean_move + slope * (centres - float(margins.mean()))
    width = np.minimum(1.0, Z_90 * p * (1.0 - p) * spread)
    knots = {centre: row for centre, *row in zip(centres.tolist(), p, moves, width, strict=True)}
    columns = (
        tuple(round(float(v) * MICROS) for v in c) for c in zip(*knots.values(), strict=True)
    )
    p_column, move_column, spread_column = columns
    return Curve(tuple(knots), p_column, move_column, spread_column)


def _parts(margins: FloatArray) -> list[npt.NDArray[np.int64]]:
    """Rows of twenty equal parts by rising margin; parts of one same margin are one part."""
    order = np.argsort(margins, kind="stable")
    parts: list[npt.NDArray[np.int64]] = []
    for part in np.array_split(order, KNOTS):
        if parts and part.size and margins[parts[-1][0]] == margins[part[-1]]:
            parts[-1] = np.concatenate([parts[-1], part])
        elif part.size:
            parts.append(part)
    return parts


def _centre(margins: FloatArray) -> float:
    """Their mean, which rounding must not carry beyond them."""
    return float(np.clip(margins.mean(), margins.min(), margins.max()))


def _rates(
    rose: FloatArray, parts: list[npt.NDArray[np.int64]], horizon_bars: int
) -> tuple[FloatArray, FloatArray]:
    """Logits of the parts' pooled rates, and the standard deviation of each logit."""
    rates = _pooled(np.array([_rate(rose[part]) for part in parts]), parts)
    sizes = np.array([part.size for part in parts])
    return np.log(rates / (1.0 - rates)), np.sqrt(horizon_bars / (sizes * rates * (1.0 - rates)))


def _logit_line(
    margins: FloatArray, rose: FloatArray, centres: FloatArray, horizon_bars: int
) -> tuple[FloatArray, FloatArray]:
    """Logits on the shrunken line, and the standard deviation of each."""
    line = platt(margins, rose)
    slope = line.shrunk_slope(horizon_bars)
    spread = np.sqrt([horizon_bars * line.variance(centre) for centre in centres.tolist()])
    return _logit(_rate(rose)) + slope * (centres - float(margins.mean())), spread


def _move_slope(margins: FloatArray, forward: FloatArray, horizon_bars: int) -> float:
    """Slope of the least-squares line of returns over margins, shrunken."""
    x, y = margins - margins.mean(), forward - forward.mean()
    squares = float((x * x).sum())
    if squares == 0.0:
        return 0.0
    slope = float((x * y).sum()) / squares
    error = float(((y - slope * x) ** 2).mean()) / squares
    return Line(slope, 0.0, error, 0.0, 0.0).shrunk_slope(horizon_bars)


def _pooled(values: FloatArray, parts: list[npt.NDArray[np.int64]]) -> FloatArray:
    """The nearest values that never fall: neighbours in the wrong order share their mean."""
    blocks: list[tuple[float, int, int]] = []
    for value, part in zip(values.tolist(), parts, strict=True):
        blocks.append((value, part.size, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (low, low_rows, low_parts), (high, rows, count) = blocks[-2:]
            mean = (low * low_rows + high * rows) / (low_rows + rows)
            blocks[-2:] = [(mean, low_rows + rows, low_parts + count)]
    return np.repeat([value for value, _, _ in blocks], [count for _, _, count in blocks])


def _rate(rose: FloatArray) -> float:
    """Share of rises, kept away from certainty by one label of each kind (Laplace)."""
    return (float(rose.sum()) + 1.0) / (rose.size + 2.0)


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


def _sigmoid(logits: FloatArray) -> FloatArray:
    result: FloatArray = 1.0 / (1.0 + np.exp(-logits))
    return result


def platt(margins: FloatArray, rose: FloatArray) -> Line:
    """The most likely line of the logit, by Newton's method on Platt's targets."""
    yes = float(rose.sum())
    no = rose.size - yes
    target = np.where(rose > 0.0, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    line = Line(1.0, 0.0, 0.0, 0.0, 0.0)
    for _ in range(50):
        line, change = _newton(line, margins, target)
        if change < 1e-10:
            break
    return line


def _newton(line: Line, margins: FloatArray, target: FloatArray) -> tuple[Line, float]:
    """One step of Newton's method on the log-loss, and how far it moved."""
    p = _sigmoid(line.slope * margins + line.intercept)
    error, weight = p - target, np.maximum(p * (1.0 - p), 1e-12)
    g_slope, g_intercept = float((error * margins).sum()), float(error.sum())
    h_ss = float((weight * margins * margins).sum()) + 1e-9
    h_si, h_ii = float((weight * margins).sum()), float(weight.sum()) + 1e-9
    determinant = h_ss * h_ii - h_si * h_si
    step_slope = (h_ii * g_slope - h_si * g_intercept) / determinant
    step_intercept = (h_ss * g_intercept - h_si * g_slope) / determinant
    # On margins that part rises from falls a whole step may shoot past the answer and beyond.
    reach = abs(step_slope) * float(np.abs(margins).max()) + abs(step_intercept)
    part = min(1.0, STEP_MAX / reach) if reach > 0.0 else 0.0
    moved = Line(
        line.slope - part * step_slope,
        line.intercept - part * step_intercept,
        h_ii / determinant,
        -h_si / determinant,
        h_ss / determinant,
    )
    return moved, abs(step_slope) + abs(step_intercept)
