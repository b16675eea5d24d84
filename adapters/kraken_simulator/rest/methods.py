"""Every REST method: what it needs, what it costs, what does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from adapters.kraken_simulator.rest import funds, market, orders, reference, trading
from adapters.kraken_simulator.rest.parsing import Params
from adapters.kraken_simulator.rest.request import Request
from adapters.kraken_simulator.serving.live import LiveExchange

Public = Callable[[LiveExchange, Params], Any]
Private = Callable[[Request], Any]


class Method(msgspec.Struct, frozen=True):
    """A private method: any of these permissions will do; `cost` is charged to the call counter."""

    work: Private
    permissions: tuple[str, ...]
    cost: int


_FUNDS: Final = ("query-funds",)
_OPEN: Final = ("query-open-trades",)
_CLOSED: Final = ("query-closed-trades",)
_LEDGER: Final = ("query-ledger",)
_MODIFY: Final = ("modify-trades",)
_CLOSE: Final = ("modify-trades", "close-trades")

PUBLIC: Final[dict[str, Public]] = {
    "Time": reference.time,
    "SystemStatus": reference.system_status,
    "Assets": reference.assets,
    "AssetPairs": reference.asset_pairs,
    "Ticker": market.ticker,
    "OHLC": market.ohlc,
    "Depth": market.depth,
    "Trades": market.trades,
    "Spread": market.spread,
}
CACHED: Final = frozenset({"Assets", "AssetPairs"})
"""What the venue's edge would serve from its cache: told in a header."""

PRIVATE: Final = {
    "Balance": Method(funds.balance, _FUNDS, 1),
    "BalanceEx": Method(funds.balance_ex, _FUNDS, 1),
    "TradeBalance": Method(funds.trade_balance, _FUNDS, 1),
    "TradeVolume": Method(funds.trade_volume, _FUNDS, 1),
    "Ledgers": Method(funds.ledgers, _LEDGER, 2),
    "QueryLedgers": Method(funds.query_ledgers, _LEDGER, 2),
    "OpenOrders": Method(orders.open_orders, _OPEN, 1),
    "ClosedOrders": Method(orders.closed_orders, _CLOSED, 1),
    "QueryOrders": Method(orders.query_orders, (*_OPEN, *_CLOSED), 1),
    "TradesHistory": Method(orders.trades_history, _CLOSED, 2),
    "QueryTrades": Method(orders.query_trades, _CLOSED, 2),
    "AddOrder": Method(trading.add_order, _MODIFY, 0),
    "AddOrderBatch": Method(trading.add_order_batch, _MODIFY, 0),
    "AmendOrder": Method(trading.amend_order, _MODIFY, 0),
    "EditOrder": Method(trading.edit_order, _MODIFY, 0),
    "CancelOrder": Method(trading.cancel_order, _CLOSE, 0),
    "CancelOrderBatch": Method(trading.cancel_order_batch, _CLOSE, 0),
    "CancelAll": Method(trading.cancel_all, _CLOSE, 0),
    "CancelAllOrdersAfter": Method(trading.cancel_all_orders_after, _CLOSE, 0),
    "GetWebSocketsToken": Method(trading.get_websockets_token, ("create-ws-token",), 1),
    "GetApiKeyInfo": Method(trading.get_api_key_info, (), 1),
}
