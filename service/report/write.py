"""Writing the report of a finished backtest: `report.json` and `report.html` in the run's folder.

Each file appears whole or not at all. What is measured, and from when, is decided by `track.cut`.
"""

from __future__ import annotations

import decimal
import os
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from actors.instruments import Instrument
from actors.money import EXACT
from adapters.instruments.table import instruments
from service.bundles import Choice
from service.datasets import datasets_of
from service.drivers.trading import RunResult
from service.report.counts import counts_of
from service.report.curves import Curves, curves_of
from service.report.metrics import holding_of, metrics_of
from service.report.notices import notices_of
from service.report.page import page
from service.report.prices import Candles, data_rows, price_paths
from service.report.report import Assumption, Report
from service.report.track import HOURS_MIN, Track, cut, track_of
from service.report.wording import instant
from service.settings import Settings

PAGE: Final = "report.html"
DATA: Final = "report.json"
_FOREVER: Final = 2**63 - 1


class Document(msgspec.Struct, frozen=True):
    """What `report.json` holds: the report, and the curves as they are drawn."""

    report: Report
    curves: Curves


def write_report(
    result: RunResult,
    feed: Candles,
    choice: Choice,
    settings: Settings,
    *,
    folder: Path,
    as_quote: str,
) -> Report:
    """Measure the run after the model's training end, write both files into `folder`, return it.

    `folder` is created when it is missing. Raises OSError when it cannot be written.
    """
    with decimal.localcontext(EXACT):
        document = measured(result, feed, choice, settings, as_quote=as_quote)
    target = folder / PAGE
    report = msgspec.structs.replace(document.report, page=str(target))
    folder.mkdir(parents=True, exist_ok=True)
    document = Document(msgspec.structs.replace(report, page=PAGE), document.curves)
    _write(folder / DATA, msgspec.json.format(msgspec.json.encode(document), indent=1))
    _write(target, page(report, document.curves).encode())
    return report


def measured(
    result: RunResult, feed: Candles, choice: Choice, settings: Settings, *, as_quote: str
) -> Document:
    """The report and its curves, without writing anything."""
    track = track_of(result.tally.hours)
    grey, window = cut(track, choice.training_end_ns)
    paths = price_paths(feed, before_ts=track.end_ts if len(track) else _FOREVER)
    rules = instruments(feed.symbols)
    held = holding_of(window, paths, {rule.symbol: float(rule.taker_fee) for rule in rules})
    metrics = None
    if len(window) >= HOURS_MIN:
        counts = counts_of(result.tally, choice.training_end_ns)
        metrics = metrics_of(window, held, result.tally, counts)
    data = data_rows(paths)
    manifest = choice.bundle.manifest if choice.bundle is not None else None
    report = Report(
        run_id=result.run.run_id,
        root_hash=result.card.root_hash,
        parity=result.card.parity,
        currency=settings.account.quote,
        symbols=feed.symbols,
        model=manifest.name if manifest else "",
        bundle_id=manifest.bundle_id if manifest else "",
        run_start=instant(track.start_ts) if len(track) else "",
        run_end=instant(track.end_ts) if len(track) else "",
        training_end=instant(choice.training_end_ns),
        metrics=metrics,
        unmeasured="" if metrics else _why_unmeasured(track, window, choice),
        assumptions=_assumptions(settings, rules),
        data=data,
        notices=notices_of(choice, data, metrics, as_quote=as_quote, has_in_sample=len(grey) > 0),
        page="",
        datasets=datasets_of(feed),
    )
    return Document(report, curves_of(grey, window, held, choice.training_end_ns))


def _why_unmeasured(track: Track, window: Track, choice: Choice) -> str:
    if len(track) == 0:
        return "The run recorded no full hour, so there is nothing to measure."
    if len(window) == 0:
        end = instant(choice.training_end_ns)
        return f"The whole run is in-sample: it ends before the model's training end, {end}."
    return "Less than two full hours lie after the model's training end."


def _assumptions(settings: Settings, rules: tuple[Instrument, ...]) -> tuple[Assumption, ...]:
    venue, market = settings.venue, settings.market
    takers = sorted({rule.taker_fee for rule in rules})
    makers = sorted({rule.maker_fee for rule in rules})
    return (
        Assumption("taker fee", _bps(takers)),
        Assumption("maker fee", _bps(makers)),
        Assumption("half spread", f"{market.candle_half_spread_bps} bp"),
        Assumption("slippage", f"{venue.slippage_bps} bp"),
        Assumption("delay to the venue", f"{venue.latency_ms} ms"),
        Assumption("share of traded volume at most", f"{100 * venue.participation_ratio:f} %"),
        Assumption(
            "opening balance", f"{settings.account.opening_balance:f} {settings.account.quote}"
        ),
    )


def _bps(ratios: list[Decimal]) -> str:
    texts = [f"{(ratio * 10_000).normalize():f}" for ratio in ratios]
    return f"{' to '.join(dict.fromkeys((texts[0], texts[-1])))} bp"


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
