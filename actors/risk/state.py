"""What risk remembers: the standing, the last portfolio and marks, and what approved orders claim.

The marks are as received; their age is judged when an intent asks.
"""

from __future__ import annotations

import msgspec
import numpy as np

from actors.currencies import Rates
from actors.fees import Fees
from actors.instant import MINUTE_NS
from actors.instruments import Instrument
from actors.messages.ledger import PortfolioState
from actors.messages.market import MARK_COLUMNS, MarketFlag
from actors.messages.prediction import MISSING
from actors.risk.clusters import ClusterMap
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.reservations import NEVER, Reservation, Waiting
from actors.risk.standing import Standing


class RiskState(msgspec.Struct):
    """Everything risk knows. `reservations` is by intent number, in order of approval.

    `blocked` is why a reconciliation keeps entries out, `differs` that a difference is confirmed,
    `fees` what the venue told of the account's fees in this run, `rules` those of pairs that
    changed in it. `entries_at` has the times of the entries approved in the last minute, `lost_at`
    when a symbol last closed a trade at a loss. `profile` is in force in place of the
    configuration's, once it was changed; `clusters` is the newest map, which may have expired,
    `exchange_rates` are by pair of currencies.

    `bundle_id` is the run's model if somebody let it speak, `predicted_by` and `predicted_at` (ns
    UTC) are of the newest prediction, `odds` (int32[N] micros or MISSING) its probabilities;
    `volatility` (f64[N], a bar's; NaN where not known) is of the close `volatility_at`.
    """

    standing: Standing
    marks: np.ndarray
    flags: np.ndarray
    reservations: dict[str, Reservation]
    portfolio: PortfolioState | None = None
    marked_at: int = NEVER
    blocked_until: int = NEVER
    last_intent_no: int = 0
    blocked: str = ""
    differs: bool = False
    waiting: Waiting = msgspec.field(default_factory=Waiting)
    fees: Fees = {}
    rules: dict[str, Instrument] = {}
    entries_at: list[int] = []
    lost_at: dict[str, int] = {}
    bundle_id: str = ""
    predicted_by: str = ""
    predicted_at: int = NEVER
    odds: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    volatility: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0))
    volatility_at: int = NEVER
    profile: RiskProfile | None = None
    clusters: ClusterMap | None = None
    exchange_rates: Rates = {}

    def __post_init__(self) -> None:
        """A state of an older version knows neither odds nor volatilities."""
        count = len(self.flags)
        if len(self.odds) != count:
            self.odds = np.full(count, MISSING, dtype=np.int32)
            self.volatility = np.full(count, np.nan)


def count_entry(entries_at: list[int], at: int) -> None:
    """An entry is approved at `at`; those that left the minute before it are forgotten."""
    entries_at[:] = [each for each in entries_at if each >= at - MINUTE_NS]
    entries_at.append(at)


def initial_state(config: RiskConfig) -> RiskState:
    """Active, with nothing known: every entry is refused until a portfolio and a mark arrive."""
    count = len(config.instruments)
    return RiskState(
        standing=Standing(),
        marks=np.full((count, len(MARK_COLUMNS)), np.nan),
        flags=np.full(count, MarketFlag.STALE.value, dtype=np.int32),
        reservations={},
    )
