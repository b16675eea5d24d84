"""A fee that the run did not reckon with: booked as the venue has it, told once for each rate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from tests.books import START, Books, of

D = Decimal


pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    """Books in which a taker pays 0.40 % and a maker 0.25 %."""
    made = Books()
    made.actors.pop("orders")
    made.fund()
    return made


NUMBERS = iter(range(10_000))


def noted(
    books: Books,
    fee: str,
    *,
    asset: str = "USD",
    liquidity: Liquidity = Liquidity.TAKER,
    cost: str = "500.00",
) -> list[Note]:
    """The notes on a purchase of a hundredth at 50,000."""
    name = f"t{next(NUMBERS)}"
    fill = Fill(
        "one", name, "XBT/USD", Side.BUY, D("0.01"), D("50000.0"), D(cost), D(fee), asset,
        liquidity, START, D(0), D("50000.0"),
    )  # fmt: skip
    return [each for each in of(Note, books.send(fill)) if each.event == "ledger.fee_differs"]


EXPECTED = [
    ("2.00", Liquidity.TAKER, "500.00"),
    ("1.25", Liquidity.MAKER, "500.00"),
    ("2.03", Liquidity.TAKER, "500.00"),
    ("0.00", Liquidity.TAKER, "0.50"),
]


@pytest.mark.parametrize(("fee", "liquidity", "cost"), EXPECTED)
def test_the_expected_fee_is_no_news_nor_is_a_rounding_of_it(
    books: Books, fee: str, liquidity: Liquidity, cost: str
) -> None:
    assert noted(books, fee, liquidity=liquidity, cost=cost) == []


def test_a_fee_of_another_tier_is_told_once_with_what_was_expected(books: Books) -> None:
    (note,) = noted(books, "1.75")
    assert dict(note.fields) == {
        "symbol": "XBT/USD",
        "liquidity": "taker",
        "fee": "1.75",
        "asset": "USD",
        "cost": "500.00",
        "expected": "2.00",
    }
    assert note.level == "warning"
    assert noted(books, "1.75") == []
    assert noted(books, "1.7501") == [], "the same rate"
    assert noted(books, "1.20"), "another one"
    assert noted(books, "1.75", liquidity=Liquidity.MAKER), "of another kind of fill"
    assert noted(books, "2.00") == []
    assert noted(books, "1.20"), "after the expected one it is news again"


def test_a_fee_in_base_is_told_though_it_is_worth_as_much(books: Books) -> None:
    (note,) = noted(books, "0.00004", asset="XBT")
    assert dict(note.fields)["asset"] == "XBT"
    assert noted(books, "0.00004", asset="XBT") == []
    assert books.balance("available:XBT") == D("0.00992") + D("0.01"), "no unit is lost"


def test_a_fee_in_a_third_asset_or_on_no_cost_is_told(books: Books) -> None:
    books.fund("1", "KFEE", source="gift")
    assert noted(books, "0.5", asset="KFEE")
    (note,) = noted(books, "1.00", cost="0")
    assert dict(note.fields)["expected"] == "0.00"
