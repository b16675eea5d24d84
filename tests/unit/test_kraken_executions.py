"""Rows of the executions channel become reports: sparse ones completed, none lost, none made up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from adapters.kraken.executions import (
    ENDED_KEPT,
    ExecutionError,
    Executions,
    ExecutionsFrame,
)

AT = "2026-11-27T10:00:00.000123Z"
AT_NS = 1_795_773_600_000_123_000
OURS = "0123456789abcdef0123456789abcdef"


def frame(*rows: dict[str, Any], kind: str = "update") -> ExecutionsFrame:
    told = [{"order_id": "OAAAAA-AAAAA-AAAAAA", "timestamp": AT} | row for row in rows]
    body = {"channel": "executions", "type": kind, "data": told, "sequence": 1}
    # Through text, as it comes: digits must survive it.
    return msgspec.json.decode(
        msgspec.json.Encoder(decimal_format="number").encode(body), type=ExecutionsFrame
    )


NEW = {
    "exec_type": "pending_new",
    "cl_ord_id": OURS,
    "symbol": "BTC/USD",
    "side": "buy",
    "order_status": "pending_new",
}


def fill(number: int, quantity: str, **more: Any) -> dict[str, Any]:
    return {
        "exec_type": "trade",
        "exec_id": f"T{number}",
        "last_qty": Decimal(quantity),
        "last_price": Decimal("100.10"),
        "cost": Decimal("10.0100"),
        "fees": [{"asset": "USD", "qty": Decimal("0.0400")}],
        "liquidity_ind": "m",
    } | more


def words(told: tuple[ExecutionReport, ...]) -> list[tuple[str, ExecKind]]:
    return [(each.cl_ord_id, each.kind) for each in told]


def test_a_fill_of_which_only_the_order_id_is_told_is_completed_to_the_last_digit() -> None:
    view = Executions()
    view.take(frame(NEW))
    told = view.take(frame(fill(1, "0.10000000")))
    assert told == (
        ExecutionReport(
            OURS,
            "T1",
            ExecKind.TRADE,
            AT_NS,
            Decimal("0.10000000"),
            Decimal("100.10"),
            Decimal("10.0100"),
            Decimal("0.0400"),
            "USD",
            Liquidity.MAKER,
            "OAAAAA-AAAAA-AAAAAA",
            "",
            "BTC/USD",
            Side.BUY,
        ),
    )
    assert str(told[0].last_quantity) == "0.10000000"


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        ({"exec_type": "pending_new"}, [ExecKind.ACCEPTED]),
        ({"exec_type": "new", "order_status": "new"}, [ExecKind.ACCEPTED]),
        ({"exec_type": "amended"}, [ExecKind.AMENDED]),
        ({"exec_type": "restated"}, [ExecKind.AMENDED]),
        ({"exec_type": "status"}, [ExecKind.ACCEPTED]),
        ({"exec_type": "iceberg_refill"}, [ExecKind.ACCEPTED]),
        ({"exec_type": "canceled", "reason": "User requested"}, [ExecKind.CANCELLED]),
        ({"exec_type": "expired"}, [ExecKind.EXPIRED]),
        ({"exec_type": "rejected"}, [ExecKind.REJECTED]),
        ({"exec_type": "filled", "order_status": "filled"}, [ExecKind.FILLED]),
        (fill(1, "1"), [ExecKind.TRADE]),
    ],
    ids=lambda value: value["exec_type"] if isinstance(value, dict) else "",
)
def test_each_kind_of_row_says_one_thing(row: dict[str, Any], kinds: list[ExecKind]) -> None:
    told = Executions().take(frame({"cl_ord_id": OURS} | row))
    assert words(told) == [(OURS, kind) for kind in kinds]
    assert [each.text for each in told] == [row.get("reason", "")] * len(kinds)


def test_repeated_rows_make_repeated_reports() -> None:
    """The core folds by execution id; here nothing is guessed away."""
    view = Executions()
    rows = (NEW, {"exec_type": "new"}, fill(1, "1"), fill(1, "1"))
    kinds = [kind for _, kind in words(view.take(frame(*rows)))]
    assert kinds == [*[ExecKind.ACCEPTED] * 2, *[ExecKind.TRADE] * 2]


def test_an_order_of_somebody_else_has_no_client_id_but_its_trades_are_told() -> None:
    told = Executions().take(frame(fill(9, "2", symbol="ETH/USD", side="sell")))
    assert [(r.cl_ord_id, r.symbol, r.side) for r in told] == [("", "ETH/USD", Side.SELL)]


def test_our_acknowledgement_names_an_order_whose_rows_do_not() -> None:
    view = Executions()
    view.learn("OAAAAA-AAAAA-AAAAAA", OURS, "BTC/USD", Side.BUY)
    assert words(view.take(frame({"exec_type": "new"}))) == [(OURS, ExecKind.ACCEPTED)]
    assert view.client_id("OAAAAA-AAAAA-AAAAAA") == OURS
    assert view.client_id("OZZZZZ-AAAAA-AAAAAA") == ""


@pytest.mark.parametrize("end", ["filled", "canceled", "expired", "trade"])
def test_what_the_venue_counts_as_filled_goes_along(end: str) -> None:
    """The core knows which trades it booked; here nobody concludes anything from a word."""
    row = fill(1, "0.4") | {"exec_type": end, "cum_qty": Decimal("0.50000")}
    (report,) = Executions().take(frame(row))
    assert str(report.filled) == "0.50000"


def test_an_amended_order_tells_what_it_is_now() -> None:
    row = {"exec_type": "amended", "order_qty": Decimal("0.7"), "limit_price": Decimal("99.5")}
    (report,) = Executions().take(frame(NEW | row))
    assert (report.kind, report.quantity, report.limit_price) == (
        ExecKind.AMENDED,
        Decimal("0.7"),
        Decimal("99.5"),
    )


MISSHAPEN = [
    ({"order_id": "", "exec_type": "new"}, "without an order id"),
    ({"exec_type": "new", "timestamp": "yesterday"}, "yesterday"),
    ({"exec_type": "new", "timestamp": ""}, "''"),
    ({"exec_type": "new", "side": "both"}, "both"),
    ({"exec_type": "vanished"}, "vanished"),
    ({"exec_type": "trade"}, "exec_id, last_qty, last_price, cost"),
    (fill(1, "1", exec_id=""), "exec_id"),
    (fill(1, "1", fees=[{"asset": "USD", "qty": 1}, {"asset": "BTC", "qty": 1}]), "several"),
]


@pytest.mark.parametrize(("row", "said"), MISSHAPEN)
def test_a_frame_with_a_row_that_is_none_is_refused_whole(row: dict[str, Any], said: str) -> None:
    view = Executions()
    with pytest.raises(ExecutionError, match=said):
        view.take(frame(NEW, row))
    assert view.client_id("OAAAAA-AAAAA-AAAAAA") == ""


def test_orders_that_are_over_are_forgotten_in_their_order_and_live_ones_never() -> None:
    view = Executions()
    view.take(frame({"order_id": "OLIVE", "exec_type": "new", "cl_ord_id": OURS}))
    for number in range(ENDED_KEPT + 2):
        view.take(frame({"order_id": f"O{number}", "exec_type": "canceled", "cl_ord_id": "x"}))
    assert (view.client_id("O0"), view.client_id("O1"), view.client_id("O2")) == ("", "", "x")
    assert view.client_id("OLIVE") == OURS
