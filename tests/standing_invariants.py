"""What must hold after every case of faults, whatever befell: the standing invariants, one by one.

One intent, at most one order; the journal before the wire; books that balance and are the venue's;
a chain and a replay that prove them; nothing unknown resent; nothing entered in doubt; no secret
anywhere; and trade again within a bound once the faults are over.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from actors.ledger.state import LedgerState
from actors.messages.decision import Side
from actors.messages.order import OrderState
from tests.network_desk import AGAIN_SECONDS, Left

# The venue keeps four decimals of dollars, a fill's cost has more: half a unit a posting.
ROUNDING = Decimal("0.0001")
QUOTE = "USD"
OURS = ("available", "held", "suspense")


def assert_standing(left: Left, *, again_seconds: float = AGAIN_SECONDS) -> None:
    """Every standing invariant of one run; `again_seconds` bounds how long it may not trade."""
    assert not left.desk.trouble, (left.desk.trouble, left.desk.shown[-1:])
    assert left.result.card.halted == ""
    assert not left.desk.steps.broken, left.desk.steps.broken  # I7, I8: judged in the step
    assert_one_order_an_intent(left)
    assert_durable_before_the_wire(left)
    assert_books_balance(left)
    assert left.result.card.chain_verified, "I4"
    assert left.result.card.parity, "I5"
    assert_facts_are_the_venues(left)
    assert_no_secret_anywhere(left)
    assert 0.0 <= left.desk.again_seconds <= again_seconds, ("I11", left.desk.again_seconds)


def assert_one_order_an_intent(left: Left) -> None:
    """I1, and the half of I7 that is on the wire: no order was written twice, none came late."""
    steps, account = left.desk.steps, left.account
    venue = [each.cl_ord_id for each in (*account["open"], *account["closed"])]
    assert set(venue) <= set(steps.decided), "an order that we never decided"
    orders = Counter(steps.intents[name] for name in venue)
    assert all(count == 1 for count in orders.values()), orders
    for each in (*account["open"], *account["closed"]):
        assert each.opened_ns <= steps.decided[each.cl_ord_id].deadline, ("late", each)
    written = Counter(each.cl_ord_id for each in left.desk.wire.orders)
    assert all(count == 1 for count in written.values()), written


def assert_durable_before_the_wire(left: Left) -> None:
    """I2: as the first byte of an order arrived outside, its input was on the disk."""
    decided = left.desk.steps.decided
    assert left.desk.wire.orders
    for each in left.desk.wire.orders:
        assert each.durable_seq >= decided[each.cl_ord_id].seq, ("I2", each)


def assert_books_balance(left: Left) -> None:
    """I3: postings cancel out, nothing of the customer's is below zero, holds are the orders'."""
    assert left.result.card.books_balanced
    ledger, orders = _ledger(left), _kernel(left).actor("orders").state
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


def assert_facts_are_the_venues(left: Left) -> None:
    """I6: fills, open orders and every balance; and nothing is unknown any more."""
    account, orders = left.account, _kernel(left).actor("orders").state
    assert not [each for each in orders.live.values() if each.state is OrderState.UNKNOWN]
    assert left.result.card.fills == len(account["fills"])
    assert set(orders.live) == {each.cl_ord_id for each in account["open"]}
    ours, theirs = held_here(_ledger(left)), held_there(account)
    assert ours.keys() == theirs.keys()
    for asset, amount in theirs.items():
        apart = abs(ours[asset] - amount)
        assert apart <= (ROUNDING * len(account["fills"]) if asset == QUOTE else 0), asset


def assert_no_secret_anywhere(left: Left) -> None:
    """I10: the key's secret, its tokens and signatures are in no file, no answer, no word said."""
    desk = left.desk
    secrets = {desk.key.secret: "the secret", **desk.wire.secrets}
    assert len(secrets) > 2, "tokens and signatures were seen on the wire"
    told = "\n".join([*desk.said, *desk.metrics]).encode()
    assert desk.metrics
    for name, content in [("what was said", told), *_files(left.home)]:
        for secret, what in secrets.items():
            assert secret.encode() not in content, f"{what} is in {name}"


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


def _files(home: Path) -> list[tuple[str, bytes]]:
    found = [path for path in sorted(home.rglob("*")) if path.is_file()]
    assert any(path.suffix == ".log" for path in found)
    return [(str(path.relative_to(home)), path.read_bytes()) for path in found]


def _kernel(left: Left) -> Any:
    assert left.desk.segment is not None
    return left.desk.segment.pump.kernel


def _ledger(left: Left) -> LedgerState:
    state: LedgerState = _kernel(left).actor("ledger").state
    return state
