"""Faults of the sockets on the whole live path, over a proxy: rows A1, A4, A8, A10 and sisters.

After each the standing invariants hold. A case takes a quarter of a minute and more; those that are
not the quickest proof of their row run as `soak`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.live_desk import SPEED
from tests.network_desk import Desk, weathered
from tests.network_proxy import Rule
from tests.standing_invariants import assert_standing

pytestmark = pytest.mark.timeout(260)
ACKNOWLEDGED = b'"method":"add_order"'
EXECUTION = b'"channel":"executions","type":"update"'
STALE_SECONDS = 60.0 / SPEED
"""Of the wall: a price that was not confirmed for a minute of the venue's is stale."""
BAR_SECONDS = 60.0 / SPEED
SILENCE_SECONDS = 3.0
SLACK_SECONDS = 4.0


async def struck(desk: Desk, rule: Rule, seconds: float = 40.0) -> None:
    """Wait until a rule has struck as often as it may."""
    await desk.until(
        lambda: len(rule.struck) >= rule.times, seconds, f"{rule.act} of {rule.words!r}"
    )


def test_A4_an_answer_after_our_patience_is_settled_by_the_lists(tmp_path: Path) -> None:
    """Held for longer than we wait; nothing is resent, and the doubt ends by the venue's lists."""
    late = Rule("up", b'"add_order"', "hold_answers", seconds=6.0)

    async def case(desk: Desk) -> None:
        desk.private.rules.append(late)
        await struck(desk, late)
        await desk.until(lambda: desk.steps.doubted, 10, "the doubt")
        await asyncio.sleep(max(0.0, late.struck[0] + 6.5 - time.monotonic()))

    left = weathered(tmp_path, case, kraken={"silence_seconds": 8})
    assert left.desk.steps.doubted
    assert_standing(left)


WAYS = {
    "A1 over the wire: the answer is lost with its line": Rule(
        "down", ACKNOWLEDGED, "reset_before"
    ),
    "A1 sister: the request is lost with its line": Rule("up", b'"add_order"', "reset_before"),
    "A1 sister: half of the request arrives": Rule("up", b'"add_order"', "reset_inside"),
    # The venue tells of a new order before its answer and after it, in turns: both are struck.
    "reset between the answer and the row of the executions": Rule(
        "down", ACKNOWLEDGED, "reset_after", times=2
    ),
    "reset in the middle of a row of the executions": Rule(
        "down", EXECUTION, "reset_inside", times=2
    ),
    "half closed in the middle of a row of the executions": Rule(
        "down", EXECUTION, "half_close_inside", times=2
    ),
    "an answer that is cut in half, and silence": Rule("down", ACKNOWLEDGED, "half_close_inside"),
    "silence from an answer on": Rule("down", ACKNOWLEDGED, "swallow"),
    "silence from a request on": Rule("up", b'"add_order"', "swallow"),
}


@pytest.mark.soak
@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in WAYS.items()])
def test_a_private_line_that_breaks_around_an_order(tmp_path: Path, rule: Rule) -> None:
    rule.struck.clear()

    async def case(desk: Desk) -> None:
        desk.private.rules.append(rule)
        await struck(desk, rule)

    assert_standing(weathered(tmp_path, case))


def test_A8_a_silent_public_socket_is_left_before_its_prices_are_traded_on(tmp_path: Path) -> None:
    silent_at: list[float] = []

    async def case(desk: Desk) -> None:
        desk.public.swallow_all()
        silent_at.append(time.monotonic())
        await desk.until(
            lambda: len(desk.public.accepted) > 1, SILENCE_SECONDS + SLACK_SECONDS, "a new line"
        )

    left = weathered(tmp_path, case)
    # A bar ended in the silence: it has a hole, and entries wait for the next one.
    assert_standing(left, again_seconds=BAR_SECONDS + 10.0)
    # What shows it lasts as long as the next handshake, so the record is asked and no sampling.
    told = [each for each in left.desk.steps.gaps if each.stream == "book"]
    assert [each.detail for each in told][:1] == [f"silent for {SILENCE_SECONDS:g} s"]
    (began,), again = silent_at, left.desk.public.accepted[1]
    on_stale = [
        each
        for each in left.desk.wire.orders
        if each.side == "buy" and began + STALE_SECONDS + 0.5 < each.at < again
    ]
    assert not on_stale


@pytest.mark.soak
def test_A8_a_silent_private_socket_is_left_and_nothing_is_entered_meanwhile(
    tmp_path: Path,
) -> None:
    seen: set[str] = set()

    async def case(desk: Desk) -> None:
        desk.private.swallow_all()
        began = time.monotonic()
        await desk.until(
            lambda: len(desk.private.accepted) > 1, SILENCE_SECONDS + SLACK_SECONDS, "a new line"
        )
        await asyncio.sleep(1)
        seen.update(n for each in desk.shown if each.at >= began for n in each.reasons)

    left = weathered(tmp_path, case)
    assert "reconciling" in seen
    assert_standing(left, again_seconds=10.0)


