"""The ladder of one symbol at one moment: every rung with what was seen and what was demanded.

Which rungs hold is what `actors.strategy.evaluation` says; here is only how each is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from actors.instant import SECOND_NS
from actors.messages.decision import Reason
from actors.messages.market import MARK_COLUMNS, MarketFlag
from actors.messages.prediction import (
    DOWNSIDE,
    MISSING,
    MOVE_H1,
    MOVE_H24,
    P_UP,
    P_UP_H24,
    REBOUND,
)
from actors.pair_rules import in_force
from actors.strategy.actor import FLATTEN_LEVEL
from actors.strategy.campaigns import Campaign
from actors.strategy.evaluation import (
    ENTRY_LADDER,
    ENTRY_UNSOUND,
    EXIT_LADDER,
    EXIT_UNSOUND,
    PRICE_LIMIT,
    evaluate,
    ladders,
)
from actors.strategy.profile import MICROS, StrategyProfile
from models.features.regimes import Regime
from service.books.instants import shown
from service.books.wording import exact
from service.why.moment import Moment
from service.why.units import UNKNOWN, basis_points, flags, lasting, percent, whole


class Gate(msgspec.Struct, frozen=True):
    """One rung: whether it holds by itself, was reached, and decided; a rung that decides against
    the trade and one that decides for it are told apart by the verdict's action.
    """

    reason: str
    holds: bool
    reached: bool
    decided: bool
    value: str
    threshold: str


class Marks(msgspec.Struct, frozen=True):
    """The market as the strategy saw it; None where nothing was known. Ratios in millionths."""

    bid: float | None
    ask: float | None
    last: float | None
    age_seconds: float | None
    spread: int | None
    depth: float | None
    flags: tuple[str, ...]


class Seen(msgspec.Struct, frozen=True):
    """A moment, looked at for one symbol."""

    moment: Moment
    index: int
    quote: str
    stale_after_ns: int
    row: tuple[int, ...]

    def mark(self, name: str) -> float:
        """One of the marks; NaN where it is not known."""
        return float(self.moment.state.marks.item(self.index, MARK_COLUMNS.index(name)))

    @property
    def flags(self) -> int:
        """The symbol's MarketFlag bits."""
        return int(self.moment.state.flags.item(self.index))

    @property
    def spread(self) -> int | None:
        """In millionths, rounded up as the strategy does."""
        ratio = self.mark("spread_ratio")
        return int(np.ceil(ratio * MICROS)) if np.isfinite(ratio) else None

    @property
    def fixed_cost(self) -> int:
        """Both taker fees and slippage, in millionths, as the account paid then."""
        state, limits = self.moment.state, self.moment.config.thresholds
        assert limits is not None  # derived when the config was made
        costs = limits.fixed_cost if state.fixed_cost is None else state.fixed_cost
        return int(costs.item(self.index))

    @property
    def said(self) -> tuple[int, ...]:
        """The model's columns that the strategy had."""
        return tuple(self.moment.state.predictions[self.index].tolist())

    @property
    def profile(self) -> StrategyProfile:
        """The thresholds of the run."""
        return self.moment.config.profile

    @property
    def campaign(self) -> Campaign | None:
        """What the strategy had bought."""
        return self.moment.state.campaigns.get(self.moment.config.instruments[self.index].symbol)

    @property
    def held(self) -> bool:
        """Whether the ladder for leaving decided."""
        return bool(self.moment.state.held.item(self.index))


def seen_of(moment: Moment, index: int, stale_after_ns: int) -> Seen:
    """The moment for one symbol, with the verdict that follows from it."""
    row = evaluate(moment.config, moment.state, moment.at).rows[index]
    quote = moment.config.instruments[index].quote
    return Seen(moment, index, quote, stale_after_ns, tuple(int(each) for each in row))


def gates(seen: Seen) -> tuple[Gate, ...]:
    """Every rung in order."""
    moment = seen.moment
    both = ladders(moment.config, moment.state, moment.at)
    reasons = EXIT_LADDER if seen.held else ENTRY_LADDER
    holds = [bool(each) for each in both[seen.held][seen.index]]
    first = holds.index(True)
    holds[-1] = first == len(holds) - 1  # what is left when no other rung holds
    return tuple(
        Gate(
            reason.name.lower(),
            holds=holds[place],
            reached=place <= first,
            decided=place == first,
            value=told[0],
            threshold=told[1],
        )
        for place, reason in enumerate(reasons)
        for told in (figures(reason, seen),)
    )


def marks(seen: Seen) -> Marks:
    """What the strategy saw of the market."""

    def known(name: str) -> float | None:
        value = seen.mark(name)
        return value if np.isfinite(value) else None

    told = tuple(each.name.lower() for each in MarketFlag if each & seen.flags and each.name)
    return Marks(
        bid=known("bid"),
        ask=known("ask"),
        last=known("last"),
        age_seconds=known("age_seconds"),
        spread=seen.spread,
        depth=known("depth_quote"),
        flags=told,
    )


