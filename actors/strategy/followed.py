"""Following our own intents until they are over: what is open, what cools down, what was sold.

One intent keeps its symbol busy from the moment it is sent until risk refuses it or its order ends.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.ledger import PortfolioState
from actors.messages.order import OrderState, OrderUpdate
from actors.money import ZERO
from actors.pair_rules import in_force
from actors.strategy.campaigns import Campaign, adopted
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from actors.strategy.state import OpenIntent, StrategyState

OVER: Final = (
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
    OrderState.EXPIRED,
    OrderState.NOT_SENT,
)
_REDUCTIONS: Final = (Reason.RECOVERY_REDUCED.value, Reason.THESIS_MIXED.value)
_RESTING: Final = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def opened(state: StrategyState, intent: OrderIntent, index: int) -> None:
    """An intent was sent."""
    known = OpenIntent(index, intent.side, intent.action, reason=intent.reason.value)
    _open(state, str(intent.intent_no), known)
    if intent.side is Side.BUY and not state.held[index]:
        _begin(state, intent.symbol, intent.notional, intent.decided_at)


def refused(state: StrategyState, config: StrategyConfig, intent_no: int, at: int) -> None:
    """An intent was refused: its symbol is free again, and its side cools down."""
    known = _close(state, str(intent_no))
    if known is not None:
        _end_if_empty(state, config, known.index)
        _cool_after_refusal(state, config.profile, known, at)


def seen(state: StrategyState, config: StrategyConfig, portfolio: PortfolioState, at: int) -> None:
    """What the account holds now: a campaign never owns more, and ends where nothing is left.

    A portfolio of the time of a fill may have been made before it, and takes nothing away.
    """
    if not state.adopted:
        state.campaigns = adopted(portfolio.positions, at)
        state.campaign_no, state.adopted = len(state.campaigns), True
    count = len(config.instruments)
    owned, held = np.zeros(count, dtype=np.uint8), np.zeros(count, dtype=np.uint8)
    quantities = {each.symbol: each.quantity for each in portfolio.positions}
    for symbol, quantity in quantities.items():
        index = config.index_of(symbol)
        if index >= 0:
            least = in_force(config.instruments[index], state.rules).quantity_min
            owned[index] = quantity >= least
    for symbol, campaign in tuple(state.campaigns.items()):
        index = config.index_of(symbol)
        if index < 0:
            continue
        rules = in_force(config.instruments[index], state.rules)
        if at > campaign.filled_at:
            campaign.shrink_to(quantities.get(symbol, ZERO), rules.quote_step)
        sellable = min(campaign.quantity, quantities.get(symbol, ZERO))
        held[index] = sellable >= rules.quantity_min
        _end_if_empty(state, config, index)
    state.owned, state.held, state.held_count = owned, held, held.tobytes().count(1)


def _begin(state: StrategyState, symbol: str, budget: Decimal, at: int) -> Campaign:
    """A new campaign; what the one before left as dust is its own, to be sold with the rest."""
    state.campaign_no += 1
    found = Campaign(state.campaign_no, symbol, at, budget)
    left = state.campaigns.get(symbol)
    if left is not None:
        found.quantity, found.cost = left.quantity, left.cost
        found.budget += left.cost
        found.filled_at = left.filled_at
    state.campaigns[symbol] = found
    return found


def _end_if_empty(state: StrategyState, config: StrategyConfig, index: int) -> None:
    """A campaign is over that owns nothing, and for which nothing is under way."""
    symbol = config.instruments[index].symbol
    found = state.campaigns.get(symbol)
    if found is not None and not state.working[index] and found.quantity == 0:
        del state.campaigns[symbol]
        state.held[index] = 0


def updated(state: StrategyState, config: StrategyConfig, update: OrderUpdate, at: int) -> None:
    """An order moved. Orders that are not ours are followed as soon as they are heard of."""
    key = str(update.intent_no)
    known = state.open_intents.get(key)
    if known is None:
        index = config.index_of(update.symbol)
        if index < 0 or update.state in OVER:
            return
        action = Action.ENTER if update.side is Side.BUY else Action.EXIT
        known = OpenIntent(index, update.side, action)
        _open(state, key, known)
    if update.filled > known.filled:
        _on_fill(state, config, known, update, at)
    _follow(known, update, at)
    _mark_unknown(state, known, now=update.state is OrderState.UNKNOWN)
    if update.state in OVER:
        _close(state, key)
        _end_if_empty(state, config, known.index)
        if update.filled == 0:
            _cool_after_refusal(state, config.profile, known, at)


def _follow(known: OpenIntent, update: OrderUpdate, at: int) -> None:
    """What the order is now; the first time it rests counts for when it may change."""
    known.cl_ord_id, known.limit_price = update.cl_ord_id, update.limit_price
    known.rest = update.quantity - update.filled
    known.resting = update.state in _RESTING
    if known.resting and not known.asked_at:
        known.asked_at = at


def _open(state: StrategyState, key: str, intent: OpenIntent) -> None:
    state.open_intents[key] = intent
    state.working[intent.index] += 1


def _close(state: StrategyState, key: str) -> OpenIntent | None:
    known = state.open_intents.pop(key, None)
    if known is not None:
        _mark_unknown(state, known, now=False)
        state.working[known.index] -= 1
    return known


def _mark_unknown(state: StrategyState, known: OpenIntent, *, now: bool) -> None:
    if known.unknown is not now:
        known.unknown = now
        state.unknown[known.index] += 1 if now else -1


def _on_fill(
    state: StrategyState, config: StrategyConfig, known: OpenIntent, update: OrderUpdate, at: int
) -> None:
    """Book a further part of an order to its campaign; what counts is what happened, not wishes."""
    quantity = update.filled - known.filled
    cost = update.cost - known.cost
    is_first = known.filled == 0
    known.filled, known.cost = update.filled, update.cost
    _cool(state, state.entry_cool_until, known.index, at + config.profile.cool_down_fill_ns)
    rules = in_force(config.instruments[known.index], state.rules)
    campaign = state.campaigns.get(update.symbol)
    if campaign is None:
        if known.side is Side.SELL:
            return  # nobody's campaign: an operator sold what the account holds
        campaign = _begin(
            state, update.symbol, rules.cost_of(update.quantity, update.limit_price), at
        )
    campaign.filled(known.side, quantity, cost, rules.quote_step)
    campaign.filled_at = at
    if known.reason in _REDUCTIONS:
        campaign.reduced_at = at
    elif is_first and known.reason == Reason.EDGE_FADED:
        campaign.faded = True
        campaign.tactical_count += 1
    elif is_first and known.reason == Reason.REENTRY:
        campaign.faded = False
        campaign.reentries_count += 1


def _cool_after_refusal(
    state: StrategyState, profile: StrategyProfile, known: OpenIntent, at: int
) -> None:
    _cool(state, _cooling(state, known.side), known.index, at + profile.cool_down_refusal_ns)


def _cool(state: StrategyState, cooling: np.ndarray, index: int, until: int) -> None:
    cooling[index] = max(until, cooling[index])
    state.cooling_until = max(until, state.cooling_until)


def pause(
    state: StrategyState, config: StrategyConfig, symbol: str, side: Side, until: int
) -> None:
    """A side of a symbol decides nothing before `until`: its retry comes then, or nobody does."""
    index = config.index_of(symbol)
    if index >= 0:
        _cool(state, _cooling(state, side), index, until)


def resume(state: StrategyState, config: StrategyConfig, symbol: str, side: Side) -> None:
    """The retry of a side of a symbol is due: it may decide again."""
    index = config.index_of(symbol)
    if index >= 0:
        _cooling(state, side)[index] = 0


def _cooling(state: StrategyState, side: Side) -> np.ndarray:
    return state.entry_cool_until if side is Side.BUY else state.exit_cool_until
