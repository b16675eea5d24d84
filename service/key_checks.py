"""Asking the venue about a key, and what its refusals mean for a person.

One call, GetApiKeyInfo, which needs no permission; nothing else is tried to find out what a key may
do. A failed call refuses the key; only a venue that was not reached leaves it undecided.
"""

from __future__ import annotations

import re
import time
from typing import Final
from urllib.parse import urlsplit

from actors.ports import EdgeError, ProtocolViolation, Transient
from adapters.kraken.limits import CallLimits
from adapters.kraken.records import KeyInfo
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.transport import Patience
from service.failures import ExitCode, UserError
from service.key_places import nonces_of
from service.key_rights import KeyRights, printable, refused, rights_of
from service.settings import Settings
from service.settings_bounds import LOOPBACK

KRAKEN: Final = "https://api.kraken.com"
_IS_THE_VENUES: Final = re.compile(r"E[A-Za-z]+:").match
# A person waits.
_PATIENCE: Final = Patience(answer=10.0, reads=15.0, attempts=3)
_MEANINGS: Final = {
    "EAPI:Invalid key": (
        "Kraken does not know this API key.",
        "Copy it again, or make a new one; a deleted key never comes back.",
    ),
    "EAPI:Invalid signature": (
        "The secret does not belong to this API key.",
        "Copy the private key again (Kraken shows it once), of a key without a second factor.",
    ),
    "EAPI:Invalid nonce": (
        "Another program uses this API key.",
        "Make a key for Ballast alone; one key, one installation.",
    ),
    "EGeneral:Temporary lockout": (
        "Kraken has locked this account out for a while.",
        "Stop everything that uses its keys and try again in 20 minutes.",
    ),
    "EGeneral:Permission denied": (
        "Kraken denies what this API key asks, perhaps because of its list of addresses.",
        "Add this machine's address to the key's list at Kraken.",
    ),
}


def venue_origin(url: str) -> str:
    """The venue's origin: Kraken's own over TLS, or a simulator on loopback.

    Raises UserError(USAGE) for every other place: a key is shown to nobody else.
    """
    if (trouble := _trouble_with(url)) is not None:
        raise UserError(
            ExitCode.USAGE, trouble, "Leave --venue-url out, or name a simulator on 127.0.0.1."
        )
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _trouble_with(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "The venue's address is no URL."
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if not plain or parts.path not in {"", "/"}:
        return "The venue's address is more than a scheme, a host and a port."
    is_kraken = parts.scheme == "https" and host == "api.kraken.com" and port in {None, 443}
    if is_kraken or (parts.scheme in {"http", "https"} and host in LOOPBACK):
        return None
    return f"The venue's address is neither {KRAKEN} nor on loopback."


async def ask_rights(settings: Settings, credentials: Credentials, venue: str) -> KeyRights:
    """What the venue says of the key. Raises UserError: KEY_REFUSED, or ENVIRONMENT when the
    venue was not reached.
    """
    return rights_of(await ask_info(settings, credentials, venue), int(time.time()))


async def ask_info(settings: Settings, credentials: Credentials, venue: str) -> KeyInfo:
    """What the venue answers, whatever the key may do. Raises UserError as `ask_rights`."""
    try:
        with nonces_of(settings, credentials) as nonces:
            rest = KrakenRest(
                venue,
                credentials,
                nonces,
                clock=time.time_ns,
                call_limits=CallLimits(),
                patience=_PATIENCE,
            )
            async with rest:
                return await rest.key_info()
    except EdgeError as error:
        raise _failure(error, venue) from None


def _failure(error: EdgeError, venue: str) -> UserError:
    text = str(error)
    for beginning, meaning in _MEANINGS.items():
        if text.startswith(beginning):
            return refused(*meaning)
    if _IS_THE_VENUES(text) and not isinstance(error, Transient):
        return refused(
            f"Kraken does not tell what this API key may do ({printable(text)}).",
            "A key that cannot be examined is not used; make a new one.",
        )
    if isinstance(error, ProtocolViolation):
        return refused(
            "Kraken's answer does not say what this API key may do.",
            "A key that cannot be examined is not used; try again later.",
        )
    if isinstance(error, Transient):
        return UserError(
            ExitCode.ENVIRONMENT,
            f"{venue} did not answer what this API key may do ({printable(str(error))}).",
            "Nothing was stored. Check the connection and try again.",
        )
    return UserError(
        ExitCode.ENVIRONMENT,
        f"{venue} cannot be asked ({str(error).rstrip('.')}).",
        "Nothing was stored. Correct it and try again.",
    )
