"""Accounts that really traded, backed up and brought back: what the backup tests share."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from pathlib import Path

import msgspec

from adapters.anchors.key import AnchorKey
from adapters.journal.file import FileJournal
from service.backup.manifest import NAME, Manifest, read_manifest
from service.backup.restore import Consent, Restored, restore_backup
from service.backup.steps import Steps
from service.backup.take import Taken, take_backup
from service.bundles import choose_bundle
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.feeds import UNIVERSE, seeded_feed
from service.proof import ProofCard
from service.settings import JournalSettings, Settings
from tests.e2e.conftest import ROOT, environment
from tests.postgres_server import Server

# Takes a backup or restores one, and is killed as soon as the named step has begun.
KILLED = """
import asyncio, os, signal, sys
from contextlib import contextmanager
from pathlib import Path
import msgspec
from service.backup.restore import Consent, restore_backup
from service.backup.steps import Steps
from service.backup.take import take_backup
from service.settings import Settings

class Deadly(Steps):
    @contextmanager
    def step(self, name, total=0):
        def moved(count):
            if name == sys.argv[3]:
                os.kill(os.getpid(), signal.SIGKILL)
        if name == sys.argv[3] and name not in ("copy", "load"):
            moved(0)
        yield moved

settings = msgspec.json.decode(sys.argv[2], type=Settings)
folder = Path(sys.argv[4])
if sys.argv[1] == "backup":
    asyncio.run(take_backup(settings, folder, steps=Deadly()))
else:
    asyncio.run(restore_backup(settings, folder, Consent(force=True), steps=Deadly()))
"""


def settings_for(
    home: Path, *, dsn: str = "", kind: str = "", copy: Path | None = None
) -> Settings:
    """A data folder with its journal on a server, or in files."""
    anchor_copy = "" if copy is None else str(copy)
    journal = JournalSettings(kind=kind, dsn=dsn, anchor_copy=anchor_copy)
    return Settings(data_dir=str(home), journal=journal)


async def traded(settings: Settings, events: int, *, seed: int = 7) -> ProofCard:
    """The account goes on for so many inputs, and proves itself."""
    feed = seeded_feed(seed, UNIVERSE)
    kind = settings.journal.kind or "postgres"
    place = settings.journal.dsn or str(settings.home / "journal")
    plan = RunPlan("PAPER", kind, place, limits=Limits(events=events), lasting=True)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    card = (await trade(settings, feed, choice, plan)).card
    assert card.proven
    return card


async def backed_up(settings: Settings, to: Path, *, with_key: bool = False) -> Taken:
    return await take_backup(settings, to, with_key=with_key, steps=Steps())


async def restored(
    settings: Settings, folder: Path, *, accept: str = "", force: bool = False
) -> Restored:
    consent = Consent(accept=accept, force=force)
    return await restore_backup(settings, folder, consent, steps=Steps())


def killed(verb: str, settings: Settings, step: str, folder: Path) -> int:
    """Run in a process of its own that dies in `step`; its exit code."""
    encoded = msgspec.json.encode(settings).decode()
    command = [sys.executable, "-c", KILLED, verb, encoded, step, str(folder)]
    return subprocess.run(
        command, env=environment({}), cwd=ROOT, capture_output=True, check=False
    ).returncode


def limited(verb: str, settings: Settings, folder: Path, *, bytes_max: int) -> str:
    """Run in a process of its own that may write no longer file; its last words."""
    encoded = msgspec.json.encode(settings).decode()
    # What measures coverage would write a longer file at the end.
    kept = {name: value for name, value in environment({}).items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, verb, encoded, "never", str(folder)],
        env=kept, cwd=ROOT, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max)),
    )  # fmt: skip
    return done.stderr.strip().splitlines()[-1]


def signed_anew(folder: Path, key: AnchorKey, **changes: object) -> Manifest:
    """The manifest with changes, signed by whoever holds the key."""
    manifest = msgspec.structs.replace(
        read_manifest(folder), **changes, public_key=key.public, signature=""
    )
    signature = key.sign(manifest.content())
    manifest = msgspec.structs.replace(manifest, signature=signature)
    (folder / NAME).write_bytes(manifest.data())
    return manifest


def flip(path: Path, offset: int = -40) -> None:
    """Change one byte, counted from the end, or from the middle of a short file."""
    data = bytearray(path.read_bytes())
    data[offset if len(data) > -offset else len(data) // 2] ^= 0x01
    path.write_bytes(data)


async def tables_with_rows(server: Server, database: str) -> list[str]:
    """What a database holds; nothing when it has no schema of ours, or only an empty one."""
    rows = await server.ask(
        database, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace ="
        " to_regnamespace('ballast') AND relname NOT IN ('migration', 'storage_world')"
    )  # fmt: skip
    held = []
    for (name,) in rows:
        if (await server.ask(database, f"SELECT count(*) FROM ballast.{name}"))[0][0]:
            held.append(name)
    return held


def head_of_files(settings: Settings) -> tuple[int, bytes]:
    async def work() -> tuple[int, bytes]:
        journal = FileJournal(settings.home / "journal")
        try:
            return await journal.head()
        finally:
            await journal.close()

    return asyncio.run(work())


class Source:
    """An account that traded, its database, and a backup of it."""

    def __init__(self, settings: Settings, database: str, taken: Taken) -> None:
        self.settings = settings
        self.database = database
        self.taken = taken

    @property
    def key(self) -> AnchorKey:
        return AnchorKey(self.settings.home / "anchors" / "anchor.key")


async def traded_source(server: Server, folder: Path, events: int) -> Source:
    """Made in a folder of its own."""
    database = await server.fresh_database()
    dsn = server.dsn(database, server.administrator)
    settings = settings_for(folder / "home", dsn=dsn)
    await traded(settings, events)
    return Source(settings, database, await backed_up(settings, folder / "backup"))


async def target(server: Server, home: Path) -> tuple[Settings, str]:
    """A data folder of its own, with an empty database."""
    database = await server.empty_database()
    return settings_for(home, dsn=server.dsn(database, server.administrator)), database
