"""Private methods that trade: add, amend, edit, cancel, the dead man's switch, tokens, key info."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.errors import UNKNOWN_ORDER, Refusal, argument
from adapters.kraken_simulator.orders import AmendOrder, EditOrder, Placed
from adapters.kraken_simulator.rest.naming import pair_of
from adapters.kraken_simulator.rest.order_words import (
    deadline_of,
    order_of,
    price_of,
    wants_validation,
)
from adapters.kraken_simulator.rest.parsing import (
    Params,
    amount,
    is_set,
    needed,
    whole,
    word,
    words,
)
from adapters.kraken_simulator.rest.request import Request
from adapters.kraken_simulator.wire import rfc3339

BATCH_CANCEL_MAX: Final = 50


def add_order(request: Request) -> dict[str, Any]:
    """Place one order; a validated one has no txid."""
    exchange, now_ns = request.live.exchange, request.live.now_ns()
    row = pair_of(exchange, needed(request.params, "pair"))
    order = order_of(exchange, request.params, row, now_ns)
    placed = request.live.call(
        lambda venue, at: venue.add_order(
            request.account, order, now_ns=at, received_ns=request.received_ns
        )
    )
    return _placed(placed)


def _placed(placed: Placed) -> dict[str, Any]:
    found: dict[str, Any] = {"descr": {"order": placed.description}}
    if placed.order_id is not None:
        found["txid"] = [placed.order_id]
    return found


def add_order_batch(request: Request) -> dict[str, Any]:
    """Place 2 to 15 orders of one pair; a leg that fails alone tells its own error."""
    exchange, params = request.live.exchange, request.params
    row = pair_of(exchange, needed(params, "pair"))
    legs = params.get("orders")
    if not isinstance(legs, list) or not all(isinstance(each, dict) for each in legs):
        raise Refusal(argument("orders"))
    shared: Params = {n: params[n] for n in params if n in {"deadline", "validate"}}
    orders = tuple(
        order_of(exchange, {**shared, **leg}, row, request.live.now_ns()) for leg in legs
    )
    answers = request.live.call(
        lambda venue, at: venue.add_batch(
            request.account, orders, now_ns=at, received_ns=request.received_ns
        )
    )
    found: list[dict[str, Any]] = []
    for each in answers:
        if each.placed is None:
            found.append({"error": each.error})
            continue
        leg = _placed(each.placed)
        if each.placed.order_id is not None:
            leg["txid"] = each.placed.order_id
        found.append(leg)
    return {"orders": found}


def amend_order(request: Request) -> dict[str, Any]:
    """Change an order in place."""
    params, exchange = request.params, request.live.exchange
    order_id, cl_ord_id = word(params, "txid"), word(params, "cl_ord_id")
    known = next(
        (
            each
            for each in exchange.open_orders(request.account)
            if order_id in {None, each.order_id} and cl_ord_id in {None, each.cl_ord_id}
        ),
        None,
    )
    if (order_id or cl_ord_id) and known is None:
        raise Refusal(UNKNOWN_ORDER)

    def price(name: str) -> Decimal | None:
        written = word(params, name)
        if written is None or known is None:
            return None
        row = exchange.instrument(known.symbol)
        return price_of(exchange, row, written, name=name, adds=known.side == "buy")

    wanted = AmendOrder(
        order_id=order_id,
        cl_ord_id=cl_ord_id,
        qty=amount(params, "order_qty"),
        display_qty=amount(params, "display_qty"),
        limit_price=price("limit_price"),
        trigger_price=price("trigger_price"),
        post_only=is_set(params, "post_only"),
        deadline_ns=deadline_of(params),
    )
    amended = request.live.call(
        lambda venue, at: venue.amend_order(
            request.account, wanted, now_ns=at, received_ns=request.received_ns
        )
    )
    return {"amend_id": amended.amend_id}


def edit_order(request: Request) -> dict[str, Any]:
    """Cancel an order and place its changed copy under a new id."""
    params, exchange = request.params, request.live.exchange
    row = pair_of(exchange, needed(params, "pair"))
    order_id = needed(params, "txid")
    old = exchange.order(request.account, order_id)
    is_triggered = old is not None and old.trigger_price is not None
    side = "buy" if old is None else old.side
    prices = {
        name: None
        if (written := word(params, name)) is None
        else price_of(exchange, row, written, name=name, adds=side == "buy")
        for name in ("price", "price2")
    }
    flags = words(params, "oflags")
    wanted = EditOrder(
        order_id=order_id,
        symbol=row.symbol,
        qty=amount(params, "volume"),
        limit_price=prices["price2"] if is_triggered else prices["price"],
        trigger_price=prices["price"] if is_triggered else None,
        post_only=None if flags is None else "post" in flags,
        userref=whole(params, "userref"),
        deadline_ns=deadline_of(params),
        validate=wants_validation(params),
    )
    edited = request.live.call(
        lambda venue, at: venue.edit_order(
            request.account, wanted, now_ns=at, received_ns=request.received_ns
        )
    )
    found: dict[str, Any] = {
        "status": "ok",
        "originaltxid": edited.original_order_id,
        "descr": {"order": edited.description},
        "orders_cancelled": 1,
    }
    if edited.order_id is not None:
        found["txid"] = edited.order_id
    return found


def cancel_order(request: Request) -> dict[str, Any]:
    """Cancel by txid (an id, or a userref that may hit many) or cl_ord_id."""
    txid, cl_ord_id = word(request.params, "txid"), word(request.params, "cl_ord_id")
    if txid is None and cl_ord_id is None:
        raise Refusal(argument("txid"))
    name = name_of(txid) if txid is not None else str(cl_ord_id)
    return {"count": _cancelled(request, name)}


def cancel_order_batch(request: Request) -> dict[str, Any]:
    """Cancel up to fifty orders; those that are not open count for nothing."""
    params = request.params
    names: list[str | int] = [name_of(each) for each in _listed(params, "orders", "txid")]
    names.extend(_listed(params, "cl_ord_ids", "cl_ord_id"))
    if not 1 <= len(names) <= BATCH_CANCEL_MAX:
        raise Refusal(argument("orders"))
    count = 0
    for name in names:
        try:
            count += _cancelled(request, name)
        except Refusal as refusal:
            if refusal.error != UNKNOWN_ORDER:
                raise
    return {"count": count}


def _listed(params: Params, name: str, inner: str) -> list[str]:
    """Ids of a list of texts or of objects that name them. Raises Refusal."""
    rows = params.get(name) or []
    if not isinstance(rows, list):
        raise Refusal(argument(name))
    return [str(each.get(inner) if isinstance(each, dict) else each) for each in rows]


def cancel_all(request: Request) -> dict[str, Any]:
    """Cancel every open order of the account."""
    count = request.live.call(lambda venue, at: venue.cancel_all(request.account, now_ns=at))
    return {"count": count}


def cancel_all_orders_after(request: Request) -> dict[str, Any]:
    """Arm, renew or disarm the account's dead man's switch."""
    timeout = whole(request.params, "timeout")
    if timeout is None:
        raise Refusal(argument("timeout"))
    timer = request.live.call(
        lambda venue, at: venue.cancel_all_after(request.account, timeout, now_ns=at)
    )
    return timer_view(timer.now_ns, timer.trigger_ns)


def timer_view(now_ns: int, trigger_ns: int | None) -> dict[str, Any]:
    """The dead man's switch as both faces tell it."""
    return {
        "currentTime": rfc3339(now_ns, 0),
        "triggerTime": "0" if trigger_ns is None else rfc3339(trigger_ns, 0),
    }


def get_websockets_token(request: Request) -> dict[str, Any]:
    """A token for the private socket, to be used within 15 minutes."""
    return {"token": request.ring.token(request.key, request.received_ns), "expires": 900}


def get_api_key_info(request: Request) -> dict[str, Any]:
    """What this key is and may do; it needs no permission to ask."""
    return dict(request.ring.info(request.key))


def name_of(text: str) -> str | int:
    """An order id as it is; digits are a userref."""
    return int(text) if text.lstrip("-").isdigit() else text


def _cancelled(request: Request, name: str | int) -> int:
    return request.live.call(lambda venue, at: venue.cancel_order(request.account, name, now_ns=at))
