"""Batch, streaming, restart and another CPU give the same bits; no future in the past."""

from __future__ import annotations

import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features import batch
from models.features.catalogue import FEATURE_NAMES
from models.features.streaming import FeatureState, copied, new_state, update
from models.features.workspace import borrowed, give_back

FloatArray = npt.NDArray[np.float64]
HOUR_NS = 3_600_000_000_000
ROOT = Path(__file__).resolve().parents[2]


def random_bars(seed: int, length: int, n: int, gap_share: float) -> FloatArray:
    """Random candles with single gaps, long outages, flat spells, jumps and absurd values."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.01, (length, n))
    steps[rng.random((length, n)) < 0.3] = 0.0
    steps[rng.random((length, n)) < 0.002] = 0.7
    steps[rng.random((length, n)) < 0.002] = -1.6
    close = 100.0 ** rng.uniform(-2, 2, n) * np.exp(np.cumsum(steps, axis=0))
    opens = np.vstack([close[:1], close[:-1]])
    high = np.maximum(opens, close) * (1 + rng.exponential(0.002, (length, n)))
    low = np.minimum(opens, close) / (1 + rng.exponential(0.002, (length, n)))
    volume = rng.lognormal(0, 4, (length, n)) * (rng.random((length, n)) > 0.05)
    bars = np.stack([opens, high, low, close, volume], axis=-1)
    bars[rng.random((length, n)) < gap_share] = np.nan
    start = int(rng.integers(0, length))
    bars[start : start + int(rng.integers(1, 200)), rng.integers(0, n)] = np.nan
    for bad in (np.inf, -1.0, 0.0, 1e300):
        bars[rng.integers(0, length), rng.integers(0, n), rng.integers(0, 4)] = bad
    return bars


def times(length: int) -> npt.NDArray[np.int64]:
    return np.arange(1, length + 1, dtype=np.int64) * HOUR_NS + 17_000 * 24 * HOUR_NS


def stream(state: FeatureState, bars: FloatArray, ts: npt.NDArray[np.int64]) -> FloatArray:
    return np.stack([update(state, int(t), row) for t, row in zip(ts, bars, strict=True)])


def same_bits(left: FloatArray, right: FloatArray) -> bool:
    return bool(np.array_equal(left.view(np.int64), right.view(np.int64)))


def assert_same(left: FloatArray, right: FloatArray) -> None:
    """Equal bits everywhere; every NaN counts as one NaN."""
    assert np.array_equal(np.isnan(left), np.isnan(right)), "NaN in different places"
    if not same_bits(np.nan_to_num(left, nan=9.0), np.nan_to_num(right, nan=9.0)):
        where = np.argwhere(np.nan_to_num(left) != np.nan_to_num(right))
        names = sorted({FEATURE_NAMES[i] for i in where[:, -1]})
        raise AssertionError(f"{len(where)} values differ, in {names}; first at {where[:1]}")


seeds = st.integers(0, 2**32)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, n=st.sampled_from([1, 3, 8]), gap_share=st.sampled_from([0, 0.02, 0.2, 0.5]))
def test_streaming_equals_batch_bit_for_bit(seed: int, n: int, gap_share: float) -> None:
    bars, ts = random_bars(seed, 600, n, gap_share), times(600)
    assert_same(stream(new_state(n), bars, ts), batch.features(ts, bars))


@settings(max_examples=8, deadline=None)
@given(seed=seeds, cut=st.integers(1, 399))
def test_a_restart_from_a_copy_changes_nothing(seed: int, cut: int) -> None:
    bars, ts = random_bars(seed, 400, 3, 0.05), times(400)
    state = new_state(3)
    stream(state, bars[:cut], ts[:cut])
    restored = copied(state)
    expected = stream(state, bars[cut:], ts[cut:])
    assert_same(stream(restored, bars[cut:], ts[cut:]), expected)


@settings(max_examples=8, deadline=None)
@given(seed=seeds, gap_share=st.sampled_from([0, 0.2]))
def test_nothing_of_an_update_stays_in_the_workspace(seed: int, gap_share: float) -> None:
    bars, ts = random_bars(seed, 300, 3, gap_share), times(300)
    expected = stream(new_state(3), bars, ts)
    state, found = new_state(3), []
    for close_ts, row in zip(ts, bars, strict=True):
        work = borrowed(3)
        constants = (work.signs, work.needed, work.floors, work.grid_up, work.grid_down)
        for each in vars(work).values():
            if isinstance(each, np.ndarray) and not any(each is one for one in constants):
                each.view(np.uint64)[...] = np.uint64(0x7FF8_DEAD_BEEF_0001)
        give_back(work)
        found.append(update(state, int(close_ts), row))
    assert_same(np.stack(found), expected)


def test_two_borrowers_never_have_the_same_workspace() -> None:
    first, second = borrowed(7), borrowed(7)
    assert first is not second
    give_back(first)
    assert borrowed(7) is first
    assert borrowed(7) is not second


@settings(max_examples=8, deadline=None)
@given(seed=seeds, order=st.permutations(range(5)))
def test_the_order_of_symbols_only_permutes_rows(seed: int, order: list[int]) -> None:
    bars, ts = random_bars(seed, 300, 5, 0.1), times(300)
    straight = stream(new_state(5), bars, ts)
    assert_same(stream(new_state(5), np.ascontiguousarray(bars[:, order]), ts), straight[:, order])


@settings(max_examples=8, deadline=None)
@given(seed=seeds, cut=st.integers(1, 499))
def test_the_future_does_not_change_the_past(seed: int, cut: int) -> None:
    bars, ts = random_bars(seed, 500, 2, 0.1), times(500)
    other = bars.copy()
    other[cut:] = random_bars(seed + 1, 500, 2, 0.1)[cut:]
    assert_same(batch.features(ts, other)[:cut], batch.features(ts, bars)[:cut])
    assert_same(batch.features(ts[:cut], bars[:cut]), batch.features(ts, bars)[:cut])


@settings(max_examples=8, deadline=None)
@given(seed=seeds, start=st.integers(0, 200))
def test_after_the_warm_up_no_older_bar_matters(seed: int, start: int) -> None:
    bars, ts = random_bars(seed, 500, 2, 0.1), times(500)
    late = stream(new_state(2), bars[start:], ts[start:])
    whole = stream(new_state(2), bars, ts)[start:]
    assert_same(late[168:], whole[168:])


SCRIPT = """
import hashlib, numpy as np, sys
sys.path.insert(0, {root!r})
from models.features import batch
from models.features.portable import ln
from models.features.streaming import new_state, update
raw = np.random.Philox(key=7).random_raw(400 * 3 * 5).astype(np.float64) / 2.0**64
raw = raw.reshape(400, 3, 5)
close = 50.0 + 10.0 * np.cumsum(raw[..., 0] - 0.5, axis=0)
bars = np.stack([close, close + raw[..., 1], close - raw[..., 2], close, raw[..., 3] * 99], -1)
bars[raw[..., 4] < 0.05] = np.nan
ts = np.arange(400) * 3_600_000_000_000
state = new_state(3)
out = np.stack([update(state, int(t), b) for t, b in zip(ts, bars)])
again = batch.features(ts, bars)
numbers = (out, again, ln(raw.ravel() * 1e6 + 1e-3))
digest = hashlib.sha256(b"".join(np.nan_to_num(a, nan=9.0).tobytes() for a in numbers))
print(digest.hexdigest())
"""


def dispatched_features() -> list[str]:
    """Names of the CPU features that this numpy dispatches to at run time and this CPU has."""
    umath = importlib.import_module("numpy._core._multiarray_umath")
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]


@pytest.mark.timeout(60)
def test_bits_do_not_depend_on_the_instruction_set() -> None:
    names = dispatched_features()
    if not names:
        pytest.skip("this numpy dispatches to nothing that this CPU has")
    digests = set()
    for disabled in ("", " ".join(names)):
        environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": disabled}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT.format(root=str(ROOT))],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1
    assert hashlib.sha256().digest_size * 2 + 1 == len(digests.pop())
