"""What the report measures: only the time after the training end, whatever happened before it."""

from __future__ import annotations

import decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.envelope import Envelope, Input
from actors.kernel.stamp import Stamp
from actors.kernel.step import StepResult
from actors.kernel.supervisor import OK
from actors.messages.control import Tick
from actors.messages.decision import VERDICT_COLUMNS, Action, Reason, Side, VerdictSlice
from actors.messages.risk import IntentRefused, Refusal
from service.bundles import Choice, choose_bundle
from service.report.report import Count, Counts, Metrics
from service.report.write import measured, write_report
from tests.report_run import candles, closed, fill, finished, hour, hour_ts, settings, trained_until

CUT = 24
PRICES = [100.0 + hour % 7 for hour in range(74)]
MEASURED = [hour(at, f"{1000 + at}", "50" if at % 2 else "0") for at in range(CUT, 72)]


def metrics_with(before: list[tuple[str, str]], choice: Choice) -> Metrics | None:
    """The metrics of a run with these equities and realised results before the cut."""
    grey = [hour(at, equity, "10") for at, (equity, _) in enumerate(before)]
    exits = [closed(f"grey-{at}", at, result) for at, (_, result) in enumerate(before)]
    buys = [fill(f"in-{at}", Side.BUY, at, "70") for at in range(len(before))]
    sells = [fill(f"grey-{at}", Side.SELL, at, "90") for at in range(len(before))]
    fills = [each for pair in zip(buys, sells, strict=True) for each in pair]
    result = finished(
        [*grey, *MEASURED],
        fills=[*fills, fill("b", Side.BUY, 30, "100"), fill("s", Side.SELL, 40, "110")],
        exits=[*exits, closed("s", 40, "8")],
    )
    report = measured(result, candles({"BTC/USD": PRICES}), choice, settings(), as_quote="").report
    return report.metrics


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**6).map(str),
            st.integers(-(10**4), 10**4).map(str),
        ),
        min_size=1,
        max_size=CUT,
    )
)
def test_no_metric_depends_on_what_happened_in_sample(before: list[tuple[str, str]]) -> None:
    choice = trained_until(CUT)
    assert metrics_with(before, choice) == metrics_with([("1000", "0")], choice)


def test_the_window_begins_at_the_training_end_and_has_its_own_peak() -> None:
    metrics = metrics_with([("999999", "5")], trained_until(CUT))
    assert metrics is not None
    assert metrics.start == "2020-01-02T00:00Z"
    result = metrics.comparisons[0]
    assert result.net_return == pytest.approx(1071 / 1024 - 1)
    assert result.max_drawdown == 0.0
    assert metrics.trades.closed == 1
    assert metrics.hours_with_position == 0.5


def test_without_a_training_end_the_whole_run_is_measured() -> None:
    metrics = metrics_with([("1000", "5")] * CUT, Choice(None, "no active model"))
    assert metrics is not None
    assert metrics.start == "2020-01-01T00:00Z"
    assert metrics.trades.closed == CUT + 1


def test_a_run_that_lies_in_sample_has_no_metrics_and_says_so() -> None:
    document = measured(
        finished(MEASURED, exits=[closed("s", 40, "8")]),
        candles({"BTC/USD": PRICES}),
        trained_until(1000),
        settings(),
        as_quote="",
    )
    assert document.report.metrics is None
    assert document.report.unmeasured.startswith("The whole run is in-sample")
    assert document.curves.equity.values == ()
    assert len(document.curves.equity_grey.values) == len(MEASURED)


def decided(hours: int, at: int) -> tuple[Input, StepResult]:
    """A step in which one symbol was entered and one intent refused."""
    row = np.zeros((1, len(VERDICT_COLUMNS)), dtype=np.int32)
    row[0, :2] = Action.ENTER, Reason.EDGE_ABOVE_COST
    verdict = VerdictSlice(hour_ts(hours), row)
    refused = IntentRefused(1, "BTC/USD", Side.BUY, Refusal.POSITION_CAP, "2", "1")
    stamp = Stamp(1, "x", 1)
    records = [Envelope(stamp, stamp, "", hour_ts(hours), body) for body in (verdict, refused)]
    result = StepResult(at, b"", OK, b"", b"", b"", [], records, [], 2)
    return Input(at, hour_ts(hours), Tick(hour_ts(hours))), result


