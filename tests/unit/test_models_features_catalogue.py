"""The catalogue, the grid and the portable logarithm, one stated fact a test."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from models.features.catalogue import (
    FEATURE_NAMES,
    FEATURE_SCHEMA_HASH,
    FEATURES,
    RETURN_BOUND,
    WARM_UP_BARS,
    WINDOWS_BARS,
    feature_schema_hash,
    valid_bars_min,
)
from models.features.grid import (
    GridRefused,
    exact_square_sum,
    exact_sum,
    gridded,
    gridded_products,
    gridded_returns,
)
from models.features.portable import LN_ERROR_MAX, ln
from models.features.streaming import new_state, update

FloatArray = npt.NDArray[np.float64]

HOUR_NS = 3_600_000_000_000
FEATURES_DIR = Path(__file__).resolve().parents[2] / "models" / "features"


def column(name: str) -> int:
    return FEATURE_NAMES.index(name)


def last_row(closes: list[float], start: int = 0) -> FloatArray:
    """Features of the only symbol after flat bars at these closes (NaN = missing)."""
    state = new_state(1)
    rows: list[FloatArray] = [
        update(state, (start + i) * HOUR_NS, flat_bar(c))[0] for i, c in enumerate(closes)
    ]
    return rows[-1]


def flat_bar(close: float, n: int = 1, volume: float = 1.0) -> FloatArray:
    return np.tile([close, close, close, close, volume], (n, 1))


def test_the_schema_hash_is_pinned_so_that_a_change_of_formula_is_deliberate() -> None:
    assert feature_schema_hash(FEATURES) == FEATURE_SCHEMA_HASH
    assert FEATURE_SCHEMA_HASH.startswith("d2f62a593eb4")


@pytest.mark.parametrize("change", [{"name": "x"}, {"formula": "x.2"}, {"windows_bars": (5,)}])
def test_any_change_of_a_feature_changes_the_schema_hash(change: dict[str, object]) -> None:
    changed = msgspec.structs.replace(FEATURES[0], **change)
    assert feature_schema_hash((changed, *FEATURES[1:])) != FEATURE_SCHEMA_HASH


def test_the_order_of_features_is_part_of_the_schema() -> None:
    assert feature_schema_hash(tuple(reversed(FEATURES))) != FEATURE_SCHEMA_HASH


def test_names_are_unique() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 34


@pytest.mark.parametrize(("window", "need"), [(4, 3), (12, 9), (24, 18), (72, 54), (168, 126)])
def test_a_window_needs_three_quarters_of_its_bars(window: int, need: int) -> None:
    assert valid_bars_min(window) == need


def test_each_window_is_warm_one_bar_after_its_length() -> None:
    state = new_state(1)
    row: FloatArray = np.empty(0)
    first: dict[int, int] = {}
    for bar in range(1, WARM_UP_BARS + 1):
        row = update(state, bar * HOUR_NS, flat_bar(100.0 + bar % 3))[0]
        for window in WINDOWS_BARS:
            if not math.isnan(row[column(f"momentum_{window}")]):
                first.setdefault(window, bar)
    assert first == {w: w + 1 for w in WINDOWS_BARS}
    assert not np.isnan(row).any()


def test_a_missing_bar_gives_a_row_of_nan_and_its_neighbour_is_untouched() -> None:
    state = new_state(2)
    for bar in range(200):
        update(state, bar * HOUR_NS, flat_bar(100.0 + bar % 5, 2))
    bars = flat_bar(101.0, 2)
    bars[0] = np.nan
    rows = update(state, 200 * HOUR_NS, bars)
    assert np.isnan(rows[0]).all()
    assert not np.isnan(rows[1]).any()


def test_a_window_under_three_quarters_valid_is_nan_while_longer_ones_stay() -> None:
    closes = [100.0 + bar % 7 for bar in range(300)]
    closes[297:299] = [math.nan, math.nan]
    row = last_row(closes)
    assert math.isnan(row[column("momentum_4")])
    assert not math.isnan(row[column("momentum_24")])
    assert not math.isnan(row[column("momentum_168")])


def test_known_answers_of_a_steady_rise() -> None:
    state, rows = new_state(1), []
    for bar in range(WARM_UP_BARS):
        low, high = 100.0 * 1.01**bar, 100.0 * 1.01 ** (bar + 1)
        rows.append(update(state, bar * HOUR_NS, np.array([[low, high, low, high, 3.0]]))[0])
    row = rows[-1]
    assert row[column("momentum_24")] == pytest.approx(0.24, abs=1e-9)
    assert row[column("efficiency_168")] == 1.0
    assert row[column("up_share_12")] == 1.0
    assert row[column("range_position_24")] == 0.0
    assert row[column("breadth_24")] == 1.0
    assert row[column("volatility_72")] < 1e-6
    assert row[column("volume_z_24")] == 0.0


@pytest.mark.parametrize(
    ("ts_hours", "hour", "weekday"), [(0, 0, 3), (23, 23, 3), (24, 0, 4), (24 * 4 + 5, 5, 0)]
)
def test_hour_and_weekday_are_utc_with_monday_zero(ts_hours: int, hour: int, weekday: int) -> None:
    row = update(new_state(1), ts_hours * HOUR_NS, flat_bar(1.0))[0]
    assert (row[column("hour")], row[column("weekday")]) == (hour, weekday)


def test_breadth_is_the_share_of_warm_symbols_that_rose() -> None:
    state, slices = new_state(4), []
    for bar in range(60):
        bars = np.concatenate([flat_bar(100.0 * 1.01**bar, 3), flat_bar(100.0 * 0.99**bar, 1)])
        slices.append(update(state, bar * HOUR_NS, bars))
    assert slices[-1][:, column("breadth_24")].tolist() == [0.75] * 4


def test_a_move_beyond_the_bound_is_a_fault_and_contributes_nothing() -> None:
    row = last_row([100.0] * 30 + [100.0 * (1 + RETURN_BOUND)] * 4)
    assert row[column("momentum_4")] == 0.0
    row = last_row([100.0] * 30 + [100.0 * (RETURN_BOUND + 0.99)] * 4)
    assert row[column("momentum_4")] == pytest.approx(0.74)


def test_the_state_of_thirty_symbols_is_small() -> None:
    state = new_state(30)
    arrays = [getattr(state, name) for name in state.__struct_fields__]
    assert sum(a.nbytes for a in arrays if isinstance(a, np.ndarray)) < 1_000_000


def test_the_feature_package_imports_numpy_msgspec_and_the_standard_library_only() -> None:
    library = {"__future__", "collections", "decimal", "enum", "functools", "hashlib", "json"}
    allowed = {*library, "numpy", "msgspec", "models"}
    for path in FEATURES_DIR.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            assert {name.split(".")[0] for name in names} <= allowed, path
            assert all(n.startswith("models.features") for n in names if n.startswith("models"))


def test_the_feature_path_calls_no_logarithm_or_exponential_of_numpy() -> None:
    for path in FEATURES_DIR.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                banned = {"log", "log1p", "log2", "exp", "expm1", "power", "dot", "einsum"}
                assert not (node.value.id == "np" and node.attr in banned), (path, node.attr)


def test_sums_on_the_grid_do_not_depend_on_the_order() -> None:
    rng = np.random.default_rng(3)
    returns = gridded(rng.uniform(-0.99, 0.99, 8000), 40)
    shuffled = rng.permutation(returns)
    assert exact_sum(returns) == exact_sum(shuffled) == math.fsum(returns)
    small = gridded(rng.uniform(-0.1, 0.1, 8000), 40)
    squares = gridded_products(small, small)
    assert exact_square_sum(squares) == math.fsum(rng.permutation(squares))


def test_returns_are_simple_and_land_on_the_grid() -> None:
    values = gridded_returns(np.array([101.0]), np.array([100.0]))
    assert values[0] == pytest.approx(0.01, abs=2**-40)
    assert (values[0] * 2**40).is_integer()


@pytest.mark.parametrize(
    "returns", [np.array([1.0]), np.array([-1.0]), np.array([np.nan]), np.zeros(8192)]
)
def test_a_return_of_one_and_a_window_of_8192_are_refused(returns: FloatArray) -> None:
    with pytest.raises(GridRefused):
        exact_sum(returns)


def test_a_sum_of_squares_that_reaches_two_to_the_seven_is_refused() -> None:
    assert exact_square_sum(np.full(127, 1.0)) == 127.0
    with pytest.raises(GridRefused):
        exact_square_sum(np.full(128, 1.0))


def test_the_portable_logarithm_keeps_its_stated_error() -> None:
    rng = np.random.default_rng(5)
    near_one = 1.0 + rng.uniform(-0.4, 0.4, 20_000)
    wide = 2.0 ** rng.uniform(-1021, 1023, 20_000)
    edges = np.array([1.0, 2.0**-1022, np.finfo(float).max, 0.5**0.5, 2.0**0.5, 1 + 2**-52])
    x = np.concatenate([near_one, wide, edges, np.nextafter(edges[:5], 1.0)])
    x = x[x >= 2.0**-1022]
    exact = np.array([math.log(v) for v in x])
    error = np.abs(ln(x) - exact) / np.maximum(1.0, np.abs(exact))
    assert error.max() <= LN_ERROR_MAX


def test_the_portable_logarithm_of_one_is_zero_and_of_a_scalar_equals_the_vector() -> None:
    x = np.array([1.0, 3.7, 1e-9, 2e12])
    assert float(ln(1.0)) == 0.0
    assert [float(ln(float(v))) for v in x] == ln(x).tolist()
    assert ln(x.reshape(2, 2)).shape == (2, 2)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf, 5e-324])
def test_the_portable_logarithm_refuses_what_has_none(bad: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        ln(bad)
