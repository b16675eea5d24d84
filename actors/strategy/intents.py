"""From a verdict to an order intent: limit price, size, dust, and who comes first.

A limit price carries the worst we accept, so it is rounded in our favour: a buy towards the buyer,
a sale towards the seller. Sales never exceed what the portfolio calls free. Whether an intent may
pass is the risk actor's affair.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from actors.instruments import Instrument
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.ledger import PortfolioState
from actors.messages.market import MARK_COLUMNS
from actors.money import (
    TOWARDS_BUYER,
    TOWARDS_SELLER,
    ZERO,
    divide_down,
    from_micros,
    multiply_down,
    price_from_float,
    round_down,
)
from actors.strategy.evaluation import PRICE_LIMIT
from actors.strategy.profile import MICROS, StrategyProfile
from actors.strategy.state import StrategyState

# A dictionary finds a member ten times as fast as the enumeration does.
_ACTIONS: Final = {each.value: each for each in Action}
_REASONS: Final = {each.value: each for each in Reason}
BID: Final = MARK_COLUMNS.index("bid")
_ASK: Final = MARK_COLUMNS.index("ask")


def entry_price(ask: float, instrument: Instrument, profile: StrategyProfile) -> Decimal:
    """The most we pay: ask plus the collar, on the tick below (zero when no tick fits below it)."""
    worst = ask * (1.0 + profile.collar_micros / MICROS)
    return price_from_float(worst, instrument.tick, TOWARDS_BUYER)


def exit_price(bid: float, instrument: Instrument, profile: StrategyProfile) -> Decimal:
    """The least we take: bid minus the collar, on the tick above."""
    worst = bid * (1.0 - profile.collar_micros / MICROS)
    return price_from_float(worst, instrument.tick, TOWARDS_SELLER)


def has_bid(state: StrategyState, index: int) -> bool:
    """Whether the symbol has a bid, however old, at which a sale could be priced."""
    bid: float = state.marks.item(index, BID)
    return 0.0 < bid < PRICE_LIMIT


def free_of(portfolio: PortfolioState | None, symbol: str) -> Decimal:
    """The base quantity that is held and not reserved by an order."""
    if portfolio is not None:
        for position in portfolio.positions:
            if position.symbol == symbol:
                return position.free
    return ZERO


def equity_in(portfolio: PortfolioState, instrument: Instrument) -> Decimal:
    """The equity in the quote currency of `instrument`, rounded down, at the ledger's rate.

    Nothing where no rate is known.
    """
    for each in portfolio.currencies:
        if each.currency == instrument.quote:
            if not each.rate_ts:
                return ZERO
            return divide_down(portfolio.equity, each.most, instrument.quote_step)
    return portfolio.equity


def for_sale(state: StrategyState, symbol: str, *, flatten: bool) -> Decimal:
    """What may be sold: what its campaign owns and is free; flattening sells all that is free."""
    free = free_of(state.portfolio, symbol)
    if flatten:
        return free
    campaign = state.campaigns.get(symbol)
    return ZERO if campaign is None else min(free, campaign.quantity)


def entry_intent(
    state: StrategyState,
    instrument: Instrument,
    profile: StrategyProfile,
    row: np.ndarray,
    *,
    index: int,
    at: int,
) -> OrderIntent | None:
    """A buy of the base fraction of equity, or None when that or its price comes to nothing."""
    assert state.portfolio is not None  # NO_PORTFOLIO stands above every entry in the ladder
    ask = state.marks.item(index, _ASK)
    if ask <= 0.0:
        return None
    price = entry_price(ask, instrument, profile)
    fraction = from_micros(profile.base_fraction_micros)
    equity = equity_in(state.portfolio, instrument)
    notional = multiply_down(equity, fraction, instrument.quote_step)
    campaign = state.campaigns.get(instrument.symbol)
    if campaign is not None and state.held[index]:
        notional = min(notional, round_down(campaign.room, instrument.quote_step))
    if price <= 0 or notional <= 0:
        return None
    amounts = (notional, ZERO, price, price_from_float(ask, instrument.tick))
    return _intent(state, instrument, row, side=Side.BUY, amounts=amounts, at=at)


def exit_intent(
    state: StrategyState,
    instrument: Instrument,
    profile: StrategyProfile,
    row: np.ndarray,
    *,
    index: int,
    at: int,
) -> OrderIntent | None:
    """A sale of what is free, or of the partial ratio of it; None when all of it is dust.

    A partial sale that would be dust, or leave dust, becomes the whole sale: `row` is then changed.
    """
    if not has_bid(state, index):
        row[0], row[1] = Action.HOLD, Reason.STALE
        return None
    bid = state.marks.item(index, BID)
    price = exit_price(bid, instrument, profile)
    flatten = row[1] == Reason.FLATTEN
    free = round_down(for_sale(state, instrument.symbol, flatten=flatten), instrument.lot)
    if not sells(instrument, free, price):
        row[0], row[1] = Action.HOLD, Reason.DUST
        return None
    quantity = free
    if row[0] == Action.PARTIAL_EXIT:
        part = multiply_down(free, from_micros(profile.partial_exit_micros), instrument.lot)
        if sells(instrument, part, price) and sells(instrument, free - part, price):
            quantity = part
        else:
            row[0] = Action.EXIT
    amounts = (ZERO, quantity, price, price_from_float(bid, instrument.tick))
    return _intent(state, instrument, row, side=Side.SELL, amounts=amounts, at=at)


def amend_intent(
    state: StrategyState,
    instrument: Instrument,
    row: np.ndarray,
    *,
    amounts: tuple[Decimal, Decimal, Decimal],
    at: int,
) -> OrderIntent:
    """What is left of a sale at another limit: quantity, limit and the bid that was seen."""
    return _intent(state, instrument, row, side=Side.SELL, amounts=(ZERO, *amounts), at=at)


def sells(instrument: Instrument, quantity: Decimal, price: Decimal) -> bool:
    """Whether the venue would take a sale of `quantity` at `price`; what it would not is dust."""
    worth = multiply_down(quantity, price, instrument.quote_step)
    return quantity >= instrument.quantity_min and worth >= instrument.cost_min


def _intent(
    state: StrategyState,
    instrument: Instrument,
    row: np.ndarray,
    *,
    side: Side,
    amounts: tuple[Decimal, Decimal, Decimal, Decimal],
    at: int,
) -> OrderIntent:
    state.intent_no += 1
    action, reason, p_up, move, cost = row[:5].tolist()
    notional, quantity, price, reference = amounts
    return OrderIntent(
        intent_no=state.intent_no,
        symbol=instrument.symbol,
        side=side,
        notional=notional,
        quantity=quantity,
        limit_price=price,
        decided_at=at,
        action=_ACTIONS[action],
        reason=_REASONS[reason],
        p_up=p_up,
        expected_move=move,
        cost=cost,
        reference_price=reference,
    )
