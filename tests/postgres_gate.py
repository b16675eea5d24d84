"""A socket before a server's own that knows every commit and does one chosen deed at one of them.

It reads the wire as messages, not as bytes: a commit is a COMMIT, or a statement that inserts while
no transaction is open. It runs in a thread, so that the client may be another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

BEFORE, AMID, AFTER = MOMENTS = ("before", "amid", "after")
PASSES = "passes"
_GATHERED = b"PBDEC"


class _Line(msgspec.Struct):
    """One connection: its statements by name, the transaction's status, and whether it is mute."""

    statements: dict[bytes, bytes] = {}
    status: bytes = b"I"
    mute: bool = False

    def commits(self, group: list[tuple[bytes, bytes]]) -> bool:
        """Whether the server makes something durable when it has these messages."""
        found = False
        for kind, body in group:
            if kind == b"Q":
                found |= body.startswith(b"COMMIT")
            elif kind == b"P":
                name, text, _ = body.split(b"\0", 2)
                self.statements[name] = text
            elif kind == b"B":
                name = body.split(b"\0", 2)[1]
                found |= self.status == b"I" and b"INSERT INTO" in self.statements[name]
        return found


class CommitGate:
    """Passes everything on; at commit number `at` it does `deed` and ends the connection.

    Before: the server never has the commit. Amid: it has it, and nobody waits for what it says.
    After: it has answered, and the client does not learn it. A commit that passes is only preceded
    by the deed: its connection lives.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self.folder = Path(tempfile.mkdtemp(prefix="blg-"))
        self.commits = 0
        self.acted_at = 0
        self._at, self._moment = 0, BEFORE
        self._deed: Callable[[], None] = lambda: None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])

    def arm(self, at: int, moment: str, deed: Callable[[], None]) -> None:
        """From here on commits are counted from 1."""
        self.commits = self.acted_at = 0
        self._at, self._moment, self._deed = at, moment, deed

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()
        shutil.rmtree(self.folder)

    async def _run(self) -> None:
        listener = await asyncio.start_unix_server(self._serve, self.folder / self._target.name)
        self._started.set()
        await self._stop.wait()
        listener.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            far, into = await asyncio.open_unix_connection(self._target)
            line = _Line()
            back = asyncio.ensure_future(self._pass_back(line, far, out))
            try:
                await self._pass_on(line, near, into, back)
            finally:
                back.cancel()
                into.transport.abort()
        out.transport.abort()

    async def _pass_on(
        self,
        line: _Line,
        near: asyncio.StreamReader,
        into: asyncio.StreamWriter,
        back: asyncio.Future[None],
    ) -> None:
        start = await near.readexactly(4)
        into.write(start + await near.readexactly(int.from_bytes(start) - 4))
        group: list[tuple[bytes, bytes]] = []
        while True:
            kind, body = await _message(near)
            group.append((kind, body))
            if kind in _GATHERED:
                continue
            commits = line.commits(group)
            self.commits += commits
            chosen = commits and self.commits == self._at
            if chosen and self._moment == PASSES:
                self._act()
                chosen = False
            if chosen and self._moment == BEFORE:
                self._act()
                return
            line.mute = chosen
            for each in group:
                into.write(_bytes(*each))
            group.clear()
            await into.drain()
            if chosen:
                if self._moment == AFTER:
                    await asyncio.wait([back])
                self._act()
                return

    async def _pass_back(
        self, line: _Line, far: asyncio.StreamReader, out: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                kind, body = await _message(far)
                if kind == b"Z":
                    line.status = body
                    if line.mute:
                        return
                if not line.mute:
                    out.write(_bytes(kind, body))
        if not line.mute:
            out.transport.abort()

    def _act(self) -> None:
        self.acted_at = time.time_ns()
        self._deed()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], await reader.readexactly(int.from_bytes(head[1:]) - 4)


def _bytes(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4) + body
