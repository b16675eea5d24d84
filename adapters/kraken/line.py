"""How a live connection stands, for people and metrics; nothing is decided by it but readiness."""

from __future__ import annotations

import enum
import time

import msgspec


class LineState(enum.StrEnum):
    """What the connection does now."""

    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"
    STREAMING = "streaming"
    WAITING = "waiting"


class Line(msgspec.Struct):
    """One feed's connection. Instants are of the monotonic clock, in seconds."""

    state: LineState = LineState.CONNECTING
    detail: str = ""
    heard: float = 0.0
    """When the last frame came; 0: never."""
    handshakes: int = 0
    opened: int = 0
    losses: int = 0
    renewals: int = 0
    """Books that were given back and asked for anew."""
    refused: tuple[str, ...] = ()
    lag_ns: int = 0
    """From the venue's time of the newest news to its arrival, by our clock."""
    offset_ns: int = 0
    """How far the wall clock, or the venue's at least, is from ours: the larger of both."""
    recording: str = ""
    """What is wrong with the recording; empty: nothing, or there is none."""
    silence: float = 8.0
    """How many seconds without a frame are too many."""
    frames: int = 0
    books: int = 0
    """Symbols whose book can be used."""
    trade_gaps: int = 0
    trade_repairs: int = 0
    waiting: int = 0
    """Items that wait for the pump."""
    conflated_books: int = 0

    def silent_seconds(self) -> float:
        """Since the last frame; -1 before any."""
        return time.monotonic() - self.heard if self.heard else -1.0

    def trouble(self) -> str:
        """Why the market is not heard now, in words; empty: it is."""
        if self.state is not LineState.STREAMING:
            return f"the feed is {self.state.value}" + (f": {self.detail}" if self.detail else "")
        silent = self.silent_seconds()
        return f"the feed has been silent for {silent:.0f} s" if silent > self.silence else ""
