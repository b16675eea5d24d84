"""How a change of the profiles is judged, by the catalogue: what is refused, what raises risk."""

from __future__ import annotations

from actors.profiles import catalogue
from actors.profiles.state import Profiles


def breaches(profiles: Profiles) -> tuple[str, ...]:
    """A sentence for every bound that is broken; what contradicts itself cannot be made at all."""
    return catalogue.breaches(profiles.risk, profiles.strategy)


def riskier(before: Profiles, after: Profiles) -> tuple[str, ...]:
    """The fields by which `after` may lose more than `before`, or of which nobody can say."""
    pairs = (before.risk, before.strategy), (after.risk, after.strategy)
    return tuple(each.field for each in catalogue.changes(*pairs) if each.worse >= 0)
