"""A clock that goes as a simulated venue's does: set by one exchange of words, then by our own.

The real venue needs none: its time is the world's. A simulator may go faster.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import aiohttp
import msgspec

from adapters.kraken.clock import EdgeClock
from adapters.kraken.tokens import TokenError, instant_of
from service.failures import ExitCode, UserError

_ANSWERS = 20


class _Pong(msgspec.Struct, frozen=True):
    method: str = ""
    time_out: str = ""


def scaled(anchor_ns: int, speed: float, steady: Callable[[], int]) -> EdgeClock:
    """`anchor_ns` now, and `speed` times as fast as `steady` from here on."""
    began = steady()

    def now() -> int:
        return anchor_ns + int((steady() - began) * speed)

    return EdgeClock(now, now)


async def venue_clock(
    address: str, speed: float, steady: Callable[[], int] = time.monotonic_ns
) -> EdgeClock:
    """The clock of the venue at this socket, which goes `speed` times as fast as ours.

    Raises UserError(ENVIRONMENT) when it does not say what time it is.
    """
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
            asked = steady()
            await socket.send_str('{"method":"ping"}')
            for _ in range(_ANSWERS):
                told = msgspec.json.decode((await socket.receive_str()).encode(), type=_Pong)
                if told.method == "pong":
                    took = steady() - asked
                    return scaled(instant_of(told.time_out) + int(took * speed / 2), speed, steady)
    except (
        aiohttp.ClientError,
        OSError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        TokenError,
    ) as error:
        raise _silent(address) from error
    raise _silent(address)


def _silent(address: str) -> UserError:
    return UserError(
        ExitCode.ENVIRONMENT,
        f"The simulator at {address} does not say what time it is.",
        "Start it anew, and give its own line to --connect.",
    )
