"""What is in force and where it comes from, and how two choices of values differ.

A choice is a preset, a TOML file of settings, or `current`: what this configuration resolves to.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.profiles.catalogue import RISK, STRATEGY, Change, Row, changes
from actors.profiles.presets import CAUTIOUS, PRESETS
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from service.failures import ExitCode, UserError
from service.profiles.choosing import preset_of
from service.settings import Settings, load_settings
from service.settings_source import from_environment, from_file

CURRENT: Final = "current"
Pair = tuple[RiskProfile, StrategyProfile]


class Shown(msgspec.Struct, frozen=True):
    """One field in force: its row, value, who said it, and whether `cautious` says otherwise."""

    field: str
    row: Row
    value: int
    source: str
    differs: bool


def in_force(
    settings: Settings, file: Path | None, environment: Mapping[str, str]
) -> tuple[Shown, ...]:
    """Every field of both profiles with its source: environment, file, preset or default."""
    said = (
        ("environment", from_environment(environment)),
        ("file", {} if file is None else from_file(file)),
        ("preset", preset_of(settings.profile)),
    )
    found: list[Shown] = []
    for section, rows, profile, cautious in (
        ("risk", RISK, settings.risk, RiskProfile()),
        ("strategy", STRATEGY, settings.strategy, StrategyProfile()),
    ):
        for name, row in rows.items():
            value = getattr(profile, name)
            source = next(
                (who for who, values in said if name in values.get(section, {})), "default"
            )
            differs = value != getattr(cautious, name)
            found.append(Shown(f"{section}.{name}", row, value, source, differs))
    return tuple(found)


def pair_of(choice: str, current: Settings) -> Pair:
    """The values of a preset, a file or `current`. Raises UserError when it is none of them."""
    if choice == CURRENT:
        return current.risk, current.strategy
    if choice in PRESETS:
        found = load_settings(environment={}, overrides={"profile": choice})
    elif Path(choice).is_file():
        found = load_settings(Path(choice), environment={})
    else:
        raise _stranger(choice)
    return found.risk, found.strategy


def difference(before: Pair, after: Pair) -> tuple[tuple[Change, ...], str]:
    """What differs, and the verdict on `after`: riskier, safer, mixed or equal.

    A difference of which no direction is the safer one makes it mixed.
    """
    found = changes(before, after)
    kinds = {each.worse for each in found}
    verdicts: dict[frozenset[int], str] = {
        frozenset(): "equal",
        frozenset({1}): "riskier",
        frozenset({-1}): "safer",
    }
    return found, verdicts.get(frozenset(kinds), "mixed")


def row_of(field: str) -> Row:
    """The catalogue's row of `section.field`."""
    section, name = field.split(".")
    return {"risk": RISK, "strategy": STRATEGY}[section][name]


def _stranger(choice: str) -> UserError:
    known: tuple[Any, ...] = (*PRESETS, CURRENT)
    near = difflib.get_close_matches(choice, known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
    return UserError(
        ExitCode.MISSING,
        f"{choice} is neither a preset nor a file; {hint}",
        f"Name a preset, a TOML file, or `{CURRENT}`; {CAUTIOUS} is the defaults.",
    )
