"""What a simulated Kraken is asked to be: accounts, speed, recordings, conduct, clock, TLS."""

from __future__ import annotations

import ssl
import stat
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.serving.certificate import server_context, write_certificate
from adapters.kraken_simulator.serving.clock import ExchangeClock
from adapters.kraken_simulator.serving.launch import made
from adapters.kraken_simulator.serving.live import FIRST_STEP_NS, LiveExchange
from adapters.kraken_simulator.serving.plan import (
    Plan,
    PlanError,
    account_of,
    conduct_of,
    recording_of,
    speed_of,
)

SECOND = 1_000_000_000
STARTED = 1_790_000_000 * SECOND


def test_an_account_is_a_name_and_its_balances() -> None:
    spec = account_of("me=USD:5000,BTC.F:0.10", "starter")
    assert (spec.account, spec.tier) == ("me", "starter")
    assert spec.balances == {"USD": Decimal(5000), "BTC.F": Decimal("0.10")}
    assert account_of("poor=", "pro").balances == {}


@pytest.mark.parametrize("text", ["0", "-1", "1001", "fast", "NaN", "1/2"])
def test_a_speed_lies_above_nothing_and_is_finite(text: str) -> None:
    with pytest.raises(PlanError):
        speed_of(text)
    assert speed_of("0.5") == Fraction(1, 2)


def test_conduct_is_checked_by_name_and_kind() -> None:
    assert conduct_of(()) == Conduct()
    found = conduct_of(("post_only_cancels=true", "book_rate=8", "market_protection=0.05"))
    assert found.post_only_cancels
    assert (found.book_rate, found.market_protection) == (8.0, Decimal("0.05"))
    for wrong in ("colour=red", "book_rate=fast", "nothing"):
        with pytest.raises(PlanError):
            conduct_of((wrong,))


def test_a_recording_is_played_from_the_start(tmp_path: Path) -> None:
    dump = tmp_path / "XBTUSD_60.csv"
    times = (1_600_000_000, 1_600_003_600)
    dump.write_text("".join(f"{at},70000,70000,70000,70000,1,1\n" for at in times))
    frames = tmp_path / "frames.ndjson"
    frames.write_text("")
    recording = recording_of(f"BTC/USD={dump}")
    plan = Plan(
        seed=1,
        started_ns=STARTED,
        accounts=(),
        symbols=("BTC/USD", "ETH/USD"),
        warm_up_seconds=0,
        recorded=(recording,),
    )
    exchange = made(plan).live.exchange
    assert abs(exchange.book("BTC/USD", 1).bids[0].price - 70_000) < 100
    for wrong in (f"XBT/USD={dump}", "BTC/USD", f"BTC/USD={tmp_path}/no_60.csv"):
        with pytest.raises(PlanError):
            recording_of(wrong)
    with pytest.raises(PlanError, match="holds no frame of BTC/USD"):
        recording_of(f"BTC/USD={frames}")


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.ns = 5

    def __call__(self) -> int:
        return self.ns


def test_the_clock_runs_at_its_speed_and_never_back() -> None:
    ticks = Ticks()
    clock = ExchangeClock(STARTED, Fraction(5, 2), monotonic_ns=ticks)
    assert clock.now_ns() == STARTED
    ticks.ns += 2 * SECOND
    assert clock.now_ns() == STARTED + 5 * SECOND
    clock.shift(-3 * SECOND)
    assert clock.now_ns() == STARTED + 5 * SECOND
    ticks.ns += SECOND
    assert clock.now_ns() == STARTED + 5 * SECOND
    ticks.ns += SECOND
    assert clock.now_ns() == STARTED + 7 * SECOND
    clock.shift(10 * SECOND)
    assert clock.now_ns() == STARTED + 17 * SECOND


def test_a_machine_that_cannot_keep_up_slows_the_clock() -> None:
    """Else each step would take longer than the one before, and nobody would be answered."""
    ticks = Ticks()
    accounts = (account_of("me=USD:1", "pro"),)
    plan = Plan(seed=1, started_ns=STARTED, accounts=accounts, symbols=("BTC/USD",))
    exchange = made(plan).live.exchange
    clock = ExchangeClock(STARTED, Fraction(1_000), monotonic_ns=ticks)
    live = LiveExchange(exchange, clock)
    ticks.ns += 3_600 * SECOND
    live.advance()
    assert live.exchange.now_ns == STARTED + FIRST_STEP_NS
    assert live.now_ns() == live.exchange.now_ns
    live.shift(600 * SECOND)
    live.advance()
    assert live.exchange.now_ns == STARTED + FIRST_STEP_NS + 600 * SECOND


def test_a_certificate_is_for_this_machine_and_its_key_for_its_owner(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    assert stat.S_IMODE(certificate.with_name("key.pem").stat().st_mode) == 0o600
    assert isinstance(server_context(certificate), ssl.SSLContext)
    assert ssl.create_default_context(cafile=str(certificate)).get_ca_certs()
