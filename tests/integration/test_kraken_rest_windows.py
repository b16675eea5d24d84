"""Lists over a window: whole and each row once whatever the pages do, or told as not whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.instant import SECOND_NS
from actors.ports import Transient
from tests.kraken_rest_server import Fault, rest_session

pytestmark = pytest.mark.asyncio
START, END = 1_790_000_000, 1_790_100_000
Form = dict[str, str]


def trade(number: int, second: float | None = None) -> tuple[str, dict[str, Any]]:
    return f"T{number:05}", {
        "ordertxid": "OUF4EM-FRGI2-MQMWZD",
        "pair": "XXBTZUSD",
        "time": START + number if second is None else second,
        "type": "buy",
        "ordertype": "limit",
        "price": "1.0",
        "cost": "1.0",
        "fee": "0.0",
        "vol": "1.0",
    }


class Account:
    """The venue's trades, listed newest first, 50 a page, by the fields of a request."""

    def __init__(self, count: int, *, counts: bool = True) -> None:
        self.rows = [trade(number) for number in range(1, count + 1)]
        self.counts = counts
        self.between: Callable[[int], None] = lambda call: None
        self._calls = 0

    def page(self, form: Form) -> dict[str, Any]:
        self._calls += 1
        self.between(self._calls)
        start, end, offset = int(form["start"]), int(form["end"]), int(form["ofs"])
        matching = [row for row in reversed(self.rows) if start < row[1]["time"] <= end]
        listed: dict[str, Any] = {"trades": dict(matching[offset : offset + 50])}
        return listed | ({"count": len(matching)} if self.counts else {})


async def history(folder: Path, account: Account, **more: int) -> tuple[list[str], bool, str, int]:
    async with rest_session(folder) as (server, rest):
        server.always("TradesHistory", account.page)
        listed = await rest.trades_history(START * SECOND_NS, END * SECOND_NS, **more)
        forms = server.forms("TradesHistory")
        assert len({(form["start"], form["end"]) for form in forms}) == 1
        return [row.txid for row in listed.rows], listed.complete, listed.why, len(forms)


@pytest.mark.parametrize(
    ("count", "counts", "calls"),
    [
        (0, True, 1),
        (1, True, 1),
        (49, True, 1),
        (50, True, 1),
        (51, True, 2),
        (120, True, 3),
        (0, False, 1),
        (49, False, 1),
        (50, False, 2),
        (100, False, 3),
        (120, False, 3),
    ],
)
async def test_a_window_is_read_to_its_end(
    tmp_path: Path, count: int, counts: bool, calls: int
) -> None:
    txids, complete, why, asked = await history(tmp_path, Account(count, counts=counts))
    assert txids == [f"T{number:05}" for number in range(count, 0, -1)]
    assert (complete, why, asked) == (True, "", calls)


async def test_rows_that_arrive_meanwhile_hide_none_and_double_none(tmp_path: Path) -> None:
    account = Account(120)

    def arrive(call: int) -> None:
        # Beyond the window's end they change nothing, inside it they shift the pages.
        account.rows.append(trade(90_000 + call))
        account.rows.append(trade(99_000 + call, END + 3600))

    account.between = arrive
    txids, complete, _, _ = await history(tmp_path, account)
    assert complete
    assert len(txids) == len(set(txids))
    assert {f"T{number:05}" for number in range(1, 121)} <= set(txids)
    assert not [txid for txid in txids if txid.startswith("T99")]


async def test_a_list_that_ends_before_its_count_is_not_whole(tmp_path: Path) -> None:
    account = Account(70)
    page = account.page

    def short(form: Form) -> dict[str, Any]:
        return page(form) | {"count": 80}

    async with rest_session(tmp_path) as (server, rest):
        server.always("TradesHistory", short)
        listed = await rest.trades_history(START * SECOND_NS, END * SECOND_NS)
        assert [form["ofs"] for form in server.forms("TradesHistory")] == ["0", "50", "70"] * 2
    assert len(listed.rows) == 70
    assert not listed.complete
    assert listed.why == "70 of the 80 rows that the venue counts"


async def test_a_list_without_end_is_not_whole(tmp_path: Path) -> None:
    txids, complete, why, asked = await history(tmp_path, Account(500), pages_most=3)
    assert (len(txids), complete, why, asked) == (150, False, "more than 3 pages", 3)


async def test_pages_that_repeat_themselves_are_not_whole(tmp_path: Path) -> None:
    account = Account(60)
    first = account.page({"start": str(START), "end": str(END), "ofs": "0"})

    async with rest_session(tmp_path) as (server, rest):
        server.always("TradesHistory", lambda form: first)
        listed = await rest.trades_history(START * SECOND_NS, END * SECOND_NS, pages_most=5)
    assert len(listed.rows) == 50
    assert not listed.complete


async def test_both_ends_of_a_window_are_included_to_the_nanosecond(tmp_path: Path) -> None:
    account = Account(0)
    for number, second in enumerate([0.4999, 0.5, 0.75, 1.0, 1.0001, 2.5], 1):
        account.rows.append(trade(number, START + second))
    async with rest_session(tmp_path) as (server, rest):
        server.always("TradesHistory", account.page)
        since, until = START * SECOND_NS + SECOND_NS // 2, (START + 1) * SECOND_NS
        listed = await rest.trades_history(since, until)
    assert [row.txid for row in listed.rows] == ["T00004", "T00003", "T00002"]
    assert listed.complete


async def test_a_page_that_cannot_be_read_ends_the_list_with_an_error(tmp_path: Path) -> None:
    account = Account(60)
    async with rest_session(tmp_path) as (server, rest):
        server.answer("TradesHistory", account.page)
        server.always("TradesHistory", Fault("instead", 502, b"<html>"))
        with pytest.raises(Transient):
            await rest.trades_history(START * SECOND_NS, END * SECOND_NS)


async def test_a_page_that_is_lost_once_is_asked_for_again(tmp_path: Path) -> None:
    account = Account(120)
    async with rest_session(tmp_path) as (server, rest):
        server.answer("TradesHistory", account.page, Fault("reset after"))
        server.always("TradesHistory", account.page)
        listed = await rest.trades_history(START * SECOND_NS, END * SECOND_NS)
        offsets = [form["ofs"] for form in server.forms("TradesHistory")]
    assert offsets == ["0", "50", "50", "100"]
    assert (len(listed.rows), listed.complete) == (120, True)


async def test_closed_orders_are_those_that_ended_in_the_window(tmp_path: Path) -> None:
    def order(closed: float | None) -> dict[str, Any]:
        return {
            "status": "canceled",
            "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit"},
            "vol": "1",
            "vol_exec": "0",
            "cost": "0",
            "fee": "0",
            "price": "0",
            "opentm": START - 50_000,
            "closetm": closed,
            "cl_ord_id": "a1",
        }

    closed = {"O1": order(START + 5.25), "O2": order(START - 0.5)}
    async with rest_session(tmp_path) as (server, rest):
        server.always("ClosedOrders", lambda form: {"closed": closed, "count": 2})
        listed = await rest.closed_orders(START * SECOND_NS, END * SECOND_NS, cl_ord_id="a1")
        form = server.forms("ClosedOrders")[0]
    assert [(row.txid, row.cl_ord_id) for row in listed.rows] == [("O1", "a1")]
    assert listed.complete
    assert (form["closetime"], form["trades"], form["cl_ord_id"]) == ("close", "true", "a1")
    assert (form["start"], form["end"]) == (str(START - 1), str(END + 1))
