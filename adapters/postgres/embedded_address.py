"""What others see of the embedded PostgreSQL: its address, its state and its one kind of error.

No file, socket or program is touched here.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PORT = 5432
"""Only a part of the socket's name: the server listens on no network port."""

DATABASE = "ballast"
BOOTSTRAP_ROLE = "ballast_bootstrap"
READER_ROLE = "ballast_reader"
ROLES = (BOOTSTRAP_ROLE, "ballast_owner", "ballast_writer", READER_ROLE)
"""The names that the operating-system user who owns the server may connect as."""


class EmbeddedPostgresError(Exception):
    """The embedded server cannot do what was asked: one sentence that says why, and what to do."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


@dataclass(frozen=True)
class ServerAddress:
    """Where a running server is reached; ``host`` is the folder of its socket."""

    host: str
    port: int = PORT
    user: str = BOOTSTRAP_ROLE
    database: str = DATABASE

    def dsn(self, role: str | None = None) -> str:
        """A connection URI for asyncpg or libpq, as ``role`` (default: the bootstrap superuser)."""
        folder = quote(self.host, safe="")
        user = quote(role or self.user, safe="")
        return f"postgresql://{user}@/{quote(self.database)}?host={folder}&port={self.port}"

    def psql_url(self, role: str = READER_ROLE) -> str:
        """The address to hand to ``psql``: the reader's unless another role is named."""
        return self.dsn(role)


class ServerState(enum.Enum):
    """What is known of the server without asking it to change."""

    ABSENT = "absent"
    """There is no cluster in the data directory yet."""
    STOPPED = "stopped"
    RUNNING = "running"
    """It answered and confirmed its data directory."""
    UNREACHABLE = "unreachable"
    """Its program runs on this cluster but does not answer (starting, stopping, or socket lost)."""


@dataclass(frozen=True)
class ServerStatus:
    """The state with the facts that explain it; ``address`` is set exactly when RUNNING."""

    state: ServerState
    cluster: Path
    pid: int | None = None
    address: ServerAddress | None = None


@contextlib.contextmanager
def in_one_sentence(data_dir: Path) -> Iterator[None]:
    """What the operating system refuses on the way, as the one kind of error that we raise."""
    try:
        yield
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The database in {data_dir} cannot be started or stopped: {error}.",
            "Put that right (often free space or permissions) and try again.",
        ) from error
