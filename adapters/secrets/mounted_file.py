"""A key in a file that a container or an init system mounts: read only, nothing of it is copied.

Who may read it is the mount's affair (containers hand secrets out readable to all within); who
may write it is ours to refuse.
"""

from __future__ import annotations

from pathlib import Path

from adapters.secrets.private_file import read_private
from adapters.secrets.stored import SecretError, StoredKey, Trouble, parsed


class MountedFile:
    """The secret at `path`."""

    name = "mounted"

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def put(self, key: StoredKey) -> None:
        """Nothing is written: what is mounted must be the key already."""
        if not self.get().same_as(key):
            raise SecretError(
                Trouble.UNUSABLE,
                f"The file {self._path} holds another key, and a mounted secret is only read.",
                "Change the secret where it is mounted from.",
            )

    def get(self) -> StoredKey:
        """What is mounted now."""
        return parsed(read_private(self._path, others_may_read=True), self.place)

    def remove(self) -> bool:
        """Nothing is removed: unmount it where it is mounted from."""
        return False
