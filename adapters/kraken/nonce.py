"""The one owner of an API key's nonce: strictly increasing for ever, whatever the clock does.

A mark in a file lies at or above every nonce ever given, so a clock that steps back or a crash
gives no number twice. A lock on the folder refuses a second process. A nonce is given to one
request at a time, which keeps its turn until it is answered or for a while: on several connections
a later one could overtake.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from actors.instant import SECOND_NS
from actors.ports import Permanent

AHEAD_NS: Final = 10 * SECOND_NS
"""The mark is written so far ahead of the clock, so that most nonces need no write."""
NONCE_MOST: Final = 2**64 - 1
_MARK: Final = "nonce"
_LOCK: Final = "nonce.lock"


class Nonces:
    """Nonces of one key, kept in `folder`. Use as a context; raises Permanent when it is taken."""

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self._turn = asyncio.Lock()
        self._locked = -1
        self._last = 0
        self._mark = 0

    def __enter__(self) -> Self:
        lock = self._take_lock()
        try:
            self._last = self._mark = self._read()
        except (OSError, Permanent):
            os.close(lock)
            raise
        self._locked = lock
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._locked)
        self._locked = -1

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[int]:
        """The next nonce, for the one request that is now under way; durable before it is given.

        Raises Permanent when it cannot be kept: an unkept one might be given again.
        """
        async with self._turn:
            assert self._locked >= 0, "enter the nonces first"
            nonce = max(self._clock(), self._last + 1)
            if nonce > NONCE_MOST:
                raise Permanent("the key has no nonce left: make a new key")
            if nonce > self._mark:
                await asyncio.to_thread(self._write, min(nonce + AHEAD_NS, NONCE_MOST))
            self._last = nonce
            yield nonce

    def _take_lock(self) -> int:
        lock = -1
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise Permanent(f"another process signs with the key of {self._folder}") from None
        except OSError as error:
            raise Permanent(f"{self._folder} cannot hold a nonce: {error.strerror}") from error
        return lock

    def _read(self) -> int:
        path = self._folder / _MARK
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return 0
        # A torn or foreign file is no ground to begin anew: a smaller nonce is refused for ever.
        if not text.isascii() or not text.isdecimal() or int(text) > NONCE_MOST:
            raise Permanent(f"{path} does not hold a nonce; restore it, or make a new key")
        return int(text)

    def _write(self, mark: int) -> None:
        path = self._folder / _MARK
        beside = path.with_suffix(".new")
        try:
            with beside.open("w", encoding="ascii") as file:
                file.write(f"{mark}\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Permanent(f"the nonce cannot be kept in {path}: {error.strerror}") from error
        self._mark = mark
