"""What a booking was, in plain words: one sentence for the linked transfers of one source.

The transfers are the truth; the sentence only reads their legs (see `actors/ledger`). A source of
another kind is told as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from actors.ledger.transfers import SUSPENSE_TRADES
from actors.money import ZERO
from service.books.rows import PostedTransfer

OURS: Final = ("available", "held", "staked", "transit", "suspense")


def kind_of(account: str) -> str:
    """The kind of a ledger account: available, held, market, ..."""
    return account.partition(":")[0]


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
        told = f"{_leg(booking, 'in')} came in ({printable(rest)})"
    elif kind in ("entry", "correction"):
        legs = ", ".join(
            f"{kind_of(each.transfer.debit)} to {kind_of(each.transfer.credit)}"
            f" {amount_text(each.transfer.amount, printable(each.transfer.asset))}"
            for each in booking
        )
        what = "the venue's" if kind == "entry" else "a correction of transfer"
        return f"{legs}: {what} {printable(rest)} ({printable(first.cause)})"
    elif kind == "hold":
        placed = booking[0].leg == "place"
        moved = (
            f"Set aside {_leg(booking, 'place')}"
            if placed
            else f"Set free {_leg(booking, 'release')}"
        )
        told = f"{moved} for order {printable(rest)}"
    elif kind == "fill":
        return _trade(booking)
    elif kind == "accepted":
        moved = ", ".join(
            amount_text(each.transfer.amount, each.transfer.asset) for each in booking
        )
        return f"{moved} of unexplained trades accepted as traded ({printable(first.cause)})"
    else:
        return "; ".join(_plain(each) for each in booking)
    return ", ".join([told, *_shortfalls(booking)])


def _trade(booking: Sequence[PostedTransfer]) -> str:
    _, cl_ord_id, exec_id = (*booking[0].event.split(":", 2), "", "")[:3]
    legs = {each.leg.partition("-")[0] for each in booking}
    parts = [_exchange(booking, legs)]
    if "fee" in legs:
        parts.append(f"fee {_leg(booking, 'fee')}")
    if "surplus" in legs:
        parts.append(f"{_leg(booking, 'surplus')} set free")
    if "top" in legs:
        parts.append(f"{_leg(booking, 'top-up')} more set aside")
    parts += _shortfalls(booking)
    execution = f"execution {printable(exec_id)}"
    if any(kind_of(side) == SUSPENSE_TRADES for each in booking for side in _sides(each)):
        return f"{', '.join(parts)}: a trade that no order explains ({execution})"
    return f"{', '.join(parts)} (order {printable(cl_ord_id)}, {execution})"


def _exchange(booking: Sequence[PostedTransfer], legs: set[str]) -> str:
    """What was given for what."""
    if "unexplained" in legs:
        aside = booking[0].transfer
        what = printable(aside.asset.removeprefix("?")) or "something"
        return f"Set aside, nothing of ours moved: {exact(aside.amount)} traded as {what}"
    if legs & {"given", "taken"}:
        return f"Gave {_leg(booking, 'given')} for {_leg(booking, 'taken')}"
    if not legs & {"quantity", "cost"}:
        return "Traded nothing" if "fee" in legs else "Told again, not booked again"
    bought = any(
        kind_of(each.transfer.credit if each.leg.startswith("quantity") else each.transfer.debit)
        in OURS
        for each in booking
        if each.leg.startswith(("quantity", "cost"))
    )
    return (
        f"{'Bought' if bought else 'Sold'} {_leg(booking, 'quantity')} for {_leg(booking, 'cost')}"
    )


def _sides(posted: PostedTransfer) -> tuple[str, str]:
    return posted.transfer.debit, posted.transfer.credit


def _shortfalls(booking: Sequence[PostedTransfer]) -> list[str]:
    """What was missing, and what of an older shortfall was covered."""
    rows = [(each.leg.rpartition("-")[2], each.transfer) for each in booking]
    told = {"short": "short, from suspense", "covers": "of it covers what was short"}
    return [
        f"{amount_text(each.amount, each.asset)} {told[part]}"
        for part, each in rows
        if part in told
    ]


def _leg(booking: Sequence[PostedTransfer], name: str) -> str:
    """What moved under one leg, whichever account paid it or got it."""
    names = {name, *(f"{name}-{part}" for part in ("free", "short", "covers"))}
    rows = [each.transfer for each in booking if each.leg in names]
    if not rows:
        return "nothing"
    return amount_text(sum((each.amount for each in rows), ZERO), rows[0].asset)


def _plain(posted: PostedTransfer) -> str:
    row = posted.transfer
    moved = f"{amount_text(row.amount, row.asset)} from {printable(row.debit)}"
    return f"{moved} to {printable(row.credit)} ({printable(row.source)})"
