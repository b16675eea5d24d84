"""Anchors and their key across a restore: a loss is told, and never taken in silence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.anchors.key import AnchorError, AnchorKey
from adapters.postgres.roles import prepare_database
from service.anchoring import anchor_log, log_named
from service.failures import ExitCode, UserError
from tests.backups import (
    Source,
    backed_up,
    restored,
    tables_with_rows,
    target,
    traded,
    traded_source,
)
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def source(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return asyncio.run(traded_source(server, tmp_path_factory.mktemp("source"), 600))


def test_a_backup_older_than_what_was_traded_needs_a_reason(server: Server, tmp_path: Path) -> None:
    """Both inputs are named; the reason stays in the anchors, and the account goes on."""

    async def work() -> None:
        home = tmp_path / "home"
        first, _ = await target(server, home)
        await prepare_database(first.journal.dsn)
        await traded(first, 600)
        taken = await backed_up(first, tmp_path / "backup")
        await traded(first, 600)
        reached = anchor_log(first, "postgres").read()[-1]
        head = taken.manifest.head("paper")
        assert head is not None
        assert reached.seq > head.seq
        second, database = await target(server, home)
        with pytest.raises(UserError, match="older than what was traded") as refused:
            await restored(second, taken.folder)
        assert f"input {head.seq} " in refused.value.sentence
        assert f"input {reached.seq} " in refused.value.sentence
        assert refused.value.code == ExitCode.NOT_PROVEN
        assert await tables_with_rows(server, database) == []
        found = await restored(second, taken.folder, accept="the disk burnt")
        assert [each.anchored_seq for each in found.accepted] == [reached.seq]
        assert found.epochs["paper"] > reached.epoch
        newest = anchor_log(second, "postgres").read()[-1]
        assert (newest.seq, newest.reason) == (head.seq, "the disk burnt")
        await traded(second, 300)

    asyncio.run(work())


def test_an_account_that_is_not_in_the_backup_at_all_is_told(
    server: Server, source: Source, tmp_path: Path
) -> None:
    """It goes on from nothing only when that is accepted."""

    async def work() -> None:
        settings, database = await target(server, tmp_path / "home")
        other = log_named(settings, "other.server")
        other.append(epoch=1, seq=5, root=b"x" * 32, at_ns=1)
        with pytest.raises(UserError, match="account other ends at input 0 in it, and input 5"):
            await restored(settings, source.taken.folder, force=True)
        assert await tables_with_rows(server, database) == []
        await restored(settings, source.taken.folder, force=True, accept="it was a trial")
        newest = log_named(settings, "other.server").read()[-1]
        assert (newest.seq, newest.reason) == (0, "it was a trial")

    asyncio.run(work())


def test_another_history_than_the_anchored_one_is_refused(
    server: Server, source: Source, tmp_path: Path
) -> None:
    async def work() -> None:
        settings, database = await target(server, tmp_path / "home")
        anchor_log(settings, "postgres").append(epoch=1, seq=1, root=b"x" * 32, at_ns=1)
        with pytest.raises(AnchorError, match="written anew"):
            await restored(settings, source.taken.folder, force=True, accept="whatever")
        assert await tables_with_rows(server, database) == []

    asyncio.run(work())


def test_a_backup_with_its_key_brings_anchors_and_key_along(
    server: Server, source: Source, tmp_path: Path
) -> None:
    async def work() -> None:
        taken = await backed_up(source.settings, tmp_path / "backup", with_key=True)
        settings, _ = await target(server, tmp_path / "home")
        await restored(settings, taken.folder, force=True)
        was = anchor_log(source.settings, "postgres").read()
        assert anchor_log(settings, "postgres").read() == was
        key = settings.home / "anchors" / "anchor.key"
        assert AnchorKey(key).public == taken.manifest.public_key
        assert key.stat().st_mode & 0o777 == 0o600

    asyncio.run(work())


def test_a_restore_without_the_key_begins_anchors_of_its_own(
    server: Server, source: Source, tmp_path: Path
) -> None:
    async def work() -> None:
        settings, _ = await target(server, tmp_path / "home")
        await restored(settings, source.taken.folder, force=True)
        head = source.taken.manifest.head("paper")
        assert head is not None
        (only,) = anchor_log(settings, "postgres").read()
        assert (only.seq, only.root, only.epoch) == (head.seq, head.root, head.epoch + 1)
        assert only.reason.endswith(source.taken.manifest.public_key)

    asyncio.run(work())
