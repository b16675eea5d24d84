"""The Prometheus collector: one reading of the graph becomes the samples of the catalogue.

It works when somebody scrapes and at no other time. A sample outside the catalogue, or a catalogue
entry without a sample, is a bug.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from service.observe.durations import SLIPPAGE_BOUNDS, Histogram
from service.observe.metric_table import METRICS, Kind, Metric
from service.observe.readiness import Blocked
from service.observe.reading import LineReading, Reader, Reading
from service.observe.reconciled import ReconciliationReading
from service.observe.stepping import STREAMS

Labels = tuple[str, ...]
Samples = Mapping[Labels, float]
_BARE: Final[Labels] = ()
RECONCILED: Final = frozenset(
    each.name
    for each in METRICS
    if each.name.startswith("ballast_reconciliation_")
    or each.name
    in ("ballast_private_streams_away", "ballast_foreign_orders", "ballast_switch_armed")
)
"""Metrics of a run with a venue outside."""


def one(value: float) -> Samples:
    """The sample of a metric without labels."""
    return {_BARE: float(value)}


class GraphCollector(Collector):
    """Reads one run whenever it is collected."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._fills = Fills()

    def collect(self) -> Iterable[Family]:
        """Every metric of the catalogue."""
        reader = self._reader
        reading = reader.read()
        self._fills.take(reader.tally.fill_rows, reader.tally.fills)
        values: dict[str, Samples | Histogram] = {
            **_infos(reader, reading),
            **_standing(reading),
            **_safe_stop(reading),
            "ballast_books_recompute_outcome": one(reader.stepping.recompute_outcome),
            **_streams(reader),
            **_line(reading.line),
            **_reconciliation(reading.reconciliation),
            "ballast_unexplained_trades_total": one(reader.stepping.unexplained_trades),
            **_decisions(reader, reading),
            "ballast_fills_total": self._fills.by_liquidity(),
            "ballast_fee_differences_total": one(reader.stepping.fee_differences),
            "ballast_slippage_ratio": self._fills.slippage,
            **_money(reading),
            **_platform(reader, reading),
        }
        assert values.keys() == {metric.name for metric in METRICS}, "not the catalogue"
        for metric in METRICS:
            yield family(metric, values[metric.name])


class Fills:
    """Fills by liquidity and their slippage; each is looked at once."""

    def __init__(self) -> None:
        self.slippage = Histogram(SLIPPAGE_BOUNDS)
        self._seen = 0
        self._counts: Counter[str] = Counter()

    def take(self, rows: Sequence[Fill], total: int) -> None:
        """Count those that are new: the last of `total` ever, as far as `rows` still holds them."""
        first = max(0, len(rows) - (total - self._seen))
        for fill in itertools.islice(rows, first, None):
            self._counts[fill.liquidity.value] += 1
            if fill.decision_price:
                moved = float(fill.price) / float(fill.decision_price) - 1.0
                self.slippage.observe(moved if fill.side is Side.BUY else -moved)
        self._seen = total

    def by_liquidity(self) -> Samples:
        """How many of each kind."""
        return {(each.value,): float(self._counts[each.value]) for each in Liquidity}


