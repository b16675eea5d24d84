"""A small checker of Beancount text: enough of the language to know that a journal is sound.

It demands what that program demands: names of its form, accounts opened before they are used,
transactions that sum to zero per commodity, and balances that are what they are asserted to be.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal

_STRING = r'"(?:[^"\\]|\\.)*"'
_DATE = r"\d{4}-\d{2}-\d{2}"
_ACCOUNT = r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
_COMMODITY = r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]"
_NUMBER = r"-?\d+(?:\.\d+)?"
_OPTION = re.compile(rf"option {_STRING} {_STRING}")
_DECLARED = re.compile(rf"({_DATE}) commodity ({_COMMODITY})")
_OPENED = re.compile(rf"({_DATE}) open ({_ACCOUNT})")
_TRANSACTION = re.compile(rf"({_DATE}) \* {_STRING}")
_BALANCE = re.compile(rf"({_DATE}) balance ({_ACCOUNT})  ({_NUMBER}) ({_COMMODITY})")
_POSTING = re.compile(rf"  ({_ACCOUNT})  ({_NUMBER}) ({_COMMODITY})")
_METADATA = re.compile(rf"  (?:  )?[a-z][a-z0-9_-]*: {_STRING}")

Entry = tuple[str, str, Decimal]


def transactions(text: str) -> list[list[Entry]]:
    """The postings of each transaction; AssertionError when the journal is not sound."""
    opened: dict[str, str] = {}
    declared: set[str] = set()
    found: list[list[Entry]] = []
    dates: list[str] = []
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in text.splitlines():
        if not line or _METADATA.fullmatch(line) or _OPTION.fullmatch(line):
            continue
        if match := _DECLARED.fullmatch(line):
            assert match[2] not in declared, line
            declared.add(match[2])
        elif match := _OPENED.fullmatch(line):
            assert match[2] not in opened, line
            opened[match[2]] = match[1]
        elif match := _TRANSACTION.fullmatch(line):
            found.append([])
            dates.append(match[1])
        elif match := _POSTING.fullmatch(line):
            account, commodity = match[1], match[3]
            assert opened[account] <= dates[-1], line
            assert commodity in declared, line
            found[-1].append((account, commodity, Decimal(match[2])))
            totals[account, commodity] += Decimal(match[2])
        elif match := _BALANCE.fullmatch(line):
            assert not dates or match[1] > max(dates), line
            assert totals[match[2], match[4]] == Decimal(match[3]), line
        else:
            raise AssertionError(f"not Beancount: {line!r}")
    for entries in found:
        _check_balanced(entries)
    return found


def _check_balanced(entries: list[Entry]) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for _, commodity, amount in entries:
        sums[commodity] += amount
    assert entries, "a transaction without postings"
    assert not any(sums.values()), entries
