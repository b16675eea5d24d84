"""`ballast run`: what a new user starts. It trades at a simulated Kraken, is kept, and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Answer, Ballast

FILE = ("--journal", "file")
NOBODY = 65_534
PATIENCE = 110


@pytest.fixture
def ballast(ballast: Ballast) -> Ballast:
    """With a data folder whose name has a space."""
    ballast.home = ballast.home.with_name("my data")
    return ballast


def simulators(home: Path) -> list[int]:
    """The processes that serve a simulator for a data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, NotADirectoryError):
            continue
        if str(home / "simulator").encode() in words:
            found.append(int(entry.name))
    return found


def until(condition: Callable[[], Any], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def told(home: Path, event: str) -> list[dict[str, Any]]:
    """What the log tells of an event."""
    path = home / "logs" / "ballast.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return [each for line in lines if (each := json.loads(line)).get("event") == event]


def feeds_online(home: Path) -> int:
    """How often the market's feed came online."""
    rows = told(home, "feed_status")
    return sum(1 for each in rows if (each["stream"], each["told"]) == ("status", "online"))


def ended(process: subprocess.Popen[str]) -> Answer:
    out, err = process.communicate(timeout=60)
    return Answer(subprocess.CompletedProcess(process.args, process.returncode, out, err))


def sound(card: dict[str, Any]) -> None:
    assert (card["parity"], card["books_balanced"], card["chain_verified"]) == (True, True, True)
    assert card["halted"] == ""
    assert (card["feed"], card["mode"], card["market_result"]) == ("seeded:kraken", "PAPER", False)
    assert "not a market result: simulated Kraken" in card["notice"]


@pytest.mark.timeout(240)
def test_a_new_user_trades_and_the_next_run_continues_the_same_account(ballast: Ballast) -> None:
    process = ballast.start("run", "--headless", "--json")
    until(lambda: any(row["fills"] for row in told(ballast.home, "progress")), "a fill", 150)
    second = ballast("run", "--for", "5s", "--json")
    assert second.code == 6
    assert f"is being traded by process {process.pid} since" in second.sentence
    process.send_signal(signal.SIGINT)
    first = ended(process)
    assert first.code == 0
    sound(first.card)
    assert first.card["fills"] > 0
    assert simulators(ballast.home) == []
    again = ballast("run", "--for", "8s", "--json", patience=PATIENCE).card
    sound(again)
    assert again["run_id"] != first.card["run_id"]
    opened = told(ballast.home, "run_opened")
    assert [row["recovered_inputs"] for row in opened] == [0, first.card["inputs"]]
    assert simulators(ballast.home) == []
    # Every check of the database holds over both runs.
    assert ballast("db", "validate", patience=PATIENCE).code == 0


@pytest.mark.timeout(240)
def test_whatever_is_killed_the_account_goes_on(ballast: Ballast) -> None:
    process = ballast.start("run", "--headless", *FILE)
    ballast.trading()
    (first,) = simulators(ballast.home)
    until(lambda: feeds_online(ballast.home) == 1, "the feed")
    os.kill(first, signal.SIGKILL)
    until(lambda: feeds_online(ballast.home) == 2, "the feed of the simulator started again")
    (second,) = simulators(ballast.home)
    assert second != first
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    # Nobody serves the venue when nobody trades: its standard input has ended.
    until(lambda: not simulators(ballast.home), "the simulator's end", 20)
    process = ballast.start("run", "--headless", *FILE)
    until(lambda: len(told(ballast.home, "run_opened")) == 2, "the second run")
    until(lambda: feeds_online(ballast.home) == 3, "its feed")
    process.send_signal(signal.SIGKILL)
    for each in simulators(ballast.home):
        os.kill(each, signal.SIGKILL)
    process.wait(timeout=10)
    sound(ballast("run", "--for", "6s", "--json", *FILE, patience=PATIENCE).card)
    recovered = [row["recovered_inputs"] for row in told(ballast.home, "run_opened")]
    assert recovered[0] == 0 < recovered[1] < recovered[2]


def test_an_account_of_the_seeded_feed_keeps_it(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*options: str) -> Answer:
        return ballast.inside(monkeypatch, "run", "--json", *FILE, *options)

    assert run("--feed", "seeded", "--events", "60").card["feed"] == "seeded"
    again = run("--events", "60")
    assert again.card["feed"] == "seeded"
    assert "keeps the seeded feed" in again.err
    other = run("--feed", "simulator", "--for", "5s")
    assert other.code == 2
    assert "was opened with" in other.sentence
    assert run("--events", "60").card["parity"] is True


def test_a_damaged_state_of_the_simulator_is_refused_and_left_alone(ballast: Ballast) -> None:
    folder = ballast.home / "simulator"
    folder.mkdir(parents=True)
    state = folder / "kraken-simulator.state"
    state.write_text("something else\n")
    refused = ballast("run", "--for", "5s", "--json", *FILE)
    assert refused.code == 3
    assert "is damaged" in refused.sentence
    assert refused.json["exit_code"] == 3
    assert state.read_text() == "something else\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--speed", "0"), "has a speed between 1 and 60, not 0"),
        (("--speed", "3600"), "has a speed between 1 and 60, not 3600"),
        (("--journal", "memory"), "--journal memory forgets"),
    ],
)
def test_what_does_not_go_with_a_simulated_kraken_is_refused(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], sentence: str
) -> None:
    done = ballast.inside(monkeypatch, "run", *options)
    assert done.code == 2
    assert sentence in done.sentence
    assert not ballast.home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_may_run_it(ballast: Ballast) -> None:
    for folder in (*Path(sys.executable).resolve().parents, *ROOT.parents, *ballast.home.parents):
        if not folder.stat().st_mode & 0o001:
            pytest.skip(f"nobody may enter {folder}")
    ballast.home.mkdir(mode=0o700)
    os.chown(ballast.home, NOBODY, NOBODY)
    done = ballast("run", "--for", "5s", "--json", as_user=NOBODY, patience=PATIENCE)
    sound(done.card)
