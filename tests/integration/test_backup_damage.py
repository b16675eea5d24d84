"""Every way a backup can be wrong is one sentence, and leaves the place it should go to empty."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.anchors.key import AnchorKey, make_key
from adapters.postgres.migrations import Applied
from adapters.postgres.table_copies import TableCopy
from service.backup.manifest import NAME, FileCopy, check_files, hash_file, read_manifest
from service.failures import ExitCode, UserError
from service.settings import Settings
from tests.backups import (
    backed_up,
    flip,
    restored,
    settings_for,
    signed_anew,
    tables_with_rows,
    traded,
)
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.timeout(120)


class Damage:
    """One thing that is done to a whole backup in `folder`."""

    def __init__(self, folder: Path, key: AnchorKey) -> None:
        self.folder = folder
        self.key = key

    def flip(self, name: str) -> None:
        flip(self.folder / name)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def cut(self, name: str) -> None:
        path = self.folder / name
        path.write_bytes(path.read_bytes()[:-1])

    def write(self, data: bytes) -> None:
        (self.folder / NAME).write_bytes(data)

    def edit(self, was: bytes, now: bytes) -> None:
        data = (self.folder / NAME).read_bytes()
        assert was in data
        self.write(data.replace(was, now, 1))

    def sign(self, **changes: object) -> None:
        """Whoever holds the key can say anything; what is said must still be true."""
        signed_anew(self.folder, self.key, **changes)

    def sign_by_another(self) -> None:
        signed_anew(self.folder, make_key(self.folder / "another.key"))

    def recount(self, name: str) -> None:
        tables = read_manifest(self.folder).tables
        self.sign(
            tables=tuple(
                msgspec.structs.replace(each, rows=each.rows + (each.name == name))
                for each in tables
            )
        )

    def add_migration(self, number: int, name: str) -> None:
        kept = read_manifest(self.folder).migrations[: number - 1]
        self.sign(migrations=(*kept, Applied(number, name, "0" * 64)))

    def name_outside(self, path: str) -> None:
        self.sign(files=(FileCopy(path, 0, ""),))

    def name_table(self, name: str) -> None:
        first, *rest = read_manifest(self.folder).tables
        self.sign(tables=(msgspec.structs.replace(first, name=name), *rest))


# What is done, the code of the refusal, and a part of its sentence.
WRONG: tuple[tuple[str, Callable[[Damage], Any], int, str], ...] = (
    ("a table's byte", lambda it: it.flip("tables/journal_frame.copy"), 4, "was changed"),
    ("a small table's byte", lambda it: it.flip("tables/lease.copy"), 4, "lease.copy was changed"),
    ("an anchor's byte", lambda it: it.flip("anchors/paper.server.anchors"), 4, "was changed"),
    ("a table cut", lambda it: it.cut("tables/transfer.copy"), 4, "are listed"),
    ("a table gone", lambda it: it.remove("tables/fill.copy"), 4, "fill.copy is missing"),
    ("the anchors gone", lambda it: it.remove("anchors/paper.server.anchors"), 4, "is missing"),
    ("no manifest", lambda it: it.remove(NAME), 8, "is no whole backup"),
    ("a manifest's byte", lambda it: it.edit(b'"product"', b'"prodwct"'), 4, "cannot be read"),
    ("a manifest edited", lambda it: it.edit(b'"seq": ', b'"seq": 1'), 4, "changed after it was"),
    ("no JSON", lambda it: it.write(b"nothing"), 4, "cannot be read"),
    ("a later format", lambda it: it.sign(format=2), 3, "has format 2"),
    ("a foreign signature", lambda it: it.sign_by_another(), 4, "was signed by the key"),
    ("no signature", lambda it: it.edit(b'"signature": "', b'"signature": "z'), 4, "changed"),
    ("another row count", lambda it: it.recount("order_event"), 4, "rows, .* are listed"),
    ("a newer migration", lambda it: it.add_migration(99, "later"), 5, "0099_later"),
    ("an edited migration", lambda it: it.add_migration(2, "records"), 5, "records is not"),
    ("a path outside", lambda it: it.name_outside("../home/x"), 4, "which no backup holds"),
    ("an absolute path", lambda it: it.name_outside("/etc/passwd"), 4, "which no backup holds"),
    ("an odd table", lambda it: it.name_table("fill; --"), 4, "which no backup holds"),
    ("an unknown table", lambda it: it.name_table("nowhere"), 4, "nowhere.copy is missing"),
    ("another head", lambda it: it.sign(accounts=()), 9, "do not stand where its manifest"),
)  # fmt: skip


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def whole(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """A data folder and a backup of it."""
    folder = tmp_path_factory.mktemp("whole")

    async def make() -> tuple[Settings, Path]:
        dsn = server.dsn(await server.fresh_database(), server.administrator)
        settings = settings_for(folder / "home", dsn=dsn)
        await traded(settings, 1_500)
        return settings, (await backed_up(settings, folder / "backup")).folder

    return asyncio.run(make())


@pytest.fixture(scope="module")
def empty(server: Server) -> str:
    """One database for all that is refused: it stays empty."""
    return asyncio.run(server.empty_database())


def test_a_check_counts_rows_without_a_database(
    server: Server, whole: tuple[Settings, Path], tmp_path: Path
) -> None:
    """A signed count that is wrong, and a signed file that is no copy."""
    settings, source = whole
    key = AnchorKey(settings.home / "anchors" / "anchor.key")
    folder = tmp_path / "backup"
    shutil.copytree(source, folder)
    check_files(read_manifest(folder), folder, lambda _: None, rows=True)
    Damage(folder, key).recount("order_event")
    with pytest.raises(UserError, match=r"order_event.copy holds \d+ rows, \d+ are listed"):
        check_files(read_manifest(folder), folder, lambda _: None, rows=True)
    (folder / "tables" / "fill.copy").write_bytes(b"no copy")
    false = TableCopy("fill", (), 0, 7, hash_file(folder / "tables" / "fill.copy"))
    signed_anew(folder, key, tables=(false,))
    with pytest.raises(UserError, match=r"fill.copy is no copy of a table"):
        check_files(read_manifest(folder), folder, lambda _: None, rows=True)


@pytest.mark.parametrize(
    ("wrong", "code", "said"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_wrong_is_refused_in_one_sentence_and_nothing_is_restored(
    server: Server,
    whole: tuple[Settings, Path],
    empty: str,
    tmp_path: Path,
    *,
    wrong: Callable[[Damage], Any],
    code: int,
    said: str,
) -> None:
    settings, source = whole
    folder = tmp_path / "backup"
    shutil.copytree(source, folder)
    wrong(Damage(folder, AnchorKey(settings.home / "anchors" / "anchor.key")))
    dsn = server.dsn(empty, server.administrator)
    elsewhere = msgspec.structs.replace(
        settings, journal=msgspec.structs.replace(settings.journal, dsn=dsn)
    )
    with pytest.raises(UserError, match=said) as refused:
        asyncio.run(restored(elsewhere, folder))
    assert refused.value.code == ExitCode(code)
    assert refused.value.sentence.endswith(".")
    assert "\n" not in refused.value.sentence
    assert asyncio.run(tables_with_rows(server, empty)) == []
