"""A PostgreSQL of the machine's that a test may kill, stop, starve of disk and start again.

Its data can lie on a small file system in memory, which needs the right to mount one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.postgres_server import Server, await_answer, machine_programs, unprivileged

SMALL_DISK_MB = 96
STARTS_S = 30.0
# A recovery reads and flushes every database, on a machine that others use too.
RECOVERS_S = 180.0


class CrashingServer(Server):
    """The cluster in `folder`: the server itself comes and goes."""

    def __init__(self, folder: Path, programs: Path, *, log_apart: bool = False) -> None:
        super().__init__("machine", str(folder), 5432, "postgres")
        self.folder = folder
        self.log_apart = log_apart
        self.data = folder / ("data" if log_apart else "disk/data")
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / ".s.PGSQL.5432"

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text()

    def make(self) -> None:
        """Make the cluster; small segments, so that a full disk is noticed soon."""
        options = ["-U", "postgres", "-A", "trust", "-N", "--no-locale", "--wal-segsize=1"]
        if self.log_apart:
            options += ["--waldir", str(self.folder / "disk" / "wal")]
        self._run("initdb", *options)

    def start(self) -> None:
        """Start it and wait until it answers, however long a recovery takes."""
        limit = time.monotonic() + STARTS_S
        while True:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        self._programs / "postgres", "-D", self.data, "-k", self.folder,
                        "-c", "listen_addresses=", "-c", "min_wal_size=2MB",
                        "-c", "max_wal_size=8MB",
                    ],
                    stdout=log, stderr=log, **self._who(),
                )  # fmt: skip
            self.pid = self._process.pid
            with contextlib.suppress(subprocess.TimeoutExpired):
                # The backends of a killed server may still hold its shared memory.
                self._process.wait(0.3)
                assert time.monotonic() < limit, self.log
                continue
            break
        await_answer(self, RECOVERS_S)

    def kill(self) -> None:
        """SIGKILL to the postmaster: its backends notice and end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop_immediately(self) -> None:
        """`pg_ctl stop -m immediate`: no checkpoint, so that the next start recovers."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-w")
        assert self._process is not None
        self._process.wait(10)

    def restart(self) -> None:
        """Start it, whether it has fallen for good or is about to."""
        if self.running():
            self.kill()
        self.start()

    def running(self) -> bool:
        """Whether the postmaster lives."""
        return self._process is not None and self._process.poll() is None

    def fill(self) -> None:
        """Leave no free byte on its file system."""
        with (self.folder / "disk" / "filler").open("ab", buffering=0) as filler:
            for size in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    while filler.write(bytes(size)) == size:
                        pass

    def use_up_log(self) -> None:
        """Write to the write-ahead log until the server falls."""

        async def write() -> None:
            connection = await asyncpg.connect(self.dsn("postgres", self.administrator))
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                for _ in range(10 * SMALL_DISK_MB):
                    await connection.execute(
                        "SELECT pg_logical_emit_message(true, 'x', repeat('x', 500000))"
                    )
            connection.terminate()

        # The caller may be inside of a loop of its own.
        thread = threading.Thread(target=lambda: asyncio.run(write()))
        thread.start()
        thread.join()

    def free(self) -> None:
        """Give the space back."""
        (self.folder / "disk" / "filler").unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> None:
        command: list[str | Path] = [self._programs / program, "-D", self.data, *arguments]
        subprocess.run(command, check=True, capture_output=True, **self._who())

    def _who(self) -> dict[str, Any]:
        account = unprivileged()
        if account is None:
            return {"cwd": self.folder}
        uid, gid = account.pw_uid, account.pw_gid
        return {"cwd": self.folder, "user": uid, "group": gid, "extra_groups": [gid]}


@contextlib.contextmanager
def crashing_server(small_disk: str = "") -> Iterator[CrashingServer]:
    """A running one; skips without PostgreSQL, or where its small disk cannot be mounted.

    What lies on that disk: "all", or "the log" (pg_wal alone).
    """
    programs = machine_programs()
    if programs is None:
        pytest.skip("no PostgreSQL is installed on this machine (initdb was not found)")
    folder = Path(tempfile.mkdtemp(prefix="blc-"))
    disk = folder / "disk"
    disk.mkdir()
    mounted = False
    server = CrashingServer(folder, programs, log_apart=small_disk == "the log")
    try:
        if small_disk:
            _mount(disk)
            mounted = True
        account = unprivileged()
        for path in (folder, disk):
            if account is not None:
                os.chown(path, account.pw_uid, account.pw_gid)
        server.make()
        server.start()
        asyncio.run(server.make_template())
        yield server
    finally:
        if server.running():
            server.stop_immediately()
        if mounted:
            _unmount(disk)
        shutil.rmtree(folder, ignore_errors=True)


def _mount(disk: Path) -> None:
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MB}m", "tmpfs", disk],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", b"").decode().strip() or str(error)
        shutil.rmtree(disk.parent)
        pytest.skip(f"a small file system cannot be mounted here: {told}")


def _unmount(disk: Path) -> None:
    for _ in range(50):
        if subprocess.run(["umount", disk], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "-l", disk], check=False)
