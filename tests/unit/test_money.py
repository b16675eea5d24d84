"""Money: exact or loud; every rounding has a name, a direction and somebody who benefits."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from actors.money import (
    MICRO,
    PRECISION_DIGITS,
    TOWARDS_BUYER,
    TOWARDS_SELLER,
    ZERO,
    at_exponent,
    divide_down,
    from_micros,
    is_fact,
    is_sound,
    micros_down,
    micros_up,
    money_context,
    multiply_down,
    multiply_even,
    multiply_up,
    price_from_float,
    quantity_from_float,
    ratio_down,
    round_down,
    round_even,
    round_up,
    run_exact,
    share_down,
    step_of,
)

D = Decimal
CENT = D("0.01")
ABOVE_ONE = D("1.000000000000000000005")
BELOW_TWO = D("1.99999999999999999999")
NEAR_LIMIT = D("999999999999.999999999999")
BELOW_HALF = D("1.4999999999999999999925")


@pytest.mark.parametrize(
    ("value", "step", "down", "even", "up"),
    [
        ("1.00", "0.01", "1.00", "1.00", "1.00"),
        ("1.001", "0.01", "1.00", "1.00", "1.01"),
        ("1.005", "0.01", "1.00", "1.00", "1.01"),
        ("1.015", "0.01", "1.01", "1.02", "1.02"),
        ("1.009", "0.01", "1.00", "1.01", "1.01"),
        ("-1.001", "0.01", "-1.01", "-1.00", "-1.00"),
        ("-1.015", "0.01", "-1.02", "-1.02", "-1.01"),
        ("0.30", "0.05", "0.30", "0.30", "0.30"),
        ("0.31", "0.05", "0.30", "0.30", "0.35"),
        ("0.325", "0.05", "0.30", "0.30", "0.35"),
        ("0.375", "0.05", "0.35", "0.40", "0.40"),
        ("-0.31", "0.05", "-0.35", "-0.30", "-0.30"),
        ("7", "2.5", "5.0", "7.5", "7.5"),
        ("1234", "1E+2", "1.2E+3", "1.2E+3", "1.3E+3"),
        ("1.25", "0.10", "1.20", "1.20", "1.30"),
        ("0", "0.01", "0.00", "0.00", "0.00"),
        ("1", "3", "0", "0", "3"),
    ],
)
def test_every_direction_of_rounding(value: str, step: str, down: str, even: str, up: str) -> None:
    """Down is towards minus infinity, up towards plus, even to the nearest with ties to even."""
    found = [round_to(D(value), D(step)) for round_to in (round_down, round_even, round_up)]
    assert [str(each) for each in found] == [down, even, up]


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: multiply_down(D("1.005"), D("1.00"), CENT), "1.00"),
        (lambda: multiply_up(D("1.001"), D("1.00"), CENT), "1.01"),
        (lambda: multiply_even(D("1.005"), D("1.00"), CENT), "1.00"),
        (lambda: multiply_even(D("1.015"), D("1.00"), CENT), "1.02"),
        (lambda: multiply_down(D("-1.001"), D("1.00"), CENT), "-1.01"),
        (lambda: multiply_up(D("-1.001"), D("1.00"), CENT), "-1.00"),
        (lambda: divide_down(D("10.00"), D(3), CENT), "3.33"),
        (lambda: divide_down(D("-10.00"), D(3), CENT), "-3.34"),
        (lambda: divide_down(D("1.00"), D(3), D("0.05")), "0.30"),
        (lambda: share_down(D("100.00"), D(1), D(3), CENT), "33.33"),
        (lambda: share_down(D("100.00"), D(3), D(3), CENT), "100.00"),
        (lambda: share_down(D("0.00"), D(1), D(3), CENT), "0.00"),
        # The product has forty-eight digits and is exact.
        (lambda: share_down(NEAR_LIMIT, NEAR_LIMIT, NEAR_LIMIT, D("1E-12")), str(NEAR_LIMIT)),
        (lambda: ratio_down(D(2), D(3)), "0.666666666666"),
        (lambda: ratio_down(D(-2), D(3)), "-0.666666666667"),
        # Just below 2 and 1.5, beyond thirty-eight digits: a product is rounded once.
        (lambda: multiply_down(BELOW_TWO, ABOVE_ONE, D(1)), "1"),
        (lambda: multiply_up(BELOW_TWO.copy_negate(), ABOVE_ONE, D(1)), "-1"),
        (lambda: multiply_even(BELOW_HALF, ABOVE_ONE, D(1)), "1"),
        (lambda: divide_down(D("19" + "9" * 39), D("1E+40"), D(1)), "1"),
        (lambda: at_exponent(D("1.5"), D("0.0001")), "1.5000"),
        (lambda: at_exponent(D("1.500"), D("0.1")), "1.5"),
        (lambda: step_of(2), "0.01"),
        (lambda: step_of(0), "1"),
        (lambda: step_of(-2), "1E+2"),
        (lambda: step_of(12), "1E-12"),
        (lambda: from_micros(1_500_000), "1.500000"),
        (lambda: from_micros(-1), "-0.000001"),
        (lambda: from_micros(0), "0.000000"),
        (lambda: MICRO, "0.000001"),
        (lambda: ZERO, "0"),
    ],
)
def test_arithmetic_says_where_it_rounds(compute: Callable[[], Decimal], expected: str) -> None:
    """Value and exponent, under a hostile ambient context as under ours."""
    assert str(compute()) == expected
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP, traps=[])):
        assert str(compute()) == expected
    assert str(run_exact(compute)) == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "down", "up"),
    [
        ("1", "3", 333_333, 333_334),
        ("1", "4", 250_000, 250_000),
        ("-1", "3", -333_334, -333_333),
        ("0", "7", 0, 0),
        ("1", "1000000", 1, 1),
        ("1", "1000001", 0, 1),
        ("1", "1E+30", 0, 1),
        ("123456789012", "1", 123_456_789_012_000_000, 123_456_789_012_000_000),
    ],
)
def test_ratios_in_millionths(numerator: str, denominator: str, down: int, up: int) -> None:
    """Down for what we may do, up for what must not be understated; whatever surrounds them."""
    with decimal.localcontext(decimal.Context(prec=3, traps=[])):
        assert micros_down(D(numerator), D(denominator)) == down
        assert micros_up(D(numerator), D(denominator)) == up


@pytest.mark.parametrize("compute", [ratio_down, micros_down, micros_up])
@pytest.mark.parametrize("denominator", ["0", "-1"])
def test_a_ratio_to_nothing_is_a_bug(
    compute: Callable[[Decimal, Decimal], object], denominator: str
) -> None:
    """The denominator is positive."""
    with pytest.raises(AssertionError):
        compute(D(1), D(denominator))


def test_a_silent_rounding_raises_inside_the_money_context() -> None:
    """Even when the surrounding context traps nothing and rounds to three digits."""
    with decimal.localcontext(decimal.Context(prec=3, traps=[])):
        assert D(10) / D(3) == D("3.33"), "the ambient context is hostile"
        with pytest.raises(decimal.Inexact):
            run_exact(lambda: D(10) / D(3))
        assert run_exact(lambda: D("12345.67") + D("0.01")) == D("12345.68")
        assert D(10) / D(3) == D("3.33"), "and stays as it was"


@pytest.mark.parametrize(
    ("sin", "error"),
    [
        (lambda: D(1) / D(3), decimal.Inexact),
        (lambda: D(10) ** 38 + D("0.1"), decimal.Inexact),
        (lambda: D(1) / D(0), decimal.DivisionByZero),
        (lambda: D(0) / D(0), decimal.InvalidOperation),
        (lambda: D("NaN") < D(1), decimal.InvalidOperation),
        (lambda: D(1) < 0.5, decimal.FloatOperation),
        (lambda: D(0.5), decimal.FloatOperation),
        (lambda: D("1E+999999") * 10, decimal.Overflow),
    ],
)
def test_the_money_context_traps(
    sin: Callable[[], object], error: type[decimal.DecimalException]
) -> None:
    """Rounding, nonsense, and any meeting with a float."""
    with pytest.raises(error):
        run_exact(sin)


def test_every_money_context_is_fresh() -> None:
    """What one run changes, another does not see."""
    first, second = money_context(), money_context()
    first.run(decimal.getcontext).prec = 3
    assert second.run(decimal.getcontext).prec == PRECISION_DIGITS
    assert money_context().run(decimal.getcontext).prec == PRECISION_DIGITS


def test_an_exponent_is_stated_or_refused() -> None:
    """`at_exponent` never rounds."""
    for value in ("1.005", "-0.001", "0.0000001"):
        with pytest.raises(decimal.Inexact):
            at_exponent(D(value), CENT)


@pytest.mark.parametrize("text", ["1" * 39, "1E+60"])
def test_more_digits_than_money_has_are_refused(text: str) -> None:
    """Thirty-eight, as in the database."""
    with pytest.raises(decimal.InvalidOperation):
        round_down(D(text), CENT)


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("0", True),
        ("-999999999999.999999999999", True),
        ("1E+11", True),
        ("1E+12", False),
        ("0.000000000001", True),
        ("0.0000000000001", False),
        ("NaN", False),
        ("sNaN", False),
        ("-Infinity", False),
    ],
)
def test_what_books_can_hold_exactly(value: str, fact: bool) -> None:
    """Below 10^12 and at most twelve decimals, whatever the sign."""
    assert is_fact(D(value)) is fact


@pytest.mark.parametrize(
    ("value", "sound"),
    [
        ("0", True),
        ("0.00", True),
        ("-1.00", True),
        ("1E+30", True),
        ("NaN", False),
        ("-NaN", False),
        ("sNaN", False),
        ("Infinity", False),
        ("-Infinity", False),
        ("-0", False),
        ("-0.00", False),
    ],
)
def test_what_is_sound(value: str, sound: bool) -> None:
    """Finite, and no negative zero, which would be an equal amount with other bytes."""
    assert is_sound(D(value)) is sound


@pytest.mark.parametrize(
    ("value", "tick", "buyer", "seller", "nearest"),
    [
        (100.0, "0.1", "100.0", "100.0", "100.0"),
        (100.04, "0.1", "100.0", "100.1", "100.0"),
        (100.06, "0.1", "100.0", "100.1", "100.1"),
        # 0.3 is no binary number: 2.9999999999999996 ticks snap to 3.
        (0.3, "0.1", "0.3", "0.3", "0.3"),
        (0.1 + 0.2, "0.1", "0.3", "0.3", "0.3"),
        # Within a millionth of a tick it is that tick, beyond it is not.
        (100.0 + 0.9e-7, "0.1", "100.0", "100.0", "100.0"),
        (100.0 + 1.1e-7, "0.1", "100.0", "100.1", "100.0"),
        (100.0 - 0.9e-7, "0.1", "100.0", "100.0", "100.0"),
        (100.0 - 1.1e-7, "0.1", "99.9", "100.0", "100.0"),
        (64123.456789, "0.00001", "64123.45678", "64123.45679", "64123.45679"),
        (0.00000123, "0.0000000001", "0.0000012300", "0.0000012300", "0.0000012300"),
        (7.0, "2.5", "5.0", "7.5", "7.5"),
        (0.4, "1", "0", "1", "0"),
        # Large counts of ticks: the tolerance grows with what a float can say.
        (98_765_432.1, "0.0001", "98765432.1000", "98765432.1000", "98765432.1000"),
        (np.float64(100.04), "0.1", "100.0", "100.1", "100.0"),
    ],
)
def test_a_float_becomes_a_price_in_the_named_direction(
    value: float, tick: str, buyer: str, seller: str, nearest: str
) -> None:
    """The one crossing; NumPy's own floats cross it like any other."""
    found = [price_from_float(value, D(tick), way) for way in (TOWARDS_BUYER, TOWARDS_SELLER, None)]
    assert [str(each) for each in found] == [buyer, seller, nearest]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e15])
def test_what_is_no_price_does_not_cross(value: float) -> None:
    """Not positive, not finite, or beyond what a float says to the tick."""
    with pytest.raises(ValueError, match="is not a price"):
        price_from_float(value, CENT)


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        (1.23456789, "0.00000001", "1.23456789"),
        (1.999999999, "0.00000001", "1.99999999"),
        (0.3, "0.1", "0.3"),
        (0.29999999, "0.1", "0.2"),
        (1e-12, "0.00000001", "0E-8"),
        (0.0, "0.1", "0.0"),
        (-1.0, "0.1", "0.0"),
        (float("nan"), "0.1", "0.0"),
        (float("inf"), "0.1", "0.0"),
        (1e18, "0.1", "0.0"),
        (np.float64(2.5), "0.1", "2.5"),
    ],
)
def test_a_float_becomes_a_quantity_rounded_down(value: float, step: str, expected: str) -> None:
    """What is displayed can only be overestimated by rounding up; nonsense is nothing."""
    found = quantity_from_float(value, D(step))
    assert str(found) == expected
    assert is_sound(found)
