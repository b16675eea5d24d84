"""Wiring: one function builds the actor graph of every mode from one settings tree.

Live, paper, backtest and replay differ only in what feeds the graph and whether the venue stands
inside it.
"""

from __future__ import annotations

from typing import Any, Final

from actors.clusters import actor as clusters
from actors.features import actor as features
from actors.inference import actor as inference
from actors.instant import MILLISECOND_NS, MINUTE_NS, SECOND_NS
from actors.instruments import Instrument
from actors.kernel.actor import Actor
from actors.kernel.kernel import Kernel
from actors.kernel.schedule import Schedule
from actors.kernel.supervisor import ChildSpec, Policy
from actors.ledger import actor as ledger
from actors.ledger.state import LedgerConfig
from actors.ledger.state import initial_state as ledger_state
from actors.market_data import actor as market_data
from actors.market_data.state import MarketDataConfig
from actors.market_data.state import initial_state as market_data_state
from actors.orders import actor as orders
from actors.orders.state import OrdersConfig
from actors.paper_venue.actor import PaperVenueActor
from actors.paper_venue.state import PaperVenueConfig
from actors.paper_venue.state import initial_state as paper_venue_state
from actors.ports import PredictionTape, Predictor, TapedPredictor
from actors.profiles.actor import ProfilesActor
from actors.profiles.actor import initial_state as profiles_state
from actors.profiles.state import Profiles, ProfilesConfig
from actors.reconciliation import actor as reconciliation
from actors.reconciliation.state import ReconciliationConfig
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig
from actors.risk.state import initial_state as risk_state
from actors.routes import routes
from actors.strategy.actor import StrategyActor
from actors.strategy.config import StrategyConfig
from actors.strategy.state import initial_state as strategy_state
from service.fingerprint import code_fingerprint
from service.settings import DecisionSettings

RESTART_PERIOD_NS_MIN: Final = 10 * MINUTE_NS
RESTART_PERIOD_BARS: Final = 6
_BPS: Final = 10_000
_POLICIES: Final = {
    "paper_venue": Policy.HALT,
    "market_data": Policy.RESTART,
    "clusters": Policy.RESTART,
    "features": Policy.RESTART,
    "inference": Policy.RESTART,
    "strategy": Policy.RESTART,
    "profiles": Policy.HALT,
    "risk": Policy.HALT,
    "orders": Policy.HALT,
    "ledger": Policy.HALT,
    "reconciliation": Policy.HALT,
}


class Graph:
    """A wired kernel with what it was wired from."""

    def __init__(
        self, kernel: Kernel, instruments: tuple[Instrument, ...], predictor: Predictor | None
    ) -> None:
        self.kernel = kernel
        self.instruments = instruments
        self.symbols = tuple(each.symbol for each in instruments)
        self.bundle_id = predictor.bundle_id if predictor is not None else ""
        self.bundle_marker = predictor.marker if predictor is not None else ""


def child_specs(bar_interval_ns: int) -> dict[str, ChildSpec]:
    """How every actor is supervised.

    Most decide once a bar, so restarts are counted over a few bars: whoever fails at every bar
    halts the core instead of losing one bar after the other.
    """
    period_ns = max(RESTART_PERIOD_NS_MIN, RESTART_PERIOD_BARS * bar_interval_ns)
    return {
        name: ChildSpec(name, policy, period_ns=period_ns) for name, policy in _POLICIES.items()
    }


def build_graph(
    decision: DecisionSettings,
    instruments: tuple[Instrument, ...],
    predictor: Predictor | None,
    *,
    schedule: Schedule | None = None,
    checkpoint_every: int = 1024,
) -> Graph:
    """The graph of a run over `instruments` (index order). TopologyError when it is not closed."""
    tape = PredictionTape()
    venue_in_graph = not decision.venue.outside
    taped = None if predictor is None else TapedPredictor(predictor, tape)
    actors = _deciders(decision, instruments, taped, venue_in_graph=venue_in_graph)
    if venue_in_graph:
        actors.insert(0, _paper_venue(decision, instruments))
    else:
        schedule_ns = decision.orders.reconcile_seconds * SECOND_NS
        config = ReconciliationConfig(schedule_ns=schedule_ns)
        actors.append(
            reconciliation.ReconciliationActor(config, reconciliation.initial_state(config))
        )
    kernel = Kernel(
        actors,
        child_specs(decision.market.bar_interval_seconds * SECOND_NS),
        routes(venue_in_graph=venue_in_graph),
        schedule=schedule,
        tape=tape,
        code_fingerprint=code_fingerprint(),
        checkpoint_every=checkpoint_every,
        digest_states_every=decision.proof.state_digest_every_inputs,
    )
    return Graph(kernel, instruments, predictor)


