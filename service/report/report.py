"""The report as data: what `report.json` holds and what the page and the terminal show.

Ratios are floats for display; amounts are Decimal in the account's currency. A figure that cannot
be stated honestly is None, and a notice says why. Nothing is computed here.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.dataset import Dataset


class Notice(msgspec.Struct, frozen=True):
    """One named warning in one or two sentences."""

    name: str
    text: str


class Comparison(msgspec.Struct, frozen=True):
    """One way to spend the window. Ratios; None where the window is too short or it is undefined.

    `max_drawdown` is positive: 0.25 is a quarter below the highest point of the window.
    """

    name: str
    net_return: float | None
    max_drawdown: float | None
    annualised_return: float | None
    sharpe: float | None


class YearRow(msgspec.Struct, frozen=True):
    """One calendar year (UTC) of the window, or the part of it that is measured."""

    year: int
    days: float
    net_return: float
    hold_return: float | None
    max_drawdown: float
    trades_closed: int
    realised: Decimal


class TradeFigures(msgspec.Struct, frozen=True):
    """Trades opened and closed inside the window; an exit order with all its fills is one trade.

    `carried_over` counts exits of positions that were opened before it: they are in no other figure
    here. `turnover` is traded cost over mean equity. `profit_factor` is None without a loss.
    """

    closed: int
    carried_over: int
    hit_rate: float | None
    profit_factor: float | None
    realised: Decimal
    fees: Decimal
    traded: Decimal
    turnover: float | None


class Count(msgspec.Struct, frozen=True):
    """How often something was said."""

    name: str
    times: int


class Counts(msgspec.Struct, frozen=True):
    """Decisions by action and reason, and refusals by reason, most frequent first."""

    decisions: tuple[Count, ...]
    refusals: tuple[Count, ...]


class Metrics(msgspec.Struct, frozen=True):
    """Everything that is measured, all of it on one window after the training end.

    Instants are ISO 8601 UTC. `counts` is None when the run did not count the window apart.
    """

    start: str
    end: str
    days: float
    equity_start: Decimal
    equity_end: Decimal
    comparisons: tuple[Comparison, ...]
    held_symbols: tuple[str, ...]
    not_listed: tuple[str, ...]
    ended_early: tuple[str, ...]
    hours_with_position: float
    invested_mean: float
    trades: TradeFigures
    counts: Counts | None
    years: tuple[YearRow, ...]


class DataRow(msgspec.Struct, frozen=True):
    """The candles of one symbol that the run saw; `missing` counts holes between its ends."""

    symbol: str
    first: str
    last: str
    bars: int
    missing: int


class Assumption(msgspec.Struct, frozen=True):
    """One friction that the paper venue applied, with its unit."""

    name: str
    value: str


class Report(msgspec.Struct, frozen=True):
    """A backtest's report. `metrics` is None when nothing may be measured; `unmeasured` says why.

    `training_end` is ISO 8601 UTC, empty when the run has no model with a training end.
    """

    run_id: str
    root_hash: str
    parity: bool | None
    currency: str
    symbols: tuple[str, ...]
    model: str
    bundle_id: str
    run_start: str
    run_end: str
    training_end: str
    metrics: Metrics | None
    unmeasured: str
    assumptions: tuple[Assumption, ...]
    data: tuple[DataRow, ...]
    notices: tuple[Notice, ...]
    page: str
    datasets: tuple[Dataset, ...] = ()
