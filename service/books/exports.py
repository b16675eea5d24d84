"""All transfers as text for other programs: CSV, JSON, or a journal that Beancount reads.

Amounts are written with every digit. In the Beancount text each booking is one transaction, whose
postings sum to zero per commodity; balances at the end are assertions, which that program checks.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Protocol

import msgspec

from actors.instant import DAY_NS
from actors.ledger.transfers import SUSPENSE_TRADES
from actors.messages.ledger import Transfer
from service.books.instants import date_of, told_at
from service.books.rows import AccountBalance, PostedTransfer
from service.books.wording import exact, sentence_of

FORMATS: Final = ("csv", "json", "beancount")
_PLACE: Final = ("seq", "ordinal", "at_ns", "at_utc", "run_id")
_COLUMNS: Final = (*_PLACE, *Transfer.__struct_fields__)
_ROOTS: Final = {
    "available": "Assets:Available",
    "held": "Assets:Held",
    "fees": "Expenses:Fees",
    "market": "Equity:Market",
    "external": "Equity:External",
    "staked": "Assets:Staked",
    "transit": "Assets:Transit",
    "income": "Income:Rewards",
    "adjustment": "Equity:Adjustment",
    "dust": "Equity:Dust",
    "rounding": "Equity:Rounding",
    "suspense": "Equity:Suspense",
    SUSPENSE_TRADES: "Equity:SuspenseTrades",
}
_COMMODITY: Final = re.compile(r"[A-Z][A-Z0-9._-]{0,22}[A-Z0-9]")
_LENGTH_MAX: Final = 24


class Export(Protocol):
    """A text that is written as the transfers come, in their order."""

    def head(self) -> str:
        """What stands before them."""

    def booking(self, transfers: Sequence[PostedTransfer]) -> str:
        """The transfers of one booking."""

    def tail(self) -> str:
        """What stands after them."""


def _values(posted: PostedTransfer) -> list[str | int]:
    """The columns of one line; amounts as text with every digit."""
    at_utc = told_at(posted.at).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = msgspec.structs.astuple(posted.transfer)
    amounts = [exact(each) if isinstance(each, Decimal) else each for each in row]
    return [posted.seq, posted.ordinal, posted.at, at_utc, posted.run_id, *amounts]


class CsvExport:
    """One line a transfer, RFC 4180, with a header."""

    def head(self) -> str:
        """The header."""
        return self._lines([list(_COLUMNS)])

    def booking(self, transfers: Sequence[PostedTransfer]) -> str:
        """A line for each."""
        return self._lines([_values(each) for each in transfers])

    def tail(self) -> str:
        """Nothing."""
        return ""

    def _lines(self, rows: Sequence[Sequence[str | int]]) -> str:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue()


class JsonExport:
    """One object: the account, and its transfers with amounts as strings."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._begun = False

    def head(self) -> str:
        """The object's beginning."""
        return f'{{"account":{msgspec.json.encode(self._account).decode()},"transfers":['

    def booking(self, transfers: Sequence[PostedTransfer]) -> str:
        """A line for each."""
        lines = []
        for each in transfers:
            lines.append(",\n" if self._begun else "\n")
            fields = dict(zip(_COLUMNS, _values(each), strict=True))
            lines.append(msgspec.json.encode(fields).decode())
            self._begun = True
        return "".join(lines)

    def tail(self) -> str:
        """The object's end."""
        return "\n]}\n"


class BeancountExport:
    """A Beancount journal from `first_at` to `last_at`, with the `balances` at its end."""

    def __init__(
        self, account: str, balances: Sequence[AccountBalance], first_at: int, last_at: int
    ) -> None:
        self._account = account
        self._balances = balances
        self._first, self._after = date_of(first_at), date_of(last_at + DAY_NS)
        self._commodities = commodity_names(each.asset for each in balances)
        names = [each.ledger_account.partition(":")[0] for each in balances]
        self._accounts = {name: _account(name) for name in sorted(set(names))}

    def head(self) -> str:
        """Options, the commodities and the accounts."""
        lines = [f'option "title" {_text("Ballast, account " + self._account)}', ""]
        for asset, name in self._commodities.items():
            lines += [f"{self._first} commodity {name}", f"  asset: {_text(asset)}"]
        lines.append("")
        opened = list(dict.fromkeys(self._accounts.values()))
        lines += [f"{self._first} open {name}" for name in opened]
        return "\n".join([*lines, "", ""])

    def booking(self, transfers: Sequence[PostedTransfer]) -> str:
        """One transaction."""
        first = transfers[0]
        lines = [f"{date_of(first.at)} * {_text(sentence_of(transfers))}"]
        lines += [f"  source: {_text(first.event)}", f"  cause: {_text(first.transfer.cause)}"]
        lines += [f'  at: "{first.at}"', f'  input: "{first.seq}"']
        for each in transfers:
            row = each.transfer
            commodity = self._commodities[row.asset]
            for name, sign in ((row.debit, "-"), (row.credit, "")):
                place = self._accounts[name.partition(":")[0]]
                lines.append(f"  {place}  {sign}{exact(row.amount)} {commodity}")
                lines.append(f'    transfer: "{row.transfer_no}"')
        return "\n".join([*lines, "", ""])

    def tail(self) -> str:
        """What each account must have come to by the next day."""
        lines = []
        for each in self._balances:
            place = self._accounts[each.ledger_account.partition(":")[0]]
            commodity = self._commodities[each.asset]
            lines.append(f"{self._after} balance {place}  {exact(each.balance)} {commodity}")
        return "\n".join([*lines, ""])


def _account(kind: str) -> str:
    """The Beancount account of a kind of ledger account; an unknown one stands under Equity."""
    if kind in _ROOTS:
        return _ROOTS[kind]
    word = re.sub(r"[^A-Za-z0-9-]", "-", kind).strip("-")
    return f"Equity:Other:{word[:1].upper()}{word[1:]}" if word else "Equity:Other"


def commodity_names(assets: Iterable[str]) -> dict[str, str]:
    """Each asset's name as Beancount takes it, never the same for two."""
    wanted = sorted(set(assets))
    found = {asset: asset for asset in wanted if _COMMODITY.fullmatch(asset)}
    for asset in (each for each in wanted if each not in found):
        word = re.sub(r"[^A-Z0-9._-]", "-", asset.upper()).strip("-._") or "X"
        word = word if word[0].isalpha() and len(word) > 1 else f"X-{word}"
        name, number = word[:_LENGTH_MAX].rstrip("-._"), 1
        while name in found.values():
            number += 1
            name = f"{word[: _LENGTH_MAX - 4].rstrip('-._')}-{number}"
        found[asset] = name
    return {asset: found[asset] for asset in wanted}


def _text(text: str) -> str:
    """A string as Beancount reads it, on one line."""
    flat = "".join(each if each.isprintable() else " " for each in text)
    escaped = flat.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
