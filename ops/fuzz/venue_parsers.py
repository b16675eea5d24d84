"""Our parsers of what a venue says, each as one function of bytes.

Only what a parser is documented to raise is taken; whatever else comes out of it is a crash. What
it lets through has to be sound.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from actors.messages.base import Message
from actors.messages.market import BookSlice, TradeSlice
from actors.ports import ProtocolViolation
from adapters.kraken import edge_events, frames, tokens
from adapters.kraken.account_lists import RestLists
from adapters.kraken.errors import action_of, has_no_row, is_warning, row_of, severest
from adapters.kraken.errors import throttled_until as throttled
from adapters.kraken.executions import ExecutionError, Executions, ExecutionsFrame
from adapters.kraken.fees import tiers_of
from adapters.kraken.gateway import KrakenVenue
from adapters.kraken.limits import OrderLimits
from adapters.kraken.names import Names, UnknownNameError
from adapters.kraken.private_line import UNREADABLE
from adapters.kraken.recorded import CaptureError, RecordedFrames
from adapters.kraken.records import (
    Asset,
    AssetPair,
    Balance,
    Cancelled,
    Candle,
    Depth,
    KeyInfo,
    LedgerRecord,
    OrderRecord,
    PublicTrade,
    ServerTime,
    SocketToken,
    SwitchArmed,
    SystemStatus,
    TradeRecord,
    TradeVolume,
)
from adapters.kraken.requests import outcome_of
from adapters.kraken.rest import KrakenRest
from adapters.kraken.socket import DeafError
from adapters.kraken.stream import MarketStream
from adapters.kraken.tokens import TokenError, instant_of, plain_number
from adapters.kraken.wire import CutShortError, Envelope, MisshapenError, decoded, nanoseconds

SYMBOLS: Final = ("BTC/USD", "ETH/USD")
LINES_MOST: Final = 64
NAMES: Final = Names(
    {"XXBT": Asset("XBT", 10, 5), "ZUSD": Asset("USD", 4, 2)},
    {"XXBTZUSD": AssetPair("XBTUSD", "XXBT", "ZUSD", 1, 8, wsname="XBT/USD")},
)
KINDS: Final[tuple[Any, ...]] = (
    ServerTime,
    SystemStatus,
    dict[str, Asset],
    dict[str, AssetPair],
    Depth,
    tuple[PublicTrade, ...],
    tuple[Candle, ...],
    dict[str, Balance],
    dict[str, OrderRecord],
    dict[str, TradeRecord],
    dict[str, LedgerRecord],
    TradeVolume,
    KeyInfo,
    SocketToken,
    Cancelled,
    SwitchArmed,
)
"""What results are read as; the seeds of results are in the same order."""
_EXECUTIONS: Final = msgspec.json.Decoder(ExecutionsFrame)


def frame(data: bytes) -> None:
    """One frame of the public socket."""
    try:
        frames.decode(data)
    except (frames.CorruptFrameError, frames.MisshapenFrameError):
        return


def stream(data: bytes) -> None:
    """Frames one after the other: nothing is raised, and what comes out is sound."""
    market = MarketStream(SYMBOLS, began_ts=1)
    lines = data.split(b"\n")[:LINES_MOST]
    items = [item for line in lines for item in market.feed(line)] + market.flush()
    for earlier, later in itertools.pairwise(items):
        assert earlier.at < later.at, "items are in order"
    for item in items:
        if isinstance(item.body, BookSlice):
            levels = item.body.levels
            assert not (levels[:, 0] >= levels[:, 20]).any(), "a book is not crossed"
            assert not (levels <= 0.0).any(), "prices and quantities are positive"
        elif isinstance(item.body, TradeSlice):
            assert np.isfinite(item.body.rows).all(), "trades are numbers"
            assert (item.body.rows[:, :7] > 0.0).all(), "and positive"


def executions(data: bytes) -> None:
    """Frames of the executions channel, folded."""
    folded = Executions()
    for line in data.split(b"\n")[:LINES_MOST]:
        try:
            folded.take(_EXECUTIONS.decode(line))
        except (*UNREADABLE, ExecutionError, TokenError):
            continue


def door(data: bytes) -> None:
    """Frames of the private socket, replies too, at the door that orders go through."""
    told: list[Message] = []

    async def tell(fact: Message) -> None:
        told.append(fact)

    rest = KrakenRest("http://127.0.0.1:1", clock=time.time_ns)
    venue = KrakenVenue(RestLists(rest, NAMES), tell, clock=lambda: 1, limits=OrderLimits())
    venue._has_listed = True  # so that balances are read
    for line in data.split(b"\n")[:LINES_MOST]:
        try:
            _done(venue.line.received(line))
        except DeafError:
            continue


def _done(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("this waits for something")


def answer(data: bytes) -> None:
    """An answer of REST, as what its first byte says; rows become ours."""
    if not data:
        return
    kind = KINDS[data[0] % len(KINDS)]
    try:
        raw = decoded(data[1:], Envelope)
        severest(raw.error)
        found = decoded(raw.result, kind)
    except (CutShortError, MisshapenError):
        return
    lists = RestLists(KrakenRest("http://127.0.0.1:1", clock=time.time_ns), NAMES)
    if isinstance(found, TradeVolume):
        try:
            tiers_of(found, NAMES, SYMBOLS[:1])
        except ProtocolViolation:
            return
    if isinstance(found, KeyInfo):
        assert "api_key" not in repr(found)
    for each in found.values() if isinstance(found, dict) else ():
        match each:
            case OrderRecord():
                lists._order(each)
            case TradeRecord():
                lists._trade(each)
            case LedgerRecord():
                lists._entry(each)
            case _:
                break


def names(data: bytes) -> None:
    """The venue's tables of names, and balances under names of theirs."""
    assets, _, pairs = data.partition(b"\x00")
    try:
        table = Names(decoded(assets, dict[str, Asset]), decoded(pairs, dict[str, AssetPair]))
    except (CutShortError, MisshapenError):
        return
    for name in ("XXBT", "XBT.F", "DOT28.S", *table.unlisted):
        for asked in (table.held, table.asset, table.symbol, table.rest_pair):
            try:
                asked(name)
            except UnknownNameError:
                continue


def error(data: bytes) -> None:
    """A text of the venue's, and what it means."""
    text = data.decode("utf-8", "replace")
    for asked in (row_of, action_of, is_warning, throttled, outcome_of):
        asked(text)
    severest([text, "EOrder:Insufficient funds"])
    has_no_row([text])


def number(data: bytes) -> None:
    """A number or a time."""
    text = data.decode("utf-8", "replace")
    asked: tuple[Callable[[], object], ...] = (
        lambda: plain_number(data),
        lambda: instant_of(text),
        lambda: nanoseconds(text),
    )
    for each in asked:
        try:
            each()
        except ValueError:
            continue
    assert issubclass(tokens.TokenError, ValueError)


def capture(data: bytes) -> None:
    """A recording, and what befell its connection."""
    for line in data.split(b"\n")[:LINES_MOST]:
        try:
            edge_events.decoded(line)
        except ValueError:
            continue
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        file.write(data)
        file.flush()
        try:
            list(RecordedFrames(Path(file.name)).items())
        except CaptureError:
            return
