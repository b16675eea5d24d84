"""The orders actor: approval to hold, hold to venue, facts to fills, end to release.

One approval becomes at most one order, one order is sent at most once, and its hold is let go
exactly once. The rules live beside: the table (lifecycle), the last look (recheck), the facts
(fold), the unknown (unknown), changes (amending). Retries are not here: a retry is a new intent
through the whole ladder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from actors.fees import learn, with_fees
from actors.ids import client_order_id
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.base import Message
from actors.messages.control import (
    CancelTimer,
    ConstraintViolated,
    EpochOpened,
    FeeTierRead,
    MaintenanceAnnounced,
    Note,
    PairRulesChanged,
    RunStarted,
    SetTimer,
    StopAsked,
    SwitchConsent,
    TimerFired,
)
from actors.messages.decision import Side
from actors.messages.execution import (
    AmendAnswered,
    CancelAnswered,
    ExecutionReport,
    Fill,
    NotSent,
    SafeStopAttempted,
    SubmitAnswered,
    TradeUnmatched,
    VenueEvidence,
)
from actors.messages.ledger import HoldPlaced, HoldRefused, HoldReleased, PortfolioState
from actors.messages.order import (
    AmendOrder,
    CancelOrder,
    DeadManSwitch,
    OrderState,
    OrderUpdate,
    PlaceHold,
    RetryDue,
    RetryPlanned,
    SubmitOrder,
)
from actors.messages.profile import ProfileInForce
from actors.messages.reconciliation import (
    BooksToReconcile,
    ReconciliationState,
    ReconciliationWanted,
    VenueSnapshot,
)
from actors.messages.risk import (
    AmendApproved,
    IntentApproved,
    IntentRefused,
    Refusal,
    TradingState,
    TradingStateChanged,
)
from actors.orders import amending, retries, switch
from actors.orders.answers import answered, cancel_answered
from actors.orders.fold import fold
from actors.orders.leaving import LEAVE, called_back_at_stop
from actors.orders.lifecycle import OrderEvent
from actors.orders.losses import called_back, observe
from actors.orders.recheck import Grounds, barred, recheck, refusal, spent
from actors.orders.reconciling import reconcile
from actors.orders.state import LossLimits, Order, OrdersConfig, OrdersState, Pace
from actors.orders.transitions import cancel, illegal, lifetime_timer, move, silence_timer
from actors.orders.unknown import never_left, open_epoch, silence, weigh
from actors.pair_rules import adopt, in_force


def initial_state(config: OrdersConfig) -> OrdersState:
    """A state without orders. AssertionError when a limit of `config` makes no sense."""
    assert config.deadline_ns > 0
    assert config.lifetime_ns > 0
    assert config.closed_kept > 0
    assert config.amend_interval_ns > 0
    return OrdersState()


class OrdersActor(Actor[OrdersConfig, OrdersState]):
    """Owns every order of the account; see the module for the rules."""

    __slots__ = ()
    name: ClassVar[str] = "orders"
    emits: ClassVar[tuple[type[Message], ...]] = (
        PlaceHold,
        SubmitOrder,
        AmendOrder,
        CancelOrder,
        OrderUpdate,
        IntentRefused,
        Fill,
        TradeUnmatched,
        HoldReleased,
        ConstraintViolated,
        BooksToReconcile,
        ReconciliationWanted,
        DeadManSwitch,
        RetryPlanned,
        RetryDue,
        SetTimer,
        CancelTimer,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = OrdersState

    def start_run(self, message: RunStarted, at: int) -> Effects:
        """A segment begins; intents are numbered from its start."""
        state = self.state
        if message.run_id != state.run_id:
            state.intent_no = -1
        state.account, state.run_id, state.stopping = message.account, message.run_id, False
        state.rules, state.fees = {}, {}  # the rules are as new as the run
        if message.epoch == state.epoch:
            return NOTHING
        found = open_epoch(self.config, state, message.epoch, "a run started", at)
        return [*found, *switch.take_over(self.config, at)]

    def resume(self, state: OrdersState) -> None:
        """What is in force is part of what was remembered."""
        super().resume(state)
        self._adopt()

    def _adopt(self) -> None:
        found = (each for each in (self.state.pace, self.state.limits) if each is not None)
        fields = {
            name: value for each in found for name, value in msgspec.structs.asdict(each).items()
        }
        self.config = msgspec.structs.replace(self.configured, **fields)

    def profile(self, message: ProfileInForce, at: int) -> Effects:
        """Amend at the new pace and judge losses by the new limits from here on."""
        del at
        self.state.pace = msgspec.json.decode(message.strategy, type=Pace)
        self.state.limits = msgspec.json.decode(message.risk, type=LossLimits)
        self._adopt()
        return called_back(self.config, self.state) if self.state.live else NOTHING

    def begin_epoch(self, message: EpochOpened, at: int) -> Effects:
        """A new leader writes."""
        found = open_epoch(self.config, self.state, message.epoch, message.reason, at)
        return [*found, *switch.take_over(self.config, at)]

    def approve(self, message: IntentApproved, at: int) -> Effects:
        """Look once more; then ask the ledger to hold the funds of a new order."""
        config, state, intent = self.config, self.state, message.intent
        grounds = recheck(config, state, message, at)
        if grounds is not None:
            return (refusal(intent, grounds),)
        state.intent_no = intent.intent_no
        state.order_no += 1
        cl_ord_id = client_order_id(state.account, state.run_id, state.epoch, state.order_no)
        known = in_force(config.instruments[intent.symbol], state.rules)
        instrument = with_fees(known, state.fees)
        quantity = instrument.canonical_quantity(message.quantity)
        order = Order(
            cl_ord_id,
            intent.intent_no,
            intent.symbol,
            intent.side,
            quantity,
            intent.limit_price,
            intent.decided_at,
            intent.decided_at + config.deadline_ns,
            reference_price=intent.reference_price,
            taker_fee=instrument.taker_fee if state.fees else None,
        )
        assert state.find(cl_ord_id) is None, "a client order id repeats"
        state.live[cl_ord_id] = order
        if intent.side is Side.BUY:
            hold = instrument.hold_of(quantity, intent.limit_price)
            return PlaceHold(cl_ord_id, instrument.quote, hold), order.update("")
        return PlaceHold(cl_ord_id, instrument.base, quantity), order.update("")

    def amend(self, message: AmendApproved, at: int) -> Effects:
        """Look once more; then change the order where it rests."""
        return amending.approve(self.config, self.state, message, at)

    def amend_answer(self, message: AmendAnswered, at: int) -> Effects:
        """What the venue said to an amendment."""
        return self._followed(amending.answered(self.config, self.state, message, at), at)

    def submit(self, message: HoldPlaced, at: int) -> Effects:
        """The funds are held: send, unless the trading state moved meanwhile."""
        config, state = self.config, self.state
        order = state.live.get(message.cl_ord_id)
        if order is None:
            return (HoldReleased(message.cl_ord_id), _orphan("HoldPlaced", message.cl_ord_id))
        if order.state is not OrderState.PENDING:
            return (illegal(order, OrderEvent.HELD),)
        grounds = barred(state, order.side) or spent(config, state, order.side)
        if grounds is not None:
            return self._withdraw(order, OrderEvent.WITHDRAWN, grounds)
        effects = move(config, state, order, OrderEvent.HELD)
        cl_ord_id = order.cl_ord_id
        submit = SubmitOrder(
            cl_ord_id,
            order.symbol,
            order.side,
            order.quantity,
            order.limit_price,
            order.decided_at,
            order.deadline,
            state.epoch,
            order.intent_no,
        )
        if order.side is Side.BUY:
            effects += switch.arm(config, state, at)
        effects += (submit, SetTimer(lifetime_timer(cl_ord_id), at + config.lifetime_ns))
        if not config.venue_in_graph:
            due = max(at, order.deadline) + config.silence_ns
            effects.append(SetTimer(silence_timer(cl_ord_id), due))
        return effects

    def forgo(self, message: HoldRefused, _at: int) -> Effects:
        """Free funds did not cover the order: it is never sent."""
        order = self.state.live.get(message.cl_ord_id)
        if order is None:
            return (_orphan("HoldRefused", message.cl_ord_id),)
        if order.state is not OrderState.PENDING:
            return (illegal(order, OrderEvent.HOLD_REFUSED),)
        order.held = False
        buys = order.side is Side.BUY
        reason = Refusal.INSUFFICIENT_CASH if buys else Refusal.NOT_HELD
        grounds = (reason, str(message.free), str(message.wanted))
        return self._withdraw(order, OrderEvent.HOLD_REFUSED, grounds)

    def _withdraw(self, order: Order, event: OrderEvent, grounds: Grounds) -> Effects:
        reason, value, threshold = grounds
        refused = IntentRefused(
            order.intent_no, order.symbol, order.side, reason, value, threshold, "orders"
        )
        return (*move(self.config, self.state, order, event, reason.value), refused)

    def report(self, message: ExecutionReport, at: int) -> Effects:
        """A fact from the venue."""
        return self._followed(fold(self.config, self.state, message, at), at)

    def answer(self, message: SubmitAnswered, at: int) -> Effects:
        """What the venue said to an order that was sent."""
        return self._followed(answered(self.config, self.state, message, at), at)

    def cancel_answer(self, message: CancelAnswered, at: int) -> Effects:
        """The venue knows no order to cancel."""
        return self._followed(cancel_answered(self.config, self.state, message, at), at)

    def lists(self, message: VenueSnapshot, at: int) -> Effects:
        """The venue's lists."""
        return self._followed(reconcile(self.config, self.state, message, at), at)

    def agreement(self, message: ReconciliationState, _at: int) -> Effects:
        """Whether the venue and we agree; entries wait until we do."""
        self.state.blocked = message.blocked
        return NOTHING

    def portfolio(self, message: PortfolioState, at: int) -> Effects:
        """What the account is worth: how much it lost is judged here as well as by risk."""
        observe(self.state.losses, message, at)
        return called_back(self.config, self.state) if self.state.live else NOTHING

    def evidence(self, message: VenueEvidence, at: int) -> Effects:
        """What the venue's lists prove."""
        return self._followed(weigh(self.config, self.state, message, at), at)

    def not_sent(self, message: NotSent, at: int) -> Effects:
        """The outbox's proof."""
        return self._followed(never_left(self.config, self.state, message, at), at)

    def maintenance(self, message: MaintenanceAnnounced, at: int) -> Effects:
        """The venue will be down."""
        return switch.announced(self.config, self.state, message, at)

    def fees(self, message: FeeTierRead, _at: int) -> Effects:
        """What the account pays from now on; a reading that failed tells nothing but why."""
        learn(self.state.fees, message)
        if not message.tiers:
            return (Note("warning", "fees.unreadable", (("reason", message.reason),)),)
        fields = tuple((each.symbol, f"{each.taker} {each.maker}") for each in message.tiers)
        return (Note("info", "fees.told", (("reason", message.reason), *fields)),)

    def pair_rules(self, message: PairRulesChanged, _at: int) -> Effects:
        """New orders keep to the new rules."""
        adopt(self.state.rules, self.config.instruments.get(message.symbol), message)
        return NOTHING

    def consent(self, message: SwitchConsent, at: int) -> Effects:
        """A person lets the switch cancel foreign orders, or no longer."""
        self.state.consent = message.given
        return switch.tend(self.config, self.state, at)

    def stop(self, message: StopAsked, at: int) -> Effects:
        """The service ends: call back what its settings name, and disarm when nothing rests."""
        state = self.state
        state.stopping = True
        return [
            *called_back_at_stop(state, message),
            *(() if message.cancels == LEAVE else switch.tend(self.config, state, at)),
        ]

    def _followed(self, effects: list[Message], at: int) -> list[Message]:
        """What an order's news mean for retries and for the switch."""
        if not effects:
            return effects
        config, state = self.config, self.state
        return [
            *effects,
            *retries.plan(config, state, effects, at),
            *switch.tend(config, state, at),
        ]

    def safe_stop(self, message: SafeStopAttempted, _at: int) -> Effects:
        """An attempt changes no order: only the venue's own word on the order does."""
        fields = (("cl_ord_id", message.cl_ord_id), ("outcome", message.outcome.value))
        return (Note("info", "order.safe_stop_attempted", fields),)

    def trading_state(self, message: TradingStateChanged, _at: int) -> Effects:
        """When new risk is no longer wanted, resting buys are called back; sells may go on."""
        state = self.state
        state.trading, state.kill_level = message.state, message.kill_level
        if message.state is TradingState.ACTIVE and message.kill_level == 0:
            return NOTHING
        return switch.called_back(state, message.reason)

    def timer(self, message: TimerFired, at: int) -> Effects:
        """An order's life is up (asked again each lifetime until it is over), or silence fell."""
        kind, _, cl_ord_id = message.name.partition(":")
        if kind == retries.RETRY:
            return retries.due(self.state, cl_ord_id)
        if kind == switch.SWITCH:
            return switch.renew(self.config, self.state, at)
        order = self.state.live.get(cl_ord_id)
        if order is None:
            return NOTHING
        if kind == "lifetime":
            again = SetTimer(message.name, message.due + self.config.lifetime_ns)
            return cancel(order, "lifetime"), again
        if kind == "amend":
            return amending.silent(self.config, self.state, order, at)
        if order.state is OrderState.SUBMITTED:
            reason = "no answer by its deadline"
            return silence(self.config, self.state, order, at, reason)
        return NOTHING

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        ExecutionReport: report,
        IntentApproved: approve,
        AmendApproved: amend,
        AmendAnswered: amend_answer,
        HoldPlaced: submit,
        HoldRefused: forgo,
        TradingStateChanged: trading_state,
        TimerFired: timer,
        ProfileInForce: profile,
        VenueEvidence: evidence,
        NotSent: not_sent,
        SubmitAnswered: answer,
        CancelAnswered: cancel_answer,
        VenueSnapshot: lists,
        ReconciliationState: agreement,
        PortfolioState: portfolio,
        MaintenanceAnnounced: maintenance,
        PairRulesChanged: pair_rules,
        SwitchConsent: consent,
        FeeTierRead: fees,
        StopAsked: stop,
        SafeStopAttempted: safe_stop,
        RunStarted: start_run,
        EpochOpened: begin_epoch,
    }


def _orphan(kind: str, cl_ord_id: str) -> Note:
    return Note("error", "order.answer_without_order", (("kind", kind), ("cl_ord_id", cl_ord_id)))
