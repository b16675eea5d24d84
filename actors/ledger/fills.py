"""Posting a fill: both sides of the trade, its fee in whatever asset, the lots, and the hold after.

Cost and fee are the venue's own and are booked as told, once by order and trade id. Slippage is
attribution and is not booked.
"""

from __future__ import annotations

from decimal import Decimal

from actors.fees import with_fees
from actors.instruments import Instrument
from actors.kernel.actor import Effects
from actors.ledger.cash import earn, is_cash, quote_of, spend
from actors.ledger.expected_fees import fee_note
from actors.ledger.lots import FEE, SALE, add, consume, share_sale, take_in
from actors.ledger.positions import drop_if_flat, owed, position_of, symbol_of
from actors.ledger.state import Hold, LedgerConfig, LedgerState
from actors.ledger.transfers import Posting
from actors.ledger.valuation import portfolio, value_at_bid
from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.execution import Fill
from actors.messages.ledger import TradeClosed
from actors.money import ZERO, multiply_even


def book_fill(config: LedgerConfig, state: LedgerState, fill: Fill, at: int) -> Effects:
    """Book `fill` once; a repeated one is noted and moves no money.

    A trade that was booked before its order was known still ends in that order's hold.
    """
    source = source_of(fill.cl_ord_id, fill.exec_id)
    hold = state.holds.get(fill.cl_ord_id)
    posting = Posting(state, source, fill.cl_ord_id)
    if source in state.fills or fill.exec_id in state.strays:
        repeated = Note("warning", "ledger.fill_repeated", (("source", source),))
        if hold is not None:
            _adjust(posting, hold, fill)
        shown = (portfolio(config, state, at),) if posting.transfers else ()
        return (repeated, *posting.record(at), *shown)
    remember(config, state, state.fills, source, fill.ts)
    closed = post(config, posting, fill, hold, against="market")
    if hold is not None:
        _adjust(posting, hold, fill)
    elif fill.hold_after > 0:
        # A live order without a hold: its rest would be paid from what risk calls free.
        posting.alarm("hold_missing", "ledger.hold_missing", f"{fill.cl_ord_id} is live, unheld")
    noted = fee_note(state, with_fees(config.instruments[fill.symbol], state.rates), fill)
    return (*posting.record(at), *closed, *noted, portfolio(config, state, at))


def source_of(cl_ord_id: str, exec_id: str) -> str:
    """The source that names the rows of a trade."""
    return f"fill:{cl_ord_id}:{exec_id}"


def remember(
    config: LedgerConfig, state: LedgerState, booked: dict[str, int], name: str, ts: int
) -> None:
    """Keep a trade's time among `booked`; when there are too many, the oldest is forgotten."""
    booked[name] = ts
    state.trades_since += 1
    if len(booked) > config.fills_kept:
        state.fills_until = max(state.fills_until, booked.pop(next(iter(booked))))


def post(
    config: LedgerConfig, posting: Posting, fill: Fill, hold: Hold | None, *, against: str
) -> tuple[TradeClosed, ...]:
    """Both legs and the fee between our accounts and the kind `against`, and what lots become."""
    instrument = config.instruments[fill.symbol]
    short = owed(posting.state, instrument.base)
    if fill.side is Side.BUY:
        posting.draw(instrument.quote, fill.cost, against, hold=hold, leg="cost")
        posting.receive(instrument.base, fill.quantity, against, leg="quantity")
    else:
        posting.draw(instrument.base, fill.quantity, against, hold=hold, leg="quantity")
        posting.receive(instrument.quote, fill.cost, against, leg="cost")
    fee_asset = fill.fee_asset or instrument.quote
    posting.draw(fee_asset, fill.fee, "fees", hold=hold, leg="fee")
    return _settle(config, posting.state, fill, instrument, short)


def give_up(
    config: LedgerConfig, state: LedgerState, asset: str, quantity: Decimal, cause: str = FEE
) -> Decimal:
    """Take `quantity` of a base asset from its lots and return their cost; zero for any other."""
    symbol = symbol_of(config, asset)
    if symbol is None or symbol not in state.positions:
        return ZERO
    position = state.positions[symbol]
    cost = consume(state, position, quantity, cause)
    value_at_bid(config, state, config.instruments[symbol], position)
    drop_if_flat(state, position)
    return cost


def _adjust(posting: Posting, hold: Hold, fill: Fill) -> None:
    """Bring the hold to what the rest of the order needs, as far as free funds allow."""
    surplus = hold.amount - fill.hold_after
    if surplus > 0:
        posting.receive(hold.asset, surplus, "held", leg="surplus")
        hold.amount = fill.hold_after
    elif surplus < 0:
        more = min(-surplus, posting.state.balance(f"available:{hold.asset}"))
        posting.move(hold.asset, more, "available", "held", leg="top-up")
        hold.amount += more


def _settle(
    config: LedgerConfig, state: LedgerState, fill: Fill, instrument: Instrument, short: Decimal
) -> tuple[TradeClosed, ...]:
    """Move lots and profit; a fee in base leaves the quantity, a fee in quote the money.

    `short` is what was owed of the base before this fill. A fee in the base of another symbol
    leaves that symbol's lots, at a loss of their cost; one in another currency is a loss there.
    """
    position = position_of(config, state, fill.symbol)
    step = position.quote_step
    fee_asset = fill.fee_asset or instrument.quote
    fee_base, fee_quote, worth = ZERO, ZERO, ZERO
    if fee_asset == instrument.quote:
        fee_quote = worth = fill.fee
    elif fee_asset == instrument.base:
        fee_base = fill.fee
        worth = multiply_even(fee_base, fill.price, step)
    elif is_cash(config, fee_asset):
        spend(config, state, fee_asset, fill.fee)
        earn(config, state, fee_asset, -fill.fee)
    else:
        lost = give_up(config, state, fee_asset, fill.fee)
        earn(config, state, quote_of(config, fee_asset), -lost)
    spend(config, state, instrument.quote, worth)
    closed: tuple[TradeClosed, ...] = ()
    if fill.side is Side.BUY:
        kept, paid = fill.quantity - fee_base, fill.cost + fee_quote
        if kept <= 0:
            earn(config, state, instrument.quote, -(paid + consume(state, position, -kept, FEE)))
        elif short:
            share = take_in(state, position, kept, paid, owed=short)
            earn(config, state, instrument.quote, -share)
        else:
            add(state, position, kept, paid)
    else:
        since = len(state.moves)
        cost = consume(state, position, fill.quantity + fee_base, SALE)
        share_sale(state.moves[since:], fill.cost, fee_quote, step)
        gained = fill.cost - fee_quote - cost
        earn(config, state, instrument.quote, gained)
        closed = (
            TradeClosed(
                fill.cl_ord_id,
                fill.exec_id,
                fill.symbol,
                fill.quantity,
                fill.cost,
                cost,
                worth,
                gained,
                fill.ts,
            ),
        )
    value_at_bid(config, state, instrument, position)
    drop_if_flat(state, position)
    return closed
