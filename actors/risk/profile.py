"""The numbers by which risk refuses, and the drawdown tiers that they form.

Every limit is a field here and nowhere else; docs/risk-rules.md lists them and a test compares.
Ratios are millionths (micros), times nanoseconds, amounts whole units of the currency they limit.
"""

from __future__ import annotations

import itertools
import math
from typing import Final

import msgspec

from actors.instant import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from actors.instruments import Instrument, indices_of
from models.features.catalogue import FEATURE_NAMES, WINDOWS_BARS

MICROS: Final = 1_000_000
# What no cap may exceed, whether it is a share or an amount; the catalogue's bounds.
POSITION_MOST_MICROS: Final = 100_000
EXPOSURE_MOST_MICROS: Final = 500_000
CLUSTER_MOST_MICROS: Final = 250_000
QUOTE_MOST_MICROS: Final = 500_000
_CAPS: Final = (
    "position_cap",
    "exposure_cap",
    "cluster_cap",
    "quote_cap_cad",
    "quote_cap_usd",
    "quote_cap_usdc",
)


class Tier(msgspec.Struct, frozen=True):
    """What a level of drawdown still allows: the cap of one position and how many positions."""

    name: str
    position_cap_micros: int
    positions_max_count: int


class Cap(msgspec.Struct, frozen=True):
    """A share of the equity and, where it is above nothing, an amount of money besides."""

    share_micros: int
    amount: int = 0


class RiskProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one account. Raises ValueError when they contradict each other.

    A cap is either a share of the equity (`_micros`) or an amount (`_amount`), of a quote cap in
    that currency and of any other in reporting currency: exactly one of the two is above nothing.
    An amount never exceeds the most that a share may be.
    """

    base_risk_micros: int = 20_000
    volatility_target_micros: int = 20_000
    volatility_window_count: int = 72
    volatility_max_age_ns: int = 2 * HOUR_NS
    scale_min_micros: int = 500_000
    scale_max_micros: int = 1_500_000
    confidence_min_micros: int = 500_000
    confidence_from_p_up_micros: int = 560_000
    confidence_full_p_up_micros: int = 620_000
    sale_reserve_micros: int = 250_000
    prediction_max_age_ns: int = 2 * HOUR_NS
    position_cap_micros: int = 30_000
    position_cap_amount: int = 0
    exposure_cap_micros: int = 200_000
    exposure_cap_amount: int = 0
    cluster_cap_micros: int = 80_000
    cluster_cap_amount: int = 0
    cluster_correlation_micros: int = 700_000
    cluster_window_ns: int = 30 * DAY_NS
    cluster_history_min_count: int = 168
    cluster_interval_ns: int = DAY_NS
    cluster_max_age_ns: int = 2 * DAY_NS
    quote_cap_cad_micros: int = 200_000
    quote_cap_cad_amount: int = 0
    quote_cap_usd_micros: int = 200_000
    quote_cap_usd_amount: int = 0
    quote_cap_usdc_micros: int = 200_000
    quote_cap_usdc_amount: int = 0
    normal_cap_micros: int = 30_000
    normal_positions_max_count: int = 10
    caution_drawdown_micros: int = 100_000
    caution_cap_micros: int = 15_000
    caution_positions_max_count: int = 10
    defence_drawdown_micros: int = 150_000
    defence_cap_micros: int = 10_000
    defence_positions_max_count: int = 5
    halt_drawdown_micros: int = 200_000
    halt_again_step_micros: int = 50_000
    capital_floor_amount: int = 0
    daily_loss_max_micros: int = 30_000
    unmarked_max_micros: int = 10_000
    unmarked_age_ns: int = 2 * HOUR_NS
    mark_haircut_micros: int = 50_000
    currency_rate_max_age_ns: int = 5 * MINUTE_NS
    depeg_max_micros: int = 10_000
    edge_margin_micros: int = 500
    price_collar_micros: int = 10_000
    spread_max_micros: int = 2_000
    depth_min_quote: int = 10_000
    entries_per_minute_max_count: int = 20
    loss_cool_down_ns: int = 15 * MINUTE_NS
    decision_max_age_ns: int = 2 * SECOND_NS
    mark_max_age_ns: int = 5 * SECOND_NS
    restart_hold_off_ns: int = MINUTE_NS
    approval_grace_ns: int = MINUTE_NS
    change_delay_ns: int = 10 * MINUTE_NS

    def __post_init__(self) -> None:
        """Refuse tiers that do not tighten and ratios that are none."""
        edges = (
            0,
            self.caution_drawdown_micros,
            self.defence_drawdown_micros,
            self.halt_drawdown_micros,
            MICROS,
        )
        if any(low >= high for low, high in itertools.pairwise(edges)):
            raise ValueError("drawdown tiers must rise from nothing to everything")
        caps = (self.normal_cap_micros, self.caution_cap_micros, self.defence_cap_micros)
        if not MICROS >= caps[0] >= caps[1] >= caps[2] > 0:
            raise ValueError("the position cap must tighten as drawdown grows")
        for name in _CAPS:
            micros, amount = getattr(self, f"{name}_micros"), getattr(self, f"{name}_amount")
            if not 0 <= micros <= MICROS or amount < 0 or (micros > 0) is (amount > 0):
                raise ValueError(
                    f"of {name}_micros (at most {MICROS:,}) and {name}_amount exactly one must be "
                    "above 0"
                )
        if not 0 <= self.price_collar_micros < MICROS or self.halt_again_step_micros <= 0:
            raise ValueError("the price collar and the step of a second halt must be sound ratios")
        if self.capital_floor_amount < 0 or not 0 < self.daily_loss_max_micros <= MICROS:
            raise ValueError("the capital floor and the daily loss must be no less than nothing")
        if not 0 <= self.spread_max_micros < MICROS or self.depth_min_quote < 0:
            raise ValueError("the spread must be a ratio, the depth no less than nothing")
        if self.unmarked_age_ns <= 0 or not 0 <= self.mark_haircut_micros <= MICROS:
            raise ValueError("an old bid must have an age, and its haircut be a ratio")
        if self.currency_rate_max_age_ns <= 0 or not 0 <= self.depeg_max_micros < MICROS:
            raise ValueError("a rate must have an age, and a depeg be a ratio")
        if self.entries_per_minute_max_count <= 0 or self.loss_cool_down_ns < 0:
            raise ValueError("a minute must have an entry, and a rest be no less than nothing")
        if not MINUTE_NS <= self.change_delay_ns <= 7 * DAY_NS:
            raise ValueError("the delay of a riskier change must last a minute to seven days")
        self._check_clusters()
        self._check_sizing()

    def _check_clusters(self) -> None:
        """A map must outlive the next one's hour, and the window hold the history it asks for."""
        if not 0 < self.cluster_correlation_micros < MICROS:
            raise ValueError("the correlation of a cluster must lie between none and everything")
        if not HOUR_NS <= self.cluster_interval_ns <= self.cluster_max_age_ns - HOUR_NS:
            raise ValueError("clusters must last an hour longer than the time between two maps")
        if not 2 <= self.cluster_history_min_count <= self.cluster_window_ns / HOUR_NS:
            raise ValueError("the window of the clusters must hold the history that they ask for")

    def _check_sizing(self) -> None:
        """Bounds of what makes an entry large; nothing makes it larger than twice its base."""
        if self.volatility_window_count not in WINDOWS_BARS:
            known = ", ".join(map(str, WINDOWS_BARS))
            raise ValueError(f"the window of the volatility must be one of {known} bars")
        ages = (self.volatility_max_age_ns, self.prediction_max_age_ns)
        if not 0 < self.base_risk_micros <= MICROS or min(ages) <= 0:
            raise ValueError("the base risk must be a share of the equity, an age above nothing")
        if not 0 < self.volatility_target_micros <= MICROS:
            raise ValueError("the volatility aimed at must be above nothing and at most everything")
        if not 0 < self.scale_min_micros <= MICROS <= self.scale_max_micros <= 2 * MICROS:
            raise ValueError("the scale must begin at 1 or below it and end at 1 to 2")
        odds = (0, self.confidence_from_p_up_micros, self.confidence_full_p_up_micros, MICROS)
        if not odds[0] <= odds[1] < odds[2] <= odds[3]:
            raise ValueError("confidence must rise from a probability to a greater one")
        if (
            not 0 < self.confidence_min_micros <= MICROS
            or not 0 <= self.sale_reserve_micros <= MICROS
        ):
            raise ValueError("the least confidence and the reserve of a sale must be sound ratios")

    @property
    def position_cap(self) -> Cap:
        """The cap of one position; the tier's share applies besides."""
        return _cap(self.position_cap_micros, self.position_cap_amount, POSITION_MOST_MICROS)

    @property
    def exposure_cap(self) -> Cap:
        """The cap of all positions."""
        return _cap(self.exposure_cap_micros, self.exposure_cap_amount, EXPOSURE_MOST_MICROS)

    @property
    def cluster_cap(self) -> Cap:
        """The cap of the positions that are one risk."""
        return _cap(self.cluster_cap_micros, self.cluster_cap_amount, CLUSTER_MOST_MICROS)

    def quote_cap(self, currency: str) -> Cap:
        """The cap of what is bought with a currency; one that has no cap buys nothing."""
        if currency == "USD":
            return _cap(self.quote_cap_usd_micros, self.quote_cap_usd_amount, QUOTE_MOST_MICROS)
        if currency == "USDC":
            return _cap(self.quote_cap_usdc_micros, self.quote_cap_usdc_amount, QUOTE_MOST_MICROS)
        if currency == "CAD":
            return _cap(self.quote_cap_cad_micros, self.quote_cap_cad_amount, QUOTE_MOST_MICROS)
        return Cap(0)

    def tier(self, drawdown_micros: int) -> Tier:
        """The tier of a drawdown; a boundary belongs to the stricter side.

        Beyond the halt it is still the strictest: that is what a person's reactivation allows.
        """
        if drawdown_micros >= self.defence_drawdown_micros:
            return Tier("defence", self.defence_cap_micros, self.defence_positions_max_count)
        if drawdown_micros >= self.caution_drawdown_micros:
            return Tier("caution", self.caution_cap_micros, self.caution_positions_max_count)
        return Tier("normal", self.normal_cap_micros, self.normal_positions_max_count)


