"""Posting a fill: both sides of the trade, its fee in whatever asset, the lots, and the hold after.

Cost and fee are the venue's own and are booked as told. Slippage is attribution and is not booked.
"""

from __future__ import annotations

from actors.instruments import Instrument
from actors.kernel.actor import Effects
from actors.ledger.lots import add, consume
from actors.ledger.positions import drop_if_flat, position_of
from actors.ledger.state import Hold, LedgerConfig, LedgerState
from actors.ledger.transfers import Posting, is_new
from actors.ledger.valuation import portfolio, value_at_bid
from actors.messages.control import Note
from actors.messages.decision import Side
from actors.messages.execution import Fill
from actors.messages.ledger import TradeClosed
from actors.money import ZERO, multiply_even


def book_fill(config: LedgerConfig, state: LedgerState, fill: Fill, at: int) -> Effects:
    """Book `fill` once; a repeated one is noted and changes nothing."""
    source = f"fill:{fill.cl_ord_id}:{fill.exec_id}"
    if not is_new(state.fills, source, state.transfer_no, kept=config.fills_kept):
        return (Note("warning", "ledger.fill_repeated", (("source", source),)),)
    instrument = config.instruments[fill.symbol]
    hold = state.holds.get(fill.cl_ord_id)
    posting = Posting(state, source, fill.cl_ord_id)
    if fill.side is Side.BUY:
        posting.draw(instrument.quote, fill.cost, "market", hold=hold, leg="cost")
        posting.move(instrument.base, fill.quantity, "market", "available", leg="quantity")
    else:
        posting.draw(instrument.base, fill.quantity, "market", hold=hold, leg="quantity")
        posting.move(instrument.quote, fill.cost, "market", "available", leg="cost")
    fee_asset = fill.fee_asset or instrument.quote
    posting.draw(fee_asset, fill.fee, "fees", hold=hold, leg="fee")
    if hold is not None:
        _adjust(posting, hold, fill)
    closed = _settle(config, state, fill, instrument)
    return (*posting.record(at), *closed, portfolio(config, state, at))


def _adjust(posting: Posting, hold: Hold, fill: Fill) -> None:
    """Bring the hold to what the rest of the order needs, as far as free funds allow."""
    surplus = hold.amount - fill.hold_after
    if surplus > 0:
        posting.move(hold.asset, surplus, "held", "available", leg="surplus")
        hold.amount = fill.hold_after
    elif surplus < 0:
        more = min(-surplus, posting.state.balance(f"available:{hold.asset}"))
        posting.move(hold.asset, more, "available", "held", leg="top-up")
        hold.amount += more


def _settle(
    config: LedgerConfig, state: LedgerState, fill: Fill, instrument: Instrument
) -> tuple[TradeClosed, ...]:
    """Move lots and profit; a fee in base leaves the quantity, a fee in quote the money."""
    position = position_of(config, state, fill.symbol)
    step = position.quote_step
    fee_asset = fill.fee_asset or instrument.quote
    fee_base = fill.fee if fee_asset == instrument.base else ZERO
    fee_quote = fill.fee if fee_asset == instrument.quote else ZERO
    worth = multiply_even(fee_base, fill.price, step) if fee_base else fee_quote
    state.fees += worth
    closed: tuple[TradeClosed, ...] = ()
    if fill.side is Side.BUY:
        kept, paid = fill.quantity - fee_base, fill.cost + fee_quote
        if kept > 0:
            add(position, kept, paid)
        else:
            state.realised -= paid + consume(position, -kept, step)
    else:
        cost = consume(position, fill.quantity + fee_base, step)
        gained = fill.cost - fee_quote - cost
        state.realised += gained
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
    value_at_bid(state, instrument, position)
    drop_if_flat(state, position)
    return closed
