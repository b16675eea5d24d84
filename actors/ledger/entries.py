"""What the venue's own ledger tells besides trades: each entry booked once by its reference.

An entry moves between our account of its asset and what its kind says: external (deposit,
withdrawal), transit (staking and transfers between wallets, told as two entries), income (rewards),
adjustment, dust, rounding. An asset with Kraken's suffix .B .S or .M lies staked: valued, and not
for sale; .F earns where it lies and is spent as the asset itself. Deposits and withdrawals change
units and no profit, the other kinds profit and no units. A correction is such an entry too: it
reverses a transfer that it names, and edits nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.kernel.actor import Effects
from actors.ledger.cash import earn, is_cash, pay_in, quote_of, spend
from actors.ledger.fills import give_up
from actors.ledger.funds import lot_in_kind
from actors.ledger.lots import FEE, WITHDRAWAL
from actors.ledger.onward import follow, leave
from actors.ledger.positions import owed, symbol_of
from actors.ledger.state import LedgerConfig, LedgerState
from actors.ledger.transfers import TRANSIT, Posting, is_new
from actors.ledger.valuation import add_units, equity, portfolio
from actors.messages.control import Correction, LedgerEntry, Note
from actors.messages.ledger import EntryBooked
from actors.money import ZERO, is_fact, is_sound

EXTERNAL: Final = "external"
ADJUSTMENT: Final = "adjustment"
_OTHER_SIDE: Final = {
    "deposit": EXTERNAL,
    "withdrawal": EXTERNAL,
    "staking": TRANSIT,
    "transfer": TRANSIT,
    "reward": "income",
    "adjustment": ADJUSTMENT,
    "dust": "dust",
    "rounding": "rounding",
}
_STAKED: Final = frozenset({"B", "S", "M"})
_FLEXIBLE: Final = "F"
# The other side of what a correction may reverse.
_CORRECTABLE: Final = (EXTERNAL, "income", ADJUSTMENT, "dust", "rounding", "market")


def reversible(debit: str, credit: str) -> tuple[str, str] | None:
    """Our side and the other side of a transfer that may be corrected, by kinds of account.

    None for any other: holds belong to orders, and what is in transit is ours already.
    """
    ours = [kind for kind in (debit, credit) if kind in ("available", "staked")]
    others = [kind for kind in (debit, credit) if kind in _CORRECTABLE]
    return (ours[0], others[0]) if len(ours) == len(others) == 1 else None


def place_of(told: str) -> tuple[str, str]:
    """The asset behind the venue's name, and the kind of our account in which it lies."""
    asset, _, suffix = told.rpartition(".")
    if asset and suffix == _FLEXIBLE:
        return asset, "available"
    return (asset, "staked") if asset and suffix in _STAKED else (told, "available")


def book_entry(
    config: LedgerConfig, state: LedgerState, message: LedgerEntry, at: int, *, told: str = ""
) -> Effects:
    """Book an entry once by reference and asset; an impossible or unknown one halts the account.

    `told` is who says so, for an entry that was read from the venue's lists.
    """
    source = f"entry:{message.refid}:{message.asset}"
    posting = Posting(state, source, message.kind)
    amount, fee = message.amount, message.fee
    sound = all(is_fact(each) and is_sound(each) for each in (amount, fee))
    if not (message.refid and message.asset and sound and fee >= 0):
        detail = f"{message.kind} of {amount} {message.asset}, fee {fee}, cannot be booked"
        posting.alarm("impossible_entry", "ledger.impossible_entry", detail)
        return posting.record(at)
    if not is_new(state.deposits, source, state.transfer_no, kept=config.deposits_kept):
        return (Note("warning", "ledger.entry_repeated", (("source", source),)),)
    other = _OTHER_SIDE.get(message.kind, ADJUSTMENT)
    if message.kind not in _OTHER_SIDE:
        detail = (
            f"the venue names an entry {message.kind}, which nobody knows; booked as adjustment"
        )
        posting.alarm("unknown_entry", "ledger.unknown_entry", detail)
    worth = flow(config, posting, message.asset, amount, other)
    charge(config, posting, message.asset, fee)
    follow(posting, place_of(message.asset)[0])
    booked = EntryBooked(
        message.refid, message.kind, message.asset, amount, fee, other, worth, 0, told, message.ts
    )
    return (*posting.record(at), booked, portfolio(config, state, at))


