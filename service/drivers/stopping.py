"""Stopping: what a signal asks for, and what a second one does to the replay at the end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class ReplaySkippedError(Exception):
    """The user asked a second time to stop, while the replay was running."""


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT, SIGTERM and a lost terminal ask for a clean stop instead of tearing the loop down."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
