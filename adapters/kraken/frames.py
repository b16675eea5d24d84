"""WebSocket v2 frames: what each looks like, and what is wrong with the ones that do not.

Unknown fields are tolerated and reported as such; a missing field or a wrong type makes a frame
misshapen, and bytes that are no JSON object make it corrupt. Sans I/O; nothing is applied here.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Raw


class Level(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One price level as sent: raw JSON tokens of price and quantity."""

    price: Raw
    qty: Raw


class BookEntry(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The book news of one symbol. `timestamp` may be missing on snapshots."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: int
    timestamp: str = ""


class TradeEntry(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One trade; `side` is the taker's."""

    symbol: str
    side: str
    price: Raw
    qty: Raw
    trade_id: int
    timestamp: str
    ord_type: str = ""


class StatusEntry(msgspec.Struct, gc=False):
    """The state of the whole venue; `upcoming_maintenance` may be absent, which tells nothing."""

    system: str
    upcoming_maintenance: list[Raw] | None = None


class PairEntry(msgspec.Struct, gc=False):
    """The state of one pair on the instrument channel, and its rules as raw JSON tokens.

    A row that lacks one of the four has no rules.
    """

    symbol: str
    status: str
    price_increment: Raw = Raw()
    qty_increment: Raw = Raw()
    qty_min: Raw = Raw()
    cost_min: Raw = Raw()

    @property
    def has_rules(self) -> bool:
        """Whether the row tells of the pair's grids and minima."""
        told = (self.price_increment, self.qty_increment, self.qty_min, self.cost_min)
        return all(bytes(each) for each in told)


class PairList(msgspec.Struct, gc=False):
    """The instrument channel's data."""

    pairs: list[PairEntry] = []


class BookFrame(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A frame of the book channel."""

    channel: str
    type: str
    data: list[BookEntry]


class TradeFrame(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A frame of the trade channel."""

    channel: str
    type: str
    data: list[TradeEntry]


class StatusFrame(msgspec.Struct, gc=False):
    """A frame of the status channel."""

    data: list[StatusEntry]


class InstrumentFrame(msgspec.Struct, gc=False):
    """A frame of the instrument channel; a snapshot lists every pair there is."""

    data: PairList
    type: str = ""


class AckResult(msgspec.Struct, gc=False):
    """What a subscription was granted."""

    channel: str = ""
    symbol: str = ""
    depth: int = 0


class AckFrame(msgspec.Struct, gc=False):
    """A reply to a request. `success` is False when it was refused, for the reason in `error`."""

    method: str
    success: bool = True
    result: AckResult | None = None
    error: str = ""
    symbol: str = ""
    time_out: str = ""
    req_id: int = 0

    @property
    def is_harmless(self) -> bool:
        """Whether a refusal says only that what was asked for is so already."""
        return self.method == "unsubscribe" or self.error.startswith("Already subscribed")


class OtherFrame(msgspec.Struct, gc=False):
    """A frame of a channel that is not used here (heartbeat, ticker, ohlc, ...)."""

    channel: str = ""


Frame: TypeAlias = BookFrame | TradeFrame | StatusFrame | InstrumentFrame | AckFrame | OtherFrame


class CorruptFrameError(ValueError):
    """Bytes that are not a JSON object in UTF-8."""


class MisshapenFrameError(ValueError):
    """JSON that is not what its channel carries. `symbols` are those it names, where legible."""

    def __init__(self, channel: str, symbols: tuple[str, ...], detail: str) -> None:
        super().__init__(detail)
        self.channel = channel
        self.symbols = symbols


class _Head(msgspec.Struct, gc=False):
    channel: str = ""
    method: str = ""


class _Named(msgspec.Struct, gc=False):
    symbol: str = ""


class _Names(msgspec.Struct, gc=False):
    data: list[_Named] = []


class _LooseBookEntry(msgspec.Struct, gc=False):
    symbol: str
    bids: list[_LooseLevel]
    asks: list[_LooseLevel]
    checksum: int
    timestamp: str = ""


class _LooseLevel(msgspec.Struct, gc=False):
    price: Raw
    qty: Raw


class _LooseTradeEntry(msgspec.Struct, gc=False):
    symbol: str
    side: str
    price: Raw
    qty: Raw
    trade_id: int
    timestamp: str
    ord_type: str = ""


class _LooseBookFrame(msgspec.Struct, gc=False):
    channel: str
    type: str
    data: list[_LooseBookEntry]


class _LooseTradeFrame(msgspec.Struct, gc=False):
    channel: str
    type: str
    data: list[_LooseTradeEntry]


_HEAD: Final = msgspec.json.Decoder(_Head)
_NAMES: Final = msgspec.json.Decoder(_Names)
_BOOK: Final = msgspec.json.Decoder(BookFrame)
_TRADE: Final = msgspec.json.Decoder(TradeFrame)
_LOOSE_BOOK: Final = msgspec.json.Decoder(_LooseBookFrame)
_LOOSE_TRADE: Final = msgspec.json.Decoder(_LooseTradeFrame)
_STATUS: Final = msgspec.json.Decoder(StatusFrame)
_INSTRUMENT: Final = msgspec.json.Decoder(InstrumentFrame)
_ACK: Final = msgspec.json.Decoder(AckFrame)
_BOOK_START: Final = b'{"channel":"book"'


def decode(data: bytes) -> tuple[Frame, bool]:
    """The frame, and whether it held fields that are not known here.

    Raises CorruptFrameError or MisshapenFrameError, nothing else, whatever the bytes are.
    """
    if data.startswith(_BOOK_START):
        try:
            return _BOOK.decode(data), False
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # told apart below
    try:
        head = _HEAD.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CorruptFrameError(f"not a frame: {error}") from error
    try:
        return _decoded(head, data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        channel = head.channel or head.method
        raise MisshapenFrameError(channel, _names_in(data), str(error)) from error


def _decoded(head: _Head, data: bytes) -> tuple[Frame, bool]:
    match head.channel:
        case "book":
            return _book(data)
        case "trade":
            return _trade(data)
        case "status":
            return _STATUS.decode(data), False
        case "instrument":
            return _INSTRUMENT.decode(data), False
        case "" if head.method:
            return _ACK.decode(data), False
        case _:
            return OtherFrame(head.channel), False


def _book(data: bytes) -> tuple[Frame, bool]:
    try:
        return _BOOK.decode(data), False
    except msgspec.ValidationError:
        loose = _LOOSE_BOOK.decode(data)
    entries = [
        BookEntry(
            entry.symbol,
            [Level(level.price, level.qty) for level in entry.bids],
            [Level(level.price, level.qty) for level in entry.asks],
            entry.checksum,
            entry.timestamp,
        )
        for entry in loose.data
    ]
    return BookFrame(loose.channel, loose.type, entries), True


def _trade(data: bytes) -> tuple[Frame, bool]:
    try:
        return _TRADE.decode(data), False
    except msgspec.ValidationError:
        loose = _LOOSE_TRADE.decode(data)
    entries = [TradeEntry(*msgspec.structs.astuple(entry)) for entry in loose.data]
    return TradeFrame(loose.channel, loose.type, entries), True


def _names_in(data: bytes) -> tuple[str, ...]:
    try:
        names = _NAMES.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return tuple(entry.symbol for entry in names.data if entry.symbol)
