"""The embedded PostgreSQL on real servers: the first start, adoption, stopping, refusals.

What kills leave behind and what root and other users do have files of their own.
"""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.binaries import PROGRAMS, find_binaries, verify_binaries
from adapters.postgres.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    ServerAddress,
    ServerState,
)


def ask(address: ServerAddress, query: str, role: str | None = None) -> list[list[object]]:
    """The rows of one query over a connection of its own, the way the service connects."""

    async def once() -> list[list[object]]:
        connection = await asyncpg.connect(address.dsn(role))
        try:
            return [list(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(once())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("shared") / "data")
    yield server.start()
    server.stop()


@pytest.fixture
def absent(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of a data directory that does not exist yet."""
    server = EmbeddedPostgres(tmp_path / "data")
    yield server
    server.stop("immediate")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was started once and stopped; making a cluster is the dear part."""
    folder = tmp_path_factory.mktemp("stopped") / "data"
    server = EmbeddedPostgres(folder)
    server.start()
    server.stop()
    return folder


@pytest.fixture
def server(absent: EmbeddedPostgres, stopped: Path, tmp_path: Path) -> EmbeddedPostgres:
    """A server of a copy of `stopped`, or of nothing where the cluster is kept elsewhere."""
    if (stopped / "cluster" / "PG_VERSION").exists():
        subprocess.run(["cp", "-a", stopped, tmp_path / "data"], check=True)
    return absent


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_version_num", "18"),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("wal_compression", "pglz"),
        ("max_connections", "30"),
        ("shared_buffers", "64MB"),
        ("listen_addresses", ""),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("logging_collector", "on"),
        ("log_rotation_age", "1d"),
    ],
)
def test_a_first_start_makes_a_safe_server(
    running: ServerAddress, setting: str, value: str
) -> None:
    [[found]] = ask(running, f"SHOW {setting}")
    assert str(found).startswith(value)
    assert value or found == ""


def test_text_sorts_by_code_point_whatever_the_machine_has_installed(
    running: ServerAddress,
) -> None:
    rows = ask(
        running,
        "SELECT datlocprovider::text, datlocale, datcollate FROM pg_database"
        " WHERE datname = 'ballast'",
    )
    assert rows == [["b", "C.UTF-8", "C"]]


def test_only_peer_is_ever_accepted(running: ServerAddress) -> None:
    rules = ask(running, "SELECT type, auth_method FROM pg_hba_file_rules")
    assert rules == [["local", "peer"]]


def test_the_owner_connects_as_each_of_the_roles(running: ServerAddress) -> None:
    for role in ("ballast_owner", "ballast_writer", "ballast_reader"):
        ask(running, f"CREATE ROLE {role} LOGIN")
        assert ask(running, "SELECT current_user::text", role) == [[role]]


def test_a_role_that_is_not_ours_is_refused_even_when_it_exists(running: ServerAddress) -> None:
    ask(running, "CREATE ROLE stranger LOGIN SUPERUSER")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="Peer"):
        ask(running, "SELECT 1", "stranger")


def test_the_socket_folder_is_closed_to_others_and_short(running: ServerAddress) -> None:
    found = Path(running.host).lstat()
    assert stat.S_IMODE(found.st_mode) == 0o700
    assert len(os.fsencode(running.host)) + len("/.s.PGSQL.5432") <= 107


def test_the_address_for_psql_is_the_readers(running: ServerAddress) -> None:
    assert running.psql_url().startswith("postgresql://ballast_reader@/ballast?host=%2F")


def test_the_state_goes_from_absent_to_running_to_stopped(absent: EmbeddedPostgres) -> None:
    server = absent
    assert server.status().state is ServerState.ABSENT
    address = server.start()
    status = server.status()
    assert status.state is ServerState.RUNNING
    assert status.address == address
    server.stop()
    assert server.status().state is ServerState.STOPPED
    server.stop()


def test_a_second_start_adopts_the_running_server(server: EmbeddedPostgres, tmp_path: Path) -> None:
    address = server.start()
    pid = server.status().pid
    assert server.start() == address
    other = EmbeddedPostgres(tmp_path / "data")
    assert other.start() == address
    assert other.status().pid == pid


