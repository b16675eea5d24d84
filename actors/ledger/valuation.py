"""What the books are worth: positions at the best bid, equity, and drawdown by unit value.

A position is valued at the last good bid, rounded towards the buyer; without any it is worth
nothing and its cost counts as unmarked. Deposits change the number of units and never the
drawdown: the peak, kept at twelve decimals, grows with them in proportion.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from actors.instruments import Instrument
from actors.ledger.state import LedgerConfig, LedgerState, Position
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarketFlag, MarkSlice
from actors.money import (
    TOWARDS_BUYER,
    ZERO,
    divide_down,
    micros_up,
    multiply_down,
    price_from_float,
    round_up,
    step_of,
)

_BID_COLUMN: Final = 0
_PRICE_MAX: Final = 10**15
_PEAK_STEP: Final = step_of(12)
_STALE: Final = np.int32(MarketFlag.STALE)


def take_marks(state: LedgerState, marks: MarkSlice) -> None:
    """Remember good bids; a stale one keeps the time at which it was last fresh."""
    bids = marks.rows[:, _BID_COLUMN]
    good = (bids > 0) & (bids < _PRICE_MAX)
    np.copyto(state.bids, bids, where=good)
    if marks.flags.any():
        good &= ((marks.flags & _STALE) == 0) | (state.marked_at == 0)
    state.marked_at[good] = marks.ts


def value_at_bid(state: LedgerState, instrument: Instrument, position: Position) -> None:
    """Bring the value of `position` up to its quantity and the last good bid."""
    bid = state.bids.item(position.index)
    position.bid = bid
    if bid == 0:
        position.value = ZERO
        return
    price = price_from_float(bid, instrument.tick, TOWARDS_BUYER)
    position.value = multiply_down(position.quantity, price, instrument.quote_step)


def revalue(config: LedgerConfig, state: LedgerState) -> None:
    """Value every position whose bid moved."""
    for position in state.positions.values():
        if state.bids.item(position.index) != position.bid:
            value_at_bid(state, config.instruments[position.symbol], position)


def equity(config: LedgerConfig, state: LedgerState) -> Decimal:
    """Cash free, held and in suspense, and the value of every position."""
    asset = config.reporting
    total = (
        state.balance(f"available:{asset}")
        + state.balance(f"held:{asset}")
        + state.balance(f"suspense:{asset}")
    )
    for position in state.positions.values():
        total += position.value
    return total


def add_units(state: LedgerState, before: Decimal, amount: Decimal) -> None:
    """Scale the peak for `amount` coming in at equity `before`, so that drawdown stays."""
    if before > 0 and state.peak > 0:
        scaled = state.peak * (before + amount)
        state.peak = divide_down(scaled, before, _PEAK_STEP)
    else:
        state.peak += amount


def portfolio(config: LedgerConfig, state: LedgerState, at: int) -> PortfolioState:
    """The portfolio now; raises the peak when the unit value has never been higher."""
    balance = state.balance
    total = equity(config, state)
    state.peak = peak = max(state.peak, total)
    views, value, cost, unmarked = [], ZERO, ZERO, ZERO
    for position in state.positions.values():
        free = balance(f"available:{config.instruments[position.symbol].base}")
        views.append(
            PositionView(position.symbol, position.quantity, free, position.cost, position.value)
        )
        value += position.value
        cost += position.cost
        marked_at = state.marked_at.item(position.index)
        if marked_at == 0 or at - marked_at > config.mark_age_ns_max:
            unmarked += position.cost
    asset = config.reporting
    return PortfolioState(
        at,
        total,
        balance(f"available:{asset}"),
        balance(f"held:{asset}"),
        state.realised,
        value - cost,
        state.fees,
        round_up(peak, _quote_step(config)),
        micros_up(peak - total, peak) if total < peak else 0,
        tuple(views),
        unmarked,
    )


def _quote_step(config: LedgerConfig) -> Decimal:
    for instrument in config.instruments.values():
        return instrument.quote_step
    return step_of(2)
