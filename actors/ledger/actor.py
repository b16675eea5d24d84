"""The ledger actor: every amount that moves, once, in double entry.

Theory of operation. A transfer is one row between two accounts of one asset, so books balance by
construction; linked rows leave as one record. Funds flow external -> available (deposit), available
-> held (hold), held -> market and held -> fees (a buy), market -> available (what it bought, or the
proceeds of a sale), held -> available (release). Our decisions can only hold what is free. A fact
of the venue is booked whatever it says: what our accounts cannot pay comes from suspense, what no
order explains is booked against suspense; both are noted as errors and halt the account. Lots are
first in, first out, with the buy fee in their cost, so realised profit is net of both fees and
cash = deposits + realised - cost of open lots, exactly, in each currency by itself.

The rules lie beside: transfers, funds, entries, fills, strays, reconciling, lots, cash, valuation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from actors.fees import learn
from actors.instant import HOUR_NS, ceil_to
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.ledger.cash import concerns, holdings, take_rate, worth
from actors.ledger.entries import book_entry, correct
from actors.ledger.fills import book_fill
from actors.ledger.funds import deposit, place_hold, release_hold
from actors.ledger.reconciling import reconcile
from actors.ledger.state import LedgerConfig, LedgerState, MarkLimits
from actors.ledger.strays import accept, book_unmatched
from actors.ledger.valuation import add_units, equity, portfolio, revalue, take_marks
from actors.messages.base import Message
from actors.messages.control import (
    ConstraintViolated,
    Correction,
    Deposit,
    FeeTierRead,
    LedgerEntry,
    Note,
    Reactivate,
    RunStarted,
    SetTimer,
    TimerFired,
)
from actors.messages.execution import Fill, TradeUnexplained, TradeUnmatched
from actors.messages.ledger import (
    EntryBooked,
    HoldPlaced,
    HoldRefused,
    HoldReleased,
    LotConsumed,
    LotOpened,
    PortfolioHour,
    PortfolioState,
    TradeClosed,
    TransfersPosted,
)
from actors.messages.market import CurrencyRate, MarkSlice
from actors.messages.order import PlaceHold
from actors.messages.profile import ProfileInForce
from actors.messages.reconciliation import (
    BooksToReconcile,
    ReconciliationEnded,
    ReconciliationState,
)

HOUR_TIMER = "hour"


class LedgerActor(Actor[LedgerConfig, LedgerState]):
    """Owns the books of one account; see the module for the flow of funds."""

    __slots__ = ()
    name: ClassVar[str] = "ledger"
    emits: ClassVar[tuple[type[Message], ...]] = (
        HoldPlaced,
        HoldRefused,
        TransfersPosted,
        PortfolioState,
        PortfolioHour,
        TradeClosed,
        LotOpened,
        LotConsumed,
        EntryBooked,
        TradeUnexplained,
        ReconciliationEnded,
        ConstraintViolated,
        SetTimer,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = LedgerState

    def start_run(self, message: RunStarted, at: int) -> Effects:
        """A segment begins: arm the hour anew, and show what the account already has."""
        assert message.symbols == tuple(self.config.instruments), "the run has other symbols"
        self.state.hour_due, self.state.rates = 0, {}
        return (portfolio(self.config, self.state, at),) if self.state.accounts else NOTHING

    def resume(self, state: LedgerState) -> None:
        """What is in force of old bids is part of what was remembered."""
        super().resume(state)
        self._adopt()

    def _adopt(self) -> None:
        found = self.state.mark_limits
        fields = {} if found is None else msgspec.structs.asdict(found)
        self.config = msgspec.structs.replace(self.configured, **fields)

    def profile(self, message: ProfileInForce, at: int) -> Effects:
        """Judge old bids by the new limits from here on."""
        before = self.config
        self.state.mark_limits = msgspec.json.decode(message.risk, type=MarkLimits)
        self._adopt()
        if self.config == before or not self.state.positions:
            return NOTHING
        revalue(self.config, self.state, at, anew=True)
        return (portfolio(self.config, self.state, at),)

    def tiers(self, message: FeeTierRead, _at: int) -> Effects:
        """What fills should be charged from now on."""
        learn(self.state.rates, message)
        return NOTHING

    def deposit(self, message: Deposit, at: int) -> Effects:
        """Funds from outside."""
        return deposit(self.config, self.state, message, at)

    def entry(self, message: LedgerEntry, at: int) -> Effects:
        """What the venue's own ledger tells besides trades."""
        return book_entry(self.config, self.state, message, at)

    def correction(self, message: Correction, at: int) -> Effects:
        """A transfer that is reversed by a new one."""
        return correct(self.config, self.state, message, at)

    def place_hold(self, message: PlaceHold, at: int) -> Effects:
        """Set funds aside for an order."""
        return place_hold(self.config, self.state, message, at)

    def release_hold(self, message: HoldReleased, at: int) -> Effects:
        """Set what is left of a hold free."""
        return release_hold(self.config, self.state, message.cl_ord_id, at)

    def fill(self, message: Fill, at: int) -> Effects:
        """A fact of the venue."""
        return book_fill(self.config, self.state, message, at)

    def unmatched(self, message: TradeUnmatched, at: int) -> Effects:
        """A fact of the venue that no order explains."""
        return book_unmatched(self.config, self.state, message, at)

    def agree(self, message: BooksToReconcile, at: int) -> Effects:
        """What lies at the venue."""
        return reconcile(self.config, self.state, message, at)

    def reactivate(self, message: Reactivate, at: int) -> Effects:
        """A person accepts what suspense shows of unexplained trades; not while books and venue
        differ, when nobody resumes.
        """
        return NOTHING if self.state.differs else accept(self.state, message, at)

    def agreement(self, message: ReconciliationState, _at: int) -> Effects:
        """Whether a difference is confirmed."""
        self.state.differs = message.differs
        return NOTHING

    def mark(self, message: MarkSlice, at: int) -> Effects:
        """New prices: without positions nothing has changed, so nothing is said."""
        state = self.state
        take_marks(state, message)
        effects: list[Message] = []
        if state.positions:
            revalue(self.config, state, at)
            effects.append(portfolio(self.config, state, at))
        if state.hour_due == 0 and not message.warm_up:
            state.hour_due = ceil_to(at + 1, HOUR_NS)
            effects.append(SetTimer(HOUR_TIMER, state.hour_due))
        return effects

    def rate(self, message: CurrencyRate, at: int) -> Effects:
        """Another worth of what is not of the reporting currency; a first one brings units in."""
        config, state = self.config, self.state
        if not concerns(config, message):
            return NOTHING
        before = equity(config, state)
        known = take_rate(config, state, message, at)
        if known:
            add_units(state, before, worth(config, state, known, holdings(config, state, known)))
        return (portfolio(config, state, at),) if state.accounts else NOTHING

    def hour(self, message: TimerFired, at: int) -> Effects:
        """A full hour: record the portfolio, and arm the next one."""
        state = self.state
        state.hour_due = message.due + HOUR_NS
        return (
            PortfolioHour(message.due, portfolio(self.config, state, at)),
            SetTimer(HOUR_TIMER, state.hour_due),
        )

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        MarkSlice: mark,
        CurrencyRate: rate,
        PlaceHold: place_hold,
        Fill: fill,
        HoldReleased: release_hold,
        TimerFired: hour,
        Deposit: deposit,
        LedgerEntry: entry,
        Correction: correction,
        RunStarted: start_run,
        FeeTierRead: tiers,
        TradeUnmatched: unmatched,
        Reactivate: reactivate,
        BooksToReconcile: agree,
        ReconciliationState: agreement,
        ProfileInForce: profile,
    }
