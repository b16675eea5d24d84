"""Clients that hand REST's own words through: they differ only in how a call is made."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from tests.kraken_clients.facts import (
    ASSETS,
    PAIR,
    REST_NAMES,
    Candle,
    Client,
    Depth,
    Filled,
    Placed,
    Print,
    Quote,
    Rules,
    Seen,
    Wanted,
    exact,
    levels,
)

Call = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""A method's result by its name and fields. Raises RefusedError."""
_SYMBOL = REST_NAMES[PAIR]


class RestWords(Client):
    """What is told by the results of REST calls."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def rules(self, symbol: str) -> Rules:
        (row,) = (await self._call("AssetPairs", {"pair": REST_NAMES[symbol]})).values()
        lot = Decimal(1).scaleb(-row["lot_decimals"])
        return Rules(exact(row["tick_size"]), lot, exact(row["ordermin"]), exact(row["costmin"]))

    async def quote(self) -> Quote:
        (row,) = (await self._call("Ticker", {"pair": _SYMBOL})).values()
        return Quote(exact(row["b"][0]), exact(row["a"][0]), exact(row["c"][0]))

    async def depth(self) -> Depth:
        (row,) = (await self._call("Depth", {"pair": _SYMBOL, "count": 10})).values()
        return Depth(levels(row["bids"]), levels(row["asks"]))

    async def newest_trade(self) -> Print:
        rows = await self._rows("Trades", {"pair": _SYMBOL})
        return Print(int(rows[-1][6]), exact(rows[-1][0]), exact(rows[-1][1]))

    async def candles(self) -> tuple[Candle, ...]:
        rows = await self._rows("OHLC", {"pair": _SYMBOL, "interval": 1})
        return tuple(
            Candle(int(row[0]), *map(exact, (*row[1:5], row[6])))  # the last one still forms
            for row in rows[:-1]
        )

    async def _rows(self, name: str, fields: dict[str, Any]) -> Any:
        answer = dict(await self._call(name, fields))
        answer.pop("last")
        (rows,) = answer.values()
        return rows

    async def balances(self) -> dict[str, Decimal]:
        told = await self._call("Balance", {})
        return {ASSETS[name]: exact(amount) for name, amount in told.items()}

    async def place(self, order: Wanted) -> Placed:
        fields: dict[str, Any] = {
            "pair": _SYMBOL,
            "type": order.side,
            "ordertype": "limit",
            "volume": str(order.quantity),
            "price": str(order.price),
            "cl_ord_id": order.cl_ord_id,
        }
        if order.post_only:
            fields["oflags"] = "post"
        at = time.time_ns()
        (txid,) = (await self._call("AddOrder", fields))["txid"]
        return Placed(txid, order.cl_ord_id, at)

    async def amend(self, placed: Placed, quantity: Decimal, price: Decimal) -> None:
        told = {"order_qty": str(quantity), "limit_price": str(price)}
        await self._call("AmendOrder", {"txid": placed.order_id, **told})

    async def cancel(self, placed: Placed) -> None:
        assert (await self._call("CancelOrder", {"txid": placed.order_id}))["count"] == 1

    async def seen(self, placed: Placed) -> Seen:
        row = (await self._call("QueryOrders", {"txid": placed.order_id}))[placed.order_id]
        price = exact(row["descr"]["price"])
        return Seen(row["status"], exact(row["vol"]), price, exact(row["vol_exec"]))

    async def fills(self, placed: Placed) -> tuple[Filled, ...]:
        rows = (await self._call("TradesHistory", {}))["trades"].values()
        found = [row for row in rows if row["ordertxid"] == placed.order_id]
        return tuple(
            sorted(Filled(*(exact(row[name]) for name in ("price", "vol", "fee"))) for row in found)
        )
