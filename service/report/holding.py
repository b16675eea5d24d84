"""Holding: equal weights of what was listed when the window began, bought once and kept.

Bought at the first open from the window's start with the taker fee, never sold, valued at the last
close known before each hour, which is when the ledger writes its hour too. No spread, no slippage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.report.prices import PricePath
from service.report.track import F64, I64


@dataclass(frozen=True)
class Holding:
    """The curve (1.0 before buying, one value an hour) and which symbols it holds.

    `ended_early` are held symbols without a candle near the window's end: they keep their last
    close.
    """

    growth: F64
    symbols: tuple[str, ...]
    not_listed: tuple[str, ...]
    ended_early: tuple[str, ...]


def hold(
    paths: Sequence[PricePath], hour_ts: I64, taker_fees: Mapping[str, float]
) -> Holding | None:
    """The holding curve on the hours of the window; None when no symbol was listed at its start.

    Fees are ratios of cost.
    """
    start_ts, end_ts = int(hour_ts[0]), int(hour_ts[-1])
    listed = [path for path in paths if _is_listed(path, start_ts, end_ts)]
    absent = tuple(path.symbol for path in paths if not _is_listed(path, start_ts, end_ts))
    if not listed:
        return None
    curves = [_growth(path, hour_ts, taker_fees[path.symbol]) for path in listed]
    early = tuple(path.symbol for path in listed if _ended_early(path, end_ts))
    held = tuple(path.symbol for path in listed)
    return Holding(np.mean(np.stack(curves), axis=0), held, absent, early)


def _is_listed(path: PricePath, start_ts: int, end_ts: int) -> bool:
    if len(path.open_ts) == 0 or int(path.open_ts[0]) > start_ts:
        return False
    return bool(((path.open_ts >= start_ts) & (path.open_ts < end_ts)).any())


def _ended_early(path: PricePath, end_ts: int) -> bool:
    day_ns = 24 * 3600 * 10**9
    return int(path.open_ts[-1]) + path.interval_ns < end_ts - day_ns


def _growth(path: PricePath, hour_ts: I64, taker_fee: float) -> F64:
    bought = int(np.searchsorted(path.open_ts, hour_ts[0], side="left"))
    price, bought_ts = float(path.opens[bought]), int(path.open_ts[bought])
    known = np.searchsorted(path.open_ts, hour_ts - path.interval_ns, side="left") - 1
    closes = path.closes[np.maximum(known, bought)]
    prices = np.where(known >= bought, closes, price)
    return np.where(hour_ts > bought_ts, prices / price / (1.0 + taker_fee), 1.0)
