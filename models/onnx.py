"""Predictions from a bundle's tree ensemble through ONNX Runtime, one thread, in integers.

One session a bundle gives a margin, and one more for each of its heads; lines over knots turn them
into millionths, rounded half to even. The model comes as bytes, never as a path. Not here: recorded
predictions, and any decision.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from models.calibration import MISSING, Curve
from models.heads import COLUMNS, Head, heads_fault
from models.onnx_format import OnnxRefused, check_graph

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32] | npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

INPUT = "features"
OUTPUT = "margin"


class OnnxPredictor:
    """Probability, expected move and uncertainty of each symbol, from one checked model.

    bundle_id: hex SHA-256 of the bundle. horizon_bars: bars until the exit that the label assumes.
    marker: "" or "SYNTHETIC_ONLY". heads: in the order of the model's outputs after the first.
    """

    def __init__(
        self,
        model: bytes,
        curve: Curve,
        *,
        bundle_id: str,
        horizon_bars: int,
        marker: str,
        heads: tuple[Head, ...] = (),
    ) -> None:
        """Raises OnnxRefused when the model is not on the operator list, or of other outputs."""
        check_graph(model)
        assert not curve.fault(), curve.fault()
        assert not heads or not heads_fault(heads), heads_fault(heads)
        self.bundle_id = bundle_id
        self.horizon_bars = horizon_bars
        self.marker = marker
        self._lines = Lines(curve)
        self._all_lines = AllLines(curve, heads) if heads else None
        self._session = ort.InferenceSession(
            model, sess_options=_options(), providers=["CPUExecutionProvider"]
        )
        self._outputs = 1 + len(heads)
        found = [output.shape for output in self._session.get_outputs()]
        if len(found) != 1 or found[0][1:] != [self._outputs]:
            raise OnnxRefused(f"the model's outputs are {found}, not {self._outputs} a row")
        self._bound: list[Bound] = []

    def margins(self, features: Features) -> npt.NDArray[np.float32]:
        """Raw margins of features [n, F], NaN following each tree's missing direction.

        [n, outputs]: the bundle's own, then one for each head.
        """
        bound = self._borrowed(features.shape)
        margins = bound.run(features).copy()
        self._bound = [bound]
        return margins

    def predict(self, features: Features) -> IntArray:
        """Predictions int32 [n, 3], or [n, 11] with heads, of [n, F] in the catalogue's order.

        Columns, in millionths: P(up), the probability that the price at the open H bars after the
        next one is higher than at the next one, no cost taken off; expected gross return over those
        H bars (signed); half-width of the 90 % interval of P(up); then what models.heads.QUESTIONS
        says, MISSING for those that the bundle does not answer. Rounded half to even.
        A row with any NaN, or without a margin, is MISSING in all of them.
        """
        bound = self._borrowed(features.shape)
        margins = bound.run(features)
        # One product tells that everything in and out is finite, for a third of what sums cost.
        finite = math.isfinite(bound.all.dot(bound.all))
        unknown = None
        if not finite:
            unknown = np.isnan(np.add.reduce(margins, axis=1))
            unknown |= np.isnan(np.add.reduce(features, axis=1))
        if self._all_lines is not None:
            rows = self._all_lines.at(margins, unknown)
        else:
            own = margins[:, 0]
            rows = self._lines.at(own if finite else self._lines.inside(own), bound.room)
        if unknown is not None:
            rows[:, unknown] = MISSING
        self._bound = [bound]
        result: IntArray = np.rint(rows, rows).T.astype(np.int32, order="C")
        return result

    def _borrowed(self, shape: tuple[int, ...]) -> Bound:
        """Memory bound to the session, from the last call where the shape is the same."""
        if self._bound and (bound := self._bound.pop()).features.shape == shape:
            return bound
        return Bound(self._session, shape, self._outputs)


class Bound:
    """Memory that the session reads and writes in place: handing arrays over costs 3 us a run."""

    def __init__(self, session: ort.InferenceSession, shape: tuple[int, ...], outputs: int) -> None:
        self._session = session
        n, width = shape
        self.all = np.empty(n * (width + outputs), dtype=np.float32)
        self.features = self.all[: n * width].reshape(shape)
        self._margins = self.all[n * width :].reshape(n, outputs)
        self.room = Room(n)
        self._binding = binding = session.io_binding()
        place = ("cpu", 0, np.float32)
        binding.bind_input(INPUT, *place, shape, self.features.ctypes.data)
        binding.bind_output(OUTPUT, *place, (n, outputs), self._margins.ctypes.data)

    def run(self, features: Features) -> npt.NDArray[np.float32]:
        """The margins [n, outputs]; the next run overwrites them."""
        self.features[:] = features
        self._session.run_with_iobinding(self._binding)
        return self._margins


class Room:
    """Where the lines at n margins are worked out, with its views made once."""

    def __init__(self, n: int) -> None:
        self.columns = np.empty((7, n))
        self.start, self.slopes, self.heights = self.columns[0], self.columns[1:4], self.columns[4:]


class Lines:
    """The curves as one table, a column between two knots: its left margin, slopes, heights.

    The same operations as in `np.interp`, so the same bits, for all three curves at once.
    """

    def __init__(self, curve: Curve) -> None:
        self._knots, columns = curve.arrays()
        heights = np.stack(columns)
        slopes = np.diff(heights, axis=1) / np.diff(self._knots)
        # Left of the first knot and right of the last the curves stay flat.
        slopes = np.pad(slopes, ((0, 0), (1, 1)))
        table = np.concatenate((self._knots[np.newaxis], heights))
        table = np.concatenate((table[:, :1], table), axis=1)
        self._table = np.concatenate((table[:1], slopes, table[1:]))

    def at(self, margins: npt.NDArray[np.floating], room: Room) -> FloatArray:
        """Heights of the curves [3, n] at finite margins [n]; flat outside the knots."""
        beyond = margins.astype(np.float64)
        self._table.take(self._knots.searchsorted(beyond, "right"), 1, room.columns, "clip")
        beyond -= room.start
        heights = np.multiply(room.slopes, beyond, room.slopes)
        heights += room.heights
        return heights

    def inside(self, margins: npt.NDArray[np.floating]) -> FloatArray:
        """Margins brought to the nearest knot where they lie outside all of them."""
        inside: FloatArray = np.clip(margins.astype(np.float64), self._knots[0], self._knots[-1])
        return inside


class AllLines:
    """The curves of a bundle with heads as one table: for each stretch between two knots its left
    margin, slope and height, the stretches of one line behind those of another.

    The same operations as in `Lines`, so the same bits.
    """

    def __init__(self, curve: Curve, heads: tuple[Head, ...]) -> None:
        knots, own = curve.arrays()
        self._knots = [knots, *(head.knots() for head in heads)]
        lines = [(0, column, heights) for column, heights in enumerate(own)]
        lines += [
            (place, column, np.array(heights, dtype=np.float64))
            for place, head in enumerate(heads, 1)
            for column, heights in head.lines
        ]
        self._of_output = np.array([place for place, _, _ in lines])
        columns = [column for _, column, _ in lines]
        self._columns = None if columns == list(range(COLUMNS)) else columns
        tables = [_stretches(self._knots[place], heights) for place, _, heights in lines]
        self._table = np.concatenate(tables, axis=1)
        self._first = np.cumsum([0, *(table.shape[1] for table in tables[:-1])])[:, np.newaxis]
        self._lowest = np.array([knots[0] for knots in self._knots])[:, np.newaxis]
        self._highest = np.array([knots[-1] for knots in self._knots])[:, np.newaxis]

    def at(
        self, margins: npt.NDArray[np.float32], unknown: npt.NDArray[np.bool_] | None
    ) -> FloatArray:
        """Heights [11, n] at margins [n, outputs], MISSING where no curve answers."""
        ours = margins.T.astype(np.float64)
        if unknown is not None:
            ours = np.clip(ours, self._lowest, self._highest)
        found = np.empty(ours.shape, dtype=np.intp)
        for place, knots in enumerate(self._knots):
            found[place] = knots.searchsorted(ours[place], "right")
        stretches = found.take(self._of_output, 0)
        stretches += self._first
        start, slope, height = self._table.take(stretches, 1)
        heights: FloatArray = ours.take(self._of_output, 0)
        heights -= start
        heights *= slope
        heights += height
        if self._columns is None:
            return heights
        rows = np.full((COLUMNS, len(margins)), float(MISSING))
        rows[self._columns] = heights
        return rows


def _stretches(knots: FloatArray, line: FloatArray) -> FloatArray:
    """[3, knots + 1] left margin, slope and height; flat left of the first knot and behind the
    last.
    """
    slopes = np.pad(np.diff(line) / np.diff(knots), (1, 1))
    return np.stack((np.r_[knots[0], knots], slopes, np.r_[line[0], line]))


def _options() -> ort.SessionOptions:
    """One thread and a fixed order: two threads change the last bits of a sum of trees."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
