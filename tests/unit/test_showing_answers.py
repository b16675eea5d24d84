"""What a verb prints: the literal parity line, one JSON object, and exit codes that mean it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from service.bundles import choose_bundle
from service.cli.main import BallastGroup
from service.cli.showing import finish, proving_bar, reading, show_card, show_replay, watchers_of
from service.drivers.feeding import Limits
from service.drivers.replay import ReplayReport
from service.drivers.trading import RunPlan, RunResult, trade
from service.failures import ExitCode, UserError
from service.feeds import seeded_feed
from service.proof import ProofCard
from tests.observed_run import SYMBOLS, settings_in

CARD_KEYS = {
    "run_id", "inputs", "messages", "decisions", "orders", "fills", "books_balanced",
    "chain_verified", "parity", "root_hash",
}  # fmt: skip


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A short real run, proven."""
    folder = tmp_path_factory.mktemp("run")
    feed = seeded_feed(1, SYMBOLS)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    plan = RunPlan("PAPER", "memory", "", Limits(events=250))
    return asyncio.run(trade(settings_in(folder, enabled=False), feed, choice, plan))


def shown(result: RunResult, *, as_json: bool, report: Any = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a verb that ends with this result."""

    @click.group(cls=BallastGroup)
    def group() -> None:
        """A group as the real one is."""

    @group.command()
    @click.option("--json", "json_", is_flag=True)
    def verb(*, json_: bool) -> None:
        finish(result, json_, report=report)

    outcome = CliRunner().invoke(group, ["verb", "--json"] if as_json else ["verb"])
    return outcome.exit_code, outcome.stdout, outcome.stderr


def changed(result: RunResult, **facts: Any) -> RunResult:
    card: ProofCard = msgspec.structs.replace(result.card, **facts)
    return msgspec.structs.replace(result, card=card)


def test_a_proven_run_prints_the_parity_line_with_its_root_and_exits_0(result: RunResult) -> None:
    code, out, err = shown(result, as_json=False)
    assert (code, err) == (0, "")
    assert f"REPLAY PARITY: TRUE   root {result.card.root_hash}" in out.splitlines()
    assert "notice: not a market result" in out


def test_json_is_one_object_with_the_cards_keys_and_the_report(result: RunResult) -> None:
    code, out, _ = shown(result, as_json=True, report={"trades": 3})
    document = json.loads(out)
    assert code == 0
    assert document.keys() >= CARD_KEYS
    assert document["parity"] is True
    assert document["report"] == {"trades": 3}
    assert "error" not in document


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        ({"parity": False, "divergence": "state at input 9: odd"}, ExitCode.NOT_PROVEN, "input 9"),
        ({"books_balanced": False}, ExitCode.NOT_PROVEN, "books do not balance"),
        ({"chain_verified": False, "parity": False}, ExitCode.NOT_PROVEN, "not verified"),
        ({"halted": "risk at input 7: broke"}, ExitCode.HALTED, "risk at input 7"),
        ({"halted": "x", "books_balanced": False}, ExitCode.NOT_PROVEN, "books"),
        ({"parity": None, "chain_verified": True}, ExitCode.OK, ""),
    ],
)
def test_what_a_card_finds_is_its_exit_code(
    result: RunResult, facts: dict[str, Any], code: ExitCode, words: str
) -> None:
    for as_json in (False, True):
        status, out, err = shown(changed(result, **facts), as_json=as_json)
        assert status == code
        assert words in err
        if as_json:
            document = json.loads(out)
            assert document.get("exit_code", 0) == code
            assert document["run_id"] == result.card.run_id


def test_a_replay_without_parity_names_the_first_divergence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = ReplayReport("r1", False, "ab" * 32, 4, True, 0.1, 0.2, "state", "odd", 5)
    with pytest.raises(UserError) as failed:
        show_replay(report, as_json=False)
    assert failed.value.code is ExitCode.NOT_PROVEN
    out = capsys.readouterr().out
    assert f"REPLAY PARITY: FALSE   root {'ab' * 32}" in out.splitlines()
    assert "first divergence: state at input 5: odd" in out
    show_replay(msgspec.structs.replace(report, parity=True), as_json=True)
    assert json.loads(capsys.readouterr().out)["parity"] is True


def test_a_replay_that_was_skipped_is_called_so(
    result: RunResult, capsys: pytest.CaptureFixture[str]
) -> None:
    show_card(changed(result, parity=None).card, as_json=False)
    assert "REPLAY PARITY: SKIPPED" in capsys.readouterr().out


def test_bars_are_silent_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"as_json": False, "headless": False, "files": (Path("a.csv"),)}
    with reading(given) as read, proving_bar(as_json=False) as proven:
        read("a.csv", 10)
        proven(1, 2)
    assert capsys.readouterr() == ("", "")


def test_headless_progress_is_json_on_stderr_and_stdout_stays_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(tmp_path, enabled=False)
    watchers, say = watchers_of(settings, headless=True, as_json=False, total=0)
    say("starting the database")
    feed = seeded_feed(1, SYMBOLS)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    plan = RunPlan("PAPER", "memory", "", Limits(events=210))
    asyncio.run(trade(settings, feed, choice, plan, watchers=watchers, say=say))
    out, err = capsys.readouterr()
    assert out == ""
    first, *lines = err.splitlines()
    assert first == "starting the database"
    events = [json.loads(line)["event"] for line in lines]
    assert events[-2:] == ["run_closing", "run_closed"]
    assert (tmp_path / "logs" / "ballast.log").read_text().splitlines() == lines
