"""The control box: how a person on this machine speaks to a running service.

A command is a file in a 0700 folder, written whole and renamed into place; the driver takes it,
journals it as an input and removes it. Who may write there is who owns the data folder. A command
left while nothing runs is taken at the next start.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import msgspec

from actors.messages.control import (
    Correction,
    KillSwitch,
    Reactivate,
    ReadingAsked,
    SwitchConsent,
)
from actors.messages.profile import ProfileChange, ProfileChangeWithdrawn

POLL_SECONDS: Final = 0.25
Command = (
    KillSwitch
    | Reactivate
    | Correction
    | SwitchConsent
    | ReadingAsked
    | ProfileChange
    | ProfileChangeWithdrawn
)


class ControlBox:
    """Commands for the account of one data folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "control"
        self._looked = 0.0
        self._taken: list[Path] = []

    def post(self, command: Command) -> Path:
        """Leave a command; returns its file."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{time.time_ns():020d}-{os.getpid()}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(msgspec.msgpack.encode(command))
        temporary.replace(path)
        return path

    def take(self) -> list[Command]:
        """Commands in the order in which they were left; looks at most every quarter second.

        They stay in the box until `settle`. A file that is no command is removed.
        """
        now = time.monotonic()
        if now - self._looked < POLL_SECONDS:
            return []
        self._looked = now
        if not self._folder.is_dir():
            return []
        taken: list[Command] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                taken.append(msgspec.msgpack.decode(path.read_bytes(), type=Command))
            except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
                path.unlink(missing_ok=True)
                continue
            self._taken.append(path)
        return taken

    def settle(self) -> None:
        """What was taken is durable now; a crash before this only repeats a command."""
        for path in self._taken:
            path.unlink(missing_ok=True)
        self._taken.clear()
