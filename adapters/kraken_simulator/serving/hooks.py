"""The simulator's own paths under /simulator: what happens to a venue and an account from outside.

They are not Kraken's, take JSON, and answer `{"result": ...}` or `{"error": text}` (400, 404). No
page of a browser may call them: a request with an Origin is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from aiohttp import web

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.events import SystemStatus
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.faults.script import FaultError, FaultScript, parsed
from adapters.kraken_simulator.instruments import PairStatus, asset_named
from adapters.kraken_simulator.keys.ring import KeyRing
from adapters.kraken_simulator.rest.naming import pair_of
from adapters.kraken_simulator.rest.order_words import order_of
from adapters.kraken_simulator.rest.orders import order_view
from adapters.kraken_simulator.rest.parsing import (
    Params,
    amount,
    is_set,
    needed,
    parameters,
    whole,
    word,
)
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.sockets.face import SocketFace
from adapters.kraken_simulator.sockets.private_rows import wallet_rows
from adapters.kraken_simulator.sockets.public_rows import pair_row
from adapters.kraken_simulator.wire import SECOND_NS, encode, rfc3339

_STATUSES: Final = frozenset({"online", "cancel_only", "post_only", "maintenance"})
_PAIR_STATUSES: Final = _STATUSES | {"limit_only", "reduce_only", "delisted", "work_in_progress"}
_Work = Callable[[Exchange, Params, int], Any]
_AccountWork = Callable[[Exchange, str, Params, int], Any]


class Hooks:
    """Answers everything under /simulator."""

    def __init__(
        self,
        live: LiveExchange,
        ring: KeyRing,
        faults: FaultScript,
        sockets: SocketFace,
    ) -> None:
        self._live = live
        self._ring = ring
        self._faults = faults
        self._sockets = sockets

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        return [
            web.get("/simulator", self._state),
            web.get("/simulator/faults", self._state),
            web.post("/simulator/faults", self._set_faults),
            web.get("/simulator/accounts/{account}", self._account),
            web.post("/simulator/accounts/{account}/{name}", self._account_hook),
            web.post("/simulator/{name}", self._hook),
        ]

    async def _state(self, http: web.Request) -> web.Response:
        """The exchange's time and mode, its accounts, the faults that are set, and counts."""
        _refuse_pages(http)
        self._live.advance()
        found = {
            "now": rfc3339(self._live.exchange.now_ns),
            "status": self._live.exchange.status,
            "accounts": list(dict.fromkeys(key.account for key in self._ring.keys)),
            "faults": list(self._faults.faults),
            "asked": dict(self._live.asked),
            "refused": dict(self._live.refused),
        }
        return _reply(found)

    async def _set_faults(self, http: web.Request) -> web.Response:
        """Set these faults instead of all before."""
        _refuse_pages(http)
        try:
            self._faults.replace(parsed(await http.read()), self._live.now_ns())
        except FaultError as error:
            return _refusal(str(error))
        return _reply(list(self._faults.faults))

    async def _account(self, http: web.Request) -> web.Response:
        """An account's wallets and open orders."""
        _refuse_pages(http)
        account, exchange = http.match_info["account"], self._live.exchange
        if account not in {key.account for key in self._ring.keys}:
            return _refusal(f"no account {account}", 404)
        self._live.advance()
        orders = exchange.open_orders(account)
        found = {
            "wallets": wallet_rows(exchange.wallets(account)),
            "open": {each.order_id: order_view(exchange, each) for each in orders},
            "closed": len(exchange.closed_orders(account)),
            "fills": len(exchange.fills(account)),
        }
        return _reply(found)

    async def _account_hook(self, http: web.Request) -> web.Response:
        """Something happens to an account."""
        _refuse_pages(http)
        account, name = http.match_info["account"], http.match_info["name"]
        if account not in {key.account for key in self._ring.keys}:
            return _refusal(f"no account {account}", 404)
        work = ACCOUNT_HOOKS.get(name)
        if work is None:
            return _refusal(f"no hook {name}: {', '.join(ACCOUNT_HOOKS)}", 404)
        body = await http.read()
        return self._done(body, lambda venue, params, at: work(venue, account, params, at))

    async def _hook(self, http: web.Request) -> web.Response:
        """Something happens to the venue."""
        _refuse_pages(http)
        name, body = http.match_info["name"], await http.read()
        if name == "drop_connections":
            return _reply({"dropped": self._sockets.drop_all()})
        if name == "announce":
            return self._done(body, self._announce)
        if name == "clock":
            return self._done(body, self._shift)
        if name == "revoke":
            return self._done(body, self._revoke)
        work = HOOKS.get(name)
        if work is None:
            return _refusal(f"no hook {name}: {', '.join(HOOKS)}", 404)
        return self._done(body, work)

    def _done(self, body: bytes, work: _Work) -> web.Response:
        try:
            params = parameters({}, body)
            found = self._live.call(lambda venue, at: work(venue, params, at))
        except Refusal as refusal:
            self._live.tell()
            return _refusal(refusal.error)
        self._live.tell()
        return _reply(found)

    def _announce(self, _: Exchange, params: Params, __: int) -> Any:
        """What the venue's status tells of things to come, in Kraken's own words or any."""
        rows = {name: params.get(name, []) for name in self._live.announced}
        if not all(isinstance(each, list) for each in rows.values()):
            raise Refusal(argument("upcoming_maintenance"))
        self._live.announced = rows
        self._sockets.tell_status()
        return rows

    def _shift(self, _: Exchange, params: Params, __: int) -> Any:
        seconds = amount(params, "seconds")
        if seconds is None:
            raise Refusal(argument("seconds"))
        self._live.shift(int(seconds * SECOND_NS))
        return {"now": rfc3339(self._live.now_ns())}

    def _revoke(self, _: Exchange, params: Params, __: int) -> Any:
        if not self._ring.revoke(needed(params, "key")):
            raise Refusal(argument("key"))
        return {"revoked": 1}


