"""The simulator's parsers of what its clients say, each as one function of bytes.

They act on one exchange that stands still, so that a request that is let through is done too; it
is made anew now and then. A refusal in the venue's words is an answer, everything else a crash.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.faults.script import FaultError, parsed
from adapters.kraken_simulator.keys.ring import Signed
from adapters.kraken_simulator.rest.methods import PRIVATE, PUBLIC
from adapters.kraken_simulator.rest.parsing import parameters
from adapters.kraken_simulator.rest.request import Request
from adapters.kraken_simulator.serving.application import Simulator
from adapters.kraken_simulator.serving.hooks import ACCOUNT_HOOKS, HOOKS
from adapters.kraken_simulator.serving.launch import made
from adapters.kraken_simulator.serving.plan import (
    Plan,
    PlanError,
    account_of,
    conduct_of,
    speed_of,
)
from adapters.kraken_simulator.sockets.public_channels import PublicChannels
from adapters.kraken_simulator.sockets.requests import (
    SocketRefusal,
    asked,
    failure,
    names,
    success,
    word,
)
from adapters.kraken_simulator.sockets.trading import METHODS, SocketTrading
from adapters.kraken_simulator.wire import decimal_of, encode, instant

STARTED_NS: Final = 1_790_000_000 * 10**9
REQUESTS_MOST: Final = 2_000
"""An exchange that has done so many is made anew: its lists grow."""


class Bench:
    """One exchange and how many requests it has had."""

    def __init__(self) -> None:
        self._made: Simulator | None = None
        self._requests = 0

    def simulator(self) -> Simulator:
        """The exchange, an account in it, nobody else about."""
        if self._made is None or self._requests >= REQUESTS_MOST:
            self._made, self._requests = made(_plan()), 0
            self._made.live.exchange.halt_market()
        self._requests += 1
        return self._made


def _plan() -> Plan:
    return Plan(
        seed=7,
        started_ns=STARTED_NS,
        accounts=(account_of("alpha=USD:100000,BTC:1", "pro"),),
        speed=Fraction(1),
        symbols=("BTC/USD",),
        warm_up_seconds=1,
        conduct=Conduct(book_levels=20, market_protection=Decimal("0.1")),
    )


BENCH: Final = Bench()


def request(data: bytes) -> None:
    """A REST request: the method's name, then its body."""
    name, _, body = data.partition(b"\n")
    method = name.decode("utf-8", "replace")
    simulator = BENCH.simulator()
    live, key = simulator.live, simulator.ring.keys[0]
    try:
        params = parameters({}, body)
        if method in PUBLIC:
            encode(PUBLIC[method](live, params))
        elif method in PRIVATE:
            found = PRIVATE[method].work(
                Request(
                    live=live,
                    ring=simulator.ring,
                    key=key,
                    params=params,
                    received_ns=live.now_ns(),
                )
            )
            encode(found)
    except Refusal as refusal:
        encode({"error": [refusal.error]})


def message(data: bytes) -> None:
    """A text frame of a client's socket."""
    simulator = BENCH.simulator()
    live, now_ns = simulator.live, simulator.live.now_ns()
    try:
        ask = asked(data.decode("utf-8", "replace"), now_ns)
    except SocketRefusal as refusal:
        encode({"error": refusal.error, "success": False, **refusal.extra})
        return
    try:
        if ask.method in METHODS:
            for fields in SocketTrading(live).answers(ask, simulator.ring.keys[0]):
                if isinstance(fields, SocketRefusal):
                    failure(ask, now_ns, fields)
                else:
                    success(ask, now_ns, **fields)
        else:
            channels = PublicChannels(live)
            channel = word(ask.params, "channel") or ""
            for symbol in names(ask.params, "symbol"):
                topic = channels.topic_of(channel, symbol, ask.params)
                success(ask, now_ns, result=channels.granted(topic, ask.params))
    except SocketRefusal as refusal:
        failure(ask, now_ns, refusal)


def hook(data: bytes) -> None:
    """What happens to the venue or the account from outside: the hook's name, then its body."""
    name, _, body = data.partition(b"\n")
    told = name.decode("utf-8", "replace")
    live = BENCH.simulator().live

    def work(venue: Any, at: int) -> Any:
        params = parameters({}, body)
        if told in ACCOUNT_HOOKS:
            return ACCOUNT_HOOKS[told](venue, "alpha", params, at)
        return HOOKS[told](venue, params, at) if told in HOOKS else None

    try:
        encode(live.call(work))
    except Refusal:
        return
    finally:
        live.tell()


def signature(data: bytes) -> None:
    """What a private request brings to be let in: key, sign, nonce, factor, a line each."""
    ring = BENCH.simulator().ring
    lines = [each.decode("utf-8", "replace") for each in data.split(b"\n")]
    key, sign, nonce, otp = (*lines, "", "", "", "")[:4]
    key = key or ring.keys[0].key
    told = Signed(path="/0/private/A", key=key, sign=sign, body=data, nonce=nonce, otp=otp or None)
    try:
        ring.authenticated(told, STARTED_NS)
    except Refusal:
        return


def plan(data: bytes) -> None:
    """A fault script, and the words of an account, a speed and a conduct."""
    with suppress(FaultError):
        parsed(data)
    text = data.decode("utf-8", "replace")
    for ask in (
        lambda: account_of(text, "pro"),
        lambda: speed_of(text),
        lambda: conduct_of((text,)),
    ):
        try:
            ask()
        except PlanError:
            continue
    decimal_of(text)
    instant(text)
