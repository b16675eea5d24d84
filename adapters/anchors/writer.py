"""One thread in which anchors are read and written, in the order in which that was asked.

A place behind a mount that hangs holds up this thread and nothing else: whoever asked waits as long
as they like, and the process can end while the thread still stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from adapters.anchors.key import AnchorError

_Result = TypeVar("_Result")


class AnchorWriter:
    """The thread; it begins with the first work and ends by `close`."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, work: Callable[[], _Result]) -> Future[_Result]:
        """Have it done after what was asked before; the future has its result or its error."""
        done: Future[_Result] = Future()

        def do() -> None:
            try:
                done.set_result(work())
            except (OSError, AnchorError) as error:
                done.set_exception(error)

        self._asked.put(do)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="anchors", daemon=True)
            self._thread.start()
        return done

    def close(self) -> None:
        """Let the thread end after what was asked; it is not waited for."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread = None

    def _work(self) -> None:
        while (do := self._asked.get()) is not None:
            do()