def registry_of(reader: Reader) -> CollectorRegistry:
    """A registry of this run alone."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(GraphCollector(reader))
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """The text that Prometheus reads."""
    return generate_latest(registry)


def family(metric: Metric, value: Samples | Histogram) -> Family:
    """One metric with its samples as Prometheus sees it."""
    if metric.kind is Kind.HISTOGRAM:
        assert isinstance(value, Histogram)
        return HistogramMetricFamily(
            metric.name, metric.about, buckets=value.buckets(), sum_value=value.sum
        )
    assert not isinstance(value, Histogram)
    if metric.kind is Kind.INFO:
        info = InfoMetricFamily(metric.name.removesuffix("_info"), metric.about)
        for labels in value:
            info.add_metric((), dict(zip(metric.labels, labels, strict=True)))
        return info
    made: CounterMetricFamily | GaugeMetricFamily
    if metric.kind is Kind.COUNTER:
        name = metric.name.removesuffix("_total")
        made = CounterMetricFamily(name, metric.about, labels=metric.labels)
    else:
        made = GaugeMetricFamily(metric.name, metric.about, labels=metric.labels)
    for labels, number in sorted(value.items()):
        assert len(labels) == len(metric.labels), metric.name
        made.add_metric(labels, number)
    return made


def _infos(reader: Reader, reading: Reading) -> dict[str, Samples]:
    graph = reader.segment.graph
    code, profiles = reader.code_fingerprint, reading.profiles
    return {
        "ballast_build_info": {(metadata.version("ballast"), code): 1.0},
        "ballast_mode_info": {(reading.mode, reading.feed): 1.0},
        "ballast_model_info": {(graph.bundle_id, graph.bundle_marker): 1.0},
        "ballast_profile_info": {(str(profiles.version), profiles.standing): 1.0},
        "ballast_profile_change_waiting": one(profiles.waiting is not None),
    }


def _standing(reading: Reading) -> dict[str, Samples]:
    codes = {reason.code for reason in reading.reasons}
    return {
        "ballast_may_trade": one(reading.may_trade),
        "ballast_blocked_reasons": {(each.value,): float(each in codes) for each in Blocked},
        "ballast_halt_level": one(reading.halt_level),
        "ballast_kill_level": one(reading.kill_level),
        "ballast_orders_unknown": one(reading.unknown_orders),
    }


def _safe_stop(reading: Reading) -> dict[str, Samples]:
    counts = reading.safe_stop
    return {
        "ballast_safe_stop_asked_total": one(counts.asked),
        "ballast_safe_stop_failures_total": one(counts.failed),
        "ballast_safe_stop_open_orders": one(counts.open if reading.in_safe_mode else 0),
    }


def _streams(reader: Reader) -> dict[str, Samples]:
    stepping = reader.stepping
    gaps = Counter(dict.fromkeys(STREAMS.values(), 0))
    gaps.update(stepping.stream_gaps)
    gaps["trade"] += reader.trade_gaps()
    return {
        "ballast_stream_age_seconds": {
            (name,): age for name, age in sorted(stepping.ages().items())
        },
        "ballast_stream_messages_total": _counts(stepping.stream_messages),
        "ballast_stream_gaps_total": _counts(gaps),
        "ballast_open_gaps": _counts(reader.open_gaps()),
        "ballast_book_checksum_failures_total": one(stepping.checksum_failures),
        "ballast_pair_rule_changes_total": one(stepping.rule_changes),
    }


def _line(line: LineReading | None) -> dict[str, Samples]:
    """A live feed's connection; without one there is nothing to tell."""
    names = {each.name for each in METRICS if each.name.startswith("ballast_feed_")}
    if line is None:
        return {name: {} for name in names}
    return {
        "ballast_feed_up": one(not line.trouble),
        "ballast_feed_frames_total": one(line.frames),
        "ballast_feed_books": one(line.books),
        "ballast_feed_silent_seconds": one(line.silent_seconds),
        "ballast_feed_lag_seconds": one(line.lag_seconds),
        "ballast_feed_clock_offset_seconds": one(line.offset_seconds),
        "ballast_feed_handshakes_total": one(line.handshakes),
        "ballast_feed_reconnects_total": one(max(0, line.opened - 1)),
        "ballast_feed_resubscriptions_total": one(line.renewals),
        "ballast_feed_trade_repairs_total": one(line.trade_repairs),
        "ballast_feed_waiting_items": one(line.waiting),
        "ballast_feed_conflated_books_total": one(line.conflated_books),
    }


