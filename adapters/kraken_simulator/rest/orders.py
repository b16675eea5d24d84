"""Private methods about orders and trades: Open, Closed, Query, TradesHistory, QueryTrades."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.errors import INVALID_ORDER, Refusal, argument
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import ASSETS, Instrument
from adapters.kraken_simulator.orders import TRIGGERED_TYPES, AddOrder, Fill, Order
from adapters.kraken_simulator.rest.market import price_decimals
from adapters.kraken_simulator.rest.naming import Naming
from adapters.kraken_simulator.rest.pages import page, places_of, span_of
from adapters.kraken_simulator.rest.parsing import Params, is_set, whole, word, words
from adapters.kraken_simulator.rest.request import Request
from adapters.kraken_simulator.trading import described
from adapters.kraken_simulator.wire import SECOND_NS, seconds, text

ORDERS_MAX: Final = 50
TRADES_MAX: Final = 20
_TIME_DIGITS: Final = 6


def open_orders(request: Request) -> dict[str, Any]:
    """Orders that can still be filled, newest first."""
    rows = reversed(request.live.exchange.open_orders(request.account))
    return {"open": _views(request, [each for each in rows if _fits(request.params, each)])}


def closed_orders(request: Request) -> dict[str, Any]:
    """Ended orders, newest first, fifty a page; `closetime` says which time bounds them."""
    params, span = request.params, span_of(request.params)
    which = word(params, "closetime") or "both"
    if which not in {"open", "close", "both"}:
        raise Refusal(argument("closetime"))
    every = request.live.exchange.closed_orders(request.account)
    closed = places_of((each.order_id, each.closed_ns or 0) for each in every)
    opened = places_of((each.order_id, each.opened_ns) for each in every)
    rows = [
        each
        for each in reversed(every)
        if _fits(params, each)
        and (
            (which != "open" and span.holds(each.order_id, closed))
            or (which != "close" and span.holds(each.order_id, opened))
        )
    ]
    answer: dict[str, Any] = {"closed": _views(request, page(rows, span))}
    if not span.without_count:
        answer["count"] = len(rows)
    return answer


def query_orders(request: Request) -> dict[str, Any]:
    """Orders by id (a comma list), by userref or by cl_ord_id (open or ended).

    Ids that are not known are left out beside those that are; alone they are refused.
    """
    exchange, params = request.live.exchange, request.params
    asked = words(params, "txid")
    if asked is None:
        if word(params, "userref") is None and word(params, "cl_ord_id") is None:
            raise Refusal(argument("txid"))
        every = (*exchange.closed_orders(request.account), *exchange.open_orders(request.account))
        return _views(request, [each for each in reversed(every) if _fits(params, each)])
    if len(asked) > ORDERS_MAX:
        raise Refusal(argument("txid"))
    found = [exchange.order(request.account, name) for name in asked]
    known = [each for each in found if each is not None]
    if not known:
        raise Refusal(INVALID_ORDER)
    return _views(request, known)


def trades_history(request: Request) -> dict[str, Any]:
    """The account's trades, newest first, fifty a page."""
    span = span_of(request.params)
    every = request.live.exchange.fills(request.account)
    places = places_of((each.exec_id, each.ts) for each in every)
    rows = [each for each in reversed(every) if span.holds(each.exec_id, places)]
    answer: dict[str, Any] = {
        "trades": {each.exec_id: _trade(request, each) for each in page(rows, span)}
    }
    if not span.without_count:
        answer["count"] = len(rows)
    return answer


def query_trades(request: Request) -> dict[str, Any]:
    """Trades by id."""
    asked = words(request.params, "txid")
    if not asked or len(asked) > TRADES_MAX:
        raise Refusal(argument("txid"))
    known = {each.exec_id: each for each in request.live.exchange.fills(request.account)}
    if any(name not in known for name in asked):
        raise Refusal("EQuery:Unknown trade")
    return {name: _trade(request, known[name]) for name in asked}


