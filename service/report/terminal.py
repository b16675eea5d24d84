"""The report at the end of a run in the terminal: the comparison, the trades, the warnings."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.report.figures import figure_rows
from service.report.report import Metrics, Report
from service.report.wording import NONE, amount, day, number, percent, words

_REASONS_SHOWN = 6


def print_report(report: Report, console: Console) -> None:
    """Print the report; the warnings come last, where the eye rests."""
    if report.metrics is None:
        console.print(f"[bold]No metrics:[/] {escape(report.unmeasured)}")
    else:
        console.print(_comparisons(report, report.metrics))
        console.print(_figures(report, report.metrics))
        console.print(_years(report, report.metrics))
    for notice in report.notices:
        console.print(f"[yellow]{escape(notice.name)}[/]: {escape(notice.text)}")
    if report.page:
        console.print(f"report: {escape(report.page)}", soft_wrap=True)


def _comparisons(report: Report, metrics: Metrics) -> Table:
    span = f"{day(metrics.start)} to {day(metrics.end)} ({metrics.days:,.1f} days)"
    sample = "out of sample" if report.training_end else "no training end"
    table = Table("", "net", "max drawdown", "a year", "Sharpe", title=f"{span}, {sample}")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in metrics.comparisons:
        drawdown = NONE if row.max_drawdown is None else percent(-row.max_drawdown)
        table.add_row(
            row.name,
            percent(row.net_return, signed=True),
            drawdown,
            percent(row.annualised_return, signed=True),
            number(row.sharpe),
        )
    return table


def _figures(report: Report, metrics: Metrics) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, text in figure_rows(metrics, report.currency):
        table.add_row(f"[dim]{label}[/]", text)
    if metrics.counts is not None:
        for label, counts in (
            ("decisions", metrics.counts.decisions),
            ("refusals", metrics.counts.refusals),
        ):
            shown = [f"{words(each.name)} {each.times:,}" for each in counts[:_REASONS_SHOWN]]
            rest = len(counts) - len(shown)
            shown += [f"and {rest} more"] if rest > 0 else []
            table.add_row(f"[dim]{label}[/]", ", ".join(shown) or "none")
    return table


def _years(report: Report, metrics: Metrics) -> Table:
    table = Table("year", "days", "net", "holding", "max drawdown", "trades", "realised")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in metrics.years:
        table.add_row(
            str(row.year),
            f"{row.days:.0f}",
            percent(row.net_return, signed=True),
            percent(row.hold_return, signed=True),
            percent(-row.max_drawdown),
            f"{row.trades_closed:,}",
            amount(row.realised, report.currency),
        )
    return table
