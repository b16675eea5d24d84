"""The account's own fees by our symbols, out of the venue's TradeVolume.

Percent becomes a ratio of cost. A pair that is not told, or a fee that no venue charges, makes the
whole answer worthless: a cost must not be guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from actors.messages.control import FeeTier
from actors.ports import ProtocolViolation
from adapters.kraken.names import Names, UnknownNameError
from adapters.kraken.records import Fee, TradeVolume
from adapters.kraken.rest import KrakenRest

PERCENT_MOST: Final = Decimal(10)
"""No fee of Kraken's comes near; what is above is another unit."""


class AccountFees:
    """Reads the fees of an account."""

    def __init__(self, rest: KrakenRest, names: Names) -> None:
        self._rest = rest
        self._names = names

    async def read(self, symbols: Sequence[str]) -> tuple[FeeTier, ...]:
        """The fees of these symbols, in their order. Raises EdgeError."""
        try:
            pairs = [self._names.rest_pair(symbol) for symbol in symbols]
        except UnknownNameError as error:
            raise ProtocolViolation(f"TradeVolume cannot be asked: {error}") from error
        return tiers_of(await self._rest.trade_volume(pairs), self._names, symbols)


def tiers_of(told: TradeVolume, names: Names, symbols: Sequence[str]) -> tuple[FeeTier, ...]:
    """The answer by our symbols; a pair without makers' fees of its own has the takers'."""
    takers, makers = _by_symbol(told.fees, names), _by_symbol(told.fees_maker, names)
    missing = [symbol for symbol in symbols if symbol not in takers]
    if missing:
        raise ProtocolViolation(f"TradeVolume tells no fee of {', '.join(missing)[:100]}")
    return tuple(
        FeeTier(symbol, takers[symbol], makers.get(symbol, takers[symbol])) for symbol in symbols
    )


def _by_symbol(fees: Mapping[str, Fee], names: Names) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, each in fees.items():
        if not 0 <= each.fee <= PERCENT_MOST:
            raise ProtocolViolation(f"TradeVolume tells a fee of {each.fee} percent of {name[:40]}")
        try:
            found[names.symbol(name)] = _ratio(each.fee)
        except UnknownNameError:
            continue  # a pair that nobody asked about
    return found


def _ratio(percent: Decimal) -> Decimal:
    """A hundredth, without zeros at its end, so that an unchanged fee has unchanged bytes."""
    return Decimal(format(percent.scaleb(-2).normalize(), "f"))
