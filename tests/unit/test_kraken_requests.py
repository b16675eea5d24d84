"""What an order says to Kraken, and what Kraken's refusals of it mean."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.messages.decision import Side
from actors.messages.execution import SubmitOutcome
from actors.messages.order import SubmitOrder
from adapters.kraken.requests import order_params, outcome_of, stamp_of

AT = 1_795_773_600_123_456_789


def test_an_order_is_cash_with_a_deadline_and_its_fee_in_quote() -> None:
    order = SubmitOrder(
        "f" * 32, "BTC/USD", Side.SELL, Decimal("0.10000000"), Decimal("100.0"), AT, AT, 3
    )
    assert order_params(order, "token") == {
        "order_type": "limit",
        "side": "sell",
        "symbol": "BTC/USD",
        "order_qty": Decimal("0.10000000"),
        "limit_price": Decimal("100.0"),
        "time_in_force": "gtc",
        "cl_ord_id": "f" * 32,
        "fee_preference": "quote",
        "deadline": "2026-11-27T10:00:00.123456Z",
        "token": "token",
    }


@pytest.mark.parametrize(
    ("instant", "stamp"),
    [
        (AT, "2026-11-27T10:00:00.123456Z"),
        (AT // 1_000_000_000 * 1_000_000_000, "2026-11-27T10:00:00.000000Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_a_stamp_never_comes_later_than_its_instant(instant: int, stamp: str) -> None:
    assert stamp_of(instant) == stamp


OUTCOMES = [
    ("EService:Deadline elapsed", SubmitOutcome.DEADLINE_ELAPSED),
    ("EOrder:Rate limit exceeded", SubmitOutcome.RATE_LIMITED),
    ("EOrder:Domain rate limit exceeded", SubmitOutcome.RATE_LIMITED),
    ("EAPI:Rate limit exceeded", SubmitOutcome.RATE_LIMITED),
    ("EGeneral:Too many requests", SubmitOutcome.RATE_LIMITED),
    ("EService:Market in cancel_only mode", SubmitOutcome.WRONG_MODE),
    ("EService:Market in post_only mode", SubmitOutcome.WRONG_MODE),
    ("EOrder:Insufficient funds", SubmitOutcome.REFUSED),
    ("EOrder:Post only order", SubmitOutcome.REFUSED),
    ("EGeneral:Permission denied", SubmitOutcome.REFUSED),
    ("EService:Unavailable", SubmitOutcome.UNKNOWN),
    ("EService:Busy", SubmitOutcome.UNKNOWN),
    ("EGeneral:Internal error", SubmitOutcome.UNKNOWN),
    ("EOrder:Something that nobody wrote down", SubmitOutcome.UNKNOWN),
]


@pytest.mark.parametrize(("text", "outcome"), OUTCOMES)
def test_only_what_is_documented_as_not_executed_ends_an_order(
    text: str, outcome: SubmitOutcome
) -> None:
    assert outcome_of(text) is outcome
