"""A natural logarithm with the same bits on every CPU: only + - * /, rint and integer shifts.

numpy's own log differs between AVX-512 and AVX2 machines. Method: x = 2**e * m with m near 1; c is
m rounded to 10 binary places; ln x = e ln 2 + ln c + ln(1 + (m - c) / c), the last by four terms
of its series. The table of ln c comes from decimal arithmetic, which rounds alike everywhere.
Error at most 4e-16 * max(1, |ln x|).
"""

from __future__ import annotations

from decimal import Context, Decimal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LN_ERROR_MAX = 4e-16
"""Largest error of `ln`, relative to max(1, |ln x|); a test holds it against math.log."""
_TABLE_BITS = 10
# Bits of sqrt(1/2), ten binary places up: subtracting them leaves the power of two that brings x
# into [724, 1448), where the nearest integer is an index of the table.
_OFFSET = np.array(0x3FE6A09E667F3BCD + (_TABLE_BITS << 52), dtype=np.int64)
_MANTISSA_BITS = np.array(52, dtype=np.int64)
_LN_2 = float(Decimal(2).ln(Context(prec=40)))
_SMALLEST = 2.0**-1022
# 0-d arrays: numpy would convert a Python float at every call.
_ONE, _HALF, _THIRD, _QUARTER = (np.array(1.0 / k) for k in (1, 2, 3, 4))


def _table() -> FloatArray:
    """ln(i / 1024) at index i; indices that a mantissa in [0.7071, 1.4142) cannot reach stay 0."""
    context = Context(prec=30)
    table = np.zeros(1450, dtype=np.float64)
    for index in range(723, 1450):
        table[index] = float(context.divide(Decimal(index), Decimal(1024)).ln(context))
    return table


def _powers() -> FloatArray:
    """(e + 10) ln 2 at index e modulo 2048, for e from -1032 (the smallest normal number) to 1014.

    A look-up costs half of a product with integers.
    """
    exponents = np.arange(2048)
    exponents[1016:] -= 2048
    result: FloatArray = (exponents + _TABLE_BITS).astype(np.float64) * _LN_2
    return result


_LN_C = _table()
_LN_POWER = _powers()


def ln_trusted(x: FloatArray) -> FloatArray:
    """Natural logarithm of an array of values known to be positive, finite and normal."""
    bits = x.view(np.int64)
    exponent = (bits - _OFFSET) >> _MANTISSA_BITS
    scaled = (bits - (exponent << _MANTISSA_BITS)).view(np.float64)
    nearest = np.rint(scaled)
    rest = (scaled - nearest) / nearest
    series: FloatArray = rest * (_ONE - rest * (_HALF - rest * (_THIRD - rest * _QUARTER)))
    # Both indices lie within their table by construction, so nothing is clipped; not to check them
    # costs a third.
    series += _LN_C.take(nearest.astype(np.intp), mode="clip")
    series += _LN_POWER.take(exponent, mode="wrap")
    return series


def ln(x: npt.ArrayLike) -> FloatArray:
    """Natural logarithm, same shape as `x` (a scalar gives a 0-d array; `float()` unwraps it).

    Raises ValueError when a value is not positive, finite and normal.
    """
    values = np.ascontiguousarray(x, dtype=np.float64)
    if not bool(np.all((values >= _SMALLEST) & (values < np.inf))):
        raise ValueError("the logarithm needs positive, finite, normal numbers")
    return ln_trusted(values).reshape(np.shape(x))
