"""A finished backtest in miniature for the report's tests: hours, fills and exits of one's choice.

Nothing is run: the tally is filled by hand, so that a test says exactly what happened and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from actors.instant import HOUR_NS
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from actors.messages.ledger import PortfolioHour, PortfolioState, PositionView, TradeClosed
from actors.ports import RunRow
from adapters.candles.feed import CandleFeed
from adapters.candles.series import CandleSeries
from service.bundles import Choice
from service.drivers.feeding import Fed
from service.drivers.trading import RunResult
from service.proof import card_of
from service.settings import Settings
from service.tally import Tally

START_TS = 1_577_836_800 * 10**9
"""2020-01-01 00:00 UTC."""
BTC = "BTC/USD"


def hour_ts(hours: int) -> int:
    """So many hours after the start."""
    return START_TS + hours * HOUR_NS


def hour(hours: int, equity: str, invested: str = "0") -> PortfolioHour:
    """The portfolio at an hour; `invested` is in BTC."""
    value = Decimal(invested)
    held = (PositionView(BTC, Decimal(1), Decimal(1), value, value),) if value else ()
    zero = Decimal(0)
    total = Decimal(equity)
    state = PortfolioState(
        hour_ts(hours), total, total - value, zero, zero, zero, zero, total, 0, held
    )
    return PortfolioHour(hour_ts(hours), state)


def fill(order: str, side: Side, hours: int, cost: str, *, quantity: str = "1") -> Fill:
    """A fill half an hour after an hour, with a fee of 1."""
    amount, zero = Decimal(cost), Decimal(0)
    return Fill(
        order,
        f"{order}-1",
        BTC,
        side,
        Decimal(quantity),
        amount,
        amount,
        Decimal(1),
        "USD",
        Liquidity.TAKER,
        hour_ts(hours) + HOUR_NS // 2,
        zero,
        amount,
    )


def closed(order: str, hours: int, realised: str, *, part: int = 1) -> TradeClosed:
    """An exit half an hour after an hour."""
    zero, at = Decimal(0), hour_ts(hours) + HOUR_NS // 2
    return TradeClosed(
        order, f"{order}-{part}", BTC, Decimal(1), zero, zero, zero, Decimal(realised), at
    )


def candles(
    prices: dict[str, Sequence[float]], *, first_hours: dict[str, int] | None = None
) -> CandleFeed:
    """Hourly candles that open at one price and close at the next; NaN is a missing candle."""
    series = []
    for symbol, path in prices.items():
        first = (first_hours or {}).get(symbol, 0)
        opens, closes = np.asarray(path[:-1]), np.asarray(path[1:])
        high, low = np.maximum(opens, closes), np.minimum(opens, closes)
        volume = np.ones(len(opens))
        rows = np.ascontiguousarray(np.stack([opens, high, low, closes, volume, volume], axis=1))
        open_ts = START_TS + (first + np.arange(len(opens), dtype=np.int64)) * HOUR_NS
        good = np.isfinite(opens + closes)
        series.append(CandleSeries(symbol, HOUR_NS, open_ts[good], rows[good], "made up"))
    return CandleFeed(series)


def finished(
    hours: Sequence[PortfolioHour],
    *,
    symbols: tuple[str, ...] = (BTC,),
    fills: Sequence[Fill] = (),
    exits: Sequence[TradeClosed] = (),
    cut: int | None = None,
) -> RunResult:
    """The result of a run with that history, counted apart from the hour `cut` on."""
    tally = Tally(symbols, measured_from_ns=0 if cut is None else hour_ts(cut))
    tally.hours.extend(hours)
    tally.fill_rows.extend(fills)
    tally.closed.extend(exits)
    run = RunRow("run-1", "backtest", "BACKTEST", "candles", b"", 1, 1, b"\x01" * 32, closed=True)
    facts = dict.fromkeys(("inputs", "messages", "decisions", "orders", "fills"), 0)
    texts = dict.fromkeys(("notice", "bundle_id", "bundle_marker", "code_fingerprint"), "")
    card = card_of(run, market_result=True, books_balanced=True, **facts, **texts)
    return RunResult(card, run, tally, Fed(len(hours), "end of feed"))


def trained_until(hours: int) -> Choice:
    """A choice whose model saw everything up to an hour (days stay whole for 24s)."""
    return Choice(None, "not activated", hour_ts(hours))


def settings() -> Settings:
    """Settings with every default."""
    return Settings()
