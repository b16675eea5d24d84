"""May it trade: every cause is named, and none remains when all is well."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

from actors.messages.control import ConstraintViolated, KillSwitch
from actors.messages.decision import Action, VerdictSlice
from actors.messages.decision import Reason as VerdictReason
from actors.messages.market import MarketFlag
from actors.risk.standing import Standing
from service.observe.readiness import (
    JOURNAL_STUCK_SECONDS,
    Blocked,
    JournalWatch,
    Situation,
    blocked,
    remarks,
    unready,
)
from tests.observed_run import observed_run


def verdicts(*reasons: VerdictReason) -> VerdictSlice:
    """One instant at which each symbol had that reason."""
    rows = [[int(Action.NO_ENTRY), int(reason), 0, 0, 0, 0] for reason in reasons]
    return VerdictSlice(1, np.array(rows, dtype=np.int32))


WELL = Situation(
    halted="",
    standing=Standing(),
    phase="trading",
    behind=0,
    unknown_orders=0,
    priced=True,
    flags=np.array([0, int(MarketFlag.NOT_LISTED)], dtype=np.int32),
    silent_seconds=1.0,
    speed=0.0,
    stale_after_ns=60 * 10**9,
    bundle_id="abc",
    verdicts=verdicts(VerdictReason.PROBABILITY_TOO_LOW, VerdictReason.NOT_WARM),
)


def flagged(flag: MarketFlag) -> np.ndarray:
    """One listed symbol with this flag, and one that is not listed."""
    return np.array([int(flag), int(MarketFlag.NOT_LISTED)], dtype=np.int32)


STALE = np.array([int(MarketFlag.STALE), int(MarketFlag.NOT_LISTED)], dtype=np.int32)


def test_what_makes_entries_smaller_is_told_without_standing_in_their_way() -> None:
    assert remarks(True, ()) == ()
    (none,) = remarks(False, ())
    assert "no map of clusters holds" in none
    (some,) = remarks(True, ("NEW/USD", "ODD/USD"))
    assert some.endswith("NEW/USD, ODD/USD")


def test_nothing_stands_in_the_way_of_a_sound_run() -> None:
    assert blocked(WELL) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"halted": "ledger at input 7: broke"}, Blocked.CORE_HALTED),
        ({"standing": Standing(halt_reason="a constraint")}, Blocked.TRADING_STATE),
        ({"standing": Standing(drawdown_latched=True)}, Blocked.TRADING_STATE),
        ({"standing": Standing(kill_level=1, kill_reason="lunch")}, Blocked.KILL_LEVEL),
        ({"standing": Standing(floored=True)}, Blocked.CAPITAL_FLOOR),
        (
            {"standing": Standing(day_loss_micros=30_000, day_loss_latched=True)},
            Blocked.DAILY_LOSS_LIMIT,
        ),
        ({"reconciling": "the venue's lists are being read"}, Blocked.RECONCILING),
        ({"unguarded": "1 open orders are not ours"}, Blocked.UNGUARDED),
        ({"phase": "closing"}, Blocked.CLOSING),
        ({"behind": 3}, Blocked.JOURNAL_BEHIND),
        ({"unknown_orders": 1}, Blocked.UNKNOWN_ORDER),
        ({"reconciling": "the stream executions is away"}, Blocked.RECONCILING),
        ({"priced": False}, Blocked.NO_PORTFOLIO),
        ({"flags": STALE}, Blocked.FEED_STALE),
        ({"feed_trouble": "the feed is waiting"}, Blocked.NO_FEED),
        ({"silent_seconds": 61.0}, Blocked.FEED_STALE),
        ({"silent_seconds": 6.0, "speed": 3600.0}, Blocked.FEED_STALE),
        ({"flags": flagged(MarketFlag.GAP)}, Blocked.MARKET_UNSOUND),
        ({"flags": flagged(MarketFlag.CHECKSUM)}, Blocked.MARKET_UNSOUND),
        ({"flags": flagged(MarketFlag.CROSSED)}, Blocked.MARKET_UNSOUND),
        ({"flags": flagged(MarketFlag.VENUE_STATUS)}, Blocked.MARKET_UNSOUND),
        ({"flags": flagged(MarketFlag.CLOCK_SKEW)}, Blocked.MARKET_UNSOUND),
        ({"bundle_id": ""}, Blocked.NO_MODEL),
        ({"verdicts": None}, Blocked.NOT_WARM),
        ({"verdicts": verdicts(VerdictReason.NOT_WARM)}, Blocked.NOT_WARM),
    ],
)
def test_each_cause_alone_blocks_and_is_named(change: dict[str, object], code: Blocked) -> None:
    found = blocked(msgspec.structs.replace(WELL, **change))
    assert [reason.code for reason in found] == [code]
    assert found[0].text


def test_the_market_never_makes_the_service_itself_unready() -> None:
    market = msgspec.structs.replace(WELL, flags=STALE, bundle_id="", verdicts=None)
    assert unready(blocked(market)) == ()
    halted = msgspec.structs.replace(market, halted="risk at input 1: broke")
    assert [reason.code for reason in unready(blocked(halted))] == [Blocked.CORE_HALTED]


def test_a_journal_is_stuck_only_while_inputs_wait_and_nothing_becomes_durable() -> None:
    watch, later = JournalWatch(), JOURNAL_STUCK_SECONDS
    assert not watch.stuck(10, 9, now=0.0)
    assert not watch.stuck(11, 9, now=later - 0.1)
    assert watch.stuck(12, 9, now=later)
    assert not watch.stuck(13, 12, now=later + 1)
    assert not watch.stuck(13, 13, now=3 * later)
    assert not watch.stuck(14, 13, now=4 * later)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (KillSwitch(2, "tester", "drill"), Blocked.KILL_LEVEL),
        (ConstraintViolated("lots_positive", 3), Blocked.TRADING_STATE),
    ],
)
def test_what_an_operator_or_the_store_does_is_read_from_the_graph(
    message: KillSwitch | ConstraintViolated, code: Blocked, tmp_path: Path
) -> None:
    async def codes() -> tuple[set[Blocked], int]:
        run = await observed_run(tmp_path, inputs=1000)
        assert code not in {reason.code for reason in run.reader.read().reasons}
        await run.say(message)
        reading = run.reader.read()
        return {reason.code for reason in reading.reasons}, reading.halt_level

    found, level = asyncio.run(codes())
    assert code in found
    assert level > 0


def test_a_reading_changes_nothing_in_the_graph(tmp_path: Path) -> None:
    async def roots() -> tuple[object, object]:
        run = await observed_run(tmp_path, inputs=600)
        before = run.reader.kernel.snapshot()
        run.reader.read()
        return before, run.reader.kernel.snapshot()

    before, after = asyncio.run(roots())
    assert before == after


def test_a_run_without_a_model_says_so_and_a_warm_one_with_a_model_may_trade(
    tmp_path: Path,
) -> None:
    async def codes(*, with_model: bool) -> set[Blocked]:
        run = await observed_run(tmp_path, inputs=1200, with_model=with_model)
        return {reason.code for reason in run.reader.read().reasons}

    assert asyncio.run(codes(with_model=True)) == set()
    assert Blocked.NO_MODEL in asyncio.run(codes(with_model=False))
