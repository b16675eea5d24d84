"""What the strategy remembers: the last market, prediction and portfolio, and its own orders.

Arrays are indexed by the run's symbols. Nothing here decides; the facts are kept, not interpreted.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np

from actors.instruments import Instrument
from actors.messages.decision import Action, Side
from actors.messages.ledger import PortfolioState
from actors.messages.market import MARK_COLUMNS, MarketFlag
from actors.messages.prediction import COLUMNS, MISSING, wide
from actors.money import ZERO
from actors.strategy.campaigns import Campaign
from actors.strategy.config import StrategyConfig
from actors.strategy.profile import StrategyProfile
from actors.strategy.scoring import Scores, unscored


class OpenIntent(msgspec.Struct):
    """An intent that may still trade; `unknown` while nobody can say what became of its order.

    Of its order: whether it rests, what is left of it (base) and its limit. `asked_at` is when it
    began to rest, or was last asked to change (ns UTC), `asked` how often it was.
    """

    index: int
    side: Side
    action: Action
    filled: Decimal = ZERO
    unknown: bool = False
    cl_ord_id: str = ""
    resting: bool = False
    rest: Decimal = ZERO
    limit_price: Decimal = ZERO
    asked_at: int = 0
    asked: int = 0
    cost: Decimal = ZERO
    reason: int = 0


def _nothing() -> np.ndarray:
    return np.zeros(0, dtype=np.uint8)


class StrategyState(msgspec.Struct):
    """Everything the strategy knows. `held` and `owned` are uint8[N], the cool-downs int64[N].

    `working` and `unknown` (int32[N]) count open intents and those among them of unknown outcome;
    `held_count` and `cooling_until` say at a glance that nothing is held or cools. `fixed_cost` is
    f64[N] in place of the thresholds', once the venue has told the account's fees in this run.
    `rules` are those of pairs that changed in the run. `owned` is what the account holds of a
    symbol, `held` what a campaign does; `waiting` (uint8[N]) who awaits a dip, `regimes` int32[N]
    by the newest slice, `volatility` f64[N] of a bar, NaN where not known. Before `adopted` a
    position was taken for a campaign, whoever bought it. `profile` is in force in
    place of the configuration's, once it was changed.
    """

    marks: np.ndarray
    flags: np.ndarray
    predictions: np.ndarray
    held: np.ndarray
    working: np.ndarray
    unknown: np.ndarray
    entry_cool_until: np.ndarray
    exit_cool_until: np.ndarray
    open_intents: dict[str, OpenIntent]
    portfolio: PortfolioState | None = None
    bundle_id: str = ""
    prediction_ts: int = 0
    predicted: bool = False
    kill_level: int = 0
    intent_no: int = 0
    held_count: int = 0
    cooling_until: int = 0
    fixed_cost: np.ndarray | None = None
    rules: dict[str, Instrument] = {}
    owned: np.ndarray = msgspec.field(default_factory=_nothing)
    waiting: np.ndarray = msgspec.field(default_factory=_nothing)
    regimes: np.ndarray = msgspec.field(default_factory=_nothing)
    volatility: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0))
    scores: Scores = msgspec.field(default_factory=lambda: unscored(0))
    campaigns: dict[str, Campaign] = {}
    campaign_no: int = 0
    adopted: bool = False
    prediction_hash: str = ""
    portfolio_hash: str = ""
    profile: StrategyProfile | None = None

    def __post_init__(self) -> None:
        """A state of an older version lacks the arrays of what came later, and columns."""
        count = len(self.flags)
        if len(self.owned) != count:
            self.owned = self.held.copy()
            self.waiting = np.zeros(count, dtype=np.uint8)
            self.regimes = np.full(count, MISSING, dtype=np.int32)
            self.scores = unscored(count)
        if len(self.volatility) != count:
            self.volatility = np.full(count, np.nan)
        self.predictions = wide(self.predictions)


def initial_state(config: StrategyConfig) -> StrategyState:
    """Nothing known yet: every mark missing and stale, every prediction missing, no position."""
    count = len(config.instruments)
    return StrategyState(
        marks=np.full((count, len(MARK_COLUMNS)), np.nan),
        flags=np.full(count, int(MarketFlag.STALE), dtype=np.int32),
        predictions=np.full((count, COLUMNS), MISSING, dtype=np.int32),
        held=np.zeros(count, dtype=np.uint8),
        working=np.zeros(count, dtype=np.int32),
        unknown=np.zeros(count, dtype=np.int32),
        entry_cool_until=np.zeros(count, dtype=np.int64),
        exit_cool_until=np.zeros(count, dtype=np.int64),
        open_intents={},
        adopted=True,
    )
