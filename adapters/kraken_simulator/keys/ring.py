"""Checks a private request in Kraken's order: lockout, key, signature, nonce, factor, permission.

A failure changes nothing but the lockout's count. Nonces rise forever, per key; a key with a nonce
window takes late ones too, each once.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from typing import Final

import msgspec

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.keys.limits import CallCounter, Lockout
from adapters.kraken_simulator.keys.signature import one_time_password, signature
from adapters.kraken_simulator.keys.store import ApiKey, derived

INVALID_KEY: Final = "EAPI:Invalid key"
INVALID_SIGNATURE: Final = "EAPI:Invalid signature"
INVALID_NONCE: Final = "EAPI:Invalid nonce"
LOCKED: Final = "EGeneral:Temporary lockout"
DENIED: Final = "EGeneral:Permission denied"
TOO_MANY: Final = "EAPI:Rate limit exceeded"
WRONG_OTP: Final = "EAPI:Invalid key"
TOKEN_NS: Final = 900_000_000_000
_NONCE_BOUND: Final = 2**64


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A private request as it came: header texts, the body's bytes, and what it says inside."""

    path: str
    key: str
    sign: str
    body: bytes
    nonce: str
    otp: str | None


class KeptKey(msgspec.Struct, frozen=True):
    """What of a key outlives the process: its last nonce, and whether it was taken back."""

    key: str
    nonce: int
    is_revoked: bool = False


class _Standing:
    """What is remembered of one key."""

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.calls = CallCounter(key.tier)
        self.nonce = 0
        self.taken: set[int] = set()
        self.last_used_ns = 0


class KeyRing:
    """The keys of one exchange and what became of them."""

    def __init__(self, seed: int, keys: tuple[ApiKey, ...], started_ns: int) -> None:
        self._seed = seed
        self.started_ns = started_ns
        self._standings = {each.key: _Standing(each) for each in keys}
        self._lockouts: dict[str, Lockout] = {}
        self._tokens: dict[str, tuple[ApiKey, int]] = {}
        self._revoked: set[str] = set()

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """Every key, in the order of accounts."""
        return tuple(each.key for each in self._standings.values())

    def kept(self) -> tuple[KeptKey, ...]:
        """What has to outlive the process, key by key."""
        return tuple(
            KeptKey(name, each.nonce, name in self._revoked)
            for name, each in self._standings.items()
        )

    def go_on(self, keys: Iterable[KeptKey]) -> None:
        """Take back what was kept. Raises KeyError for a key of another ring."""
        for each in keys:
            standing = self._standings[each.key]
            standing.nonce, standing.taken = each.nonce, {each.nonce}
            if each.is_revoked:
                self._revoked.add(each.key)

    def revoke(self, key: str) -> bool:
        """Take a key back; False when there is none. Its tokens die with it."""
        self._revoked.add(key)
        self._tokens = {text: held for text, held in self._tokens.items() if held[0].key != key}
        return key in self._standings

    def authenticated(self, request: Signed, now_ns: int) -> ApiKey:
        """The key of a request. Raises Refusal."""
        lockout = self._lockouts.setdefault(request.key, Lockout())
        if lockout.is_locked(now_ns):
            raise Refusal(LOCKED)
        try:
            key = self._checked(request, now_ns)
        except Refusal:
            lockout.fail(now_ns)
            raise
        self._standings[key.key].last_used_ns = now_ns
        return key

    def allow(self, key: ApiKey, any_of: tuple[str, ...], cost: int, now_ns: int) -> None:
        """Raise the refusal of a call that the key may not make, or not so often."""
        if not key.may(any_of):
            raise Refusal(DENIED)
        if not self._standings[key.key].calls.charge(cost, now_ns):
            raise Refusal(TOO_MANY)

    def info(self, key: ApiKey) -> dict[str, object]:
        """What GetApiKeyInfo tells of a key."""
        standing = self._standings[key.key]
        created = str(self.started_ns // 1_000_000_000)
        return {
            "api_key_name": key.name,
            "api_key": key.key,
            "nonce": str(standing.nonce),
            "nonce_window": str(key.nonce_window),
            "permissions": list(key.permissions),
            "iban": "AA" + derived(self._seed, key.account, "iban").hex()[:14].upper(),
            "valid_until": "0",
            "query_from": "0",
            "query_to": "0",
            "created_time": created,
            "modified_time": created,
            "ip_allowlist": [],
            "last_used": str(standing.last_used_ns // 1_000_000_000),
        }

    def token(self, key: ApiKey, now_ns: int) -> str:
        """A new socket token for a key."""
        digest = derived(self._seed, "token", str(len(self._tokens)), key.key)[:32]
        token = base64.b64encode(digest).decode("ascii").rstrip("=")
        self._tokens[token] = (key, now_ns + TOKEN_NS)
        return token

    def key_of_token(self, token: str, now_ns: int, *, is_in_use: bool) -> ApiKey | None:
        """The key behind a token: within its 15 minutes, or longer where it is in use."""
        found = self._tokens.get(token)
        if found is None or (now_ns >= found[1] and not is_in_use):
            return None
        return found[0]

    def _checked(self, request: Signed, now_ns: int) -> ApiKey:
        standing = self._standings.get(request.key)
        if standing is None or request.key in self._revoked:
            raise Refusal(INVALID_KEY)
        key = standing.key
        wanted = signature(request.path, request.nonce, request.body, key.secret)
        if not hmac.compare_digest(wanted.encode(), request.sign.encode()):
            raise Refusal(INVALID_SIGNATURE)
        self._take_nonce(standing, request.nonce)
        if key.otp_secret is not None and not _is_current(key.otp_secret, request.otp, now_ns):
            raise Refusal(WRONG_OTP)
        return key

    def _take_nonce(self, standing: _Standing, text: str) -> None:
        if not (text.isascii() and text.isdigit()) or int(text) >= _NONCE_BOUND:
            raise Refusal(INVALID_NONCE)
        nonce, window = int(text), standing.key.nonce_window
        if nonce <= standing.nonce - window or nonce in standing.taken:
            raise Refusal(INVALID_NONCE)
        standing.nonce = max(standing.nonce, nonce)
        standing.taken = {
            each for each in (*standing.taken, nonce) if each > standing.nonce - window
        } or {standing.nonce}


def _is_current(secret: str, given: str | None, now_ns: int) -> bool:
    """Whether a one-time password is that of now or of the half minute before or after."""
    steps = (0, -30_000_000_000, 30_000_000_000)
    return any(given == one_time_password(secret, now_ns + step) for step in steps)
