"""The single figures of a report as label and text, in one order for terminal and page."""

from __future__ import annotations

from service.report.report import Metrics
from service.report.wording import amount, number, percent


def figure_rows(metrics: Metrics, currency: str) -> tuple[tuple[str, str], ...]:
    """Label and value of every single figure, for the terminal and the page."""
    trades = metrics.trades
    return (
        ("equity at start", amount(metrics.equity_start, currency)),
        ("equity at end", amount(metrics.equity_end, currency)),
        ("hours with a position", percent(metrics.hours_with_position)),
        ("invested on average", percent(metrics.invested_mean)),
        ("trades closed", f"{trades.closed:,}"),
        ("hit rate", percent(trades.hit_rate)),
        ("profit factor", number(trades.profit_factor)),
        ("realised, net of fees", amount(trades.realised, currency)),
        ("fees", amount(trades.fees, currency)),
        ("traded", amount(trades.traded, currency)),
        ("turnover (traded / mean equity)", number(trades.turnover, 1)),
    )
