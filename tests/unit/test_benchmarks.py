"""The benchmarks run: tiny sizes, every program, and the table that tells a missed target."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from adapters.journal.file import FileJournal
from ops.benchmarks import bars, campaigns, exchange, feed, kernel, orders, reconciliation, replay
from ops.benchmarks.figures import Figure, parsed, percentile, show
from ops.benchmarks.market import CandleMarket, settings_of
from ops.benchmarks.run import PROGRAMS, BenchmarkError, run_program

HERE = Path(bars.__file__).parent


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {each.name: each for each in figures}


@pytest.mark.parametrize(
    ("value", "least", "most", "verdict"),
    [
        (10.0, 10.0, None, "met"),
        (9.9, 10.0, None, "MISSED"),
        (2.2, None, 2.2, "met"),
        (2.3, None, 2.2, "MISSED"),
        (7.0, None, None, ""),
    ],
)
def test_a_figure_on_its_target_has_met_it(
    value: float, least: float | None, most: float | None, verdict: str
) -> None:
    assert Figure("f", value, "x", least=least, most=most).verdict == verdict


def test_a_figure_is_told_as_a_multiple_of_its_reference() -> None:
    assert Figure("f", 30.0, "us", "us", 10.0).ratio == 3.0
    assert Figure("f", 30.0, "us").ratio == 0.0


def test_a_missed_target_shows_its_hint_and_a_met_one_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show([Figure("slow", 9, "x", most=1, hint="why"), Figure("fast", 1, "x", most=1, hint="how")])
    printed = capsys.readouterr().out
    assert "MISSED slow: why" in printed
    assert "how" not in printed


def test_the_nearest_rank_is_a_value_that_was_measured() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    assert percentile(values, 0.99) == 100.0
    assert percentile(values, 0.5) == 51.0
    assert percentile([4.0], 0.99) == 4.0


def test_figures_survive_the_way_through_json() -> None:
    figures = [Figure("f", 1.5, "us", "us", 1.0, most=2.0, hint="h", note="n")]
    assert parsed(msgspec.json.encode(figures).decode()) == figures


def test_the_kernel_benchmark_orders_its_three_ways_of_a_hop() -> None:
    found = by_name(kernel.measure(chains=30, rounds=2))
    assert found["kernel hop / direct call"].value > 1.0
    assert found["kernel hop, full envelope"].reference > 0.0


def test_the_exchange_benchmark_trades_and_moves() -> None:
    found = by_name(exchange.measure(seconds=1, count=3))
    assert found["exchange, thirty pairs"].value > 1.0
    assert found["exchange, market order that trades"].value > 0.0


def test_both_kernels_of_the_benchmark_deliver_every_hop() -> None:
    for kind in (Kernel, kernel.Undigested):
        made = kernel.kernel_of(kind)
        made.step(Input(1, 1, kernel.Ping(9, "BTC/USD", 1.0)))
        seen = [made.actor(name).state.messages for name in ("left", "right")]
        assert seen == [5, 5]


def test_the_market_warms_up_before_its_first_minute() -> None:
    market = CandleMarket(3)
    stamps = [item.at for item in market.all]
    assert stamps == sorted(set(stamps))
    assert len(market.all) == market.warm_up + 3


def test_the_bars_benchmark_decides_on_every_bar_and_only_then(tmp_path: Path) -> None:
    market = CandleMarket(120, bar_ns=3_600 * 10**9)
    _, hourly = asyncio.run(bars.off(settings_of(3600), market))
    market = CandleMarket(40)
    _, every = asyncio.run(bars.off(settings_of(60), market))
    journal = FileJournal(tmp_path)
    _, stored = asyncio.run(bars.on(settings_of(60), market, journal, "tiny"))
    assert (hourly.instants, every.instants) == (2, 40)
    assert (stored.instants, stored.orders) == (every.instants, every.orders)


def test_the_campaigns_benchmark_times_both_actors_within_their_steps() -> None:
    found = by_name(campaigns.measure(bars=150))
    step = found["a bar's whole step, p50"].value
    (strategy,) = [each for name, each in found.items() if name.startswith("strategy with ")]
    risk = found["risk, all of its messages, p50"]
    assert 0.0 < strategy.value + risk.value < step
    assert found["beside it: 30 entries through risk's view and ladder, p50"].value > 0.0


def test_the_orders_benchmark_sends_one_order_a_sample() -> None:
    found = by_name(orders.measure(samples=5))
    assert found["tick, whole step p50"].value >= 0.0
    assert sum("to order" in name for name in found) == 4


def test_the_replay_benchmark_repeats_its_backtest() -> None:
    found = by_name(replay.measure(slices=20, rounds=1))
    assert found["replay / backtest"].value > 0.0


def test_the_feed_benchmark_checks_every_recorded_frame(recorded: Callable[[str], Path]) -> None:
    found = by_name(feed.measure(recorded(feed.CAPTURE), passes=1, rounds=1))
    assert len(found) == 3
    assert all(each.reference > each.value > 0.0 for each in found.values())


def test_the_reconciliation_benchmark_books_what_was_missed_once() -> None:
    """It asserts itself that the second reading posts nothing; in parts and in one piece."""
    for count in (9, 600):
        found = by_name(reconciliation.measure(orders=count))
        assert found[f"reconciled: {count} orders, {count} missed fills"].value > 0.0


def test_every_program_that_the_table_names_exists() -> None:
    assert [name for name in PROGRAMS if not (HERE / f"{name}.py").is_file()] == []


def test_a_program_that_cannot_run_is_told_in_one_sentence() -> None:
    with pytest.raises(BenchmarkError, match=r"^nothing\.py ended with 2: .*"):
        run_program("nothing", "", quick=True)


@pytest.mark.slow
def test_make_bench_prints_one_document_for_a_program(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "run.py"), "--quick", "--json", "--only", "kernel"]
    done = subprocess.run(
        [*command, "--dsn", "postgresql://nobody@localhost:1/none"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    document = json.loads(done.stdout)
    assert document["quick"] is True
    assert {each["name"] for each in document["figures"]} >= {"kernel hop / direct call"}
