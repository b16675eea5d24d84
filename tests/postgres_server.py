"""PostgreSQL servers for the tests: the machine's own, found by its programs, and the embedded one.

A server is started once a test run in a folder of its own. Every test gets a fresh database, copied
from one that was migrated, so that tests cannot see each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from adapters.postgres.roles import prepare_database

TEMPLATE = "ballast_template"
KINDS = ("machine", "embedded")
UNGUARD = "; ".join(
    f"ALTER EVENT TRIGGER ballast_guard_{name} DISABLE"
    for name in ("change", "drop", "grants", "guards", "itself")
)
GUARD = UNGUARD.replace("DISABLE", "ENABLE ALWAYS")


@dataclass
class Server:
    """A running server: where its socket is, and who its administrator is."""

    kind: str
    host: str
    port: int
    administrator: str
    pid: int = 0
    made: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def dsn(self, database: str, role: str) -> str:
        return f"postgresql://{role}@/{database}?host={self.host}&port={self.port}"

    async def fresh_database(self) -> str:
        """The name of a migrated database that nobody has used."""
        return await self._make("test", TEMPLATE)

    async def copy_of(self, database: str) -> str:
        """The name of a database that is a copy of that one, which nobody may be connected to."""
        return await self._make("copy", database)

    async def empty_database(self) -> str:
        """The name of a database with nothing in it."""
        return await self._make("empty", "template0")

    def keep(self, database: str) -> str:
        """That database, which stays until the server stops: later tests read it too."""
        self.made.remove(database)
        return database

    async def drop_since(self, count: int) -> None:
        """Remove every database but the first `count` that were made, whoever is connected."""
        gone, self.made = self.made[count:], self.made[:count]
        connection = await asyncpg.connect(self.dsn("postgres", self.administrator))
        try:
            for name in gone:
                await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await connection.close()

    async def _make(self, kind: str, template: str) -> str:
        name = f"{kind}_{os.getpid()}_{next(self._numbers)}"
        await self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.made.append(name)
        return name

    async def make_template(self) -> None:
        await self._administer(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        await self._administer(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        await prepare_database(self.dsn(TEMPLATE, self.administrator))

    async def ask(self, database: str, query: str, role: str = "") -> list[asyncpg.Record]:
        """The rows of one query over a connection of its own."""
        connection = await asyncpg.connect(self.dsn(database, role or self.administrator))
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    async def run(self, database: str, commands: str) -> None:
        """Several commands as the administrator, in one connection."""
        connection = await asyncpg.connect(self.dsn(database, self.administrator))
        try:
            await connection.execute(commands)
        finally:
            await connection.close()

    async def tamper(self, database: str, commands: str) -> None:
        """What a superuser can do who first puts every guard and trigger to sleep."""
        await self.run(database, f"{UNGUARD}; {commands}")
        await self.run(database, GUARD)

    async def _administer(self, command: str) -> None:
        await self.run("postgres", command)


def machine_programs() -> Path | None:
    """The folder of an installed initdb and postgres, the newest that there is."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    named = shutil.which("initdb")
    if named is not None:
        candidates.append(Path(named))
    for initdb in candidates:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    return None


def unprivileged() -> pwd.struct_passwd | None:
    """Whom root runs the server as; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


@contextlib.contextmanager
def machine_server(named: Path | None = None) -> Iterator[Server]:
    """The machine's PostgreSQL, or the programs in that folder, on a cluster of its own; skips
    when there is none.
    """
    programs = named or machine_programs()
    if programs is None:
        pytest.skip("no PostgreSQL is installed on this machine (initdb was not found)")
    account = unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="bls-"))
    data = folder / "data"
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    user, group, groups = (
        (account.pw_uid, account.pw_gid, [account.pw_gid]) if account else (None, None, None)
    )
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "--no-locale"],
            check=True,
            capture_output=True,
            cwd=folder,
            user=user,
            group=group,
            extra_groups=groups,
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=user,
                group=group,
                extra_groups=groups,
            )
        try:
            server = Server("machine", str(folder), 5432, "postgres", process.pid)
            await_answer(server)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.send_signal(3)
                process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def embedded_server() -> Iterator[Server]:
    """The embedded PostgreSQL; skips where it cannot run."""
    folder = Path(tempfile.mkdtemp(prefix="ble-"))
    server = EmbeddedPostgres(folder / "data")
    try:
        address = server.start()
    except EmbeddedPostgresError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"the embedded PostgreSQL does not run here: {error}")
    try:
        yield Server("embedded", address.host, address.port, address.user)
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def await_answer(server: Server, limit_s: float = 15.0) -> None:
    async def ask() -> None:
        await (await asyncpg.connect(server.dsn("postgres", server.administrator))).close()

    limit = time.monotonic() + limit_s
    while time.monotonic() < limit:
        try:
            asyncio.run(ask())
        except (OSError, asyncpg.PostgresError):
            time.sleep(0.05)
        else:
            return
    pytest.fail("the machine's PostgreSQL does not start")


_running: dict[str, Server] = {}


def made_by_now() -> dict[str, int]:
    """How many databases each running server was asked for."""
    return {kind: len(server.made) for kind, server in _running.items()}


def drop_made_since(before: dict[str, int]) -> None:
    """Remove what was made later: thousands of databases would need tens of gigabytes."""
    for kind, server in _running.items():
        count = before.get(kind, 0)
        if len(server.made) > count:
            asyncio.run(server.drop_since(count))


def running_server(
    config: pytest.Config,
    kind: str,
    starting: Callable[[], contextlib.AbstractContextManager[Server]] | None = None,
) -> Server:
    """The server of that kind, started once and stopped when the test run ends."""
    if kind not in _running:
        stack = contextlib.ExitStack()
        usual = machine_server if kind == "machine" else embedded_server
        server = stack.enter_context((starting or usual)())
        config.add_cleanup(stack.close)
        asyncio.run(server.make_template())
        _running[kind] = server
    return _running[kind]
