"""The nightly recompute over a real account: told when sound or away, a halt when it differs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

import service.drivers.trading
import service.nightly
from actors.instant import SECOND_NS
from actors.messages.control import ConstraintViolated
from actors.messages.risk import TradingState
from service.bundles import Choice, choose_bundle
from service.drivers.feeding import Limits
from service.drivers.silent import Silent
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE, seeded_feed
from service.nightly import NightlyRecompute, Outcome
from service.segment import OpenSegment
from service.settings import JournalSettings, Settings
from service.tally import Tally
from tests.postgres_server import Server, running_server
from tests.traded_account import ASLEEP, traded_on

HOUR_NS = 3600 * SECOND_NS
EVENING = 20_000 * 24 * HOUR_NS + 22 * HOUR_NS
TAMPERED = "UPDATE ballast.transfer SET amount = amount + 1 WHERE transfer_no = 1"


class Wall:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="module")
def server(pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, "machine")


@pytest.fixture(scope="module")
def traded(server: Server) -> str:
    return traded_on(server)


def settings_of(server: Server, database: str) -> Settings:
    return Settings(journal=JournalSettings(dsn=server.dsn(database, server.administrator)))


async def outcome(nightly: NightlyRecompute, said: list[str]) -> tuple[ConstraintViolated, ...]:
    """What the check comes to, looked at as the trading loop does."""
    told, until = len(said), time.monotonic() + 60
    while time.monotonic() < until:
        if found := nightly.look():
            return found
        if len(said) > told:
            return ()
        await asyncio.sleep(0.005)
    pytest.fail("the check did not end")


def test_a_sound_account_is_checked_once_a_day_at_its_hour(server: Server, traded: str) -> None:
    wall, said = Wall(), list[str]()

    async def work() -> None:
        nightly = NightlyRecompute(settings_of(server, traded), "paper", say=said.append, now=wall)
        wall.now = EVENING + 5 * HOUR_NS - 1
        assert nightly.look() == ()
        await asyncio.sleep(0.05)
        assert nightly.look() == ()
        assert said == []
        for day in (1, 2):
            wall.now += 1
            assert await outcome(nightly, said) == ()
            assert len(said) == day
            assert said[-1].endswith("nothing differs")
            nightly.look()
            await asyncio.sleep(0.05)
            nightly.look()
            assert len(said) == day
            wall.now += 24 * HOUR_NS - 1
        await nightly.close()

    asyncio.run(work())


def test_a_database_that_is_away_is_told_and_tried_again_later(server: Server, traded: str) -> None:
    wall, said = Wall(), list[str]()

    async def work() -> None:
        nightly = NightlyRecompute(
            settings_of(server, "nowhere"), "paper", say=said.append, now=wall
        )
        wall.now += 6 * HOUR_NS
        assert await outcome(nightly, said) == ()
        assert "could not be made" in said[0]
        assert "tried again in 15 minutes" in said[0]
        nightly.look()
        await asyncio.sleep(0.05)
        nightly.look()
        assert len(said) == 1
        wall.now += HOUR_NS // 4
        assert await outcome(nightly, said) == ()
        assert len(said) == 2
        await nightly.close()

    asyncio.run(work())


def test_a_server_that_keeps_it_waiting_is_told_and_stops_nothing(
    server: Server, traded: str
) -> None:
    """Somebody holds the transfers for longer than a check may take."""
    wall, said, shown = Wall(), list[str](), list[Outcome]()

    async def work() -> None:
        other = await asyncpg.connect(server.dsn(traded, server.administrator))
        try:
            async with other.transaction():
                await other.execute("LOCK TABLE ballast.transfer IN ACCESS EXCLUSIVE MODE")
                nightly = NightlyRecompute(
                    settings_of(server, traded), "paper",
                    say=said.append, show=shown.append, now=wall, limit_seconds=0.3,
                )  # fmt: skip
                wall.now += 6 * HOUR_NS
                assert await outcome(nightly, said) == ()
        finally:
            await other.close()
        await nightly.close()

    asyncio.run(work())
    assert "could not be made: the database did not answer in time" in said[0]
    assert shown == [Outcome.NOT_MADE]


def test_a_row_that_cannot_be_read_is_told_and_stops_nothing(
    server: Server, traded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug while adding up is no reason to end the trading loop; the alert's metric has it."""
    wall, said, shown = Wall(), list[str](), list[Outcome]()

    async def broken(*_: object) -> None:
        raise ArithmeticError("inexact")

    async def work() -> None:
        nightly = NightlyRecompute(
            settings_of(server, traded), "paper", say=said.append, show=shown.append, now=wall
        )
        wall.now += 6 * HOUR_NS
        assert await outcome(nightly, said) == ()
        await nightly.close()

    monkeypatch.setattr(service.nightly, "audited", broken)
    asyncio.run(work())
    assert "could not be made: ArithmeticError: inexact" in said[0]
    assert shown == [Outcome.NOT_MADE]


def test_a_stop_in_the_middle_gives_the_check_up(server: Server, traded: str) -> None:
    wall, said = Wall(), list[str]()

    async def work() -> None:
        nightly = NightlyRecompute(settings_of(server, traded), "paper", say=said.append, now=wall)
        wall.now += 6 * HOUR_NS
        nightly.look()
        await nightly.close()

    started = time.monotonic()
    asyncio.run(work())
    assert time.monotonic() - started < 10
    assert said == ["the nightly recompute of the books was given up, because the service ends"]


class Seen(Silent):
    """Keeps the segment that was opened."""

    segment: OpenSegment

    async def opened(
        self, segment: OpenSegment, tally: Tally, plan: RunPlan, choice: Choice
    ) -> None:
        self.segment = segment


def test_a_tampered_transfer_halts_the_running_account(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = asyncio.run(server.fresh_database())
    dsn = server.dsn(database, server.administrator)
    settings = Settings(data_dir=str(tmp_path), journal=JournalSettings(dsn=dsn))
    feed = seeded_feed(7, UNIVERSE)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    seen, said, wall = Seen(), list[str](), Wall()
    plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=2_500))
    asyncio.run(trade(settings, feed, choice, plan, watchers=(seen,)))
    assert seen.segment.pump.kernel.actor("orders").state.trading is TradingState.ACTIVE
    asyncio.run(server.tamper(database, f"{ASLEEP}; {TAMPERED}"))

    shown = list[Outcome]()
    nightly = NightlyRecompute(settings, "paper", say=said.append, show=shown.append, now=wall)
    wall.now += 6 * HOUR_NS
    monkeypatch.setattr(service.drivers.trading, "nightly_of", lambda *_: nightly)
    plan = RunPlan("PAPER", "postgres", dsn, limits=Limits(events=20_000), lasting=True)
    feed = seeded_feed(7, UNIVERSE)
    asyncio.run(trade(settings, feed, choice, plan, watchers=(seen,), say=said.append))
    kernel = seen.segment.pump.kernel
    assert kernel.actor("orders").state.trading is TradingState.HALTED
    assert "constraint books_recomputed at input" in str(kernel.actor("risk").state)
    assert shown[0] is Outcome.DIFFERS
