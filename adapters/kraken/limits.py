"""Models of the venue's two rate limits, never below the venue's own counters.

Calls: one counter a key that decays. Orders: one counter a pair, shared by socket and REST, where
an amend or a cancel costs more the younger the order is. Pure: every method is told the time (ns).
Counters are whole hundred-thousand-millionths of a call, so that every decay is exact.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from actors.instant import SECOND_NS

UNIT: Final = 100 * SECOND_NS
"""One call in the counters' unit: a decay of n hundredths a second is n of it each ns."""
FORGOTTEN_NS: Final = 300 * SECOND_NS
"""Ending an order of this age costs nothing."""
_ADD: Final = 1
_AMEND_AGES: Final = ((5, 3), (10, 2), (15, 1))
_CANCEL_AGES: Final = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


class Tier(msgspec.Struct, frozen=True):
    """What a verification level allows: maxima in calls, decays in hundredths of one a second."""

    name: str
    calls_most: int
    calls_decay: int
    orders_most: int
    orders_decay: int


STARTER: Final = Tier("starter", 15, 33, 60, 100)
INTERMEDIATE: Final = Tier("intermediate", 20, 50, 125, 234)
PRO: Final = Tier("pro", 20, 100, 180, 375)
TIERS: Final = {tier.name: tier for tier in (STARTER, INTERMEDIATE, PRO)}


class CallCost(enum.IntEnum):
    """What a private call adds to the key's counter. Orders and cancels have their own."""

    ORDER = 0
    PLAIN = 1
    HISTORY = 2


