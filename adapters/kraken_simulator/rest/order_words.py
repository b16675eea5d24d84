"""REST's words for an order become the exchange's: price and price2, oflags, relative prices.

A field that the exchange cannot honour (scheduled start, closing orders) is refused, not ignored.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.orders import LIMIT_TYPES, TRIGGERED_TYPES, AddOrder
from adapters.kraken_simulator.rest.parsing import (
    Params,
    amount,
    is_set,
    needed,
    whole,
    word,
    words,
)
from adapters.kraken_simulator.wire import SECOND_NS, instant

_FLAGS: Final = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})
_RELATIVE: Final = re.compile(r"([+#-]?)(\d+(?:\.\d+)?)(%?)")
_HUNDRED: Final = Decimal(100)


def order_of(exchange: Exchange, params: Params, row: Instrument, now_ns: int) -> AddOrder:
    """The order that a request's fields describe. Raises Refusal."""
    order_type, side = needed(params, "ordertype"), needed(params, "type")
    qty = amount(params, "volume")
    if qty is None:
        raise Refusal(argument("volume"))
    flags = _flags(params)
    limit, trigger = _prices(exchange, params, row, order_type, side)
    expire_ns = _moment(params, "expiretm", now_ns)
    time_in_force = word(params, "timeinforce")
    if expire_ns is not None and time_in_force is None:
        time_in_force = "GTD"
    if _moment(params, "starttm", now_ns) is not None:
        raise Refusal(argument("starttm"))
    if params.get("close"):
        raise Refusal(argument("close"))
    return AddOrder(
        symbol=row.symbol,
        side=side,
        order_type=order_type,
        qty=qty,
        limit_price=limit,
        trigger_price=trigger,
        trigger_reference=word(params, "trigger") or "last",
        time_in_force=time_in_force,
        expire_ns=expire_ns,
        deadline_ns=deadline_of(params),
        post_only="post" in flags,
        fee_in_base=("fcib" in flags) if flags & {"fcib", "fciq"} else None,
        no_mpp="nompp" in flags,
        cash="viqc" in flags,
        display_qty=amount(params, "displayvol"),
        stp=word(params, "stptype") or "cancel-newest",
        cl_ord_id=word(params, "cl_ord_id"),
        userref=whole(params, "userref"),
        reduce_only=is_set(params, "reduce_only"),
        leverage=word(params, "leverage") not in {None, "none", "0"},
        validate=wants_validation(params),
    )


def wants_validation(params: Params) -> bool:
    """Whether the order is only checked: any value says so but the words for no.

    python-kraken-sdk sends `validate=False` with every order that it means.
    """
    written = word(params, "validate")
    return written is not None and written.lower() not in {"false", "0"}


def deadline_of(params: Params) -> int | None:
    """The deadline in ns. Raises Refusal."""
    stamp = word(params, "deadline")
    if stamp is None:
        return None
    found = instant(stamp)
    if found is None:
        raise Refusal(argument("deadline"))
    return found


def price_of(
    exchange: Exchange, row: Instrument, written: str, *, name: str, adds: bool
) -> Decimal:
    """A price, absolute or relative to the last one; `adds` is what `#` means. Raises Refusal."""
    found = _RELATIVE.fullmatch(written)
    if found is None:
        raise Refusal(argument(name))
    sign, digits, percent = found.groups()
    value = Decimal(digits)
    if not sign and not percent:
        return value
    last = exchange.ticker(row.symbol).last
    step = last * value / _HUNDRED if percent else value
    moved = last + step if sign == "+" or (sign != "-" and adds) else last - step
    return (moved / row.tick).quantize(Decimal(1)) * row.tick


def _prices(
    exchange: Exchange, params: Params, row: Instrument, order_type: str, side: str
) -> tuple[Decimal | None, Decimal | None]:
    """Limit and trigger price: `price` is the trigger where there is one, `price2` its limit."""
    first, second = word(params, "price"), word(params, "price2")
    away = order_type.startswith("stop-loss")
    adds = (side == "buy") == away
    found = None
    if first is not None:
        found = price_of(exchange, row, first, name="price", adds=adds)
    other = None
    if second is not None:
        other = price_of(exchange, row, second, name="price2", adds=side == "buy")
    if order_type in TRIGGERED_TYPES:
        return (other if order_type in LIMIT_TYPES else None), found
    # npm and others send price 0 with market orders; Kraken does not mind.
    if order_type not in LIMIT_TYPES and not found:
        found = None
    return found, None


def _flags(params: Params) -> frozenset[str]:
    flags = frozenset(words(params, "oflags") or ())
    if not flags <= _FLAGS or flags >= {"fcib", "fciq"}:
        raise Refusal(argument("oflags"))
    return flags


def _moment(params: Params, name: str, now_ns: int) -> int | None:
    """A time in seconds since 1970 or, with a plus, from now; 0 is none."""
    written = word(params, name)
    if written is None or written == "0":
        return None
    if not re.fullmatch(r"\+?\d+", written):
        raise Refusal(argument(name))
    if written.startswith("+"):
        return now_ns + int(written) * SECOND_NS
    return int(written) * SECOND_NS
