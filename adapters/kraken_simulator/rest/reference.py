"""Public reference methods: Time, SystemStatus, Assets, AssetPairs."""

from __future__ import annotations

from typing import Any, Final

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.instruments import ASSETS, Instrument
from adapters.kraken_simulator.rest.naming import Naming, assets_of, pairs_of
from adapters.kraken_simulator.rest.parsing import Params, word
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.wire import SECOND_NS, rfc1123, rfc3339

LEVERAGE: Final = [2, 3, 4, 5]
_PARTS: Final = {
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}


def time(live: LiveExchange, _: Params) -> dict[str, Any]:
    """The exchange's time in seconds."""
    now_ns = live.now_ns()
    return {"unixtime": now_ns // SECOND_NS, "rfc1123": rfc1123(now_ns)}


def system_status(live: LiveExchange, _: Params) -> dict[str, Any]:
    """The mode of the whole venue, and what is announced."""
    return {
        "status": live.exchange.status,
        "timestamp": rfc3339(live.now_ns(), 0),
        **live.announced,
    }


def assets(live: LiveExchange, params: Params) -> dict[str, Any]:
    """Assets by id."""
    naming = Naming(params)
    return {
        naming.asset(name): {
            "aclass": "currency",
            "altname": ASSETS[name].altname,
            "decimals": ASSETS[name].decimals,
            "display_decimals": ASSETS[name].display_decimals,
            "status": "enabled",
        }
        for name in assets_of(live.exchange, params)
    }


def asset_pairs(live: LiveExchange, params: Params) -> dict[str, Any]:
    """Pairs by key, or the part of their rows that `info` asks for."""
    part = word(params, "info") or "info"
    if part != "info" and part not in _PARTS:
        raise Refusal(argument("info"))
    naming = Naming(params)
    rows = pairs_of(live.exchange, params)
    found = {key: _pair(row, naming) for key, row in rows.items()}
    if part == "info":
        return found
    return {key: {name: row[name] for name in _PARTS[part]} for key, row in found.items()}


def _pair(row: Instrument, naming: Naming) -> dict[str, Any]:
    leverage = LEVERAGE if row.marginable else []
    return {
        "altname": row.altname,
        "wsname": row.wsname,
        "aclass_base": "currency",
        "base": naming.asset(row.base),
        "aclass_quote": "currency",
        "quote": naming.asset(row.quote),
        "lot": "unit",
        "cost_decimals": row.cost_decimals,
        "pair_decimals": row.price_decimals,
        "lot_decimals": row.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": leverage,
        "leverage_sell": leverage,
        # Empty on every pair since 2026-09: only TradeVolume tells the account's rate.
        "fees": [],
        "fees_maker": [],
        "fee_volume_currency": naming.asset("USD"),
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": format(row.order_min, "f"),
        "costmin": format(row.cost_min, "f"),
        "tick_size": format(row.tick, "f"),
        "status": row.status,
        "execution_venue": "international",
    }
