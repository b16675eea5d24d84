"""The page and the terminal: complete, escaped, and nothing fetched from anywhere."""

from __future__ import annotations

import io
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from actors.dataset import Dataset
from service.report.axes import Scale, time_ticks, value_scale, value_ticks
from service.report.report import Report
from service.report.terminal import print_report
from service.report.wording import percent
from service.report.write import PAGE, write_report
from tests.report_run import (
    START_TS,
    candles,
    closed,
    finished,
    hour,
    settings,
    trained_until,
)

PRICES = [100.0 + 30.0 * math.sin(at / 50) for at in range(2400)]


def written(folder: Path, *, cut: int) -> tuple[Report, str]:
    """A report of a hundred days, and its page."""
    hours = [hour(at, f"{1000 + at % 40}", "60" if at % 3 else "0") for at in range(2400)]
    report = write_report(
        finished(hours, exits=[closed("s", 2000, "8")]),
        candles({"BTC/USD": PRICES}),
        trained_until(cut),
        settings(),
        folder=folder,
        as_quote="",
    )
    return report, (folder / PAGE).read_text()


def test_the_page_is_one_file_that_fetches_nothing(tmp_path: Path) -> None:
    _, page = written(tmp_path, cut=240)
    assert "<script" not in page
    assert re.findall(r"(?:https?:)?//[a-z]", page) == []
    assert re.findall(r"\b(?:src|href|url\()", page) == []
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_every_drawing_is_well_formed_and_titled(tmp_path: Path) -> None:
    _, page = written(tmp_path, cut=240)
    drawings = re.findall(r'<svg class="drawing".*?</svg>', page, re.DOTALL)
    titles = [ET.fromstring(drawing).findtext("title") for drawing in drawings]
    assert titles == ["Equity", "Equity without holding", "Drawdown", "Exposure"]
    assert page.count("time (UTC)") == len(drawings)


@pytest.mark.parametrize(("cut", "grey"), [(0, False), (240, True), (5000, True)])
def test_the_grey_band_is_drawn_and_named_only_where_there_is_one(
    tmp_path: Path, cut: int, grey: bool
) -> None:
    _, page = written(tmp_path, cut=cut)
    assert ('<rect class="band"' in page) is grey
    assert ("in-sample until" in page) is grey
    assert ('class="grey"' in page) is grey


def test_a_run_in_sample_shows_its_curve_and_no_metric(tmp_path: Path) -> None:
    _, page = written(tmp_path, cut=5000)
    assert "<h2>No metrics</h2>" in page
    assert "The whole run is in-sample" in page
    for figure in ("hit rate", "Sharpe</th>", "By year"):
        assert figure not in page


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    report, _ = written(tmp_path, cut=240)
    hours = [hour(at, "1000") for at in range(60)]
    named = trained_until(0)
    named = type(named)(None, "<script>alert(1)</script>", 0)
    write_report(
        finished(hours),
        candles({"BTC/USD": PRICES}),
        named,
        settings(),
        folder=tmp_path / "other",
        as_quote="",
    )
    page = (tmp_path / "other" / PAGE).read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert report.model == ""


def test_the_files_that_were_read_are_named_by_content(tmp_path: Path) -> None:
    feed = candles({"BTC/USD": PRICES})
    feed.datasets = (Dataset("feed", "candles", "<b>_60.csv", "a" * 64, "BTC/USD", 2399),)
    hours = [hour(at, "1000") for at in range(60)]
    write_report(finished(hours), feed, trained_until(0), settings(), folder=tmp_path, as_quote="")
    page = (tmp_path / PAGE).read_text()
    assert "<h2>Files</h2>" in page
    assert "&lt;b&gt;_60.csv</td><td>2,399</td><td>" + "a" * 64 in page
    assert "<h2>Files</h2>" not in written(tmp_path / "made up", cut=0)[1]


@pytest.mark.parametrize("cut", [240, 5000])
def test_the_terminal_says_what_the_page_says(tmp_path: Path, cut: int) -> None:
    report, _ = written(tmp_path, cut=cut)
    out = io.StringIO()
    print_report(report, Console(file=out, width=100))
    text = out.getvalue()
    assert ("doing nothing" in text) is (report.metrics is not None)
    assert ("No metrics" in text) is (report.metrics is None)
    assert "no promise of profit" in text
    assert "report.html" in text


@given(st.floats(-1e9, 1e9), st.floats(0.0, 1e9))
def test_value_ticks_lie_inside_the_scale(low: float, width: float) -> None:
    scale = value_scale([low, low + width], may_log=False)
    ticks = value_ticks(scale)
    assert len(ticks) <= 8
    assert all(scale.low - 1e-6 * abs(scale.low) <= tick for tick in ticks)
    assert all(tick <= scale.high + 1e-6 * abs(scale.high) for tick in ticks)


@given(st.floats(1.0, 1e9), st.floats(4.0, 1e6))
def test_a_wide_range_is_logarithmic_with_few_ticks(low: float, ratio: float) -> None:
    scale = value_scale([low, low * ratio], may_log=True)
    assert scale.log
    assert 1 <= len(value_ticks(scale)) <= 8


def test_a_logarithmic_scale_gives_equal_ratios_equal_room() -> None:
    scale = Scale(1.0, 100.0, 300.0, log=True)
    assert scale.place(10.0) == pytest.approx(150.0)


@given(st.floats(3600.0, 20 * 365 * 86_400.0))
def test_time_ticks_are_few_ordered_and_inside(seconds: float) -> None:
    first = START_TS / 10**9
    ticks = time_ticks(first, first + seconds)
    stamps = [at for at, _ in ticks]
    assert len(ticks) <= 13
    assert stamps == sorted(set(stamps))
    assert all(first <= at <= first + seconds for at in stamps)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.1234, "+12.3 %"),
        (-0.0049, "−0.49 %"),
        (0.0, "0 %"),
        (-0.00001, "0 %"),
        (3.051, "+305.1 %"),
        (None, "–"),
    ],
)
def test_ratios_are_written_for_people(ratio: float | None, text: str) -> None:
    assert percent(ratio, signed=True) == text
