"""What the bodies of our private calls say: cash limit orders with a deadline, fee in quote.

There is no leverage, no trigger and no way to give one; `validate` is there or it is not.
"""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Final

import msgspec

from actors.instant import MICROSECOND_NS

Form = tuple[tuple[str, str], ...]
"""Fields in the order in which they are sent."""
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FEE_IN_QUOTE: Final = "fciq"
_POST: Final = "post"


class TimeInForce(enum.StrEnum):
    """How long an order may rest."""

    GTC = "GTC"
    IOC = "IOC"


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A limit order for cash. `pair` is a name that REST takes (the altname); `deadline` is ns UTC.

    The venue does not match it later; it wants it 0.5 to 60 s ahead.
    """

    pair: str
    side: str
    volume: Decimal
    price: Decimal
    cl_ord_id: str
    deadline: int
    post_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """New figures for a resting order of ours; None leaves one as it is."""

    cl_ord_id: str
    deadline: int
    volume: Decimal | None = None
    price: Decimal | None = None
    post_only: bool = False


def stamp_of(instant_ns: int) -> str:
    """RFC 3339 in UTC with microseconds, rounded down: a deadline never comes later than meant."""
    moment = _EPOCH + dt.timedelta(microseconds=instant_ns // MICROSECOND_NS)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def amount_text(value: Decimal) -> str:
    """Plain digits without exponent. Raises ValueError for what no order can have."""
    if not value.is_finite() or value <= 0:
        raise ValueError("an order's price and volume are positive")
    return format(value, "f")


def order_form(order: NewOrder, *, validate_only: bool = False) -> Form:
    """AddOrder's fields; with `validate_only` the venue checks and places nothing."""
    if order.side not in {"buy", "sell"}:
        raise ValueError("an order's side is buy or sell")
    if not order.cl_ord_id or not order.pair:
        raise ValueError("an order names its pair and bears our id")
    flags = f"{_POST},{_FEE_IN_QUOTE}" if order.post_only else _FEE_IN_QUOTE
    form: Form = (
        ("ordertype", "limit"),
        ("type", order.side),
        ("pair", order.pair),
        ("volume", amount_text(order.volume)),
        ("price", amount_text(order.price)),
        ("timeinforce", order.time_in_force.value),
        ("oflags", flags),
        ("cl_ord_id", order.cl_ord_id),
        ("deadline", stamp_of(order.deadline)),
    )
    return (*form, ("validate", "true")) if validate_only else form


def amendment_form(amendment: Amendment) -> Form:
    """AmendOrder's fields; one figure at least changes."""
    if amendment.volume is None and amendment.price is None:
        raise ValueError("an amendment changes something")
    form: list[tuple[str, str]] = [("cl_ord_id", amendment.cl_ord_id)]
    if amendment.volume is not None:
        form.append(("order_qty", amount_text(amendment.volume)))
    if amendment.price is not None:
        form.append(("limit_price", amount_text(amendment.price)))
    if amendment.post_only:
        form.append(("post_only", "true"))
    form.append(("deadline", stamp_of(amendment.deadline)))
    return tuple(form)
