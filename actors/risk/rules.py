"""The rules, one refusal each: a pure function of an intent and a view.

A rule returns None when it lets the intent pass, else what it saw and what it demanded, as text.
Order and scope (entries, exits or both) are the ladder's affair.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Final

from actors.instruments import Instrument
from actors.messages.decision import OrderIntent, Side
from actors.messages.market import MarketFlag
from actors.money import (
    TOWARDS_BUYER,
    TOWARDS_SELLER,
    ZERO,
    divide_down,
    from_micros,
    micros_up,
    multiply_down,
    multiply_up,
    price_from_float,
)
from actors.risk.sizing import risk_room, sized
from actors.risk.view import RiskView, is_amount

Grounds = tuple[str, str] | None
_DIGITS_MAX: Final = 18
# A plain number: masking with an enum costs more than the rest of its rule.
_STALE: Final = MarketFlag.STALE.value
_LYING: Final = (MarketFlag.CROSSED | MarketFlag.CHECKSUM).value
_PRICE_LIMIT: Final = 10**14
_ONE: Final = Decimal(1)
_MICROS: Final = 1e6  # not money: a mark of the spread is a float


def halted(_intent: OrderIntent, view: RiskView) -> Grounds:
    """An invariant broke; only a person's reactivation helps."""
    return (view.halt_reason, "reactivation") if view.halt_reason else None


