"""The checks of `ballast books verify`: stored rows against plain sums, and against the journal.

What the journal proves is taken from the states that its chain names: the ledger's accounts, holds
and positions and the orders' states after one input. Rows after that input are only checked among
themselves. To derive every row anew is what `ballast replay --verify` does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from actors.ledger.state import LedgerState
from actors.messages.codec import state_decoder
from actors.money import ZERO
from actors.orders.state import OrdersState
from service.books.auditing import Audit, Sums
from service.books.lots import LotBook
from service.books.rows import ClosedTrade
from service.books.wording import exact


class Verdict(enum.StrEnum):
    """What a check found; a check that could not be made is never TRUE."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    SKIPPED = "SKIPPED"


class Check(msgspec.Struct, frozen=True):
    """One check: what was held against what, whether it holds, and the first difference."""

    name: str
    verdict: Verdict
    detail: str = ""


def check(name: str, fault: str, detail: str = "") -> Check:
    """TRUE with its detail, or FALSE with the fault."""
    return Check(name, Verdict.FALSE if fault else Verdict.TRUE, fault or detail)


def row_checks(audit: Audit) -> tuple[Check, ...]:
    """The transfers and fills among themselves."""
    sums = audit.sums
    rests = [
        f"{asset} comes to {exact(rest)}" for asset, rest in sorted(audit.assets().items()) if rest
    ]
    return (
        check("transfers are numbered", audit.number_fault, f"{sums.transfers:,} transfers"),
        check("transfers are chained", audit.chain_fault, sums.head[:16]),
        check("carried balances add up", audit.carried_fault, f"{len(sums.balances)} accounts"),
        check("assets sum to zero", "; ".join(rests)),
        check("transfers are the fills'", audit.trades_fault()),
    )


def proven_states(actors: Mapping[str, bytes]) -> tuple[LedgerState, OrdersState] | None:
    """The states of ledger and orders; None when they are of code that remembered other things."""
    try:
        ledger: LedgerState = state_decoder(LedgerState).decode(actors["ledger"])
        orders: OrdersState = state_decoder(OrdersState).decode(actors["orders"])
    except (KeyError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return ledger, orders


def trade_check(book: LotBook, trades: Sequence[ClosedTrade]) -> Check:
    """The closed trades against those that the ledger's rules make of the fills."""
    name = "trades follow from the fills"
    if book.in_kind:
        return Check(name, Verdict.SKIPPED, "a deposit in kind has no cost in the tables")
    due = [(each.seq, each.trade) for each in book.results if each.trade is not None]
    told = [(each.seq, each.trade) for each in trades]
    for place, pair in enumerate(zip(due, told, strict=False)):
        if pair[0] != pair[1]:
            return check(name, f"trade {place + 1}, of input {pair[1][0]}, is not what fills make")
    if len(due) != len(told):
        return check(name, f"the fills make {len(due)} trades, {len(told)} are stored")
    return check(name, "", f"{len(due):,} trades")


def ledger_checks(state: LedgerState, sums: Sums, book: LotBook) -> tuple[Check, ...]:
    """The ledger's state after the marked input against the rows up to it.

    `book` was fed with the fills up to that input.
    """
    return (
        check("the chain is the journal's", _head_fault(state, sums)),
        check("balances are the journal's", _first(_balance_faults(state, sums))),
        check("holds are the journal's", _first(_hold_faults(state, sums))),
        check("positions are the journal's", _first(_position_faults(state, book))),
    )


def order_check(
    state: OrdersState, events: Mapping[str, tuple[str, Decimal]], filled: Mapping[str, Decimal]
) -> Check:
    """The orders that the journal remembers against their newest event and their fills.

    `events` are state and filled quantity of each order's newest event up to the marked input.
    """
    orders = {**state.closed, **state.live}
    faults = _order_faults(state, events, filled)
    return check("orders are the journal's", _first(faults), f"{len(orders):,} orders")


def _balance_faults(state: LedgerState, sums: Sums) -> Iterator[str]:
    if state.transfer_no != sums.transfers:
        yield f"the journal posted {state.transfer_no:,} transfers, {sums.transfers:,} are stored"
    for name in sorted(state.accounts.keys() | sums.balances.keys()):
        account = state.accounts.get(name)
        due = (ZERO, 0) if account is None else (account.balance, account.sequence)
        told = sums.balances.get(name, ZERO), sums.postings.get(name, 0)
        if due != told:
            yield (
                f"{name} is {exact(due[0])} after {due[1]} postings in the journal,"
                f" {exact(told[0])} after {told[1]} in the tables"
            )


def _head_fault(state: LedgerState, sums: Sums) -> str:
    if state.head == sums.head:
        return ""
    due, told = state.head[:16] or "no hash", sums.head[:16] or "no hash"
    return f"the journal's transfers end with {due}, the tables' with {told}"


def _hold_faults(state: LedgerState, sums: Sums) -> Iterator[str]:
    due = {
        (name, f"held:{hold.asset}"): hold.amount
        for name, hold in state.holds.items()
        if hold.amount
    }
    for key in sorted(due.keys() | sums.held.keys()):
        wanted, told = due.get(key, ZERO), sums.held.get(key, ZERO)
        if wanted != told:
            yield f"order {key[0]} holds {_beside(wanted, told)} in the tables"


def _position_faults(state: LedgerState, book: LotBook) -> Iterator[str]:
    ours = book.state
    for symbol in sorted(state.positions.keys() | ours.positions.keys()):
        due, told = state.positions.get(symbol), ours.positions.get(symbol)
        wanted = ZERO if due is None else due.quantity
        if wanted != book.quantity(symbol):
            yield f"{symbol} is {_beside(wanted, book.quantity(symbol))} by the fills"
        elif due is not None and told is not None and symbol not in book.in_kind:
            if due.lots != told.lots:
                yield f"the lots of {symbol} are others in the journal than by the fills"
    if not book.in_kind and (state.realised, state.fees) != (ours.realised, ours.fees):
        yield (
            f"realised {exact(state.realised)} and fees {exact(state.fees)} in the journal,"
            f" {exact(ours.realised)} and {exact(ours.fees)} by the fills"
        )


def _order_faults(
    state: OrdersState, events: Mapping[str, tuple[str, Decimal]], filled: Mapping[str, Decimal]
) -> Iterator[str]:
    orders = {**state.closed, **state.live}
    for name, order in orders.items():
        told, sold = events.get(name), filled.get(name, ZERO)
        if told is None:
            yield f"order {name} has no event"
        elif told[0] != order.state.value:
            yield f"order {name} is {order.state.value} in the journal, {told[0]} in the tables"
        elif told[1] != order.filled:
            yield f"order {name} has filled {_beside(order.filled, told[1])} by its newest event"
        elif sold != order.filled:
            yield f"order {name} has filled {_beside(order.filled, sold)} by its fills"
    unknown = len(events) - len(orders) - state.retired
    if unknown:
        yield f"the tables tell of {unknown:+} orders that the journal does not"


def _beside(due: Decimal, told: Decimal) -> str:
    return f"{exact(due)} in the journal, {exact(told)}"


def _first(faults: Iterator[str]) -> str:
    return next(faults, "")
