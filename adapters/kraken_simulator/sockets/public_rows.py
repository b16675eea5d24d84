"""Rows of the public channels: ticker, trade, ohlc, instrument, status. Exact decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.events import Trade
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import Asset, Instrument
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.views import Candle, Ticker
from adapters.kraken_simulator.wire import encode, number, rfc3339

VERSION: Final = "2.0.10"
_MINUTE_NS: Final = 60_000_000_000
_HUNDRED: Final = Decimal(100)


def ticker_row(row: Instrument, found: Ticker) -> dict[str, Any]:
    """The ticker of the last 24 hours."""
    prices, lots, day = row.price_decimals, row.lot_decimals, found.day
    change = found.last - day.first
    return {
        "symbol": row.symbol,
        "bid": number(found.bid, prices),
        "bid_qty": number(found.bid_qty, lots),
        "ask": number(found.ask, prices),
        "ask_qty": number(found.ask_qty, lots),
        "last": number(found.last, prices),
        "volume": number(day.volume, lots),
        "vwap": number(day.vwap, prices),
        "low": number(day.low, prices),
        "high": number(day.high, prices),
        "change": number(change, prices),
        "change_pct": number(change / day.first * _HUNDRED if day.first else Decimal(0), 2),
        "trades": day.count,
        "timestamp": rfc3339(found.ts),
    }


def trade_row(row: Instrument, found: Trade) -> dict[str, Any]:
    """One public trade; `side` is the taker's."""
    return {
        "symbol": row.symbol,
        "side": found.side,
        "price": number(found.price, row.price_decimals),
        "qty": number(found.qty, row.lot_decimals),
        "ord_type": found.order_type,
        "trade_id": found.trade_id,
        "timestamp": rfc3339(found.ts),
    }


def candle_row(row: Instrument, found: Candle, minutes: int) -> dict[str, Any]:
    """One candle; `timestamp` is its end."""
    prices = row.price_decimals
    return {
        "symbol": row.symbol,
        "open": number(found.open, prices),
        "high": number(found.high, prices),
        "low": number(found.low, prices),
        "close": number(found.close, prices),
        "trades": found.count,
        "volume": number(found.volume, row.lot_decimals),
        "vwap": number(found.vwap, prices),
        "interval_begin": rfc3339(found.open_ns, 9),
        "interval": minutes,
        "timestamp": rfc3339(found.open_ns + minutes * _MINUTE_NS),
    }


def instrument_data(exchange: Exchange) -> dict[str, Any]:
    """All assets and pairs."""
    return {
        "assets": [_asset_row(each) for each in exchange.assets()],
        "pairs": [pair_row(each) for each in exchange.instruments()],
    }


def _asset_row(each: Asset) -> dict[str, Any]:
    return {
        "id": each.name,
        "status": "enabled",
        "precision": each.decimals,
        "precision_display": each.display_decimals,
        "borrowable": False,
        "collateral_value": number(Decimal(0), 2),
        "margin_rate": number(Decimal(0), 6),
    }


def pair_row(row: Instrument) -> dict[str, Any]:
    """One pair's steps and status."""
    found: dict[str, Any] = {
        "symbol": row.symbol,
        "base": row.base,
        "quote": row.quote,
        "status": row.status,
        "qty_precision": row.lot_decimals,
        "qty_increment": number(row.lot),
        "price_precision": row.price_decimals,
        "cost_precision": row.cost_decimals,
        "marginable": row.marginable,
        "has_index": row.has_index,
        "cost_min": number(row.cost_min),
        "tick_size": number(row.tick),
        "price_increment": number(row.tick),
        "qty_min": number(row.order_min, row.lot_decimals),
    }
    if row.marginable:
        found["margin_initial"] = number(Decimal("0.20"))
        found["position_limit_long"] = 250
        found["position_limit_short"] = 200
    return found


def status_frame(live: LiveExchange, connection: int) -> bytes:
    """The venue's mode: the first frame of every connection, and each change."""
    data: dict[str, Any] = {
        "system": live.exchange.status,
        "api_version": "v2",
        "connection_id": connection,
        "version": VERSION,
        **live.announced,
    }
    return encode({"channel": "status", "type": "update", "data": [data]})
