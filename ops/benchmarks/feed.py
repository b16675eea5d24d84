"""Frames of a recorded capture a second on one core: decoded, applied to the book, checked.

*Checked* is each frame to its book and checksum; *conflated* is the whole stream of a live feed,
with the slices that leave every half second, or after every single frame. The reference decodes the
same bytes into plain Python values. Needs the recorded capture, or one given by --capture.
"""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.kraken.book import Book
from adapters.kraken.frames import AckFrame, BookFrame, decode
from adapters.kraken.stream import CONFLATE_NS, MarketStream
from adapters.kraken.tokens import instant_of
from ops.benchmarks.figures import (
    ROUNDS,
    ROUNDS_QUICK,
    Figure,
    interleaved,
    median,
    options,
    report,
)

ROOT: Final = Path(__file__).resolve().parents[2]
CAPTURE: Final = "kraken/protocol/flashbook__ws2_live_ETHUSD.ndjson.gz"
CHECKED_LEAST: Final = 150_000.0
CONFLATED_LEAST: Final = 80_000.0
PASSES: Final = 20
PASSES_QUICK: Final = 2


class Recording:
    """The frames of one symbol, each with the receive time that it had."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        frames = content.splitlines()
        self.frames: list[tuple[bytes, int]] = []
        self.books: list[bytes] = []
        ts = 0
        for data in frames:
            frame, _ = decode(data)
            if isinstance(frame, BookFrame):
                ts = max(ts, instant_of(frame.data[0].timestamp))
                self.symbol = frame.data[0].symbol
                self.books.append(data)
            elif isinstance(frame, AckFrame):
                ts = max(ts, instant_of(frame.time_out))
            self.frames.append((data, ts))


def referring(recording: Recording, passes: int) -> Callable[[], object]:
    """The bytes as plain values, and nothing more."""
    read = msgspec.json.Decoder().decode

    def work() -> None:
        for _ in range(passes):
            for data in recording.books:
                read(data)

    return work


def checking(recording: Recording, passes: int) -> Callable[[], object]:
    """Every book frame decoded, applied, checked."""

    def work() -> None:
        for _ in range(passes):
            book = Book()
            for data in recording.books:
                frame, _ = decode(data)
                assert isinstance(frame, BookFrame)
                for entry in frame.data:
                    apply = book.load if frame.type == "snapshot" else book.update
                    fault = apply(entry.bids, entry.asks, entry.checksum)
                    assert fault is None

    return work


def conflating(recording: Recording, passes: int, window_ns: int) -> Callable[[], object]:
    """Every frame through the stream, to the messages that the journal would hold."""

    def work() -> None:
        for _ in range(passes):
            stream = MarketStream((recording.symbol,), conflate_ns=window_ns)
            items = 0
            for data, ts in recording.frames:
                items += len(stream.feed(data, ts))
            assert items > 0
            assert stream.counts.checksums_failed == 0

    return work


def measure(path: Path, *, passes: int, rounds: int) -> list[Figure]:
    """The figures; frames a CPU second."""
    recording = Recording(path)
    works = {
        "reference": referring(recording, passes),
        "checked": checking(recording, passes),
        "conflated": conflating(recording, passes, CONFLATE_NS),
        "sliced": conflating(recording, passes, 1),
    }
    found = interleaved(works, rounds + 1)  # the first round warms up
    seconds = {name: median(each[1:]) for name, each in found.items()}
    books, frames = passes * len(recording.books), passes * len(recording.frames)
    beside, reference = "frames/CPU s, decoded alone", books / seconds["reference"]
    told = f"{len(recording.books):,} book frames of {recording.symbol}, {passes} times"
    return [
        Figure(
            "book frames decoded, applied, checked",
            books / seconds["checked"],
            "frames/CPU s",
            beside,
            reference,
            least=CHECKED_LEAST,
            hint="decoding, two bisections and a join of twenty texts a frame",
            note=told,
        ),
        Figure(
            "frames to conflated slices",
            frames / seconds["conflated"],
            "frames/CPU s",
            beside,
            reference,
            least=CONFLATED_LEAST,
            hint="times, counts and conflation come on top of the checked book",
            note=told,
        ),
        Figure(
            "frames, a slice of the book after each",
            frames / seconds["sliced"],
            "frames/CPU s",
            beside,
            reference,
            least=CONFLATED_LEAST,
            hint="two arrays, two messages and a sort for every frame",
            note=told,
        ),
    ]


def main() -> None:
    parser = options(__doc__)
    shared = os.environ.get("BALLAST_SHARED_DATA") or str(ROOT.parent / "shared" / "data")
    parser.add_argument("--capture", type=Path, default=Path(shared) / CAPTURE)
    given = parser.parse_args()
    if not given.capture.is_file():
        # Recorded market data is not part of the repository; without it there is no figure.
        report([], as_json=given.json)
        print(f"no figure: there is no capture {given.capture.name}", file=sys.stderr)
        return
    passes, rounds = (PASSES_QUICK, ROUNDS_QUICK) if given.quick else (PASSES, ROUNDS)
    report(measure(given.capture, passes=passes, rounds=rounds), as_json=given.json)


if __name__ == "__main__":
    main()
