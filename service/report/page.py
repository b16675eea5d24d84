"""The report as one HTML file: no script, nothing fetched, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from service.report.chart import Chart, Frame, Line, figure
from service.report.curves import Curves
from service.report.figures import figure_rows
from service.report.notices import training_sentence
from service.report.report import Counts, Metrics, Report
from service.report.style import STYLE
from service.report.wording import NONE, amount, day, number, percent, words

CONVENTIONS: Final = (
    "Returns are simple and net of fees. Drawdown is measured on hourly equity, from the window's "
    "own highest hour. Sharpe: daily returns between UTC midnights, mean over standard deviation, "
    "times the square root of 365, riskless rate 0; it and the yearly rate are stated from 90 days "
    "on. Doing nothing keeps the starting equity in cash. Holding buys equal amounts of every "
    "symbol listed when the window begins, at its first open with the taker fee, and never sells. "
    "A trade is an exit order with all its fills."
)

_DOWN: Final = (-0.01, 0.0)
_UP: Final = (0.0, 0.01)


def page(report: Report, curves: Curves) -> str:
    """The whole page."""
    body = "\n".join(
        (
            _head(report),
            _notices(report),
            _result(report),
            _charts(report, curves),
            _details(report),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Backtest {escape(report.run_id[:12])}</title>\n<style>\n{STYLE}\n</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    names = ", ".join(report.symbols)
    span = f"{day(report.run_start)} to {day(report.run_end)}" if report.run_start else "no hours"
    model = report.model or "no model"
    trained = f", trained until {day(report.training_end)}" if report.training_end else ""
    return (
        f"<header><h1>Backtest of {escape(_title(report.symbols))}</h1>"
        f'<p class="soft">{escape(span)}; model: {escape(model)}{escape(trained)}</p>'
        + (f'<p class="soft">{escape(names)}</p>' if len(report.symbols) > 3 else "")
        + "</header>"
    )


def _title(symbols: Sequence[str]) -> str:
    return ", ".join(symbols) if len(symbols) <= 3 else f"{len(symbols)} symbols"


def _notices(report: Report) -> str:
    items = "".join(
        f'<p class="notice"><b>{escape(each.name.capitalize())}.</b> {escape(each.text)}</p>'
        for each in report.notices
    )
    return f'<section aria-label="warnings">{items}</section>'


def _result(report: Report) -> str:
    metrics = report.metrics
    if metrics is None:
        return f"<h2>No metrics</h2><p><b>{escape(report.unmeasured)}</b></p>"
    sample = "out of sample" if report.training_end else "whole run (no training end)"
    rows = [
        (
            each.name,
            percent(each.net_return, signed=True),
            NONE if each.max_drawdown is None else percent(-each.max_drawdown),
            percent(each.annualised_return, signed=True),
            number(each.sharpe),
        )
        for each in metrics.comparisons
    ]
    figures = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>"
        for label, text in figure_rows(metrics, report.currency)
    )
    return (
        f"<h2>Result, {escape(sample)}</h2>"
        f"<p>{day(metrics.start)} to {day(metrics.end)}, {metrics.days:,.1f} days</p>"
        + _table(("", "net return", "max drawdown", "a year", "Sharpe"), rows, mark_first=True)
        + _held(metrics)
        + f"<h2>Figures</h2><dl>{figures}</dl>"
    )


def _held(metrics: Metrics) -> str:
    if not metrics.held_symbols:
        return '<p class="soft">Nothing was listed when the window began, so nothing is held.</p>'
    text = f"Held: {', '.join(metrics.held_symbols)}."
    if metrics.not_listed:
        text += f" Not listed: {', '.join(metrics.not_listed)}."
    return f'<p class="soft">{escape(text)}</p>'


def _charts(report: Report, curves: Curves) -> str:
    stamps = [*curves.equity_grey.times, *curves.equity.times]
    if not stamps:
        return ""
    frame = Frame(
        first=min(stamps),
        last=max(stamps),
        cut=min(curves.cut, max(stamps)),
        cut_label=training_sentence(report.training_end) if curves.cut else "",
    )
    result = Line("Ballast", "result", curves.equity)
    alone = (
        Line("", "grey", curves.equity_grey),
        Line("doing nothing", "nothing", curves.nothing),
        result,
    )
    beside = (*alone[:1], Line("holding", "hold", curves.hold), *alone[1:])
    below = (
        Line("holding", "hold", curves.hold_drawdown),
        Line("Ballast", "result", curves.drawdown, filled=True),
    )
    share = (
        Line("", "grey", curves.exposure_grey, filled=True),
        Line("Ballast", "result", curves.exposure, filled=True),
    )
    money = report.currency
    charts = (
        figure(Chart("Equity", money, beside, may_log=True), frame, _short),
        figure(Chart("Equity without holding", money, alone), frame, _short),
        figure(Chart("Drawdown", "below the highest hour", below, _DOWN), frame, _percent_label),
        figure(Chart("Exposure", "invested share of equity", share, _UP), frame, _percent_label),
    )
    return f"<h2>Curves</h2>{charts[0]}" + "".join(
        f'<div class="low">{each}</div>' for each in charts[1:]
    )


def _details(report: Report) -> str:
    parts: list[str] = []
    metrics = report.metrics
    if metrics is not None:
        parts.append("<h2>By year</h2>" + _years(metrics, report.currency))
        if metrics.counts is not None:
            parts.append(_counts(metrics.counts))
    spans = [
        (
            each.symbol,
            day(each.first) or NONE,
            day(each.last) or NONE,
            f"{each.bars:,}",
            f"{each.missing:,}",
        )
        for each in report.data
    ]
    parts += [
        "<h2>Candles</h2>" + _table(("symbol", "first", "last", "bars", "missing"), spans),
        _files(report),
        "<h2>Costs assumed</h2>"
        + _table(("", ""), [(each.name, each.value) for each in report.assumptions]),
        f'<h2>Conventions</h2><p class="soft">{escape(CONVENTIONS)}</p>',
        _proof(report),
    ]
    return "\n".join(parts)


def _files(report: Report) -> str:
    """Which files the run read, by content: whoever has them can make the run again."""
    rows = [
        (each.name, f"{each.rows or 0:,}", each.sha256) for each in report.datasets if each.rows
    ]
    return "<h2>Files</h2>" + _table(("file", "rows", "SHA-256"), rows) if rows else ""


def _proof(report: Report) -> str:
    return (
        f'<h2>Proof</h2><p class="mono">run {escape(report.run_id)}<br>'
        f"root {escape(report.root_hash)}<br>replay parity {_parity(report.parity)}<br>"
        f"bundle {escape(report.bundle_id or 'none')}</p>"
    )


def _parity(parity: bool | None) -> str:
    return "SKIPPED" if parity is None else "TRUE" if parity else "FALSE"


def _years(metrics: Metrics, currency: str) -> str:
    rows = [
        (
            str(row.year),
            f"{row.days:.0f}",
            percent(row.net_return, signed=True),
            percent(row.hold_return, signed=True),
            percent(-row.max_drawdown),
            f"{row.trades_closed:,}",
            amount(row.realised, currency),
        )
        for row in metrics.years
    ]
    heads = ("year", "days", "net return", "holding", "max drawdown", "trades", "realised")
    return _table(heads, rows)


def _counts(counts: Counts) -> str:
    parts = []
    for title, items in (("Decisions", counts.decisions), ("Refusals", counts.refusals)):
        total = sum(each.times for each in items)
        rows = [
            (words(each.name), f"{each.times:,}", percent(each.times / total)) for each in items
        ]
        table = _table(("reason", "times", "share"), rows) if rows else "<p>none</p>"
        parts.append(f"<h2>{title}</h2>{table}")
    return "".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, mark_first: bool = False) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    head = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    lines = []
    for index, row in enumerate(rows):
        style = ' class="result"' if mark_first and index == 0 else ""
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        lines.append(f"<tr{style}>{cells}</tr>")
    return f'<div class="wide"><table>{head}<tbody>{"".join(lines)}</tbody></table></div>'


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:,.6g} {letter}".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−")


def _percent_label(value: float) -> str:
    return f"{100 * value:.3g} %".replace("-", "−")
