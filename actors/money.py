"""Money, prices and quantities: Decimal at the exponent of their asset, with Inexact trapped.

The kernel runs in its own context where any silent rounding raises. Every rounding is one of the
named functions here and says who benefits. float64 becomes money in `price_from_float` alone.
"""

from __future__ import annotations

import contextvars
import decimal
import functools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NewType, TypeVar

Price = NewType("Price", Decimal)
Quantity = NewType("Quantity", Decimal)
Amount = NewType("Amount", Decimal)

PRECISION_DIGITS: Final = 38
SNAP_TOLERANCE_TICKS: Final = 1e-6  # not money: ticks
ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
MICRO: Final = Decimal("0.000001")
_TRAPS: Final = [
    decimal.Inexact,
    decimal.InvalidOperation,
    decimal.DivisionByZero,
    decimal.Overflow,
    decimal.FloatOperation,
]
_R = TypeVar("_R")


def _rounding_context(rounding: str) -> decimal.Context:
    return decimal.Context(
        prec=PRECISION_DIGITS,
        rounding=rounding,
        traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.FloatOperation],
    )


EXACT: Final = decimal.Context(
    prec=PRECISION_DIGITS, rounding=decimal.ROUND_HALF_EVEN, traps=_TRAPS
)
# Any product of two amounts is exact here, so that it is rounded once.
_PRODUCT: Final = decimal.Context(prec=2 * PRECISION_DIGITS, traps=_TRAPS)
_DOWN: Final = _rounding_context(decimal.ROUND_FLOOR)
_UP: Final = _rounding_context(decimal.ROUND_CEILING)
_EVEN: Final = _rounding_context(decimal.ROUND_HALF_EVEN)
# Twelve digits before the point and twelve behind it.
_FACT_STEP: Final = Decimal("1E-12")
_FACT: Final = decimal.Context(prec=24, traps=_TRAPS)


def money_context() -> contextvars.Context:
    """A fresh contextvars context whose decimal context traps Inexact, whatever the caller's is."""
    context = contextvars.Context()
    context.run(decimal.setcontext, EXACT.copy())
    return context


def run_exact(function: Callable[[], _R]) -> _R:
    """Run `function` under the money context."""
    return money_context().run(function)


def is_fact(value: Decimal) -> bool:
    """Whether books can hold `value` exactly: finite, below 10^12, at most 12 decimals.

    The product of two such amounts and the sum of many keep within the context's 38 digits,
    whatever a venue reports; no market comes near.
    """
    try:
        return _FACT.quantize(value, _FACT_STEP).is_finite()
    except (decimal.InvalidOperation, decimal.Inexact):
        return False


def is_sound(value: Decimal) -> bool:
    """False for NaN, Infinity and negative zero: they are refused at the edge."""
    return value.is_finite() and not (value.is_zero() and value.is_signed())


@functools.cache
def step_of(decimals: int) -> Decimal:
    """The step of a grid with so many decimals: 2 gives 0.01."""
    return Decimal((0, (1,), -decimals))


def at_exponent(value: Decimal, step: Decimal) -> Decimal:
    """`value` written at the exponent of `step`; raises decimal.Inexact when that would round."""
    return EXACT.quantize(value, step)


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """To the grid of `step`, towards minus infinity.

    For quantities and what we may spend (safe for us).
    """
    return _on_grid(value, step, _DOWN)


def round_up(value: Decimal, step: Decimal) -> Decimal:
    """To the grid of `step`, towards plus infinity: for holds, fees and reserves (safe for us)."""
    return _on_grid(value, step, _UP)


def round_even(value: Decimal, step: Decimal) -> Decimal:
    """To the nearest point of the grid, ties to even.

    For venue-side cost arithmetic (favours nobody).
    """
    return _on_grid(value, step, _EVEN)


def _on_grid(value: Decimal, step: Decimal, context: decimal.Context) -> Decimal:
    if _is_unit(str(step)):
        return context.quantize(value, step)
    count = context.divide(value, step)
    whole = context.quantize(count, _ONE)
    return EXACT.multiply(whole, step)


