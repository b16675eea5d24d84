"""`ballast paper --venue kraken` as a person runs it, against a Kraken on loopback; no key."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ballast
from tests.kraken_markets import Market
from tests.kraken_socket_server import KrakenServer, Loop, serving

pytestmark = pytest.mark.timeout(240)
Probe = tuple[int, Any]


class Venue:
    """A server in its thread, and the settings that name it."""

    def __init__(self, server: KrakenServer, loop: Loop, settings: Path) -> None:
        self.server = server
        self.loop = loop
        self.settings = settings

    @property
    def words(self) -> tuple[object, ...]:
        """The command, as far as it is always the same."""
        return ("paper", "--venue", "kraken", "--settings", self.settings, "--journal", "file")


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """Two symbols that move twenty times a second."""
    server = KrakenServer([Market("BTC/USD"), Market("ETH/USD", price=2000.0)])
    with serving(server) as loop:
        settings = tmp_path / "settings.toml"
        settings.write_text(
            f'[kraken]\npublic_socket_url = "{server.socket_url}"\nrest_url = "{server.rest_url}"\n'
            "silence_seconds = 2\n"
        )
        yield Venue(server, loop, settings)


def asked(home: Path, page: str) -> Probe:
    """What the endpoint of a running service answers; (0, {}) before it is there."""
    try:
        place = json.loads((home / "endpoint.json").read_text())
        with urllib.request.urlopen(
            f"http://{place['host']}:{place['port']}{page}", timeout=5
        ) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, {}


def until(found: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def test_a_live_run_is_recorded_stopped_proven_and_continued(
    ballast: Ballast, venue: Venue, tmp_path: Path
) -> None:
    capture = tmp_path / "live.ndjson.gz"
    process = ballast.start(*venue.words, "--headless", "--json", "--record", capture)
    until(lambda: asked(ballast.home, "/health/ready")[0] == 200)
    venue.loop.run(venue.server.drop())
    until(lambda: len(venue.server.connected) == 2)
    until(lambda: asked(ballast.home, "/health/ready")[0] == 200)
    _, status = asked(ballast.home, "/status")
    assert status["line"]["losses"] == 1
    assert status["line"]["books"] == 2
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    card = json.loads(out)
    assert card["parity"] is True
    assert card["books_balanced"] is True
    assert card["market_result"] is False
    assert "the feed is on this machine" in card["notice"]
    assert card["feed_counts"]["checksums_verified"] > 20
    assert card["feed_counts"].get("checksums_failed", 0) == 0
    report = ballast("replay", card["run_id"], "--verify", "--json").json
    assert (report["parity"], report["root_hash"]) == (True, card["root_hash"])
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    fed = [(each["told"], each["detail"]) for each in lines if each["event"] == "feed_status"]
    assert any(told == "gap" and "closed by the venue" in detail for told, detail in fed), fed
    # The account goes on: its second run starts from the first one's root.
    again = ballast(*venue.words, "--for", "3s", "--json").card
    assert again["run_id"] != card["run_id"]
    assert again["parity"] is True
    kept = {row["run_id"] for row in ballast("runs", "--json").json["runs"]}
    assert kept == {card["run_id"], again["run_id"]}
    # What was recorded is a feed like any other.
    recorded = ballast("paper", "--feed", capture, "--json").card
    for name in ("book_snapshots", "book_updates", "checksums_verified", "trades"):
        assert recorded["feed_counts"][name] == card["feed_counts"][name]
    assert recorded["parity"] is True


def test_a_service_without_its_feed_is_not_ready_and_says_why(
    ballast: Ballast, venue: Venue
) -> None:
    process = ballast.start(*venue.words, "--headless", "--json")
    until(lambda: asked(ballast.home, "/health/ready")[0] == 200)
    venue.server.silent = True
    until(lambda: asked(ballast.home, "/health/ready")[0] == 503, seconds=30.0)
    _, told = asked(ballast.home, "/health/ready")
    assert [each["code"] for each in told["reasons"]] == ["no_feed"]
    _, trading = asked(ballast.home, "/health/may-trade")
    assert "no_feed" in [each["code"] for each in trading["reasons"]]
    venue.server.silent = False
    until(lambda: asked(ballast.home, "/health/ready")[0] == 200)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out)["parity"] is True


def test_symbols_that_the_venue_does_not_list_are_left_out_with_a_reason(
    ballast: Ballast, venue: Venue
) -> None:
    words = ("--symbol", "XBTUSD", "--symbol", "KAS/USD", "--for", "2s", "--headless")
    done = ballast(*venue.words, *words)
    assert done.code == 0, done.err
    assert "KAS/USD is left out: the venue does not list it" in done.err
    assert "REPLAY PARITY: TRUE" in done.out
    subscribed = [
        each["params"]["symbol"] for each in venue.server.asked if "symbol" in each["params"]
    ]
    assert subscribed == [["BTC/USD"], ["BTC/USD"]]


def test_an_account_does_not_move_to_another_market(ballast: Ballast, venue: Venue) -> None:
    card = ballast(*venue.words, "--for", "2s", "--json").card
    assert card["parity"] is True
    done = ballast("paper", "--journal", "file", "--events", 10, "--json")
    assert done.code == 2
    assert "was opened with" in done.sentence


def test_what_cannot_be_is_said_in_one_sentence(
    ballast: Ballast, venue: Venue, tmp_path: Path
) -> None:
    venue.server.rest_fails = True
    done = ballast(*venue.words, "--for", "2s", "--json", patience=50)
    assert done.code == 5
    assert "does not answer" in done.sentence
    there = tmp_path / "there.ndjson"
    there.write_text("something of value\n")
    done = ballast(*venue.words, "--record", there, "--json")
    assert done.code == 5
    assert "cannot be recorded to" in done.sentence
    assert there.read_text() == "something of value\n"
    done = ballast(*venue.words, "--feed", "some.ndjson", "--json")
    assert done.code == 2
    plain = tmp_path / "plain.toml"
    plain.write_text('[kraken]\npublic_socket_url = "ws://ws.kraken.com/v2"\n')
    done = ballast("paper", "--venue", "kraken", "--settings", plain, "--json")
    assert done.code == 2
    assert "no address of the venue" in done.sentence
    done = ballast("paper", "--record", tmp_path / "new.ndjson", "--json")
    assert done.code == 2
