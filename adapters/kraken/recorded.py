"""A recorded WebSocket v2 capture as a feed: one frame a line, plain or gzipped.

Lines are frames as received, or `<receive time>: <frame>` as cryptofeed writes them. Without a
receive time, a frame is received at the last venue time seen so far, never earlier; so equal files
give equal items on every machine. A live session of ours also tells what befell its connection:
`<receive time>! <event>`.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from actors.dataset import Dataset
from actors.instant import SECOND_NS
from actors.ports import FeedItem
from adapters.kraken.counts import StreamCounts
from adapters.kraken.edge_events import EdgeEvent, Opened, Rated, decoded, encoded
from adapters.kraken.frames import (
    AckFrame,
    BookFrame,
    CorruptFrameError,
    Frame,
    MisshapenFrameError,
    TradeFrame,
    decode,
)
from adapters.kraken.stream import CONFLATE_NS, MarketStream
from adapters.kraken.tokens import TokenError, instant_of

FORMAT: Final = "kraken-ws2/3"
Progress = Callable[[int], None]
"""Called every PROGRESS_FRAMES frames with the number of frames read so far."""

PROGRESS_FRAMES: Final = 100_000
_GZIP: Final = b"\x1f\x8b"
_TIMED: Final = re.compile(rb"(\d{9,10})(?:\.(\d{1,9})\d*)?: (.*)", re.DOTALL).fullmatch
_BEFELL: Final = re.compile(rb"(\d{9,10})\.(\d{9})! (.*)", re.DOTALL).fullmatch
_SENT: Final = re.compile(rb"\S+ <->? ").match


class CaptureError(ValueError):
    """A file that is not a usable capture; the text is one sentence with the remedy."""


class RecordedFrames:
    """A capture of the book and trade channels. Implements the Feed port.

    symbols: the universe; by default the symbols that the capture's book and trade frames name, in
    order of appearance. `rate_pairs` are of the currencies whose rates it tells. `counts` are those
    of the latest reading and complete once it is exhausted.
    Raises CaptureError.
    """

    kind: str = "kraken-ws2"
    datasets: tuple[Dataset, ...] = ()
    """The file, set by whoever hashed it."""

    def __init__(
        self,
        path: Path,
        *,
        symbols: tuple[str, ...] = (),
        conflate_ns: int = CONFLATE_NS,
        progress: Progress | None = None,
    ) -> None:
        if conflate_ns <= 0:
            raise CaptureError("the conflation window must be positive; try 500 ms")
        self.path = path
        self.counts = StreamCounts()
        self._conflate_ns = conflate_ns
        scan = _Scan()
        content = hashlib.sha256()
        for received_ts, line in _lines(path):
            told = line if isinstance(line, bytes) else encoded(line)
            scan.see(received_ts, line)
            content.update(b"%d %b\n" % (received_ts, told))
            if progress is not None and scan.frames % PROGRESS_FRAMES == 0:
                progress(scan.frames)
        if not scan.symbols:
            what = f"{path.name} holds no book or trade frame of Kraken's WebSocket v2"
            raise CaptureError(f"{what}; record wss://ws.kraken.com/v2 (v1 captures are not read)")
        self.symbols = symbols or scan.universe or tuple(scan.symbols)
        self.rate_pairs = tuple(scan.rate_pairs)
        self.first_ts = scan.first_ts
        self.last_ts = scan.last_ts
        self.frames = scan.frames
        head = "\n".join((FORMAT, str(conflate_ns), *self.symbols, content.hexdigest()))
        self.digest = hashlib.sha256(head.encode()).hexdigest()

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The items with `at` > `after`. Every reading builds the books from the beginning."""
        stream = MarketStream(self.symbols, conflate_ns=self._conflate_ns, began_ts=self.first_ts)
        self.counts = stream.counts
        for received_ts, line in _lines(self.path):
            if isinstance(line, bytes):
                completed = stream.feed(line, received_ts)
            else:
                completed = stream.befall(line, received_ts)
            for item in completed:
                if item.at > after:
                    yield item
        for item in stream.flush():
            if item.at > after:
                yield item


class _Scan:
    """What a first pass learns: symbols in order of appearance, first and last venue time."""

    def __init__(self) -> None:
        self.symbols: dict[str, None] = {}
        self.universe: tuple[str, ...] = ()
        self.rate_pairs: dict[str, None] = {}
        self.first_ts = 0
        self.last_ts = 0
        self.frames = 0

    def see(self, received_ts: int, data: bytes | EdgeEvent) -> None:
        if not isinstance(data, bytes):
            self.first_ts = self.first_ts or received_ts
            if isinstance(data, Opened):
                self.universe = self.universe or data.symbols
            if isinstance(data, Rated):
                self.rate_pairs.update((each.pair, None) for each in data.rates)
            return
        self.frames += 1
        try:
            frame, _ = decode(data)
            venue_ts = self._venue_ts(frame)
        except (CorruptFrameError, MisshapenFrameError, TokenError):
            venue_ts = 0
        ts = received_ts or venue_ts
        if ts:
            self.first_ts = self.first_ts or ts
            self.last_ts = max(self.last_ts, ts)

    def _venue_ts(self, frame: Frame) -> int:
        match frame:
            case BookFrame() | TradeFrame():
                for entry in frame.data:
                    self.symbols.setdefault(entry.symbol)
                stamps = [entry.timestamp for entry in frame.data if entry.timestamp]
                return instant_of(stamps[-1]) if stamps else 0
            case AckFrame() if frame.time_out:
                return instant_of(frame.time_out)
            case _:
                return 0


def _lines(path: Path) -> Iterator[tuple[int, bytes | EdgeEvent]]:
    """Receive time (0 where the line has none) and frame or event of every line."""
    try:
        with _opened(path) as lines:
            for line in lines:
                frame = line.strip()
                if not frame:
                    continue
                if frame.startswith(b"{"):
                    yield 0, frame
                elif timed := _TIMED(frame):
                    fraction = int((timed[2] or b"").ljust(9, b"0"))
                    yield int(timed[1]) * SECOND_NS + fraction, timed[3]
                elif befell := _BEFELL(frame):
                    yield int(befell[1]) * SECOND_NS + int(befell[2]), decoded(befell[3])
                elif not _SENT(frame):
                    yield 0, frame
    except FileNotFoundError as error:
        raise CaptureError(f"there is no file {path}; check the path") from error
    except ValueError as error:
        what = f"{path.name} tells of an event that is not known here"
        raise CaptureError(f"{what}; read it with the version that recorded it") from error
    except (OSError, EOFError, zlib.error) as error:
        what = f"{path.name} cannot be read to its end"
        raise CaptureError(f"{what}; fetch or record it again") from error


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as start:
        is_gzip = start.read(2) == _GZIP
    # A GzipFile is a binary stream in all but its declared type.
    return cast("BinaryIO", gzip.open(path, "rb")) if is_gzip else path.open("rb")