@functools.cache
def _is_unit(step: str) -> bool:
    """Whether a step's only digit is 1. Asked by its text, because 0.1 and 0.10 are equal keys."""
    return Decimal(step).as_tuple().digits == (1,)


def ratio_down(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient at twelve decimals, rounded down; the denominator must be positive."""
    assert denominator > 0
    return _DOWN.quantize(_DOWN.divide(numerator, denominator), step_of(12))


def ratio_up(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient at twelve decimals, rounded up; the denominator must be positive."""
    assert denominator > 0
    return _UP.quantize(_UP.divide(numerator, denominator), step_of(12))


def micros_down(numerator: Decimal, denominator: Decimal) -> int:
    """The quotient in millionths, rounded down (a drawdown or exposure as an integer)."""
    return _whole(ratio_down(numerator, denominator).scaleb(6, EXACT), _DOWN)


def micros_up(numerator: Decimal, denominator: Decimal) -> int:
    """The quotient in millionths, rounded up: for risk figures that must not be understated."""
    assert denominator > 0
    return _whole(_UP.divide(numerator, denominator).scaleb(6, _UP), _UP)


def _whole(value: Decimal, context: decimal.Context) -> int:  # not money: a whole count
    return int(context.quantize(value, _ONE))


@functools.lru_cache(maxsize=256)
def from_micros(micros: int) -> Decimal:
    """A ratio in millionths as an exact Decimal; profiles name few, so each is made once."""
    return Decimal(micros).scaleb(-6, EXACT)


def multiply_down(left: Decimal, right: Decimal, step: Decimal) -> Decimal:
    """The product on the grid of `step`, rounded down."""
    return _on_grid(_PRODUCT.multiply(left, right), step, _DOWN)


def multiply_up(left: Decimal, right: Decimal, step: Decimal) -> Decimal:
    """The product on the grid of `step`, rounded up."""
    return _on_grid(_PRODUCT.multiply(left, right), step, _UP)


def multiply_even(left: Decimal, right: Decimal, step: Decimal) -> Decimal:
    """The product on the grid of `step`, ties to even (the venue's own cost arithmetic)."""
    return _on_grid(_PRODUCT.multiply(left, right), step, _EVEN)


def divide_down(numerator: Decimal, denominator: Decimal, step: Decimal) -> Decimal:
    """The quotient on the grid of `step`, rounded down."""
    return _on_grid(_DOWN.divide(numerator, denominator), step, _DOWN)


def share_down(whole: Decimal, part: Decimal, total: Decimal, step: Decimal) -> Decimal:
    """The share of `whole` that `part` of `total` has, on the grid of `step`, rounded down."""
    return round_down(_DOWN.divide(_PRODUCT.multiply(whole, part), total), step)


def price_from_float(  # not money: the crossing itself
    value: float, tick: Decimal, direction: decimal.Context | None = None
) -> Decimal:
    """The one crossing from float64 to money.

    Snap to the nearest tick when within 1e-6 tick of it, else round to the grid in the named
    direction (`TOWARDS_BUYER` rounds down, `TOWARDS_SELLER` up; None means nearest). Raises
    ValueError when the value is not finite or not positive.
    """
    if not 0.0 < value < 1e15:
        raise ValueError(f"{value!r} is not a price")
    ticks = float(value) / float(tick)
    whole = round(ticks)
    if direction is not None:
        nearest = float(whole)
        if abs(ticks - nearest) > SNAP_TOLERANCE_TICKS * max(1.0, nearest * 1e-9):
            # Far from a whole number, and so below 2**53: the float's own floor is exact.
            assert direction is _DOWN or direction is _UP, "a price is rounded for one side"
            whole = math.floor(ticks) if direction is _DOWN else math.ceil(ticks)
    return EXACT.multiply(Decimal(whole), tick)


TOWARDS_BUYER: Final = _DOWN
TOWARDS_SELLER: Final = _UP


def quantity_from_float(value: float, step: Decimal) -> Decimal:  # not money: the crossing
    """A displayed or traded quantity from a slice, on the lot grid, rounded down.

    Zero when not positive.
    """
    if not 0.0 < value < 1e18:
        return EXACT.multiply(ZERO, step)
    return round_down(Decimal(repr(float(value))), step)
