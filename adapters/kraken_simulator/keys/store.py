"""API keys, all derived from the seed: the same seed has the same keys on every machine.

Every account has a key that trades, one that could also withdraw, one that only reads and one that
asks for a second factor. None of them is worth anything at a real venue.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import msgspec

from adapters.kraken_simulator.views import Tier

READING: Final = (
    "query-funds",
    "query-open-trades",
    "query-closed-trades",
    "query-ledger",
    "create-ws-token",
)
TRADING: Final = (*READING, "modify-trades", "close-trades")
ALL: Final = (*TRADING, "add-funds", "withdraw-funds")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key: `secret` is base64, `otp_secret` base32 (None: no second factor).

    `nonce_window` lets nonces come late by so much (0: strictly rising).
    """

    account: str
    name: str
    key: str
    secret: str
    permissions: tuple[str, ...]
    tier: Tier = "pro"
    otp_secret: str | None = None
    nonce_window: int = 0

    def may(self, any_of: tuple[str, ...]) -> bool:
        """Whether the key has one of these permissions; nothing asked is always allowed."""
        return not any_of or any(word in self.permissions for word in any_of)


def derived(seed: int, *words: str) -> bytes:
    """64 bytes that follow from the seed and the words alone."""
    return hashlib.sha512("\n".join(("kraken simulator", str(seed), *words)).encode()).digest()


def keys_of(seed: int, account: str, tier: Tier = "pro") -> tuple[ApiKey, ...]:
    """The four keys of an account: trade, withdraw, read, otp."""
    wanted = (
        ("trade", TRADING, False),
        ("withdraw", ALL, False),
        ("read", READING, False),
        ("otp", TRADING, True),
    )
    return tuple(
        ApiKey(
            account=account,
            name=name,
            key=base64.b64encode(derived(seed, account, name, "key")[:42]).decode("ascii"),
            secret=base64.b64encode(derived(seed, account, name, "secret")).decode("ascii"),
            permissions=permissions,
            tier=tier,
            otp_secret=(
                base64.b32encode(derived(seed, account, name, "otp")[:20]).decode("ascii")
                if has_otp
                else None
            ),
        )
        for name, permissions, has_otp in wanted
    )
