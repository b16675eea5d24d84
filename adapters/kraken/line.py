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

    def silent_seconds(self) -> float:
        """Since the last frame, or since ever."""
        return time.monotonic() - self.heard if self.heard else float("inf")

    def is_up(self, silence: float) -> bool:
        """Whether the market is heard now."""
        return self.state is LineState.STREAMING and self.silent_seconds() <= silence
