"""Tables lose no digit, however narrow the terminal; documents carry amounts as text."""

from __future__ import annotations

import re
import sys
from decimal import Decimal

import pytest

from service.books.inquiry import Holding
from service.cli.books_tables import plain, show_table

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
