"""What the predictions would have earned by one plain rule, beside doing nothing and holding.

Rule: no position and P(up) >= 1/2 and expected move above the round trip's cost: buy at the next
open, sell H bars later at the open (the first that exists). Each symbol has a purse of its own.
A measuring rod for the gate, not the product's strategy.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from models.labels import Costs
from models.training.metrics import tidy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Signal(msgspec.Struct, frozen=True):
    """Predictions on the bars of a table; NaN where there is none."""

    p: FloatArray
    """[T, n] P(up)."""
    move: FloatArray
    """[T, n] expected gross moves as fractions."""
    start: int
    """First decision bar."""
    end: int
    """Bars from here on are not used, not even for an exit."""


class Trades(msgspec.Struct, frozen=True):
    """Round trips in order of exit; arrays are [k]."""

    entry: IntArray
    exit: IntArray
    symbol: IntArray
    gross: FloatArray


def simulate(opens: FloatArray, signal: Signal, costs: Costs, horizon_bars: int) -> Trades:
    """The rule's round trips over opens [T, n]."""
    found: list[tuple[int, int, int, float]] = []
    wanted = (signal.p >= 0.5) & (signal.move > costs.break_even)
    for symbol in range(opens.shape[1]):
        price, free_at = opens[:, symbol], signal.start
        for bar in map(int, np.flatnonzero(wanted[:, symbol])):
            if bar < free_at or np.isnan(price[min(bar + 1, len(price) - 1)]):
                continue
            later = price[bar + 1 + horizon_bars : signal.end]
            known = np.flatnonzero(~np.isnan(later))
            if not known.size:
                break
            out = bar + 1 + horizon_bars + int(known[0])
            found.append((bar + 1, out, symbol, float(price[out] / price[bar + 1] - 1.0)))
            free_at = out
    found.sort(key=lambda trade: (trade[1], trade[2]))
    entry, leave, symbols, gross = zip(*found, strict=True) if found else ((), (), (), ())
    whole = np.int64
    return Trades(
        np.array(entry, whole), np.array(leave, whole), np.array(symbols, whole), np.array(gross)
    )


def net_returns(trades: Trades, costs: Costs, cost_factor: float = 1.0) -> FloatArray:
    """Net returns of the trades with all costs multiplied by a factor."""
    scaled = Costs(costs.fee_bps * cost_factor, costs.half_spread_bps * cost_factor)
    return scaled.net(trades.gross)


def total_return(trades: Trades, net: FloatArray, symbols: int) -> float:
    """Return of equal purses, each compounding its own trades."""
    purses = np.ones(symbols)
    np.multiply.at(purses, trades.symbol, 1.0 + net)
    return float(purses.mean() - 1.0)


def drawdown(trades: Trades, net: FloatArray, symbols: int) -> float:
    """Largest fall from a peak of the purses' sum, seen at exits only (fraction)."""
    purses, peak, worst = np.ones(symbols), float(symbols), 0.0
    for symbol, value in zip(trades.symbol, net, strict=True):
        purses[symbol] *= 1.0 + value
        total = float(purses.sum())
        peak = max(peak, total)
        worst = max(worst, 1.0 - total / peak)
    return worst


def rise_rate(trades: Trades) -> float:
    """Share of trades whose price was higher at the exit, costs or not; NaN without a trade."""
    return float((trades.gross > 0.0).mean()) if trades.gross.size else float("nan")


def profit_factor(net: FloatArray) -> float:
    """Sum of gains over sum of losses; infinite without a loss, NaN without a trade."""
    gains, damage = float(net[net > 0.0].sum()), float(-net[net < 0.0].sum())
    return gains / damage if damage > 0.0 else (np.inf if gains > 0.0 else np.nan)


def hold_return(opens: FloatArray, costs: Costs, start: int, end: int) -> float:
    """Equal purses bought at the first known open and sold at the last, with costs once."""
    results = []
    for column in opens[start + 1 : end].T:
        known = column[~np.isnan(column)]
        if known.size:
            results.append(float(costs.net(np.array(known[-1] / known[0] - 1.0))))
    return float(np.mean(results)) if results else 0.0


def mean_lower_bound(net: FloatArray, seed: int) -> float:
    """10 % bound of the mean net return of a trade, trades resampled; NaN without trades."""
    if not net.size:
        return float("nan")
    generator = np.random.Generator(np.random.Philox(key=seed))
    picks = generator.integers(0, net.size, (1000, net.size))
    return float(np.quantile(net[picks].mean(axis=1), 0.10))


def summary(
    opens: FloatArray, signal: Signal, costs: Costs, trades: Trades
) -> dict[str, float | None]:
    """The economic lines of the card."""
    net, symbols = net_returns(trades, costs), opens.shape[1]
    values = {
        "trades": float(net.size),
        "net_return": total_return(trades, net, symbols),
        "net_return_of_nothing": 0.0,
        "net_return_of_holding": hold_return(opens, costs, signal.start, signal.end),
        "mean_net_return_per_trade": float(net.mean()) if net.size else float("nan"),
        "rise_rate_of_trades": rise_rate(trades),
        "gain_rate_of_trades": float((net > 0.0).mean()) if net.size else float("nan"),
        "profit_factor": profit_factor(net),
        "drawdown_at_exits": drawdown(trades, net, symbols),
    }
    return {name: tidy(value) for name, value in values.items()}
