"""`ballast live --venue kraken` at a simulator on loopback: stored keys, gates, and what they stop.

Faults S1 (a key that can withdraw), S3 (one that is revoked), G1 (paper and live in one place).
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.messages.risk import TradingState
from actors.model_statement import ModelStatement
from actors.orders.state import OrdersState
from adapters.kraken_simulator.serving.launch import Running
from service.cli.health import StatusAnswer
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, trade
from service.failures import ExitCode
from service.kraken_account import kraken_account
from service.live_evidence import opened
from service.live_market import LiveMarket
from service.live_risk import DIGEST
from service.observe.port import Place, write_place
from service.observe.reconciled import DifferenceReading, ReconciliationReading
from service.segment import OpenSegment
from service.stores import FILE
from service.venue_clock import venue_clock
from tests.e2e.conftest import Answer, Ballast
from tests.kraken_answers import private
from tests.live_desk import SPEED, Fickle, Fickly, plan_of, settings_of
from tests.simulated_kraken import key_of, post, simulated_kraken, small_plan
from tests.spoken_model import activated

pytestmark = pytest.mark.timeout(400)
LIVE = ("live", "--venue", "kraken", "--symbol", "BTC/USD", "--journal", "file", "--headless")
WORDS = "planted words nobody knows"


@pytest.fixture
def venue() -> Iterator[Running]:
    with simulated_kraken(small_plan()) as running:
        yield running


class Desk:
    """The verbs of an account at a simulator, within this process; its key is connected."""

    def __init__(
        self, ballast: Ballast, venue: Running, folder: Path, patch: pytest.MonkeyPatch
    ) -> None:
        self.ballast = ballast
        self._patch = patch
        self._folder = folder
        key = key_of(venue, "alpha", "trade")
        self.words = private(folder / "words", f"{WORDS}\n")
        self.file = self.written(venue.rest, venue.sockets)
        secret = private(folder / "secret", f"{key.key}\n{key.secret}\n")
        options = ("--venue-url", venue.rest, "--store", "file", "--passphrase-file", self.words)
        done = self("keys", "connect", "--secret-file", secret, *options)
        assert done.code == 0, done.err

    def written(self, rest: str, sockets: str, key_file: str = "") -> Path:
        """A settings file that leads to a venue. The wall is shared with other tests."""
        path = self._folder / f"{rest.rpartition(':')[2]}-{bool(key_file)}.toml"
        path.write_text(
            f'[kraken]\nrest_url = "{rest}"\ntier = "pro"\nclock_skew_ms_max = 60000\n'
            f'public_socket_url = "{sockets}/v2"\nprivate_socket_url = "{sockets}/v2-auth"\n'
            f'[keys]\npassphrase_file = "{self.words}"\nkey_file = "{key_file}"\n'
        )
        return path

    def __call__(self, *words: object, settings: Path | None = None) -> Answer:
        """One verb to its end."""
        file = settings or self.file
        return self.ballast.inside(self._patch, *words, "--settings", file)

    def live(self, *words: object, settings: Path | None = None) -> Answer:
        """`live --venue kraken`."""
        return self(*LIVE, *words, settings=settings)


@pytest.fixture
def desk(ballast: Ballast, venue: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(ballast, venue, tmp_path, monkeypatch)


def test_the_connected_key_opens_the_account_and_paper_never_comes_near_it(
    desk: Desk, venue: Running
) -> None:
    """Twice, as one account; then G1: no paper run in the same place."""
    checked = desk.live("--check", "--json")
    assert checked.code == 0, checked.err
    assert [gate["open"] for gate in checked.json["gates"]] == [True] * 5
    first = desk.live("--for", "3s", "--json")
    assert first.code == 0, first.err
    assert (first.json["mode"], first.json["feed"]) == ("LIVE", "kraken-loopback")
    assert first.json["parity"]
    assert not first.json["market_result"]
    again = desk.live("--for", "1s")
    assert again.code == 0, again.err
    assert "open  credentials" in again.err
    for verb in (("run",), ("paper", "--venue", "kraken")):
        refused = desk(*verb, "--journal", "file", "--for", "1s", "--headless")
        assert refused.code == ExitCode.USAGE
        assert "paper and live never share a data folder" in refused.sentence
    files = [path for path in desk.ballast.home.rglob("*") if path.is_file()]
    everything = b"".join(path.read_bytes() for path in files)
    everything += (first.out + first.err + again.out + again.err).encode()
    assert key_of(venue, "alpha", "trade").secret.encode() not in everything


def test_a_live_start_where_paper_trades_is_refused(desk: Desk) -> None:
    """G1, the other way round."""
    assert desk("run", "--journal", "file", "--events", "50", "--headless").code == 0
    refused = desk.live("--for", "2s")
    assert refused.code == ExitCode.GATED
    assert "Live trading is gated (database)" in refused.sentence
    assert "keeps the paper account paper" in refused.sentence


def test_a_key_that_can_withdraw_or_was_revoked_or_is_of_elsewhere_starts_nothing(
    desk: Desk, venue: Running, tmp_path: Path
) -> None:
    """S1, and S3 before a start: the venue is asked again at each, whatever was stored."""
    worse = key_of(venue, "alpha", "withdraw")
    mounted = private(tmp_path / "mounted", f"{worse.key}\n{worse.secret}\n")
    with_it = desk.written(venue.rest, venue.sockets, str(mounted))
    refused = desk.live("--for", "2s", settings=with_it)
    assert refused.code == ExitCode.KEY_REFUSED
    assert "it can move funds in and withdraw funds" in refused.sentence
    moved = desk.live("--for", "2s", settings=desk.written("http://127.0.0.1:9", venue.sockets))
    assert moved.code == ExitCode.KEY_REFUSED
    assert f"was connected at {venue.rest}" in moved.sentence
    revoked = {"key": key_of(venue, "alpha", "trade").key}
    assert "result" in post(f"{venue.rest}/simulator/revoke", revoked)
    gone = desk.live("--for", "2s")
    assert gone.code == ExitCode.KEY_REFUSED
    assert "kraken does not know this API key" in gone.sentence
    assert not (desk.ballast.home / "runs").exists(), "nothing was begun"


def test_beyond_this_machine_every_gate_is_shown_and_the_first_that_is_shut_stops_the_start(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person opened names who did; without a key nothing is asked of anybody."""

    def say(*words: object) -> Answer:
        return ballast.inside(monkeypatch, *words)

    assert say("gates", "accept-risk", "--accept", "wrong" * 3).code == ExitCode.USAGE
    short = say("gates", "override-trial", "--name", "Anna", "--reason", "no")
    assert short.code == ExitCode.USAGE
    for verb in (
        ("accept-risk", "--accept", DIGEST[:12], "--name", "Anna"),
        ("override-trial", "--name", "Bert", "--reason", "ran for a year elsewhere"),
    ):
        assert say("gates", *verb).code == 0
    found = say("gates", "check", "--json")
    assert found.code == ExitCode.GATED
    rows = {gate["name"]: gate for gate in found.json["gates"]}
    closed = [name for name, gate in rows.items() if not gate["open"]]
    assert closed == ["credentials", "rights"]
    assert "overridden by Bert: ran for a year elsewhere" in rows["trial"]["found"]
    assert rows["warning"]["found"] == "accepted by Anna: risk text version 2"
    start = say(*LIVE, "--for", "2s")
    assert start.code == ExitCode.MISSING
    assert "SHUT  credentials" in start.err
    assert "Live trading is gated (credentials): no API key is connected" in start.sentence
    assert not (ballast.home / "runs").exists(), "nothing was begun"