Figures = tuple[str, str]


def _listed(seen: Seen) -> Figures:
    absent = bool(seen.flags & MarketFlag.NOT_LISTED)
    return ("not on the venue's list" if absent else "listed"), "listed"


def _warm(seen: Seen) -> Figures:
    if seen.flags & MarketFlag.NOT_WARM:
        return "bars are missing", "enough bars"
    known = UNKNOWN not in (percent(seen.said[0]), basis_points(seen.said[1]))
    return ("a prediction" if known else "no prediction for the symbol"), "a prediction"


def _model(seen: Seen) -> Figures:
    state = seen.moment.state
    limit = f"one of at most {lasting(seen.moment.config.profile.prediction_max_age_ns)}"
    if not state.bundle_id:
        return "no bundle has predicted", limit
    return f"a prediction of {lasting(seen.moment.at - state.prediction_ts)}", limit


def _fresh(seen: Seen) -> Figures:
    age, limit = seen.mark("age_seconds"), f"at most {lasting(seen.stale_after_ns)}"
    if not (seen.mark("bid") > 0 and seen.mark("ask") < PRICE_LIMIT):
        return "no bid and ask", f"both, {limit} old"
    known = lasting(int(age * SECOND_NS)) if np.isfinite(age) else f"{UNKNOWN} time"
    return f"confirmed {known} before", f"{limit} before"


def _sound(seen: Seen) -> Figures:
    asked = EXIT_UNSOUND if seen.held else ENTRY_UNSOUND
    return flags(seen.flags & asked), flags(asked)


def _spread(seen: Seen) -> Figures:
    spread, most = seen.spread, seen.moment.config.profile.spread_max_micros
    return (UNKNOWN if spread is None else basis_points(spread)), basis_points(most)


def _depth(seen: Seen) -> Figures:
    least = seen.moment.config.profile.depth_min_quote
    return f"{whole(seen.mark('depth_quote'))} {seen.quote}", f"{least:,} {seen.quote}"


def _portfolio(seen: Seen) -> Figures:
    told = "no value of the account" if seen.moment.state.portfolio is None else "valued"
    return told, "a value of the account"


def _open(seen: Seen) -> Figures:
    state = seen.moment.state
    working, unknown = state.working.item(seen.index), state.unknown.item(seen.index)
    return f"{working - unknown if seen.held else working}", "0"


def _cooling(seen: Seen) -> Figures:
    state = seen.moment.state
    until = state.exit_cool_until if seen.held else state.entry_cool_until
    told, at = int(until.item(seen.index)), shown(seen.moment.at)
    return (shown(told) if told > seen.moment.at else "nothing"), at


def _probable(seen: Seen) -> Figures:
    return percent(seen.said[0]), percent(seen.moment.config.profile.entry_p_up_micros)


def _edge(seen: Seen) -> Figures:
    return basis_points(seen.row[5]), basis_points(seen.moment.config.profile.edge_margin_micros)


def _thesis(seen: Seen) -> Figures:
    profile, (p_up, move) = seen.profile, seen.said[:2]
    bounds = percent(profile.strong_exit_p_up_micros), basis_points(profile.exit_move_micros)
    told = f"P(up) {percent(p_up)}, expected move {basis_points(move)}, rebound {_rebound(seen)}"
    weak = percent(profile.rebound_weak_micros)
    return told, f"{bounds[0]} or {bounds[1]} and below, with a rebound of {weak} at most"


def _mixed(seen: Seen) -> Figures:
    told = f"P(up) {percent(seen.said[P_UP])}, rebound {_rebound(seen)}"
    held = percent(seen.profile.rebound_credible_micros)
    negative = percent(seen.profile.exit_p_up_micros)
    return told, f"{negative} and below, held from a rebound of {held} on"


def _rebound(seen: Seen) -> str:
    return percent(seen.said[REBOUND])


def _faded(seen: Seen) -> Figures:
    campaign = seen.campaign
    done = ", a part is sold already" if campaign is not None and campaign.faded else ""
    told, gain = f"{basis_points(seen.said[MOVE_H1])} in an hour", seen.profile.tactical_gain_micros
    limit = basis_points(seen.profile.fade_move_micros)
    return f"{told}, {_gain(seen)}{done}", f"{limit}, with a gain of {percent(gain)}"


def _gain(seen: Seen) -> str:
    """What the campaign is worth against what it cost."""
    campaign, bid = seen.campaign, seen.mark("bid")
    if campaign is None or not campaign.price or not np.isfinite(bid):
        return f"a gain {UNKNOWN}"
    micros = round((bid / campaign.price - 1.0) * MICROS)
    return f"a {'gain' if micros >= 0 else 'loss'} of {percent(abs(micros))}"