def _fits(params: Params, order: Order) -> bool:
    userref, cl_ord_id = whole(params, "userref"), word(params, "cl_ord_id")
    return (userref is None or order.userref == userref) and (
        cl_ord_id is None or order.cl_ord_id == cl_ord_id
    )


def _views(request: Request, orders: list[Order]) -> dict[str, Any]:
    with_trades = is_set(request.params, "trades")
    exchange = request.live.exchange
    return {each.order_id: order_view(exchange, each, trades=with_trades) for each in orders}


def order_view(exchange: Exchange, order: Order, *, trades: bool = False) -> dict[str, Any]:
    """One order as REST tells it."""
    row = exchange.instrument(order.symbol)
    found: dict[str, Any] = {
        "refid": order.replaced_id,
        "userref": 0 if order.userref is None else order.userref,
        "status": order.status,
        "opentm": seconds(order.opened_ns, _TIME_DIGITS),
        "starttm": 0,
        "expiretm": 0 if order.expire_ns is None else order.expire_ns // SECOND_NS,
        "descr": _description(order, row),
        "vol": text(order.cash_qty or order.qty, row.lot_decimals),
        "vol_exec": text(order.filled_qty, row.lot_decimals),
        "cost": text(order.cost, row.cost_decimals),
        "fee": text(order.fee, _fee_decimals(order.fee_asset, row)),
        "price": text(order.average_price, price_decimals(row)),
        "stopprice": text(
            order.trigger_price if order.triggered_ns and order.trigger_price else Decimal(0),
            price_decimals(row),
        ),
        "limitprice": text(Decimal(0), price_decimals(row)),
        "misc": "",
        "oflags": ",".join(_flags(order)),
    }
    if order.cl_ord_id is not None:
        found["cl_ord_id"] = order.cl_ord_id
    if order.order_type in TRIGGERED_TYPES:
        found["trigger"] = order.trigger_reference
    if order.closed_ns is not None:
        found["closetm"] = seconds(order.closed_ns, _TIME_DIGITS)
        found["reason"] = order.reason
    if trades and order.exec_ids:
        found["trades"] = list(order.exec_ids)
    return found


def _description(order: Order, row: Instrument) -> dict[str, Any]:
    asked = AddOrder(
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        qty=order.cash_qty or order.qty,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
    )
    prices = [
        text(each, row.price_decimals)
        for each in (order.trigger_price, order.limit_price)
        if each is not None
    ]
    return {
        "pair": row.altname,
        "aclass": "forex",
        "type": order.side,
        "ordertype": order.order_type,
        "price": prices[0] if prices else "0",
        "price2": prices[1] if len(prices) > 1 else "0",
        "leverage": "none",
        "order": described(asked, row),
        "close": "",
    }


def _flags(order: Order) -> list[str]:
    flags = ["fcib" if order.fee_in_base else "fciq"]
    if order.post_only:
        flags.append("post")
    if order.no_mpp:
        flags.append("nompp")
    if order.cash_qty is not None:
        flags.append("viqc")
    return flags


def _fee_decimals(asset: str, row: Instrument) -> int:
    """A fee in quote has the pair's cost decimals, one in base its asset's."""
    return row.cost_decimals if asset == row.quote else ASSETS[asset].decimals


def _trade(request: Request, fill: Fill) -> dict[str, Any]:
    row = request.live.exchange.instrument(fill.symbol)
    found: dict[str, Any] = {
        "ordertxid": fill.order_id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": Naming(request.params).pair(row),
        "time": seconds(fill.ts),
        "type": fill.side,
        "ordertype": fill.order_type,
        "price": text(fill.price, price_decimals(row)),
        "cost": text(fill.cost, row.cost_decimals),
        "fee": text(fill.fee, _fee_decimals(fill.fee_asset, row)),
        "vol": text(fill.qty, row.lot_decimals),
        "margin": text(Decimal(0), row.cost_decimals),
        "leverage": "0",
        "misc": "",
        "trade_id": fill.trade_id,
        "maker": fill.is_maker,
    }
    if is_set(request.params, "ledgers"):
        found["ledgers"] = list(fill.ledger_ids)
    return found