def test_the_risk_text_is_shown_before_it_is_accepted(ballast: Ballast) -> None:
    """A script that names no hash accepts nothing."""
    told = ballast("gates", "accept-risk")
    assert told.code == ExitCode.USAGE
    assert "You can lose money" in told.err
    assert f"--accept {DIGEST[:12]}" in told.err


class _Open(Silent):
    """Remembers the running segment."""

    segment: OpenSegment | None = None

    async def opened(self, segment: OpenSegment, *_: object) -> None:
        self.segment = segment


class Activated(Fickly, frozen=True):
    """Somebody let its model speak for real money."""

    @property
    def statement(self) -> ModelStatement | None:
        return activated(Fickle.bundle_id, "LIVE")


def test_it_trades_with_the_stored_key_until_that_is_revoked(
    ballast: Ballast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 in session: entries close with the reason, and the stop is clean."""
    with simulated_kraken(plan_of()) as venue:
        Desk(ballast, venue, tmp_path, monkeypatch)
        settings = settings_of(ballast.home, venue)
        watch = _Open()

        async def session() -> Any:
            clock = await venue_clock(settings.kraken.public_socket_url, SPEED)
            market = LiveMarket(settings, venue.plan.symbols, clock=clock)
            place = str(ballast.home / "journal")
            plan = RunPlan("LIVE", FILE, place, limits=Limits(seconds=100), speed=1.0, verify=False)
            credentials = opened(settings, lambda: WORDS)
            async with kraken_account(settings, credentials, clock, market) as outside:
                beside = asyncio.ensure_future(revoked(credentials.key))
                result = await trade(
                    settings,
                    market,
                    Activated(None, "no market result"),
                    plan,
                    watchers=(watch,),
                    outside=outside,
                )
                return result, await beside

        async def revoked(key: str) -> str:
            exchange = venue.simulator.live.exchange
            await until(lambda: watch.segment is not None)
            await until(lambda: len(exchange.fills("alpha")) > 0, 100.0)
            await asyncio.to_thread(post, f"{venue.rest}/simulator/revoke", {"key": key})
            assert watch.segment is not None
            orders: OrdersState = watch.segment.pump.kernel.actor("orders").state
            await until(lambda: orders.kill_level == 1)
            state = watch.segment.pump.kernel.actor("risk").state.standing
            assert state.state is TradingState.REDUCING
            os.kill(os.getpid(), signal.SIGTERM)
            return str(state.reason)

        result, reason = asyncio.run(session())
        assert "the venue refuses the account: EAPI:Invalid key" in reason
        assert result.card.fills > 0
        assert (result.card.mode, result.card.parity) == ("LIVE", True)
        assert result.card.halted == ""


async def until(found: Any, seconds: float = 90.0) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.05)


def announce(venue: Running, *seconds: int) -> None:
    """The venue's status tells of maintenances that begin in so many seconds."""
    now = datetime.now(UTC)
    events = [
        {
            "event_id": f"m{number}",
            "expected_start_utc": f"{now + timedelta(seconds=each):%Y-%m-%dT%H:%M:%SZ}",
            "expected_end_utc": f"{now + timedelta(seconds=each + 600):%Y-%m-%dT%H:%M:%SZ}",
            "recommended_action": "cancel_open_orders",
        }
        for number, each in enumerate(seconds, 1)
    ]
    told = post(f"{venue.rest}/simulator/announce", {"upcoming_maintenance": events})
    assert "result" in told


def test_a_reactivation_is_refused_while_the_running_service_knows_of_a_difference(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G5: by the command, with what differs; nothing is left for the service to obey."""
    difference = DifferenceReading("balance", "USD", "1.00", "2.00", 7)
    agrees = ReconciliationReading(
        3, False, "", "balance USD", True, (difference,), {}, 1.0, 3, 0, 0, "", (), False, False, ""
    )
    status = StatusAnswer("live", "Halted", "unexplained_trade", agrees)
    with answering(msgspec.json.encode(status)) as port:
        write_place(ballast.home, Place("127.0.0.1", port, os.getpid()))
        (ballast.home / "runs").mkdir()
        refused = ballast.inside(monkeypatch, "reactivate", "--reason", "I looked at it")
    assert refused.code == ExitCode.HALTED
    assert "balance USD: 1.00 here, 2.00 at the venue" in refused.sentence
    assert not (ballast.home / "control").exists()
    assert ballast.inside(monkeypatch, "reactivate", "--reason", "nobody answers").code == 0


@contextmanager
def answering(body: bytes) -> Iterator[int]:
    """A service that says of itself whatever is given, on a port of loopback."""

    class Status(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody wants to read it."""

    server = HTTPServer(("127.0.0.1", 0), Status)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_person_asks_consents_and_stops_a_running_service(desk: Desk, venue: Running) -> None:
    """A foreign order: seen, entries shut until consent, consent on record; then SIGTERM."""
    process = desk.ballast.start(*LIVE, "--settings", desk.file)
    desk.ballast.trading()
    far = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1000.0"}
    hook = f"{venue.rest}/simulator/accounts/alpha/order"
    assert "result" in post(hook, {**far, "volume": "0.01"})
    found = desk("reconcile", "--json", "--reason", "an order of my own")
    assert found.code == 0, found.err
    (foreign,) = found.json["foreign"]
    assert (foreign["symbol"], found.json["consent"]) == ("BTC/USD", False)
    assert "nobody has consented" in found.json["unguarded"]
    health = desk("health", "--probe", "may-trade", "--json")
    codes = {reason["code"] for reason in health.json["reasons"]}
    assert "unguarded" in codes
    assert desk("consent", "--reason", "mine too").code == 0
    time.sleep(1)
    shown = desk("reconcile", "--show")
    assert shown.code == 0, shown.err
    assert "consent    given" in shown.out
    assert "lists      agrees" in shown.out
    announce(venue, 600)
    time.sleep(1)
    warned = desk("health", "--probe", "may-trade", "--json")
    told = [reason["text"] for reason in warned.json["reasons"]]
    assert "a maintenance is announced: m1" in told
    announce(venue)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "LIVE" in out
    (kept,) = venue.simulator.live.exchange.open_orders("alpha")
    assert not kept.cl_ord_id, "a stop leaves orders of other hands alone"
    assert desk("reconcile", "--show").code == ExitCode.ENVIRONMENT
    assert desk("reconcile", "--json").json == {"running": False, "left": True}
