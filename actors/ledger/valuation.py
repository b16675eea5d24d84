"""What the books are worth: positions at the best bid, equity, and drawdown by unit value.

A position is valued at the last good bid, rounded towards the buyer; an old one is taken with a
haircut, and its cost counts as unmarked. Without any it is worth nothing and unmarked. What is in
another currency counts at its worth in the reporting one; whether its rate is too old is for risk
to say. Deposits change the number of units and never the drawdown: the peak, kept at twelve
decimals, grows with them in proportion.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from actors.instruments import Instrument
from actors.ledger.cash import KINDS, holdings, reporting_step, views, worth
from actors.ledger.state import Foreign, LedgerConfig, LedgerState, Position
from actors.messages.arrays import any_set
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.market import MarketFlag, MarkSlice
from actors.money import (
    TOWARDS_BUYER,
    ZERO,
    from_micros,
    micros_up,
    multiply_down,
    price_from_float,
    round_up,
    share_down,
    step_of,
)

_BID_COLUMN: Final = 0
_ALL_MICROS: Final = 1_000_000
_NOTHING, _PRICE_MAX = np.array(0.0), np.array(1e15)  # not money: marks
_PEAK_STEP: Final = step_of(12)
_NO_FOREIGN: Final = Foreign()
_STALE: Final = np.int32(MarketFlag.STALE)


def take_marks(state: LedgerState, marks: MarkSlice) -> None:
    """Remember good bids; a stale one keeps the time at which it was last fresh."""
    bids = marks.rows[:, _BID_COLUMN].copy()
    good = (bids > _NOTHING) & (bids < _PRICE_MAX)
    flagged = any_set(marks.flags)
    if not flagged and 0 not in good.tobytes():  # mostly so, and a mask costs twice a copy
        state.bids[:] = bids
        state.marked_at.fill(marks.ts)
        return
    np.putmask(state.bids, good, bids)
    if flagged:
        good &= ((marks.flags & _STALE) == 0) | (state.marked_at == 0)
    np.putmask(state.marked_at, good, marks.ts)


def value_at_bid(
    config: LedgerConfig, state: LedgerState, instrument: Instrument, position: Position
) -> None:
    """Bring the value of `position` up to its quantity and the last good bid, or an aged one's."""
    bid = state.bids.item(position.index)
    if bid != position.bid:
        position.bid = bid
        position.price = price_from_float(bid, instrument.tick, TOWARDS_BUYER)
    position.value = multiply_down(position.quantity, position.price, position.quote_step)
    if position.aged:
        kept = from_micros(_ALL_MICROS - config.mark_haircut_micros)
        position.value = multiply_down(position.value, kept, position.quote_step)


def revalue(config: LedgerConfig, state: LedgerState, at: int, *, anew: bool = False) -> None:
    """Value every position whose bid moved or aged by `at` (ns UTC); all of them `anew`."""
    oldest = max(1, at - config.unmarked_age_ns)
    for position in state.positions.values():
        aged = state.marked_at.item(position.index) < oldest
        if anew or aged is not position.aged or state.bids.item(position.index) != position.bid:
            position.aged = aged
            value_at_bid(config, state, config.instruments[position.symbol], position)


def equity(config: LedgerConfig, state: LedgerState) -> Decimal:
    """Cash free, held, staked, between wallets and in suspense, and the value of positions."""
    asset = config.reporting
    if config.others:
        total = holdings(config, state, asset)
        for currency in config.others:
            total += worth(config, state, currency, holdings(config, state, currency))
        return total
    total = ZERO
    for kind in KINDS:
        total += state.balance(f"{kind}:{asset}")
    for position in state.positions.values():
        total += position.value
    return total


def add_units(state: LedgerState, before: Decimal, amount: Decimal) -> None:
    """Scale the peak for `amount` coming in (or leaving) at equity `before`; drawdown stays."""
    if before > 0 and state.peak > 0:
        state.peak = share_down(state.peak, max(ZERO, before + amount), before, _PEAK_STEP)
    else:
        state.peak = max(ZERO, state.peak + amount)
    if amount < 0:
        state.peak_shown = ZERO  # it is made anew: this is the one way in which a peak falls


def portfolio(config: LedgerConfig, state: LedgerState, at: int) -> PortfolioState:
    """The portfolio now; raises the peak when the unit value has never been higher."""
    total = equity(config, state)
    if total != state.equity or total > state.peak:
        _measure(config, state, total)
    balance = state.balance
    shown, value, cost, unmarked = [], ZERO, ZERO, ZERO
    oldest = at - config.unmarked_age_ns
    for position in state.positions.values():
        free = balance(position.free_account)
        if state.encumbered:
            free = state.free(position.free_account.partition(":")[2])
        shown.append(
            PositionView(position.symbol, position.quantity, free, position.cost, position.value)
        )
        value += position.value
        cost += position.cost
        if state.marked_at.item(position.index) < max(1, oldest):
            unmarked += position.cost
    asset, realised, unrealised, fees = config.reporting, state.realised, value - cost, state.fees
    if config.others:
        realised, unrealised, fees, unmarked = _of_all(config, state, oldest)
    return PortfolioState(
        at,
        total,
        state.free(asset),
        balance(f"held:{asset}"),
        realised,
        unrealised,
        fees,
        state.peak_shown,
        state.drawdown,
        tuple(shown),
        unmarked,
        views(config, state),
    )


def _of_all(
    config: LedgerConfig, state: LedgerState, oldest: int
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Realised and unrealised profit, fees and unmarked cost of all currencies, by their worth."""
    sums = dict.fromkeys((config.reporting, *config.others), (ZERO, ZERO))
    for symbol, position in state.positions.items():
        quote = config.instruments[symbol].quote
        gained, unmarked = sums[quote]
        if state.marked_at.item(position.index) < max(1, oldest):
            unmarked += position.cost
        sums[quote] = gained + position.value - position.cost, unmarked
    realised, fees = state.realised, state.fees
    for currency in config.others:
        foreign = state.foreign.get(currency, _NO_FOREIGN)
        realised += worth(config, state, currency, foreign.realised)
        fees += worth(config, state, currency, foreign.fees)
    gains = [worth(config, state, each, gained) for each, (gained, _) in sums.items()]
    lost = [worth(config, state, each, unmarked) for each, (_, unmarked) in sums.items()]
    return realised, sum(gains, ZERO), fees, sum(lost, ZERO)


def _measure(config: LedgerConfig, state: LedgerState, total: Decimal) -> None:
    """Peak and drawdown at a new equity; the peak is shown at the quote's exponent."""
    state.equity = total
    state.peak = max(state.peak, total)
    peak = state.peak
    # It never falls, so what is shown changes only when it has been passed.
    if peak > state.peak_shown:
        state.peak_shown = round_up(peak, reporting_step(config))
    if total >= peak:
        state.drawdown = 0
    else:
        # Facts may leave less than nothing of an account that never had anything.
        state.drawdown = micros_up(peak - total, peak) if peak > 0 else _ALL_MICROS
