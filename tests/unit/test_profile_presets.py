"""Presets: each within bounds and riskier than the one before; a person's own fields override."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from actors.profiles.catalogue import breaches, changes
from actors.profiles.presets import CAUTIOUS, PRESETS
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from service.failures import ExitCode, UserError
from service.profiles.inquiry import Pair
from service.settings import (
    Settings,
    canonical_json,
    decode_decision_settings,
    load_settings,
    settings_hash,
)


def pair(name: str) -> Pair:
    found = load_settings(environment={"BALLAST__PROFILE": name})
    return found.risk, found.strategy


def refused(environment: dict[str, str]) -> UserError:
    with pytest.raises(UserError) as found:
        load_settings(environment=environment)
    return found.value


def test_cautious_is_the_defaults_and_in_force_when_nothing_is_said() -> None:
    assert pair(CAUTIOUS) == (RiskProfile(), StrategyProfile())
    assert load_settings(environment={}) == Settings()
    assert Settings().profile == CAUTIOUS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_within_bounds_and_changes_what_it_names(name: str) -> None:
    found = pair(name)
    assert breaches(*found) == ()
    named = {f"{part}.{field}" for part, fields in PRESETS[name].items() for field in fields}
    assert {each.field for each in changes(pair(CAUTIOUS), found)} == named


@pytest.mark.parametrize(("before", "after"), [*itertools.pairwise(PRESETS)])
def test_each_preset_is_riskier_in_all_that_it_changes(before: str, after: str) -> None:
    found = changes(pair(before), pair(after))
    assert found
    assert {each.worse for each in found} == {1}


def test_single_fields_override_the_preset_wherever_they_are_said(tmp_path: Path) -> None:
    file = tmp_path / "ballast.toml"
    file.write_text('profile = "bold"\n[risk]\nposition_cap_micros = 50_000\n')
    found = load_settings(file, {"BALLAST__STRATEGY__BASE_FRACTION_MICROS": "10000"})
    assert found.profile == "bold"
    assert found.risk.position_cap_micros == 50_000
    assert found.strategy.base_fraction_micros == 10_000
    assert found.risk.exposure_cap_micros == PRESETS["bold"]["risk"]["exposure_cap_micros"]


def test_the_environment_chooses_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ballast.toml"
    file.write_text('profile = "bold"\n')
    found = load_settings(file, {"BALLAST__PROFILE": "balanced"})
    assert (found.risk, found.strategy) == pair("balanced")


def test_a_run_holds_what_came_of_its_preset() -> None:
    bold = load_settings(environment={"BALLAST__PROFILE": "bold"}).decision
    assert decode_decision_settings(canonical_json(bold)) == bold
    assert settings_hash(bold) != settings_hash(Settings().decision)
    assert '"position_cap_micros":60000' in canonical_json(bold)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("bod", "did you mean bold?"), ("zzz", "there are cautious, balanced, bold.")],
)
def test_a_name_that_is_no_preset_is_refused_with_the_nearest(name: str, hint: str) -> None:
    found = refused({"BALLAST__PROFILE": name})
    assert found.code is ExitCode.USAGE
    assert found.sentence == f"There is no profile {name!r}; {hint}"


def test_a_value_out_of_bounds_is_refused_at_the_door_with_its_bound() -> None:
    found = refused({"BALLAST__RISK__POSITION_CAP_MICROS": "100001"})
    assert found.code is ExitCode.USAGE
    assert found.sentence.startswith("The setting risk.position_cap_micros is 10.0001 %")
    assert found.sentence.endswith("its most is 10 % (100000).")
    assert "ballast risk show" in found.remedy


def test_a_section_that_is_none_is_told_so_below_a_preset_too() -> None:
    found = refused({"BALLAST__PROFILE": "bold", "BALLAST__RISK": "1"})
    assert found.sentence == "The setting risk is a section, not a value."
