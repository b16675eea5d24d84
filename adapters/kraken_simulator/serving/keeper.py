"""Writes down what changes in an exchange and its key ring, before anybody is told of it.

It compares what there is with what it wrote last: nothing that trades has to remember to report.
"""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.kept import KeptAccount, kept_venue
from adapters.kraken_simulator.keys.ring import KeptKey, KeyRing
from adapters.kraken_simulator.orders import Order
from adapters.kraken_simulator.serving.state import Change, StateFile
from adapters.kraken_simulator.wire import SECOND_NS

AHEAD_SECONDS: Final = 2
"""How many seconds here the times lie ahead that the venue may tell before it writes again."""


class Counts(NamedTuple):
    """How much there is of what only grows."""

    placed: int = 0
    closed: int = 0
    fills: int = 0
    ledger: int = 0


class _Written:
    """What was last written of one account."""

    def __init__(self, account: Account) -> None:
        self.open = {name: msgspec.msgpack.encode(each) for name, each in account.open.items()}
        self.counts = Counts(
            len(account.orders), len(account.closed), len(account.fills), len(account.ledger)
        )
        self.rest = (account.trigger_ns, account.fees_in_base)

    def change_to(self, now: _Written, account: Account) -> KeptAccount | None:
        """What has changed since, None when nothing has."""
        if (now.open, now.counts, now.rest) == (self.open, self.counts, self.rest):
            return None
        names = [
            *islice(account.orders, self.counts.placed, None),
            *(name for name, each in now.open.items() if self.open.get(name) != each),
            *account.closed[self.counts.closed :],
        ]
        orders = [account.orders[name] for name in dict.fromkeys(names)]
        return _kept(account, orders, self.counts)


class Keeper:
    """Keeps one exchange's state in a file."""

    def __init__(
        self,
        exchange: Exchange,
        ring: KeyRing,
        file: StateFile,
        speed: Fraction = Fraction(1),
    ) -> None:
        """The file has begun with what `whole` says."""
        self._exchange = exchange
        self._ring = ring
        self._file = file
        self._ahead_ns = int(AHEAD_SECONDS * SECOND_NS * speed)
        self._told_ns = self._latest_ns = exchange.now_ns
        self._wall_ns = time.time_ns()
        self._written = {name: _Written(each) for name, each in self._accounts.items()}
        self._venue = self._venue_now()
        self._keys = ring.kept()

    @property
    def _accounts(self) -> dict[str, Account]:
        return self._exchange.venue.accounts

    def keep(self) -> None:
        """Write what has changed. Raises OSError: then nothing may be told."""
        accounts = []
        for name, account in self._accounts.items():
            now = _Written(account)
            found = self._written[name].change_to(now, account)
            if found is not None:
                accounts.append(found)
                self._written[name] = now
        venue, keys = self._venue_now(), self._ring.kept()
        new_keys = [each for each in keys if each not in self._keys]
        is_venue = venue != self._venue
        matters = bool(accounts) or is_venue
        if not matters and not new_keys:
            return
        change = self._change(accounts, new_keys)
        if is_venue:
            change.venue = kept_venue(self._exchange.venue)
        self._file.write(change, durable=matters)
        self._venue, self._keys = venue, keys

    def promise(self, ns: int) -> None:
        """The venue is about to tell this time: no later opening may begin before it."""
        self._latest_ns, self._wall_ns = max(self._latest_ns, ns), time.time_ns()
        if ns > self._told_ns:
            self._told_ns = ns + self._ahead_ns
            self._file.write(self._change([], []), durable=False)

    def close(self) -> None:
        """Say what time it is at the end; no time beyond it was told."""
        self.keep()
        self._told_ns = max(self._latest_ns, self._exchange.now_ns)
        self._file.write(self._change([], []), durable=True)

    def _change(self, accounts: list[KeptAccount], keys: list[KeptKey]) -> Change:
        return Change(
            at_ns=self._latest_ns,
            told_ns=self._told_ns,
            wall_ns=self._wall_ns,
            accounts=accounts,
            keys=keys,
        )

    def _venue_now(self) -> bytes:
        return msgspec.msgpack.encode(kept_venue(self._exchange.venue))


def whole(exchange: Exchange, ring: KeyRing, openings: int) -> Change:
    """Everything, as the first change of a file; there were so many openings before this one."""
    return Change(
        openings=openings,
        at_ns=exchange.now_ns,
        told_ns=exchange.now_ns,
        wall_ns=time.time_ns(),
        venue=kept_venue(exchange.venue),
        accounts=[
            _kept(account, list(account.orders.values()), Counts())
            for account in exchange.venue.accounts.values()
        ],
        keys=list(ring.kept()),
    )


def _kept(account: Account, orders: list[Order], since: Counts) -> KeptAccount:
    """An account's lists from so many on, and the rest as it is now."""
    return KeptAccount(
        account=account.name,
        orders=orders,
        closed=account.closed[since.closed :],
        fills=account.fills[since.fills :],
        ledger=account.ledger[since.ledger :],
        balances=account.balances,
        volume=account.volume.days,
        trigger_ns=account.trigger_ns,
        fees_in_base=account.fees_in_base,
    )
