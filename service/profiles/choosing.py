"""A preset lies beneath what a file, the environment and the command line say.

The setting `profile` names it. An unknown name is refused with the nearest known one.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from actors.profiles.presets import CAUTIOUS, PRESETS, Values
from service.failures import ExitCode, UserError


def preset_of(name: object) -> Values:
    """What a preset changes. Raises UserError(USAGE) for a name that is none."""
    if isinstance(name, str) and name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(f"{name}", PRESETS, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PRESETS)}."
    raise UserError(
        ExitCode.USAGE,
        f"There is no profile {name!r}; {hint}",
        "Set profile to one of them; `ballast risk show --preset NAME` shows its values.",
    )


def with_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with those of their preset wherever they say nothing themselves."""
    found = dict(values)
    for section, fields in preset_of(values.get("profile", CAUTIOUS)).items():
        said = values.get(section, {})
        if isinstance(said, Mapping):  # else it is refused where names are checked
            found[section] = {**fields, **said}
    return found
