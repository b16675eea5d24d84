"""Folds do not leak, metrics and money agree with hand-made cases, the gate says no to noise."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from models.bundle.load import load_bundle
from models.bundle.manifest import MANIFEST_FILE, heads_of
from models.features.catalogue import FEATURE_NAMES
from models.features.regimes import CUTS, cuts_fault, fitted_cuts, regimes
from models.heads import QUESTIONS
from models.labels import Costs
from models.training import baseline, economics, gate, metrics
from models.training.economics import Signal
from models.training.folds import final, walk_forward
from models.training.metrics import Scored

FloatArray = npt.NDArray[np.float64]
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "bundles"
NO_COSTS = Costs(0.0, 0.0)


@pytest.mark.parametrize("bars", [3000, 20_000, 50_000])
@pytest.mark.parametrize("horizon", [12, 24])
def test_no_label_of_a_range_reaches_into_the_next(bars: int, horizon: int) -> None:
    cuts = (*walk_forward(bars, horizon), final(bars, 2 * bars, horizon))
    assert len(cuts) >= 6
    for cut in cuts:
        for (start, end), (later, _) in ((cut.fit, cut.calibrate), (cut.calibrate, cut.test)):
            assert 0 <= start < end
            # The last decision of the range sells at bar end-1+1+H, before the next range begins.
            assert end + horizon < later


def test_walk_forward_tests_do_not_overlap_and_end_before_the_training_does() -> None:
    cuts = walk_forward(50_000, 24)
    for earlier, later in itertools.pairwise(cuts):
        assert earlier.test[1] <= later.test[0]
    assert cuts[-1].test[1] <= 50_000 - 25


@pytest.mark.parametrize("bars", [1, 4, 24])
def test_the_cuts_of_a_head_are_the_bundles_with_a_gap_of_its_own_reach(bars: int) -> None:
    for cut in (*walk_forward(20_000, 12), final(20_000, 40_000, 12)):
        own = cut.reaching(bars, instead_of=12)
        assert (own.fit[0], own.calibrate[0], own.test[0]) == (
            cut.fit[0],
            cut.calibrate[0],
            cut.test[0],
        )
        assert own.fit[1] + bars < own.calibrate[0]
        assert own.calibrate[1] + bars < own.test[0]


def scored(p: list[float], rose: list[float], base: float = 0.5) -> Scored:
    size = len(p)
    return Scored(
        np.arange(size), np.array(p), np.array(rose), np.full(size, base), np.zeros(size, int)
    )


@pytest.mark.parametrize(
    ("p", "rose", "area"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1.0),
        ([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5),
        ([0.3, 0.5, 0.5, 0.7], [0, 0, 1, 1], 0.875),
        ([0.3, 0.5], [1, 1], math.nan),
    ],
)
def test_auc_of_small_cases(p: list[float], rose: list[float], area: float) -> None:
    found = metrics.auc(np.array(p), np.array(rose, dtype=float))
    assert found == area or (math.isnan(found) and math.isnan(area))


def test_metrics_agree_with_an_independent_library() -> None:
    sklearn = pytest.importorskip("sklearn.metrics", reason="needs the train extra")
    rng = np.random.default_rng(1)
    p = rng.uniform(0.01, 0.99, 500).round(2)
    rose = (rng.random(500) < p).astype(float)
    found = metrics.summary(scored(list(p), list(rose)), horizon_bars=1)
    brier = sklearn.brier_score_loss(rose, p)
    assert found["auc"] == pytest.approx(sklearn.roc_auc_score(rose, p), abs=1e-6)
    assert found["log_loss"] == pytest.approx(sklearn.log_loss(rose, p), abs=1e-6)
    assert found["brier"] == pytest.approx(brier, abs=1e-6)
    assert found["brier_skill"] == pytest.approx(1.0 - brier / 0.25, abs=1e-5)
    assert found["accuracy"] == pytest.approx(((p >= 0.5) == (rose > 0)).mean(), abs=1e-6)


def test_noise_gains_nothing_and_knowledge_gains_surely() -> None:
    rng = np.random.default_rng(2)
    truth = (rng.random(4000) < 0.5).astype(float)
    noise = scored(list(np.clip(rng.normal(0.5, 0.1, 4000), 0.01, 0.99)), list(truth))
    known = scored(list(0.3 + 0.4 * truth), list(truth))
    assert metrics.gain_p_value(noise, 4, seed=1) > 0.5
    assert metrics.gain_p_value(known, 4, seed=1) == 0.0
    assert metrics.auc_lower_bound(noise, 4, seed=1) < 0.52
    assert metrics.share_of_better_folds(known) == 1.0


def signal(p: FloatArray, move: float = 1.0) -> Signal:
    return Signal(p, np.full(p.shape, move), 0, len(p))


def test_a_trade_enters_at_the_next_open_and_waits_for_an_exit_price() -> None:
    opens = np.array([[1.0], [2.0], [9.0], [np.nan], [4.0], [8.0], [16.0]])
    trades = economics.simulate(opens, signal(np.full((7, 1), 0.6)), NO_COSTS, 2)
    assert trades.entry.tolist() == [1]
    assert trades.exit.tolist() == [4]
    assert trades.gross.tolist() == [1.0]


@pytest.mark.parametrize(("p", "move", "taken"), [(0.5, 0.01, 1), (0.49, 0.01, 0), (0.6, 0.008, 0)])
def test_a_trade_needs_even_odds_and_a_move_beyond_its_costs(
    p: float, move: float, taken: int
) -> None:
    opens = np.ones((6, 1))
    trades = economics.simulate(opens, signal(np.full((6, 1), p), move), Costs(), 3)
    assert len(trades.entry) == taken


def test_purses_compound_apart_and_the_drawdown_is_of_their_sum() -> None:
    opens = np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 0.5], [2.0, 0.5], [2.0, 0.5]])
    trades = economics.simulate(opens, signal(np.full((5, 2), 0.9)), NO_COSTS, 1)
    net = economics.net_returns(trades, NO_COSTS)
    assert economics.total_return(trades, net, 2) == pytest.approx((2.0 + 0.5) / 2 - 1)
    assert economics.drawdown(trades, net, 2) == pytest.approx(0.5 / 3)
    assert economics.profit_factor(net) == pytest.approx(2.0)
    assert economics.hold_return(opens, NO_COSTS, 0, 5) == pytest.approx(0.25)


def case_of(judged: Scored, gross: FloatArray, mean_p: float) -> gate.Case:
    """Trades that exit one a month, beside predictions."""
    index = np.arange(gross.size)
    return gate.Case(
        scored=judged,
        trades=economics.Trades(index, index + 1, index * 0, gross),
        month=index,
        mean_p=mean_p,
        symbols=1,
        costs=Costs(),
        horizon_bars=3,
        seed=1,
    )


def test_the_gate_refuses_what_never_traded_and_shows_why() -> None:
    rng = np.random.default_rng(6)
    noise = scored(list(rng.uniform(0.4, 0.6, 900)), list((rng.random(900) < 0.5) * 1.0))
    case = case_of(noise, np.empty(0), math.nan)
    checks = {check.name: check for check in gate.judge(case, gate.Limits())}
    assert not checks["directional accuracy"].passed
    assert not checks["Brier skill over the base rate"].passed
    assert {check.gate for check in checks.values()} == {"G1", "G2", "G3"}
    assert not checks["independent trades"].passed
    assert not checks["drawdown at exits"].passed
    assert checks["profit factor"].value is None


def test_calibration_is_judged_before_costs_and_money_after_them() -> None:
    # Every trade rises by less than its round trip costs: P(up) is right, and all money is lost.
    rose = np.where(np.arange(100) % 5 < 4, 1.0, 0.0)
    thin = np.where(rose > 0.0, 0.004, -0.004)
    case = case_of(scored([0.8] * 100, list(rose)), thin, 0.8)
    checks = {check.name: check for check in gate.judge(case, gate.Limits())}
    assert checks["rises of trades off their P(up), in 90 % half-widths"].value == 0.0
    assert checks["calibration error"].passed
    assert checks["directional accuracy"].value == 0.8
    assert checks["Brier skill over the base rate"].value == pytest.approx(1.0 - 0.16 / 0.25)
    assert not checks["profit factor"].passed
    assert not checks["mean net return a trade, 10 % bound"].passed


@pytest.mark.parametrize(
    ("horizon", "least"), [(1, 0.53), (2, 0.54), (4, 0.54), (12, 0.56), (24, 0.56), (48, 0.56)]
)
def test_the_accuracy_asked_for_is_that_of_the_next_longer_horizon(
    horizon: int, least: float
) -> None:
    assert gate.Limits().accuracy_at(horizon) == least


def drifting_candles(folder: Path, symbol: str, seed: int, bars: int) -> Path:
    """Hourly candles whose drift is +-0.35 % an hour in regimes of 36 hours: easy to learn."""
    rng = np.random.default_rng(seed)
    drift, lines, close = 0.0035, [], 100.0
    for bar in range(bars):
        if rng.random() < 1 / 36:
            drift = -drift
        opened, close = close, close * (1 + drift + rng.normal(0, 0.004))
        high, low = max(opened, close) * 1.001, min(opened, close) * 0.999
        if rng.random() > 0.01:
            row = (1_500_000_400 + 3600 * bar, opened, high, low, close, rng.lognormal(), 5)
            lines.append(",".join(str(value) for value in row))
    path = folder / f"{symbol}_60.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def run_training(folder: Path, out: str, *more: str) -> Path:
    files = [str(drifting_candles(folder, s, i, 4000)) for i, s in enumerate(("AAUSD", "BBUSD"))]
    arguments = ["--candles", *files, "--until", "2017-11-20", "--out", str(folder / out)]
    assert baseline.main([*arguments, "--quiet", "--name", "planted", *more]) == 0
    return folder / out


@pytest.mark.slow
def test_training_twice_gives_the_same_bytes_and_finds_a_planted_signal(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm", reason="training needs the train extra")
    pytest.importorskip("onnx", reason="training needs the train extra")
    synthetic = ("--synthetic-only", "--feed", "seeded-market", "--horizon", "12", "--heads")
    first = run_training(tmp_path, "one", *synthetic)
    second = run_training(tmp_path, "two", *synthetic)
    for file in sorted(first.iterdir()):
        assert file.read_bytes() == (second / file.name).read_bytes(), file.name
    manifest = load_bundle(first).manifest
    assert manifest.marker == "SYNTHETIC_ONLY"
    assert manifest.data.feed == "seeded-market"
    assert manifest.label.horizon_bars == 12
    after = manifest.metrics["out_of_sample"]
    assert (after["auc"] or 0) > 0.75
    assert (after["net_return"] or 0) > 0
    assert str(tmp_path) not in (first / MANIFEST_FILE).read_text()
    assert [each.name for each in heads_of(manifest)] == [each.name for each in QUESTIONS]
    for head in heads_of(manifest):
        assert (head.metrics["out_of_sample"]["brier_skill"] or 0) > 0.02, head.name
    bare = load_bundle(run_training(tmp_path, "bare", *synthetic[:-1])).manifest
    assert (bare.format_version, heads_of(bare)) == (3, ())
    assert (bare.calibration, bare.metrics) == (manifest.calibration, manifest.metrics)
    assert "SYNTHETIC_ONLY" in (first / "card.md").read_text()


def test_bad_options_end_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = str(drifting_candles(tmp_path, "AAUSD", 1, 300))
    for candles, until in ((str(tmp_path / "no_60.csv"), "2018-01-01"), (good, "2018-01-01")):
        arguments = ["--candles", candles, "--until", until, "--out", str(tmp_path / "x")]
        assert baseline.main(arguments) == 2
        assert capsys.readouterr().err.startswith("Training stopped: ")
    assert baseline.main(["--candles", good, "--until", "soon", "--out", str(tmp_path)]) == 2
    with pytest.raises(SystemExit):
        baseline.main(
            ["--candles", good, "--until", "2018-01-01", "--out", "x", "--synthetic-only"]
        )


def test_the_cuts_of_regimes_are_values_of_the_fit_at_their_quantiles() -> None:
    """A hundred rows: ten are volatile, ten fall faster, thirty-five trend."""
    rows = np.zeros((100, len(FEATURE_NAMES)), dtype=np.float32)
    order = np.random.default_rng(3).permutation(100)
    for number, (_, feature, _) in enumerate(CUTS):
        rows[:, FEATURE_NAMES.index(feature)] = order[::-1] + number
    cuts = fitted_cuts(rows)
    assert [cut.micros for cut in cuts] == [90_000_000, 11_000_000, 67_000_000]
    assert cuts_fault(cuts) == ""
    columns = [rows[:, FEATURE_NAMES.index(cut.feature)] for cut in cuts]
    assert (columns[0] >= 90).sum() == 10
    assert (columns[1] < 11).sum() == 10
    assert (columns[2] >= 67).sum() == 35
    found = regimes(rows.astype(np.float64), tuple(cut.micros for cut in cuts), -1)
    assert np.bincount(found).tolist() == [65, 25, 10]


@pytest.mark.parametrize("name", ["baseline", "synthetic"])
def test_the_shipped_cuts_tell_four_regimes_apart(name: str) -> None:
    manifest = load_bundle(SHIPPED / name).manifest
    volatile, falling, trending = (cut.micros / 1_000_000 for cut in manifest.regimes)
    assert volatile > 1 > trending > 0 > falling


@pytest.mark.parametrize("name", ["baseline", "synthetic"])
def test_the_folds_of_a_bundle_add_up_to_its_walk_forward_metrics(name: str) -> None:
    manifest = load_bundle(SHIPPED / name).manifest
    rows = sum(fold.rows_count for fold in manifest.folds)

    def mean(figure: str) -> float:
        told = [msgspec.structs.asdict(fold) for fold in manifest.folds]
        return float(sum(fold["rows_count"] * fold[figure] for fold in told) / rows)

    measured = manifest.metrics["walk_forward"]
    assert rows == measured["rows"]
    for figure in ("log_loss", "log_loss_of_base_rate", "accuracy"):
        assert mean(figure) == pytest.approx((measured[figure] or 0) * 1_000_000, abs=2)
    better = [fold.log_loss < fold.log_loss_of_base_rate for fold in manifest.folds]
    checks = {each.name: each.value for each in manifest.gate.walk_forward}
    assert sum(better) / len(better) == pytest.approx(checks["share of better folds"] or 0, abs=0.2)
