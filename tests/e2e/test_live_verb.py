"""`ballast live`: a session at a simulator, an account kept at one, and whatever is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(180)
COMMAND = "from service.entry import main; main()"
SIMULATE = ("simulate", "kraken", "--print-keys", "--json", "--speed", "20", "--warm-up", "5")
SHORT = ("--symbol", "BTC/USD", "--journal", "file", "--headless", "--json")


@contextmanager
def running_simulator(said: Path) -> Iterator[None]:
    """A simulator in a process of its own; what it said of itself is in the file."""
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *SIMULATE, "--pair", "BTC/USD"],
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield  # the file may still be empty, as in a shell
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_a_simulator_of_its_own_and_an_account_for_once(ballast: Any) -> None:
    ended = ballast("live", "--venue", "simulator", "--speed", "20", "--for", "4s", *SHORT)
    assert ended.code == 0, ended.err
    card = ended.json
    assert (card["mode"], card["feed"], card["parity"]) == ("PAPER", "kraken-loopback", True)
    assert not card["market_result"]
    assert "a simulated venue on this machine" in card["notice"]
    assert card["equity"].startswith("10,000.00 USD")
    log = Path(ballast.home) / "logs" / "simulator.log"
    assert log.exists()
    # Nobody but the printed secret's owner needs it, and nothing of ours keeps it.
    assert ballast("replay", card["run_id"]).code == 0


def test_an_account_is_kept_at_a_simulator_that_runs_on(ballast: Any, tmp_path: Path) -> None:
    said = tmp_path / "simulator.json"
    with running_simulator(said):
        connect = ("live", "--venue", "simulator", "--connect", str(said), "--for", "3s", *SHORT)
        first, second = ballast(*connect), ballast(*connect)
        secrets = [
            key["secret"]
            for account in json.loads(said.read_text())["accounts"]
            for key in account["keys"]
        ]
        for each in (first, second):
            assert each.code == 0, each.err
            assert each.json["parity"]
            assert each.json["halted"] == ""
        assert first.json["run_id"] != second.json["run_id"]
        # What lay at the venue (dollars and a bitcoin) is the opening, once; its price moves.
        opened, kept = (
            float(each.json["equity"].partition(" ")[0].replace(",", ""))
            for each in (first, second)
        )
        assert opened > 100_000
        assert kept == pytest.approx(opened, rel=0.01)
    everything = b"".join(
        path.read_bytes() for path in Path(ballast.home).rglob("*") if path.is_file()
    )
    shown = (first.out + first.err + second.out + second.err).encode()
    for secret in secrets:
        assert secret.encode() not in everything + shown


REFUSED = [
    (("--venue", "kraken"), 8, "is gated (credentials)"),
    (("--venue", "kraken", "--speed", "2"), 2, "does not go with --venue kraken"),
    (("--venue", "simulator", "--check"), 2, "goes with --venue kraken"),
    (("--venue", "simulator", "--connect", "{none}"), 8, "cannot be read"),
    (("--venue", "simulator", "--connect", "{junk}"), 3, "not what a simulator says"),
    (("--venue", "simulator", "--connect", "{junk}", "--speed", "2"), 2, "does not go with"),
    (("--venue", "simulator", "--connect", "{junk}", "--faults", "{junk}"), 2, "does not go with"),
    (("--venue", "simulator", "--faults", "{none}"), 8, "There is no file"),
    (("--venue", "simulator", "--symbol", "NONE/USD"), 2, "NONE/USD"),
]


@pytest.mark.parametrize(("options", "code", "said"), REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(
    ballast: Any, tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    junk = tmp_path / "junk.json"
    junk.write_text("no simulator")
    names = {"none": str(tmp_path / "none.json"), "junk": str(junk)}
    ended = ballast("live", *(each.format(**names) for each in options), "--for", "2s", *SHORT)
    assert (ended.code, said in ended.err) == (code, True), ended.err
    assert "Traceback" not in ended.err


def test_no_process_outlives_the_run(ballast: Any) -> None:
    ended = ballast("live", "--venue", "simulator", "--for", "2s", *SHORT)
    assert ended.code == 0, ended.err
    commands = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                commands.append((entry / "cmdline").read_bytes())
            except OSError:
                continue
    mine = str(Path(ballast.home)).encode()
    assert not [each for each in commands if mine in each]
