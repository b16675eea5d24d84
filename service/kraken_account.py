"""The account at Kraken as a run meets it: names, limits, the private line, and the door.

The door leads to one venue: Kraken's own three addresses, or a simulator's on this machine. A mix
of both, and any other place, is refused here, below any setting or option: a key, and the token
that it buys, are shown to nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from actors.messages.base import Message
from actors.ports import EdgeError
from adapters.kraken.account_lists import RestLists
from adapters.kraken.clock import EdgeClock
from adapters.kraken.fees import AccountFees
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.handshakes import Handshakes
from adapters.kraken.limits import TIERS, CallLimits, OrderLimits
from adapters.kraken.names import Names
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.socket import Patience, stay_connected
from service.account_fees import FeeWatch
from service.failures import ExitCode, UserError
from service.ingress import Ingress
from service.key_places import nonces_of
from service.live_market import LiveMarket
from service.outside_venue import OutsideVenue
from service.settings import KrakenSettings, Settings
from service.settings_bounds import LOOPBACK

READY_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05


ADDRESSES: Final = ("rest_url", "public_socket_url", "private_socket_url")


def refuse_elsewhere(settings: Settings) -> None:
    """Raises UserError(USAGE) unless every address is Kraken's own, or every one this machine's."""
    kraken, own = settings.kraken, KrakenSettings()
    beyond = [n for n in ADDRESSES if urlsplit(getattr(kraken, n)).hostname not in LOOPBACK]
    strange = [n for n in beyond if getattr(kraken, n) != getattr(own, n)]
    if strange or 0 < len(beyond) < len(ADDRESSES):
        name = strange[0] if strange else beyond[0]
        raise UserError(
            ExitCode.USAGE,
            f"kraken.{name} is {getattr(kraken, name)}: an account is traded at Kraken's own three"
            " addresses, or with all three on this machine, and nowhere else.",
            "Remove the addresses from the settings, or name a simulator by all three of them.",
        )


@asynccontextmanager
async def kraken_account(
    settings: Settings,
    credentials: Credentials,
    clock: EdgeClock,
    market: LiveMarket,
) -> AsyncIterator[OutsideVenue]:
    """The open door, with its private channels; the market hears when a fact has come, and when
    an order broke a rule of its pair.

    Raises UserError when the venue does not answer or refuses the key.
    """
    refuse_elsewhere(settings)
    async with AsyncExitStack() as stack:
        try:
            outside = await _opened(stack, settings, credentials, clock, market)
        except EdgeError as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The venue does not open the account at {settings.kraken.rest_url} ({error}).",
                "Check the key and its permissions; nothing was sent.",
            ) from error
        yield outside


async def _opened(
    stack: AsyncExitStack,
    settings: Settings,
    credentials: Credentials,
    clock: EdgeClock,
    market: LiveMarket,
) -> OutsideVenue:
    """Open everything that the account needs; the stack closes it."""
    kraken = settings.kraken
    tier = TIERS[kraken.tier]
    ingress = Ingress()

    async def tell(fact: Message) -> None:
        await ingress.put(fact)
        market.nudge()

    nonces = stack.enter_context(nonces_of(settings, credentials, clock.now))
    rest = await stack.enter_async_context(
        KrakenRest(
            kraken.rest_url, credentials, nonces, clock=clock.now, call_limits=CallLimits(tier)
        )
    )
    names = Names(await rest.assets(), await rest.asset_pairs())
    lists = RestLists(rest, names)
    limits = OrderLimits(tier)
    venue = KrakenVenue(lists, tell, clock=clock.now, limits=limits, on_misfit=market.doubt_rules)
    patience = Patience(silence=float(kraken.silence_seconds))
    listening = asyncio.create_task(
        stay_connected(kraken.private_socket_url, venue.line, Handshakes(), patience)
    )
    listening.add_done_callback(lambda ended: note_fault(venue, ended))
    stack.push_async_callback(_hung_up, listening, venue)
    await _ready(venue, listening)
    fees = FeeWatch(
        AccountFees(rest, names).read, tell, clock.now, lambda ended: note_fault(venue, ended)
    )
    stack.push_async_callback(fees.close)
    market.account_fees = fees.begin
    return OutsideVenue(venue, ingress, funds=True, fees=fees)


async def _hung_up(listening: asyncio.Task[None], venue: KrakenVenue) -> None:
    listening.cancel()
    await asyncio.wait({listening})
    await venue.line.hang_up()


def note_fault(venue: KrakenVenue, ended: asyncio.Task[None]) -> None:
    """The listener ends by cancellation alone; anything else must not go unheard."""
    if not ended.cancelled() and (fault := ended.exception()) is not None:
        venue.fail(f"{type(fault).__name__}: {fault}")


async def _ready(venue: KrakenVenue, listening: asyncio.Task[None]) -> None:
    """Wait until the private channels are open."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            for _ in iter(lambda: venue.is_ready or listening.done(), True):
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        pass  # told below
    if not venue.is_ready:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The private channels were not open after {READY_SECONDS:g} s ({venue.trouble}).",
            "Check the key's permissions (create-ws-token) and kraken.private_socket_url.",
        )
