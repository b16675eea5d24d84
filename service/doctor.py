"""The doctor's examinations: each says what it looked at, what it found, and the exact remedy."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Final

import asyncpg
import msgspec

from adapters.postgres.embedded import EmbeddedPostgresError
from adapters.postgres.storage_world import read_storage_on_record
from models.bundle.load import BundleRefused, load_bundle
from service.bundles import SHIPPED
from service.run_index import RunIndex
from service.settings import Settings
from service.stores import embedded_server

OUTSIDE_SECONDS: Final = 5.0
FREE_BYTES_MIN: Final = 2 * 1024**3
CLOCK_FLOOR_S: Final = 1_767_225_600  # 2026-01-01: no earlier wall clock can be right
_PYTHON_MIN: Final = (3, 11)


class Finding(msgspec.Struct, frozen=True):
    """One examination. `remedy` is empty when all is well."""

    name: str
    healthy: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> tuple[Finding, ...]:
    """Every finding, in the order in which a start would meet them."""
    return tuple(look(settings) for look in EXAMINATIONS)


def _python(_: Settings) -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    healthy = sys.version_info >= _PYTHON_MIN and not sys.flags.optimize
    return Finding("python", healthy, found, "" if healthy else "Use Python 3.11+ without -O.")


def _data_folder(settings: Settings) -> Finding:
    home = settings.home
    existing = next(p for p in (home, *home.parents) if p.exists())
    if not existing.is_dir():
        remedy = f"Move {existing} away, or use another --data-dir."
        return Finding("data folder", False, f"{existing} is not a folder", remedy)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        remedy = f"Own it (chown {os.getuid()} {existing}) or use another --data-dir."
        return Finding("data folder", False, f"{existing}: {error.strerror}", remedy)
    return Finding("data folder", True, str(home))


def _disk(settings: Settings) -> Finding:
    existing = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    healthy = free >= FREE_BYTES_MIN
    remedy = "" if healthy else "Free at least 2 GiB, or use another --data-dir."
    return Finding("disk", healthy, f"{free / 1024**3:.1f} GiB free", remedy)


def _clock(_: Settings) -> Finding:
    now = time.time()
    healthy = now > CLOCK_FLOOR_S
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    return Finding("clock", healthy, found, "" if healthy else "Set the clock (enable NTP).")


def _database(settings: Settings) -> Finding:
    if settings.journal.dsn:
        return _outside_database(settings.journal.dsn)
    server = embedded_server(settings.home / "postgres")
    try:
        status = server.status()
    except EmbeddedPostgresError as error:
        return Finding("database", False, error.sentence, error.remedy)
    state = status.state.name.lower()
    healthy = state != "unreachable"
    remedy = "" if healthy else "Run `ballast db stop`, then start again."
    return Finding("database", healthy, f"embedded server: {state}", remedy)


def _outside_database(dsn: str) -> Finding:
    async def ask() -> str:
        connection = await asyncpg.connect(dsn, timeout=OUTSIDE_SECONDS)
        try:
            return (await read_storage_on_record(connection)).sentence()
        finally:
            await connection.close()

    try:
        found = asyncio.run(ask())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split()) or "no answer"
        remedy = "Start the server, or correct its address in journal.dsn or journal.dsn_file."
        return Finding("database", False, f"your server does not answer ({why})", remedy)
    return Finding("database", True, f"your server answers: {found}")


def _port(settings: Settings) -> Finding:
    port = settings.server.port
    if not port:
        return Finding("endpoint", True, "takes the first free port from 9464 on")
    with socket.socket() as probe:
        try:
            probe.bind((settings.server.host, port))
        except OSError as error:
            remedy = "Stop what uses it, or set server.port = 0."
            return Finding("endpoint", False, f"port {port}: {error.strerror}", remedy)
    return Finding("endpoint", True, f"port {port} is free")


def _bundles(_: Settings) -> Finding:
    names = []
    for folder in sorted(path for path in SHIPPED.iterdir() if path.is_dir()):
        try:
            bundle = load_bundle(folder)
        except BundleRefused as error:
            return Finding("bundles", False, str(error), "Install Ballast again (make setup).")
        names.append(f"{folder.name} ({bundle.manifest.marker or bundle.manifest.gate.status})")
    return Finding("bundles", bool(names), ", ".join(names))


def _runs(settings: Settings) -> Finding:
    index = RunIndex(settings.home)
    entries = index.entries()
    cards = [index.card(entry.run_id) for entry in entries]
    # A proof that was skipped is not one that failed.
    bad = [
        card.run_id
        for card in cards
        if card is not None and card.parity is not None and not card.proven
    ]
    open_runs = sum(card is None for card in cards)
    found = f"{len(entries)} stored, {open_runs} not closed"
    if bad:
        return Finding("runs", False, found, f"Look at it: ballast replay {bad[-1]} --verify")
    return Finding("runs", True, found)


EXAMINATIONS: Final[tuple[Callable[[Settings], Finding], ...]] = (
    _python,
    _data_folder,
    _disk,
    _clock,
    _database,
    _port,
    _bundles,
    _runs,
)