def _persistent(seen: Seen) -> Figures:
    persisted = seen.moment.state.scores.persisted.item(seen.index)
    return f"{persisted} predictions", f"{seen.profile.entry_persistence_count}"


def _regime(seen: Seen) -> Figures:
    known = seen.moment.state.regimes.item(seen.index)
    told = UNKNOWN if known == MISSING else Regime(known).name.lower().replace("_", " ")
    return told, "any but stress"


def _drop(seen: Seen) -> Figures:
    return percent(seen.said[DOWNSIDE]), percent(seen.profile.dip_downside_micros)


def _after_the_dip(seen: Seen) -> Figures:
    return _rebound(seen), percent(seen.profile.rebound_entry_micros)


def _again(seen: Seen) -> Figures:
    limit = basis_points(seen.profile.fade_move_micros)
    return f"{basis_points(seen.said[MOVE_H1])} in an hour", f"above {limit}"


def _stop(seen: Seen) -> Figures:
    stop = seen.profile.catastrophe_stop_micros
    return _gain(seen), f"a loss of {percent(stop)}" if stop else "no stop"


def _hopeless(seen: Seen) -> Figures:
    profile = seen.profile
    bounds = percent(profile.recovery_exit_p_up_micros), profile.recovery_exit_move_micros
    return _of_a_day(seen), f"{bounds[0]} or {basis_points(bounds[1])} and below"


def _recovering(seen: Seen) -> Figures:
    return _of_a_day(seen), f"{percent(seen.profile.recovery_hold_p_up_micros)} holds"


def _of_a_day(seen: Seen) -> str:
    p_up, move = seen.said[P_UP_H24], seen.said[MOVE_H24]
    return f"P(up) {percent(p_up)} and {basis_points(move)} in a day, {_gain(seen)}"


def _reduced(seen: Seen) -> Figures:
    campaign, limit = seen.campaign, lasting(seen.profile.reduce_interval_ns)
    if campaign is None or not campaign.reduced_at:
        return "never reduced", limit
    return f"{lasting(seen.moment.at - campaign.reduced_at)} ago", limit


def _credible(seen: Seen) -> Figures:
    return _rebound(seen), percent(seen.profile.rebound_credible_micros)


def _budget(seen: Seen) -> Figures:
    campaign = seen.campaign
    return ("nothing" if campaign is None else exact(campaign.room)), f"some {seen.quote}"


def _flatten(seen: Seen) -> Figures:
    return f"{seen.moment.state.kill_level}", f"{FLATTEN_LEVEL}"


def _dust(seen: Seen) -> Figures:
    rules = in_force(seen.moment.config.instruments[seen.index], seen.moment.state.rules)
    share = percent(seen.moment.config.profile.base_fraction_micros)
    least = f"{exact(rules.quantity_min)} {rules.base} worth {exact(rules.cost_min)} {rules.quote}"
    return f"{share} of the equity", least


def _history(seen: Seen) -> Figures:
    del seen
    return "history that only warms up", "live data"


def figures(reason: Reason, seen: Seen) -> Figures:
    """Value and threshold of any reason, as words with units."""
    return FIGURES[reason](seen)


FIGURES: Final[dict[Reason, Callable[[Seen], Figures]]] = {
    Reason.NOT_LISTED: _listed,
    Reason.NOT_WARM: _warm,
    Reason.NO_MODEL: _model,
    Reason.STALE: _fresh,
    Reason.MARKET_UNSOUND: _sound,
    Reason.SPREAD_TOO_WIDE: _spread,
    Reason.DEPTH_TOO_THIN: _depth,
    Reason.NO_PORTFOLIO: _portfolio,
    Reason.ORDER_OPEN: _open,
    Reason.COOLING_DOWN: _cooling,
    Reason.PROBABILITY_TOO_LOW: _probable,
    Reason.EDGE_BELOW_COST: _edge,
    Reason.EDGE_ABOVE_COST: _edge,
    Reason.THESIS_BROKEN: _thesis,
    Reason.EDGE_FADED: _faded,
    Reason.THESIS_HOLDS: _thesis,
    Reason.FLATTEN: _flatten,
    Reason.DUST: _dust,
    Reason.WARM_UP: _history,
    Reason.NOT_PERSISTENT: _persistent,
    Reason.REGIME_STRESS: _regime,
    Reason.DROP_AHEAD: _drop,
    Reason.AWAITING_REBOUND: _after_the_dip,
    Reason.REENTRY: _again,
    Reason.CATASTROPHE_STOP: _stop,
    Reason.RECOVERY_HOPELESS: _hopeless,
    Reason.RECOVERY_HELD: _recovering,
    Reason.RECOVERY_REDUCED: _recovering,
    Reason.REDUCED_LATELY: _reduced,
    Reason.REBOUND_CREDIBLE: _credible,
    Reason.THESIS_MIXED: _mixed,
    Reason.BUDGET_USED: _budget,
}
