"""A keyring that works, for the length of a test; never the machine's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
import keyring.backend
import keyring.errors


class MemoryKeyring(keyring.backend.KeyringBackend):
    """Keeps entries in memory. Only an instance is worth choosing, so that none is by default."""

    priority = -1.0

    def __init__(self) -> None:
        self.priority = 1.0
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.kept[service, username]

    def _check(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("planted")


@contextmanager
def memory_keyring() -> Iterator[MemoryKeyring]:
    """One in the place of the machine's."""
    before, mine = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(mine)
    try:
        yield mine
    finally:
        keyring.set_keyring(before)
