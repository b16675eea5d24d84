"""Holding the books against the venue's balances, once the orders have been folded.

Entries of the venue's ledger that we have not booked are, once, marked with the reading that told
them. Books that never held anything take over what lies at the venue. What still differs is booked
as rounding up to a step of the asset for every trade since books and venue agreed; anything else is
told and booked by nobody. What the venue does not hold free is not free here: `encumbered` is by
how much our free funds exceed the venue's, less our holds that it has not seen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.instruments import Instrument
from actors.ledger.entries import EXTERNAL, book_entry, place_of
from actors.ledger.state import LedgerConfig, LedgerState
from actors.ledger.valuation import portfolio
from actors.messages.base import Message
from actors.messages.control import LedgerEntry
from actors.messages.reconciliation import (
    BooksToReconcile,
    ReconciliationDifference,
    ReconciliationEnded,
    VenueBalance,
)
from actors.money import EXACT, ZERO, is_fact

_KINDS: Final = {"available": "", "held": "", "suspense": "", "staked": ".S"}


def reconcile(
    config: LedgerConfig, state: LedgerState, message: BooksToReconcile, at: int
) -> list[Message]:
    """Book what the lists explain, compare, and say what came of it."""
    effects: list[Message] = []
    booked = message.trades
    differences = list(message.differences)
    faulty = [each for each in message.balances if not _is_sound(each)]
    whole = message.complete and not message.more and not faulty
    if _is_opening(state):
        _note_as_booked(state, message)
        entries = _opening(state, message) if whole else []
    else:
        entries = _entries(state, message)
    for entry in entries:
        effects += book_entry(config, state, entry, at, told=f"reading {message.number}")
        booked += 1
    if message.more:
        return effects
    if whole:
        found = _compare(state, message.balances)
        if not message.unsettled and not differences:
            for entry in _roundings(config, state, message, found):
                effects += book_entry(config, state, entry, at, told=f"reading {message.number}")
                booked += 1
            found = _compare(state, message.balances) if found else found
        differences += found
        state.encumbered = _encumbered(state, message)
        if not differences:
            state.trades_since = 0
        effects.append(portfolio(config, state, at))
    differences += [
        ReconciliationDifference("balance", each.asset, "an amount", str(each.balance))
        for each in faulty
    ]
    effects.append(
        ReconciliationEnded(
            message.number,
            message.ts,
            message.complete,
            message.unsettled,
            message.foreign,
            booked,
            tuple(differences),
        )
    )
    return effects


def _is_sound(balance: VenueBalance) -> bool:
    return bool(balance.asset) and is_fact(balance.balance) and is_fact(balance.held)


def _is_opening(state: LedgerState) -> bool:
    """Whether nothing has ever come in from outside: then what lies there is the opening."""
    return not any(name.startswith(f"{EXTERNAL}:") for name in state.accounts)


def _note_as_booked(state: LedgerState, message: BooksToReconcile) -> None:
    """What is listed until the opening is part of its balances."""
    for entry in message.entries:
        state.deposits[_source(entry)] = state.transfer_no


def _opening(state: LedgerState, message: BooksToReconcile) -> list[LedgerEntry]:
    """What lies at the venue beyond our books."""
    found = []
    for each in _compare(state, message.balances):
        amount = EXACT.subtract(Decimal(each.venues), Decimal(each.ours))
        if amount > 0:
            found.append(LedgerEntry("opening", "deposit", each.name, amount, ZERO, message.ts))
    return found


def _entries(state: LedgerState, message: BooksToReconcile) -> list[LedgerEntry]:
    """The listed entries that are not booked, in the venue's order."""
    listed = sorted(message.entries, key=lambda each: (each.ts, each.refid, each.asset))
    return [
        each for each in listed if each.ts >= message.since and _source(each) not in state.deposits
    ]


def _source(entry: LedgerEntry) -> str:
    return f"entry:{entry.refid}:{entry.asset}"


def _compare(
    state: LedgerState, balances: tuple[VenueBalance, ...]
) -> list[ReconciliationDifference]:
    """Every asset of which the venue has another amount than our books, by name."""
    ours: dict[str, Decimal] = {}
    venues: dict[str, Decimal] = {}
    for name, account in state.accounts.items():
        kind, _, asset = name.partition(":")
        if kind in _KINDS:
            place = asset + _KINDS[kind]
            ours[place] = EXACT.add(ours.get(place, ZERO), account.balance)
    for each in balances:
        asset, kind = place_of(each.asset)
        place = asset + _KINDS[kind]
        venues[place] = EXACT.add(venues.get(place, ZERO), each.balance)
    return [
        ReconciliationDifference("balance", place, str(mine), str(theirs))
        for place in sorted({**ours, **venues})
        if (mine := ours.get(place, ZERO)) != (theirs := venues.get(place, ZERO))
    ]


def _roundings(
    config: LedgerConfig,
    state: LedgerState,
    message: BooksToReconcile,
    found: list[ReconciliationDifference],
) -> list[LedgerEntry]:
    """Differences that the venue's rounding of so many trades explains, as entries."""
    entries = []
    for each in found:
        short = EXACT.subtract(Decimal(each.venues), Decimal(each.ours))
        if abs(short) <= EXACT.multiply(step_of_asset(config, each.name), state.trades_since):
            refid = f"rounding-{message.number}"
            entries.append(LedgerEntry(refid, "rounding", each.name, short, ZERO, message.ts))
    return entries


def step_of_asset(config: LedgerConfig, asset: str) -> Decimal:
    """The smallest amount of an asset that trades here move; nothing for any other."""
    for instrument in config.instruments.values():
        if asset in (instrument.base, instrument.quote):
            return _step(instrument, asset)
    return ZERO


def _step(instrument: Instrument, asset: str) -> Decimal:
    return instrument.lot if asset == instrument.base else instrument.quote_step


def _encumbered(state: LedgerState, message: BooksToReconcile) -> dict[str, Decimal]:
    """By asset, how much of what we call free the venue does not."""
    free: dict[str, Decimal] = {}
    for each in message.balances:
        asset, place = place_of(each.asset)
        if place == "available":
            rest = EXACT.subtract(each.balance, each.held)
            free[asset] = EXACT.add(free.get(asset, ZERO), rest)
    seen = dict.fromkeys(message.seen)
    for cl_ord_id, hold in state.holds.items():
        if cl_ord_id not in seen:
            free[hold.asset] = EXACT.subtract(free.get(hold.asset, ZERO), hold.amount)
    found = {}
    for name, account in state.accounts.items():
        kind, _, asset = name.partition(":")
        if kind == "available":
            less = EXACT.subtract(account.balance, free.get(asset, ZERO))
            if less > 0:
                found[asset] = less
    return found
