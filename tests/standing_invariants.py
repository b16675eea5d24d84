"""What must hold after every case of faults, whatever befell: the standing invariants, one by one.

One intent, at most one order; the journal before the wire; books that balance and are the venue's;
a chain and a replay that prove them; nothing unknown resent; nothing entered in doubt; no secret
anywhere; and trade again within a bound once the faults are over.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from actors.messages.order import OrderState
from tests.live_books import (
    assert_balances_agree,
    assert_holds_are_the_orders,
    assert_one_order_an_intent,
)
from tests.network_desk import AGAIN_SECONDS, Left


def assert_standing(left: Left, *, again_seconds: float = AGAIN_SECONDS) -> None:
    """Every standing invariant of one run; `again_seconds` bounds how long it may not trade."""
    assert not left.desk.trouble, (left.desk.trouble, left.desk.shown[-1:])
    assert left.result.card.halted == ""
    assert not left.desk.steps.broken, left.desk.steps.broken  # I7, I8: judged in the step
    assert_nothing_was_written_twice(left)
    assert_one_order_an_intent(left.desk.steps, left.account)
    assert_durable_before_the_wire(left)
    assert left.result.card.books_balanced
    assert_holds_are_the_orders(_kernel(left))
    assert left.result.card.chain_verified, "I4"
    assert left.result.card.parity, "I5"
    assert_facts_are_the_venues(left)
    assert_no_secret_anywhere(left)
    assert 0.0 <= left.desk.again_seconds <= again_seconds, ("I11", left.desk.again_seconds)


def assert_nothing_was_written_twice(left: Left) -> None:
    """I1 on the wire, and nothing is at the venue that was not decided here."""
    venue = {each.cl_ord_id for each in (*left.account["open"], *left.account["closed"])}
    assert venue <= set(left.desk.steps.decided), "an order that we never decided"
    written = Counter(each.cl_ord_id for each in left.desk.wire.orders)
    assert all(count == 1 for count in written.values()), written


def assert_durable_before_the_wire(left: Left) -> None:
    """I2: as the first byte of an order arrived outside, its input was on the disk."""
    decided = left.desk.steps.decided
    assert left.desk.wire.orders
    for each in left.desk.wire.orders:
        assert each.durable_seq >= decided[each.cl_ord_id].seq, ("I2", each)


def assert_facts_are_the_venues(left: Left) -> None:
    """I6: fills, open orders and every balance; and nothing is unknown any more."""
    account, orders = left.account, _kernel(left).actor("orders").state
    assert not [each for each in orders.live.values() if each.state is OrderState.UNKNOWN]
    assert left.result.card.fills == len(account["fills"])
    assert set(orders.live) == {each.cl_ord_id for each in account["open"]}
    assert_balances_agree(_kernel(left).actor("ledger").state, account)


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


def _files(home: Path) -> list[tuple[str, bytes]]:
    found = [path for path in sorted(home.rglob("*")) if path.is_file()]
    assert any(path.suffix == ".log" for path in found)
    return [(str(path.relative_to(home)), path.read_bytes()) for path in found]


def _kernel(left: Left) -> Any:
    assert left.desk.segment is not None
    return left.desk.segment.pump.kernel
