"""Instrument rules: tick, lot, minimum size and cost, asset exponents and fees of one symbol."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.money import EXACT, at_exponent, multiply_up, round_down, step_of


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The venue's rules for one symbol, from a dated table of facts or the instrument channel.

    `tick` and `lot` are grids (price, base quantity); `quantity_min` in base and `cost_min` in
    quote are both demanded; fees are ratios of cost.
    """

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    quantity_min: Decimal
    cost_min: Decimal
    quote_decimals: int
    maker_fee: Decimal
    taker_fee: Decimal

    @property
    def quote_step(self) -> Decimal:
        """The smallest amount of the quote currency."""
        return step_of(self.quote_decimals)

    def cost_of(self, quantity: Decimal, price: Decimal) -> Decimal:
        """The worst cost of `quantity` at `price` in quote currency, rounded up."""
        return multiply_up(quantity, price, self.quote_step)

    def hold_of(
        self, quantity: Decimal, price: Decimal, taker_fee: Decimal | None = None
    ) -> Decimal:
        """What a buy must reserve: cost plus the taker fee (ours, or the one given), rounded up."""
        cost = self.cost_of(quantity, price)
        fee = self.taker_fee if taker_fee is None else taker_fee
        return EXACT.add(cost, multiply_up(cost, fee, self.quote_step))

    def is_on_tick(self, price: Decimal) -> bool:
        """Whether `price` is a positive multiple of the tick."""
        return price > 0 and round_down(price, self.tick) == price

    def is_on_lot(self, quantity: Decimal) -> bool:
        """Whether `quantity` is a positive multiple of the lot."""
        return quantity > 0 and round_down(quantity, self.lot) == quantity

    def meets_minimum(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether the venue would accept the size: both minimum quantity and minimum cost."""
        return quantity >= self.quantity_min and EXACT.multiply(quantity, price) >= self.cost_min

    def canonical_quantity(self, quantity: Decimal) -> Decimal:
        """`quantity` at the lot's exponent; raises decimal.Inexact when it is not on the grid."""
        return at_exponent(quantity, self.lot)


def indices_of(instruments: tuple[Instrument, ...]) -> dict[str, int]:
    """Each symbol's index in the run; the first one counts where a symbol repeats."""
    indices: dict[str, int] = {}
    for index, each in enumerate(instruments):
        indices.setdefault(each.symbol, index)
    return indices
