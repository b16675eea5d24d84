"""What holds after a session at a simulated Kraken: our books, the venue's account, the proof."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from actors.ledger.state import LedgerState
from actors.messages.order import OrderState
from actors.orders.state import OrdersState
from service.drivers.trading import RunResult
from tests.live_desk import Session

# The venue keeps four decimals of dollars, a fill's cost has more: half a unit a posting.
ROUNDING = Decimal("0.0001")
QUOTE = "USD"


def held(session: Session) -> dict[str, Decimal]:
    """What our books hold of each asset, held or free."""
    assert session.segment is not None
    state: LedgerState = session.segment.pump.kernel.actor("ledger").state
    found: dict[str, Decimal] = {}
    for name, account in state.accounts.items():
        kind, _, asset = name.partition(":")
        if kind in ("available", "held", "suspense"):
            found[asset] = found.get(asset, Decimal(0)) + account.balance
    return {asset: amount for asset, amount in found.items() if amount}


def assert_books_are_the_venues(session: Session, account: dict[str, Any]) -> None:
    """Every asset to the last unit, dollars within what the venue rounds each fill by."""
    theirs: dict[str, Decimal] = {}
    for name, wallet in account["wallets"].items():
        if wallet.balance:
            asset = name.removesuffix(".F")
            theirs[asset] = theirs.get(asset, Decimal(0)) + wallet.balance
    ours = held(session)
    assert ours.keys() == theirs.keys()
    for asset, amount in theirs.items():
        apart = abs(ours[asset] - amount)
        assert apart <= (ROUNDING * len(account["fills"]) if asset == QUOTE else 0), asset


def assert_sound(result: RunResult, session: Session, account: dict[str, Any]) -> None:
    """What holds after every case."""
    assert session.segment is not None
    orders: OrdersState = session.segment.pump.kernel.actor("orders").state
    assert result.card.halted == ""
    assert (result.card.parity, result.card.chain_verified) == (True, True)
    assert result.card.books_balanced
    assert not [each for each in orders.live.values() if each.state is OrderState.UNKNOWN]
    assert result.card.fills == len(account["fills"])
    ours = [each.cl_ord_id for each in (*account["closed"], *account["open"])]
    assert len(ours) == len(set(ours)), "one intent, at most one order"
    assert_books_are_the_venues(session, account)
