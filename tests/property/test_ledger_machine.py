"""Any interleaving of what orders, venue and people do leaves books that a plain model agrees with.

The model is written apart: dictionaries of what was told, added up without accounts or lots.
"""

from __future__ import annotations

import decimal
from collections import defaultdict
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from actors.kernel.actor import Effects
from actors.ledger.actor import LedgerActor
from actors.ledger.balance import faults_of
from actors.ledger.chain import hash_of
from actors.ledger.state import LedgerConfig, initial_state
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, Correction, Deposit, LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import Fill, Liquidity
from actors.messages.ledger import (
    HoldPlaced,
    HoldReleased,
    LotConsumed,
    LotOpened,
    TradeClosed,
    Transfer,
    TransfersPosted,
)
from actors.messages.order import PlaceHold
from actors.money import EXACT
from tests.books import INSTRUMENTS

SYMBOL = "XBT/USD"
CENT, SATOSHI = Decimal("0.01"), Decimal("0.00000001")
OURS = ("available", "held", "staked", "transit", "suspense")
cents = st.integers(1, 500_000).map(lambda n: n * CENT)
satoshis = st.integers(1, 30_000_000).map(lambda n: n * SATOSHI)


class LedgerMachine(RuleBasedStateMachine):
    """One ledger; `orders` are live ones as (side, rest, limit), `money` is what the venue has."""

    def __init__(self) -> None:
        super().__init__()
        self.config = LedgerConfig(INSTRUMENTS)
        self.ledger = LedgerActor(self.config, initial_state(self.config))
        self.rows: list[Transfer] = []
        self.sent: list[Message] = []
        self.money: dict[str, Decimal] = defaultdict(Decimal)
        self.staked: dict[str, Decimal] = defaultdict(Decimal)
        self.orders: dict[str, list[Decimal]] = {}
        self.sides: dict[str, Side] = {}
        self.said: list[Message] = []
        self.count = 0
        self.short = False

    def send(self, message: Message) -> Effects:
        self.count += 1
        with decimal.localcontext(EXACT):
            effects = list(self.ledger.rules[type(message)](self.ledger, message, self.count))
        self.sent += effects
        self.kept(effects)
        for each in effects:
            if isinstance(each, TransfersPosted):
                self.rows += each.transfers
            self.short |= isinstance(each, ConstraintViolated)
        return effects

    def kept(self, effects: list[Message]) -> None:
        """What a store would do with the records of one input."""

    def fact(self, message: Message) -> None:
        self.said.append(message)
        self.send(message)

    @initialize(amount=cents)
    def open(self, amount: Decimal) -> None:
        self.fact(Deposit("USD", amount * 10, "opening", 1))
        self.money["USD"] += amount * 10

    @rule(asset=st.sampled_from(["USD", "XBT"]), part=satoshis, amount=cents)
    def deposit(self, asset: str, part: Decimal, amount: Decimal) -> None:
        told = amount if asset == "USD" else part
        self.fact(LedgerEntry(f"d{self.count}", "deposit", asset, told, Decimal(0), 1))
        self.money[asset] += told

    @rule(asset=st.sampled_from(["USD", "XBT"]), share=st.integers(1, 110), fee=cents)
    def withdraw(self, asset: str, share: int, fee: Decimal) -> None:
        step = CENT if asset == "USD" else SATOSHI
        told = (self.money[asset] * share / 100).quantize(step, decimal.ROUND_UP)
        charged = fee if asset == "USD" else SATOSHI
        if told > 0:
            self.fact(LedgerEntry(f"w{self.count}", "withdrawal", asset, -told, charged, 1))
            self.money[asset] -= told + charged

    @rule(
        kind=st.sampled_from(["reward", "adjustment", "dust", "rounding"]),
        asset=st.sampled_from(["USD", "XBT", "XBT.S"]),
        units=st.integers(-50, 50).filter(bool),
    )
    def entry(self, kind: str, asset: str, units: int) -> None:
        told = units * (CENT if asset == "USD" else SATOSHI)
        told = abs(told) if kind == "reward" or asset == "XBT.S" else told
        self.fact(LedgerEntry(f"e{self.count}", kind, asset, told, Decimal(0), 1))
        (self.staked if asset == "XBT.S" else self.money)[asset[:3]] += told

    @rule(share=st.integers(1, 100), back=st.booleans())
    def stake(self, share: int, back: bool) -> None:
        free = self.ledger.state.balance(f"{'staked' if back else 'available'}:XBT")
        told = (free * share / 100).quantize(SATOSHI, decimal.ROUND_DOWN)
        if told > 0:
            refid, sign = f"s{self.count}", -1 if back else 1
            self.fact(LedgerEntry(refid, "staking", "XBT", -sign * told, Decimal(0), 1))
            self.fact(LedgerEntry(refid, "staking", "XBT.S", sign * told, Decimal(0), 1))
            self.money["XBT"] -= sign * told
            self.staked["XBT"] += sign * told

    @rule(side=st.sampled_from(Side), share=st.integers(1, 120))
    def order(self, side: Side, share: int) -> None:
        asset, step = ("USD", CENT) if side is Side.BUY else ("XBT", SATOSHI)
        free = self.ledger.state.balance(f"available:{asset}")
        wanted = (free * share / 100).quantize(step, decimal.ROUND_UP)
        name = f"o{self.count}"
        placed = any(isinstance(e, HoldPlaced) for e in self.send(PlaceHold(name, asset, wanted)))
        assert placed == (0 < wanted <= free)
        if placed:
            self.orders[name], self.sides[name] = [wanted], side

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), share=st.integers(1, 100), price=cents, in_base=st.booleans())
    def fill(self, data: st.DataObject, share: int, price: Decimal, in_base: bool) -> None:
        """A part of an order or all of it, at any price that its hold covers."""
        name = data.draw(st.sampled_from(sorted(self.orders)))
        (rest,), side = self.orders[name], self.sides[name]
        fee, fee_asset = (SATOSHI, "XBT") if in_base and side is Side.BUY else (CENT, "USD")
        spent = (rest * share / 100).quantize(CENT if side is Side.BUY else SATOSHI, "ROUND_DOWN")
        cost, quantity = (spent, price / 1000) if side is Side.BUY else (price, spent)
        quantity = quantity.quantize(SATOSHI)
        left = rest - spent - (fee if (side, fee_asset) == (Side.BUY, "USD") else 0)
        if left < 0 or cost <= 0 or quantity <= fee:
            return
        self.orders[name][0] = left
        self.fact(
            Fill(name, f"x{self.count}", SYMBOL, side, quantity, Decimal(1), cost, fee, fee_asset,
                 Liquidity.TAKER, self.count, left, Decimal(0))
        )  # fmt: skip
        sign = 1 if side is Side.BUY else -1
        self.money["XBT"] += sign * quantity
        self.money["USD"] -= sign * cost
        self.money[fee_asset] -= fee

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.orders)))
        del self.orders[name]
        self.send(HoldReleased(name))

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Whatever is told again books nothing new of ours."""
        told = data.draw(st.sampled_from(self.said))
        if not (isinstance(told, Fill) and told.cl_ord_id in self.orders):
            before = len(self.rows)
            self.send(told)
            assert len(self.rows) == before

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows))
        kinds = [name.partition(":")[0] for name in (row.debit, row.credit)]
        sent = self.send(
            Correction(row.transfer_no, kinds[0], kinds[1], row.asset, row.amount, "ann", "wrong")
        )
        if any(isinstance(each, TransfersPosted) for each in sent):
            ours = next(kind for kind in kinds if kind in ("available", "staked"))
            place = self.staked if ours == "staked" else self.money
            place[row.asset] += row.amount if kinds[0] == ours else -row.amount

    @invariant()
    def balanced(self) -> None:
        assert faults_of(self.ledger.state) == ()

    @invariant()
    def money_is_the_venues(self) -> None:
        balance = self.ledger.state.balance
        for asset in ("USD", "XBT"):
            ours = sum(balance(f"{kind}:{asset}") for kind in OURS)
            assert ours == self.money[asset] + self.staked[asset]

    @invariant()
    def holds_are_the_open_rests(self) -> None:
        if not self.short:
            held = {name: hold.amount for name, hold in self.ledger.state.holds.items()}
            assert held == {name: rest for name, (rest,) in self.orders.items()}

    @invariant()
    def positions_are_what_came_and_went(self) -> None:
        position = self.ledger.state.positions.get(SYMBOL)
        held = Decimal(0) if position is None else position.quantity
        assert held == max(Decimal(0), self.money["XBT"] + self.staked["XBT"])

    @invariant()
    def rows_are_chained_and_add_up(self) -> None:
        head, sums = "", defaultdict[str, Decimal](Decimal)
        for number, row in enumerate(self.rows, 1):
            assert (row.transfer_no, row.previous, row.hash) == (number, head, hash_of(row))
            head = row.hash
            sums[row.debit] -= row.amount
            sums[row.credit] += row.amount
        assert sums == {name: each.balance for name, each in self.ledger.state.accounts.items()}

    @invariant()
    def lots_are_the_positions_and_realise_what_trades_do(self) -> None:
        rest: dict[int, list[Decimal]] = {}
        realised: dict[str, Decimal] = {}
        for each in self.sent:
            if isinstance(each, LotOpened):
                rest[each.number] = [each.quantity, each.cost]
            elif isinstance(each, LotConsumed):
                lot = rest[each.number]
                lot[0] -= each.quantity
                lot[1] -= each.cost
                assert lot[0] == each.remaining >= 0
                if each.cause == "sale":
                    realised[each.source] = realised.get(each.source, 0) + each.realised
            elif isinstance(each, TradeClosed):
                source = f"fill:{each.cl_ord_id}:{each.exec_id}"
                assert realised.get(source, each.realised) == each.realised
        position = self.ledger.state.positions.get(SYMBOL)
        lots = [] if position is None else position.lots
        assert [[e.quantity, e.cost] for e in lots] == [each for each in rest.values() if each[0]]


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
