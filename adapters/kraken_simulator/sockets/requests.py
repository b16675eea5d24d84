"""What a client asks over a socket, and the envelope of the answer.

Prices and quantities are JSON numbers with their own digits; a quoted one is refused in Kraken's
words. Texts that were recorded are used; others say what is wrong in the same style.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.kraken_simulator.errors import argument
from adapters.kraken_simulator.wire import encode, instant, rfc3339

Params = dict[str, Any]
UNSUPPORTED: Final = "Unsupported event"
PRIVATE_ELSEWHERE: Final = (
    "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
)
PUBLIC_ELSEWHERE: Final = (
    "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com"
)
NO_SESSION: Final = "ESession:Invalid session"
NO_TOKEN: Final = "Token(s) not found"  # noqa: S105 - it is an answer


class SocketRefusal(Exception):  # noqa: N818 - it is the venue's answer, not a fault of ours
    """The socket says no to one request (or to one symbol of it)."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request; `time_in` is when it arrived, by the exchange's clock."""

    method: str
    params: Params
    req_id: int | None
    time_in: int


def asked(text: str, now_ns: int) -> Asked:
    """The request of a text frame. Raises SocketRefusal; `extra` may name the method."""
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise SocketRefusal("Malformed request: JSON is not valid") from error
    if not isinstance(document, dict) or not isinstance(document.get("method"), str):
        raise SocketRefusal(UNSUPPORTED)
    method, req_id = document["method"], document.get("req_id")
    known = {"req_id": req_id} if isinstance(req_id, int) and req_id >= 0 else {}
    if req_id is not None and not known:
        raise SocketRefusal("Req_id field must be an integer", method=method)
    params = document.get("params", {})
    if method == "ping" and "params" in document:
        text = "Unsupported field: 'params' for the given msg type: ping"
        raise SocketRefusal(text, method=method, **known)
    if not isinstance(params, dict):
        raise SocketRefusal("Params field must be an object", method=method, **known)
    return Asked(method=method, params=params, req_id=known.get("req_id"), time_in=now_ns)


def success(ask: Asked, now_ns: int, **fields: Any) -> bytes:
    """The answer to a request that was granted."""
    return _answer(ask, now_ns, {"success": True, **fields})


def failure(ask: Asked, now_ns: int, refusal: SocketRefusal) -> bytes:
    """The answer to a request that was refused."""
    return _answer(ask, now_ns, {"success": False, "error": refusal.error, **refusal.extra})


def _answer(ask: Asked, now_ns: int, fields: dict[str, Any]) -> bytes:
    named = {} if ask.req_id is None else {"req_id": ask.req_id}
    times = {"time_in": rfc3339(ask.time_in), "time_out": rfc3339(now_ns)}
    return encode({"method": ask.method, **named, **fields, **times})


def number(params: Params, name: str) -> Decimal | None:
    """A price or quantity. Raises SocketRefusal when it is no JSON number."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise SocketRefusal(f"{name.capitalize()} field must be a number_float")
    return Decimal(value)


def word(params: Params, name: str) -> str | None:
    """A text. Raises SocketRefusal when it is something else."""
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise SocketRefusal(f"{name.capitalize()} field must be a string")
    return value


def whole(params: Params, name: str) -> int | None:
    """A whole number. Raises SocketRefusal when it is something else."""
    value = params.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise SocketRefusal(f"{name.capitalize()} field must be an integer")
    return value


def switch(params: Params, name: str, *, default: bool = False) -> bool:
    """A boolean. Raises SocketRefusal when it is something else."""
    value = params.get(name, default)
    if not isinstance(value, bool):
        raise SocketRefusal(f"{name.capitalize()} field must be a boolean")
    return value


def names(params: Params, name: str) -> list[str]:
    """A list of texts, or one text; empty when absent. Raises SocketRefusal."""
    value = params.get(name)
    if value is None:
        return []
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(each, (str, int)) and not isinstance(each, bool) for each in rows):
        raise SocketRefusal(f"{name.capitalize()} field must be an array of strings")
    return [str(each) for each in rows]


def moment(params: Params, name: str) -> int | None:
    """An RFC 3339 time in ns. Raises SocketRefusal."""
    stamp = word(params, name)
    if stamp is None:
        return None
    found = instant(stamp)
    if found is None:
        raise SocketRefusal(argument(name))
    return found
