"""`ballast books ...` over an account in the embedded database, and over one that was tampered."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.beancount_text import transactions
from tests.e2e.conftest import Answer, Ballast
from tests.postgres_server import KINDS, UNGUARD, running_server

D = Decimal
VERBS = (
    "balance", "postings", "lots", "trades", "pnl", "statement 2026-01-01",
    "export --format csv", "verify",
)  # fmt: skip


def test_an_account_is_looked_at_in_every_way(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One account, every verb, for people and as one object."""
    assert ballast("paper", "--events", 3000, "--seed", 7, "--speed", 0, "--json").card["fills"] > 9

    def look(words: str, code: int = 0) -> dict[str, Any]:
        found = ballast.inside(monkeypatch, "books", *words.split(), "--json")
        assert found.code == code, found.err
        assert found.json["account"] == "paper"
        return found.json

    balance = look("balance")
    assert all(not D(rest) for rest in balance["sums"].values())
    shown = ballast.inside(monkeypatch, "books", "balance").out
    assert shown.splitlines()[0].split() == ["account", "asset", "balance", "postings"]
    assert "-10000.0000" in shown
    assert not any(line.endswith(" ") for line in shown.splitlines())
    assert look("balance --at 2020-01-01")["accounts"] == []
    postings = look("postings --ledger-account fees --limit 3")["postings"]
    assert [each["ledger_account"] for each in postings] == ["fees:USD"] * 3
    assert (
        len(ballast.inside(monkeypatch, "books", "postings", "--limit", "4").out.splitlines()) == 5
    )
    assert "the newest 4;" in ballast.inside(monkeypatch, "books", "postings", "--limit", "4").err
    assert look("postings --limit 0")["whole"] is True
    assert look("postings --limit 1")["whole"] is False
    lots = look("lots")
    assert all(each["holds"] for each in lots["holdings"])
    assert "NO" not in ballast.inside(monkeypatch, "books", "lots").out
    trades = look("trades")["trades"]
    assert trades
    assert "realised" in ballast.inside(monkeypatch, "books", "trades").out
    pnl = look("pnl --by month")
    assert all(each["holds"] for each in pnl["ties"])
    assert D(pnl["total"]["realised"]) == sum(D(each["realised"]) for each in trades)
    assert "figures of that hour tie" in ballast.inside(monkeypatch, "books", "pnl").out
    early = ballast.inside(monkeypatch, "books", "pnl", "--to", "2020-01-01").out
    assert "No full hour was recorded yet" in early
    statement = ballast.inside(monkeypatch, "books", "statement", "2026-01-01").out
    assert "Bought " in statement
    assert "Set aside " in statement
    assert look("statement 2026-01-01")["day"] == "2026-01-01"
    quiet = ballast.inside(monkeypatch, "books", "statement", "2030-01-01").out
    assert "Nothing moved on this day." in quiet
    verify = ballast.inside(monkeypatch, "books", "verify")
    assert verify.code == 0, verify.out
    assert all("  TRUE" in line for line in verify.out.splitlines())
    assert look("verify")["sound"] is True


