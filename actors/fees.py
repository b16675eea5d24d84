"""The account's own fees: what the venue told last, instead of the rules that the run began with.

A hold keeps the fee that it was made with. Nothing here decides; a fee that is no ratio is not
taken over.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from actors.instruments import Instrument
from actors.messages.control import FeeTier, FeeTierRead
from actors.money import ZERO, is_fact

Fees = dict[str, FeeTier]
"""By symbol; empty until something was told in this run."""
_ONE = Decimal(1)


def sound_tiers(message: FeeTierRead) -> list[FeeTier]:
    """Those of a reading whose fees are ratios below one."""
    return [each for each in message.tiers if _is_ratio(each.taker) and _is_ratio(each.maker)]


def learn(fees: Fees, message: FeeTierRead) -> None:
    """Take over what a reading tells."""
    for each in sound_tiers(message):
        fees[each.symbol] = each


def with_fees(instrument: Instrument, fees: Fees) -> Instrument:
    """The rules with the fees that count now."""
    told = fees.get(instrument.symbol) if fees else None
    if told is None:
        return instrument
    return msgspec.structs.replace(instrument, taker_fee=told.taker, maker_fee=told.maker)


def _is_ratio(value: Decimal) -> bool:
    return is_fact(value) and ZERO <= value < _ONE
