"""Matching against what traded: trade aggregates and candles, limited to a share of their volume.

A resting order is filled only when the market traded through its limit, at its limit, as maker
unless it may have crossed the book on arrival, and only by trades that are all younger than its
acceptance. Candles do not tell that: against them an
order takes at the first open after it was sent, worsened by half spread and slippage; if that is
beyond its limit it rests. Our orders in a symbol share one allowance. Where the venue's mode does
not match, nothing trades.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport, Liquidity
from actors.messages.market import CandleSlice, TradeSlice
from actors.money import (
    multiply_down,
    multiply_up,
    price_from_float,
    quantity_from_float,
)
from actors.paper_venue.modes import matches
from actors.paper_venue.reports import traded
from actors.paper_venue.state import PaperVenueConfig, PaperVenueState, VenueOrderState

_PRICE_MAX: Final = 10**15
_OPEN, _HIGH, _LOW, _VOLUME, _BUY_VOLUME = 0, 1, 2, 4, 7
_ONE: Final = Decimal(1)


def match_trades(
    config: PaperVenueConfig, state: PaperVenueState, trades: TradeSlice
) -> list[ExecutionReport]:
    """Fill resting orders from opposite trades through their limit."""
    touched: list[int] = trades.symbols.tolist()
    allowances: dict[str, Decimal] = {}
    reports: list[ExecutionReport] = []
    for order in tuple(state.orders.values()):
        # An aggregate whose oldest trade is not known to be younger proves nothing.
        if not 0 < order.accepted_at < trades.first_ts or order.index not in touched:
            continue
        if not matches(state, order.symbol):
            continue
        row = trades.rows[touched.index(order.index)].tolist()
        instrument = state.rules_of(config, order.symbol)
        if not _traded_through(instrument, order, row):
            continue
        buys = order.side is Side.BUY
        volume = row[_VOLUME] - row[_BUY_VOLUME] if buys else row[_BUY_VOLUME]
        key = f"{order.symbol}:{order.side}"
        left = allowances.get(key)
        if left is None:
            left = _allowance(config, instrument, volume)
        quantity = min(left, order.remaining)
        allowances[key] = left - quantity
        if quantity > 0:
            reports.append(_rested(config, state, order, quantity, trades.ts))
    return reports


def match_candles(
    config: PaperVenueConfig, state: PaperVenueState, candles: CandleSlice
) -> list[ExecutionReport]:
    """Fill orders at the open they waited for, or through their limit, first come first served."""
    touched: list[int] = candles.symbols.tolist()
    allowances: dict[str, Decimal] = {}
    reports: list[ExecutionReport] = []
    for order in tuple(state.orders.values()):
        if not order.accepted_at or candles.open_ts < order.submitted_at:
            continue
        if order.index not in touched or not matches(state, order.symbol):
            continue
        row = candles.rows[touched.index(order.index)].tolist()
        if not 0 < row[_OPEN] < _PRICE_MAX:
            continue
        instrument = state.rules_of(config, order.symbol)
        taking_price = _taking_price(config, instrument, order, row[_OPEN])
        order.awaits_open = False
        if taking_price is None and not _traded_through(instrument, order, row):
            continue
        left = allowances.get(order.symbol)
        if left is None:
            left = _allowance(config, instrument, row[_VOLUME])
        quantity = min(left, order.remaining)
        allowances[order.symbol] = left - quantity
        if quantity <= 0:
            continue
        ts = max(candles.open_ts, order.accepted_at)
        if taking_price is None:
            reports.append(_rested(config, state, order, quantity, ts))
            continue
        reports.append(
            traded(
                config,
                state,
                order,
                quantity=quantity,
                price=taking_price,
                liquidity=Liquidity.TAKER,
                ts=ts,
            )
        )
    return reports


def _taking_price(
    config: PaperVenueConfig, instrument: Instrument, order: VenueOrderState, opened: float
) -> Decimal | None:
    """The price at the awaited open, rounded against us; None when it is beyond the limit."""
    if not order.awaits_open:
        return None
    price = price_from_float(opened, instrument.tick)
    worse = config.half_spread_ratio + config.slippage_ratio
    if order.side is Side.BUY:
        price = multiply_up(price, _ONE + worse, instrument.tick)
        return price if price <= order.limit_price else None
    price = multiply_down(price, _ONE - worse, instrument.tick)
    return price if price >= order.limit_price else None


def _traded_through(instrument: Instrument, order: VenueOrderState, row: list[float]) -> bool:
    """Whether a trade was strictly beyond the limit, so that ours would have come first."""
    extreme = row[_LOW] if order.side is Side.BUY else row[_HIGH]
    if not 0 < extreme < _PRICE_MAX:
        return False
    price = price_from_float(extreme, instrument.tick)
    return price < order.limit_price if order.side is Side.BUY else price > order.limit_price


def _allowance(config: PaperVenueConfig, instrument: Instrument, volume: float) -> Decimal:
    quantity = quantity_from_float(volume, instrument.lot)
    return multiply_down(quantity, config.participation_ratio, instrument.lot)


def _rested(
    config: PaperVenueConfig,
    state: PaperVenueState,
    order: VenueOrderState,
    quantity: Decimal,
    ts: int,
) -> ExecutionReport:
    return traded(
        config,
        state,
        order,
        quantity=quantity,
        price=order.limit_price,
        liquidity=order.resting_liquidity,
        ts=ts,
    )
