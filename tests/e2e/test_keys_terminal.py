"""`ballast keys connect` at a real terminal, and without one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.failures import ExitCode
from tests.e2e.conftest import COMMAND, Ballast, environment
from tests.e2e.terminal import Terminal
from tests.kraken_answers import (
    KEY,
    SECRET,
    AnsweringVenue,
    key_document,
    private,
    success,
    venue_beside,
)

WORDS = "planted words nobody knows"


@pytest.fixture
def venue() -> Iterator[AnsweringVenue]:
    with venue_beside() as found:
        found.on("GetApiKeyInfo", success(key_document()))
        yield found


def test_at_a_terminal_the_secret_and_the_passphrase_are_typed_without_echo(
    venue: AnsweringVenue, ballast: Ballast
) -> None:
    words = ["keys", "connect", "--venue-url", venue.url, "--store", "file"]
    terminal = Terminal(words, ballast.home)
    terminal.wait_for("API key:")
    terminal.type(KEY)
    terminal.wait_for("Private key (not shown):")
    terminal.type(SECRET)
    terminal.wait_for("Passphrase of the key's file (not shown):")
    terminal.type(WORDS)
    terminal.wait_for("Again:")
    terminal.type(WORDS)
    assert terminal.end() == 0, terminal.shown
    assert "Make an API key at Kraken" in terminal.shown
    assert "connected  Plan…yzAB" in terminal.shown
    assert KEY in terminal.shown, "the key itself is no secret, and is echoed"
    assert SECRET not in terminal.shown
    assert WORDS not in terminal.shown


def test_two_passphrases_that_differ_or_are_short_keep_nothing(
    venue: AnsweringVenue, ballast: Ballast, tmp_path: Path
) -> None:
    secret = private(tmp_path / "secret", f"{KEY}\n{SECRET}\n")
    words = ["keys", "connect", "--venue-url", venue.url, "--store", "file"]
    for typed, said in (
        (["short"], "shorter than 12"),
        ([WORDS, WORDS + "!"], "passphrases differ"),
    ):
        terminal = Terminal([*words, "--secret-file", str(secret)], ballast.home)
        for prompt, line in zip(("(not shown):", "Again:"), typed, strict=False):
            terminal.wait_for(prompt)
            terminal.type(line)
        assert terminal.end() == ExitCode.USAGE
        assert said in terminal.shown
        assert WORDS not in terminal.shown
    assert not (ballast.home / "keys" / "paper.sealed").exists()


def test_without_a_terminal_the_key_comes_from_a_pipe_and_the_passphrase_from_a_file(
    venue: AnsweringVenue, ballast: Ballast, tmp_path: Path
) -> None:
    command = [*COMMAND, "keys", "connect", "--json", "--venue-url", venue.url]
    surroundings = environment({"BALLAST__DATA_DIR": str(ballast.home)})

    def piped(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], input=f"{KEY}\n{SECRET}\n", env=surroundings,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    nobody = piped("--store", "file")
    assert nobody.returncode == ExitCode.USAGE
    assert "nobody to ask" in json.loads(nobody.stdout)["error"]
    words = private(tmp_path / "words", WORDS)
    done = piped("--store", "file", "--passphrase-file", str(words))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["connected"] is True
    assert SECRET not in done.stdout + done.stderr
