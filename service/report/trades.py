"""Trades of the window: those opened and closed inside it, by first-in-first-out lots.

An exit that sells a lot bought before the window carries profit of that time, so it is counted as
carried over and left out of every figure. Fees and traded cost are those of fills in the window.
"""

from __future__ import annotations

import decimal
from collections import defaultdict, deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from actors.messages.decision import Side
from actors.messages.execution import Fill
from actors.messages.ledger import TradeClosed
from actors.money import EXACT, ZERO
from service.report.report import TradeFigures

_YEAR: Final = "datetime64[Y]"


def exits_of(
    closed: Sequence[TradeClosed], fills: Sequence[Fill], start_ts: int
) -> tuple[dict[str, list[TradeClosed]], int]:
    """Exits after `start_ts` by client order id, and how many were carried over (left out)."""
    older = _sells_older_lots(fills, start_ts)
    exits: dict[str, list[TradeClosed]] = defaultdict(list)
    for trade in closed:
        if trade.ts > start_ts:
            exits[trade.cl_ord_id].append(trade)
    kept = {name: parts for name, parts in exits.items() if name not in older}
    return kept, len(exits) - len(kept)


def trade_figures(
    exits: dict[str, list[TradeClosed]],
    carried_over: int,
    fills: Sequence[Fill],
    *,
    start_ts: int,
    equity_mean: float,
) -> TradeFigures:
    """The figures; amounts are exact sums."""
    mine = [fill for fill in fills if fill.ts > start_ts]
    with decimal.localcontext(EXACT):
        results = [realised_of(parts) for parts in exits.values()]
        gains = sum((result for result in results if result > 0), ZERO)
        losses = -sum((result for result in results if result < 0), ZERO)
        realised = gains - losses
        fees = sum((fill.fee for fill in mine), ZERO)
        traded = sum((fill.cost for fill in mine), ZERO)
    won = sum(1 for result in results if result > 0)
    return TradeFigures(
        closed=len(results),
        carried_over=carried_over,
        hit_rate=won / len(results) if results else None,
        profit_factor=float(gains) / float(losses) if losses else None,
        realised=realised,
        fees=fees,
        traded=traded,
        turnover=float(traded) / equity_mean if equity_mean > 0.0 else None,
    )


def realised_of(parts: Sequence[TradeClosed]) -> Decimal:
    """What one exit order realised, net of both fees."""
    with decimal.localcontext(EXACT):
        return sum((part.realised for part in parts), ZERO)


def by_year(exits: dict[str, list[TradeClosed]]) -> dict[int, list[Decimal]]:
    """What the exits of each calendar year (UTC, of their last fill) realised."""
    found: dict[int, list[Decimal]] = defaultdict(list)
    for parts in exits.values():
        stamp = np.datetime64(max(part.ts for part in parts), "ns")
        found[int(stamp.astype(_YEAR).astype(np.int64)) + 1970].append(realised_of(parts))
    return found


def _sells_older_lots(fills: Sequence[Fill], start_ts: int) -> set[str]:
    """Client order ids of sales that touch a lot bought up to `start_ts`, or one never seen."""
    lots: dict[str, deque[tuple[int, Decimal]]] = defaultdict(deque)
    found: set[str] = set()
    with decimal.localcontext(EXACT):
        for fill in fills:
            queue = lots[fill.symbol]
            if fill.side is Side.BUY:
                queue.append((fill.ts, fill.quantity))
                continue
            left = fill.quantity
            while left > 0 and queue:
                bought_ts, quantity = queue.popleft()
                if bought_ts <= start_ts:
                    found.add(fill.cl_ord_id)
                if quantity > left:
                    queue.appendleft((bought_ts, quantity - left))
                left -= min(quantity, left)
            if left > 0:
                found.add(fill.cl_ord_id)
    return found
