"""The whole live path at a simulated Kraken that misbehaves: the books end as the venue's do.

Real sockets, real signatures, real limits. Each case is a fault of the network or of the venue; in
every one an order has at most one effect, what is unknown stays so until the venue's lists tell,
and replay makes the same of the same inputs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from actors.messages.decision import Side
from actors.messages.execution import Fill
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.plan import Plan
from service.drivers.trading import RunResult
from service.failures import ExitCode, UserError
from service.feeds import UNIVERSE
from service.kraken_account import refuse_elsewhere
from service.settings import KrakenSettings, Settings
from tests.live_books import assert_sound, assert_standing_here
from tests.live_desk import QUIET_SECONDS, SPEED, TROUBLE, Session, plan_of, trade_live
from tests.simulated_kraken import post
from tests.venue_day import MOST_SECONDS, of, until

SECONDS = 40.0
pytestmark = pytest.mark.timeout(600)


def traded(
    home: Path, plan: Plan, besides: Callable[[Session], Coroutine[Any, Any, None]] | None = None
) -> tuple[RunResult, Session, dict[str, Any]]:
    """A session that lasts until things have been bought and sold, however slow the machine is."""

    async def during(session: Session) -> None:
        if besides is not None:
            await besides(session)
        await until(
            lambda: {each.side for each in of(session, Fill)} == set(Side), MOST_SECONDS / 2
        )

    return trade_live(home, MOST_SECONDS, plan=plan, during=during, until_done=True)


def test_a_session_ends_with_the_books_of_the_venue(tmp_path: Path) -> None:
    result, session, account = traded(tmp_path, plan_of())
    assert result.card.fills > 1
    assert_sound(result, session, account)
    assert result.card.feed == "kraken-loopback"
    assert not result.card.market_result


FAULTS = {
    "A1 reset after the order was accepted": (Fault(where="ws:add_order", what="reset_after"),),
    "A1 sister: reset before it was": (Fault(where="ws:add_order", what="reset_before"),),
    "A4 the answer comes after our patience": (
        Fault(where="ws:add_order", what="delay", seconds=6.0),
    ),
    "A6 sister: a service error, and the order lives": (
        Fault(where="ws:add_order", what="error", text="EService:Unavailable", done=True),
    ),
    "A6 sister: a service error, and it does not": (
        Fault(where="ws:add_order", what="error", text="EService:Busy", done=False),
    ),
    "A8 a silent private socket": (
        Fault(where="ws:executions", what="silence", occurrence=2, seconds=12.0),
    ),
    "B5 lost executions": (Fault(where="ws:executions", what="lose", every=3),),
    "B5 sister: late executions": (
        Fault(where="ws:executions", what="late", every=2, seconds=1.0),
    ),
    "B5 sister: each execution twice": (Fault(where="ws:executions", what="duplicate", every=1),),
    "B5 sister: executions out of order": (Fault(where="ws:executions", what="reorder", every=2),),
    "B17 deadline elapsed": (
        Fault(where="ws:add_order", what="error", text="EService:Deadline elapsed", done=False),
    ),
    "B23 wrong checksums": (Fault(where="ws:book", what="wrong_checksum", every=40),),
    "lists behind a proxy's pages": (
        Fault(where="rest:TradesHistory", what="html_520", every=2),
        Fault(where="rest:ClosedOrders", what="html_502", every=2),
    ),
    "lists that are cut short": (Fault(where="rest:*", what="truncate", every=4),),
}


# A session takes half a minute: some in every run, all of them when asked for.
EVERY_TIME = (
    "A1 reset after the order was accepted",
    "A6 sister: a service error, and the order lives",
    "B5 lost executions",
    "lists behind a proxy's pages",
)
CASES = [
    pytest.param(faults, id=name, marks=() if name in EVERY_TIME else (pytest.mark.soak,))
    for name, faults in FAULTS.items()
]


@pytest.mark.parametrize("faults", CASES)
def test_a_fault_leaves_the_books_as_the_venues(tmp_path: Path, faults: tuple[Fault, ...]) -> None:
    result, session, account = traded(tmp_path, plan_of(faults=faults))
    assert result.card.orders > 1
    assert_sound(result, session, account)


async def dropping(session: Session) -> None:
    """Every connection is cut, again and again."""
    for _ in range(3):
        await asyncio.sleep(3)
        await asyncio.to_thread(post, f"{session.venue.rest}/simulator/drop_connections")


def test_connections_that_are_dropped_come_back(tmp_path: Path) -> None:
    result, session, account = traded(tmp_path, plan_of(), dropping)
    assert result.card.orders > 1
    assert_sound(result, session, account)


async def at_the_web_site(session: Session) -> None:
    """Somebody uses the account by hand: an order that rests, one that trades, money both ways."""
    hooks = f"{session.venue.rest}/simulator/accounts/alpha"

    async def by_hand(name: str, **fields: str) -> None:
        told = await asyncio.to_thread(post, f"{hooks}/{name}", fields)
        assert "result" in told, (name, fields, told)

    await asyncio.sleep(3)
    await by_hand("deposit", asset="USD", amount="500.0000")
    far = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1000.0"}
    await by_hand("order", **far, volume="0.01")
    await asyncio.sleep(2)
    await by_hand("order", pair="SOLUSD", type="buy", ordertype="market", volume="1.5")
    await by_hand("reward", asset="SOL", amount="0.25")
    await asyncio.sleep(2)
    await by_hand("withdraw", asset="USD", amount="20.0000", fee="1.5000")
    await by_hand("allocate", asset="USD", amount="100.0000")


def test_what_people_do_at_the_web_site_is_booked_and_left_alone(tmp_path: Path) -> None:
    """B19 and its sisters: seen, never adopted, never cancelled; the balances are right."""
    result, session, account = trade_live(tmp_path, SECONDS, during=at_the_web_site)
    assert_standing_here(result, session, account)
    (resting,) = account["open"]
    assert not resting.cl_ord_id, "a foreign order stays"
    assert not [each for each in account["closed"] if each.reason and not each.cl_ord_id]
    assert session.segment is not None
    kernel = session.segment.pump.kernel
    assert not kernel.actor("reconciliation").state.differs
    assert kernel.actor("reconciliation").state.told.foreign == 1
    # By hand and by us: every fill is in the books, ours alone are on the card.
    assert result.card.fills < len(account["fills"])


@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_two_hours_of_thirty_symbols_in_trouble_end_with_the_books_of_the_venue(
    tmp_path: Path,
) -> None:
    """Two hours of the venue's time, twenty seconds of it in one of ours."""
    hours = 2
    plan = plan_of(symbols=UNIVERSE, faults=TROUBLE)
    result, session, account = trade_live(tmp_path, hours * 3600 / SPEED + QUIET_SECONDS, plan=plan)
    assert result.card.orders > 100
    assert_sound(result, session, account)


