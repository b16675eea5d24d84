"""One call at Kraken's REST API: sent, answered, and told as a result or one of our errors.

A read is asked again for a while. What may move money (`Act`) is sent once: whatever is not a
whole answer of the venue leaves its outcome unknown, unless no connection stood. Only an invalid
nonce is documented as harmless, so that it is sent once more. No redirect is followed, no body is
read beyond its bound, no error holds a header.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable
from types import SimpleNamespace, TracebackType
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

import aiohttp
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.stop import stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from actors.instant import MINUTE_NS, SECOND_NS
from actors.ports import EdgeError, Permanent, ProtocolViolation, Transient, UnknownOutcome
from adapters.kraken.bodies import Form
from adapters.kraken.errors import (
    Action,
    action_of,
    has_no_row,
    row_of,
    severest,
    throttled_until,
)
from adapters.kraken.limits import CallCost, CallLimits
from adapters.kraken.nonce import Nonces
from adapters.kraken.signing import Credentials
from adapters.kraken.wire import CutShortError, Envelope, MisshapenError, decoded

USER_AGENT: Final = "ballast"
LOCKOUT_NS: Final = 15 * MINUTE_NS
_TEXT_MOST: Final = 500
_NONCE: Final = "EAPI:Invalid nonce"
_CALLS: Final = "EAPI:Rate limit exceeded"
_BAD_KEY: Final = ("EAPI:Invalid key", "EAPI:Invalid signature")
_LOCKOUT: Final = "EGeneral:Temporary lockout"
_BUSY_SECONDS: Final = 5.0


class Patience(msgspec.Struct, frozen=True):
    """How long and how often, in seconds; `turn` is how long a private call keeps others back."""

    answer: float = 10.0
    turn: float = 2.0
    reads: float = 45.0
    attempts: int = 6
    first_pause: float = 0.5
    longest_pause: float = 8.0
    public_pause: float = 1.0
    bytes_most: int = 8 * 2**20


class Call(msgspec.Struct, frozen=True):
    """A call: `acts` may move money, `is_public` needs no key."""

    name: str
    form: Form = ()
    cost: CallCost = CallCost.PLAIN
    acts: bool = False
    is_public: bool = False


class BusyError(Transient):
    """Not executed, and not to be asked again before so many seconds."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class _Progress:
    """Whether a connection stood for a call: before that, nothing of it can have arrived."""

    __slots__ = ("is_connected",)

    def __init__(self) -> None:
        self.is_connected = False


