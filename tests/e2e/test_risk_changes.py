"""`ballast risk propose|apply|withdraw|history`: a profile changed between runs, on record."""

from __future__ import annotations

from typing import Any

import pytest

from actors.instant import MINUTE_NS
from tests.e2e.conftest import Ballast

RUN = ("paper", "--seed", 7, "--speed", 0, "--json")
LOWER, RAISE = "risk.position_cap_micros=20000", "risk.daily_loss_max_micros=40000"


def test_a_change_is_judged_recorded_and_outlives_its_run(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def risk(*words: object) -> dict[str, Any]:
        found = ballast.inside(monkeypatch, "risk", *words, "--json")
        assert found.code == 0, found.err
        return dict(found.json)

    def states() -> list[tuple[int, str]]:
        return [(each["change_no"], each["state"]) for each in risk("history")["changes"]]

    assert ballast(*RUN, "--events", 900).card["parity"]
    assert states() == []
    untouched = risk("history")["standing"]
    proposed = risk("propose", RAISE, LOWER)
    assert (proposed["base"], proposed["riskier"]) == (untouched, ["risk.daily_loss_max_micros"])
    assert proposed["delay_ns"] == 10 * MINUTE_NS
    assert states() == [], "a proposal is no change"

    risk("apply", LOWER, "--reason", "less for a while")
    risk("apply", RAISE, "--reason", "made before it knew of the other", "--yes")
    assert ballast(*RUN, "--events", 300).card["parity"]
    lowered, late = risk("history")["changes"]
    assert (lowered["state"], late["state"]) == ("in_force", "refused")
    assert lowered["reason"] == "less for a while"
    assert lowered["changes"] == '[["risk.position_cap_micros",30000,20000]]'
    assert "change 1" in late["told"]
    history = risk("history")
    assert history["profiles"]["risk"]["position_cap_micros"] == 20_000
    assert history["standing"] != untouched

    risk("apply", RAISE, "--reason", "a calm month", "--yes")
    assert ballast(*RUN, "--events", 300).card["parity"]
    waited, due = risk("history")["changes"][2:]
    assert (waited["state"], due["state"]) == ("waiting", "in_force")
    assert due["at"] >= waited["due"] == waited["at"] + 10 * MINUTE_NS
    assert risk("history")["profiles"]["risk"]["daily_loss_max_micros"] == 40_000

    risk("apply", "risk.daily_loss_max_micros=50000", "--reason", "more", "--yes")
    risk("withdraw", "--reason", "no")
    card = ballast(*RUN, "--events", 300).card
    assert card["parity"]
    assert [state for _, state in states()[4:]] == ["waiting", "withdrawn"]
    assert risk("history")["profiles"]["risk"]["daily_loss_max_micros"] == 40_000
    told = ballast.inside(monkeypatch, "risk", "history").out
    assert "risk.position_cap_micros: 30000 -> 20000" in told
    again = ballast("replay", card["run_id"], "--json")
    assert (again.code, again.json["parity"]) == (0, True)


def test_show_has_what_is_recorded_beside_the_configuration(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*words: object) -> dict[str, Any]:
        found = ballast.inside(monkeypatch, "risk", *words, "--json")
        assert found.code == 0, found.err
        return dict(found.json)

    def shown(name: str) -> tuple[int, int, int | None]:
        """A value of the configuration, of what decides, of the change that waits."""
        values = {each["field"]: each for each in told("show")["values"]}
        row = values[f"risk.{name}"]
        return row["value"], row["in_force"], row["waiting"]

    assert ballast(*RUN, "--events", 300).card["parity"]
    assert shown("position_cap_micros") == (30_000, 30_000, None)
    nothing = {"version": 0, "in_force": None, "waiting": None, "untold": ""}
    assert told("show")["recorded"] == nothing
    told("apply", LOWER, "--reason", "less for a while")
    assert ballast(*RUN, "--events", 300).card["parity"]
    assert shown("position_cap_micros") == (30_000, 20_000, None)
    assert told("show", "--preset", "bold")["recorded"] == nothing
    told("apply", RAISE, "--reason", "a calm month", "--yes")
    assert ballast(*RUN, "--events", 5).card["parity"]
    recorded = told("show")["recorded"]
    assert (recorded["version"], recorded["in_force"]["reason"]) == (1, "less for a while")
    assert recorded["waiting"]["reason"] == "a calm month"
    assert shown("daily_loss_max_micros") == (30_000, 30_000, 40_000)
    lines = ballast.inside(monkeypatch, "risk", "show").out.splitlines()
    assert lines[1].startswith("in force: version 1, by change 1 of ")
    assert lines[1].endswith(": less for a while")
    assert lines[2].startswith("waiting: change 2 of ")
    (cap,) = [each for each in lines if " risk.position_cap_micros " in each]
    assert cap.split()[:7] == ["risk.position_cap_micros", *"3 % 2 % 0 %".split()]


def test_what_cannot_be_applied_is_said_at_once(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ballast(*RUN, "--events", 300).code == 0
    reason = ("--reason", "because")
    refusals = (
        (("apply", "risk.position_cap_micros=400000", *reason), "its most is 10 % (100000)."),
        (("apply", "risk.position_cap_micros=30000", *reason), "it changes nothing"),
        (("apply", RAISE, *reason), "nobody is there to confirm it"),
        (("apply", "risk.nothing=1", *reason), "There is no field risk.nothing."),
        (("apply", "more", *reason), "Write FIELD=VALUE with a whole number"),
        (("apply", "risk.caution_drawdown_micros=150000", *reason), "drawdown tiers must rise"),
    )
    for words, told in refusals:
        refused = ballast.inside(monkeypatch, "risk", *words)
        assert (refused.code, told in refused.err) == (2, True), refused.err
        assert ".." not in refused.sentence
    assert ballast.inside(monkeypatch, "risk", "history", "--json").json["changes"] == []
