"""The methods that trade over a socket. Each answers with one or more frames' fields.

A refusal by the exchange becomes the frame's error; several ids are answered one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.rest.trading import timer_view
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.sockets.order_words import amendment_of, edit_of, order_of
from adapters.kraken_simulator.sockets.requests import Asked, SocketRefusal, names, whole, word

Answers = list[dict[str, Any] | SocketRefusal]
BATCH_CANCEL: Final = (2, 50)


class SocketTrading:
    """Does what private sockets ask."""

    def __init__(self, live: LiveExchange) -> None:
        self._live = live

    def answers(self, ask: Asked, key: ApiKey) -> Answers:
        """The fields of each answering frame. Raises SocketRefusal."""
        work, permissions = METHODS[ask.method]
        if not key.may(permissions):
            raise SocketRefusal("EGeneral:Permission denied")
        try:
            return work(self, ask, key.account)
        except Refusal as refusal:
            raise SocketRefusal(_worded(refusal.error)) from refusal

    def _add(self, ask: Asked, account: str) -> Answers:
        order = order_of(ask.params)
        placed = self._live.call(
            lambda venue, at: venue.add_order(account, order, now_ns=at, received_ns=ask.time_in)
        )
        return [{"result": _placed(placed.order_id, order.cl_ord_id, order.userref)}]

    def _add_batch(self, ask: Asked, account: str) -> Answers:
        symbol, legs = word(ask.params, "symbol"), ask.params.get("orders")
        if symbol is None or not isinstance(legs, list):
            raise SocketRefusal(argument("symbol" if symbol is None else "orders"))
        if not all(isinstance(each, dict) for each in legs):
            raise SocketRefusal(argument("orders"))
        shared = {n: v for n, v in ask.params.items() if n in {"deadline", "validate", "symbol"}}
        orders = tuple(order_of({**shared, **leg}) for leg in legs)
        found = self._live.call(
            lambda venue, at: venue.add_batch(account, orders, now_ns=at, received_ns=ask.time_in)
        )
        result = [
            {"error": each.error}
            if each.placed is None
            else _placed(each.placed.order_id, each.placed.cl_ord_id, each.placed.userref)
            for each in found
        ]
        return [{"result": result}]

    def _amend(self, ask: Asked, account: str) -> Answers:
        wanted = amendment_of(ask.params)
        found = self._live.call(
            lambda venue, at: venue.amend_order(account, wanted, now_ns=at, received_ns=ask.time_in)
        )
        named = (
            {"order_id": found.order_id}
            if wanted.order_id is not None
            else {"cl_ord_id": found.cl_ord_id}
        )
        return [{"result": {"amend_id": found.amend_id, **named}}]

    def _edit(self, ask: Asked, account: str) -> Answers:
        wanted = edit_of(ask.params)
        found = self._live.call(
            lambda venue, at: venue.edit_order(account, wanted, now_ns=at, received_ns=ask.time_in)
        )
        new = {} if found.order_id is None else {"order_id": found.order_id}
        return [{"result": {**new, "original_order_id": found.original_order_id}}]

    def _cancel(self, ask: Asked, account: str) -> Answers:
        wanted: list[tuple[str, str | int]] = [
            (field, int(each) if field == "order_userref" else each)
            for field in ("order_id", "cl_ord_id", "order_userref")
            for each in names(ask.params, field)
        ]
        if not wanted:
            raise SocketRefusal(argument("order_id"))
        found: Answers = []
        for field, name in wanted:
            try:
                self._cancelled(account, name)
                found.append({"result": {field: name}})
            except Refusal as refusal:
                found.append(SocketRefusal(refusal.error))
        return found

    def _cancel_batch(self, ask: Asked, account: str) -> Answers:
        wanted = [*names(ask.params, "orders"), *names(ask.params, "cl_ord_id")]
        if not BATCH_CANCEL[0] <= len(wanted) <= BATCH_CANCEL[1]:
            raise SocketRefusal(argument("orders"))
        count, error = 0, ""
        for name in wanted:
            try:
                count += self._cancelled(account, name)
            except Refusal as refusal:
                error = refusal.error
        if not count:
            raise SocketRefusal(error, orders_cancelled=0)
        return [{"orders_cancelled": count}]

    def _cancel_all(self, _: Asked, account: str) -> Answers:
        count = self._live.call(lambda venue, at: venue.cancel_all(account, now_ns=at))
        return [{"result": {"count": count}}]

    def _cancel_after(self, ask: Asked, account: str) -> Answers:
        timeout = whole(ask.params, "timeout")
        if timeout is None:
            raise SocketRefusal(argument("timeout"))
        found = self._live.call(
            lambda venue, at: venue.cancel_all_after(account, timeout, now_ns=at)
        )
        return [{"result": timer_view(found.now_ns, found.trigger_ns)}]

    def _cancelled(self, account: str, name: str | int) -> int:
        return self._live.call(lambda venue, at: venue.cancel_order(account, name, now_ns=at))


def _placed(order_id: str | None, cl_ord_id: str | None, userref: int | None) -> dict[str, Any]:
    """What is told of a placed order; nothing of one that was only checked."""
    found: dict[str, Any] = {}
    if order_id is not None:
        found["order_id"] = order_id
    if cl_ord_id is not None:
        found["cl_ord_id"] = cl_ord_id
    if userref is not None:
        found["order_userref"] = userref
    return found


def _worded(error: str) -> str:
    """The one refusal that sockets word with a category in front."""
    return f"EGeneral:Invalid arguments:{error}" if error.startswith("no_mpp") else error


_Work = Callable[[SocketTrading, Asked, str], Answers]
_MODIFY: Final = ("modify-trades",)
_CLOSE: Final = ("modify-trades", "close-trades")
METHODS: Final[dict[str, tuple[_Work, tuple[str, ...]]]] = {
    "add_order": (SocketTrading._add, _MODIFY),
    "batch_add": (SocketTrading._add_batch, _MODIFY),
    "amend_order": (SocketTrading._amend, _MODIFY),
    "edit_order": (SocketTrading._edit, _MODIFY),
    "cancel_order": (SocketTrading._cancel, _CLOSE),
    "batch_cancel": (SocketTrading._cancel_batch, _CLOSE),
    "cancel_all": (SocketTrading._cancel_all, _CLOSE),
    "cancel_all_orders_after": (SocketTrading._cancel_after, _CLOSE),
}
"""Every method that trades, with the permissions of which one is needed."""
