"""Tables lose no digit, however narrow the terminal; documents carry amounts as text."""

from __future__ import annotations

import decimal
import re
import sys
from decimal import Decimal

import pytest

from actors.messages.decision import Side
from actors.money import EXACT
from service.books.inquiry import Holding, Lots, ProfitAnswer, holdings
from service.books.lots import LotBook
from service.books.profit import Profit
from service.books.rows import AccountBalance
from service.cli.books_tables import (
    plain,
    show_balances,
    show_lots,
    show_profit,
    show_table,
    show_trades,
)
from tests.stored_books import CONFIGS, fill, stray, transfer

AMOUNT = Decimal("-123456789.000000000000000012")
ROWS = (("a\x1b[2Jb", "[bold]markup[/bold] :smile:", AMOUNT, 1_234),)
COLUMNS = ("text", "other", "AMOUNT", "COUNT")


def test_a_pipe_gets_whole_lines_with_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(COLUMNS, ROWS)
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["text", "other", "amount", "count"]
    assert row.endswith("  -123456789.000000000000000012  1,234")
    assert "[bold]markup[/bold] :smile:" in row
    assert "\x1b" not in row
    assert row.startswith("a\N{REPLACEMENT CHARACTER}[2Jb")


def test_a_narrow_terminal_folds_and_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    show_table(("AMOUNT",), [(AMOUNT,), (AMOUNT * 10**40,)])
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert all(len(line) <= 40 for line in shown.splitlines())
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    digits = "".join(each for each in shown if each.isdigit())
    assert digits == f"123456789000000000000000012{AMOUNT * 10**40:f}".replace("-", "")


def test_a_table_without_rows_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(COLUMNS, [])
    assert capsys.readouterr().out.splitlines()[-1] == "none"


def test_a_document_has_amounts_as_text_and_whether_things_hold() -> None:
    found = Holding("XBT", Decimal("1E-8"), Decimal("0.00000001"))
    assert plain([found, {"a": (1, "b", None, True)}]) == [
        {"asset": "XBT", "lots": "0.00000001", "postings": "0.00000001", "holds": True},
        {"a": [1, "b", None, True]},
    ]


NOBODYS = "a trade that no order explains"


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_lots_and_trades_say_where_no_order_explains_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with decimal.localcontext(EXACT):
        book = LotBook(CONFIGS)
        for each in (
            transfer(0, "external:USD", "available:USD", "100", source="deposit:a:in"),
            fill(1, Side.BUY, "0.2", "100.0", cost="20.00"),
            stray(2, Side.BUY, "0.1", "10.00"),
            stray(3, Side.SELL, "0.1", "12.00"),
            fill(4, Side.SELL, "0.05", "100.0", cost="5.00"),
        ):
            book.feed(each)
        show_lots(Lots(book.open_lots(), holdings(book, [])))
        ordered, found = shown(capsys).splitlines()[1:3]
        assert "  o1  " in ordered
        assert NOBODYS not in ordered
        assert f"  {NOBODYS}  s2" in found
        show_trades(book.results)
        found, ordered = shown(capsys).splitlines()[1:]
        assert found.endswith(f"  {NOBODYS}")
        assert ordered.endswith("  o4")


@pytest.mark.parametrize(
    ("count", "sentence"),
    [(0, None), (2, "2 of these are of trades that no order explains")],
)
def test_profit_says_how_many_results_no_order_explains(
    capsys: pytest.CaptureFixture[str], count: int, sentence: str | None
) -> None:
    total = Profit("total", 3, Decimal(1), Decimal(0), Decimal(0), Decimal(1))
    show_profit(ProfitAnswer((), total, None, (), count), "day")
    lines = [line for line in shown(capsys).splitlines() if "no order explains" in line]
    assert lines == ([] if sentence is None else [sentence])


def test_balances_end_with_what_stands_in_suspense(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        AccountBalance("available:USD", "USD", Decimal(5), Decimal(5), 1),
        AccountBalance("suspense-trades:USD", "USD", Decimal(-5), Decimal(-5), 1),
    ]
    show_balances(rows)
    assert shown(capsys).splitlines()[-3:] == [
        "",
        "5 USD came in by trades that no order explains.",
        "Compare unexplained trades with the venue's own list; `ballast reactivate` accepts them.",
    ]
    show_balances(rows[:1])
    assert "explains" not in shown(capsys)
