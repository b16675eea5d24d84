"""Backups that need no database server: a journal of files, and what every backup has in common."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from adapters.anchors.key import AnchorKey
from adapters.journal import segment
from adapters.journal.file import FileJournal
from service.anchoring import anchor_log, log_named
from service.backup.manifest import FileCopy, hash_file, read_manifest
from service.backup.restore import Consent, restore_backup
from service.backup.steps import Steps
from service.backup.take import Taken
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.sole_service import sole_service
from tests.backups import (
    backed_up,
    flip,
    head_of_files,
    killed,
    limited,
    restored,
    settings_for,
    signed_anew,
    traded,
)
from tests.journal_samples import frame

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """An account in files, and a backup of it."""
    folder = tmp_path_factory.mktemp("source")

    async def make() -> tuple[Settings, Path]:
        settings = settings_for(folder / "home", kind="file")
        await traded(settings, 1_500)
        return settings, (await backed_up(settings, folder / "backup")).folder

    return asyncio.run(make())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_files_come_back_as_they_were_and_trade_on(
    source: tuple[Settings, Path], tmp_path: Path
) -> None:
    """All but the epoch, which is a new one."""
    original, folder = source
    settings = settings_for(tmp_path / "home", kind="file")
    found = asyncio.run(restored(settings, folder, force=True))
    assert found.epochs == {"paper": 2}
    was, now = contents(original.home / "journal"), contents(settings.home / "journal")
    assert was.pop("epoch.json") != now.pop("epoch.json")
    assert now == was
    assert head_of_files(settings) == head_of_files(original)
    asyncio.run(traded(settings, 500))


def test_a_backup_while_files_are_written_is_of_one_moment(tmp_path: Path) -> None:
    async def work() -> None:
        settings = settings_for(tmp_path / "home", kind="file")
        run = asyncio.create_task(traded(settings, 3_000))
        taken: list[Taken] = []
        while not run.done():
            await asyncio.sleep(0.2)
            if (settings.home / "journal" / "epoch.json").exists():
                taken.append(await backed_up(settings, tmp_path / f"backup {len(taken)}"))
        await run
        heads = [each.manifest.accounts[0].seq for each in taken]
        assert len(set(heads)) > 1, "one of them was taken while it was written"
        for number, each in enumerate(taken[-3:-1]):
            other = settings_for(tmp_path / f"home {number}", kind="file")
            found = await restored(other, each.folder, force=True)
            assert found.accounts[0].seq == each.manifest.accounts[0].seq

    asyncio.run(work())


def test_a_journal_that_is_not_empty_is_left_alone(source: tuple[Settings, Path]) -> None:
    settings, folder = source
    before = contents(settings.home / "journal")
    with pytest.raises(UserError, match=r"is not empty, and nothing is overwritten"):
        asyncio.run(restored(settings, folder))
    assert contents(settings.home / "journal") == before


def test_an_opened_but_empty_journal_is_taken_for_empty(
    source: tuple[Settings, Path], tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "home", kind="file")

    async def opened() -> None:
        await FileJournal(settings.home / "journal").close()
        await restored(settings, source[1], force=True)

    settings.home.mkdir()
    asyncio.run(opened())


def test_a_service_that_trades_is_not_restored_under(
    source: tuple[Settings, Path], tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "home", kind="file")
    with (
        sole_service(settings.home, "The account paper"),
        pytest.raises(UserError, match="is being traded by") as refused,
    ):
        asyncio.run(restored(settings, source[1], force=True))
    assert refused.value.code == ExitCode.FENCED


@pytest.mark.parametrize("name", ["frames", "runs", "snapshots", "epoch.json"])
def test_a_byte_of_any_kind_of_file_is_missed(
    source: tuple[Settings, Path], tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(source[1], folder)
    held = folder / "journal" / name
    flip(next(held.iterdir()) if held.is_dir() else held)
    settings = settings_for(tmp_path / "home", kind="file")
    with pytest.raises(UserError, match="was changed"):
        asyncio.run(restored(settings, folder, force=True))
    assert not (settings.home / "journal").exists()


def test_a_manifest_that_names_another_head_is_refused(
    source: tuple[Settings, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(source[1], folder)
    (head,) = read_manifest(folder).accounts
    key = AnchorKey(source[0].home / "anchors" / "anchor.key")
    signed_anew(folder, key, accounts=(msgspec.structs.replace(head, seq=head.seq - 1),))
    settings = settings_for(tmp_path / "home", kind="file")
    with pytest.raises(UserError, match="does not stand where the manifest says"):
        asyncio.run(restored(settings, folder, force=True))
    assert [path.name for path in settings.home.iterdir()] == ["service.lock"]


def test_files_older_than_what_was_traded_need_a_reason(tmp_path: Path) -> None:
    """And a copy of the anchors in a second place stands in for lost ones."""
    home, copy = tmp_path / "home", tmp_path / "copy"

    async def work() -> None:
        settings = settings_for(home, kind="file", copy=copy)
        await traded(settings, 600)
        taken = await backed_up(settings, tmp_path / "backup")
        await traded(settings, 600)
        shutil.rmtree(home / "journal")
        next((home / "anchors").glob("*.anchors")).unlink()
        with pytest.raises(UserError, match="is older than what was traded"):
            await restored(settings, taken.folder)
        assert not (home / "journal").exists()
        found = await restored(settings, taken.folder, accept="no newer one")
        assert found.accepted[0].is_beyond
        assert anchor_log(settings, "file").read()[-1].reason == "no newer one"
        await traded(settings, 300)

    asyncio.run(work())


@pytest.mark.parametrize("step", ["load", "chain", "anchors"])
def test_a_killed_restore_of_files_leaves_no_journal(
    source: tuple[Settings, Path], tmp_path: Path, step: str
) -> None:
    settings = settings_for(tmp_path / "home", kind="file")
    assert killed("restore", settings, step, source[1]) == -9
    assert not (settings.home / "journal").exists()
    asyncio.run(restored(settings, source[1], force=True))
    assert not (settings.home / ".journal.restoring").exists()


@pytest.mark.parametrize("step", ["copy", "seal"])
def test_a_killed_backup_is_not_there_and_the_next_one_clears_it_away(
    source: tuple[Settings, Path], tmp_path: Path, step: str
) -> None:
    place = tmp_path / "backups"
    assert killed("backup", source[0], step, place / "first") == -9
    assert [path.name[:9] for path in place.iterdir()] == [".partial-"]
    asyncio.run(backed_up(source[0], place / "second"))
    assert [path.name for path in place.iterdir()] == ["second"]


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    source: tuple[Settings, Path], tmp_path: Path, verb: str
) -> None:
    original, folder = source
    fresh = settings_for(tmp_path / "home", kind="file")
    settings = original if verb == "backup" else fresh
    target = tmp_path / "backups" / "new" if verb == "backup" else folder
    said = limited(verb, settings, target, bytes_max=100_000)
    assert "service.failures.UserError: The backup cannot be " in said
    assert "File too large" in said
    assert not (tmp_path / "backups" / "new").exists()
    assert not list(tmp_path.glob("backups/*"))
    assert not (fresh.home / "journal").exists()
    assert not (fresh.home / ".journal.restoring").exists()


def _exists(settings: Settings, tmp_path: Path) -> tuple[Settings, Path]:
    (tmp_path / "there").mkdir()
    return settings, tmp_path / "there"


def _memory(settings: Settings, tmp_path: Path) -> tuple[Settings, Path]:
    return settings_for(settings.home, kind="memory"), tmp_path / "new"


def _no_files(_: Settings, tmp_path: Path) -> tuple[Settings, Path]:
    return settings_for(tmp_path / "nowhere", kind="file"), tmp_path / "new"


def _no_database(_: Settings, tmp_path: Path) -> tuple[Settings, Path]:
    return settings_for(tmp_path / "nowhere"), tmp_path / "new"


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (_exists, ExitCode.USAGE, "is there already"),
        (_memory, ExitCode.USAGE, "kind memory does not last"),
        (_no_files, ExitCode.MISSING, "There is no journal in"),
        (_no_database, ExitCode.MISSING, "There is no database in"),
    ],
)
def test_what_cannot_be_backed_up_is_refused(
    source: tuple[Settings, Path],
    tmp_path: Path,
    *,
    asked: Callable[[Settings, Path], tuple[Settings, Path]],
    code: ExitCode,
    said: str,
) -> None:
    settings, to = asked(source[0], tmp_path)
    with pytest.raises(UserError, match=said) as refused:
        asyncio.run(backed_up(settings, to))
    assert refused.value.code == code
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".partial-*"))


def test_anchors_without_their_key_are_told(source: tuple[Settings, Path], tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "home", kind="file")
    anchors = settings.home / "anchors"
    anchors.mkdir(parents=True)
    shutil.copy(source[0].home / "anchors" / "paper.files.anchors", anchors)
    with pytest.raises(Exception, match="not the key that signed them"):
        asyncio.run(restored(settings, source[1], force=True))
    assert not (settings.home / "journal").exists()


def test_anchors_of_another_account_say_nothing_of_these_files(
    source: tuple[Settings, Path], tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "home", kind="file")
    log_named(settings, "other.files").append(epoch=1, seq=5, root=b"x" * 32, at_ns=1)
    found = asyncio.run(restored(settings, source[1], force=True))
    assert not found.accepted


def test_a_list_of_runs_that_cannot_be_read_does_not_undo_the_restore(
    source: tuple[Settings, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(source[1], folder)
    (listed,) = (each for each in read_manifest(folder).files if each.path.endswith("run.json"))
    (folder / listed.path).write_bytes(b"no run")
    files = tuple(
        FileCopy(each.path, 6, hash_file(folder / each.path)) if each == listed else each
        for each in read_manifest(folder).files
    )
    signed_anew(folder, AnchorKey(source[0].home / "anchors" / "anchor.key"), files=files)
    settings = settings_for(tmp_path / "home", kind="file")
    said: list[str] = []
    restoring = restore_backup(
        settings, folder, Consent(force=True), steps=Steps(), say=said.append
    )
    asyncio.run(restoring)
    assert said[0].startswith("the account is restored, the list of its runs is not")
    assert head_of_files(settings) == head_of_files(source[0])


def test_a_torn_end_is_not_backed_up(source: tuple[Settings, Path], tmp_path: Path) -> None:
    """A crash, or an append that is under way, leaves bytes that are not durable yet."""
    settings = settings_for(tmp_path / "home", kind="file")
    shutil.copytree(source[0].home, settings.home)
    seq, root = head_of_files(settings)
    torn = segment.packed(frame(seq + 1, 3, root=root, epoch=1))[:-5]
    last = max((settings.home / "journal" / "frames").glob("*.frames"))
    whole = last.read_bytes()
    last.write_bytes(whole + torn)
    taken = asyncio.run(backed_up(settings, tmp_path / "backup"))
    assert (taken.folder / "journal" / "frames" / last.name).read_bytes() == whole
    assert taken.manifest.accounts[0].seq == seq
