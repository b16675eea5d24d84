"""Recording a live session: every frame and event with its receive time, one a line.

What a full disk does to the recording never reaches the trading: it ends there, and that is told.
Lines are handed to the file a batch at a time, off the loop; a file that falls behind ends too.
"""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import BinaryIO, Final, cast

from actors.instant import SECOND_NS
from adapters.kraken.edge_events import EdgeEvent, encoded

WAITING_MOST: Final = 64_000_000
"""Bytes that may wait for the file."""
_LEVEL: Final = 1


class CaptureFileError(OSError):
    """The file cannot be made; the text is one sentence."""


class CaptureFile:
    """A recording, gzipped when its name ends in .gz. Raises CaptureFileError.

    `fault` says why it ended early; empty: it did not. Only `close` makes a gzipped one readable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = ""
        self._lines: list[bytes] = []
        self._waiting = 0
        self._is_empty = True
        try:
            is_gzip = path.suffix == ".gz"
            # Closed by `close`. A GzipFile is a binary stream in all but its declared type.
            self._file: BinaryIO = (
                cast("BinaryIO", gzip.open(path, "xb", compresslevel=_LEVEL))  # noqa: SIM115
                if is_gzip
                else path.open("xb")
            )
        except OSError as error:
            raise CaptureFileError(f"{path} cannot be recorded to ({error.strerror})") from error

    def frame(self, received_ts: int, data: bytes) -> None:
        """A frame as it came, without line breaks."""
        self._add(b"%d.%09d: %b\n" % (*divmod(received_ts, SECOND_NS), data))

    def event(self, received_ts: int, event: EdgeEvent) -> None:
        """What befell the connection."""
        self._add(b"%d.%09d! %b\n" % (*divmod(received_ts, SECOND_NS), encoded(event)))

    async def write(self) -> None:
        """Hand what waits to the file."""
        lines, self._lines, self._waiting = self._lines, [], 0
        if lines and not self.fault:
            try:
                await asyncio.to_thread(self._put, b"".join(lines))
            except OSError as error:
                self._end(error.strerror or "the disk")

    async def close(self) -> None:
        """Write the rest and the end of the file; one that nothing came into is taken away."""
        await self.write()
        try:
            await asyncio.to_thread(self._file.close)
            if self._is_empty:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            self._end(error.strerror or "the disk")

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        # After a kill a gzipped file has no end, but everything up to here can be unpacked.
        self._file.flush()

    def _add(self, line: bytes) -> None:
        if self.fault:
            return
        self._is_empty = False
        self._lines.append(line)
        self._waiting += len(line)
        if self._waiting > WAITING_MOST:
            self._end("the file does not keep up")

    def _end(self, why: str) -> None:
        self.fault = self.fault or f"the recording {self.path.name} ended early: {why}"
        self._lines, self._waiting = [], 0