def _reconciliation(agrees: ReconciliationReading | None) -> dict[str, Samples]:
    """How a venue outside and our books stand; without one there is nothing to tell."""
    if agrees is None:
        return {name: {} for name in RECONCILED}
    counts: Counter[Labels] = Counter(
        (each.what, each.name if each.what == "balance" else "") for each in agrees.differences
    )
    values: dict[str, Samples] = {
        "ballast_reconciliation_differs": one(agrees.differs),
        "ballast_reconciliation_differences": {key: float(n) for key, n in counts.items()},
        "ballast_reconciliation_readings_total": {
            ("complete",): float(agrees.complete),
            ("failed",): float(agrees.failed),
            ("incomplete",): float(agrees.incomplete),
        },
        "ballast_reconciliation_age_seconds": (
            {} if agrees.age_seconds < 0 else one(agrees.age_seconds)
        ),
        "ballast_reconciliation_waiting": one(agrees.awaits),
        "ballast_private_streams_away": one(len(agrees.away)),
        "ballast_foreign_orders": one(len(agrees.foreign)),
        "ballast_switch_armed": one(agrees.switch_armed),
    }
    assert values.keys() == RECONCILED, "all of them, or none"
    return values


def _decisions(reader: Reader, reading: Reading) -> dict[str, Samples]:
    tally = reader.tally
    return {
        "ballast_decisions_total": {key: float(n) for key, n in tally.verdicts.items()},
        "ballast_refusals_total": _counts(tally.refusals),
        "ballast_orders_total": _counts(tally.order_states),
        "ballast_trades_closed_total": one(tally.trades_closed),
        "ballast_inputs_total": one(tally.inputs),
        "ballast_positions": one(len(reading.positions)),
        "ballast_clusters": one(reading.clusters.count),
        "ballast_clusters_unknown_symbols": one(len(reading.clusters.unknown)),
        "ballast_clusters_valid_seconds": one(reading.clusters.valid_seconds),
    }


def _money(reading: Reading) -> dict[str, Samples]:
    asset = (reading.quote,)
    return {
        "ballast_equity": {asset: float(reading.equity)},
        "ballast_cash": {asset: float(reading.cash_free + reading.cash_held)},
        "ballast_realised_pnl": {asset: float(reading.realised)},
        "ballast_unrealised_pnl": {asset: float(reading.unrealised)},
        "ballast_fees": {asset: float(reading.fees)},
        "ballast_position_value": {(each.symbol,): float(each.value) for each in reading.positions},
        "ballast_drawdown_ratio": one(reading.drawdown_ratio),
        "ballast_drawdown_limit_ratio": one(reading.drawdown_limit_ratio),
        "ballast_ledger_sequence": one(reading.ledger_seq),
    }


def _platform(reader: Reader, reading: Reading) -> dict[str, Samples | Histogram]:
    counts, stepping, boxes = reader.segment.pump.counts, reader.stepping, reading.mailboxes
    return {
        "ballast_messages_total": {(each.actor,): float(each.delivered) for each in boxes},
        "ballast_actor_mailbox_depth": {(each.actor,): float(each.depth) for each in boxes},
        "ballast_actor_mailbox_high_water": {
            (each.actor,): float(each.high_water) for each in boxes
        },
        "ballast_actor_restarts_total": {(each.actor,): float(each.restarts) for each in boxes},
        "ballast_dead_letters": one(reading.dead_letters),
        "ballast_held_inputs": one(reading.held_inputs),
        "ballast_step_seconds": stepping.steps,
        "ballast_journal_append_seconds": stepping.appends,
        "ballast_journal_frames_total": one(counts.frames),
        "ballast_journal_durable_sequence": one(reading.durable_seq),
        "ballast_chain_verified_sequence": one(reading.verified_seq),
        "ballast_snapshots_total": one(counts.snapshots),
        "ballast_slewed_inputs_total": one(counts.slewed),
        "ballast_ingress_depth": one(reading.seq - reading.durable_seq),
        "ballast_outbox_depth": one(reading.outbox_depth),
    }


def _counts(counter: Counter[str]) -> Samples:
    return {(name,): float(count) for name, count in counter.items()}