def _cap(micros: int, amount: int, most: int) -> Cap:
    """An amount stands in place of the share: what is left of that is the most it may ever be."""
    return Cap(micros or most, amount)


class RiskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run's instruments in index order, the profile and the reporting currency.

    `indices`, by symbol, are derived from them; so are the column of features that holds the
    volatility of a bar, and what turns it into that of a day.
    """

    instruments: tuple[Instrument, ...]
    profile: RiskProfile = RiskProfile()
    indices: dict[str, int] = {}
    bar_interval_ns: int = HOUR_NS
    bars_a_day_root: float = 0.0  # not money: a root
    volatility_column: int = 0
    reporting: str = "USD"

    def __post_init__(self) -> None:
        """Derive the indices; whatever was passed for them is replaced."""
        msgspec.structs.force_setattr(self, "indices", indices_of(self.instruments))
        root = math.sqrt(DAY_NS / self.bar_interval_ns)  # not money: volatility grows by the root
        msgspec.structs.force_setattr(self, "bars_a_day_root", root)
        column = FEATURE_NAMES.index(f"volatility_{self.profile.volatility_window_count}")
        msgspec.structs.force_setattr(self, "volatility_column", column)

    def index_of(self, symbol: str) -> int:
        """The symbol's index in the run, -1 for a stranger."""
        return self.indices.get(symbol, -1)
