"""`ballast simulate kraken` as a subprocess: its first line, its TLS, its end, its refusals."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.kraken_simulator.serving.state import StateFile
from tests.e2e.conftest import COMMAND, Ballast, environment

QUICK = ("--warm-up", "0", "--pair", "BTC/USD")


@contextmanager
def simulating(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A simulator and its first line; it is gone afterwards."""
    command = [*COMMAND, "simulate", "kraken", *QUICK, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment({})
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()
            process.communicate()


def answer_of(address: str, context: ssl.SSLContext | None = None) -> Any:
    with urllib.request.urlopen(address, timeout=10, context=context) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_first_line_says_where_and_a_signal_ends_it_cleanly(end: signal.Signals) -> None:
    with simulating("--seed", "7", "--start", "2026-01-02T03:04:05Z") as (process, line):
        address = line.split()[3]
        assert address.startswith("http://127.0.0.1:")
        assert "accounts alpha, beta" in line
        time = answer_of(f"{address}/0/public/Time")["result"]["unixtime"]
        assert 0 <= time - 1_767_323_045 < 60
        process.send_signal(end)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


def test_one_object_has_all_that_a_client_needs_and_tls_works(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"where": "rest:Time", "what": "error", "text": "EService:Busy"}]')
    options = ("--json", "--print-keys", "--tls", "--speed", "100", "--faults", str(faults))
    accounts = ("--account", "me=USD:5,BTC.F:0.5", "--tier", "starter", "--seed", "3")
    with simulating(*options, *accounts) as (_, line):
        found = json.loads(line)
        assert found["rest"].startswith("https://127.0.0.1:")
        assert found["websocket_auth"].startswith("wss://")
        (account,) = found["accounts"]
        assert account["balances"] == {"USD": "5", "BTC.F": "0.5"}
        assert [each["name"] for each in account["keys"]] == ["trade", "withdraw", "read", "otp"]
        context = ssl.create_default_context(cafile=found["certificate"])
        first = answer_of(f"{found['rest']}/0/public/Time", context)
        assert first == {"error": ["EService:Busy"]}
        assert answer_of(f"{found['rest']}/0/public/Time", context)["error"] == []
    with simulating("--json", *accounts) as (_, line):
        assert json.loads(line)["accounts"][0]["keys"] == []


def test_keys_are_printed_for_people_too() -> None:
    with simulating("--print-keys", "--seed", "7") as (process, _):
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
    assert all("secret" in line for line in lines)
    assert "otp" in lines[3]


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--speed", "0"), 2, "'0' is no speed"),
        (("--speed", "fast"), 2, "'fast' is no speed"),
        (("--start", "today"), 2, "'today' is no time"),
        (("--account", "me"), 2, "'me' is not NAME=ASSET:AMOUNT"),
        (("--account", "me=GOLD:1"), 2, "'GOLD' is no asset here"),
        (("--account", "me=USD:-1"), 2, "'-1' is no amount of USD"),
        (("--pair", "XBT/USD"), 2, "There is no pair XBT/USD"),
        (("--recorded", "BTC/USD=nothere_60.csv"), 2, "nothere_60.csv cannot be read"),
        (("--conduct", "colour=red"), 2, "'colour=red' is no conduct"),
        (("--state", "kept", "--start", "2026-01-02T03:04:05Z"), 2, "goes with neither"),
        (("--faults", "nothere.json"), 8, "There is no file"),
        (("--faults", "."), 8, "is a folder, not a file"),
        (("--faults", "wrong.json"), 3, "makes no sense"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    ballast: Ballast,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    wrong = ballast.home.parent / "wrong.json"
    wrong.write_text('[{"where": "rest:Time", "what": "explode"}]')
    answer = ballast.inside(monkeypatch, "simulate", "kraken", *options)
    assert answer.code == code
    assert sentence in answer.sentence


def test_a_taken_port_is_told(ballast: Ballast, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = ballast.inside(monkeypatch, "simulate", "kraken", *QUICK, "--port", port)
    assert answer.code == 5
    assert f"Port {port} of 127.0.0.1" in answer.sentence


def test_a_state_that_another_simulator_serves_is_told(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held = StateFile(tmp_path)
    try:
        state = ("--state", str(tmp_path))
        answer = ballast.inside(monkeypatch, "simulate", "kraken", *QUICK, *state)
    finally:
        held.close()
    assert answer.code == 6
    assert "is served by another simulator" in answer.sentence


def test_it_stops_when_its_standard_input_ends_and_goes_on_with_its_state(tmp_path: Path) -> None:
    command = [*COMMAND, "simulate", "kraken", *QUICK, "--stop-at-eof", "--json", "--state"]
    starts = []
    for _ in range(2):
        done = subprocess.run(
            [*command, str(tmp_path / "kept")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=40,
            env=environment({}),
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        starts.append(json.loads(done.stdout)["started"])
    assert starts[0] <= starts[1]