def _status(venue: Exchange, params: Params, at: int) -> Any:
    status, pair = needed(params, "status"), word(params, "symbol")
    if status not in (_STATUSES if pair is None else _PAIR_STATUSES):
        raise Refusal(argument("status"))
    if pair is None:
        venue.set_status(cast("SystemStatus", status), now_ns=at)
    else:
        symbol = pair_of(venue, pair).symbol
        venue.set_pair_status(symbol, cast("PairStatus", status), now_ns=at)
    return {"status": status}


def _steps(venue: Exchange, params: Params, at: int) -> Any:
    row = venue.change_steps(
        pair_of(venue, needed(params, "symbol")).symbol,
        now_ns=at,
        price_decimals=whole(params, "price_decimals"),
        lot_decimals=whole(params, "lot_decimals"),
        tick=amount(params, "tick"),
        order_min=amount(params, "order_min"),
        cost_min=amount(params, "cost_min"),
    )
    return pair_row(row)


def _trade(venue: Exchange, params: Params, at: int) -> Any:
    price, qty = amount(params, "price"), amount(params, "qty")
    if price is None or qty is None:
        raise Refusal(argument("price" if price is None else "qty"))
    symbol = pair_of(venue, needed(params, "symbol")).symbol
    return {"trade_id": venue.print_trade(symbol, price, qty, now_ns=at).trade_id}


def _halt(venue: Exchange, params: Params, _: int) -> Any:
    pair = word(params, "symbol")
    symbol = None if pair is None else pair_of(venue, pair).symbol
    is_on = "on" not in params or is_set(params, "on")
    if is_on:
        venue.halt_market(symbol)
    else:
        venue.resume_market(symbol)
    return {"on": is_on}


def _order(venue: Exchange, account: str, params: Params, at: int) -> Any:
    row = pair_of(venue, needed(params, "pair"))
    placed = venue.place_by_hand(account, order_of(venue, params, row, at), now_ns=at)
    return {"order_id": placed.order_id, "order": placed.description}


def _cancel(venue: Exchange, account: str, params: Params, at: int) -> Any:
    venue.cancel_by_hand(account, needed(params, "order_id"), now_ns=at)
    return {"count": 1}


def _deposit(venue: Exchange, account: str, params: Params, at: int) -> Any:
    asset, value = _sum(params)
    return {"ledger_id": venue.deposit(account, asset, value, now_ns=at)}


def _withdraw(venue: Exchange, account: str, params: Params, at: int) -> Any:
    asset, value = _sum(params)
    fee = amount(params, "fee") or type(value)(0)
    return {"ledger_id": venue.withdraw(account, asset, value, now_ns=at, fee=fee)}


def _reward(venue: Exchange, account: str, params: Params, at: int) -> Any:
    asset, value = _sum(params)
    return {"ledger_id": venue.reward(account, asset, value, now_ns=at)}


def _allocate(venue: Exchange, account: str, params: Params, at: int) -> Any:
    asset, value = _sum(params)
    venue.allocate(account, asset, value, now_ns=at)
    return {"allocated": str(value)}


def _fill(venue: Exchange, account: str, params: Params, at: int) -> Any:
    order_id = needed(params, "order_id")
    fill = venue.fill_now(account, order_id, now_ns=at, qty=amount(params, "qty"))
    return {"exec_id": fill.exec_id, "price": str(fill.price), "qty": str(fill.qty)}


def _withhold(venue: Exchange, account: str, params: Params, _: int) -> Any:
    count = whole(params, "count") or 1
    venue.withhold_executions(account, count)
    return {"count": count}


def _release(venue: Exchange, account: str, _: Params, __: int) -> Any:
    venue.release_executions(account)
    return {"count": 0}


def _fees_in_base(venue: Exchange, account: str, params: Params, _: int) -> Any:
    is_on = "on" not in params or is_set(params, "on")
    venue.charge_fees_in_base(account, on=is_on)
    return {"on": is_on}


def _sum(params: Params) -> Any:
    """An asset and an amount. Raises Refusal."""
    asset, value = asset_named(needed(params, "asset")), amount(params, "amount")
    if asset is None or value is None:
        raise Refusal(argument("asset" if asset is None else "amount"))
    return asset, value


HOOKS: Final[dict[str, _Work]] = {
    "status": _status,
    "steps": _steps,
    "trade": _trade,
    "halt": _halt,
}
ACCOUNT_HOOKS: Final[dict[str, _AccountWork]] = {
    "order": _order,
    "cancel": _cancel,
    "deposit": _deposit,
    "withdraw": _withdraw,
    "reward": _reward,
    "allocate": _allocate,
    "fill": _fill,
    "withhold": _withhold,
    "release": _release,
    "fees_in_base": _fees_in_base,
}


def _refuse_pages(http: web.Request) -> None:
    """Raise for a request that a page in a browser makes."""
    if "Origin" in http.headers:
        raise web.HTTPForbidden(text="no page of a browser may call this")


def _reply(result: Any) -> web.Response:
    return web.Response(body=encode({"result": result}), content_type="application/json")


def _refusal(text: str, status: int = 400) -> web.Response:
    document = encode({"error": text})
    return web.Response(body=document, status=status, content_type="application/json")
