"""The gates before live trading as a table: each row's sentence, and which opens when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.messages.control import LiveConfirmed
from service.bundles import LIVE, choose_bundle
from service.confirmations import (
    ACCEPT_RISK,
    OVERRIDE_TRIAL,
    confirm,
    confirmations_path,
    in_force,
    read_confirmations,
)
from service.environment import other_accounts, refuse_other_environment
from service.failures import ExitCode, UserError
from service.live_gates import (
    DAY_HOURS_LEAST,
    Evidence,
    Gate,
    gates_of,
    refusal_of,
    shut,
    whole_days,
)
from service.live_risk import DIGEST, TEXT
from service.run_index import RunEntry, RunIndex
from service.settings import Settings, load_settings

FULL = dict.fromkeys(range(20_000, 20_030), 24)
ACCEPTED = LiveConfirmed(ACCEPT_RISK, "anna", "risk text version 1", DIGEST, 7)
OVERRIDDEN = LiveConfirmed(OVERRIDE_TRIAL, "bert", "ran for a year elsewhere", "", 8)
AWAY = Evidence(
    is_here=False,
    key="Plan…yzAB",
    permissions=("query-funds", "modify-trades"),
    trial_hours=FULL,
    trial_source="/paper",
    confirmed={ACCEPT_RISK: ACCEPTED},
)
REFUSED = UserError(ExitCode.KEY_REFUSED, "The API key is refused: it can withdraw.", "Make one.")
MISSING = UserError(ExitCode.MISSING, "No API key is connected to live.", "Connect one.")


def row(name: str, **changes: Any) -> Gate:
    """One gate, with changed evidence."""
    rows = gates_of(msgspec.structs.replace(AWAY, **changes))
    return next(gate for gate in rows if gate.name == name)


def test_with_everything_there_no_gate_is_shut() -> None:
    """Credentials, rights, trial, risk text and a database of its own: there is no other gate."""
    assert shut(gates_of(AWAY)) == ()
    names = [gate.name for gate in gates_of(AWAY)]
    assert names == ["credentials", "rights", "trial", "warning", "database"]


def test_on_this_machine_only_money_is_not_asked_for() -> None:
    """The key is held to the same rules, the database too; nobody needs a trial or a warning."""
    bare = Evidence(is_here=True, key="k", permissions=("query-funds",))
    assert shut(gates_of(bare)) == ()
    with_other = msgspec.structs.replace(bare, other_accounts="paper is kept here")
    (gate,) = shut(gates_of(msgspec.structs.replace(with_other, rights_fault=None)))
    assert gate.name == "database"
    (rights,) = shut(gates_of(msgspec.structs.replace(bare, rights_fault=REFUSED)))
    assert (rights.name, refusal_of(rights).code) == ("rights", ExitCode.KEY_REFUSED)


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("credentials", {"key_fault": MISSING}, "no API key is connected to live"),
        ("rights", {"key_fault": MISSING}, "nobody knows"),
        ("rights", {"rights_fault": REFUSED}, "the API key is refused: it can withdraw"),
        ("trial", {"trial_hours": {}}, "0 of 30 days, in /paper"),
        ("trial", {"trial_hours": {}, "trial_fault": "no account"}, "0 of 30 days; no account"),
        ("trial", {"trial_days_needed": 31}, "30 of 31 days"),
        (
            "trial",
            {"trial_hours": {**FULL, 20_000: DAY_HOURS_LEAST - 1}},
            "29 of 30 days (1 more were heard too little)",
        ),
        ("warning", {"confirmed": {}}, "nobody has accepted this text"),
        ("database", {"other_accounts": "/x keeps the paper account"}, "/x keeps the paper"),
    ],
)
def test_each_gate_says_what_is_there_and_what_opens_it(
    name: str, changes: dict[str, Any], found: str
) -> None:
    gate = row(name, **changes)
    assert not gate.open
    assert found in gate.found
    assert gate.remedy
    assert gate.needed in refusal_of(gate).sentence


def test_a_trial_is_whole_days_or_somebodys_word() -> None:
    assert row("trial").open
    assert whole_days({1: 24, 2: DAY_HOURS_LEAST, 3: DAY_HOURS_LEAST - 1}) == 2
    cut_short = row("trial", trial_hours={1: 24}, confirmed={OVERRIDE_TRIAL: OVERRIDDEN})
    assert cut_short.open
    assert "1 of 30 days" in cut_short.found
    assert "overridden by bert: ran for a year elsewhere" in cut_short.found


def settings_in(folder: Path, **more: Any) -> Settings:
    return load_settings(environment={}, overrides={"data_dir": str(folder), **more})


def test_confirmations_are_kept_privately_and_the_newest_that_counts_holds(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert read_confirmations(settings) == ()
    older = msgspec.structs.replace(ACCEPTED, digest="of another text")
    nameless = msgspec.structs.replace(OVERRIDDEN, actor=" ")
    for each in (ACCEPTED, OVERRIDDEN, older, nameless):
        confirm(settings, each)
    assert read_confirmations(settings) == (ACCEPTED, OVERRIDDEN, older, nameless)
    assert in_force(read_confirmations(settings)) == {
        ACCEPT_RISK: ACCEPTED,
        OVERRIDE_TRIAL: OVERRIDDEN,
    }
    assert confirmations_path(settings).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{}", '[{"kind":1}]'])
def test_confirmations_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    settings = settings_in(tmp_path)
    confirm(settings, ACCEPTED)
    confirmations_path(settings).write_text(content)
    with pytest.raises(UserError, match="holds no confirmations"):
        read_confirmations(settings)
    confirmations_path(settings).chmod(0o644)
    with pytest.raises(UserError, match="may be read by others"):
        read_confirmations(settings)


def test_the_risk_text_says_that_money_can_be_lost_and_promises_nothing() -> None:
    for words in ("lose money", "no\npromise", "advice", "own account only", "where you live"):
        assert words in TEXT


@pytest.mark.parametrize(("kept", "wanted"), [("PAPER", "LIVE"), ("LIVE", "PAPER")])
def test_paper_and_live_never_share_a_data_folder(tmp_path: Path, kept: str, wanted: str) -> None:
    """G1, both ways round; a backtest has an account of its own and may be anywhere."""
    settings = settings_in(tmp_path)
    entry = RunEntry("r1", "BACKTEST", "f", "a", "file", "journal", "", 1)
    RunIndex(tmp_path).write(entry)
    refuse_other_environment(settings, wanted)
    RunIndex(tmp_path).write(msgspec.structs.replace(entry, run_id="r2", mode=kept))
    refuse_other_environment(settings, kept)
    assert kept.lower() in other_accounts(settings, wanted)
    with pytest.raises(UserError, match="never share a data folder"):
        refuse_other_environment(settings, wanted)


def test_a_trial_cannot_be_shortened_by_a_setting(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"live\.trial_days"):
        settings_in(tmp_path, live={"trial_days": 29})


def test_a_refused_model_trades_no_money_whatever_the_word() -> None:
    silent = choose_bundle("", mode=LIVE, feed_kind="kraken-live")
    assert silent.predictor is None
    with pytest.raises(UserError, match="nobody's word lets it trade money"):
        choose_bundle("", mode=LIVE, feed_kind="kraken-live", activation="I am sure")
