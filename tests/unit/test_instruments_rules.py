"""An instrument's rules: what an order costs at worst, and what the venue would accept."""

from __future__ import annotations

import decimal
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.instruments import Instrument, indices_of
from actors.money import run_exact

D = Decimal
XBT = Instrument(
    symbol="XBT/USD",
    base="XBT",
    quote="USD",
    tick=D("0.1"),
    lot=D("0.00000001"),
    quantity_min=D("0.00005"),
    cost_min=D("0.5"),
    quote_decimals=4,
    maker_fee=D("0.0025"),
    taker_fee=D("0.004"),
)
ODD = msgspec.structs.replace(XBT, tick=D("0.25"), lot=D("5"), quote_decimals=2)


def test_a_cost_is_rounded_up_to_the_quote_currency() -> None:
    """A ten-thousandth of a dollar at most too much, never too little."""
    assert str(XBT.quote_step) == "0.0001"
    assert str(XBT.cost_of(D("0.00000001"), D("64123.4"))) == "0.0007"
    assert str(XBT.cost_of(D("0.5"), D("100.0"))) == "50.0000"


def test_a_hold_is_cost_and_taker_fee_each_rounded_up() -> None:
    """What a buy can come to at its limit."""
    assert str(XBT.hold_of(D("1"), D("100.0"))) == "100.4000"
    assert str(XBT.hold_of(D("0.00000001"), D("64123.4"))) == "0.0008"


@pytest.mark.parametrize(
    ("rules", "price", "on_tick"),
    [
        (XBT, "100.0", True),
        (XBT, "100.10", True),
        (XBT, "100.05", False),
        (XBT, "0", False),
        (XBT, "-100.0", False),
        (ODD, "100.75", True),
        (ODD, "100.80", False),
    ],
)
def test_a_price_is_a_positive_multiple_of_the_tick(
    rules: Instrument, price: str, on_tick: bool
) -> None:
    """However it is written."""
    assert rules.is_on_tick(D(price)) is on_tick


@pytest.mark.parametrize(
    ("rules", "quantity", "on_lot"),
    [
        (XBT, "0.00000001", True),
        (XBT, "1", True),
        (XBT, "0.000000015", False),
        (XBT, "0", False),
        (XBT, "-1", False),
        (ODD, "15", True),
        (ODD, "12", False),
    ],
)
def test_a_quantity_is_a_positive_multiple_of_the_lot(
    rules: Instrument, quantity: str, on_lot: bool
) -> None:
    """Zero is no order."""
    assert rules.is_on_lot(D(quantity)) is on_lot


@pytest.mark.parametrize(
    ("quantity", "price", "accepted"),
    [
        ("0.00005", "10000.0", True),
        ("0.00004999", "99999.0", False),
        ("0.00005", "9999.9", False),
        ("1", "0.5", True),
        ("1", "0.4", False),
    ],
)
def test_both_minimums_are_demanded(quantity: str, price: str, accepted: bool) -> None:
    """Quantity in base, cost in quote; three digits rounded up would let 0.499995 pass for 0.5."""
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP, traps=[])):
        assert XBT.meets_minimum(D(quantity), D(price)) is accepted
    assert XBT.meets_minimum(D(quantity), D(price)) is accepted


def test_a_quantity_is_written_at_the_lots_exponent_or_refused() -> None:
    """One form for one quantity."""
    assert str(XBT.canonical_quantity(D("1.5"))) == "1.50000000"
    with pytest.raises(decimal.Inexact):
        XBT.canonical_quantity(D("0.000000015"))


@given(
    st.decimals("0.00000001", 10**6, places=8),
    st.decimals("0.1", 10**6, places=1),
)
def test_the_ambient_context_changes_no_rule(quantity: Decimal, price: Decimal) -> None:
    """A caller outside the kernel gets the same answers, to the digit."""

    def answers() -> tuple[object, ...]:
        return (
            str(XBT.cost_of(quantity, price)),
            str(XBT.hold_of(quantity, price)),
            XBT.is_on_tick(price),
            XBT.is_on_lot(quantity),
            XBT.meets_minimum(quantity, price),
        )

    exact = run_exact(answers)
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP, traps=[])):
        assert answers() == exact


def test_a_symbol_is_found_where_it_first_stands() -> None:
    odd = msgspec.structs.replace(ODD, symbol="ODD/USD")
    assert indices_of((XBT, odd, XBT)) == {"XBT/USD": 0, "ODD/USD": 1}
    assert indices_of(()) == {}


def test_an_unknown_field_is_refused() -> None:
    """A table of facts with a misspelt column does not load in silence."""
    row = {**msgspec.structs.asdict(XBT), "tikc": "0.1"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(row, Instrument)
