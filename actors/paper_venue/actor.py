"""The paper venue: answers like a venue, later than the step that ordered, and never twice.

An order travels for the latency, is accepted, rejected or expired on arrival, takes what a known
book displays within its limit, and rests. What it may get is decided beside: by displayed books
(books) and by what traded (volumes). It knows nothing of funds: the ledger has held them before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from actors.instruments import Instrument
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.base import Message
from actors.messages.control import Note, PairRulesChanged, RunStarted, SetTimer, TimerFired
from actors.messages.execution import AmendAnswered, ExecKind, ExecutionReport
from actors.messages.market import BookSlice, CandleSlice, FeedStatus, TradeSlice
from actors.messages.order import AmendOrder, CancelOrder, SubmitOrder
from actors.money import is_sound
from actors.pair_rules import adopt
from actors.paper_venue.amending import AMEND, arrive
from actors.paper_venue.books import has_book, hit_resting, note_crossing, take_books, walk
from actors.paper_venue.modes import UNAVAILABLE, refusal, take_status, takes_cancels
from actors.paper_venue.reports import told
from actors.paper_venue.state import PaperVenueConfig, PaperVenueState, VenueOrderState
from actors.paper_venue.volumes import match_candles, match_trades


class PaperVenueActor(Actor[PaperVenueConfig, PaperVenueState]):
    """A venue of one account; see the module for what it answers and when."""

    __slots__ = ()
    name: ClassVar[str] = "paper_venue"
    emits: ClassVar[tuple[type[Message], ...]] = (
        ExecutionReport,
        AmendAnswered,
        SetTimer,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = PaperVenueState

    def submit(self, message: SubmitOrder, at: int) -> Effects:
        """Put the order on its way; the answer comes when it arrives."""
        state, cl_ord_id = self.state, message.cl_ord_id
        if cl_ord_id in state.orders:
            return (Note("error", "venue.order_repeated", (("cl_ord_id", cl_ord_id),)),)
        symbols = tuple(self.config.instruments)
        known = message.symbol in self.config.instruments
        state.orders[cl_ord_id] = VenueOrderState(
            cl_ord_id,
            message.symbol,
            symbols.index(message.symbol) if known else -1,
            message.side,
            message.quantity,
            message.limit_price,
            at,
            message.deadline,
        )
        return (SetTimer(f"arrive:{cl_ord_id}", at + self.config.latency_ns),)

    def amend(self, message: AmendOrder, at: int) -> Effects:
        """Put the change on its way; harmless when the order is over by then."""
        order = self.state.orders.get(message.cl_ord_id)
        if order is None:
            return NOTHING
        order.change = message
        return (SetTimer(f"{AMEND}:{message.cl_ord_id}", at + self.config.latency_ns),)

    def cancel(self, message: CancelOrder, at: int) -> Effects:
        """Put the cancel on its way; harmless when the order is over by then."""
        return (SetTimer(f"cancel:{message.cl_ord_id}", at + self.config.latency_ns),)

    def timer(self, message: TimerFired, _at: int) -> Effects:
        """An order, a change or a cancel arrives."""
        kind, _, cl_ord_id = message.name.partition(":")
        order = self.state.orders.get(cl_ord_id)
        if order is None:
            return NOTHING
        if kind == "arrive":
            return self._arrive(order, message.due)
        if kind == AMEND:
            return arrive(self.config, self.state, order, message.due)
        if not takes_cancels(self.state, order.symbol):
            fields = (("cl_ord_id", cl_ord_id), ("words", UNAVAILABLE))
            return (Note("warning", "venue.cancel_refused", fields),)
        del self.state.orders[cl_ord_id]
        return (told(order, ExecKind.CANCELLED, message.due, "cancelled as asked"),)

    def _arrive(self, order: VenueOrderState, ts: int) -> Effects:
        config, state = self.config, self.state
        if ts > order.deadline:
            del state.orders[order.cl_ord_id]
            return (told(order, ExecKind.EXPIRED, ts, "arrived after its deadline"),)
        fault = refusal(state, order.symbol, order.side)
        known = order.symbol in config.instruments
        rules = state.rules_of(config, order.symbol) if known else None
        if fault := fault or _fault(rules, order):
            del state.orders[order.cl_ord_id]
            return (told(order, ExecKind.REJECTED, ts, fault),)
        order.accepted_at = ts
        accepted = told(order, ExecKind.ACCEPTED, ts)
        if not has_book(state, order.index):
            return (accepted,)
        # Where a book is known the order takes from it; only candles make it wait for an open.
        order.awaits_open = False
        reports = walk(config, state, order, arrives=True, ts=ts)
        # Something is left within the limit only of a crossed book, which matches nothing.
        note_crossing(config, state, order)
        return (accepted, *reports)

    def books(self, message: BookSlice, _at: int) -> Effects:
        """Newer books: resting orders may be hit."""
        take_books(self.config, self.state, message)
        if not self.state.orders:
            return NOTHING
        return hit_resting(self.config, self.state, message)

    def trades(self, message: TradeSlice, _at: int) -> Effects:
        """Trades: resting orders may have been traded through."""
        if not self.state.orders:
            return NOTHING
        return match_trades(self.config, self.state, message)

    def candles(self, message: CandleSlice, _at: int) -> Effects:
        """Candles: waiting orders take at the open, resting ones are traded through."""
        if message.warm_up or not self.state.orders:
            return NOTHING
        return match_candles(self.config, self.state, message)

    def status(self, message: FeedStatus, _at: int) -> Effects:
        """The venue, or a pair, is in another mode."""
        take_status(self.config, self.state, message)
        return NOTHING

    def begin_run(self, message: RunStarted, _at: int) -> Effects:
        """A run brings the rules that it begins with."""
        del message
        self.state.rules = {}
        return NOTHING

    def pair_rules(self, message: PairRulesChanged, _at: int) -> Effects:
        """Orders that arrive from now on are measured by the new rules; resting ones stay."""
        adopt(self.state.rules, self.config.instruments.get(message.symbol), message)
        return NOTHING

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        CandleSlice: candles,
        BookSlice: books,
        TradeSlice: trades,
        FeedStatus: status,
        RunStarted: begin_run,
        PairRulesChanged: pair_rules,
        SubmitOrder: submit,
        AmendOrder: amend,
        CancelOrder: cancel,
        TimerFired: timer,
    }


def _fault(instrument: Instrument | None, order: VenueOrderState) -> str:
    """Why the venue would not take the order; empty when it would."""
    quantity, price = order.remaining, order.limit_price
    if instrument is None:
        return "unknown symbol"
    if not (is_sound(quantity) and instrument.is_on_lot(quantity)):
        return "the quantity is not a multiple of the lot"
    if not (is_sound(price) and instrument.is_on_tick(price)):
        return "the price is not a multiple of the tick"
    if not instrument.meets_minimum(quantity, price):
        return "below the minimum size"
    return ""
