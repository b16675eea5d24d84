"""`ballast risk simulate`, and the figure that a proposal and a raise of risk show."""

from __future__ import annotations

from typing import Any

import pytest

from service.failures import ExitCode
from tests.e2e.conftest import Ballast
from tests.e2e.terminal import Terminal

RUN = ("paper", "--seed", 7, "--speed", 0, "--json")
HALF, RAISE = "risk.position_cap_micros=10000", "risk.base_risk_micros=30000"
INTERRUPT = "\x03"


def figures(found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return found["recorded"], found["proposed"]


@pytest.mark.parametrize("journal", ["postgres", "file"])
def test_recorded_days_are_simulated_by_other_values(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    card = ballast(*RUN, "--events", 1500, "--journal", journal).card

    def simulated(*words: str) -> dict[str, Any]:
        found = ballast.inside(monkeypatch, "risk", "simulate", *words, "--json")
        assert found.code == 0, found.err
        return found.json

    same = simulated("--preset", "cautious", "--days", "30")
    assert same["root"] == card["root_hash"]
    assert same["proposed"] == same["recorded"]
    assert same["recorded"]["fills"] == card["fills"]
    assert (same["changes"], same["runs"], same["outside"]) == ([], [card["run_id"]], False)
    recorded, proposed = figures(simulated(HALF))
    assert float(proposed["fees"]) < float(recorded["fees"])
    assert proposed["exposure"] < recorded["exposure"]
    bold = simulated("--preset", "bold", HALF, "--run", "last")
    assert ["risk.position_cap_micros", 30_000, 10_000] in bold["changes"]
    assert ["strategy.entry_p_up_micros", 560_000, 550_000] in bold["changes"]

    shown = ballast.inside(monkeypatch, "risk", "simulate", "--preset", "bold", "--days", "30")
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    assert "risk.position_cap_micros: 3 % -> 6 %" in lines
    (reproduced,) = [each for each in lines if "reproduced to root" in each]
    assert reproduced.endswith(card["root_hash"][:16])
    told = {each.rsplit(maxsplit=3)[0].strip(): each.split()[-3:] for each in lines[-15:-1]}
    assert told["fills"][0] == str(card["fills"])
    assert told["fees, USD"][2].startswith("+")
    assert "no promise" in lines[-1]


def test_a_file_of_values_is_simulated_and_proposed_whole(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ballast(*RUN, "--events", 1500).code == 0
    file = ballast.home.parent / "calmer.toml"
    file.write_text("[risk]\nnormal_positions_max_count = 2\n")

    def asked(*words: str) -> dict[str, Any]:
        found = ballast.inside(monkeypatch, "risk", *words, "--json")
        assert found.code == 0, found.err
        return found.json

    simulated = asked("simulate", "--file", str(file))
    proposed = asked("propose", "--file", str(file), "--days", "7")
    field = ["risk.normal_positions_max_count", 10, 2]
    assert simulated["changes"] == proposed["rows"] == [field]
    assert proposed["simulation"]["proposed"] == simulated["proposed"]
    recorded, fewer = figures(simulated)
    assert fewer["entries"] == 2 < recorded["entries"]
    assert fewer["refused"]["max_positions"] > recorded["refused"]["max_positions"]
    preset = asked("propose", "--preset", "balanced")
    assert "risk.position_cap_micros" in preset["riskier"]
    assert preset["simulation"]["inputs"] < simulated["inputs"], "a day, and not a week"
    short = ballast.inside(monkeypatch, "risk", "propose", HALF)
    assert "equity at the end, USD" in short.out
    assert "by max positions" not in short.out, "the short figure has no rungs"
    skipped = asked("propose", HALF, "--no-simulation")
    assert (skipped["simulation"], skipped["not_simulated"]) == (None, "it was not asked for")


def test_a_raise_shows_its_figure_before_the_word_is_asked_for(ballast: Ballast) -> None:
    assert ballast(*RUN, "--events", 1500).code == 0
    words = ["risk", "apply", RAISE, "--reason", "a calm month"]
    terminal = Terminal(words, ballast.home)
    terminal.wait_for("Type raise to raise risk")
    before, _, _ = terminal.shown.partition("Type raise")
    assert "highest exposure" in before
    terminal.type("no")
    assert terminal.end() == ExitCode.USAGE
    assert "Nothing was changed." in terminal.shown
    terminal = Terminal([*words, "--no-simulation"], ballast.home)
    terminal.wait_for("Type raise to raise risk")
    assert "highest exposure" not in terminal.shown
    terminal.type("raise")
    assert terminal.end() == ExitCode.OK
    assert "Left for the account" in terminal.shown


def test_an_interrupt_ends_a_simulation_cleanly(ballast: Ballast) -> None:
    card = ballast(*RUN, "--events", 5000, "--journal", "file").card
    terminal = Terminal(["risk", "simulate", "--preset", "bold"], ballast.home)
    terminal.wait_for("simulating")
    terminal.type(INTERRUPT)
    assert terminal.end() == ExitCode.INTERRUPTED, terminal.shown
    assert "The simulation was stopped after" in terminal.shown
    assert "Traceback" not in terminal.shown
    again = ballast("replay", "last", "--json")
    assert (again.code, again.json["root_hash"]) == (0, card["root_hash"])


def test_what_cannot_be_simulated_is_said_at_once(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ballast(*RUN, "--events", 60).code == 0
    file = str(ballast.home / "nothing.toml")
    refusals = (
        ((), 2, "Nothing is named to change."),
        (("risk.position_cap_micros=400000",), 2, "its most is 10 % (100000)."),
        (("risk.nothing=1",), 2, "There is no field risk.nothing."),
        (("--preset", "cautions"), 8, "did you mean cautious?"),
        (("--file", file), 8, "There is no file"),
        (("--preset", "bold", "--file", file), 2, "A preset and a file were named."),
        (("--preset", "bold", "--run", "0123"), 8, "There is no run 0123"),
    )
    for words, code, told in refusals:
        refused = ballast.inside(monkeypatch, "risk", "simulate", *words)
        assert (refused.code, told in refused.err) == (code, True), refused.err
        assert ".." not in refused.sentence
    for place, journal in (("elsewhere", "file"), ("nowhere", "postgres")):
        other = Ballast(ballast.home / place)
        found = other("risk", "simulate", "--preset", "bold", journal__kind=journal)
        assert found.code == (ExitCode.MISSING if journal == "file" else ExitCode.ENVIRONMENT)
        assert "ballast run" in found.err
