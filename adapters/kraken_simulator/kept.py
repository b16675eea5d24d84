"""What of an exchange outlives its process: accounts, ids, modes; and how they are put back.

Others' quotes are not kept: they quote anew around the price of the time. Orders that rested stand
again at their prices, behind others and in the order in which they came; where the price has gone
past one, others trade with it at once. Rate counters begin at zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.book import to_units
from adapters.kraken_simulator.events import LedgerEntry, SystemStatus
from adapters.kraken_simulator.instruments import INSTRUMENTS, Instrument
from adapters.kraken_simulator.orders import ZERO, Fill, Order
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.venue import Pool, Venue

TRADES_OF_OPENING: Final = 1_000_000_000
"""Public trade numbers of each opening begin so much later than those of the one before."""


class KeptAccount(msgspec.Struct, kw_only=True):
    """An account, or what changed of one: lists then hold what is new, the rest is as it is now.

    `orders` are in the order in which they were placed, `closed` in that in which they ended.
    """

    account: str
    orders: list[Order] = []
    closed: list[str] = []
    fills: list[Fill] = []
    ledger: list[LedgerEntry] = []
    balances: dict[str, Decimal]
    volume: dict[int, Decimal]
    trigger_ns: int | None
    fees_in_base: bool

    def then(self, later: KeptAccount) -> KeptAccount:
        """This with a later change."""
        orders = {each.order_id: each for each in self.orders}
        orders |= {each.order_id: each for each in later.orders}
        return msgspec.structs.replace(
            later,
            orders=list(orders.values()),
            closed=self.closed + later.closed,
            fills=self.fills + later.fills,
            ledger=self.ledger + later.ledger,
        )


class KeptVenue(msgspec.Struct, kw_only=True):
    """What belongs to no account. `rows` are the pairs that were changed."""

    status: SystemStatus
    ids: dict[str, int]
    pool: Pool
    rows: list[Instrument]


class Kept(msgspec.Struct, kw_only=True):
    """Everything that an exchange opens again with. `openings` counts those before this one."""

    origin_ns: int
    openings: int
    venue: KeptVenue
    accounts: dict[str, KeptAccount]


def kept_venue(venue: Venue) -> KeptVenue:
    """What belongs to no account, as it is now."""
    return KeptVenue(
        status=venue.status,
        ids=venue.ids.counts,
        pool=venue.pool,
        rows=[row for row in venue.instruments.values() if row != INSTRUMENTS[row.symbol]],
    )


def put_back(venue: Venue, kept: Kept) -> None:
    """Give a venue that is about to open its accounts and modes back."""
    venue.status = kept.venue.status
    venue.ids.go_on(kept.venue.ids)
    venue.pool = kept.venue.pool
    venue.instruments |= {row.symbol: row for row in kept.venue.rows}
    for tape in venue.tapes.values():
        tape.next_id += kept.openings * TRADES_OF_OPENING
    for name, each in kept.accounts.items():
        _put_back(venue, venue.accounts[name], each)


def _put_back(venue: Venue, account: Account, kept: KeptAccount) -> None:
    account.orders = {order.order_id: order for order in kept.orders}
    account.open = {order.order_id: order for order in kept.orders if order.is_open}
    account.closed = list(kept.closed)
    account.fills = list(kept.fills)
    account.ledger = list(kept.ledger)
    account.balances = dict(kept.balances)
    account.volume.go_on(kept.volume)
    account.fees_in_base = kept.fees_in_base
    account.trigger_ns = kept.trigger_ns
    if kept.trigger_ns is not None:
        venue.plan(kept.trigger_ns, "timer", account.name)
    for order in account.open.values():
        account.holds[order.hold_asset] = account.holds.get(order.hold_asset, ZERO) + order.hold
        if order.expire_ns is not None:
            venue.plan(order.expire_ns, "expire", account.name, order.order_id)


def rest_again(venue: Venue, registry: Registry) -> None:
    """Put open orders back into books that others have opened, the oldest first."""
    found = [order for account in venue.accounts.values() for order in account.open.values()]
    for order in sorted(found, key=lambda each: (each.counted_ns, each.opened_ns)):
        if order.is_untriggered:
            venue.waiting[order.symbol][order.order_id] = order
            continue
        _make_room(venue, order)
        registry.rest(order)


def _make_room(venue: Venue, order: Order) -> None:
    """Others do not stand where they would have met a resting order."""
    assert order.limit_price is not None
    book, limit = venue.books[order.symbol], to_units(order.limit_price)
    opposite = book.opposite(order.side)
    while (best := opposite.best) is not None and opposite.crosses(best, limit):
        assert not opposite.levels[best].queue, "two resting orders cross"
        book.set_others(opposite, best, 0, venue.now_ns)
