"""The private channels, executions and balances: one sequence for each connection and channel."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from adapters.kraken_simulator.events import Event, Execution, LedgerEntry
from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.sockets.connection import Connection
from adapters.kraken_simulator.sockets.private_rows import (
    execution_row,
    fill_row,
    ledger_row,
    order_row,
    wallet_rows,
)
from adapters.kraken_simulator.sockets.requests import Params, SocketRefusal, switch
from adapters.kraken_simulator.wire import encode

CHANNELS: Final = {"executions": ("query-open-trades",), "balances": ("query-funds",)}
"""Private channels and the permission that each needs."""

TRADES_SHOWN: Final = 50
WARNINGS: Final = [
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
    "trigger is deprecated use triggers.reference",
    "triggered_price is deprecated use triggers.last_price",
]
_ENDS: Final = frozenset({"new", "filled", "canceled", "expired"})


class _Reader(msgspec.Struct):
    """One subscription and how far its sequence is."""

    account: str
    connection: Connection
    rate_count: bool
    all_states: bool
    sequence: int = 0


class PrivateChannels:
    """All readers of private channels."""

    def __init__(self, live: LiveExchange) -> None:
        self._live = live
        self._readers: dict[tuple[str, int], _Reader] = {}

    def leave(self, connection: Connection) -> None:
        """A socket is gone; nothing of it survives."""
        for channel in CHANNELS:
            self._readers.pop((channel, connection.number), None)

    def granted(
        self, connection: Connection, channel: str, key: ApiKey, params: Params
    ) -> dict[str, Any]:
        """The result of a subscription's ack. Raises SocketRefusal."""
        if (channel, connection.number) in self._readers:
            raise SocketRefusal("Already subscribed", channel=channel)
        found: dict[str, Any] = {"channel": channel, "snapshot": True}
        if channel == "balances":
            found["snapshot"] = switch(params, "snapshot", default=True)
            return found
        for name in ("snap_orders", "snap_trades", "order_status"):
            switch(params, name)
        if switch(params, "ratecounter"):
            found["maxratecount"] = int(self._live.exchange.rate_limit(key.account))
        found["warnings"] = WARNINGS
        return found

    def add(self, connection: Connection, channel: str, key: ApiKey, params: Params) -> None:
        """Begin to tell a reader, with a snapshot first."""
        place = (channel, connection.number)
        self._live.advance()
        reader = _Reader(
            account=key.account,
            connection=connection,
            rate_count=switch(params, "ratecounter"),
            all_states=switch(params, "order_status", default=True),
        )
        self._readers[place] = reader
        connection.subscriptions += 1
        if channel == "balances":
            if switch(params, "snapshot", default=True):
                rows = wallet_rows(self._live.exchange.wallets(key.account))
                self._send(channel, reader, "snapshot", rows)
        else:
            self._send(channel, reader, "snapshot", self._executions(key.account, params))

    def remove(self, connection: Connection, channel: str) -> None:
        """Stop telling a reader. Raises SocketRefusal when it was not told."""
        if self._readers.pop((channel, connection.number), None) is None:
            raise SocketRefusal("Subscription not found", channel=channel)
        connection.subscriptions -= 1

    def tell(self, events: tuple[Event, ...]) -> None:
        """Tell every account's readers what happened to it."""
        for each in events:
            if isinstance(each, Execution):
                self._tell_execution(each)
            elif isinstance(each, LedgerEntry):
                for (channel, _), reader in list(self._readers.items()):
                    if channel == "balances" and reader.account == each.account:
                        self._send(channel, reader, "update", [ledger_row(each)])

    def _tell_execution(self, event: Execution) -> None:
        for (channel, _), reader in list(self._readers.items()):
            if channel != "executions" or reader.account != event.account:
                continue
            if reader.all_states or event.exec_type in _ENDS:
                row = execution_row(self._live.exchange, event, rate_count=reader.rate_count)
                self._send(channel, reader, "update", [row])

    def _executions(self, account: str, params: Params) -> list[dict[str, Any]]:
        exchange, rows = self._live.exchange, []
        if switch(params, "snap_orders", default=True):
            rows = [order_row(exchange, each) for each in exchange.open_orders(account)]
        if switch(params, "snap_trades"):
            rows += [
                fill_row(exchange, each, exchange.order(account, each.order_id))
                for each in exchange.fills(account)[-TRADES_SHOWN:]
            ]
        return rows

    def _send(self, channel: str, reader: _Reader, kind: str, rows: list[dict[str, Any]]) -> None:
        reader.sequence += 1
        frame = {"channel": channel, "type": kind, "data": rows, "sequence": reader.sequence}
        reader.connection.send(channel, encode(frame))
