"""What the ledger keeps: accounts, holds by order, positions with their lots, marks and totals.

An account is named by its kind and its asset ("available:USD"). Fills are remembered by order and
trade id, trades without an order by their trade id, each for a bounded number of bookings;
`fills_until` is the newest time behind that memory, and a unique index of the database stands
behind it too. Deposits are remembered apart, so that no number of fills makes an opening balance
come twice.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np

from actors.currencies import Rates
from actors.fees import Fees
from actors.instant import HOUR_NS
from actors.instruments import Instrument
from actors.money import ZERO


class LedgerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decision settings of the ledger.

    `instruments` by symbol in the run's index order; an asset is traded against one currency
    only. A bid older than `unmarked_age_ns` still values its position, less the haircut, and counts
    it as unmarked. `others` are the quote currencies besides `reporting`, derived from the
    instruments.
    """

    instruments: dict[str, Instrument]
    reporting: str = "USD"
    unmarked_age_ns: int = 2 * HOUR_NS
    mark_haircut_micros: int = 50_000
    fills_kept: int = 2048
    deposits_kept: int = 4096
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Derive the other currencies, in order of their names."""
        quotes = {each.quote: None for each in self.instruments.values()}
        found = tuple(sorted(quote for quote in quotes if quote != self.reporting))
        msgspec.structs.force_setattr(self, "others", found)


class MarkLimits(msgspec.Struct, frozen=True):
    """What the risk profile in force says of old bids; see LedgerConfig."""

    unmarked_age_ns: int
    mark_haircut_micros: int


class Account(msgspec.Struct):
    """One account: its balance, and how many transfers have touched it."""

    balance: Decimal = ZERO
    sequence: int = 0


class Hold(msgspec.Struct):
    """What is still held for one order."""

    asset: str
    amount: Decimal


class Lot(msgspec.Struct):
    """A bought quantity with its whole cost, buy fee included (quote currency).

    `number` counts the lots of an account; 0 is a lot from before they were counted.
    """

    quantity: Decimal
    cost: Decimal
    number: int = 0


class LotMove(msgspec.Struct):
    """A lot that opened, or what left one (`cause` says why), until both are told as records."""

    number: int
    symbol: str
    quantity: Decimal
    cost: Decimal
    cause: str = ""
    remaining: Decimal = ZERO
    proceeds: Decimal = ZERO
    fee: Decimal = ZERO
    realised: Decimal = ZERO


class Position(msgspec.Struct):
    """One symbol held: the sums of its lots and its value at the last good bid.

    `bid` is that bid as the feed gave it and `price` what it is in money, so that an unmoved mark
    is not converted twice. `aged` says that it is so old that the value is less the haircut.
    """

    symbol: str
    index: int
    free_account: str
    quote_step: Decimal
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    value: Decimal = ZERO
    bid: float = 0.0  # not money: the mark as it was fed
    price: Decimal = ZERO
    lots: list[Lot] = []
    aged: bool = False


class Foreign(msgspec.Struct):
    """A quote currency that is not the reporting one: `realised`, `fees` and `invested` are in it.

    `invested` is what was paid in of it, and `paid_in` what that was worth in reporting currency
    when it came; `rated` is whether a rate has ever told what it is worth.
    """

    realised: Decimal = ZERO
    fees: Decimal = ZERO
    invested: Decimal = ZERO
    paid_in: Decimal = ZERO
    rated: bool = False


class LedgerState(msgspec.Struct):
    """The whole state. `peak` is the high-water mark of the unit value, at today's units.

    `equity`, `peak_shown` and `drawdown` are those of the last portfolio: they move rarely.
    `fills`, `strays` and `aside` (trades that could not be booked yet) give the venue's time
    (ns UTC) of each remembered trade. `head` is the hash of the last transfer,
    `lots` how many were opened; `moves` is empty between messages. `encumbered` is by asset what
    the venue did not call free when it was last read, `trades_since` how many trades were booked
    since books and venue agreed, `differs` whether a difference between them is confirmed.
    `fees_told` is by symbol and liquidity the asset and rate of a fee that was not the expected
    one, `onward` by asset what waits to leave for another wallet, `rates` are the account's fees as
    told in this run. `exchange_rates` are by pair of currencies, `foreign` by currency what is not
    of the reporting one. `mark_limits` stand in place of the configuration's, once a profile was
    changed.
    """

    bids: np.ndarray
    marked_at: np.ndarray
    accounts: dict[str, Account] = {}
    holds: dict[str, Hold] = {}
    positions: dict[str, Position] = {}
    fills: dict[str, int] = {}
    deposits: dict[str, int] = {}
    transfer_no: int = 0
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    peak: Decimal = ZERO
    equity: Decimal = ZERO
    peak_shown: Decimal = ZERO
    drawdown: int = 0
    hour_due: int = 0
    strays: dict[str, int] = {}
    aside: dict[str, int] = {}
    fills_until: int = 0
    head: str = ""
    lots: int = 0
    moves: list[LotMove] = []
    encumbered: dict[str, Decimal] = {}
    trades_since: int = 0
    fees_told: dict[str, str] = {}
    onward: dict[str, Decimal] = {}
    rates: Fees = {}
    differs: bool = False
    exchange_rates: Rates = {}
    foreign: dict[str, Foreign] = {}
    mark_limits: MarkLimits | None = None

    def free(self, asset: str) -> Decimal:
        """What of `asset` an order may hold: available here, and free at the venue."""
        found = self.balance(f"available:{asset}")
        less = self.encumbered.get(asset)
        return found if less is None else max(ZERO, found - less)

    def balance(self, account: str) -> Decimal:
        """The balance of `account`; zero while nothing has touched it."""
        found = self.accounts.get(account)
        return ZERO if found is None else found.balance


def initial_state(config: LedgerConfig) -> LedgerState:
    """Empty books. AssertionError when an asset is traded against two currencies."""
    bases = [each.base for each in config.instruments.values()]
    assert len(dict.fromkeys(bases)) == len(bases), "an asset is traded against one currency"
    assert config.fills_kept > 0
    assert config.deposits_kept > 0
    count = len(config.instruments)
    return LedgerState(np.zeros(count), np.zeros(count, dtype=np.int64))
