"""Ledger entries: the only place where a balance changes. Every entry has a counterpart in a pool.

Ledger amounts have the asset's ledger decimals, unless the venue keeps an exact ledger. Spending
more than the plain balance first moves the difference from `.F` by a pair of entries.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from adapters.kraken_simulator.accounts import EARNING, Account
from adapters.kraken_simulator.errors import INSUFFICIENT_FUNDS, Refusal
from adapters.kraken_simulator.events import LedgerEntry
from adapters.kraken_simulator.fees import rounded
from adapters.kraken_simulator.instruments import ASSETS
from adapters.kraken_simulator.orders import ZERO
from adapters.kraken_simulator.venue import Venue


class Ledger:
    """Posts entries on accounts of one venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def amount(self, asset: str, value: Decimal) -> Decimal:
        """A quote amount as the ledger books it (half up)."""
        if self._venue.conduct.exact_ledger:
            return value
        return rounded(value, ASSETS[asset].decimals)

    def quantity(self, asset: str, value: Decimal) -> Decimal:
        """A base quantity as the ledger books it (cut, so parts never sum to more than all)."""
        if self._venue.conduct.exact_ledger:
            return value
        step = Decimal((0, (1,), -ASSETS[asset].decimals))
        return value.quantize(step, rounding=ROUND_DOWN)

    def post(
        self,
        account: Account,
        asset: str,
        amount: Decimal,
        *,
        kind: str,
        ref_id: str,
        fee: Decimal = ZERO,
        subtype: str = "",
    ) -> LedgerEntry:
        """Change a balance by `amount` less `fee` and tell it. The fee goes to the fee pool."""
        change = amount - fee
        if change < 0 and asset in ASSETS:
            self._draw_earning(account, asset, -change)
        balance = account.balance(asset) + change
        account.balances[asset] = balance
        if fee:
            fees = self._venue.pool.fees
            fees[asset] = fees.get(asset, ZERO) + fee
        entry = LedgerEntry(
            account=account.name,
            ledger_id=self._venue.ids.ledger(),
            ref_id=ref_id,
            kind=kind,
            subtype=subtype,
            asset=asset,
            amount=amount,
            fee=fee,
            balance=balance,
            ts=self._venue.now_ns,
        )
        account.ledger.append(entry)
        self._venue.tell(entry)
        return entry

    def bring(
        self, account: Account, asset: str, amount: Decimal, *, kind: str, fee: Decimal = ZERO
    ) -> str:
        """A deposit, withdrawal (negative) or reward: the world outside is the counterpart."""
        outside = self._venue.pool.outside
        outside[asset] = outside.get(asset, ZERO) - amount
        ref_id = self._venue.ids.transfer()
        return self.post(account, asset, amount, kind=kind, ref_id=ref_id, fee=fee).ledger_id

    def allocate(self, account: Account, asset: str, amount: Decimal) -> None:
        """Move plain balance to `.F` (or back, negative). Raises Refusal when it is not free."""
        earning = asset + EARNING
        free = account.balance(asset) if amount > 0 else account.balance(earning)
        if abs(amount) > free:
            raise Refusal(INSUFFICIENT_FUNDS)
        self._move(account, asset, -amount, "allocation" if amount > 0 else "deallocation")

    def _draw_earning(self, account: Account, asset: str, needed: Decimal) -> None:
        short = needed - account.balance(asset)
        drawn = min(short, account.balance(asset + EARNING))
        if drawn > 0:
            self._move(account, asset, drawn, "autoallocation")

    def _move(self, account: Account, asset: str, amount: Decimal, subtype: str) -> None:
        ref_id = self._venue.ids.transfer()
        rows = ((asset + EARNING, -amount), (asset, amount))
        for name, change in rows if amount > 0 else reversed(rows):
            self.post(account, name, change, kind="earn", ref_id=ref_id, subtype=subtype)
