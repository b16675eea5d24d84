"""Whether a fill's fee is the one that the run reckons with; the venue's is booked all the same.

A fee of another tier, or in another asset, is told once for each rate, not once for each fill.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.instruments import Instrument
from actors.ledger.state import LedgerState
from actors.messages.control import Note
from actors.messages.execution import Fill, Liquidity
from actors.money import EXACT, micros_up, multiply_even

# Cost and fee are each rounded by the venue, and the expected fee here.
FEE_DIFFERS: Final = "ledger.fee_differs"
_ROUNDINGS: Final = 3
_STEP_MICROS: Final = 100


def fee_note(state: LedgerState, instrument: Instrument, fill: Fill) -> tuple[Note, ...]:
    """A note when the fee of `fill` differs and its rate has not been told yet."""
    key, step = f"{fill.symbol}:{fill.liquidity}", instrument.quote_step
    fee_asset = fill.fee_asset or instrument.quote
    is_maker = fill.liquidity is Liquidity.MAKER
    expected = multiply_even(
        fill.cost, instrument.maker_fee if is_maker else instrument.taker_fee, step
    )
    worth = fill.fee
    if fee_asset == instrument.base:
        worth = multiply_even(fill.fee, fill.price, step)
    apart = abs(EXACT.subtract(worth, expected))
    if fee_asset == instrument.quote and apart <= EXACT.multiply(step, _ROUNDINGS):
        state.fees_told.pop(key, None)
        return ()
    told = f"{fee_asset}:{_rate(fill, worth)}"
    if state.fees_told.get(key) == told:
        return ()
    state.fees_told[key] = told
    fields = (
        ("symbol", fill.symbol),
        ("liquidity", fill.liquidity.value),
        ("fee", str(fill.fee)),
        ("asset", fee_asset),
        ("cost", str(fill.cost)),
        ("expected", str(expected)),
    )
    return (Note("warning", FEE_DIFFERS, fields),)


def _rate(fill: Fill, worth: Decimal) -> int:
    """Hundredths of a percent of the cost, which is what tiers differ by."""
    if not fill.cost:
        return 0
    return (micros_up(worth, fill.cost) + _STEP_MICROS // 2) // _STEP_MICROS  # not money: a rate