def test_an_export_is_written_whole_or_not_at_all(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert ballast("paper", "--events", 1_500, "--speed", 0, "--json").code == 0
    beancount = tmp_path / "account.beancount"
    beancount.write_text("before")
    (tmp_path / "kept").hardlink_to(beancount)
    words = ("books", "export", "--format")
    done = ballast.inside(monkeypatch, *words, "beancount", "--out", beancount, "--json")
    count = done.json["transfers"]
    assert sum(len(each) for each in transactions(beancount.read_text())) == 2 * count > 2
    assert (tmp_path / "kept").read_text() == "before"
    text = ballast.inside(monkeypatch, *words, "json").out
    assert len(json.loads(text)["transfers"]) == count
    table = ballast(*words, "csv").out
    assert len(list(csv.reader(io.StringIO(table, newline="")))) == count + 1
    told = ballast.inside(monkeypatch, *words, "csv", "--out", tmp_path / "a.csv").out
    assert told == f"{count:,} transfers written to {tmp_path / 'a.csv'}\n"
    missing = ballast.inside(monkeypatch, *words, "csv", "--out", tmp_path / "none" / "a.csv")
    assert (missing.code, missing.sentence) == (8, f"There is no folder {tmp_path / 'none'}.")
    beancount.write_text("before")
    other = ("--out", beancount, "--account", "nobody")
    failed = ballast.inside(monkeypatch, *words, "beancount", *other)
    assert failed.code == 8
    assert beancount.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {
        "account.beancount", "a.csv", "kept", "data folder",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("balance", 5, "There is no database in"),
        ("verify --json", 5, "There is no database in"),
        ("balance --at yesterday", 2, "yesterday is no time"),
        ("trades --from 2026-99-01", 2, "2026-99-01 is no time"),
        ("statement monday", 2, "monday is no day"),
        ("statement", 2, "Missing argument 'DAY'"),
        ("export --format xml", 2, "'xml' is not one of"),
        ("export --format csv --json", 2, "--json needs --out"),
        ("pnl --by order", 2, "'order' is not one of"),
        ("postings --limit -1", 2, "-1 is not in the range"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, words: str, code: int, sentence: str
) -> None:
    found = ballast.inside(monkeypatch, "books", *words.split())
    assert found.code == code, found.err
    assert sentence in found.sentence
    assert not (ballast.home / "postgres").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_books_that_differ_are_exit_code_9_and_a_broken_chain_is_4(
    ballast: Ballast, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server = running_server(pytestconfig, kind)
    database = asyncio.run(server.fresh_database())
    monkeypatch.setenv("BALLAST__JOURNAL__DSN", server.dsn(database, server.administrator))

    def tamper(commands: str) -> None:
        async def work() -> None:
            connection = await asyncpg.connect(server.dsn(database, server.administrator))
            try:
                await connection.execute(f"{UNGUARD}; {commands}")
            finally:
                await connection.close()

        asyncio.run(work())

    def code_of(words: str) -> int:
        found = ballast.inside(monkeypatch, "books", *words.split())
        assert found.code in {0, 4, 9}, found.err
        assert not found.code or found.sentence
        return found.code

    run = ("paper", "--events", "1500", "--seed", "7", "--speed", "0", "--json")
    assert ballast.inside(monkeypatch, *run).code == 0
    assert [code_of(words) for words in VERBS] == [0] * len(VERBS)
    for table in ("transfer", "fill", "journal_frame"):
        tamper(f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL")
    tamper("UPDATE ballast.fill SET quantity = quantity / 2 WHERE seq = "
           "(SELECT min(seq) FROM ballast.fill WHERE side = 'buy')")  # fmt: skip
    codes = {words: code_of(words) for words in VERBS}
    assert {words for words, code in codes.items() if code} == {"lots", "pnl", "verify"}
    assert set(codes.values()) == {0, 9}
    assert "  NO" in ballast.inside(monkeypatch, "books", "lots").out
    assert "figure" in ballast.inside(monkeypatch, "books", "pnl").out
    tamper("UPDATE ballast.transfer SET credit_balance = credit_balance + 1")
    assert code_of("balance") == code_of("statement 2026-01-01") == code_of("verify") == 9
    found = ballast.inside(monkeypatch, "books", "verify", "--json").json
    assert found["sound"] is False
    assert found["exit_code"] == 9
    tamper("UPDATE ballast.journal_frame SET records = records || 'x' WHERE first_seq = 1")
    assert code_of("verify") == 4


def test_a_booking_is_reversed_once_by_an_entry_that_names_it(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for while nothing runs, booked by the next run, undone by a correction of its own."""

    def run() -> None:
        assert ballast("paper", "--events", 60, "--seed", 7, "--speed", 0, "--json").code == 0

    def correct(number: int, *more: str) -> Answer:
        words = ("books", "correct", str(number), "--reason", "told twice", *more)
        return ballast.inside(monkeypatch, *words)

    run()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert correct(1).sentence.startswith("Nobody is there to be asked")
    assert correct(1, "--json").code == 2
    assert "has no transfer 2; it has 1" in correct(2, "--yes").sentence
    assert "The reason is empty" in correct(1, "--yes", "--reason", " ").sentence
    assert not (ballast.home / "control").exists()
    assert "reverse transfer 1: 10000.0000 USD" in correct(1, "--yes").out
    run()
    free = {"available:USD": "0.0000", "external:USD": "0.0000"}
    assert balances(ballast, monkeypatch) == free
    assert "was corrected already" in correct(1, "--yes").sentence
    asked = correct(2, "--yes", "--json").json
    assert (asked["transfer"], asked["amount"]) == (2, "10000.0000")
    run()
    there = {"available:USD": "10000.0000", "external:USD": "-10000.0000"}
    assert balances(ballast, monkeypatch) == there
    assert ballast.inside(monkeypatch, "books", "verify").code == 0


def balances(ballast: Ballast, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = ballast.inside(monkeypatch, "books", "balance", "--json").json["accounts"]
    return {each["ledger_account"]: each["balance"] for each in found}


def test_what_follows_from_an_order_is_not_reversed_by_a_person(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast("paper", "--events", 2000, "--seed", 7, "--speed", 0, "--json")
    words = ("books", "postings", "--ledger-account", "held", "--limit", "1", "--json")
    hold = ballast.inside(monkeypatch, *words).json["postings"][0]["transfer_no"]
    asked = ballast.inside(
        monkeypatch, "books", "correct", str(hold), "--reason", "why not", "--yes"
    )
    assert asked.code == 2
    assert asked.sentence.startswith(f"A person cannot reverse transfer {hold}: ")
    assert not (ballast.home / "control").exists()
