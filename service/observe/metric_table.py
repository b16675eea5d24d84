"""The metric catalogue: every name that prometheus_client exposes, what it is, its labels.

Labels come from closed sets only: never an order id, a price or an error text. Money is for display
(floats); the truth is the ledger. docs/metrics.md is written from this table
(`python -m service.observe.metric_table > docs/metrics.md`) and a test compares.
"""

from __future__ import annotations

import enum
import sys
from typing import Final

import msgspec


class Kind(enum.StrEnum):
    """What a metric is to Prometheus."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


class Metric(msgspec.Struct, frozen=True):
    """One metric as it is exposed; a histogram's series add _bucket, _count and _sum."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()


_G, _C, _H, _I = Kind.GAUGE, Kind.COUNTER, Kind.HISTOGRAM, Kind.INFO

METRICS: Final = (
    Metric("ballast_build_info", _I, "Version and code fingerprint.", ("version", "code")),
    Metric("ballast_mode_info", _I, "Mode and feed of the run.", ("mode", "feed")),
    Metric("ballast_model_info", _I, "The active bundle; empty when none.", ("bundle", "marker")),
    Metric(
        "ballast_profile_info", _I, "Profiles in force: changes so far.", ("version", "standing")
    ),
    Metric("ballast_profile_change_waiting", _G, "1 while a change of the profiles waits."),
    Metric("ballast_may_trade", _G, "1 when a new entry could be approved now."),
    Metric("ballast_blocked_reasons", _G, "1 for each reason against new entries.", ("reason",)),
    Metric("ballast_halt_level", _G, "0 Active, 1 Reducing, 2 Halted, 3 the core stands."),
    Metric("ballast_kill_level", _G, "The operator's level: 0 off to 3 flatten."),
    Metric("ballast_stream_age_seconds", _G, "Wall time since a stream's message.", ("stream",)),
    Metric("ballast_stream_messages_total", _C, "Market messages taken in.", ("stream",)),
    Metric("ballast_stream_gaps_total", _C, "Gaps found in a stream.", ("stream",)),
    Metric("ballast_open_gaps", _G, "Holes of the data open now, by kind.", ("kind",)),
    Metric("ballast_book_checksum_failures_total", _C, "Books unlike the venue's checksum."),
    Metric("ballast_feed_up", _G, "1 while a live feed is heard; no sample without one."),
    Metric("ballast_feed_frames_total", _C, "Frames of the live feed."),
    Metric("ballast_feed_books", _G, "Symbols whose book can be used."),
    Metric("ballast_feed_silent_seconds", _G, "Since the last frame; -1 before any."),
    Metric("ballast_feed_lag_seconds", _G, "From the venue's stamp to arrival, newest news."),
    Metric("ballast_feed_clock_offset_seconds", _G, "The wall's or the venue's clock from ours."),
    Metric("ballast_feed_handshakes_total", _C, "Connections tried."),
    Metric("ballast_feed_reconnects_total", _C, "Connections opened after the first."),
    Metric("ballast_feed_resubscriptions_total", _C, "Books given back and asked for anew."),
    Metric("ballast_feed_trade_repairs_total", _C, "Missed trades that were asked for and had."),
    Metric("ballast_feed_waiting_items", _G, "Items of the feed that wait for the pump."),
    Metric("ballast_pair_rule_changes_total", _C, "Pairs whose rules changed in session."),
    Metric("ballast_feed_conflated_books_total", _C, "Books passed over for a slow consumer."),
    Metric("ballast_decisions_total", _C, "Verdicts a symbol and instant.", ("verdict", "reason")),
    Metric("ballast_refusals_total", _C, "Intents refused, by the gate's reason.", ("reason",)),
    Metric("ballast_orders_total", _C, "Order state changes.", ("outcome",)),
    Metric("ballast_orders_unknown", _G, "Live orders whose outcome is unknown."),
    Metric("ballast_reconciliation_differs", _G, "1 while a confirmed difference shuts entries."),
    Metric("ballast_reconciliation_differences", _G, "What the lists show now.", ("what", "asset")),
    Metric("ballast_reconciliation_readings_total", _C, "Readings of the lists.", ("outcome",)),
    Metric("ballast_reconciliation_age_seconds", _G, "Since the lists were last read whole."),
    Metric("ballast_reconciliation_waiting", _G, "1 while asked lists have not come."),
    Metric("ballast_private_streams_away", _G, "Private streams that are not heard."),
    Metric("ballast_foreign_orders", _G, "Open orders of the account that are not ours."),
    Metric("ballast_unexplained_trades_total", _C, "Trades that no order of ours explains."),
    Metric("ballast_switch_armed", _G, "1 while the venue's dead man's switch is armed."),
    Metric("ballast_safe_stop_asked_total", _C, "Cancels that safe mode asked of the venue."),
    Metric("ballast_safe_stop_failures_total", _C, "Attempts of safe mode that failed."),
    Metric("ballast_safe_stop_open_orders", _G, "Our orders on the venue's list; -1 unreadable."),
    Metric("ballast_fills_total", _C, "Fills booked.", ("liquidity",)),
    Metric("ballast_fee_differences_total", _C, "Fee rates met that were not the expected ones."),
    Metric("ballast_slippage_ratio", _H, "Fill against decision price; positive costs us."),
    Metric("ballast_trades_closed_total", _C, "Sales that consumed lots."),
    Metric("ballast_equity", _G, "Equity at the best bid (display only).", ("asset",)),
    Metric("ballast_cash", _G, "Free and held cash (display only).", ("asset",)),
    Metric("ballast_realised_pnl", _G, "Realised since the account began.", ("asset",)),
    Metric("ballast_unrealised_pnl", _G, "Value less cost of what is held.", ("asset",)),
    Metric("ballast_fees", _G, "Fees paid since the account began.", ("asset",)),
    Metric("ballast_drawdown_ratio", _G, "How far equity is below its peak."),
    Metric("ballast_drawdown_limit_ratio", _G, "The drawdown at which entries stop."),
    Metric("ballast_positions", _G, "Symbols held."),
    Metric("ballast_clusters", _G, "Clusters of the map in force; 0: all symbols are one risk."),
    Metric("ballast_clusters_unknown_symbols", _G, "Symbols that count in every cluster."),
    Metric("ballast_clusters_valid_seconds", _G, "How long the map in force still holds."),
    Metric("ballast_position_value", _G, "Value of a position (display only).", ("symbol",)),
    Metric("ballast_ledger_sequence", _G, "Number of the newest transfer."),
    Metric(
        "ballast_books_recompute_outcome",
        _G,
        "The newest nightly recompute: 1 sound, 0 none yet, -1 could not be made, -2 differs.",
    ),
    Metric("ballast_inputs_total", _C, "Inputs stepped since the process started."),
    Metric("ballast_messages_total", _C, "Messages delivered to an actor.", ("actor",)),
    Metric("ballast_step_seconds", _H, "Wall time of one step of the kernel."),
    Metric("ballast_actor_mailbox_depth", _G, "Messages that wait now.", ("actor",)),
    Metric("ballast_actor_mailbox_high_water", _G, "The most that ever waited.", ("actor",)),
    Metric("ballast_actor_restarts_total", _C, "Deliveries an actor lost.", ("actor",)),
    Metric("ballast_dead_letters", _G, "Messages that no actor could handle."),
    Metric("ballast_held_inputs", _G, "Inputs that wait for a reactivation."),
    Metric("ballast_journal_append_seconds", _H, "Wall time of one journal append."),
    Metric("ballast_journal_frames_total", _C, "Frames committed."),
    Metric("ballast_journal_durable_sequence", _G, "The newest durable input."),
    Metric("ballast_chain_verified_sequence", _G, "The newest input read back and verified."),
    Metric("ballast_snapshots_total", _C, "Snapshots stored."),
    Metric("ballast_slewed_inputs_total", _C, "Inputs whose time ran backwards at the edge."),
    Metric("ballast_ingress_depth", _G, "Inputs that wait to become durable."),
    Metric("ballast_outbox_depth", _G, "Effects that wait for their record."),
)

_HEAD: Final = """# Metrics

Every metric at `/metrics` on the loopback endpoint (`ballast health` prints its address).
Money is for display: floats, in the reporting currency named by `asset`; the truth is the ledger.
Counters begin at zero with the process. Labels come from closed sets.
This page is written by `python -m service.observe.metric_table`; a test compares it.

| metric | kind | labels | what it says |
|---|---|---|---|
"""


def document() -> str:
    """The page docs/metrics.md."""
    rows = (
        f"| `{each.name}` | {each.kind.value} | {', '.join(each.labels)} | {each.about} |\n"
        for each in METRICS
    )
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(document())
