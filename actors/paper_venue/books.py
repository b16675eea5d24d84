"""Matching against displayed books: walk the levels within the limit, never beyond what is
shown.

An arriving order takes, level by level, at the displayed prices. A resting order is hit when the
other side comes to its limit, in books that are all younger than its acceptance: at its limit, as
maker. A book that may be older tells what the order met on arrival: if it was within the limit, the
order has taken, so it pays as a taker, still at its limit. A crossed book matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport, Liquidity
from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BID_PRICE,
    BID_QUANTITY,
    BOOK_LEVELS,
    BookSlice,
)
from actors.money import ZERO, price_from_float, quantity_from_float
from actors.paper_venue.modes import matches
from actors.paper_venue.reports import traded
from actors.paper_venue.state import PaperVenueConfig, PaperVenueState, VenueOrderState

# The block of prices and of quantities that an order of a side takes from.
_AGAINST: Final = {Side.BUY: (ASK_PRICE, ASK_QUANTITY), Side.SELL: (BID_PRICE, BID_QUANTITY)}
_PRICE_MAX: Final = 10**15


def take_books(config: PaperVenueConfig, state: PaperVenueState, books: BookSlice) -> None:
    """Keep the newest books; what we took of a level is remembered while it is displayed."""
    state.levels[books.symbols] = books.levels
    if not state.taken:
        return
    symbols = tuple(config.instruments)
    for index in books.symbols.tolist():
        taken = state.taken.get(symbols[index])
        if taken is not None:
            _forget(config, state, index, taken)


def _forget(
    config: PaperVenueConfig, state: PaperVenueState, index: int, taken: dict[str, Decimal]
) -> None:
    symbol = tuple(config.instruments)[index]
    left: dict[str, Decimal] = {}
    for side in (Side.BUY, Side.SELL):
        for price, shown in _levels(config, state, symbol, index, side):
            key = f"{side.value}:{price}"
            if key in taken:
                left[key] = min(taken[key], shown)
    if left:
        state.taken[symbol] = left
    else:
        del state.taken[symbol]


def _levels(
    config: PaperVenueConfig, state: PaperVenueState, symbol: str, index: int, side: Side
) -> Iterator[tuple[Decimal, Decimal]]:
    """Displayed price and quantity, best first, that an order of `side` could take."""
    instrument = state.rules_of(config, symbol)
    prices_from, quantities_from = _AGAINST[side]
    row = state.levels[index].tolist()
    prices = row[prices_from : prices_from + BOOK_LEVELS]
    quantities = row[quantities_from : quantities_from + BOOK_LEVELS]
    for price, quantity in zip(prices, quantities, strict=True):
        if not 0 < price < _PRICE_MAX:
            return
        yield (
            price_from_float(price, instrument.tick),
            quantity_from_float(quantity, instrument.lot),
        )


def has_book(state: PaperVenueState, index: int) -> bool:
    """Whether anything was ever displayed for the symbol."""
    return bool(state.levels.item(index, BID_PRICE) > 0 or state.levels.item(index, ASK_PRICE) > 0)


def _is_crossed(state: PaperVenueState, index: int) -> bool:
    bid, ask = state.levels.item(index, BID_PRICE), state.levels.item(index, ASK_PRICE)
    return bool(bid >= ask)


def _within(
    config: PaperVenueConfig, state: PaperVenueState, order: VenueOrderState
) -> Iterator[tuple[Decimal, Decimal]]:
    """Price and quantity not yet taken, best first, of the levels within the order's limit."""
    limit, side = order.limit_price, order.side
    for price, shown in _levels(config, state, order.symbol, order.index, side):
        if price > limit if side is Side.BUY else price < limit:
            return
        taken = state.taken.get(order.symbol)
        left = shown if taken is None else shown - taken.get(f"{side.value}:{price}", ZERO)
        if left > 0:
            yield price, left


def note_crossing(config: PaperVenueConfig, state: PaperVenueState, order: VenueOrderState) -> None:
    """Remember that the order could have taken from the book as it may have stood on arrival."""
    order.crossed = order.crossed or any(True for _ in _within(config, state, order))


def walk(
    config: PaperVenueConfig,
    state: PaperVenueState,
    order: VenueOrderState,
    *,
    arrives: bool,
    ts: int,
) -> list[ExecutionReport]:
    """Fill `order` from the displayed book within its limit; one report a level."""
    reports: list[ExecutionReport] = []
    if _is_crossed(state, order.index):
        return reports
    liquidity = Liquidity.TAKER if arrives else order.resting_liquidity
    for price, left in _within(config, state, order):
        quantity = min(left, order.remaining)
        taken = state.taken.setdefault(order.symbol, {})
        key = f"{order.side.value}:{price}"
        taken[key] = taken.get(key, ZERO) + quantity
        at_price = price if arrives else order.limit_price
        reports.append(
            traded(
                config,
                state,
                order,
                quantity=quantity,
                price=at_price,
                liquidity=liquidity,
                ts=ts,
            )
        )
        if not order.remaining:
            break
    return reports


def hit_resting(
    config: PaperVenueConfig, state: PaperVenueState, books: BookSlice
) -> list[ExecutionReport]:
    """Fill resting orders to whose limit the other side has come, first come first served."""
    touched = books.symbols.tolist()
    reports: list[ExecutionReport] = []
    for order in tuple(state.orders.values()):
        if not order.accepted_at or order.index not in touched:
            continue
        if order.accepted_at >= books.first_ts:
            note_crossing(config, state, order)
        elif matches(state, order.symbol):
            reports += walk(config, state, order, arrives=False, ts=books.ts)
    return reports