@pytest.mark.soak
def test_A8_sister_nothing_arrives_anywhere_for_eight_seconds(tmp_path: Path) -> None:
    """New connections are swallowed too: each attempt waits its time, none is made in haste."""
    seen: set[str] = set()

    async def case(desk: Desk) -> None:
        for each in desk.proxies:
            each.weather.blackhole = True
        seen.update(await desk.reasons(8.0))
        for each in desk.proxies:
            each.weather.blackhole = False

    left = weathered(tmp_path, case)
    assert "reconciling" in seen
    assert seen & {"no_feed", "feed_stale"}
    assert len(left.desk.public.accepted) <= 5
    # An attempt that began in the dark has ten seconds, and a pause may follow it.
    assert_standing(left, again_seconds=20.0)


async def storm(desk: Desk, seconds: float, apart: float = 3.0) -> None:
    """Every socket is reset, again and again."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        desk.public.reset_all()
        desk.private.reset_all()
        await asyncio.sleep(apart)


def assert_no_storm_of_ours(desk: Desk, losses: int) -> None:
    """As many handshakes as losses at most, apart by pauses that grow and are no rhythm."""
    for proxy in (desk.public, desk.private):
        assert 2 <= len(proxy.accepted) <= losses + 2
        pauses = [after - before for before, after in pairwise(proxy.accepted[1:])]
        assert len({round(each, 2) for each in pauses}) > 1 or len(pauses) < 2, pauses
    tokens = sum(name == "GetWebSocketsToken" for _, name in desk.wire.calls)
    assert tokens <= len(desk.private.accepted) + 1
    assert not [text for text in desk.wire.refusals if text.startswith("EAPI")]
    assert "EGeneral:Temporary lockout" not in desk.wire.refusals


def test_A10_a_storm_of_resets_is_met_with_pauses(tmp_path: Path) -> None:
    left = weathered(tmp_path, lambda desk: storm(desk, 9.0))
    assert_no_storm_of_ours(left.desk, 3)
    assert_standing(left, again_seconds=18.0)


@pytest.mark.soak
def test_A10_twenty_drops_in_a_minute(tmp_path: Path) -> None:
    left = weathered(tmp_path, lambda desk: storm(desk, 60.0))
    assert_no_storm_of_ours(left.desk, 20)
    assert len(left.desk.public.accepted) <= 14  # pauses grow to ten seconds
    assert_standing(left, again_seconds=18.0)


async def cut_in_a_book(desk: Desk, act: str) -> None:
    rule = Rule("down", b'"channel":"book"', act, times=2)  # type: ignore[arg-type]
    desk.public.rules.append(rule)
    await struck(desk, rule)


async def in_single_bytes(desk: Desk) -> None:
    for each in desk.proxies:
        each.weather.sliced = True
    await asyncio.sleep(5)
    for each in desk.proxies:
        each.weather.sliced = False


async def refused_for_a_while(desk: Desk) -> None:
    for each in desk.proxies:
        await asyncio.to_thread(each.refuse)
    await asyncio.sleep(5)
    for each in desk.proxies:
        await asyncio.to_thread(each.accept)


async def far_away(desk: Desk) -> None:
    """A third of a second each way is long for a venue that goes twenty times too fast."""
    for each in desk.proxies:
        each.weather.delay = 0.15
    await asyncio.sleep(6)
    for each in desk.proxies:
        each.weather.delay = 0.0


async def reset_at_the_door(desk: Desk) -> None:
    """Whoever connects is reset in the handshake."""
    for each in desk.proxies:
        each.weather.reset_new = True
        each.reset_all()
    await asyncio.sleep(5)
    for each in desk.proxies:
        each.weather.reset_new = False


OTHERS: dict[str, Callable[[Desk], Awaitable[None]]] = {
    "A8 sister: reset in the middle of a book": lambda d: cut_in_a_book(d, "reset_inside"),
    "A8 sister: half closed in a book": lambda d: cut_in_a_book(d, "half_close_inside"),
    "a frame comes in single bytes": in_single_bytes,
    "A10 sister: refused in mid-session": refused_for_a_while,
    "A4 sister: everything is late": far_away,
    "A10 sister: reset in every handshake": reset_at_the_door,
}


@pytest.mark.soak
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in OTHERS.items()])
def test_other_weather_leaves_the_books_as_the_venues(
    tmp_path: Path, case: Callable[[Desk], Awaitable[None]]
) -> None:
    assert_standing(weathered(tmp_path, case))
