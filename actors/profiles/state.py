"""What is remembered of the profiles: those in force, those of the configuration, what waits.

Nothing here decides; see `actor`.
"""

from __future__ import annotations

import msgspec

from actors.ids import digest_hex
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile


class Profiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two profiles that decide together."""

    risk: RiskProfile = RiskProfile()
    strategy: StrategyProfile = StrategyProfile()

    def texts(self) -> tuple[str, str]:
        """Canonical JSON of risk and strategy, as a run's settings have it."""
        return canonical(self.risk), canonical(self.strategy)

    def value(self, field: str) -> int | None:
        """The value of a field like risk.position_cap_micros; None when there is no such field."""
        kind, _, name = field.partition(".")
        if kind not in self.__struct_fields__:
            return None
        profile = getattr(self, kind)
        return getattr(profile, name) if name in profile.__struct_fields__ else None

    def changed(self, changes: tuple[tuple[str, int], ...]) -> Profiles:
        """The profiles with fields that exist set. ValueError when they contradict each other."""
        found = {"risk": self.risk, "strategy": self.strategy}
        for kind, profile in tuple(found.items()):
            fields = {
                field.partition(".")[2]: value
                for field, value in changes
                if field.partition(".")[0] == kind
            }
            found[kind] = msgspec.structs.replace(profile, **fields) if fields else profile
        return msgspec.structs.replace(self, **found)

    def fields(self) -> tuple[str, ...]:
        """The name of every field."""
        return tuple(
            f"{kind}.{name}"
            for kind in self.__struct_fields__
            for name in getattr(self, kind).__struct_fields__
        )


class ProfilesConfig(msgspec.Struct, frozen=True):
    """What the configuration says. With `beyond_bounds` no value is held to the catalogue's bounds
    at a run's start: for rehearsals alone, and the run's settings on record say so.
    """

    profiles: Profiles = Profiles()
    beyond_bounds: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """A change that comes into force at `due` (ns UTC)."""

    change_no: int
    changes: tuple[tuple[str, int], ...]
    riskier: tuple[str, ...]
    actor: str
    reason: str
    due: int


class ProfilesState(msgspec.Struct):
    """`in_force` is None while no change was ever made: then the configuration's profiles decide.

    `configured` is what the configuration said when the last run started, `last` what came of the
    newest change in force, for whoever comes too late.
    """

    in_force: Profiles | None = None
    configured: Profiles | None = None
    waiting: Waiting | None = None
    version: int = 0
    change_no: int = 0
    last: str = ""


def canonical(profile: RiskProfile | StrategyProfile) -> str:
    """A profile as canonical JSON: equal profiles, equal text."""
    return msgspec.json.encode(profile, order="deterministic").decode()


def standing(profiles: Profiles, waiting_no: int) -> str:
    """The name of what is in force and of what waits (0: nothing)."""
    return digest_hex("profiles", *profiles.texts(), str(waiting_no))[:32]