def _ledger_of(decision: DecisionSettings, by_symbol: dict[str, Instrument]) -> LedgerConfig:
    return LedgerConfig(
        by_symbol,
        reporting=decision.account.quote,
        unmarked_age_ns=decision.risk.unmarked_age_ns,
        mark_haircut_micros=decision.risk.mark_haircut_micros,
    )


def _deciders(
    decision: DecisionSettings,
    instruments: tuple[Instrument, ...],
    predictor: Predictor | None,
    *,
    venue_in_graph: bool,
) -> list[Actor[Any, Any]]:
    symbols = tuple(each.symbol for each in instruments)
    market, limits = decision.market, decision.orders
    by_symbol = {each.symbol: each for each in instruments}
    bar_interval_ns = market.bar_interval_seconds * SECOND_NS
    market_config = MarketDataConfig(
        symbols=symbols,
        bar_interval_ns=bar_interval_ns,
        stale_after_ns=market.stale_after_seconds * SECOND_NS,
        heartbeat_ns=market.heartbeat_seconds * SECOND_NS,
        candle_half_spread_ratio=float(market.candle_half_spread_bps) / _BPS,
        settle_ns=market.settle_ms * MILLISECOND_NS,
    )
    features_config = features.FeaturesConfig(symbols)
    inference_config = inference.InferenceConfig(symbols, predictor)
    strategy_config = StrategyConfig(
        instruments,
        decision.strategy,
        volatility_window_count=decision.risk.volatility_window_count,
    )
    clusters_config = clusters.ClustersConfig(instruments, decision.risk, bar_interval_ns)
    risk_config = RiskConfig(
        instruments,
        decision.risk,
        bar_interval_ns=bar_interval_ns,
        reporting=decision.account.quote,
    )
    orders_config = OrdersConfig(
        by_symbol,
        venue_in_graph=venue_in_graph,
        decision_age_ns_max=limits.decision_age_max_seconds * SECOND_NS,
        deadline_ns=limits.deadline_seconds * SECOND_NS,
        lifetime_ns=limits.lifetime_seconds * SECOND_NS,
        switch_seconds=0 if venue_in_graph else limits.dead_man_seconds,
        amend_step_micros=decision.strategy.amend_step_micros,
        amend_interval_ns=decision.strategy.amend_interval_ns,
        amends_max_count=decision.strategy.amends_max_count,
        maintenance_lead_ns=limits.maintenance_lead_seconds * SECOND_NS,
        capital_floor_amount=decision.risk.capital_floor_amount,
        daily_loss_max_micros=decision.risk.daily_loss_max_micros,
    )
    profiles = ProfilesConfig(Profiles(decision.risk, decision.strategy), decision.beyond_bounds)
    ledger_config = _ledger_of(decision, by_symbol)
    return [
        market_data.MarketDataActor(market_config, market_data_state(market_config)),
        clusters.ClustersActor(clusters_config, clusters.initial_state(clusters_config)),
        features.FeaturesActor(features_config, features.initial_state(features_config)),
        inference.InferenceActor(inference_config, inference.initial_state(inference_config)),
        StrategyActor(strategy_config, strategy_state(strategy_config)),
        RiskActor(risk_config, risk_state(risk_config)),
        orders.OrdersActor(orders_config, orders.initial_state(orders_config)),
        ledger.LedgerActor(ledger_config, ledger_state(ledger_config)),
        ProfilesActor(profiles, profiles_state(profiles)),
    ]


def _paper_venue(
    decision: DecisionSettings, instruments: tuple[Instrument, ...]
) -> Actor[Any, Any]:
    config = PaperVenueConfig(
        instruments={each.symbol: each for each in instruments},
        latency_ns=decision.venue.latency_ms * MILLISECOND_NS,
        half_spread_ratio=decision.market.candle_half_spread_bps / _BPS,
        slippage_ratio=decision.venue.slippage_bps / _BPS,
        participation_ratio=decision.venue.participation_ratio,
    )
    return PaperVenueActor(config, paper_venue_state(config))
