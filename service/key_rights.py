"""What an API key may do, and whether that is exactly enough to trade and nothing more.

A key that can move money out, that says something unknown about itself, or that does not say, is
refused: each in one sentence with its remedy. What is merely unwise is told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from actors.instant import SECOND_NS
from adapters.kraken.records import KeyInfo
from service.failures import ExitCode, UserError

NEEDED: Final = {
    "query-funds": "Query funds",
    "query-open-trades": "Query open orders & trades",
    "query-closed-trades": "Query closed orders & trades",
    "modify-trades": "Create & modify orders",
    "query-ledger": "Query ledger entries",
    "create-ws-token": "Access WebSockets API",
}
"""Permission words of GetApiKeyInfo, and what the venue's page calls them."""
HARMLESS: Final = {"close-trades": "Cancel & close orders"}
MOVES_MONEY: Final = {"withdraw-funds": "withdraw funds", "add-funds": "move funds in"}
EXPIRES_SOON_S: Final = 30 * 86_400
_SHOWN_MAX: Final = 60


class KeyRights(msgspec.Struct, frozen=True):
    """What the venue said of a key, for people and for --json. Nothing of it is secret.

    `valid_until` is an ISO day, "never", or the venue's own text. `warnings` are sentences.
    """

    key_name: str
    permissions: tuple[str, ...]
    ip_allowlist: tuple[str, ...]
    valid_until: str
    warnings: tuple[str, ...]


def rights_of(info: KeyInfo, now_s: int) -> KeyRights:
    """The key's rights, when they are acceptable. Raises UserError(KEY_REFUSED)."""
    words = tuple(printable(word) for word in info.permissions)
    _refuse_words(words)
    valid_until, left_s = _validity(info.valid_until, now_s)
    if left_s is not None and left_s <= 0:
        raise refused(f"The API key has expired ({valid_until}).", "Make a new one at Kraken.")
    addresses = tuple(printable(each) for each in info.addresses)
    return KeyRights(
        key_name=printable(info.name),
        permissions=words,
        ip_allowlist=addresses,
        valid_until=valid_until,
        warnings=tuple(_warnings(info, addresses, valid_until, left_s)),
    )


def refused(sentence: str, remedy: str) -> UserError:
    """The failure of a key that is not used."""
    return UserError(ExitCode.KEY_REFUSED, sentence, remedy)


def printable(text: str) -> str:
    """A text of the venue's as one short line."""
    line = "".join(each if each.isprintable() else "?" for each in text)
    return line if len(line) <= _SHOWN_MAX else f"{line[:_SHOWN_MAX]}…"


def _refuse_words(words: tuple[str, ...]) -> None:
    moving = [MOVES_MONEY[word] for word in words if word in MOVES_MONEY]
    if moving:
        raise refused(
            f"The API key is refused: it can {' and '.join(moving)}, which Ballast never needs.",
            "Make a key at Kraken without any funds permission but 'Query', and delete this one.",
        )
    known = {**NEEDED, **HARMLESS}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise refused(
            f"The API key is refused: it has a permission that Ballast does not know "
            f"({', '.join(unknown)}).",
            f"Make a key that may only: {', '.join(NEEDED.values())}.",
        )
    missing = [title for word, title in NEEDED.items() if word not in words]
    if missing:
        raise refused(
            f"The API key may not do all that is needed; missing: {', '.join(missing)}.",
            "Add these permissions at Kraken (Settings, API), then connect again.",
        )


def _validity(until_ns: int | None, now_s: int) -> tuple[str, int | None]:
    """A text for it, and the seconds that are left (None: without end)."""
    if not until_ns:
        return "never", None
    ends_s = until_ns // SECOND_NS
    try:
        day = datetime.fromtimestamp(ends_s, UTC)
    except (OverflowError, ValueError, OSError):
        return "never", None  # further away than any calendar
    return day.strftime("%Y-%m-%d %H:%M UTC"), ends_s - now_s


def _warnings(
    info: KeyInfo, addresses: tuple[str, ...], valid_until: str, left_s: int | None
) -> list[str]:
    found = []
    if not addresses:
        found.append("The key works from every address; restrict it to this machine's at Kraken.")
    if left_s is not None and left_s < EXPIRES_SOON_S:
        found.append(f"The key expires soon ({valid_until}); after that nothing can be cancelled.")
    if info.query_from not in {None, "", 0, "0"} or info.query_to not in {None, "", 0, "0"}:
        found.append("The key sees only a part of the history; what lies outside is not compared.")
    return found
