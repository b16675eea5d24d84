"""Servers with and without TimescaleDB for the tests: the real one is not to be had, so a stand-in.

The stand-in (tests/timescale_stand_in) has its names and refusals and keeps what was called; that
the real one does what it is documented to do, no test here can say.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.postgres.storage_world import World
from tests.postgres_server import (
    KINDS,
    Server,
    embedded_server,
    machine_programs,
    machine_server,
    running_server,
)

STAND_IN = Path(__file__).parent / "timescale_stand_in"
LICENSES = {World.APACHE: "apache", World.COMMUNITY: "timescale"}
PLACES = [(kind, world) for kind in KINDS for world in World]


@dataclass(frozen=True)
class Place:
    """A server, and the world that databases on it are to be in."""

    server: Server
    world: World

    async def empty(self) -> str:
        """A database of this world in which nothing was made yet."""
        return await self._installed(await self.server.empty_database())

    async def migrated(self) -> str:
        """A migrated database in which the extension was installed later."""
        return await self._installed(await self.server.fresh_database())

    async def _installed(self, database: str) -> str:
        if self.world is not World.ABSENT:
            await self.server.run(database, installing(database, LICENSES[self.world]))
        return database

    def dsn(self, database: str) -> str:
        return self.server.dsn(database, self.server.administrator)


def installing(database: str, license_name: str, version: str = "2.28.3") -> str:
    """What an administrator does to a database so that it has the extension."""
    licensed = f"ALTER DATABASE {database} SET timescaledb.license TO '{license_name}'"
    made = f"CREATE EXTENSION timescaledb VERSION '{version}'"
    return f"{licensed}; {made}" if license_name else made


def place_of(config: pytest.Config, kind: str, world: World) -> Place:
    """The server of that kind; one that knows the stand-in unless the world has none."""
    if world is World.ABSENT:
        return Place(running_server(config, kind), world)
    starting = _machine if kind == "machine" else _embedded
    return Place(running_server(config, f"{kind} with the stand-in", starting), world)


@contextlib.contextmanager
def _machine() -> Iterator[Server]:
    """The machine's programs in a folder of their own: they look for extensions beside it."""
    programs = machine_programs()
    if programs is None:
        pytest.skip("no PostgreSQL is installed on this machine (initdb was not found)")
    version = programs.parent.name
    share = Path("/usr/share/postgresql") / version
    if not share.is_dir() or programs != Path("/usr/lib/postgresql") / version / "bin":
        pytest.skip(f"the files of the PostgreSQL in {programs} do not lie as Debian lays them")
    with tempfile.TemporaryDirectory(prefix="bls-") as name:
        root = Path(name)
        root.chmod(0o755)
        own = root / "usr/lib/postgresql" / version
        (own / "bin").mkdir(parents=True)
        for program in ("initdb", "postgres"):
            shutil.copy2(programs / program, own / "bin")
        (own / "lib").symlink_to(programs.parent / "lib")
        copy = root / "usr/share/postgresql" / version
        shutil.copytree(share, copy)
        shutil.copytree(STAND_IN, copy, dirs_exist_ok=True)
        with machine_server(own / "bin") as server:
            yield server


@contextlib.contextmanager
def _embedded() -> Iterator[Server]:
    """The embedded PostgreSQL 18 is told where else extensions lie."""
    with tempfile.TemporaryDirectory(prefix="ble-") as name, embedded_server() as server:
        Path(name).chmod(0o755)
        shutil.copytree(STAND_IN, name, dirs_exist_ok=True)
        asyncio.run(server.run(
            "postgres", f"ALTER SYSTEM SET extension_control_path = '$system:{name}'"
        ))  # fmt: skip
        asyncio.run(server.run("postgres", "SELECT pg_reload_conf()"))
        yield server


async def called(place: Place, database: str) -> list[str]:
    """What was asked of the stand-in, in order."""
    rows = await place.server.ask(
        database, "SELECT call FROM _timescaledb_catalog.called ORDER BY ordinal"
    )
    return [row[0] for row in rows]
