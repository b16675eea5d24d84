"""Rates between currencies: as the venue told them, each with its time, and rounded against us.

Three pairs are named and no other is asked. Two currencies have one pair, taken as it stands or
the other way round; nothing is made of two pairs, and what no pair was told for is not known: it is
never one. What we have is worth what its sale would bring, what we claim costs what buying it
would. Whether a rate is too old is for whoever uses it: a rate keeps its time.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from actors.messages.market import CurrencyRate
from actors.money import is_fact, is_sound, multiply_down, multiply_up, ratio_down, ratio_up

CURRENCIES: Final = ("CAD", "USD", "USDC")
"""What an instrument may be quoted in, and what an account may be reported in."""
PAIRS: Final = ("USD/CAD", "USDC/USD", "USDC/CAD")
"""The venue's pairs from which rates come."""
PEG: Final = "USDC/USD"
PEGGED: Final = "USDC"
ALWAYS: Final = 2**63 - 1  # newer than anything: what a currency is in itself
# No named pair ever came near; what is told beyond is an error and no rate.
_LEAST, _MOST = Decimal("0.01"), Decimal(100)
_ONE: Final = Decimal(1)


class Rate(msgspec.Struct, frozen=True):
    """What one unit of a pair's base costs in its quote: best bid and ask, at `ts` (ns UTC)."""

    bid: Decimal
    ask: Decimal
    ts: int


Rates = dict[str, Rate]


class Exchange(NamedTuple):
    """From one currency into another: what a unit brings at least and costs at most.

    `ts` (ns UTC) is that of the rate behind it.
    """

    least: Decimal
    most: Decimal
    ts: int

    def worth(self, amount: Decimal, step: Decimal) -> Decimal:
        """What `amount` brings, rounded down; what is owed (negative) costs the most."""
        if self.ts == ALWAYS:
            return amount
        return multiply_down(amount, self.least if amount >= 0 else self.most, step)

    def cost(self, amount: Decimal, step: Decimal) -> Decimal:
        """What `amount` (no less than nothing) costs, rounded up."""
        return amount if self.ts == ALWAYS else multiply_up(amount, self.most, step)


SAME: Final = Exchange(_ONE, _ONE, ALWAYS)


def learn_rate(rates: Rates, message: CurrencyRate, at: int) -> bool:
    """Keep a rate that is one and is newer than what is known; whether it was kept.

    A time ahead of `at` counts as now, so that no clock makes a rate fresh for longer.
    """
    if not is_rate(message):
        return False
    ts, known = min(message.ts, at), rates.get(message.pair)
    if known is not None and ts < known.ts:
        return False
    rates[message.pair] = Rate(message.bid, message.ask, ts)
    return True


def is_rate(message: CurrencyRate) -> bool:
    """Whether it names a pair, and bid and ask can be its prices and are not crossed."""
    bid, ask = message.bid, message.ask
    if message.pair not in PAIRS or not all(
        is_fact(each) and is_sound(each) for each in (bid, ask)
    ):
        return False
    return _LEAST <= bid <= ask <= _MOST


def exchange(rates: Rates, given: str, wanted: str) -> Exchange | None:
    """From `given` into `wanted`, however old the rate; None where no pair ever told it."""
    if given == wanted:
        return SAME
    rate = rates.get(f"{given}/{wanted}")
    if rate is not None:
        return Exchange(rate.bid, rate.ask, rate.ts)
    rate = rates.get(f"{wanted}/{given}")
    if rate is None:
        return None
    return Exchange(ratio_down(_ONE, rate.ask), ratio_up(_ONE, rate.bid), rate.ts)


def off_par(rate: Rate) -> Decimal:
    """How far the worse of bid and ask is from one, as a ratio."""
    return max(abs(rate.bid - _ONE), abs(rate.ask - _ONE))
