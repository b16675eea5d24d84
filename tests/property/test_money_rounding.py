"""Money over all values: never further than one step, never in the other direction."""

from __future__ import annotations

import decimal
from decimal import Context, Decimal
from fractions import Fraction

from hypothesis import assume, example, given
from hypothesis import strategies as st

from actors.money import (
    SNAP_TOLERANCE_TICKS,
    TOWARDS_BUYER,
    TOWARDS_SELLER,
    at_exponent,
    divide_down,
    from_micros,
    is_sound,
    micros_down,
    micros_up,
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
)

AMOUNTS = st.decimals(-(10**9), 10**9, places=8)
POSITIVE = st.decimals("0.00000001", 10**9, places=8)
STEPS = st.sampled_from(
    [Decimal(text) for text in ("0.00000001", "0.01", "0.1", "1", "5", "0.5", "0.25", "0.05", "3")]
)


def exact(value: Decimal) -> Fraction:
    return Fraction(value)


@given(AMOUNTS, STEPS)
def test_rounding_stays_within_a_step_on_its_own_side(value: Decimal, step: Decimal) -> None:
    """Down, nearest, up: ordered, on the grid, and the nearest is one of the two."""
    down, even, up = round_down(value, step), round_even(value, step), round_up(value, step)
    assert exact(value) - exact(step) < exact(down) <= exact(value)
    assert exact(value) <= exact(up) < exact(value) + exact(step)
    assert even in (down, up)
    assert abs(exact(even) - exact(value)) * 2 <= exact(step)
    for each in (down, even, up):
        assert (exact(each) / exact(step)).denominator == 1


@given(AMOUNTS, STEPS)
def test_what_is_on_the_grid_stays(value: Decimal, step: Decimal) -> None:
    """Rounding twice is rounding once."""
    down = round_down(value, step)
    assert round_down(down, step) == round_up(down, step) == round_even(down, step) == down


@given(AMOUNTS, AMOUNTS, STEPS)
def test_products_enclose_the_true_product(left: Decimal, right: Decimal, step: Decimal) -> None:
    """As fractions, without any rounding of our own."""
    true = exact(left) * exact(right)
    down, up = multiply_down(left, right, step), multiply_up(left, right, step)
    assert true - exact(step) < exact(down) <= true <= exact(up) < true + exact(step)
    assert abs(exact(multiply_even(left, right, step)) - true) * 2 <= exact(step)


@given(AMOUNTS, AMOUNTS, STEPS)
def test_quotients_are_rounded_down(numerator: Decimal, by: Decimal, step: Decimal) -> None:
    """Never more than the true quotient, and less than a step below it."""
    assume(by != 0)
    true = exact(numerator) / exact(by)
    down = exact(divide_down(numerator, by, step))
    assert true - exact(step) < down <= true


@given(AMOUNTS, POSITIVE)
def test_ratios_enclose_the_true_ratio(numerator: Decimal, denominator: Decimal) -> None:
    """In millionths and at twelve decimals."""
    true = exact(numerator) / exact(denominator)
    down, up = micros_down(numerator, denominator), micros_up(numerator, denominator)
    assert down <= true * 10**6 <= up
    assert up - down <= 1
    assert 0 <= true - exact(ratio_down(numerator, denominator)) < Fraction(1, 10**12)


@given(st.integers(-(2**62), 2**62))
def test_millionths_come_back(micros: int) -> None:
    """A ratio in millionths is exact both ways."""
    ratio = from_micros(micros)
    assert exact(ratio) == Fraction(micros, 10**6)
    assert micros_down(ratio, Decimal(1)) == micros_up(ratio, Decimal(1)) == micros


@given(AMOUNTS, STEPS, st.integers(1, 6), st.sampled_from(["ROUND_UP", "ROUND_HALF_DOWN"]))
def test_the_ambient_context_changes_nothing(
    value: Decimal, step: Decimal, prec: int, rounding: str
) -> None:
    """Few digits, other directions, no traps."""
    clean = run_exact(lambda: (round_down(value, step), multiply_up(value, step, step)))
    with decimal.localcontext(decimal.Context(prec=prec, rounding=rounding, traps=[])):
        assert (round_down(value, step), multiply_up(value, step, step)) == clean


@given(AMOUNTS)
def test_a_stated_exponent_changes_no_value(value: Decimal) -> None:
    """More decimals are zeros."""
    assert at_exponent(value, Decimal("0.0000000001")) == value


PRICES = st.floats(1e-6, 1e8)
TICKS = st.sampled_from([Decimal(t) for t in ("0.00000001", "0.0001", "0.01", "0.1", "1", "0.5")])


@given(PRICES, TICKS)
@example(0.1 + 0.2, Decimal("0.1"))
@example(1.1 * 3, Decimal("0.1"))
def test_a_price_is_within_one_tick_in_the_named_direction(value: float, tick: Decimal) -> None:
    """Up to the snapping tolerance, which grows with what a float can say."""
    true, step = Fraction(value), exact(tick)
    slack = step * Fraction(SNAP_TOLERANCE_TICKS) * 2 + true * Fraction(1, 10**14)
    down = exact(price_from_float(value, tick, TOWARDS_BUYER))
    up = exact(price_from_float(value, tick, TOWARDS_SELLER))
    nearest = exact(price_from_float(value, tick))
    assert true - step - slack < down <= true + slack
    assert true - slack <= up < true + step + slack
    assert abs(nearest - true) <= step / 2 + slack
    assert up - down in (0, step)
    assert nearest in (down, up)


@given(st.integers(1, 10**10), TICKS)
def test_a_price_on_the_grid_crosses_unchanged(count: int, tick: Decimal) -> None:
    """The nearest float to a grid price is that price, in every direction."""
    price = run_exact(lambda: count * tick)
    assume(price < 10**9)
    for direction in (TOWARDS_BUYER, TOWARDS_SELLER, None):
        found = price_from_float(float(price), tick, direction)
        assert found == price
        assert found.as_tuple().exponent == tick.as_tuple().exponent


@given(st.floats(width=64), TICKS)
def test_a_quantity_is_never_more_than_was_shown(value: float, step: Decimal) -> None:
    """And never unsound, whatever the float."""
    found = quantity_from_float(value, step)
    assert is_sound(found)
    assert found == 0 or exact(found) <= Fraction(repr(value))


@given(
    value=st.floats(1e-9, 1e14, allow_nan=False),
    tick=st.sampled_from([Decimal(text) for text in ("0.1", "0.01", "0.25", "0.000001", "1", "5")]),
    way=st.sampled_from([TOWARDS_BUYER, TOWARDS_SELLER]),
)
def test_a_price_between_ticks_is_the_whole_number_below_or_above_its_text(
    value: float, tick: Decimal, way: Context
) -> None:
    ticks = value / float(tick)
    assume(abs(ticks - round(ticks)) > 1e-6 * max(1.0, ticks * 1e-9))
    whole = Decimal(repr(ticks)).to_integral_value(rounding=way.rounding)
    found = price_from_float(value, tick, way)
    assert str(found) == str(whole * tick)
