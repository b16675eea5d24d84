"""What holds after a session at a simulated Kraken: our books, the venue's account, the proof."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from actors.kernel.kernel import Kernel
from actors.ledger.state import LedgerState
from actors.messages.decision import Side
from actors.messages.order import OrderState
from service.drivers.trading import RunResult
from tests.live_desk import Session
from tests.simulated_kraken import key_of
from tests.trading_witness import StepWitness

# The venue keeps four decimals of dollars, a fill's cost has more: half a unit a posting.
ROUNDING = Decimal("0.0001")
QUOTE = "USD"
OURS = ("available", "held", "suspense")


def assert_sound(result: RunResult, session: Session, account: dict[str, Any]) -> None:
    """What holds after every case in which nobody else uses the account."""
    assert_standing_here(result, session, account)
    assert result.card.fills == len(account["fills"])


def assert_standing_here(result: RunResult, session: Session, account: dict[str, Any]) -> None:
    """The standing invariants, but for those of wire and network; others may have traded too."""
    kernel = kernel_of(session)
    assert result.card.halted == ""
    assert not session.steps.broken, session.steps.broken  # I7, I8: judged in the step
    assert_one_order_an_intent(session.steps, account)
    assert result.card.books_balanced
    assert_holds_are_the_orders(kernel)
    assert (result.card.parity, result.card.chain_verified) == (True, True), "I4, I5"
    orders = kernel.actor("orders").state.live.values()
    assert not [each for each in orders if each.state is OrderState.UNKNOWN]
    assert_balances_agree(kernel.actor("ledger").state, account)
    assert_no_secret_is_left(session)


def assert_one_order_an_intent(steps: StepWitness, account: dict[str, Any]) -> None:
    """I1, and the half of I7 that the venue sees: none was opened twice, none came late."""
    ours = [
        each for each in (*account["open"], *account["closed"]) if each.cl_ord_id in steps.decided
    ]
    orders = Counter(steps.intents[each.cl_ord_id] for each in ours)
    assert all(count == 1 for count in orders.values()), orders
    for each in ours:
        assert each.opened_ns <= steps.decided[each.cl_ord_id].deadline, ("late", each)


def assert_holds_are_the_orders(kernel: Kernel) -> None:
    """I3: nothing of the customer's is below zero, and what is held is what live orders need."""
    ledger, orders = kernel.actor("ledger").state, kernel.actor("orders").state
    for name, account in ledger.accounts.items():
        if name.partition(":")[0] in ("available", "held"):
            assert account.balance >= 0, (name, account.balance)
    held: dict[str, Decimal] = {}
    for hold in ledger.holds.values():
        held[hold.asset] = held.get(hold.asset, Decimal(0)) + hold.amount
    for asset, amount in held.items():
        assert ledger.balance(f"held:{asset}") == amount
    assert set(ledger.holds) == {name for name, each in orders.live.items() if each.held}
    for name, hold in ledger.holds.items():
        order = orders.live[name]
        rest = order.quantity - order.filled
        assert hold.amount >= (rest * order.limit_price if order.side is Side.BUY else rest)


def assert_balances_agree(ledger: LedgerState, account: dict[str, Any]) -> None:
    """I6: every asset to the last unit, dollars within what the venue rounds each fill by."""
    ours, theirs = held_here(ledger), held_there(account)
    assert ours.keys() == theirs.keys()
    for asset, amount in theirs.items():
        apart = abs(ours[asset] - amount)
        assert apart <= (ROUNDING * len(account["fills"]) if asset == QUOTE else 0), asset


def assert_no_secret_is_left(session: Session) -> None:
    """I10: the key's secret is in no file and in no word said."""
    secret = key_of(session.venue, "alpha", "trade").secret
    assert secret not in "\n".join(session.said)
    files = [path for path in sorted(session.home.rglob("*")) if path.is_file()]
    assert files, "a session leaves a journal"
    for path in files:
        assert secret.encode() not in path.read_bytes(), path


def held_here(ledger: LedgerState) -> dict[str, Decimal]:
    """What our books hold of each asset, held or free."""
    found: dict[str, Decimal] = {}
    for name, account in ledger.accounts.items():
        kind, _, asset = name.partition(":")
        if kind in OURS:
            found[asset] = found.get(asset, Decimal(0)) + account.balance
    return {asset: amount for asset, amount in found.items() if amount}


def held_there(account: dict[str, Any]) -> dict[str, Decimal]:
    """What lies at the venue."""
    found: dict[str, Decimal] = {}
    for name, wallet in account["wallets"].items():
        if wallet.balance:
            asset = name.removesuffix(".F")
            found[asset] = found.get(asset, Decimal(0)) + wallet.balance
    return found


def kernel_of(session: Session) -> Kernel:
    """The core as the session left it."""
    assert session.segment is not None
    return session.segment.pump.kernel