def test_only_the_object_that_started_the_server_releases_it(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.start()
    other = EmbeddedPostgres(tmp_path / "data")
    other.start()
    other.release()
    assert server.status().state is ServerState.RUNNING
    server.release()
    assert server.status().state is ServerState.STOPPED


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_committed_rows_survive_a_stop_and_a_start(server: EmbeddedPostgres, mode: str) -> None:
    address = server.start()
    ask(address, "CREATE TABLE kept (n integer)")
    ask(address, "INSERT INTO kept VALUES (7)")
    server.stop("fast" if mode == "fast" else "immediate")
    assert ask(server.start(), "SELECT n FROM kept") == [[7]]


def test_a_stop_leaves_no_socket_folder(server: EmbeddedPostgres) -> None:
    address = server.start()
    server.stop()
    assert not Path(address.host).exists()


def test_a_server_whose_socket_was_swept_away_is_restarted(server: EmbeddedPostgres) -> None:
    address = server.start()
    pid = server.status().pid
    for path in Path(address.host).iterdir():
        path.unlink()
    assert server.status().state is ServerState.UNREACHABLE
    assert ask(server.start(), "SELECT 1") == [[1]]
    assert server.status().pid != pid


def test_a_missing_database_is_made_again(server: EmbeddedPostgres) -> None:
    address = server.start()
    admin = ServerAddress(address.host, database="postgres")
    ask(admin, "DROP DATABASE ballast")
    assert ask(server.start(), "SELECT current_database()::text") == [["ballast"]]


@pytest.mark.parametrize(
    "name",
    ["with two spaces", 'it\'s $HOME "quoted" `x`\\', "ünï…", "-n", "/".join(["long" * 50] * 3)],
    ids=["spaces", "shell characters", "not ASCII", "a dash", "600 bytes"],
)
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    server = EmbeddedPostgres(tmp_path / name)
    try:
        for _ in range(2):
            assert ask(server.start(), "SELECT 1") == [[1]]
            assert server.status().state is ServerState.RUNNING
            server.stop()
    finally:
        server.stop("immediate")


def test_the_users_own_postgresql_variables_change_nothing(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "/nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    server.start()
    status = server.status()
    assert status.state is ServerState.RUNNING
    assert "nowhere" not in Path(f"/proc/{status.pid}/environ").read_text()


def test_the_runtime_folder_of_the_login_is_preferred(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="run", dir="/tmp") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        assert server.start().host.startswith(f"{runtime}/ballast/")
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        assert EmbeddedPostgres(tmp_path / "data").start().host.startswith(runtime)
        server.stop()


@pytest.mark.parametrize("flaw", ["link", "open", "long"])
def test_a_runtime_folder_that_others_could_use_is_not_used(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, flaw: str
) -> None:
    with tempfile.TemporaryDirectory(prefix="run", dir="/tmp") as runtime:
        base = Path(runtime) / ("x" * 100 if flaw == "long" else "base")
        base.mkdir()
        squatted = base / f"ballast-{os.geteuid()}"
        if flaw == "link":
            (base / "elsewhere").mkdir()
            squatted.symlink_to(base / "elsewhere")
        elif flaw == "open":
            squatted.mkdir()
            squatted.chmod(0o777)
        monkeypatch.setattr(tempfile, "tempdir", str(base))
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        assert not server.start().host.startswith(runtime)
        server.stop()


def refusal(data_dir: Path) -> EmbeddedPostgresError:
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(data_dir).start()
    assert caught.value.sentence.endswith(".")
    assert caught.value.remedy
    return caught.value


def test_a_data_directory_of_someone_else_is_refused_in_one_sentence(tmp_path: Path) -> None:
    theirs = Path("/")
    if os.geteuid() == 0:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        os.chown(theirs, 1, 1)
    assert "belongs to" in refusal(theirs).sentence


def test_a_file_in_the_place_of_the_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "cannot be used" in refusal(tmp_path / "data").sentence


def test_a_cluster_of_another_version_is_refused_and_untouched(tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("15\n")
    assert "made by PostgreSQL 15" in refusal(tmp_path / "data").sentence
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def test_a_folder_that_is_no_cluster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data" / "cluster").mkdir(parents=True)
    assert "not a PostgreSQL database" in refusal(tmp_path / "data").sentence


def test_a_setting_that_stops_the_server_is_traced_to_its_file(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.start()
    server.stop()
    tuned = tmp_path / "data" / "cluster" / "postgresql.auto.conf"
    tuned.write_text("max_connections = 'many'\n")
    assert f'"{tuned}" contains errors' in refusal(tmp_path / "data").sentence
    tuned.write_text("")


def test_programs_of_another_version_are_refused() -> None:
    older = find_binaries().folder.with_name("pginstall")
    if not older.is_dir():
        pytest.skip("the wheel ships no other version to try")
    with pytest.raises(EmbeddedPostgresError, match="not version 18"):
        verify_binaries(older)


@pytest.mark.parametrize("absent", PROGRAMS)
def test_a_missing_program_is_named(tmp_path: Path, absent: str) -> None:
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        if name != absent:
            (tmp_path / "bin" / name).write_text("")
    with pytest.raises(EmbeddedPostgresError, match=f"lacks {absent}"):
        verify_binaries(tmp_path)