def kill_switch(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Any kill level closes entries."""
    return (str(view.kill_level), "0") if view.kill_level > 0 else None


def reducing_only(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The drawdown has recovered, but nobody has reviewed the halt yet."""
    return ("reducing", "reactivation") if view.reducing else None


def reconciling(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Nothing is bought while the venue's lists are read, or while they differ from our books."""
    return (view.reconciling, "the venue and we agree") if view.reconciling else None


def unknown_order(intent: OrderIntent, view: RiskView) -> Grounds:
    """What an order of unknown outcome may have bought must not be bought again."""
    return (intent.symbol, "no unknown order") if view.order_unknown else None


def unknown_symbol(intent: OrderIntent, view: RiskView) -> Grounds:
    """Only symbols of the run have rules to be checked against."""
    return (intent.symbol, "a symbol of the run") if view.instrument is None else None


def currency_rate_stale(_intent: OrderIntent, view: RiskView) -> Grounds:
    """What is paid in another currency than is reported rests on a rate, and what is pegged on its
    peg: both must be known, and of late.
    """
    age, most = view.rate_age_ns, view.profile.currency_rate_max_age_ns
    if age is None:
        return "none", str(most)
    return (str(age), str(most)) if age > most else None


def depegged(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Nothing is bought with a currency that is too far off what it is pegged to."""
    off, most = view.off_par_micros, view.profile.depeg_max_micros
    if off is None:
        return "none", str(most)
    return (str(off), str(most)) if off > most else None


def no_portfolio(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Without a sound portfolio, or with too much of it unmarked, no cap means anything."""
    if view.unmarked_micros is None:
        return "none", "a portfolio with equity"
    most = view.profile.unmarked_max_micros
    return (str(view.unmarked_micros), str(most)) if view.unmarked_micros > most else None


def stale_price(_intent: OrderIntent, view: RiskView) -> Grounds:
    """A price must be there, be marked fresh, and have been heard of lately."""
    if view.mark_age_ns is None or not has_price(view.bid) or not has_price(view.ask):
        return "none", "a bid and an ask"
    if view.flags & _STALE:
        return "stale", "fresh"
    most = view.profile.mark_max_age_ns
    return (str(view.mark_age_ns), str(most)) if view.mark_age_ns > most else None


def market_unsound(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Any other flag closes entries."""
    others = view.flags & ~_STALE
    return (str(others), "0") if others else None


def market_lying(_intent: OrderIntent, view: RiskView) -> Grounds:
    """A crossed or misread book has no price to follow."""
    lies = view.flags & _LYING
    return (str(lies), "0") if lies else None


def actor_restarting(_intent: OrderIntent, view: RiskView) -> Grounds:
    """An actor lost a message; what it decides at once may rest on a gap."""
    held_off = view.at <= view.blocked_until
    return (str(view.at), f"after {view.blocked_until}") if held_off else None


def no_active_model(_intent: OrderIntent, view: RiskView) -> Grounds:
    """What is bought rests on the run's own model, which somebody let speak in this mode."""
    if not view.bundle_id:
        return "none", "an activated model"
    spoke = view.predicted_by
    return None if spoke == view.bundle_id else (spoke or "none", view.bundle_id)


def prediction_too_old(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The prediction behind a purchase speaks of the symbol, and of now."""
    age, most = view.prediction_age_ns, view.profile.prediction_max_age_ns
    if age is None or view.p_up is None:
        return "none", str(most)
    return (str(age), str(most)) if age > most else None


def volatility_unknown(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Without a realised volatility of late nobody can say how large an entry may be."""
    age, most = view.volatility_age_ns, view.profile.volatility_max_age_ns
    if age is None or view.volatility_micros is None:
        return "none", str(most)
    return (str(age), str(most)) if age > most else None


def decision_too_old(intent: OrderIntent, view: RiskView) -> Grounds:
    """A decision ages quickly; one from the future is none."""
    age_ns, most = view.at - intent.decided_at, view.profile.decision_max_age_ns
    return None if 0 <= age_ns <= most else (str(age_ns), str(most))


def drawdown_halt(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The account fell as far as it may without a person looking at it."""
    if view.drawdown_micros >= view.halt_at_micros:
        return str(view.drawdown_micros), str(view.halt_at_micros)
    return None


def capital_floor(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The account is worth no more than what must not be risked; 0 is no floor."""
    floor = view.profile.capital_floor_amount
    return (str(view.equity), f"above {floor}") if floor and view.equity <= floor else None


def daily_loss_limit(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The account lost today what it may lose in one day; tomorrow is another."""
    most = view.profile.daily_loss_max_micros
    if not view.day_loss_latched and view.day_loss_micros < most:
        return None
    return str(view.day_loss_micros), f"below {most}"


def duplicate_intent(intent: OrderIntent, view: RiskView) -> Grounds:
    """Intent numbers only rise."""
    if intent.intent_no > view.last_intent_no:
        return None
    return str(intent.intent_no), f"above {view.last_intent_no}"


def invalid_notional(intent: OrderIntent, _view: RiskView) -> Grounds:
    """An entry names a positive notional and leaves the quantity to risk."""
    if not _is_plain(intent.notional) or intent.notional <= 0:
        return str(intent.notional), "a positive notional"
    if not (_is_plain(intent.quantity) and intent.quantity == 0):
        return str(intent.quantity), "0: risk sizes an entry"
    return None


def invalid_quantity(intent: OrderIntent, view: RiskView) -> Grounds:
    """An exit names a positive quantity on the lot grid."""
    lot = _rules(view).lot
    if _is_plain(intent.quantity) and _rules(view).is_on_lot(intent.quantity):
        return None
    return str(intent.quantity), f"a positive multiple of {lot}"


def price_off_tick(intent: OrderIntent, view: RiskView) -> Grounds:
    """A limit price is a positive point of the tick grid."""
    tick = _rules(view).tick
    if _is_plain(intent.limit_price) and _rules(view).is_on_tick(intent.limit_price):
        return None
    return str(intent.limit_price), f"a positive multiple of {tick}"


def price_collar(intent: OrderIntent, view: RiskView) -> Grounds:
    """Nobody pays far above the ask or sells far below the bid; without a mark an exit may pass."""
    tick, collar = _rules(view).tick, from_micros(view.profile.price_collar_micros)
    if intent.side is Side.BUY:
        most = price_from_float(view.ask, tick, TOWARDS_SELLER) * (_ONE + collar)
        return (str(intent.limit_price), str(most)) if intent.limit_price > most else None
    if not has_price(view.bid):
        return None
    least = price_from_float(view.bid, tick, TOWARDS_BUYER) * (_ONE - collar)
    return (str(intent.limit_price), str(least)) if intent.limit_price < least else None


def spread_too_wide(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The spread may have widened since the decision; one that is unknown is too wide."""
    spread, most = view.spread * _MICROS, view.profile.spread_max_micros
    return None if spread <= most else (str(spread), str(most))


def depth_too_thin(_intent: OrderIntent, view: RiskView) -> Grounds:
    """The book may have thinned since the decision; a depth that is unknown is too thin."""
    least = view.profile.depth_min_quote
    return None if view.depth >= least else (str(view.depth), str(least))


def edge_below_cost(intent: OrderIntent, view: RiskView) -> Grounds:
    """The expected move exceeds the cost by the margin; a cost below both fees is not believed.

    A margin of nothing still asks for more than the cost.
    """
    fees = 2 * _fee_micros(str(_rules(view).taker_fee))
    edge = intent.expected_move - max(intent.cost, fees)
    margin = max(view.profile.edge_margin_micros, 1)
    return (str(edge), str(margin)) if edge < margin else None


@functools.cache
def _fee_micros(taker_fee: str) -> int:
    """A venue has few fees; asked by its text, because 0.1 and 0.10 are equal keys."""
    return micros_up(Decimal(taker_fee), _ONE)


def cooling_after_loss(_intent: OrderIntent, view: RiskView) -> Grounds:
    """What a symbol just lost is not won back at once; 0 is no rest."""
    rest, since = view.profile.loss_cool_down_ns, view.since_loss_ns
    if since is None or rest == 0 or since > rest:
        return None
    return str(since), f"above {rest}"


def order_rate(_intent: OrderIntent, view: RiskView) -> Grounds:
    """Many entries in a minute are a fault before they are a chance."""
    count, most = view.recent_entries_count, view.profile.entries_per_minute_max_count
    return (str(count + 1), str(most)) if count + 1 > most else None


def max_positions(_intent: OrderIntent, view: RiskView) -> Grounds:
    """A further symbol needs a place; `positions_count` counts the others."""
    count, most = view.rooms.positions_count, view.rooms.positions_max_count
    return (str(count + 1), str(most)) if count + 1 > most else None


def position_risk(intent: OrderIntent, view: RiskView) -> Grounds:
    """Base risk x volatility scale x confidence leaves room for the smallest order."""
    return _room(intent, view, risk_room(view))


def position_cap(intent: OrderIntent, view: RiskView) -> Grounds:
    """The cap of one position leaves room for the smallest order."""
    return _room(intent, view, view.rooms.position)


def exposure_cap(intent: OrderIntent, view: RiskView) -> Grounds:
    """The cap of all positions leaves room for the smallest order."""
    return _room(intent, view, view.rooms.exposure)


def cluster_cap(intent: OrderIntent, view: RiskView) -> Grounds:
    """The cap of what moves as one risk leaves room for the smallest order."""
    return _room(intent, view, view.rooms.cluster)


def quote_cap(intent: OrderIntent, view: RiskView) -> Grounds:
    """The cap of what is bought with one currency leaves room for the smallest order."""
    return _room(intent, view, view.rooms.quote)


def insufficient_cash(intent: OrderIntent, view: RiskView) -> Grounds:
    """Free cash, less the fee reserve and unseen holds, covers the smallest order."""
    return _room(intent, view, view.rooms.cash)


def below_minimum(intent: OrderIntent, view: RiskView) -> Grounds:
    """The venue takes orders of its minima and above; what is bought must be sellable later."""
    rules, least = _rules(view), _least_cost(intent, view)
    quantity = sized(intent, view)
    if meets_minimum(rules, quantity, intent.limit_price, least=least):
        return None
    return str(quantity), f"{rules.quantity_min} and worth {least}"


def not_held(intent: OrderIntent, view: RiskView) -> Grounds:
    """Nothing is sold that is not free."""
    if intent.quantity <= view.sellable:
        return None
    return str(intent.quantity), str(view.sellable)


def meets_minimum(rules: Instrument, quantity: Decimal, price: Decimal, *, least: Decimal) -> bool:
    """Both minima, the cost rounded down, so that no rounding of the venue's makes it too small."""
    worth = multiply_down(quantity, price, rules.quote_step)
    return quantity >= rules.quantity_min and worth >= least


def _least_cost(intent: OrderIntent, view: RiskView) -> Decimal:
    """The venue's minimum; of what is bought so much more that it can be sold after a fall."""
    rules = _rules(view)
    if intent.side is Side.SELL:
        return rules.cost_min
    reserve = _ONE + from_micros(view.profile.sale_reserve_micros)
    return multiply_up(rules.cost_min, reserve, rules.quote_step)


def has_price(mark: float) -> bool:
    """Whether a mark is a price at all."""
    return 0 < mark < _PRICE_LIMIT


def _room(intent: OrderIntent, view: RiskView, room: Decimal) -> Grounds:
    """A room refuses only when it is the reason that an order would be too small."""
    if room >= intent.notional:
        return None
    rules = _rules(view)
    quantity = divide_down(max(room, ZERO), intent.limit_price, rules.lot)
    if meets_minimum(rules, quantity, intent.limit_price, least=_least_cost(intent, view)):
        return None
    return str(intent.notional), str(room)


def _is_plain(value: Decimal) -> bool:
    """A canonical amount whose products stay exact."""
    if not is_amount(value):
        return False
    # A text holds every digit, and is had for a sixth of what the digits cost.
    return len(str(value)) <= _DIGITS_MAX or len(value.as_tuple().digits) <= _DIGITS_MAX


def _rules(view: RiskView) -> Instrument:
    assert view.instrument is not None  # UNKNOWN_SYMBOL stands above every rule that asks
    return view.instrument
