"""One server's life: launch, wait until it confirms its data directory, end, clear after a kill.

Only a process that the kernel shows at work in our cluster is ever signalled. Which user runs it
and where its files lie has been decided before.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from adapters.postgres.binaries import Binaries
from adapters.postgres.embedded_account import Account
from adapters.postgres.embedded_address import PORT, EmbeddedPostgresError, ServerAddress
from adapters.postgres.embedded_client import confirm
from adapters.postgres.embedded_liveness import (
    is_running,
    live_server,
    read_pid_file,
    remaining_processes,
    remember_child,
    serves,
)
from adapters.postgres.embedded_place import Place

StopMode = Literal["fast", "immediate"]

START_LIMIT_S = 300.0  # crash recovery replays the write-ahead log, and a slow disk takes minutes
STOP_LIMIT_S = 60.0
ORPHAN_LIMIT_S = 30.0
SILENCE_LIMIT_S = 5.0  # a server that calls itself ready and does not answer has lost its socket
_PAUSE_S = 0.01
_PROGRESS_EVERY_S = 5.0
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}  # see postgres(1)


def launch(account: Account, command: Sequence[str], place: Place) -> int:
    """Start the server and return its pid; it outlives us unless somebody stops it."""
    place.start_log.touch(mode=0o600)
    with place.start_log.open("w", encoding="utf-8") as output:
        child = account.spawn(command, output=output)
    remember_child(child)
    return child.pid


def await_server(
    pid: int, binaries: Binaries, place: Place, on_progress: Callable[[str], None]
) -> ServerAddress | None:
    """Wait until server ``pid`` answers for this cluster; None when it ended or stays silent.

    Raises:
        EmbeddedPostgresError: it is still recovering after ``START_LIMIT_S``.
    """
    begun = time.monotonic()
    told, ready_since = begun, None
    while is_running(pid) or serves(pid, place.cluster):
        now = time.monotonic()
        claim = read_pid_file(place.cluster)
        if claim is not None and claim.pid == pid and claim.status == "ready":
            ready_since = ready_since or now
            address = confirm(binaries, place.cluster, claim.sockets)
            if address is not None:
                return address
            swept = claim.sockets is None or not (claim.sockets / f".s.PGSQL.{PORT}").exists()
            if swept or now - ready_since > SILENCE_LIMIT_S:
                return None
        if now - begun > START_LIMIT_S:
            raise EmbeddedPostgresError(
                f"PostgreSQL is not ready after {START_LIMIT_S:.0f} s: {last_words(place)}.",
                f"It may still be recovering: start again to wait on, or read {place.logs}.",
            )
        if now - told > _PROGRESS_EVERY_S:
            on_progress(f"the database is not ready yet, {now - begun:.0f} s")
            told = now
        time.sleep(_PAUSE_S)
    return None


def end(pid: int, place: Place, mode: StopMode, on_progress: Callable[[str], None]) -> None:
    """Stop server ``pid`` and wait until no process of it is left.

    Raises:
        EmbeddedPostgresError: it is still there after ``STOP_LIMIT_S``, or is not ours to signal.
    """
    claim = read_pid_file(place.cluster)
    if serves(pid, place.cluster):
        try:
            os.kill(pid, _SIGNALS[mode])
        except ProcessLookupError:
            pass
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"The server on {place.cluster} (process {pid}) belongs to another user.",
                "Stop it as the user who started it.",
            ) from error
    begun = time.monotonic()
    told = begun
    while serves(pid, place.cluster):
        now = time.monotonic()
        if now - begun > STOP_LIMIT_S:
            raise EmbeddedPostgresError(
                f"PostgreSQL (process {pid}) has not stopped after {STOP_LIMIT_S:.0f} s.",
                f"See {place.logs}; stop it with mode immediate, which recovers at the next start.",
            )
        if now - told > _PROGRESS_EVERY_S:
            on_progress(f"the database is still writing, {now - begun:.0f} s")
            told = now
        time.sleep(_PAUSE_S)
    if claim is not None and claim.sockets is not None:
        with contextlib.suppress(OSError):
            claim.sockets.rmdir()  # empty now, unless it is not ours


def clear_remains(place: Place, sockets: Path, on_progress: Callable[[str], None]) -> int | None:
    """After a server that died: wait for its children, then remove what names a stranger's pid.

    Children of a killed server hold its shared memory until they notice, and a new server beside
    them would damage the data; so they are waited for, never raced and never killed. What looked
    like remains may be a server that a killed starter left behind before it wrote its pid file:
    once it has, it is the one to adopt, and its pid is returned.

    Raises:
        EmbeddedPostgresError: some are still there after ``ORPHAN_LIMIT_S``.
    """
    begun = time.monotonic()
    told = False
    while orphans := remaining_processes(place.cluster):
        alive = live_server(place.cluster)
        if alive is not None:
            return alive
        if time.monotonic() - begun > ORPHAN_LIMIT_S:
            numbers = " ".join(map(str, orphans))
            raise EmbeddedPostgresError(
                f"Processes of a killed PostgreSQL still hold {place.cluster}: {numbers}.",
                f"End them (kill {numbers}) and start again.",
            )
        if not told:
            on_progress("waiting for the processes of a killed server to end")
            told = True
        time.sleep(_PAUSE_S)
    # PostgreSQL takes any living pid for its owner: a zombie's or a stranger's would block it.
    stale = ("postmaster.pid",), (f".s.PGSQL.{PORT}.lock", f".s.PGSQL.{PORT}")
    for folder, names in zip((place.cluster, sockets), stale, strict=True):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                (folder / name).unlink()
    return None


def last_words(place: Place) -> str:
    """The last complaint of the server, for a sentence; newest file first."""
    logs = sorted(place.logs.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in (place.start_log, *logs[:1]):
        with contextlib.suppress(OSError):
            lines = path.read_text("utf-8", "replace").splitlines()[-50:]
            for mark in ("PANIC:", "FATAL:", "ERROR:", "no user namespace", "error"):
                found = [line for line in lines if mark in line]
                if found:
                    return found[-1].partition(mark)[2].strip() or found[-1].strip()
    return "it left no word"
