"""Whether a request is well formed for its pair, in Kraken's words and in a tested order.

First the arguments, then the market's mode, permission, the price grid, the minimums. Pure: account
funds, open orders, counters and the book are looked at by `trading`.
"""

from __future__ import annotations

import re
import typing
from decimal import Decimal
from typing import Final

from adapters.kraken_simulator import errors
from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.events import SystemStatus
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.orders import (
    LIMIT_TYPES,
    TRIGGERED_TYPES,
    AddOrder,
    OrderType,
    SelfTrade,
    TimeInForce,
)

ICEBERG_SHARE: Final = 15
USERREF_BOUND: Final = 2**31
DEADLINE_MIN_NS: Final = 500_000_000
DEADLINE_MAX_NS: Final = 60_000_000_000
CLIENT_ID_MAX: Final = 18
NUMBER_BOUND: Final = Decimal(10) ** 15

_ORDER_TYPES: Final = frozenset(typing.get_args(OrderType))
_TIMES: Final = frozenset(typing.get_args(TimeInForce))
_SELF_TRADES: Final = frozenset(typing.get_args(SelfTrade))
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{32}")


def check_order(request: AddOrder, row: Instrument, now_ns: int) -> None:
    """Raise the refusal of a malformed order; nothing when it is well formed."""
    _check_words(request)
    _check_combination(request, now_ns)
    _check_names(request)
    _check_prices_given(request)
    if request.trigger_reference == "index" and not row.has_index:
        raise Refusal(errors.INDEX_UNAVAILABLE)


def check_mode(
    row: Instrument, status: SystemStatus, *, is_post_only: bool, is_limit: bool
) -> None:
    """Raise the refusal of an order that the market's mode does not take."""
    if status == "maintenance" or row.status in {"maintenance", "delisted", "work_in_progress"}:
        raise Refusal(errors.UNAVAILABLE)
    if "cancel_only" in {status, row.status}:
        raise Refusal(errors.CANCEL_ONLY)
    if "post_only" in {status, row.status} and not is_post_only:
        raise Refusal(errors.POST_ONLY_MODE)
    if row.status == "limit_only" and not is_limit:
        raise Refusal(errors.LIMIT_ONLY)
    if row.status == "reduce_only":
        raise Refusal(errors.REDUCE_ONLY)


def check_grid(
    row: Instrument, *, qty: Decimal | None, prices: tuple[Decimal | None, ...], cash: bool = False
) -> None:
    """Raise the refusal of a quantity or price that is off the pair's grid."""
    for price in prices:
        if price is None:
            continue
        if _digits(price) > row.price_decimals:
            raise Refusal(
                f"{errors.INVALID_PRICE}:{row.altname} price can only be specified up to "
                f"{row.price_decimals} decimals."
            )
        if price % row.tick:
            raise Refusal(errors.TICK_SIZE)
    if qty is not None and not cash and qty % row.lot:
        raise Refusal(argument("volume"))


def check_minimums(row: Instrument, qty: Decimal, price: Decimal, *, cash: bool = False) -> None:
    """Raise the refusal of an order that is too small. A `cash` quantity is in quote already."""
    base = qty / price if cash else qty
    if base < row.order_min:
        raise Refusal(f"{errors.ORDER_MINIMUM}")
    if (qty if cash else qty * price) < row.cost_min:
        raise Refusal(errors.COST_MINIMUM)


def check_deadline(deadline_ns: int | None, received_ns: int) -> None:
    """Raise the refusal of a deadline that was not 500 ms to 60 s ahead on arrival."""
    if deadline_ns is None:
        return
    if not DEADLINE_MIN_NS <= deadline_ns - received_ns <= DEADLINE_MAX_NS:
        raise Refusal(argument("deadline"))


def check_elapsed(deadline_ns: int | None, now_ns: int) -> None:
    """Raise the refusal of an order whose deadline has passed when the engine comes to it."""
    if deadline_ns is not None and now_ns > deadline_ns:
        raise Refusal(errors.DEADLINE)


def is_client_id(text: str) -> bool:
    """Whether a cl_ord_id has one of the forms: UUID, 32 hex, or up to 18 ASCII characters."""
    if _UUID.fullmatch(text) or _HEX.fullmatch(text):
        return True
    return 0 < len(text) <= CLIENT_ID_MAX and text.isascii() and text.isprintable()


def _check_words(request: AddOrder) -> None:
    if request.side not in {"buy", "sell"}:
        raise Refusal(argument("type"))
    if request.order_type not in _ORDER_TYPES:
        raise Refusal(argument("ordertype"))
    if not request.qty.is_finite() or not 0 < request.qty < NUMBER_BOUND:
        raise Refusal(argument("volume"))
    if request.time_in_force is not None and request.time_in_force not in _TIMES:
        raise Refusal(argument("timeinforce"))
    if request.stp not in _SELF_TRADES:
        raise Refusal(argument("stptype"))
    if request.trigger_reference not in {"last", "index"}:
        raise Refusal(argument("trigger"))


def _check_combination(request: AddOrder, now_ns: int) -> None:
    if request.leverage:
        raise Refusal(errors.MARGIN)
    if request.reduce_only:
        raise Refusal(argument("reduce_only"))
    if request.no_mpp and request.order_type != "market":
        raise Refusal(errors.NO_MPP)
    if request.cash and (request.order_type != "market" or request.side != "buy"):
        raise Refusal(argument("viqc"))
    is_limit = request.order_type in LIMIT_TYPES
    if request.time_in_force is not None and not is_limit:
        raise Refusal(argument("timeinforce"))
    if request.time_in_force == "FOK" and request.order_type != "limit":
        raise Refusal(argument("timeinforce"))
    if (request.time_in_force == "GTD") != (request.expire_ns is not None):
        raise Refusal(argument("expiretm"))
    if request.expire_ns is not None and request.expire_ns <= now_ns:
        raise Refusal(argument("expiretm"))
    if request.post_only and (
        request.order_type not in {"limit", "iceberg"} or request.time_in_force in {"IOC", "FOK"}
    ):
        raise Refusal(argument("oflags"))
    _check_display(request)


def _check_display(request: AddOrder) -> None:
    shown = request.display_qty
    if (shown is not None) != (request.order_type == "iceberg"):
        raise Refusal(argument("displayvol"))
    if shown is not None and not request.qty <= shown * ICEBERG_SHARE <= (
        request.qty * ICEBERG_SHARE
    ):
        raise Refusal(argument("displayvol"))


def _check_names(request: AddOrder) -> None:
    if request.cl_ord_id is not None:
        if request.userref is not None or not is_client_id(request.cl_ord_id):
            raise Refusal(argument("cl_ord_id"))
    if request.userref is not None and not -USERREF_BOUND <= request.userref < USERREF_BOUND:
        raise Refusal(argument("userref"))


def _check_prices_given(request: AddOrder) -> None:
    wants_limit = request.order_type in LIMIT_TYPES
    wants_trigger = request.order_type in TRIGGERED_TYPES
    first = request.trigger_price if wants_trigger else request.limit_price
    if (wants_limit or wants_trigger) and not _is_positive(first):
        raise Refusal(errors.INVALID_PRICE if first is not None else argument("price"))
    if wants_limit and wants_trigger and not _is_positive(request.limit_price):
        raise Refusal(argument("price2"))
    if (request.limit_price is not None and not wants_limit) or (
        request.trigger_price is not None and not wants_trigger
    ):
        raise Refusal(argument("price"))


def _is_positive(price: Decimal | None) -> bool:
    return price is not None and price.is_finite() and 0 < price < NUMBER_BOUND


def _digits(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
