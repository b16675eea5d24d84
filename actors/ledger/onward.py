"""What leaves for another wallet of the venue while an order holds it, and goes once it is free.

Kraken spends what earns flexibly as the asset itself: when a sale needs it, the venue moves it from
one wallet to the other by two entries, one out and one in. To us both wallets are one account, and
the sale holds all of it. So the first entry finds nothing free: that is no shortfall. It is booked
as soon as something is free, which is with the second entry. Where none comes, books and lists
differ, and the reconciliation says so.
"""

from __future__ import annotations

from decimal import Decimal

from actors.ledger.transfers import TRANSIT, Posting


def leave(posting: Posting, asset: str, amount: Decimal) -> None:
    """Send `amount` of free funds on its way; what is not free follows."""
    state = posting.state
    free = min(amount, state.balance(f"available:{asset}"))
    posting.move(asset, free, "available", TRANSIT, leg="out-free")
    if free < amount:
        state.onward[asset] = state.onward.get(asset, Decimal(0)) + (amount - free)


def follow(posting: Posting, asset: str) -> None:
    """Send on what waits, as far as there is something free now."""
    state = posting.state
    waiting = state.onward.get(asset)
    if waiting is None:
        return
    free = min(waiting, state.balance(f"available:{asset}"))
    posting.move(asset, free, "available", TRANSIT, leg="onward")
    if free == waiting:
        del state.onward[asset]
    else:
        state.onward[asset] = waiting - free
