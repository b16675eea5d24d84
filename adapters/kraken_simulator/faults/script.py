"""The fault script: which fault strikes at which request or frame, counted, or at which time.

`where` is `rest:AddOrder`, `ws:add_order` (a request and its reply), `ws:book` (frames of a
channel), with `*` for all of a kind, or `exchange` for what happens at a time. A fault strikes at
its `occurrence` (the first, unless told) or at `every` n-th; counting begins when it is set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from adapters.kraken_simulator.wire import SECOND_NS

What = Literal[
    "reset_before",
    "reset_after",
    "delay",
    "late",
    "lose",
    "duplicate",
    "reorder",
    "truncate",
    "silence",
    "wrong_checksum",
    "error",
    "html_502",
    "html_520",
    "clock_skew",
    "mode",
]
TIMED: Final = frozenset({"clock_skew", "mode"})
REST_ONLY: Final = frozenset({"html_502", "html_520"})
PLACES: Final = {
    "rest": frozenset(
        "* Time SystemStatus Assets AssetPairs Ticker OHLC Depth Trades Spread Balance BalanceEx"
        " TradeBalance TradeVolume Ledgers QueryLedgers OpenOrders ClosedOrders QueryOrders"
        " TradesHistory QueryTrades AddOrder AddOrderBatch AmendOrder EditOrder CancelOrder"
        " CancelOrderBatch CancelAll CancelAllOrdersAfter GetWebSocketsToken GetApiKeyInfo".split()
    ),
    "ws": frozenset(
        "* status heartbeat instrument ticker trade book ohlc executions balances ping subscribe"
        " unsubscribe add_order batch_add amend_order edit_order cancel_order batch_cancel"
        " cancel_all cancel_all_orders_after".split()
    ),
}
"""Where a fault can strike: a misspelt place is refused instead of never reached."""

SKEW_MAX_SECONDS: Final = 86_400.0
WS_ONLY: Final = frozenset({"duplicate", "reorder", "silence", "wrong_checksum"})


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault.

    `seconds` is how long (of this machine's time) a delay or silence lasts, or by how much a clock
    skew moves the exchange's clock. `done` says whether the request takes effect behind an error
    or page. `at` is when a timed fault comes, in seconds of exchange time after it was set.
    """

    where: str
    what: What
    occurrence: int | None = None
    every: int | None = None
    seconds: float = 1.0
    text: str = "EService:Unavailable"
    done: bool | None = None
    status: Literal["online", "cancel_only", "post_only", "maintenance"] = "online"
    at: float = 0.0


class FaultError(ValueError):
    """A fault that makes no sense; the text says why."""


class _Armed:
    """A fault and how often its place was passed."""

    def __init__(self, fault: Fault, set_ns: int) -> None:
        self.fault = fault
        self.due_ns = set_ns + int(fault.at * SECOND_NS)
        self._passed = 0

    def strikes(self, place: str) -> bool:
        """Whether it strikes at this passage of this place."""
        where = self.fault.where
        if where != place and not (where.endswith(":*") and place.startswith(where[:-1])):
            return False
        self._passed += 1
        if self.fault.every is not None:
            return self._passed % self.fault.every == 0
        return self._passed == (self.fault.occurrence or 1)


class FaultScript:
    """The faults of one running exchange."""

    def __init__(self, faults: Iterable[Fault] = (), now_ns: int = 0) -> None:
        self._armed: list[_Armed] = []
        self.replace(tuple(faults), now_ns)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is set now; a timed fault is gone once it came."""
        return tuple(each.fault for each in self._armed)

    def replace(self, faults: tuple[Fault, ...], now_ns: int) -> None:
        """Set these faults instead of all before; counting begins anew. Raises FaultError."""
        for each in faults:
            check(each)
        self._armed = [_Armed(each, now_ns) for each in faults]

    def strike(self, place: str) -> Fault | None:
        """The fault that strikes here and now; every fault of the place counts this passage."""
        found = None
        for each in self._armed:
            if each.fault.what not in TIMED and each.strikes(place) and found is None:
                found = each.fault
        return found

    def due(self, now_ns: int) -> tuple[Fault, ...]:
        """The timed faults whose time has come; each is told once."""
        come = [e for e in self._armed if e.fault.what in TIMED and e.due_ns <= now_ns]
        self._armed = [each for each in self._armed if each not in come]
        return tuple(each.fault for each in come)


def check(fault: Fault) -> None:
    """Raise FaultError for a fault that can never strike."""
    face, _, name = fault.where.partition(":")
    if fault.what in TIMED:
        if fault.where != "exchange":
            raise FaultError(f"{fault.what} happens at where: exchange, not {fault.where}")
        if not fault.at >= 0 or not abs(fault.seconds) <= SKEW_MAX_SECONDS:
            raise FaultError("at counts from 0, a clock is skewed by at most a day")
        return
    if name not in PLACES.get(face, ()):
        raise FaultError(f"where is rest:Method, ws:method, ws:channel, not {fault.where}")
    if (fault.what in REST_ONLY and face != "rest") or (fault.what in WS_ONLY and face != "ws"):
        raise FaultError(f"{fault.what} cannot happen at {fault.where}")
    if any(each is not None and each < 1 for each in (fault.occurrence, fault.every)):
        raise FaultError("occurrence and every count from 1")
    if fault.occurrence is not None and fault.every is not None:
        raise FaultError("a fault has an occurrence or an every, not both")
    if not 0 <= fault.seconds <= 3_600:
        raise FaultError("seconds lie between 0 and 3600")


def parsed(document: bytes) -> tuple[Fault, ...]:
    """The faults of a JSON list. Raises FaultError."""
    try:
        found = msgspec.json.decode(document, type=tuple[Fault, ...])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FaultError(f"{error}") from error
    for each in found:
        check(each)
    return found