HERE: dict[str, Any] = {
    "rest_url": "http://127.0.0.1:1",
    "public_socket_url": "ws://127.0.0.1:1/v2",
    "private_socket_url": "ws://127.0.0.1:1/v2-auth",
}
ELSEWHERE: dict[str, Any] = {
    "rest_url": "https://api.kraken.com.example.org",
    "public_socket_url": "wss://ws.example.org/v2",
    "private_socket_url": "wss://ws-auth.example.org/v2",
}


def test_an_account_is_krakens_own_or_on_this_machine() -> None:
    refuse_elsewhere(Settings(kraken=KrakenSettings()))
    refuse_elsewhere(Settings(kraken=KrakenSettings(**HERE)))


@pytest.mark.parametrize("name", HERE)
def test_no_setting_opens_a_venue_elsewhere_or_half_of_one(name: str) -> None:
    default = getattr(KrakenSettings(), name)
    for given in (
        {**HERE, name: default},
        {name: HERE[name]},
        {name: ELSEWHERE[name]},
        {**HERE, name: ELSEWHERE[name]},
    ):
        with pytest.raises(UserError, match="Kraken's own three addresses") as refused:
            refuse_elsewhere(Settings(kraken=KrakenSettings(**given)))
        assert refused.value.code is ExitCode.USAGE
