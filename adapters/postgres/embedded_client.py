"""The one question that the launcher asks a server: which data directory is yours?

It is asked with the wheel's own ``psql``, because the launcher is synchronous. The queries of the
service live elsewhere.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from adapters.postgres.binaries import QUIET_ENVIRONMENT, Binaries
from adapters.postgres.embedded_address import BOOTSTRAP_ROLE, DATABASE, PORT, ServerAddress


def confirm(binaries: Binaries, cluster: Path, sockets: Path | None) -> ServerAddress | None:
    """Ask the server behind ``sockets`` for its data directory; its address when that is ours.

    The database is created here when it is missing, so a start that was killed in between heals.
    """
    if sockets is None:
        return None
    address = ServerAddress(str(sockets))
    code, said = _ask(binaries, address)
    if code != 0 and f'database "{DATABASE}" does not exist' in said:
        _create_database(binaries, address)
        code, said = _ask(binaries, address)
    if code != 0:
        return None
    try:
        return address if Path(said.removesuffix("\n")).samefile(cluster) else None
    except OSError:
        return None


def _ask(binaries: Binaries, address: ServerAddress) -> tuple[int, str]:
    return _client(
        [binaries.program("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
         "--no-password", "--dbname", address.dsn(), "--command", "SHOW data_directory"]
    )  # fmt: skip


def _create_database(binaries: Binaries, address: ServerAddress) -> None:
    _client(
        [binaries.program("createdb"), "--host", address.host, "--port", str(PORT),
         "--username", BOOTSTRAP_ROLE, "--no-password", DATABASE]
    )  # fmt: skip


def _client(command: Sequence[str]) -> tuple[int, str]:
    try:
        answer = subprocess.run(  # noqa: S603 - the wheel's own clients, no shell
            command, capture_output=True, check=False, timeout=10, cwd="/", env=QUIET_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1, "no answer"
    return answer.returncode, os.fsdecode(answer.stdout or answer.stderr)
