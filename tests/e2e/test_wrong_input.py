"""What is wrong from outside is told in one sentence, with a remedy and a documented exit code."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import models
from tests.e2e.conftest import ROOT, Ballast

USAGE, BAD_INPUT, NOT_PROVEN, ENVIRONMENT, MISSING = 2, 3, 4, 5, 8
NOBODY = 65_534
MEMORY = ("--journal", "memory", "--headless")

COMMANDS = [
    ("backtest nothere.csv", MISSING, "There is no file"),
    ("backtest .", MISSING, "is a folder, not a file"),
    ("backtest --settings nothere.toml XBTUSD_60.csv", MISSING, "nothere.toml does not exist"),
    ("backtest --bundle nope XBTUSD_60.csv", MISSING, "There is no bundle nope"),
    ("backtest --bundle synthetic XBTUSD_60.csv", USAGE, "is SYNTHETIC_ONLY and refused on candle"),
    ("backtest --as-quote EUR XBTUSD_60.csv", BAD_INPUT, "cannot stand for one quoted in EUR"),
    ("backtest --symbol FOO/USD XBTUSD_60.csv", BAD_INPUT, "the nearest known symbol is"),
    ("backtest XBTUSD_240.csv", BAD_INPUT, "14400 s cannot be made into bars of 3600 s"),
    ("backtest unnamed.csv", BAD_INPUT, "states no symbol"),
    ("backtest broken/XBTUSD_60.csv.gz", BAD_INPUT, "is not whole gzip data"),
    ("backtest FOOBAR_60.csv", BAD_INPUT, "'FOOBAR' is not a symbol known here"),
    ("backtest BTC_USD-1h.feather", BAD_INPUT, "is not a whole feather file"),
    ("paper --feed nothere.ndjson", MISSING, "There is no file"),
    ("paper --feed empty.ndjson", BAD_INPUT, "holds no book or trade frame"),
    ("paper --feed words.ndjson", BAD_INPUT, "holds no book or trade frame"),
    ("paper --feed broken.ndjson.gz", BAD_INPUT, "cannot be read to its end"),
    ("paper --feed XBTUSD_60.csv", BAD_INPUT, "named like a file of candles"),
    ("paper --as-quote USD", USAGE, "is a research mapping for backtests"),
    ("paper --as-quote USD --feed empty.ndjson", USAGE, "is a research mapping for backtests"),
    ("paper --warm-up XBTUSD_60.csv", USAGE, "--warm-up does not go with a seeded feed"),
    ("paper --symbol NOPE/USD", USAGE, "has no symbol NOPE/USD"),
    ("demo --speed nan", USAGE, "not a finite number"),
    ("demo --speed -1", USAGE, "not a finite number"),
    ("demo --events 0", USAGE, "0 is not in the range"),
    ("demo --for soon", USAGE, "'soon' is not a duration"),
    ("demo --nonsense", USAGE, "No such option '--nonsense'"),
    ("demonstrate", USAGE, "No such command 'demonstrate'"),
    ("proof nope", MISSING, "There is no run nope"),
    ("replay last", MISSING, "There is no run last"),
    ("health", ENVIRONMENT, "No service says in"),
    ("health --port 1", ENVIRONMENT, "Nothing answers at"),
    ("kill 1", USAGE, "Missing option '--reason'"),
]  # fmt: skip

ROWS: list[tuple[dict[str, object], str]] = [
    ({"close": "NaN"}, "row 11, holds a number that is not finite"),
    ({"high": "Infinity"}, "row 11, holds a number that is not finite"),
    ({"open": "-5"}, "row 11, holds a price that is not positive"),
    ({"low": "0"}, "row 11, holds a price that is not positive"),
    ({"volume": "-0.1"}, "row 11, holds a negative volume"),
    ({"high": "97"}, "row 11, has a high below its low"),
    ({"close": "200"}, "row 11, opens or closes outside"),
    ({"close": "much"}, "row 11, holds 'much' where a number belongs"),
    ({"time": 1_699_999_200 - 3600}, "row 11, is older than the row before"),
    ({"time": 1_699_999_200 + 9 * 3600}, "row 11, contradicts the row before"),
    ({"time": 1_699_999_200 + 9 * 3600 + 5}, "row 11, does not open on the grid of 3600 s"),
]

SETTINGS = [
    ({"account__opening_balance": "NaN"}, "account.opening_balance is NaN, outside"),
    ({"account__opening_balance": "sNaN"}, "account.opening_balance is sNaN, outside"),
    ({"account__opening_balance": "Infinity"}, "account.opening_balance is Infinity, outside"),
    ({"account__opening_balance": "-Infinity"}, "is -Infinity, outside"),
    ({"venue__slippage_bps": "-0.00"}, "venue.slippage_bps is -0.00, outside"),
    ({"account__openning_balance": "1"}, "did you mean account.opening_balance?"),
    ({"market__bar_interval_seconds": "hourly"}, "'hourly', which is not a whole number"),
    ({"server__port": "99999"}, "server.port is 99999, outside 0 to 65535"),
    ({"journal__dsn": "nonsense"}, "is not the address of a PostgreSQL database"),
    ({"journal__dsn": "postgresql://me:geheim@db/x"}, "journal.dsn holds a password"),
    ({"journal__dsn_file": "/nowhere/at/all"}, "named by journal.dsn_file cannot be read"),
    ({"account__quote": "EUR"}, "account.quote cannot be 'EUR'"),
    ({"venue__outside": "true"}, "venue.outside is for live trading"),
]


@pytest.fixture
def files(candles: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder of files that are all wrong but one."""
    whole = candles().read_bytes()
    candles("XBTUSD_240.csv", rows=1, at=0, time=1_699_977_600)
    candles("unnamed.csv")
    candles("FOOBAR_60.csv")
    (tmp_path / "broken").mkdir()
    packed = gzip.compress(whole)
    (tmp_path / "broken" / "XBTUSD_60.csv.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "broken.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    for name in ("BTC_USD-1h.feather", "words.ndjson"):
        (tmp_path / name).write_text("hello\nworld\n")
    (tmp_path / "empty.ndjson").touch()
    return tmp_path


@pytest.mark.parametrize(("line", "code", "told"), COMMANDS, ids=[row[0] for row in COMMANDS])
def test_a_wrong_command_is_told_in_a_sentence(
    ballast: Ballast,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    code: int,
    told: str,
) -> None:
    done = ballast.inside(monkeypatch, *line.split(), "--json")
    assert (done.code, told in done.sentence) == (code, True), done.err
    assert done.json["error"] == done.sentence
    assert done.json["exit_code"] == code
    assert done.json["remedy"].endswith((".", "?", ")"))


@pytest.mark.parametrize(("cells", "told"), ROWS, ids=[row[1] for row in ROWS])
def test_a_wrong_candle_is_named_by_file_and_row(
    ballast: Ballast,
    candles: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    cells: dict[str, object],
    told: str,
) -> None:
    done = ballast.inside(monkeypatch, "backtest", candles(**cells), *MEMORY)
    assert (done.code, told in done.sentence) == (BAD_INPUT, True), done.err
    assert "XBTUSD_60.csv" in done.sentence


@pytest.mark.parametrize(("values", "told"), SETTINGS, ids=[row[1] for row in SETTINGS])
def test_a_wrong_setting_is_named(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, values: dict[str, str], told: str
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"BALLAST__{name.upper()}", value)
    done = ballast.inside(monkeypatch, "demo", "--events", "10", *MEMORY)
    assert (done.code, told in done.sentence) == (USAGE, True), done.err


def test_an_unreachable_database_is_named_without_its_password(
    ballast: Ballast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "address"
    secret.write_text("postgresql://me:geheim@127.0.0.1:1/none\n")
    monkeypatch.setenv("BALLAST__JOURNAL__DSN_FILE", str(secret))
    done = ballast.inside(monkeypatch, "paper", "--events", 10, "--headless")
    assert done.code == ENVIRONMENT
    assert "cannot be reached" in done.sentence
    shown = ballast.inside(monkeypatch, "settings").out
    assert "geheim" not in done.out + done.err + shown
    assert "postgresql://me:***@127.0.0.1:1/none" in shown


def test_a_port_in_use_costs_nothing(ballast: Ballast) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = ballast("paper", "--events", 10, "--journal", "file", server__port=str(port))
    assert done.code == ENVIRONMENT
    assert f"Port {port} on 127.0.0.1 is in use" in done.sentence
    assert not (ballast.home / "journal").exists()


@pytest.mark.parametrize("verb", ["run", "runs", "proof last", "db status", "db url", "kill 0"])
def test_a_data_folder_that_is_a_file_is_refused_by_every_verb(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    ballast.home.write_text("a file")
    reason = ("--reason", "to see") if "kill" in verb else ()
    done = ballast.inside(monkeypatch, *verb.split(), *reason, "--json")
    assert (done.code, done.json["exit_code"]) == (ENVIRONMENT, ENVIRONMENT)
    assert "The data folder cannot be" in done.sentence


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_data_folder_that_is_not_ours_is_refused(ballast: Ballast) -> None:
    for folder in (*Path(sys.executable).resolve().parents, *ROOT.parents):
        if not folder.stat().st_mode & 0o001:
            pytest.skip(f"nobody may enter {folder}")
    ballast.home.mkdir(mode=0o755)
    done = ballast("paper", "--events", 10, "--journal", "file", as_user=NOBODY)
    assert done.code == ENVIRONMENT
    assert "cannot be used (Permission denied)" in done.sentence


def test_a_damaged_bundle_is_refused(ballast: Ballast, files: Path) -> None:
    folder = files / "bundle"
    shutil.copytree(Path(models.__path__[0]) / "bundles" / "baseline", folder)
    artefact = next(path for path in sorted(folder.iterdir()) if path.suffix == ".onnx")
    data = bytearray(artefact.read_bytes())
    data[len(data) // 2] ^= 1
    artefact.write_bytes(data)
    done = ballast("backtest", files / "XBTUSD_60.csv", "--bundle", folder, *MEMORY)
    assert done.code == BAD_INPUT
    assert "A bundle is refused" in done.sentence


class TestAStoredRun:
    """Damage to what a run has left behind."""

    @pytest.fixture
    def stored(self, ballast: Ballast, files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The folder of a finished backtest."""
        card = ballast.inside(monkeypatch, "backtest", files / "XBTUSD_60.csv", "--json").card
        return ballast.home / "runs" / str(card["run_id"])

    def test_a_damaged_card_is_no_card(self, ballast: Ballast, stored: Path) -> None:
        (stored / "card.json").write_text('{"run_id": "torn')
        done = ballast("proof", "last", "--json")
        assert done.code == MISSING
        assert "cannot be read" in done.sentence
        assert ballast("replay", "last", "--json").json["parity"] is True

    def test_a_field_that_we_never_wrote_is_refused(self, ballast: Ballast, stored: Path) -> None:
        record = next((stored / "journal" / "runs").glob("*.json"))
        record.write_text(record.read_text().replace("{", '{"surprise":1,', 1))
        done = ballast("replay", "last", "--json")
        assert done.code == ENVIRONMENT
        assert "unknown field `surprise`" in done.sentence

    def test_a_lost_journal_is_named(self, ballast: Ballast, stored: Path) -> None:
        shutil.rmtree(stored / "journal")
        done = ballast("replay", "last", "--json")
        assert done.code == MISSING
        assert "does not hold the run" in done.sentence

    def test_a_flipped_bit_in_the_journal_is_found_and_named(
        self, ballast: Ballast, stored: Path
    ) -> None:
        frames = next((stored / "journal" / "frames").iterdir())
        data = bytearray(frames.read_bytes())
        data[len(data) // 2] ^= 1
        frames.write_bytes(data)
        done = ballast("replay", "last", "--json")
        assert done.code == NOT_PROVEN
        assert done.json["exit_code"] == NOT_PROVEN


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of twenty megabytes, where root may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "ballast-test", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a small file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_a_sentence_and_the_account_goes_on_after_it(
    ballast: Ballast, small_disk: Path
) -> None:
    home = small_disk / "home"
    once = ("paper", "--events", 600, "--journal", "file", "--json")
    first = ballast(*once, home=home).card
    ballast_filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    ballast_filler.write_bytes(bytes(max(0, free - 8192)))
    full = ballast(*once, home=home)
    assert full.code == ENVIRONMENT
    assert "No space left on device" in full.sentence
    ballast_filler.unlink()
    after = ballast(*once, home=home).card
    assert (after["parity"], after["books_balanced"]) == (True, True)
    again = ballast("replay", first["run_id"], "--json", home=home).json
    assert (again["parity"], again["root_hash"]) == (True, first["root_hash"])
