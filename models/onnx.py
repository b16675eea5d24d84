"""Predictions from a bundle's tree ensemble through ONNX Runtime, one thread, in integers.

One session a bundle gives a margin; three lines over knots turn it into millionths, rounded half to
even. The model comes as bytes, never as a path. Not here: recorded predictions, and any decision.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from models.calibration import MISSING, Curve
from models.onnx_format import check_graph

FloatArray = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32] | npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

INPUT = "features"
OUTPUT = "margin"


class OnnxPredictor:
    """Probability, expected move and uncertainty of each symbol, from one checked model.

    bundle_id: hex SHA-256 of the bundle. horizon_bars: bars until the exit that the label assumes.
    marker: "" or "SYNTHETIC_ONLY".
    """

    def __init__(
        self, model: bytes, curve: Curve, *, bundle_id: str, horizon_bars: int, marker: str
    ) -> None:
        """Raises OnnxRefused when the model is not on the operator list."""
        check_graph(model)
        assert not curve.fault(), curve.fault()
        self.bundle_id = bundle_id
        self.horizon_bars = horizon_bars
        self.marker = marker
        self._margins, self._columns = curve.arrays()
        self._session = ort.InferenceSession(
            model, sess_options=_options(), providers=["CPUExecutionProvider"]
        )
        self._names = [OUTPUT]

    def margins(self, features: Features) -> npt.NDArray[np.float32]:
        """Raw margins [n] of features [n, F]; NaN follows each tree's missing direction."""
        result = self._session.run(self._names, {INPUT: features.astype(np.float32)})[0]
        return np.asarray(result, dtype=np.float32).reshape(-1)

    def predict(self, features: Features) -> IntArray:
        """Predictions int32 [n, 3] of features [n, F] in the catalogue's order.

        Columns, in millionths: P(up), the probability that the price at the open H bars after the
        next one is higher than at the next one, no cost taken off; expected gross return over those
        H bars (signed); half-width of the 90 % interval of P(up). Rounded half to even.
        A row with any NaN is MISSING in all three.
        """
        margins = self.margins(features)
        lines = np.empty((3, len(features)))
        for index, column in enumerate(self._columns):
            lines[index] = np.interp(margins, self._margins, column)
        total = np.add.reduce(features, axis=None)
        if np.isnan(total):  # somewhere there is a NaN: one sum tells for all rows
            unknown = np.isnan(np.add.reduce(features, axis=1))
            lines[:, unknown] = MISSING
        result: IntArray = np.rint(lines, out=lines).T.astype(np.int32, order="C")
        return result


def _options() -> ort.SessionOptions:
    """One thread and a fixed order: two threads change the last bits of a sum of trees."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
