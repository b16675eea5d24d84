"""Faults of the REST line and of cancels on the whole live path, and two faults at a time.

The lists are what ends every doubt, so their line may break as well: then the doubt stays, with its
funds held, until they can be read. After each case the standing invariants hold.
"""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from adapters.kraken_simulator.faults.script import Fault
from tests.network_desk import Desk, weathered
from tests.network_proxy import Rule
from tests.resting_orders import one_rests, weathered_at_rest
from tests.standing_invariants import assert_standing

pytestmark = [pytest.mark.timeout(260), pytest.mark.soak]
ACKNOWLEDGED = b'"method":"add_order"'

CANCELS = {
    "the request is lost with its line": Rule("up", b'"cancel_order"', "reset_before"),
    "the answer is lost with its line": Rule("down", b'"method":"cancel_order"', "reset_before"),
    "silence from the request on": Rule("up", b'"cancel_order"', "swallow"),
    "the answer comes after our patience": Rule(
        "up", b'"cancel_order"', "hold_answers", seconds=6.0
    ),
}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in CANCELS.items()])
def test_a_line_that_breaks_around_a_cancel(tmp_path: Path, rule: Rule) -> None:
    rule.struck.clear()

    async def case(desk: Desk) -> None:
        desk.private.rules.append(rule)
        async with one_rests(desk):
            await desk.until(lambda: rule.struck, 10, "a cancel")
            await asyncio.sleep(1)

    assert_standing(weathered_at_rest(tmp_path, case))


PAGES = {
    "502 behind a cancel that was done": Fault(where="rest:CancelOrder", what="html_502", every=1),
    "520 before a cancel was done": Fault(
        where="rest:CancelOrder", what="html_520", every=1, done=False
    ),
    "a reset in place of an answer": Fault(
        where="rest:CancelOrder", what="reset_after", every=1, done=True
    ),
}


@pytest.mark.parametrize("fault", [pytest.param(each, id=name) for name, each in PAGES.items()])
def test_A6_a_page_in_place_of_the_answer_to_a_cancel(tmp_path: Path, fault: Fault) -> None:
    """Where the private socket is away a cancel goes by REST, and a proxy's page is no answer."""

    async def case(desk: Desk) -> None:
        await desk.faults(fault)
        calls = desk.wire.calls
        async with one_rests(desk):
            await asyncio.to_thread(desk.private.refuse)
            await desk.until(
                lambda: any(name == "CancelOrder" for _, name in calls), 10, "a cancel by REST"
            )
            await asyncio.sleep(1)
        await asyncio.to_thread(desk.private.accept)
        await desk.faults()

    assert_standing(weathered_at_rest(tmp_path, case))


TOKENS = {
    "502": Fault(where="rest:GetWebSocketsToken", what="html_502", every=1),
    "520": Fault(where="rest:GetWebSocketsToken", what="html_520", every=1),
}


@pytest.mark.parametrize("page", [pytest.param(each, id=name) for name, each in TOKENS.items()])
def test_A6_a_page_in_place_of_a_token_is_asked_past(tmp_path: Path, page: Fault) -> None:
    async def case(desk: Desk) -> None:
        await desk.faults(page)
        desk.private.reset_all()
        began = time.monotonic()
        await asyncio.sleep(4)
        assert desk.kept_out(), "without a token there is no private line"
        assert desk.entries_since(began + 1) == 0
        await desk.faults()

    assert_standing(weathered(tmp_path, case))


BODIES = {
    "reset in an answer's body": Rule("down", b'"result"', "reset_inside", times=4),
    "half closed in an answer's body": Rule("down", b'"result"', "half_close_inside", times=4),
    "reset after the request": Rule("up", b"POST /0/private/", "reset_after", times=4),
    "silence after the request": Rule("up", b"POST /0/private/", "swallow", times=1),
}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in BODIES.items()])
def test_a_rest_line_that_breaks_in_a_list(tmp_path: Path, rule: Rule) -> None:
    rule.struck.clear()

    async def case(desk: Desk) -> None:
        desk.rest.rules.append(rule)
        await desk.until(lambda: len(rule.struck) == rule.times, 40, "answers that break")

    assert_standing(weathered(tmp_path, case))


def test_nobody_answers_at_the_start_and_then_somebody_does(tmp_path: Path) -> None:
    """Refused for three seconds from the first attempt on: the start waits, nothing is guessed."""

    def before(desk: Desk) -> None:
        for each in desk.proxies:
            each.refuse()

        def later() -> None:
            for each in desk.proxies:
                each.accept()

        threading.Timer(3.0, later).start()

    async def case(_: Desk) -> None:
        await asyncio.sleep(0.1)

    assert_standing(weathered(tmp_path, case, before=before))


def test_pair_A1_and_A8_the_answer_is_lost_while_the_market_is_silent(tmp_path: Path) -> None:
    lost = Rule("down", ACKNOWLEDGED, "reset_before")

    async def case(desk: Desk) -> None:
        desk.private.rules.append(lost)
        await desk.until(lambda: lost.struck, 40, "an order whose answer is lost")
        desk.public.swallow_all()
        await desk.until(lambda: len(desk.public.accepted) > 1, 6, "a new public line")

    assert_standing(weathered(tmp_path, case))


def test_pair_A6_and_A10_orders_that_live_behind_errors_in_a_storm(tmp_path: Path) -> None:
    async def case(desk: Desk) -> None:
        await desk.faults(
            Fault(
                where="ws:add_order", what="error", text="EService:Unavailable", done=True, every=2
            ),
            Fault(where="rest:OpenOrders", what="html_502", every=2),
            Fault(where="rest:TradesHistory", what="html_520", every=3),
        )
        for _ in range(5):
            await asyncio.sleep(3)
            desk.public.reset_all()
            desk.private.reset_all()
        await desk.faults()

    assert_standing(weathered(tmp_path, case))
