"""The risk actor: every intent through the ladder, and the trading state announced when it moves.

Rules are in `rules` and `ladder`, limits in `profile`, causes of a halt in `standing`, claims of
open orders in `reservations`. An approval is counted at its worst from the moment it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from actors.currencies import is_rate, learn_rate
from actors.fees import learn
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.base import Message
from actors.messages.control import (
    ActorRestarted,
    ConstraintViolated,
    FeeTierRead,
    KillSwitch,
    Note,
    PairRulesChanged,
    Reactivate,
    RunStarted,
)
from actors.messages.decision import AmendIntent, OrderIntent, Side
from actors.messages.feature import FeatureSlice
from actors.messages.ledger import HoldPlaced, PortfolioHour, PortfolioState, TradeClosed
from actors.messages.market import CurrencyRate, MarkSlice
from actors.messages.order import OrderUpdate
from actors.messages.prediction import P_UP, PredictionSlice
from actors.messages.profile import ProfileInForce
from actors.messages.reconciliation import ReconciliationState
from actors.messages.risk import (
    AmendApproved,
    ClusterHour,
    ClustersComputed,
    IntentApproved,
    IntentRefused,
    Refusal,
    RiskHour,
    RiskLimits,
    TradingState,
    TradingStateChanged,
)
from actors.pair_rules import adopt
from actors.risk import amending
from actors.risk.admission import admission_of, limits_of
from actors.risk.clusters import map_of
from actors.risk.hours import hours_of
from actors.risk.ladder import first_refusal
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.reservations import (
    OVER,
    Reservation,
    drop,
    follow,
    note,
    position_of,
    settle,
    unanswered,
)
from actors.risk.sizing import sized, sizing_of
from actors.risk.state import RiskState, count_entry
from actors.risk.view import sound_portfolio, view_of

GATE = "risk"
LIVE = "LIVE"
BACKTEST = "BACKTEST"


class RiskActor(Actor[RiskConfig, RiskState]):
    """The one gate between what the strategy wants and what orders may do."""

    name: ClassVar[str] = "risk"
    emits: ClassVar[tuple[type[Message], ...]] = (
        IntentApproved,
        AmendApproved,
        IntentRefused,
        RiskLimits,
        TradingStateChanged,
        RiskHour,
        ClusterHour,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = RiskState

    def on_run_started(self, message: RunStarted, at: int) -> Effects:
        """The run's symbols must be the instruments; the limits and the state are announced."""
        del at
        assert message.symbols == tuple(each.symbol for each in self.config.instruments)
        state = self.state
        state.rules, state.fees = {}, {}  # the rules are as new as the run
        if state.clusters is not None and not state.clusters.is_of(message.symbols):
            state.clusters = None  # an older segment's symbols were others
        state.bundle_id = active_bundle(message)
        # An older version's snapshot does not say what its reservations wait for.
        for key, _ in sorted(state.reservations.items(), key=lambda each: each[1].filled_at):
            note(state.reservations, state.waiting, key)
        return limits_of(self.config.profile), self._standing_now()

    def resume(self, state: RiskState) -> None:
        """The profile in force is part of what was remembered."""
        super().resume(state)
        self._adopt()

    def _adopt(self) -> None:
        profile = self.state.profile or self.configured.profile
        self.config = msgspec.structs.replace(self.configured, profile=profile)

    def on_profile(self, message: ProfileInForce, at: int) -> Effects:
        """Judge by the new limits from here on, and state them; what stands is kept."""
        del at
        before = self.config.profile
        self.state.profile = msgspec.json.decode(message.risk, type=RiskProfile)
        self._adopt()
        return NOTHING if self.config.profile == before else (limits_of(self.config.profile),)

    def on_intent(self, intent: OrderIntent, at: int) -> Effects:
        """The ladder; an approval is reserved at once."""
        state = self.state
        view = view_of(self.config, state, intent.symbol, intent.side, at)
        refusal = first_refusal(intent, view)
        state.last_intent_no = max(state.last_intent_no, intent.intent_no)
        if refusal is not None:
            return (_refused(intent, refusal),)
        if intent.side is Side.BUY:
            count_entry(state.entries_at, at)
        quantity = sized(intent, view)
        key = str(intent.intent_no)
        state.reservations[key] = Reservation(
            intent_no=intent.intent_no,
            symbol=intent.symbol,
            side=intent.side,
            quantity=quantity,
            limit_price=intent.limit_price,
            approved_at=at,
        )
        note(state.reservations, state.waiting, key)
        admission = admission_of(view, state.portfolio, intent.side)
        return (IntentApproved(intent, quantity, admission, sizing_of(intent, view)),)

    def on_amend(self, message: AmendIntent, at: int) -> Effects:
        """The ladder of changes; nothing is reserved, for nothing more is claimed."""
        state, intent = self.state, message.intent
        view, refusal = amending.judge(self.config, state, message, at)
        state.last_intent_no = max(state.last_intent_no, intent.intent_no)
        if refusal is not None:
            return (_refused(intent, refusal),)
        admission = admission_of(view, state.portfolio, intent.side)
        return (AmendApproved(message.cl_ord_id, intent, intent.quantity, admission),)

    def on_marks(self, message: MarkSlice, at: int) -> Effects:
        """Keep the marks; those of a warm-up are history and price nothing."""
        if not message.warm_up:
            self.state.marks, self.state.flags = message.rows, message.flags
            self.state.marked_at = at
        return NOTHING

    def on_rate(self, message: CurrencyRate, at: int) -> Effects:
        """Keep the rate of a named pair; what is none is told here, for all actors."""
        if learn_rate(self.state.exchange_rates, message, at) or is_rate(message):
            return NOTHING
        told = tuple((name, str(getattr(message, name))) for name in message.__struct_fields__)
        return (Note("warning", "risk.currency_rate_refused", told),)

    def on_features(self, message: FeatureSlice, at: int) -> Effects:
        """Keep what every symbol moved by; a warm-up tells it as well as any bar."""
        del at
        self.state.volatility = message.rows[:, self.config.volatility_column].copy()
        self.state.volatility_at = message.close_ts
        return NOTHING

    def on_predictions(self, message: PredictionSlice, at: int) -> Effects:
        """Keep who predicted, of when, and how likely a rise is."""
        del at
        state = self.state
        state.predicted_by, state.predicted_at = message.bundle_id, message.close_ts
        state.odds = message.rows[:, P_UP].copy()
        return NOTHING

    def on_portfolio(self, message: PortfolioState, at: int) -> Effects:
        """Keep the portfolio, settle what it shows, and close entries at the boundaries of loss."""
        state, profile, before = self.state, self.config.profile, self._key()
        state.portfolio = message
        state.standing.observe_drawdown(message.drawdown, profile)
        state.standing.observe_day(message.drawdown, at, profile)
        floor = profile.capital_floor_amount
        state.standing.floored = floor > 0 and not _exceeds(message, floor)
        notes = NOTHING
        if state.reservations:
            settle(state.reservations, state.waiting, message, at)
            notes = self._forget_unanswered(at)
        return (*notes, *self._announce(before))

    def on_hour(self, message: PortfolioHour, at: int) -> Effects:
        """A full hour: record what risk stands at."""
        return tuple(hours_of(self.config, self.state, message, at))

    def on_hold(self, message: HoldPlaced, at: int) -> Effects:
        """The ledger holds an order's funds; portfolios from now on show it."""
        del at
        state = self.state
        for key, each in state.reservations.items():
            if each.cl_ord_id == message.cl_ord_id:
                each.held = True
                note(state.reservations, state.waiting, key)
                break
        return NOTHING

    def on_order(self, message: OrderUpdate, at: int) -> Effects:
        """Follow an order; one we never approved (an older segment's) claims what it names."""
        state, key = self.state, str(message.intent_no)
        found = state.reservations.get(key)
        if found is None:
            known = self.config.index_of(message.symbol) >= 0
            if not known or (message.state in OVER and message.filled == 0):
                return NOTHING
            found = Reservation(
                intent_no=message.intent_no,
                symbol=message.symbol,
                side=message.side,
                quantity=message.quantity,
                limit_price=message.limit_price,
                approved_at=at,
            )
            state.reservations[key] = found
        follow(found, message, position_of(state.portfolio, message.symbol), at)
        note(state.reservations, state.waiting, key)
        return NOTHING

    def on_trade_closed(self, message: TradeClosed, at: int) -> Effects:
        """A symbol that lost rests, from the last of its losses."""
        if message.realised < 0 and self.config.index_of(message.symbol) >= 0:
            self.state.lost_at[message.symbol] = at
        return NOTHING

    def on_refused_later(self, message: IntentRefused, at: int) -> Effects:
        """The orders actor refused what was approved here: the claim ends."""
        del at
        if message.gate != GATE:
            drop(self.state.reservations, self.state.waiting, str(message.intent_no))
        return NOTHING

    def on_kill(self, message: KillSwitch, at: int) -> Effects:
        """An operator sets the kill level."""
        del at
        before = self._key()
        self.state.standing.kill(message.level, f"{message.reason} ({message.actor})")
        return self._announce(before)

    def on_reactivate(self, message: Reactivate, at: int) -> Effects:
        """A person lifts halts; the kill level is lifted by its own command.

        Refused while the venue and our books differ: the difference is told, and the halt stays.
        """
        del message, at
        if self.state.differs:
            standing = self.state.standing
            told = f"{standing.reason}; not resumed: {self.state.blocked}"
            note = Note("error", "risk.resume_refused", (("difference", self.state.blocked),))
            return note, TradingStateChanged(standing.state, standing.kill_level, told)
        before = self._key()
        self.state.standing.reactivate(self.config.profile)
        return self._announce(before)

    def on_constraint(self, message: ConstraintViolated, at: int) -> Effects:
        """An invariant broke or a fact cannot be explained: Halted until a person reactivates."""
        del at
        before = self._key()
        self.state.standing.halt(_broken(message))
        return self._announce(before)

    def on_reconciliation(self, message: ReconciliationState, at: int) -> Effects:
        """Whether the venue and we agree."""
        del at
        self.state.blocked, self.state.differs = message.blocked, message.differs
        return NOTHING

    def on_fees(self, message: FeeTierRead, at: int) -> Effects:
        """What the account pays from now on; approvals and holds before it stand as they were."""
        del at
        learn(self.state.fees, message)
        return NOTHING

    def on_rules(self, message: PairRulesChanged, at: int) -> Effects:
        """Intents are measured by the new rules; that they came is told here, for all actors."""
        del at
        config = self.config
        index = config.index_of(message.symbol)
        known = config.instruments[index] if index >= 0 else None
        taken = adopt(self.state.rules, known, message)
        fields = tuple((name, str(getattr(message, name))) for name in message.__struct_fields__)
        event = "risk.pair_rules_changed" if taken else "risk.pair_rules_refused"
        return (Note("warning", event, fields),)

    def on_clusters(self, message: ClustersComputed, at: int) -> Effects:
        """A newer map of what is one risk; what is none of the run's symbols is refused."""
        del at
        state = self.state
        found = map_of(message, (each.symbol for each in self.config.instruments))
        if found is None or (state.clusters is not None and found.as_of < state.clusters.as_of):
            told = (("version", message.version), ("as_of", str(message.as_of)))
            return (Note("error", "risk.clusters_refused", told),)
        state.clusters = found
        return NOTHING

    def on_restart(self, message: ActorRestarted, at: int) -> Effects:
        """An actor lost a message: no entries until the hold-off is over."""
        del message
        until = at + self.config.profile.restart_hold_off_ns
        self.state.blocked_until = max(self.state.blocked_until, until)
        return NOTHING

    def _forget_unanswered(self, at: int) -> Effects:
        """An approval that orders never answered was refused there; its claim ends after grace."""
        state, oldest = self.state, at - self.config.profile.approval_grace_ns
        lost = unanswered(state.reservations, state.waiting, oldest)
        for key in lost:
            drop(state.reservations, state.waiting, key)
        return [Note("warning", "risk.approval_unanswered", (("intent_no", key),)) for key in lost]

    def _key(self) -> tuple[TradingState, int]:
        return self.state.standing.state, self.state.standing.kill_level

    def _announce(self, before: tuple[TradingState, int]) -> Effects:
        return NOTHING if self._key() == before else (self._standing_now(),)

    def _standing_now(self) -> TradingStateChanged:
        standing = self.state.standing
        return TradingStateChanged(standing.state, standing.kill_level, standing.reason)

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        OrderIntent: on_intent,
        AmendIntent: on_amend,
        MarkSlice: on_marks,
        CurrencyRate: on_rate,
        FeatureSlice: on_features,
        PredictionSlice: on_predictions,
        PortfolioState: on_portfolio,
        PortfolioHour: on_hour,
        HoldPlaced: on_hold,
        OrderUpdate: on_order,
        TradeClosed: on_trade_closed,
        IntentRefused: on_refused_later,
        KillSwitch: on_kill,
        Reactivate: on_reactivate,
        ConstraintViolated: on_constraint,
        ActorRestarted: on_restart,
        ReconciliationState: on_reconciliation,
        RunStarted: on_run_started,
        FeeTierRead: on_fees,
        PairRulesChanged: on_rules,
        ProfileInForce: on_profile,
        ClustersComputed: on_clusters,
    }


def active_bundle(message: RunStarted) -> str:
    """The run's model, if it may be traded by in the run's mode; a backtest asks nobody."""
    model, mode = message.model, message.mode.upper()
    if model is None or model.bundle_id != message.bundle_id:
        return ""
    if mode == LIVE:
        return model.bundle_id if model.activation == LIVE else ""
    return model.bundle_id if model.activation or mode == BACKTEST else ""


def _exceeds(portfolio: PortfolioState, floor: int) -> bool:
    """Whether the equity is known, and above the capital floor."""
    sound = sound_portfolio(portfolio)
    return sound is not None and sound.equity > floor


def _refused(intent: OrderIntent, refusal: tuple[Refusal, str, str]) -> IntentRefused:
    reason, value, threshold = refusal
    return IntentRefused(
        intent.intent_no, intent.symbol, intent.side, reason, value, threshold, GATE
    )


def _broken(message: ConstraintViolated) -> str:
    """What broke, in words: a constraint names its input, a fact says itself what is wrong."""
    if message.seq == 0 and message.detail:
        return f"{message.name}: {message.detail}"
    where = f"constraint {message.name} at input {message.seq}"
    return f"{where}, {message.detail}" if message.detail else where
