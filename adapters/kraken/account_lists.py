"""The account's lists by our names: REST rows as orders, fills, balances and entries of ours.

A name that the venue's tables do not hold is passed on as it came, so that nothing is missing from
a list for its name. Auto-earn is the asset itself. A fee is in quote, which is what we always ask
for, unless the order says that it was placed with fees in base.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final

from actors.messages.control import LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Liquidity
from actors.messages.reconciliation import VenueBalance, VenueOrderSeen
from adapters.kraken.entries import entry_of
from adapters.kraken.names import Names, UnknownNameError
from adapters.kraken.records import LedgerRecord, OrderRecord, TradeRecord
from adapters.kraken.rest import KrakenRest

_ENDS: Final = {
    "closed": ExecKind.FILLED,
    "canceled": ExecKind.CANCELLED,
    "expired": ExecKind.EXPIRED,
}
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_FEE_IN_BASE: Final = "fcib"
_REMEMBERED: Final = 10_000


class RestLists:
    """What the gateway asks of the account, over REST."""

    def __init__(self, rest: KrakenRest, names: Names) -> None:
        self._rest = rest
        self._names = names
        self._fee_in_base: dict[str, None] = {}

    async def token(self) -> str:
        """A token for the private socket."""
        return (await self._rest.socket_token()).token

    async def open_orders(self) -> tuple[VenueOrderSeen, ...]:
        """Every order that rests."""
        return self._orders(await self._rest.open_orders())

    async def closed_orders(
        self, since: int, until: int
    ) -> tuple[tuple[VenueOrderSeen, ...], bool]:
        """Orders that ended in the window, and whether those are all."""
        listed = await self._rest.closed_orders(since, until)
        return self._orders(listed.rows), listed.complete

    async def trades(self, since: int, until: int) -> tuple[tuple[ExecutionReport, ...], bool]:
        """Fills in the window, and whether those are all."""
        listed = await self._rest.trades_history(since, until)
        return tuple(map(self._trade, listed.rows)), listed.complete

    async def balances(self) -> tuple[VenueBalance, ...]:
        """Every asset that lies there, also under names that nobody knows."""
        told = await self._rest.balances()
        holdings = self._names.holdings(told)
        found = {name: (each.balance, each.hold_trade) for name, each in holdings.spendable.items()}
        for held, each in holdings.elsewhere:
            name = f"{held.asset}{held.place.value}"
            before, kept = found.get(name, (Decimal(0), Decimal(0)))
            found[name] = (before + each.balance, kept + each.hold_trade)
        for name in holdings.unknown:
            found[name] = (told[name].balance, told[name].hold_trade)
        return tuple(
            VenueBalance(name, balance, held) for name, (balance, held) in found.items() if balance
        )

    async def entries(self, since: int, until: int) -> tuple[tuple[LedgerEntry, ...], bool]:
        """Entries of the venue's ledger in the window that are no trades."""
        listed = await self._rest.ledgers(since, until)
        made = map(self._entry, listed.rows)
        return tuple(each for each in made if each is not None), listed.complete

    async def cancel(self, cl_ord_id: str) -> None:
        """Cancel by client id, without the socket."""
        await self._rest.cancel_order(cl_ord_id=cl_ord_id)

    def asset(self, name: str) -> str:
        """Our name of a balance's asset, with the suffix of what is not for sale."""
        try:
            held = self._names.held(name)
        except UnknownNameError:
            return name
        return held.asset if held.is_spendable else f"{held.asset}{held.place.value}"

    def _orders(self, rows: Iterable[OrderRecord]) -> tuple[VenueOrderSeen, ...]:
        return tuple(map(self._order, rows))

    def _order(self, row: OrderRecord) -> VenueOrderSeen:
        if _FEE_IN_BASE in row.oflags:
            self._fee_in_base[row.txid] = None
            while len(self._fee_in_base) > _REMEMBERED:
                del self._fee_in_base[next(iter(self._fee_in_base))]
        return VenueOrderSeen(
            row.txid,
            row.cl_ord_id or "",
            self._symbol(row.descr.pair),
            _SIDES.get(row.descr.side),
            row.volume,
            row.filled,
            _price(row.descr.price),
            int(row.opened_ts),
            _ENDS.get(row.status),
            row.reason or "",
        )

    def _trade(self, row: TradeRecord) -> ExecutionReport:
        symbol = self._symbol(row.pair)
        base, _, quote = symbol.partition("/")
        return ExecutionReport(
            row.cl_ord_id or "",
            row.txid,
            ExecKind.TRADE,
            int(row.ts),
            row.volume,
            row.price,
            row.cost,
            row.fee,
            base if row.ordertxid in self._fee_in_base else quote,
            Liquidity.MAKER if row.maker else Liquidity.TAKER,
            row.ordertxid,
            "",
            symbol,
            _SIDES.get(row.side),
        )

    def _entry(self, row: LedgerRecord) -> LedgerEntry | None:
        return entry_of(
            row.ledger_id,
            row.kind,
            row.subtype,
            self.asset(row.asset),
            amount=row.amount,
            fee=row.fee,
            ts=int(row.ts),
        )

    def _symbol(self, name: str) -> str:
        try:
            return self._names.symbol(name)
        except UnknownNameError:
            return name


def _price(text: str) -> Decimal:
    """The limit; zero for a market order's and a relative one, which none of ours has."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return price if price.is_finite() else Decimal(0)