class _Counter:
    """A counter that decays evenly to zero; time that steps back counts as no time."""

    __slots__ = ("_at", "_decay", "units")

    def __init__(self, decay: int) -> None:
        self._decay = decay
        self._at: int | None = None
        self.units = 0

    def let_decay(self, now: int) -> int:
        if self._at is not None and now > self._at:
            self.units = max(0, self.units - (now - self._at) * self._decay)
        if self._at is None or now > self._at:
            self._at = now
        return self.units

    def nanoseconds_until(self, units: int, now: int) -> int:
        """How long until it is down to `units`."""
        over = self.let_decay(now) - units
        return max(0, -(-over // self._decay))


class CallLimits:
    """The counter of private calls; the last `reserve` are kept for calls that must not wait."""

    def __init__(self, tier: Tier = STARTER, *, reserve: int = 3) -> None:
        assert 0 <= reserve < tier.calls_most, "a reserve leaves room for others"
        self._most = tier.calls_most * UNIT
        self._reserve = reserve * UNIT
        self._counter = _Counter(tier.calls_decay)

    def try_take(self, cost: CallCost, now: int) -> bool:
        """Count a call that may wait; False when there is no room for it yet."""
        if self._counter.let_decay(now) + cost * UNIT > self._most - self._reserve:
            return False
        self.take(cost, now)
        return True

    def take(self, cost: CallCost, now: int) -> None:
        """Count a call that does not wait."""
        self._counter.let_decay(now)
        self._counter.units += cost * UNIT

    def seconds_until(self, cost: CallCost, now: int) -> float:
        """How long until a call that may wait has room."""
        room = self._most - self._reserve - cost * UNIT
        return self._counter.nanoseconds_until(room, now) / SECOND_NS

    def exceeded(self, now: int) -> None:
        """The venue says that the counter is full, so others use the key or our model is low."""
        self._counter.units = max(self._counter.let_decay(now), self._most)


class OrderLimits:
    """The counters by pair; adds and amends leave `reserve` of each for cancels.

    Orders are known by our id, so that their age is. An order that was never told here is as old as
    this model, or as the last order of its pair without an id.
    """

    def __init__(self, tier: Tier = STARTER, *, reserve: int = 16) -> None:
        assert 0 <= reserve < tier.orders_most, "a reserve leaves room for others"
        self._tier = tier
        self._room = (tier.orders_most - reserve) * UNIT
        self._counters: dict[str, _Counter] = {}
        self._touched: dict[str, int] = {}
        self._nameless: dict[str, int] = {}
        self._began: int | None = None

    def try_add(self, symbol: str, now: int, cl_ord_id: str = "") -> bool:
        """Count a new order; False when the pair has no room for it yet."""
        if not self._try(symbol, _ADD, now):
            return False
        self._touch(symbol, cl_ord_id, now)
        return True

    def try_amend(self, symbol: str, now: int, cl_ord_id: str) -> bool:
        """Count an amend; False when the pair has no room for it yet."""
        if not self._try(symbol, self.amend_cost(symbol, now, cl_ord_id), now):
            return False
        self._touch(symbol, cl_ord_id, now)
        return True

    def cancelled(self, symbol: str, cl_ord_id: str, now: int) -> None:
        """Count a cancel; it never waits."""
        cost = self.cancel_cost(symbol, now, cl_ord_id)
        counter = self._counter(symbol)
        counter.let_decay(now)
        counter.units += cost * UNIT
        self.ended(cl_ord_id)

    def ended(self, cl_ord_id: str) -> None:
        """An order is over and will not be cancelled."""
        self._touched.pop(cl_ord_id, None)

    def told(self, symbol: str, count: int, now: int) -> None:
        """The venue reports its counter. Ours may be ahead of it by what is under way, so the
        larger one counts.
        """
        counter = self._counter(symbol)
        counter.units = max(counter.let_decay(now), count * UNIT)

    def exceeded(self, symbol: str, now: int) -> None:
        """The venue says that the pair's counter is full."""
        self.told(symbol, self._tier.orders_most, now)

    def amend_cost(self, symbol: str, now: int, cl_ord_id: str) -> int:
        """What an amend adds now."""
        return 1 + _by_age(_AMEND_AGES, self._age(symbol, cl_ord_id, now))

    def cancel_cost(self, symbol: str, now: int, cl_ord_id: str) -> int:
        """What a cancel adds now."""
        return _by_age(_CANCEL_AGES, self._age(symbol, cl_ord_id, now))

    def seconds_until(self, symbol: str, now: int, cost: int = _ADD) -> float:
        """How long until an add (or what costs `cost`) has room."""
        room = self._room - cost * UNIT
        return self._counter(symbol).nanoseconds_until(room, now) / SECOND_NS

    def used(self, symbol: str, now: int) -> int:
        """The pair's counter, rounded up to whole calls."""
        return -(-self._counter(symbol).let_decay(now) // UNIT)

    def _try(self, symbol: str, cost: int, now: int) -> bool:
        self._began = now if self._began is None else self._began
        counter = self._counter(symbol)
        if counter.let_decay(now) + cost * UNIT > self._room:
            return False
        counter.units += cost * UNIT
        return True

    def _counter(self, symbol: str) -> _Counter:
        counter = self._counters.get(symbol)
        if counter is None:
            counter = self._counters[symbol] = _Counter(self._tier.orders_decay)
        return counter

    def _touch(self, symbol: str, cl_ord_id: str, now: int) -> None:
        """Note an order's birth or amendment, and forget those whose age costs nothing."""
        if not cl_ord_id:
            self._nameless[symbol] = now
            return
        self._touched.pop(cl_ord_id, None)
        self._touched[cl_ord_id] = now
        for oldest, at in list(self._touched.items()):
            if now - at < FORGOTTEN_NS:
                break
            del self._touched[oldest]

    def _age(self, symbol: str, cl_ord_id: str, now: int) -> int:
        at = self._touched.get(cl_ord_id)
        if at is None:
            began = now if self._began is None else self._began
            at = max(began, self._nameless.get(symbol, began))
        return now - at


def _by_age(penalties: tuple[tuple[int, int], ...], age: int) -> int:
    for seconds, penalty in penalties:
        if age < seconds * SECOND_NS:
            return penalty
    return 0
