"""What the gateway asks of the account's lists; `account_lists` answers it over REST."""

from __future__ import annotations

from typing import Protocol

from actors.messages.control import LedgerEntry
from actors.messages.execution import ExecutionReport
from actors.messages.reconciliation import VenueBalance, VenueOrderSeen


class AccountLists(Protocol):
    """The account as the venue lists it; every method raises an EdgeError when it cannot tell.

    A list comes with whether it is whole. Times are ns UTC.
    """

    async def token(self) -> str:
        """A token for the private socket."""

    async def open_orders(self) -> tuple[VenueOrderSeen, ...]:
        """Every order that rests."""

    async def closed_orders(
        self, since: int, until: int
    ) -> tuple[tuple[VenueOrderSeen, ...], bool]:
        """Orders that ended in the window."""

    async def trades(self, since: int, until: int) -> tuple[tuple[ExecutionReport, ...], bool]:
        """Fills in the window, by the venue's order id."""

    async def balances(self) -> tuple[VenueBalance, ...]:
        """Every asset that lies there."""

    async def entries(self, since: int, until: int) -> tuple[tuple[LedgerEntry, ...], bool]:
        """Entries of the venue's ledger in the window that are no trades."""

    async def cancel(self, cl_ord_id: str) -> None:
        """Cancel by client id, without the socket."""

    def asset(self, name: str) -> str:
        """Our name of a balance's asset, with the suffix of what is not for sale."""
