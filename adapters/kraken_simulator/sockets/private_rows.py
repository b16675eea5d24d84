"""Rows of the private channels: executions (sparse after the first) and balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.events import Execution, LedgerEntry
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import ASSETS, Instrument
from adapters.kraken_simulator.orders import TRIGGERED_TYPES, Fill, Order
from adapters.kraken_simulator.views import Wallet
from adapters.kraken_simulator.wire import number, rfc3339

_USD_DECIMALS: Final = 5
_FULL: Final = frozenset({"pending_new", "restated", "amended"})


def execution_row(exchange: Exchange, event: Execution, *, rate_count: bool) -> dict[str, Any]:
    """One report: whole when the order appears or was amended, sparse afterwards."""
    order = event.order
    row = exchange.instrument(order.symbol)
    found = _head(order, event.exec_type, event.ts)
    if event.exec_type in _FULL:
        found.update(_terms(row, order))
        found.update(_sums(row, order))
    elif event.exec_type in {"filled", "canceled", "expired"}:
        found.update(_sums(row, order))
    elif event.exec_type == "trade":
        found.update(_trade(row, event))
        found.update(_sums(row, order))
    if event.exec_type == "amended":
        found["amended"] = True
    if event.reason is not None:
        found["reason"] = event.reason
        if event.exec_type in {"canceled", "expired"}:
            found["cancel_reason"] = event.reason
    if rate_count and event.rate_count is not None:
        found["ratecount"] = number(event.rate_count, 2)
    return found


def order_row(exchange: Exchange, order: Order) -> dict[str, Any]:
    """An open order in a snapshot."""
    row = exchange.instrument(order.symbol)
    kind = "status" if order.filled_qty else order.stream_status
    head = _head(order, kind, order.amended_ns or order.opened_ns)
    return {**head, **_terms(row, order), **_sums(row, order)}


def fill_row(exchange: Exchange, fill: Fill, order: Order | None) -> dict[str, Any]:
    """A past trade in a snapshot."""
    row = exchange.instrument(fill.symbol)
    decimals = _fee_decimals(row, fill.fee_asset)
    found: dict[str, Any] = {
        "order_id": fill.order_id,
        "exec_id": fill.exec_id,
        "exec_type": "trade",
        "trade_id": fill.trade_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "last_qty": number(fill.qty, row.lot_decimals),
        "last_price": number(fill.price, row.price_decimals),
        "liquidity_ind": "m" if fill.is_maker else "t",
        "cost": number(fill.cost, row.cost_decimals),
        "order_userref": (order.userref if order else None) or 0,
        "order_status": order.stream_status if order else "filled",
        "order_type": fill.order_type,
        "timestamp": rfc3339(fill.ts),
        "fee_usd_equiv": number(fill.fee_usd, _USD_DECIMALS),
        "fees": [{"asset": fill.fee_asset, "qty": number(fill.fee, decimals)}],
    }
    if order is not None and order.cl_ord_id is not None:
        found["cl_ord_id"] = order.cl_ord_id
    return found


def wallet_rows(wallets: tuple[Wallet, ...]) -> list[dict[str, Any]]:
    """Balances by asset; what earns lies in a wallet of its own, under the same asset."""
    found: dict[str, dict[str, Any]] = {}
    sums: dict[str, Decimal] = {}
    for each in wallets:
        plain, _, suffix = each.asset.partition(".")
        decimals = ASSETS[plain].decimals
        row = found.setdefault(
            plain, {"asset": plain, "asset_class": "currency", "balance": None, "wallets": []}
        )
        kind, name = ("earn", "flex") if suffix else ("spot", "main")
        balance = number(each.balance, decimals)
        row["wallets"].append({"type": kind, "id": name, "balance": balance})
        sums[plain] = sums.get(plain, Decimal(0)) + each.balance
        row["balance"] = number(sums[plain], decimals)
    return list(found.values())


def ledger_row(entry: LedgerEntry) -> dict[str, Any]:
    """One ledger entry as a balance update."""
    plain, _, suffix = entry.asset.partition(".")
    decimals = ASSETS[plain].decimals
    category = {"staking": "staking-rewards", "earn": "staking-rewards"}.get(entry.kind)
    found: dict[str, Any] = {
        "ledger_id": entry.ledger_id,
        "ref_id": entry.ref_id,
        "timestamp": rfc3339(entry.ts),
        "type": entry.kind,
        "asset": plain,
        "asset_class": "currency",
        "category": category or entry.kind,
        "wallet_type": "earn" if suffix else "spot",
        "wallet_id": "flex" if suffix else "main",
        "amount": number(entry.amount, decimals),
        "fee": number(entry.fee, decimals),
        "balance": number(entry.balance, decimals),
    }
    if entry.subtype:
        found["subtype"] = entry.subtype
    return found


def _head(order: Order, kind: str, ts: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "timestamp": rfc3339(ts),
        "order_status": order.stream_status,
        "exec_type": kind,
        "order_userref": 0 if order.userref is None else order.userref,
        "order_id": order.order_id,
    }
    if order.cl_ord_id is not None:
        found["cl_ord_id"] = order.cl_ord_id
    return found


def _terms(row: Instrument, order: Order) -> dict[str, Any]:
    """What was asked."""
    prices, lots = row.price_decimals, row.lot_decimals
    found: dict[str, Any] = {
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order.order_type,
        "order_qty": number(order.qty, lots),
        "time_in_force": order.time_in_force,
        "post_only": order.post_only,
        "reduce_only": False,
        "margin": False,
        "fee_ccy_pref": "fcib" if order.fee_in_base else "fciq",
        "stop_price": number(order.trigger_price or Decimal(0), prices),
    }
    if order.limit_price is not None:
        found["limit_price"] = number(order.limit_price, prices)
        found["limit_price_type"] = "static"
    if order.cash_qty is not None:
        found["cash_order_qty"] = number(order.cash_qty, row.cost_decimals)
    if order.display_qty is not None:
        found["display_qty"] = number(order.display_qty, lots)
    if order.no_mpp:
        found["no_mpp"] = True
    if order.expire_ns is not None:
        found["expire_time"] = rfc3339(order.expire_ns)
    if order.order_type in TRIGGERED_TYPES and order.trigger_price is not None:
        found["triggers"] = {
            "reference": order.trigger_reference,
            "price": number(order.trigger_price, prices),
            "price_type": "static",
            "status": "untriggered" if order.is_untriggered else "triggered",
        }
    return found


def _sums(row: Instrument, order: Order) -> dict[str, Any]:
    """What was filled so far."""
    return {
        "cum_qty": number(order.filled_qty, row.lot_decimals),
        "cum_cost": number(order.cost, row.cost_decimals),
        "avg_price": number(order.average_price, max(row.price_decimals, row.cost_decimals)),
    }


def _trade(row: Instrument, event: Execution) -> dict[str, Any]:
    """A fill's own fields."""
    assert event.last_qty is not None
    assert event.last_price is not None
    assert event.cost is not None
    assert event.fee is not None
    assert event.fee_asset is not None
    decimals = _fee_decimals(row, event.fee_asset)
    return {
        "symbol": row.symbol,
        "side": event.order.side,
        "order_type": event.order.order_type,
        "exec_id": event.exec_id,
        "trade_id": event.trade_id,
        "last_qty": number(event.last_qty, row.lot_decimals),
        "last_price": number(event.last_price, row.price_decimals),
        "liquidity_ind": event.liquidity,
        "cost": number(event.cost, row.cost_decimals),
        "fees": [{"asset": event.fee_asset, "qty": number(event.fee, decimals)}],
        "fee_usd_equiv": number(event.fee_usd or Decimal(0), _USD_DECIMALS),
    }


def _fee_decimals(row: Instrument, asset: str) -> int:
    return row.cost_decimals if asset == row.quote else ASSETS[asset].decimals