def test_decisions_and_refusals_are_those_of_the_window() -> None:
    result = finished(MEASURED, cut=CUT)
    for seq, at in enumerate((CUT - 5, CUT - 1, CUT, CUT + 3), 1):
        result.tally(*decided(at, seq))
    feed = candles({"BTC/USD": PRICES})
    report = measured(result, feed, trained_until(CUT), settings(), as_quote="").report
    assert report.metrics is not None
    assert report.metrics.counts == Counts(
        (Count("enter: edge_above_cost", 2),), (Count("position_cap", 2),)
    )
    assert result.tally.refusals["position_cap"] == 4


def test_counts_that_were_cut_elsewhere_are_left_out_and_that_is_said() -> None:
    feed = candles({"BTC/USD": PRICES})
    result = finished(MEASURED, cut=CUT + 1)
    report = measured(result, feed, trained_until(CUT), settings(), as_quote="").report
    assert report.metrics is not None
    assert report.metrics.counts is None
    assert "not counted apart" in {each.name for each in report.notices}


@pytest.mark.parametrize(("hours", "why"), [(0, "no full hour"), (1, "Less than two")])
def test_a_run_too_short_to_measure_says_why(hours: int, why: str) -> None:
    result = finished(MEASURED[:hours])
    report = measured(
        result, candles({"BTC/USD": PRICES}), trained_until(0), settings(), as_quote=""
    ).report
    assert report.metrics is None
    assert why in report.unmeasured


def test_the_notices_name_everything_the_reader_must_know(tmp_path: Path) -> None:
    holes = [*PRICES[:30], float("nan"), *PRICES[30:]]
    report = write_report(
        finished([hour(0, "1000"), *MEASURED], symbols=("BTC/USD", "TON/USD")),
        candles({"BTC/USD": holes, "TON/USD": PRICES[:20]}, first_hours={"TON/USD": 40}),
        trained_until(CUT),
        settings(),
        folder=tmp_path,
        as_quote="USD",
    )
    notices = {each.name: each.text for each in report.notices}
    assert "not activated" in notices["no model"]
    assert "no metric includes it" in notices["in-sample"]
    assert "under 90 days" in notices["short window"].lower()
    assert "TON/USD" in notices["not listed"]
    assert "--as-quote USD" in notices["research mapping"]
    assert "BTC/USD 2" in notices["missing bars"]
    assert "TON/USD" in notices["estimated rules"]
    assert "survived" in notices["survivorship"]
    assert "no promise of profit" in notices["not advice"]
    assert "Past results say nothing about the future" in notices["not advice"]


def test_a_refused_model_is_called_refused() -> None:
    choice = choose_bundle("baseline", mode="BACKTEST", feed_kind="candles")
    feed = candles({"BTC/USD": PRICES})
    report = measured(finished(MEASURED), feed, choice, settings(), as_quote="").report
    notices = {each.name: each.text for each in report.notices}
    assert "the gate refused the bundle baseline" in notices["model"]
    assert report.model == "baseline"
    assert "research mapping" not in notices


def test_a_hostile_decimal_context_changes_nothing(tmp_path: Path) -> None:
    def written(folder: Path) -> bytes:
        write_report(
            finished(MEASURED, fills=[fill("b", Side.BUY, 30, "123456.7891")]),
            candles({"BTC/USD": PRICES}),
            trained_until(CUT),
            settings(),
            folder=folder,
            as_quote="",
        )
        return (folder / "report.json").read_bytes() + (folder / "report.html").read_bytes()

    calm = written(tmp_path / "calm")
    with decimal.localcontext(decimal.Context(prec=2, traps=[decimal.Inexact])):
        assert written(tmp_path / "hostile") == calm


def test_both_files_appear_whole_and_the_report_reads_back(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "run-1"
    feed = candles({"BTC/USD": PRICES})
    report = write_report(
        finished(MEASURED), feed, trained_until(CUT), settings(), folder=folder, as_quote=""
    )
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    stored = msgspec.json.decode((folder / "report.json").read_bytes())
    assert stored["report"]["metrics"]["start"] == "2020-01-02T00:00Z"
    assert report.page == str(folder / "report.html")
