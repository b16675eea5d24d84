"""The named warnings of a report: what the reader must know before any figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.instruments.table import fact_of
from service.bundles import Choice
from service.report.ratios import DAYS_MIN
from service.report.report import DataRow, Metrics, Notice
from service.report.wording import day

NOT_ADVICE: Final = Notice(
    "not advice",
    "This is not advice and no promise of profit; loss is possible, up to everything invested. "
    "Past results say nothing about the future. For your own account only; which pairs you may "
    "trade depends on where you live.",
)
SURVIVORSHIP: Final = Notice(
    "survivorship",
    "The symbols were chosen today, knowing which ones survived. Results on them, and holding "
    "them most of all, look better than what anyone could have chosen at the time.",
)
RULES_OF_TODAY: Final = Notice(
    "rules of today",
    "Tick, lot, minimum and fee come from today's dated table and are applied to the whole past.",
)


def notices_of(
    choice: Choice,
    data: tuple[DataRow, ...],
    metrics: Metrics | None,
    *,
    as_quote: str,
    has_in_sample: bool,
) -> tuple[Notice, ...]:
    """Every warning that applies, the gravest first."""
    return (
        *_about_the_model(choice, has_in_sample=has_in_sample),
        *_about_the_window(metrics),
        *_about_the_data(data, as_quote),
        SURVIVORSHIP,
        NOT_ADVICE,
    )


def _about_the_model(choice: Choice, *, has_in_sample: bool) -> Iterator[Notice]:
    if choice.bundle is None:
        why = f" ({choice.notice})" if choice.notice else ""
        yield Notice("no model", f"The run had no model{why}, so it could not enter a position.")
    elif choice.notice:
        yield Notice("model", f"{choice.notice[0].upper()}{choice.notice[1:]}.")
    if has_in_sample:
        yield Notice(
            "in-sample",
            "The model was fitted and calibrated on time before its training end. That part is "
            "shown grey; no metric includes it.",
        )


def _about_the_window(metrics: Metrics | None) -> Iterator[Notice]:
    if metrics is None:
        return
    if metrics.days < DAYS_MIN:
        yield Notice(
            "short window",
            f"The window has {metrics.days:.1f} days. Under {DAYS_MIN:.0f} days nothing is "
            "annualised and no Sharpe ratio is stated.",
        )
    if metrics.trades.carried_over:
        yield Notice(
            "carried over",
            f"{metrics.trades.carried_over} exits closed positions from before the window; the "
            "trade figures leave them out.",
        )
    if metrics.not_listed:
        yield Notice(
            "not listed",
            f"Not listed when the window began, so not held: {', '.join(metrics.not_listed)}.",
        )
    if metrics.ended_early:
        yield Notice(
            "ended early",
            "No candles up to the window's end; holding keeps their last close: "
            f"{', '.join(metrics.ended_early)}.",
        )
    if metrics.counts is None:
        yield Notice(
            "not counted apart",
            "Decisions and refusals were counted for the whole run only, so they are left out.",
        )


def _about_the_data(data: tuple[DataRow, ...], as_quote: str) -> Iterator[Notice]:
    if as_quote:
        yield Notice(
            "research mapping",
            f"Pairs quoted in a stand-in such as USDT were read as {as_quote} pairs "
            f"(--as-quote {as_quote}). Their prices are not Kraken's {as_quote} prices.",
        )
    missing = [row for row in data if row.missing]
    if missing:
        each = "; ".join(f"{row.symbol} {row.missing:,}" for row in missing)
        yield Notice("missing bars", f"Missing candles stay gaps: {each}.")
    empty = [row.symbol for row in data if row.bars == 0]
    if empty:
        yield Notice("no candles", f"The run saw no candle of {', '.join(empty)}.")
    guessed = [row.symbol for row in data if fact_of(row.symbol).is_estimate]
    if guessed:
        yield Notice("estimated rules", f"Tick and minimum are estimates: {', '.join(guessed)}.")
    yield RULES_OF_TODAY


def training_sentence(training_end: str) -> str:
    """What a reader of the grey part is told."""
    return f"in-sample until {day(training_end)}: no metrics"