def correct(config: LedgerConfig, state: LedgerState, message: Correction, at: int) -> Effects:
    """Reverse one transfer between an account of ours and the other side, once."""
    number, amount = message.transfer_no, message.amount
    source = f"correction:{number}"
    sides = reversible(message.debit, message.credit)
    sound = is_fact(amount) and is_sound(amount) and amount > 0
    if sides is None or not sound or not 0 < number <= state.transfer_no:
        return (Note("error", "ledger.correction_refused", (("source", source),)),)
    if not is_new(state.deposits, source, state.transfer_no, kept=config.deposits_kept):
        return (Note("warning", "ledger.correction_repeated", (("source", source),)),)
    ours, other = sides
    posting = Posting(state, source, f"{message.actor}: {message.reason}")
    signed = amount if message.debit == ours else -amount
    asset = message.asset if ours == "available" else f"{message.asset}.S"
    worth = flow(config, posting, asset, signed, other)
    booked = EntryBooked(
        source, "correction", asset, signed, ZERO, other, worth, number, posting.cause, at
    )
    return (*posting.record(at), booked, portfolio(config, state, at))


def flow(
    config: LedgerConfig,
    posting: Posting,
    told: str,
    amount: Decimal,
    other: str,
    *,
    worth: Decimal | None = None,
) -> Decimal:
    """Move `amount` (signed) between us and `other`; what it was worth, with its sign.

    `worth` is what it was when it was booked, for whoever books it again without marks; like what
    is returned it is in the quote currency of the asset's symbol, and of a currency in itself.
    """
    state = posting.state
    asset, place = place_of(told)
    before, missing = equity(config, state), owed(state, asset)
    if amount > 0:
        if place == "staked":
            posting.move(asset, amount, other, place, leg="in")
        else:
            posting.receive(asset, amount, other, leg="in")
    elif amount and other == TRANSIT and place == "available":
        leave(posting, asset, -amount)
    elif amount:
        posting.draw(asset, -amount, other, hold=None, leg="out", place=place)
    if other == TRANSIT or not amount:
        return ZERO
    currency = asset if is_cash(config, asset) else quote_of(config, asset)
    if asset == currency:
        found, gain = amount, amount
    elif amount > 0:
        found = lot_in_kind(config, state, asset, amount - missing, worth=worth)
        gain = found
    else:
        symbol = symbol_of(config, asset)
        had = _value(state, symbol)
        cost = give_up(config, state, asset, -amount, WITHDRAWAL if other == EXTERNAL else FEE)
        found = _value(state, symbol) - had if worth is None else worth
        gain = -cost
    if other == EXTERNAL:
        add_units(state, before, pay_in(config, state, currency, found))
    else:
        earn(config, state, currency, gain)
    return found


def charge(config: LedgerConfig, posting: Posting, told: str, fee: Decimal) -> None:
    """What the venue took for an entry."""
    state = posting.state
    asset, place = place_of(told)
    posting.draw(asset, fee, "fees", hold=None, leg="fee", place=place)
    charge_lots(config, state, asset, fee)


def charge_lots(config: LedgerConfig, state: LedgerState, asset: str, fee: Decimal) -> None:
    """What a fee that was drawn costs: money of a currency, or the cost of what left its lots."""
    if is_cash(config, asset):
        spend(config, state, asset, fee)
        earn(config, state, asset, -fee)
    else:
        earn(config, state, quote_of(config, asset), -give_up(config, state, asset, fee))


def _value(state: LedgerState, symbol: str | None) -> Decimal:
    position = state.positions.get(symbol or "")
    return ZERO if position is None else position.value
