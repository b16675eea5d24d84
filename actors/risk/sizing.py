"""The size of an entry: base risk x volatility scale x confidence, then the least of all rooms.

What is calm may be larger, what is wild must be smaller, and what the model doubts is smaller
still. The figures are of the whole position: what is held and what open buys may add leave less of
it. All is rounded down. Without a volatility nothing is sized: VOLATILITY_UNKNOWN stands above.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.messages.decision import OrderIntent, Side
from actors.messages.risk import Sizing
from actors.money import ZERO, divide_down, from_micros, micros_down, multiply_down
from actors.risk.profile import MICROS, RiskProfile
from actors.risk.view import RiskView

ASKED = "asked"


class _Risk(NamedTuple):
    base: Decimal
    scale: int
    confidence: int
    amount: Decimal


def volatility_scale(profile: RiskProfile, volatility_micros: int) -> int:
    """Aimed at over realised, in millionths, within the bounds."""
    assert volatility_micros > 0
    scale = micros_down(Decimal(profile.volatility_target_micros), Decimal(volatility_micros))
    return min(max(scale, profile.scale_min_micros), profile.scale_max_micros)


def confidence(profile: RiskProfile, p_up: int) -> int:
    """From the least to one, in millionths, along the line between two probabilities."""
    first, full = profile.confidence_from_p_up_micros, profile.confidence_full_p_up_micros
    least, beyond = profile.confidence_min_micros, min(max(p_up, first), full) - first
    return least + micros_down(Decimal(beyond * (MICROS - least)), Decimal((full - first) * MICROS))


def risk_room(view: RiskView) -> Decimal:
    """What base x scale x confidence leaves beside what is held and claimed of the symbol."""
    return _risk(view).amount - view.rooms.symbol_worth


def sized(intent: OrderIntent, view: RiskView) -> Decimal:
    """What an approval carries: an exit's own quantity, an entry's notional within the rooms."""
    if intent.side is Side.SELL:
        return intent.quantity
    _, notional = _least(intent, view)
    assert view.instrument is not None  # UNKNOWN_SYMBOL stands above
    return divide_down(max(notional, ZERO), intent.limit_price, view.instrument.lot)


def sizing_of(intent: OrderIntent, view: RiskView) -> Sizing:
    """How an approval came to its size; the first of equal limits is told."""
    if intent.side is Side.SELL:
        return Sizing()
    clip, room = _least(intent, view)
    return msgspec.structs.replace(outlook(view), clip=clip, room=room)


def outlook(view: RiskView) -> Sizing:
    """The risk of a position as it stands, of nothing that was asked; zeros where none is known."""
    risk, volatility = _risk(view), view.volatility_micros or 0
    return Sizing(risk.base, volatility, risk.scale, risk.confidence, risk.amount)


def _risk(view: RiskView) -> _Risk:
    profile, instrument = view.profile, view.instrument
    if instrument is None or view.volatility_micros is None or view.p_up is None:
        return _Risk(ZERO, 0, 0, ZERO)
    if view.into_quote is None:
        return _Risk(ZERO, 0, 0, ZERO)
    step = instrument.quote_step
    scale, odds = volatility_scale(profile, view.volatility_micros), confidence(profile, view.p_up)
    equity = view.into_quote.worth(view.equity, step)
    base = multiply_down(equity, from_micros(profile.base_risk_micros), step)
    share = from_micros(profile.base_risk_micros) * from_micros(scale) * from_micros(odds)
    return _Risk(base, scale, odds, multiply_down(equity, share, step))


def _least(intent: OrderIntent, view: RiskView) -> tuple[str, Decimal]:
    rooms = view.rooms
    limits = (
        (ASKED, intent.notional),
        ("risk", risk_room(view)),
        ("position cap", rooms.position),
        ("exposure cap", rooms.exposure),
        ("cluster cap", rooms.cluster),
        ("quote cap", rooms.quote),
        ("cash", rooms.cash),
    )
    return min(limits, key=lambda each: each[1])
