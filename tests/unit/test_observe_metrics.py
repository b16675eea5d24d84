"""Metrics: the catalogue is what is exposed and documented, and its figures are the run's."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from actors.kernel.envelope import Envelope, Input
from actors.kernel.stamp import Stamp
from actors.kernel.step import StepResult
from actors.kernel.supervisor import OK, Failure, Outcome
from actors.ledger.expected_fees import FEE_DIFFERS
from actors.messages.control import Note, PairRulesChanged, Tick
from actors.messages.market import FeedEvent, FeedStatus
from actors.messages.profile import ProfileChange
from actors.profiles.actor import ProfilesActor
from adapters.kraken.line import Line, LineState
from service.cli.health import profiles_line
from service.feeds import UNIVERSE
from service.observe.durations import Histogram
from service.observe.metric_table import METRICS, Kind, document
from service.observe.metrics import RECONCILED, exposition, registry_of
from service.observe.profiled import ProfilesReading, WaitingReading
from service.safe_stop import SafeStopCounts
from tests.observed_run import ObservedRun, observed_run

QUIET = StepResult(9, b"", OK, b"", b"", b"", [], [], [], 1)
Series = dict[str, dict[tuple[str, ...], float]]


def scraped(run: ObservedRun) -> Series:
    """Every series by name and label values, read back as Prometheus reads it."""
    found: Series = {}
    text = exposition(registry_of(run.reader)).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_the_page_of_metrics_is_the_catalogue(repository: Path) -> None:
    written = (repository / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == document(), "python -m service.observe.metric_table > docs/metrics.md"


def test_every_metric_of_the_catalogue_is_exposed_once_it_can_be(tmp_path: Path) -> None:
    async def both() -> tuple[Series, ObservedRun]:
        run = await observed_run(tmp_path, inputs=2500, symbols=UNIVERSE)
        return scraped(run), run

    series, run = asyncio.run(both())
    missing = {
        each.name
        for each in METRICS
        if (f"{each.name}_bucket" if each.kind is Kind.HISTOGRAM else each.name) not in series
    }
    # What a connection is told of exists only where there is one.
    missing -= {each.name for each in METRICS if each.name.startswith("ballast_feed_")}
    missing -= RECONCILED
    assert missing <= {"ballast_refusals_total"}
    tally, reading = run.tally, run.reader.read()
    assert tally.fills > 0
    assert series["ballast_inputs_total"] == {(): tally.inputs}
    assert sum(series["ballast_decisions_total"].values()) == tally.decisions
    assert sum(series["ballast_fills_total"].values()) == tally.fills
    assert series["ballast_slippage_ratio_bucket"][("+Inf",)] == tally.fills
    assert series["ballast_equity"] == {("USD",): float(reading.equity)}
    assert series["ballast_clusters"] == {(): len(set(reading.clusters.names.values()))}
    assert series["ballast_clusters_unknown_symbols"] == {(): 0}
    assert series["ballast_clusters_valid_seconds"][()] > 0
    assert series["ballast_positions"] == {(): len(reading.positions)}
    assert series["ballast_journal_durable_sequence"] == {(): reading.seq}
    assert series["ballast_may_trade"] == {(): 1.0}
    assert not any(series["ballast_blocked_reasons"].values())


def test_every_step_and_append_is_in_exactly_one_bucket(tmp_path: Path) -> None:
    async def counted() -> tuple[Series, ObservedRun, int, int]:
        run = await observed_run(tmp_path)
        before = run.tally.inputs, run.segment.pump.counts.frames
        for _ in range(20):
            await run.admit(7)
        return scraped(run), run, *before

    series, run, inputs, frames = asyncio.run(counted())
    counts = run.segment.pump.counts
    assert series["ballast_step_seconds_count"] == {(): run.tally.inputs - inputs}
    # The last append ends after the last step and is seen with the next one.
    assert series["ballast_journal_append_seconds_count"] == {(): counts.frames - frames - 1}
    assert series["ballast_step_seconds_sum"][()] <= counts.step_seconds


def test_a_histogram_is_cumulative_and_its_bounds_are_inclusive() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.observe(value)
    assert histogram.buckets() == [("1.0", 2.0), ("2.0", 3.0), ("+Inf", 4.0)]
    assert histogram.sum == 12.0


def test_restarts_only_grow_and_a_halt_is_none(tmp_path: Path) -> None:
    async def counted() -> Series:
        run = await observed_run(tmp_path, inputs=10)
        stamp = Stamp(1, "x", 1)
        lost = Failure("features", stamp, "e", "d", False)
        halt = Failure("risk", stamp, "e", "d", True)
        outcome = Outcome("failed", (lost, lost, halt))
        result = StepResult(9, b"", outcome, b"", b"", b"", [], [], [], 1)
        run.stepping(Input(9, 9, Tick(9)), result)
        return scraped(run)

    series = asyncio.run(counted())
    restarts = series["ballast_actor_restarts_total"]
    assert (restarts[("features",)], restarts[("risk",)]) == (2.0, 0.0)


def test_safe_mode_is_counted_and_its_open_orders_are_shown_while_it_lasts(tmp_path: Path) -> None:
    async def counted() -> list[tuple[float, float, float]]:
        run = await observed_run(tmp_path, inputs=10)
        found = []

        def take() -> None:
            series = scraped(run)
            names = ("asked_total", "failures_total", "open_orders")
            values = [series[f"ballast_safe_stop_{name}"][()] for name in names]
            found.append((values[0], values[1], values[2]))

        take()
        run.stepping.safe_stop((), SafeStopCounts(1, 0, 1))
        take()
        run.stepping.safe_stop((), SafeStopCounts(2, 3, 1, 2))
        take()
        run.stepping.progressed(1)
        take()
        return found

    assert asyncio.run(counted()) == [(0, 0, 0), (0, 1, -1), (3, 1, 2), (3, 1, 0)]


def test_gaps_and_checksum_failures_are_counted_by_stream_from_a_closed_set(
    tmp_path: Path,
) -> None:
    async def counted() -> Series:
        run = await observed_run(tmp_path, inputs=300)
        at = run.segment.pump.kernel.at
        await run.say(
            FeedStatus(at, "book", FeedEvent.CHECKSUM, 0),
            FeedStatus(at, "book", FeedEvent.GAP, 0),
            FeedStatus(at, "a name from outside", FeedEvent.GAP, 0),
            PairRulesChanged(
                "BTC/USD", Decimal(1), Decimal("0.1"), Decimal(0), Decimal(0), at, "instrument"
            ),
        )
        return scraped(run)

    series = asyncio.run(counted())
    open_now = {kind: count for (kind,), count in series["ballast_open_gaps"].items() if count}
    assert open_now == {"checksum": 1.0, "gap": 1.0, "lost_trades": 1.0}
    assert ("missing_bar",) in series["ballast_open_gaps"], "every kind is told, also when none is"
    assert series["ballast_book_checksum_failures_total"] == {(): 1.0}
    assert series["ballast_pair_rule_changes_total"] == {(): 1.0}
    assert series["ballast_stream_gaps_total"] == {
        ("book",): 1.0, ("candle",): 0.0, ("other",): 1.0, ("trade",): 0.0,
    }  # fmt: skip


def test_notes_of_strange_fees_are_counted(tmp_path: Path) -> None:
    def noted(event: str) -> StepResult:
        stamp = Stamp(9, "ledger", 1)
        note = Envelope(stamp, stamp, "notes", 9, Note("warning", event))
        return StepResult(9, b"", OK, b"", b"", b"", [], [], [note], 1)

    async def counted() -> Series:
        run = await observed_run(tmp_path, inputs=10)
        for event in (FEE_DIFFERS, "ledger.fill_repeated", FEE_DIFFERS):
            run.stepping(Input(9, 9, Tick(9)), noted(event))
        return scraped(run)

    assert asyncio.run(counted())["ballast_fee_differences_total"] == {(): 2.0}


def test_two_appends_between_two_steps_are_two_with_their_whole_time(tmp_path: Path) -> None:
    async def counted() -> tuple[list[tuple[str, float]], float]:
        run = await observed_run(tmp_path, inputs=10)
        run.stepping.appends = Histogram((0.01, 1.0))
        counts = run.segment.pump.counts
        run.stepping(Input(8, 8, Tick(8)), QUIET)
        run.stepping.appends = Histogram((0.01, 1.0))
        counts.frames += 2
        counts.append_seconds += 0.502
        counts.last_append_seconds = 0.002
        run.stepping(Input(9, 9, Tick(9)), QUIET)
        return run.stepping.appends.buckets(), run.stepping.appends.sum

    buckets, total = asyncio.run(counted())
    assert buckets == [("0.01", 1.0), ("1.0", 2.0), ("+Inf", 2.0)]
    assert round(total, 9) == 0.502


def test_a_live_feed_tells_of_its_connection(tmp_path: Path) -> None:
    async def run() -> Series:
        run = await observed_run(tmp_path, inputs=10)
        run.segment.line = Line(
            state=LineState.STREAMING, heard=time.monotonic(), frames=7, opened=3, handshakes=5,
            lag_ns=250_000_000,
        )  # fmt: skip
        return scraped(run)

    series = asyncio.run(run())
    feed = {name: each[()] for name, each in series.items() if name.startswith("ballast_feed_")}
    assert feed.pop("ballast_feed_silent_seconds") < 5.0
    assert feed == {
        "ballast_feed_up": 1.0,
        "ballast_feed_frames_total": 7.0,
        "ballast_feed_books": 0.0,
        "ballast_feed_lag_seconds": 0.25,
        "ballast_feed_clock_offset_seconds": 0.0,
        "ballast_feed_handshakes_total": 5.0,
        "ballast_feed_reconnects_total": 2.0,
        "ballast_feed_resubscriptions_total": 0.0,
        "ballast_feed_trade_repairs_total": 0.0,
        "ballast_feed_waiting_items": 0.0,
        "ballast_feed_conflated_books_total": 0.0,
    }


def test_the_version_of_the_profiles_and_what_waits_are_shown(tmp_path: Path) -> None:
    """Lowered twice, then a raise that waits; the standing is the one that a person would see."""

    async def seen() -> list[tuple[Series, str, str]]:
        run = await observed_run(tmp_path, inputs=10)
        profiles = run.segment.graph.kernel.actor("profiles")
        assert isinstance(profiles, ProfilesActor)
        found = []
        for cap in (30_000, 20_000, 10_000, 25_000):
            change = (("risk.position_cap_micros", cap),)
            await run.say(ProfileChange(change, "Anna", "because", profiles.standing()))
            line = profiles_line(run.reader.read().profiles)
            found.append((scraped(run), profiles.standing(), line))
        return found

    lines = []
    for told, version, waits in zip(asyncio.run(seen()), "0122", (0, 0, 0, 1), strict=True):
        series, standing, line = told
        assert series["ballast_profile_info"] == {(standing, version): 1.0}
        assert series["ballast_profile_change_waiting"] == {(): waits}
        lines.append(line)
    assert lines[0] == "profiles: those of the configuration"
    assert lines[2] == "profiles: version 2"
    assert lines[3].startswith("profiles: version 2; change 4 of Anna waits until ")
    assert lines[3].endswith(": risk.position_cap_micros = 25,000")


def test_a_change_of_many_fields_is_told_in_one_line() -> None:
    changes = tuple((f"risk.field_{number}", number) for number in range(5))
    waiting = WaitingReading(7, "Anna", "because", 0, changes)
    line = profiles_line(ProfilesReading(0, "", waiting))
    assert line.endswith(": risk.field_0 = 0, risk.field_1 = 1, risk.field_2 = 2 and 2 more")
