"""Deposits and holds: what comes in from outside, and what is set aside before an order is sent.

A hold above what is free is refused: no decision of ours makes a balance negative. A deposit of a
symbol's base asset becomes a lot at its value now, so that it is neither a gain nor a loss; what
facts had already taken of it is covered first, and is no lot. Cash of any quote currency of the run
comes in at its worth.
"""

from __future__ import annotations

from decimal import Decimal

from actors.kernel.actor import NOTHING, Effects
from actors.ledger.cash import is_cash, pay_in, quote_of
from actors.ledger.lots import add
from actors.ledger.positions import owed, position_of, symbol_of
from actors.ledger.state import Hold, LedgerConfig, LedgerState
from actors.ledger.transfers import Posting, is_new
from actors.ledger.valuation import add_units, equity, portfolio, value_at_bid
from actors.messages.control import Deposit, Note
from actors.messages.ledger import HoldPlaced, HoldRefused
from actors.messages.order import PlaceHold
from actors.money import ZERO, is_sound


def deposit(config: LedgerConfig, state: LedgerState, message: Deposit, at: int) -> Effects:
    """Book funds from outside, once per source; what cannot be an amount is noted and left."""
    source = f"deposit:{message.source}"
    fields = (("source", message.source), ("amount", str(message.amount)))
    if not (is_sound(message.amount) and message.amount > 0):
        return (Note("error", "ledger.impossible_deposit", fields),)
    if not is_new(state.deposits, source, state.transfer_no, kept=config.deposits_kept):
        return (Note("warning", "ledger.deposit_repeated", fields),)
    before = equity(config, state)
    posting = Posting(state, source, "deposit")
    missing = owed(state, message.asset)
    posting.receive(message.asset, message.amount, "external", leg="in")
    came = come_in(config, state, message.asset, message.amount, owed=missing)
    add_units(state, before, came)
    return (*posting.record(at), portfolio(config, state, at))


def come_in(
    config: LedgerConfig, state: LedgerState, asset: str, amount: Decimal, *, owed: Decimal
) -> Decimal:
    """What a deposit of `asset` is worth in reporting currency; a base asset becomes a lot."""
    if is_cash(config, asset):
        return pay_in(config, state, asset, amount)
    value = lot_in_kind(config, state, asset, amount - owed)
    return pay_in(config, state, quote_of(config, asset), value)


def lot_in_kind(
    config: LedgerConfig,
    state: LedgerState,
    asset: str,
    amount: Decimal,
    *,
    worth: Decimal | None = None,
) -> Decimal:
    """Open a lot at today's value, or `worth`; an asset that no symbol trades has no value here."""
    symbol = symbol_of(config, asset)
    if symbol is None or amount <= 0:
        return ZERO
    position = position_of(config, state, symbol)
    before = position.value
    add(state, position, amount, ZERO)
    value_at_bid(config, state, config.instruments[symbol], position)
    if worth is None:
        worth = position.value - before
    position.lots[-1].cost = state.moves[-1].cost = worth
    position.cost += worth
    return worth


def place_hold(config: LedgerConfig, state: LedgerState, message: PlaceHold, at: int) -> Effects:
    """Set the funds of an order aside, or refuse when they are not free."""
    cl_ord_id, asset, amount = message.cl_ord_id, message.asset, message.amount
    if cl_ord_id in state.holds:
        return (Note("error", "ledger.hold_repeated", (("cl_ord_id", cl_ord_id),)),)
    free = state.free(asset)
    if not (is_sound(amount) and 0 < amount <= free):
        return (HoldRefused(cl_ord_id, free, amount),)
    posting = Posting(state, f"hold:{cl_ord_id}", cl_ord_id)
    posting.move(asset, amount, "available", "held", leg="place")
    state.holds[cl_ord_id] = Hold(asset, amount)
    # The hold first: risk keeps its claim until the portfolio that follows shows the hold.
    return (*posting.record(at), HoldPlaced(cl_ord_id), portfolio(config, state, at))


def release_hold(config: LedgerConfig, state: LedgerState, cl_ord_id: str, at: int) -> Effects:
    """The order is over: what is still held for it becomes free. Unknown holds are nothing."""
    hold = state.holds.pop(cl_ord_id, None)
    if hold is None or not hold.amount:
        return NOTHING
    posting = Posting(state, f"hold:{cl_ord_id}", cl_ord_id)
    posting.receive(hold.asset, hold.amount, "held", leg="release")
    return (*posting.record(at), portfolio(config, state, at))
