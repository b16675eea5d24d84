"""`ballast risk show` and `diff`: values with bounds and source, differences with a verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from actors.profiles.catalogue import RISK, STRATEGY
from service.cli.main import cli
from service.failures import ExitCode

FILE = 'profile = "balanced"\n[risk]\nposition_cap_micros = 20_000\n'


def told(*words: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    found = CliRunner().invoke(cli, ["risk", *words], env=environment)
    return found.exit_code, found.output


def document(*words: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    code, text = told(*words, "--json", environment=environment)
    assert code == 0, text
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    return path


def test_show_names_every_field_with_its_source_and_what_differs(file: Path) -> None:
    found = document(
        "show",
        "--settings",
        str(file),
        environment={"BALLAST__RISK__SPREAD_MAX_MICROS": "2000"},
    )
    values = {each["field"]: each for each in found["values"]}
    expected = [*(f"risk.{name}" for name in RISK), *(f"strategy.{name}" for name in STRATEGY)]
    assert list(values) == expected
    assert found["profile"] == "balanced"
    sources = {
        "risk.position_cap_micros": ("file", 20_000, True),
        "risk.exposure_cap_micros": ("preset", 300_000, True),
        "risk.spread_max_micros": ("environment", 2_000, False),
        "risk.depth_min_quote": ("default", 10_000, False),
    }
    for name, (source, value, differs) in sources.items():
        row = values[name]
        assert (row["source"], row["value"], row["differs"]) == (source, value, differs)
    cap = values["risk.position_cap_micros"]
    assert (cap["unit"], cap["least"], cap["most"]) == ("millionths", 0, 100_000)
    assert cap["riskier"] == "up"


def test_show_of_a_preset_ignores_this_configuration(file: Path) -> None:
    code, text = told("show", "--preset", "bold", "--settings", str(file))
    assert code == 0
    lines = text.splitlines()
    assert lines[0] == "profile bold"
    (cap,) = [line for line in lines if "risk.position_cap_micros" in line]
    assert cap.split()[:9] == ["*", "risk.position_cap_micros", *"6 % 0 % 10 % up".split()]
    (floor,) = [line for line in lines if "risk.capital_floor_amount" in line]
    assert not floor.startswith("*")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("cautious", "bold", "riskier"),
        ("bold", "balanced", "safer"),
        ("bold", "bold", "equal"),
        ("cautious", "current", "equal"),
        ("cautious", "FILE", "mixed"),
        ("FILE", "balanced", "riskier"),
    ],
)
def test_diff_ends_with_a_verdict(file: Path, before: str, after: str, verdict: str) -> None:
    first, second = (str(file) if each == "FILE" else each for each in (before, after))
    assert document("diff", first, second)["verdict"] == verdict
    code, text = told("diff", first, second)
    assert (code, text.splitlines()[-1]) == (0, f"{second} against {first}: {verdict}")


def test_diff_tells_both_values_and_which_is_riskier(file: Path) -> None:
    found = document("diff", "balanced", str(file))
    assert found["changes"] == [
        {"field": "risk.position_cap_micros", "a": 40_000, "b": 20_000, "riskier": "a"}
    ]
    _, text = told("diff", "balanced", str(file))
    (line,) = [each for each in text.splitlines() if "position_cap" in each]
    assert line.split() == ["risk.position_cap_micros", "4", "%", "2", "%", "balanced"]


def test_current_is_this_configuration(file: Path) -> None:
    found = document("diff", str(file), "current", "--settings", str(file))
    assert found["verdict"] == "equal"


def test_a_change_without_a_safer_direction_is_neither(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[strategy]\nstrong_p_up_micros = 700_000\n")
    found = document("diff", "cautious", str(other))
    assert [each["riskier"] for each in found["changes"]] == ["neither"]
    assert found["verdict"] == "mixed"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("diff", "blod", "bold"), ExitCode.MISSING, "did you mean bold?"),
        (("diff", "bold", "curent"), ExitCode.MISSING, "did you mean current?"),
        (("diff", "zzz", "bold"), ExitCode.MISSING, "known are cautious, balanced, bold, current."),
        (("show", "--preset", "balancd"), ExitCode.USAGE, "did you mean balanced?"),
    ],
)
def test_a_stranger_is_refused_with_the_nearest_name(
    words: tuple[str, ...], code: ExitCode, sentence: str
) -> None:
    found, text = told(*words)
    assert found == int(code)
    assert sentence in text
