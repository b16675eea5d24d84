"""The clusters actor: samples every bar's closes and states, on schedule, which symbols are one
risk.

The first map comes as soon as any symbol has history enough, in a warm-up too; the next ones with
the first full hour of each interval and of each run, and at once when the profile asks for others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from actors.clusters.grouping import grouped
from actors.clusters.returns import Returns, forget, no_returns, sample
from actors.ids import digest_hex
from actors.instant import floor_to
from actors.instruments import Instrument
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.messages.base import Message
from actors.messages.codec import encode
from actors.messages.control import RunStarted
from actors.messages.market import BAR_COLUMNS, BarSlice
from actors.messages.profile import ProfileInForce
from actors.messages.risk import ClustersComputed
from actors.risk.clusters import version_of
from actors.risk.profile import RiskProfile

_CLOSE = BAR_COLUMNS.index("close")
_FIELDS = (
    "cluster_correlation_micros",
    "cluster_window_ns",
    "cluster_history_min_count",
    "cluster_interval_ns",
    "cluster_max_age_ns",
)


class ClustersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The run's instruments in index order, the profile, and the length of a bar (ns)."""

    instruments: tuple[Instrument, ...]
    profile: RiskProfile
    bar_interval_ns: int


class ClustersState(msgspec.Struct):
    """The returns of the window; when the next map is due (ns UTC); the profile in force in place
    of the configuration's, once it was changed.
    """

    sampled: Returns
    due: int = 0
    profile: RiskProfile | None = None


def initial_state(config: ClustersConfig) -> ClustersState:
    """No returns, and a map due with the first."""
    symbols = tuple(each.symbol for each in config.instruments)
    return ClustersState(no_returns(symbols, config.bar_interval_ns))


class ClustersActor(Actor[ClustersConfig, ClustersState]):
    """Bars in, now and then a map out."""

    __slots__ = ()

    name: ClassVar[str] = "clusters"
    emits: ClassVar[tuple[type[Message], ...]] = (ClustersComputed,)
    state_type: ClassVar[type[msgspec.Struct]] = ClustersState

    @property
    def profile(self) -> RiskProfile:
        """What decides now."""
        return self.state.profile or self.config.profile

    def on_run_started(self, message: RunStarted, at: int) -> Effects:
        """Returns of other symbols, or over other steps, say nothing of these.

        The configuration may ask for other clusters than before: a map is due with the next hour.
        """
        del message, at
        fresh, sampled = initial_state(self.config), self.state.sampled
        wanted = fresh.sampled
        if (sampled.symbols, sampled.step_ns) != (wanted.symbols, wanted.step_ns):
            self.state.sampled = wanted
        self.state.due = 0
        return NOTHING

    def on_bar(self, message: BarSlice, at: int) -> Effects:
        """Sample the closes; a map when one is due and an hour became full."""
        del at
        state = self.state
        closes = message.rows[:, _CLOSE]
        full = sample(state.sampled, message.close_ts, closes, self.profile.cluster_window_ns)
        return self._computed() if full and state.sampled.closed_end >= state.due else NOTHING

    def on_profile(self, message: ProfileInForce, at: int) -> Effects:
        """Where the values of clusters differ, the map of the newest hour is computed anew."""
        del at
        before = self.profile
        self.state.profile = msgspec.json.decode(message.risk, type=RiskProfile)
        same = all(getattr(before, name) == getattr(self.profile, name) for name in _FIELDS)
        if same:
            return NOTHING
        forget(self.state.sampled, self.profile.cluster_window_ns)
        return self._computed()

    def _computed(self) -> Effects:
        """The map as of the newest full hour; none while no symbol has history enough."""
        state, profile = self.state, self.profile
        sampled = state.sampled
        if len(sampled.rows) < profile.cluster_history_min_count:
            return NOTHING
        bases = {each.symbol: each.base for each in self.config.instruments}
        found = grouped(
            sampled.rows,
            bases,
            history_min_count=profile.cluster_history_min_count,
            correlation_micros=profile.cluster_correlation_micros,
        )
        if not found.clusters:
            return NOTHING
        as_of, interval = sampled.closed_end, profile.cluster_interval_ns
        state.due = floor_to(as_of, interval) + interval
        clusters = tuple((_name(members, bases), members) for members in found.clusters)
        message = ClustersComputed(
            as_of=as_of,
            valid_until=as_of + profile.cluster_max_age_ns,
            clusters=clusters,
            unknown=found.unknown,
            version=version_of(clusters, found.unknown),
            digest=digest_hex("returns", encode((sampled.symbols, sampled.ends, sampled.rows))),
            returns_count=len(sampled.rows),
            window_ns=profile.cluster_window_ns,
            correlation=profile.cluster_correlation_micros,
        )
        return (message,)

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        RunStarted: on_run_started,
        BarSlice: on_bar,
        ProfileInForce: on_profile,
    }


def _name(members: tuple[str, ...], bases: dict[str, str]) -> str:
    """The base asset of the first member, and how many others there are: ADA, or ADA+3."""
    others = len(dict.fromkeys(bases[each] for each in members)) - 1
    return f"{bases[members[0]]}+{others}" if others else bases[members[0]]
