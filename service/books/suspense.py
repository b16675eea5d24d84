"""What stands in suspense, in sentences that say what a person has to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.ledger.transfers import SUSPENSE_TRADES
from service.books.rows import AccountBalance
from service.books.wording import amount_text, exact, kind_of, printable


def suspense_hints(balances: Sequence[AccountBalance]) -> tuple[str, ...]:
    """A sentence for each balance that waits for an explanation, and what to do in the end."""
    hints = [hint for each in balances for hint in _hints(each)]
    if any(each.balance for each in balances if kind_of(each.ledger_account) == SUSPENSE_TRADES):
        hints.append(
            "Compare unexplained trades with the venue's own list;"
            " `ballast reactivate` accepts them."
        )
    return tuple(hints)


def _hints(each: AccountBalance) -> Iterator[str]:
    kind, asset = kind_of(each.ledger_account), printable(each.asset)
    if kind == "suspense" and each.balance < 0:
        yield (
            f"The venue took {amount_text(-each.balance, asset)} more than was there;"
            " what comes in next covers it first."
        )
    if kind != SUSPENSE_TRADES or not each.balance:
        return
    if asset.startswith("?"):
        yield (
            f"{exact(each.balance)} was traded as {asset[1:] or 'something'} by trades that were"
            " set aside: nothing of ours moved for them."
        )
    elif each.balance > 0:
        yield f"{amount_text(each.balance, asset)} went away in trades that no order explains."
    else:
        yield f"{amount_text(-each.balance, asset)} came in by trades that no order explains."
