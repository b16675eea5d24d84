"""Doors that do not open: names that nobody knows, ports that refuse, resets inside a handshake.

Nothing of a request can have left before its connection stood, so an order there is not in doubt;
a socket tries again with pauses, and tells each loss. TLS is real, over the proxy of the tests.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from actors.ports import Transient, UnknownOutcome
from adapters.kraken.handshakes import Handshakes, Pauses
from adapters.kraken.limits import PRO, CallLimits
from adapters.kraken.nonce import Nonces
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.socket import Patience, Send, stay_connected
from adapters.kraken.transport import Patience as RestPatience
from adapters.kraken_simulator.serving.launch import Running
from tests.network_proxy import HERE, Act, Direction, Proxy, Rule, serving
from tests.simulated_kraken import key_of, simulated_kraken, small_plan

QUICK = Patience(connect=2.0, silence=5.0, ping=1.0, close=0.5)
PAUSES = Pauses(first=0.02, longest=0.1)
HASTY = RestPatience(answer=5.0, first_pause=0.01, longest_pause=0.05)
HELLO = b"\x16\x03"
"""How a record of a TLS handshake begins."""
INSIDE: dict[str, tuple[Direction, Act]] = {
    "at the client's hello": ("up", "reset_before"),
    "in the client's hello": ("up", "reset_inside"),
    "at the server's hello": ("down", "reset_before"),
    "in the server's hello": ("down", "reset_inside"),
    "in the server's hello, by a goodbye": ("down", "half_close_inside"),
}


class Heard:
    """A listener that notes what it hears."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.pauses: list[float] = []
        self.frames = 0

    async def connected(self, send: Send) -> None:
        """Nothing is asked for."""

    async def received(self, frame: bytes) -> None:
        """A frame is enough."""
        self.frames += 1

    def lost(self, reason: str) -> None:
        """Why."""
        self.reasons.append(reason)

    def waiting(self, seconds: float) -> None:
        """How long."""
        self.pauses.append(seconds)


async def listened(heard: Heard, url: str, *, losses: int = 0, frames: int = 0) -> None:
    """Listen until so many losses and frames were heard."""
    listening = asyncio.ensure_future(stay_connected(url, heard, Handshakes(PAUSES), QUICK))
    try:
        async with asyncio.timeout(25):
            while len(heard.reasons) < losses or heard.frames < frames:
                assert not listening.done()
                await asyncio.sleep(0.01)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        # A TLS connection takes a moment to say goodbye, and the client does not wait for it.
        await asyncio.sleep(0.3)


@pytest.fixture(scope="module")
def venue() -> Iterator[Running]:
    """A simulated Kraken behind TLS, whose certificate is trusted here."""
    with simulated_kraken(small_plan(tls=True)) as running:
        trusted = aiohttp.connector._SSL_CONTEXT_VERIFIED
        trusted.load_verify_locations(running.certificate)
        yield running


@pytest.mark.parametrize("where", INSIDE, ids=str)
def test_a_socket_survives_resets_inside_the_tls_handshake(venue: Running, where: str) -> None:
    direction, act = INSIDE[where]
    proxy, heard = Proxy(venue.port), Heard()
    rule = Rule(direction, HELLO, act, times=3)
    proxy.rules.append(rule)
    with serving(proxy):
        address = f"wss://{HERE}:{proxy.port}/v2"
        asyncio.run(listened(heard, address, losses=3, frames=1))
    assert len(rule.struck) == 3
    assert len(heard.reasons) == 3
    assert all(heard.reasons)
    # The first loss is followed at once, the others after pauses.
    assert heard.pauses[0] == 0.0
    assert all(pause > 0.0 for pause in heard.pauses[1:])


@pytest.mark.parametrize("where", INSIDE, ids=str)
def test_an_act_that_is_reset_inside_the_tls_handshake_never_left(
    venue: Running, where: str, tmp_path: Path
) -> None:
    direction, act = INSIDE[where]
    proxy = Proxy(venue.port)
    key = key_of(venue, "alpha", "trade")

    async def story(rest: KrakenRest) -> None:
        proxy.rules.append(Rule(direction, HELLO, act, times=1))
        with pytest.raises(Transient) as told:
            await rest.cancel_order(cl_ord_id="a1")
        assert not isinstance(told.value, UnknownOutcome)
        proxy.rules.append(Rule(direction, HELLO, act, times=2))
        assert await rest.balances(), "a read is asked again until the door opens"

    async def whole() -> None:
        with Nonces(tmp_path, clock=venue.simulator.live.now_ns) as nonces:
            async with KrakenRest(
                f"https://{HERE}:{proxy.port}",
                Credentials(key.key, key.secret),
                nonces,
                clock=venue.simulator.live.now_ns,
                call_limits=CallLimits(PRO),
                patience=HASTY,
            ) as rest:
                await story(rest)

    with serving(proxy):
        asyncio.run(whole())


def test_an_untrusted_certificate_is_refused_and_tried_again_with_pauses() -> None:
    with simulated_kraken(small_plan(tls=True, seed=8)) as stranger:
        heard = Heard()
        asyncio.run(listened(heard, f"wss://{HERE}:{stranger.port}/v2", losses=3))
    assert all("Certificate" in reason for reason in heard.reasons)
    assert heard.frames == 0


def test_a_port_that_refuses_is_tried_again_with_pauses() -> None:
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        heard = Heard()
        asyncio.run(listened(heard, f"ws://{HERE}:{taken.getsockname()[1]}/v2", losses=4))
    assert all("Connect" in reason for reason in heard.reasons)
    assert heard.pauses[0] == 0.0
    assert len({round(pause, 4) for pause in heard.pauses[1:]}) > 1, "the pauses are no rhythm"


def test_a_name_that_nobody_knows_is_asked_for_again_with_pauses() -> None:
    heard = Heard()
    asyncio.run(listened(heard, "ws://nowhere.invalid/v2", losses=2))
    assert all(heard.reasons)
