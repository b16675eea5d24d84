"""One service an account: a lock in its folder, held while a process trades and freed by its death.

The journal's epoch fence is what keeps two leaders from both writing; this lock refuses the second
one at its start, before anything is recovered, and names the first.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from service.failures import ExitCode, UserError

FILE: Final = "service.lock"


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock: its process, and since when (UTC)."""

    pid: int
    since: str


@contextmanager
def sole_service(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock of `folder`, where `what` ("The account paper") is kept.

    Raises UserError(FENCED) naming the holder, UserError(ENVIRONMENT) when the folder cannot be
    used.
    """
    path = folder / FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The folder {folder} cannot be used ({error.strerror}).",
            "Make it a folder that you may write to, or choose another one by --data-dir.",
        ) from error
    try:
        _take(descriptor, path, what)
        yield
    finally:
        os.close(descriptor)


def is_served(folder: Path) -> bool:
    """Whether a service trades the account of `folder`."""
    try:
        refuse_while_served(folder, "look")
    except UserError:
        return True
    return False


def refuse_while_served(folder: Path, deed: str) -> None:
    """Raises UserError(FENCED) while a service trades the account of `folder`."""
    path = folder / FILE
    if not path.exists():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held = _holder(descriptor)
        by = "a process" if held is None else f"process {held.pid} since {held.since} UTC"
        raise UserError(
            ExitCode.FENCED,
            f"The account in {folder} is being traded by {by}; to {deed} would end it unclean.",
            "Stop the service first (Ctrl-C, or kill -TERM), or say --force.",
        ) from error
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, what: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held = _holder(descriptor)
        by = "another process" if held is None else f"process {held.pid} since {held.since} UTC"
        stop = "it" if held is None else f"it (Ctrl-C, or kill -TERM {held.pid})"
        raise UserError(
            ExitCode.FENCED,
            f"{what} in {path.parent} is being traded by {by}.",
            f"Stop {stop} first, or use another --data-dir.",
        ) from error
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, msgspec.json.encode(Holder(os.getpid(), now)), 0)


def _holder(descriptor: int) -> Holder | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