class Transport:
    """The session with one base address. Use as an async context."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        nonces: Nonces | None,
        *,
        clock: Callable[[], int],
        call_limits: CallLimits,
        patience: Patience = Patience(),  # noqa: B008  (frozen)
    ) -> None:
        self._url = safe_address(base_url)
        self._credentials = credentials
        self._nonces = nonces
        self._clock = clock
        self._limits = call_limits
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None
        self._public_turn = asyncio.Lock()
        self._reading_turn = asyncio.Lock()
        self._public_free_at = 0.0
        self._barred = ""
        self._barred_until: int | None = None

    async def __aenter__(self) -> Self:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_note_connection)
        trace.on_connection_reuseconn.append(_note_connection)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._patience.answer),
            headers={"User-Agent": USER_AGENT},
            trace_configs=[trace],
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def result(self, call: Call) -> msgspec.Raw:
        """The result's bytes. Raises EdgeError; reads only after asking again for a while."""
        if call.acts:
            return await self._asked(call)
        patience = self._patience
        attempts = AsyncRetrying(
            wait=self._pause,
            stop=stop_after_attempt(patience.attempts) | stop_before_delay(patience.reads),
            retry=retry_if_exception_type(Transient),
            reraise=True,
        )
        return await attempts(self._asked, call)

    def _pause(self, state: RetryCallState) -> float:
        patience = self._patience
        drawn = wait_random_exponential(multiplier=patience.first_pause, max=patience.longest_pause)
        error = state.outcome.exception() if state.outcome is not None else None
        least = error.seconds if isinstance(error, BusyError) else 0.0
        return least + drawn(state)

    async def _asked(self, call: Call) -> msgspec.Raw:
        """Ask once; where the nonce was too small, once more with a larger one."""
        try:
            return await self._exchanged(call)
        except BusyError as error:
            if not str(error).startswith(_NONCE):
                raise
        try:
            return await self._exchanged(call)
        except BusyError as error:
            if not str(error).startswith(_NONCE):
                raise
            raise Permanent(f"{error}; twice: another process signs with this key") from None

    async def _exchanged(self, call: Call) -> msgspec.Raw:
        if call.is_public:
            status, body = await self._public(call)
        else:
            self._refuse_barred()
            await self._wait_for_room(call)
            status, body = await self._private(call)
        return self._told(call, status, body)

    async def _public(self, call: Call) -> tuple[int, bytes]:
        async with self._public_turn:
            await asyncio.sleep(max(0.0, self._public_free_at - time.monotonic()))
            try:
                query = f"?{urlencode(call.form)}" if call.form else ""
                return await self._sent(call, "GET", f"/0/public/{call.name}{query}", {}, None)
            finally:
                self._public_free_at = time.monotonic() + self._patience.public_pause

    async def _private(self, call: Call) -> tuple[int, bytes]:
        """Sign and send while no other nonce is under way; a slow answer gives up the turn."""
        if call.acts:
            sending = await self._signed(call)
        else:
            # One read at a time asks for a nonce, so that a cancel is never behind two.
            async with self._reading_turn:
                sending = await self._signed(call)
        return await sending

    async def _signed(self, call: Call) -> asyncio.Future[tuple[int, bytes]]:
        """The call under way, with its answer or the time for it gone by."""
        assert self._credentials is not None, "private calls need credentials"
        assert self._nonces is not None, "private calls need the key's nonces"
        path = f"/0/private/{call.name}"
        async with self._nonces.turn() as nonce:
            body = urlencode((("nonce", str(nonce)), *call.form)).encode("ascii")
            headers = {
                "API-Key": self._credentials.key,
                "API-Sign": self._credentials.sign(path, nonce, body),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            sending = asyncio.ensure_future(self._sent(call, "POST", path, headers, body))
            try:
                await asyncio.wait({sending}, timeout=self._patience.turn)
            except asyncio.CancelledError:
                sending.cancel()
                raise
        return sending

    async def _sent(
        self, call: Call, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        """Status and body. What goes wrong names no header: they hold the key."""
        assert self._session is not None, "enter the client first"
        progress = _Progress()
        try:
            async with self._session.request(
                method,
                self._url + path,
                headers=headers,
                data=body,
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as reply:
                return reply.status, await self._bounded(reply)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            trouble = f"{call.name}: {type(error).__name__}"
        # Outside the handler: the library's error would carry the request's headers along.
        if call.acts and progress.is_connected:
            raise UnknownOutcome(f"{trouble} after the request may have left")
        raise Transient(trouble)

    async def _bounded(self, reply: aiohttp.ClientResponse) -> bytes:
        """The body, or one byte more than the bound of it."""
        most, parts, length = self._patience.bytes_most, [], 0
        async for part in reply.content.iter_any():
            parts.append(part)
            length += len(part)
            if length > most:
                reply.close()
                break
        return b"".join(parts)[: most + 1]

    def _told(self, call: Call, status: int, body: bytes) -> msgspec.Raw:
        """What the answer says. Raises EdgeError."""
        lost = UnknownOutcome if call.acts else Transient
        broken = UnknownOutcome if call.acts else ProtocolViolation
        if len(body) > self._patience.bytes_most:
            raise broken(f"{call.name}: an answer of more than {self._patience.bytes_most} bytes")
        if 300 <= status < 400:
            raise broken(f"{call.name}: HTTP {status}, a redirect, which is not followed")
        if status >= 500:
            raise lost(f"{call.name}: HTTP {status}")
        try:
            envelope = decoded(body, Envelope)
        except CutShortError:
            raise lost(f"{call.name}: HTTP {status} without a whole answer of the venue") from None
        except MisshapenError as error:
            raise broken(f"{call.name}: {error}") from None
        errors = severest(envelope.error)
        if errors:
            raise self._refusal(call, errors)
        if status != 200:
            raise broken(f"{call.name}: HTTP {status} beside a result")
        return envelope.result

    def _refusal(self, call: Call, errors: list[str]) -> EdgeError:
        """The error for the venue's texts, which begin its message unchanged."""
        text, first = "; ".join(errors)[:_TEXT_MOST], errors[0]
        for each in errors:
            self._heed(each)
        row = row_of(first)
        match action_of(first):
            case Action.HALT | Action.REFUSED:
                return Permanent(text)
            case Action.RETRY:
                return BusyError(text, self._seconds_of(first))
            case Action.UNKNOWN if call.acts:
                return UnknownOutcome(text)
            case Action.UNKNOWN if row is None or has_no_row(errors):
                return Permanent(text)
            case _:
                return Transient(text)

    def _heed(self, text: str) -> None:
        """Repeating a bad key locks the account; a full counter is full for all calls."""
        if text.startswith(_BAD_KEY):
            self._barred, self._barred_until = text, None
        elif text.startswith(_LOCKOUT):
            self._barred, self._barred_until = text, self._clock() + LOCKOUT_NS
        elif text.startswith(_CALLS):
            self._limits.exceeded(self._clock())

    def _refuse_barred(self) -> None:
        if not self._barred:
            return
        if self._barred_until is not None and self._clock() >= self._barred_until:
            self._barred, self._barred_until = "", None
            return
        raise Permanent(f"{self._barred}; not asked again, since that locks the account")

    def _seconds_of(self, text: str) -> float:
        if text.startswith(_NONCE):
            return 0.0
        until = throttled_until(text)
        if until is None:
            return _BUSY_SECONDS
        return max(0.0, until - self._clock() / SECOND_NS)

    async def _wait_for_room(self, call: Call) -> None:
        """Wait for the key's call counter; what acts never waits."""
        if call.acts:
            self._limits.take(call.cost, self._clock())
            return
        waited = 0.0
        while not self._limits.try_take(call.cost, self._clock()):
            seconds = self._limits.seconds_until(call.cost, self._clock()) + 0.001
            waited += seconds
            if waited > self._patience.reads:
                raise Transient(f"{call.name}: our own budget of calls has no room")
            await asyncio.sleep(seconds)


async def _note_connection(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: object
) -> None:
    del session, params
    context.trace_request_ctx.is_connected = True


def safe_address(base_url: str) -> str:
    """The address without its last slash. Raises ValueError where a key would be sent in clear."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return base_url.rstrip("/")
    if parts.scheme == "http" and _is_loopback(host):
        return base_url.rstrip("/")
    raise ValueError(f"{base_url!r} is neither https nor a loopback address")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
