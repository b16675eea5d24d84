"""The strategy actor: keeps the last facts, evaluates at predictions and heartbeats, sends intents.

One evaluation gives one VerdictSlice for all symbols, then exits, then entries by falling edge for
the risk taken (`ranking`).
The ladders are in `evaluation`, prices and sizes in `intents`, its own open orders in `followed`.
It never looks at limits of the account: risk does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec
import numpy as np

from actors.fees import sound_tiers
from actors.instruments import Instrument
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.arrays import sealed_ints
from actors.messages.base import Message
from actors.messages.control import FeeTierRead, Note, PairRulesChanged, RunStarted
from actors.messages.decision import Action, AmendIntent, OrderIntent, Reason, VerdictSlice
from actors.messages.feature import FeatureSlice
from actors.messages.ledger import PortfolioState
from actors.messages.market import MarketFlag, MarkSlice
from actors.messages.order import OrderUpdate, RetryDue, RetryPlanned
from actors.messages.prediction import MISSING, P_UP, PredictionSlice, RegimeSlice, wide
from actors.messages.profile import ProfileInForce
from actors.messages.risk import IntentRefused, TradingStateChanged
from actors.pair_rules import adopt, in_force
from actors.strategy import followed
from actors.strategy.amending import amends
from actors.strategy.config import StrategyConfig, fixed_cost
from actors.strategy.evaluation import evaluate
from actors.strategy.intents import BID, entry_intent, exit_intent, has_bid
from actors.strategy.profile import StrategyProfile
from actors.strategy.provenance import digest_of, of_capital, of_prediction, of_profile
from actors.strategy.ranking import ranked
from actors.strategy.scoring import scored
from actors.strategy.state import StrategyState

FLATTEN_LEVEL: Final = 3
# The vocabulary has no word of its own for an operator's flatten; a Note tells the two apart.
FLATTEN_REASON: Final = Reason.FLATTEN
# Plain ints: comparing a list of them is a third of the time.
_ENTER, _PARTIAL_EXIT, _EXIT = (
    action.value for action in (Action.ENTER, Action.PARTIAL_EXIT, Action.EXIT)
)
_LEAVING: Final = (_EXIT, _PARTIAL_EXIT)
_UNPRICED: Final = int(MarketFlag.STALE | MarketFlag.CROSSED | MarketFlag.CHECKSUM)


class StrategyActor(Actor[StrategyConfig, StrategyState]):
    """Decides for every symbol of the run; nothing happens before risk approves."""

    name: ClassVar[str] = "strategy"
    emits: ClassVar[tuple[type[Message], ...]] = (
        VerdictSlice,
        OrderIntent,
        AmendIntent,
        Note,
    )
    state_type: ClassVar[type[msgspec.Struct]] = StrategyState

    def on_run_started(self, message: RunStarted, at: int) -> Effects:
        """The run's symbols must be the instruments, index by index."""
        del at
        assert message.symbols == tuple(each.symbol for each in self.config.instruments)
        # the rules are as new as the run
        self.state.rules, self.state.fixed_cost = {}, None
        return NOTHING

    def on_fees(self, message: FeeTierRead, at: int) -> Effects:
        """From now on a round trip costs what the account pays."""
        del at
        config, state = self.config, self.state
        assert config.thresholds is not None  # derived when the config was made
        before = state.fixed_cost
        costs = (config.thresholds.fixed_cost if before is None else before).copy()
        for each in sound_tiers(message):
            if (index := config.index_of(each.symbol)) >= 0:
                costs[index] = fixed_cost(each.taker, config.profile)
        state.fixed_cost = costs
        return NOTHING

    def on_rules(self, message: PairRulesChanged, at: int) -> Effects:
        """Price and size by the new rules; what they call dust is held no longer."""
        index = self.config.index_of(message.symbol)
        known = self.config.instruments[index] if index >= 0 else None
        if adopt(self.state.rules, known, message) and self.state.portfolio is not None:
            followed.seen(self.state, self.config, self.state.portfolio, at)
        return NOTHING

    def resume(self, state: StrategyState) -> None:
        """The profile in force is part of what was remembered."""
        super().resume(state)
        self._adopt()

    def _adopt(self) -> None:
        profile = self.state.profile or self.configured.profile
        self.config = msgspec.structs.replace(self.configured, profile=profile)

    def on_profile(self, message: ProfileInForce, at: int) -> Effects:
        """Decide by the new thresholds from the next evaluation on; classes stay as they are."""
        del at
        slippage, state = self.config.profile.slippage_micros, self.state
        state.profile = msgspec.json.decode(message.strategy, type=StrategyProfile)
        self._adopt()
        if state.fixed_cost is not None:
            state.fixed_cost = state.fixed_cost + float(state.profile.slippage_micros - slippage)
        return NOTHING

    def on_marks(self, message: MarkSlice, at: int) -> Effects:
        """Keep the marks; a heartbeat asks for a decision with the last prediction."""
        if message.warm_up:
            return NOTHING
        self.state.marks, self.state.flags = message.rows, message.flags
        return self._decide(at) if message.heartbeat else NOTHING

    def on_features(self, message: FeatureSlice, at: int) -> Effects:
        """Keep what every symbol moved by: entries compete by their edge for it."""
        del at
        self.state.volatility = message.rows[:, self.config.volatility_column].copy()
        return NOTHING

    def on_predictions(self, message: PredictionSlice, at: int) -> Effects:
        """Keep what the model said and decide; a warm-up is history and decides nothing."""
        state = self.state
        state.predictions, state.bundle_id = wide(message.rows), message.bundle_id
        state.prediction_ts, state.predicted = message.close_ts, True
        state.prediction_hash = of_prediction(state.predictions, message.bundle_id)
        state.scores = scored(state.scores, message.rows[:, P_UP], self.config.profile)
        return NOTHING if message.warm_up else self._decide(at)

    def on_portfolio(self, message: PortfolioState, at: int) -> Effects:
        """Keep the portfolio; a symbol is held when the venue would take a sale of its quantity."""
        self.state.portfolio = message
        self.state.portfolio_hash = digest_of(message)
        followed.seen(self.state, self.config, message, at)
        return NOTHING

    def on_regimes(self, message: RegimeSlice, at: int) -> Effects:
        """Keep what the market is like."""
        del at
        self.state.regimes = message.rows[:, 0]
        return NOTHING

    def _rules(self, index: int) -> Instrument:
        return in_force(self.config.instruments[index], self.state.rules)

    def on_order(self, message: OrderUpdate, at: int) -> Effects:
        """Follow an order."""
        followed.updated(self.state, self.config, message, at)
        return NOTHING

    def on_refused(self, message: IntentRefused, at: int) -> Effects:
        """Follow an intent that came to nothing."""
        followed.refused(self.state, self.config, message.intent_no, at)
        return NOTHING

    def on_retry_planned(self, message: RetryPlanned, at: int) -> Effects:
        """An order came to nothing; that side of the symbol waits for its time."""
        del at
        followed.pause(self.state, self.config, message.symbol, message.side, message.due)
        return NOTHING

    def on_retry_due(self, message: RetryDue, at: int) -> Effects:
        """Decide anew, with what is known now: a retry is a new intent, or none."""
        followed.resume(self.state, self.config, message.symbol, message.side)
        return self._decide(at)

    def on_trading_state(self, message: TradingStateChanged, at: int) -> Effects:
        """Kill level 3 sells everything at once, and again at every evaluation while it stands."""
        before, self.state.kill_level = self.state.kill_level, message.kill_level
        if message.kill_level < FLATTEN_LEVEL or before >= FLATTEN_LEVEL:
            return NOTHING
        rows = evaluate(self.config, self.state, at).rows
        self._flatten(rows)
        intents = self._exits(rows, at)
        changes = amends(self.config, self.state, rows, at, flatten=True)
        return (Note("warning", "flatten", (("orders", str(len(intents))),)), *intents, *changes)

    def _decide(self, at: int) -> Effects:
        state = self.state
        self._mark(at)
        found = evaluate(self.config, state, at)
        rows, state.waiting = found.rows, found.waiting
        if state.kill_level >= FLATTEN_LEVEL:
            self._flatten(rows)
        intents: list[OrderIntent | AmendIntent] = []
        actions = rows[:, 0].astype(np.uint8).tobytes()  # a search of bytes needs no numbers made
        if _EXIT in actions or _PARTIAL_EXIT in actions:
            intents += self._exits(rows, at)
        if state.open_intents:
            flatten = state.kill_level >= FLATTEN_LEVEL
            intents += amends(self.config, state, rows, at, flatten=flatten)
        if _ENTER in actions:
            intents += self._entries(rows, actions, at)
        verdict = VerdictSlice(
            at,
            sealed_ints(rows),
            state.prediction_ts,
            of_profile(self.config.profile),
            state.prediction_hash,
            of_capital(state.portfolio_hash, state.kill_level),
        )
        return (verdict, *intents) if intents else (verdict,)

    def _mark(self, at: int) -> None:
        """Campaigns learn what they are worth: a severe loss begins or ends a recovery."""
        state = self.state
        for symbol, each in state.campaigns.items():
            index = self.config.index_of(symbol)
            if index >= 0 and not state.flags[index] & _UNPRICED:
                each.marked(state.marks.item(index, BID), self.config.profile, at)

    def _flatten(self, rows: np.ndarray) -> None:
        """What has a bid and no order of known outcome leaves, whatever the model says."""
        state = self.state
        for index in np.flatnonzero(state.owned).tolist():
            if state.working[index] > state.unknown[index] or not has_bid(state, index):
                continue
            rows[index, 0], rows[index, 1] = Action.EXIT, FLATTEN_REASON
            rows[index, -2:] = state.kill_level, FLATTEN_LEVEL

    def _exits(self, rows: np.ndarray, at: int) -> list[OrderIntent]:
        """Sales in index order; they come before entries, because they free what entries need."""
        profile, intents = self.config.profile, []
        for index, action in enumerate(rows[:, 0].tolist()):
            if action not in _LEAVING:
                continue
            instrument = self._rules(index)
            intent = exit_intent(self.state, instrument, profile, rows[index], index=index, at=at)
            if intent is not None:
                followed.opened(self.state, intent, index)
                intents.append(intent)
        return intents

    def _entries(self, rows: np.ndarray, actions: bytes, at: int) -> list[OrderIntent]:
        """Purchases in their order: what is first in line gets the budget first."""
        found, index = [], actions.find(_ENTER)
        while index >= 0:
            found.append(index)
            index = actions.find(_ENTER, index + 1)
        if len(found) > 1:
            found = ranked(found, rows, self.state.volatility)
        profile, intents = self.config.profile, []
        for index in found:
            instrument = self._rules(index)
            intent = entry_intent(self.state, instrument, profile, rows[index], index=index, at=at)
            if intent is None:
                rows[index, 0], rows[index, 1] = Action.NO_ENTRY, Reason.DUST
                rows[index, -2:] = MISSING
                continue
            followed.opened(self.state, intent, index)
            intents.append(intent)
        return intents

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        RunStarted: on_run_started,
        FeeTierRead: on_fees,
        PairRulesChanged: on_rules,
        MarkSlice: on_marks,
        FeatureSlice: on_features,
        PredictionSlice: on_predictions,
        RegimeSlice: on_regimes,
        PortfolioState: on_portfolio,
        OrderUpdate: on_order,
        IntentRefused: on_refused,
        RetryPlanned: on_retry_planned,
        RetryDue: on_retry_due,
        TradingStateChanged: on_trading_state,
        ProfileInForce: on_profile,
    }
