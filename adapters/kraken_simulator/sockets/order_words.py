"""WebSocket v2's words for an order become the exchange's; a meaningless field is refused."""

from __future__ import annotations

from typing import Any, Final

from adapters.kraken_simulator.errors import argument
from adapters.kraken_simulator.orders import AddOrder, AmendOrder, EditOrder
from adapters.kraken_simulator.sockets.requests import (
    Params,
    SocketRefusal,
    moment,
    number,
    switch,
    whole,
    word,
)

ORDER_FIELDS: Final = frozenset(
    "order_type side order_qty symbol limit_price limit_price_type triggers time_in_force margin"
    " post_only reduce_only effective_time expire_time deadline cl_ord_id order_userref"
    " display_qty fee_preference no_mpp stp_type cash_order_qty validate sender_sub_id conditional"
    " token".split()
)
_TRIGGER_FIELDS: Final = frozenset({"reference", "price", "price_type"})


def order_of(params: Params) -> AddOrder:
    """The order that a request's fields describe. Raises SocketRefusal."""
    strange = [name for name in params if name not in ORDER_FIELDS]
    if strange:
        text = f"Unsupported field: '{strange[0]}' for the given msg type: add order"
        raise SocketRefusal(text)
    for name in ("order_type", "side", "symbol"):
        if word(params, name) is None:
            raise SocketRefusal(argument(name))
    qty, cash = number(params, "order_qty"), number(params, "cash_order_qty")
    if (qty is None) == (cash is None):
        raise SocketRefusal(argument("order_qty" if qty is None else "cash_order_qty"))
    for name in ("effective_time", "conditional"):
        if params.get(name) is not None:
            raise SocketRefusal(argument(name))
    if word(params, "limit_price_type") not in {None, "static"}:
        raise SocketRefusal(argument("limit_price_type"))
    trigger, reference = _trigger(params)
    preference = word(params, "fee_preference")
    if preference not in {None, "base", "quote"}:
        raise SocketRefusal(argument("fee_preference"))
    time_in_force = word(params, "time_in_force")
    amount = qty if qty is not None else cash
    assert amount is not None
    return AddOrder(
        symbol=str(params["symbol"]),
        side=str(params["side"]),
        order_type=str(params["order_type"]),
        qty=amount,
        limit_price=number(params, "limit_price"),
        trigger_price=trigger,
        trigger_reference=reference,
        time_in_force=None if time_in_force is None else time_in_force.upper(),
        expire_ns=moment(params, "expire_time"),
        deadline_ns=moment(params, "deadline"),
        post_only=switch(params, "post_only"),
        fee_in_base=None if preference is None else preference == "base",
        no_mpp=switch(params, "no_mpp"),
        cash=cash is not None,
        display_qty=number(params, "display_qty"),
        stp=(word(params, "stp_type") or "cancel_newest").replace("_", "-"),
        cl_ord_id=word(params, "cl_ord_id"),
        userref=whole(params, "order_userref"),
        reduce_only=switch(params, "reduce_only"),
        leverage=switch(params, "margin"),
        validate=switch(params, "validate"),
    )


def amendment_of(params: Params) -> AmendOrder:
    """The change that an amend_order asks for. Raises SocketRefusal."""
    return AmendOrder(
        order_id=word(params, "order_id"),
        cl_ord_id=word(params, "cl_ord_id"),
        qty=number(params, "order_qty"),
        display_qty=number(params, "display_qty"),
        limit_price=number(params, "limit_price"),
        trigger_price=number(params, "trigger_price"),
        post_only=switch(params, "post_only"),
        deadline_ns=moment(params, "deadline"),
    )


def edit_of(params: Params) -> EditOrder:
    """The change that an edit_order asks for. Raises SocketRefusal."""
    order_id, symbol = word(params, "order_id"), word(params, "symbol")
    if order_id is None or symbol is None:
        raise SocketRefusal(argument("order_id" if order_id is None else "symbol"))
    trigger, _ = _trigger(params)
    return EditOrder(
        order_id=order_id,
        symbol=symbol,
        qty=number(params, "order_qty"),
        limit_price=number(params, "limit_price"),
        trigger_price=trigger,
        post_only=switch(params, "post_only") if "post_only" in params else None,
        userref=whole(params, "order_userref"),
        deadline_ns=moment(params, "deadline"),
        validate=switch(params, "validate"),
    )


def _trigger(params: Params) -> tuple[Any, str]:
    """The trigger price and what it is compared with."""
    triggers = params.get("triggers")
    if triggers is None:
        return None, "last"
    if not isinstance(triggers, dict) or not _TRIGGER_FIELDS.issuperset(triggers):
        raise SocketRefusal(argument("triggers"))
    if word(triggers, "price_type") not in {None, "static"}:
        raise SocketRefusal(argument("price_type"))
    return number(triggers, "price"), word(triggers, "reference") or "last"
