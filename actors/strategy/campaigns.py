"""A campaign is one symbol's life from its first purchase to its last sale, and what it owns.

It owns what its own orders bought and did not sell yet; what else lies in the account is not its to
sell. Its budget is what its first purchase was meant to cost: re-entries fill it up again and never
beyond. A loss or an age is remembered here and decides nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from actors.messages.decision import Side
from actors.messages.ledger import PositionView
from actors.money import ZERO, share_down
from actors.strategy.profile import MICROS, StrategyProfile


class Campaign(msgspec.Struct):
    """An open campaign. Quantities in base units, costs in quote currency, times in ns UTC.

    `cost` is what was paid for the `quantity` that is left, `faded` says that a tactical sale waits
    for its re-entry. `recovering_since` is when its loss became severe (0: it is not), `reduced_at`
    when it was last reduced without a thesis for leaving (0: never), `filled_at` when one of its
    orders last was.
    """

    number: int
    symbol: str
    opened_at: int
    budget: Decimal
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    banked: Decimal = ZERO
    faded: bool = False
    tactical_count: int = 0
    reentries_count: int = 0
    recovering_since: int = 0
    reduced_at: int = 0
    filled_at: int = 0

    def marked(self, bid: float, profile: StrategyProfile, at: int) -> None:
        """Its loss is severe from the trigger on, inclusive, until it is back at the leaving."""
        if self.price <= 0.0 or not bid > 0.0:
            return
        # Products, so that a boundary is met by what is exactly on it.
        worth, price = bid * MICROS, self.price
        if self.recovering_since == 0:
            if worth <= price * (MICROS - profile.recovery_adverse_micros):
                self.recovering_since = at
        elif worth >= price * (MICROS - profile.recovery_left_micros):
            self.recovering_since = 0

    @property
    def price(self) -> float:
        """What a unit of it cost on average; a comparison's figure, not money."""
        return float(self.cost) / float(self.quantity) if self.quantity > 0 else 0.0

    @property
    def room(self) -> Decimal:
        """What may still be bought for it."""
        return max(ZERO, self.budget - self.cost)

    def filled(self, side: Side, quantity: Decimal, cost: Decimal, step: Decimal) -> None:
        """A part of one of its orders was filled, at `cost`; `step` is the quote's exponent.

        A sale takes its share of the cost, rounded down, so that what is left never looks cheaper
        than it was.
        """
        if side is Side.BUY:
            self.quantity += quantity
            self.cost += cost
            return
        sold = min(quantity, self.quantity)
        spent = share_down(self.cost, sold, self.quantity, step) if self.quantity > 0 else ZERO
        self.quantity -= sold
        self.cost -= spent
        self.banked += cost - spent

    def shrink_to(self, quantity: Decimal, step: Decimal) -> None:
        """The account holds less than it bought: others took the rest, at its share of the cost."""
        if quantity < self.quantity:
            gone = self.quantity - quantity
            self.filled(Side.SELL, gone, share_down(self.cost, gone, self.quantity, step), step)


def adopted(positions: Iterable[PositionView], at: int) -> dict[str, Campaign]:
    """Every position as a campaign: what an older version, which knew none, had bought."""
    found: dict[str, Campaign] = {}
    for number, each in enumerate(positions, 1):
        if each.quantity > 0:
            found[each.symbol] = Campaign(
                number, each.symbol, at, each.cost, each.quantity, each.cost
            )
    return found
