"""What a booking was, in plain words: one sentence for the linked transfers of one source.

The transfers are the truth; the sentence only reads their legs (see `actors/ledger`). A source of
another kind is told as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from actors.money import ZERO
from service.books.rows import PostedTransfer


def amount_text(value: Decimal, asset: str) -> str:
    """An amount with every digit and its asset."""
    return f"{exact(value)} {asset}"


def exact(value: Decimal) -> str:
    """Every digit of an amount, never an exponent."""
    return format(value, "f")  # not money: written as it stands, nothing rounds


def printable(text: str) -> str:
    """A text of the venue's or a person's without what would move the cursor."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def sentence_of(booking: Sequence[PostedTransfer]) -> str:
    """What the linked transfers of one event were."""
    kind, _, rest = booking[0].event.partition(":")
    first = booking[0].transfer
    if kind == "deposit":
        return f"{amount_text(first.amount, first.asset)} came in ({printable(rest)})"
    if kind == "hold":
        verb = "Set aside" if booking[0].leg == "place" else "Set free"
        return f"{verb} {amount_text(first.amount, first.asset)} for order {printable(rest)}"
    if kind == "fill":
        return _fill(booking)
    return "; ".join(_plain(each) for each in booking)


def _fill(booking: Sequence[PostedTransfer]) -> str:
    _, cl_ord_id, exec_id = (*booking[0].event.split(":", 2), "", "")[:3]
    bought = any(
        each.transfer.credit.startswith("available:") and each.leg == "quantity" for each in booking
    )
    parts = [f"{'Bought' if bought else 'Sold'} {_leg(booking, 'quantity')}"]
    parts[0] += f" for {_leg(booking, 'cost')}"
    if any(each.leg.startswith("fee") for each in booking):
        parts.append(f"fee {_leg(booking, 'fee')}")
    if any(each.leg == "surplus" for each in booking):
        parts.append(f"{_leg(booking, 'surplus')} set free")
    if any(each.leg == "top-up" for each in booking):
        parts.append(f"{_leg(booking, 'top-up')} more set aside")
    short = [each.transfer for each in booking if each.leg.endswith("-short")]
    parts += [f"{amount_text(each.amount, each.asset)} short, from suspense" for each in short]
    return f"{', '.join(parts)} (order {printable(cl_ord_id)}, execution {printable(exec_id)})"


def _leg(booking: Sequence[PostedTransfer], name: str) -> str:
    """What moved under one leg, whichever account paid it."""
    rows = [each.transfer for each in booking if each.leg.removesuffix("-free") == name]
    rows += [each.transfer for each in booking if each.leg == f"{name}-short"]
    if not rows:
        return "nothing"
    return amount_text(sum((each.amount for each in rows), ZERO), rows[0].asset)


def _plain(posted: PostedTransfer) -> str:
    row = posted.transfer
    moved = f"{amount_text(row.amount, row.asset)} from {printable(row.debit)}"
    return f"{moved} to {printable(row.credit)} ({printable(row.source)})"
