"""What the account's lists prove: one order by its id, or everything since an instant.

Lists are whole and late. They are asked in an order in which nothing can slip between them: open
orders first, so that what ends meanwhile is among the closed; the money last.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from actors.instant import HOUR_NS, SECOND_NS
from actors.messages.reconciliation import ReconcileRequested, VenueSnapshot
from actors.venue_port import VenueOrder
from adapters.kraken.account_port import AccountLists

LISTS_LAG_NS: Final = 60 * SECOND_NS
"""Kraken's lists may know of an order this much later than its socket."""
LOOK_BACK_NS: Final = 60 * SECOND_NS
"""Lists are read from so long before, and until so long after: clocks differ."""
ENTRIES_BACK_NS: Final = HOUR_NS
"""Entries are listed from so long before they are asked for: what an opening balance holds already
must be known by its id, or the stream would tell it again.
"""


async def order_in(lists: AccountLists, cl_ord_id: str, since: int, now: int) -> VenueOrder:
    """What the lists have of an id since a little before `since` (ns UTC). Raises EdgeError."""
    start, until = since - LOOK_BACK_NS, now + LOOK_BACK_NS
    opened = await lists.open_orders()
    closed, closed_whole = await lists.closed_orders(start, until)
    trades, trades_whole = await lists.trades(start, until)
    found = [each for each in (*closed, *opened) if each.cl_ord_id == cl_ord_id]
    names = {each.venue_order_id for each in found}
    reports = tuple(
        msgspec.structs.replace(each, cl_ord_id=cl_ord_id)
        for each in trades
        if each.venue_order_id in names
    )
    return VenueOrder(
        cl_ord_id,
        bool(found),
        closed_whole and trades_whole,
        any(each.end is None for each in found),
        reports,
        start,
        now - LISTS_LAG_NS,
        sum((each.filled for each in found), Decimal(0)) if found else None,
        found[-1].end if found else None,
        found[-1].quantity if found else None,
        found[-1].limit_price if found else None,
    )


async def account_in(
    lists: AccountLists, request: ReconcileRequested, now: int, *, first: bool
) -> VenueSnapshot:
    """Everything that `request` asks for. Raises EdgeError.

    Until one reading has succeeded the stream's entries are dropped: an account that opens takes
    over balances that hold them. Such a `first` reading is whole only if nothing was booked beside
    it.
    """
    since, until = request.since, now + LOOK_BACK_NS
    opened = await lists.open_orders()
    closed, closed_whole = await lists.closed_orders(since, until)
    trades, trades_whole = await lists.trades(since, until)
    entries, entries_whole = await lists.entries(since - ENTRIES_BACK_NS, until)
    balances = await lists.balances()
    complete = closed_whole and trades_whole and entries_whole
    if first:
        again = await lists.entries(since - ENTRIES_BACK_NS, until)
        traded = await lists.trades(since, until)
        complete &= (again, traded) == ((entries, True), (trades, True))
    ours = {each.venue_order_id: each.cl_ord_id for each in (*closed, *opened)}
    return VenueSnapshot(
        request.number,
        now,
        since,
        complete,
        opened,
        closed,
        tuple(
            msgspec.structs.replace(each, cl_ord_id=ours.get(each.venue_order_id, ""))
            for each in trades
        ),
        balances,
        entries,
        now - LISTS_LAG_NS,
    )
