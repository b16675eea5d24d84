"""A socket before a server's own that cuts the connection around the next COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from tests.postgres_server import Server


class Relay:
    """Passes bytes both ways; once armed, ends a connection just before or after a COMMIT.

    While it `refuses`, new connections are closed at once.
    """

    def __init__(self, server: Server, *, before_commit: bool) -> None:
        self._target = f"{server.host}/.s.PGSQL.{server.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="blr-"))
        self._path = self.folder / f".s.PGSQL.{server.port}"
        self._before = before_commit
        self._served: list[asyncio.Task[None]] = []
        self.armed = False
        self.refuses = False
        self.cut = 0

    async def start(self) -> None:
        self._listener = await asyncio.start_unix_server(self._serve, self._path)

    async def stop(self) -> None:
        self._listener.close()
        for task in self._served:
            await task
        shutil.rmtree(self.folder)

    async def _serve(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.append(task)
        if self.refuses:
            out.close()
            return
        far, into = await asyncio.open_unix_connection(self._target)
        back = asyncio.create_task(self._pass_back(far, out))
        try:
            await self._pass_on(near, into, back, far)
        finally:
            back.cancel()
            for writer in (into, out):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _pass_on(
        self,
        near: asyncio.StreamReader,
        into: asyncio.StreamWriter,
        back: asyncio.Task[None],
        far: asyncio.StreamReader,
    ) -> None:
        while data := await near.read(65536):
            if self.armed and b"COMMIT" in data:
                self.armed, self.cut = False, self.cut + 1
                if not self._before:
                    back.cancel()
                    await asyncio.sleep(0)
                    into.write(data)
                    await into.drain()
                    await far.read(65536)
                return
            into.write(data)
            await into.drain()

    @staticmethod
    async def _pass_back(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()
