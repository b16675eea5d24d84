"""A thousand fills at many prices tie to the venue's own balance, and each day's statement to both.

The venue is a dictionary here: it knows nothing of accounts, lots or holds.
"""

from __future__ import annotations

import decimal
import random
from collections import defaultdict
from decimal import Decimal

from actors.instant import DAY_NS
from actors.ledger.actor import LedgerActor
from actors.ledger.balance import faults_of
from actors.ledger.state import LedgerConfig, initial_state
from actors.messages.base import Message
from actors.messages.control import Deposit, LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from actors.messages.ledger import TransfersPosted
from actors.money import EXACT, multiply_even
from service.books.rows import AccountBalance, PostedTransfer
from service.books.statement import statement
from tests.books import INSTRUMENTS

D = Decimal
OURS = ("available", "held", "staked", "transit", "suspense")


class Year:
    """A ledger and its venue, both told the same; what the venue's ledger lists, by day."""

    def __init__(self) -> None:
        config = LedgerConfig(INSTRUMENTS)
        self.ledger = LedgerActor(config, initial_state(config))
        self.venue: dict[str, Decimal] = defaultdict(Decimal)
        self.listed: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.rows: list[PostedTransfer] = []
        self.seq = 0

    def tell(self, message: Message, at: int, changes: dict[str, Decimal]) -> None:
        self.seq += 1
        for asset, change in changes.items():
            self.venue[asset] += change
            self.listed[at - at % DAY_NS][asset] += change
        for each in self.ledger.rules[type(message)](self.ledger, message, at):
            if isinstance(each, TransfersPosted):
                self.rows += [
                    PostedTransfer(self.seq, ordinal, at, "run", row)
                    for ordinal, row in enumerate(each.transfers)
                ]

    def balances(self, before: int) -> list[AccountBalance]:
        """Every account at a time, by what its rows carry."""
        found: dict[str, AccountBalance] = {}
        for posted in self.rows:
            row = posted.transfer
            if posted.at < before:
                for name, carried in (
                    (row.debit, row.debit_balance),
                    (row.credit, row.credit_balance),
                ):
                    found[name] = AccountBalance(name, row.asset, carried, carried, 1)
        return list(found.values())


def a_year(count: int) -> Year:
    dice, year = random.Random(7), Year()
    year.tell(Deposit("USD", D("9000000.00"), "opening", 0), 0, {"USD": D("9000000.00")})
    for number in range(1, count + 1):
        at = number * DAY_NS // 60
        price = D(dice.randint(100_000, 900_000)) / 10
        side = dice.choice((Side.BUY, Side.SELL))
        quantity = D(dice.randint(1, 20_000_000)).scaleb(-8)
        if side is Side.SELL and year.venue["XBT"] < quantity + D("0.0001"):
            side = Side.BUY
        cost = multiply_even(quantity, price, D("0.00001"))
        asset = dice.choice(("USD", "XBT"))
        fee = D(dice.randint(0, 9999)).scaleb(-5 if asset == "USD" else -8)
        sign = 1 if side is Side.BUY else -1
        changes = defaultdict(Decimal, {"XBT": sign * quantity, "USD": -sign * cost})
        changes[asset] -= fee
        told = Fill(
            f"o{number % 300}", f"x{number}", "XBT/USD", side, quantity, price, cost, fee, asset,
            Liquidity.TAKER, at, D(0), D(0),
        )  # fmt: skip
        year.tell(told, at, changes)
        if not number % 50:
            entry = LedgerEntry(f"r{number}", "reward", "XBT", D("0.00000123"), D(0), at)
            year.tell(entry, at, {"XBT": entry.amount})
            entry = LedgerEntry(f"w{number}", "withdrawal", "USD", D("-100.00"), D("3.50"), at)
            year.tell(entry, at, {"USD": D("-103.50")})
    return year


def test_a_thousand_fills_tie_to_the_venue_and_so_does_every_day() -> None:
    with decimal.localcontext(EXACT):
        year = a_year(1_000)
        assert faults_of(year.ledger.state) == ()
        for asset, total in year.venue.items():
            assert sum(year.ledger.state.balance(f"{kind}:{asset}") for kind in OURS) == total
        assert year.ledger.state.positions["XBT/USD"].quantity == year.venue["XBT"]
        days = sorted(year.listed)
        assert len(days) == 17
        for start in days:
            rows = [each for each in year.rows if start <= each.at < start + DAY_NS]
            found = statement("day", year.balances(start), rows, year.balances(start + DAY_NS))
            assert found.faults == ()
            moved: dict[str, Decimal] = defaultdict(Decimal)
            for account in found.accounts:
                if account.ledger_account.partition(":")[0] in OURS:
                    moved[account.asset] += account.closing - account.opening
            assert moved == year.listed[start]
