"""The embedded PostgreSQL under root, under other users, and beside theirs.

Root is lent to an existing unprivileged account in a forked process, so no user is ever created.
Every test here needs root to change users and is skipped, with that reason, without it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres.binaries import Binaries, copy_binaries, find_binaries
from adapters.postgres.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    ServerAddress,
    ServerState,
)
from adapters.postgres.embedded_account import RootStrategy, choose_account

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run a server as, and beside, another user"
)

STRATEGIES: tuple[RootStrategy, ...] = ("namespace", "account")
NAMELESS_UID = 54_321


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> RootStrategy:
    chosen: RootStrategy = request.param
    if chosen == "namespace":
        try:
            choose_account("namespace", find_binaries(), Path("/tmp"))
        except EmbeddedPostgresError as error:
            pytest.skip(error.sentence)
    return chosen


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can walk to; pytest's own are closed, as a 0700 home is."""
    with tempfile.TemporaryDirectory(prefix="ballast test ", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def open_binaries(open_folder: Path) -> Binaries:
    return copy_binaries(find_binaries(), open_folder)


@pytest.fixture
def other_uid() -> int:
    for name in ("games", "daemon", "bin"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    pytest.skip("there is no unprivileged account to borrow")


def as_user(uid: int, work: Callable[[], object]) -> str:
    """Run ``work`` as ``uid`` in a forked process; "ok", or the error's text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "it ended without a word"
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            work()
            said = "ok"
        finally:
            if sys.exc_info()[1] is not None:
                said = traceback.format_exc()
            os.write(writer, said.encode()[-4_000:])
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


def ask(address: ServerAddress, query: str) -> object:
    async def once() -> object:
        connection = await asyncpg.connect(address.dsn())
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(once())


def serve_twice(server: EmbeddedPostgres) -> None:
    """Start, use, adopt, stop, start again, and end stopped."""
    try:
        for _ in range(2):
            address = server.start()
            assert ask(address, "SELECT session_user::text") == "ballast_bootstrap"
            assert server.start() == address
            assert server.status().state is ServerState.RUNNING
            server.stop()
    finally:
        server.stop("immediate")


def test_root_is_served_where_all_can_walk(open_folder: Path, strategy: RootStrategy) -> None:
    shelter = open_folder / "shelter"
    serve_twice(EmbeddedPostgres(open_folder / "data", root_strategy=strategy, shelter=shelter))
    assert not shelter.exists()


def test_root_is_served_from_a_closed_home_with_closed_programs(
    tmp_path: Path, open_folder: Path, strategy: RootStrategy
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    closed = copy_binaries(find_binaries(), home)
    assert not closed.readable_by_everyone()
    mode = home.stat().st_mode
    serve_twice(
        EmbeddedPostgres(
            home / "data", root_strategy=strategy, binaries=closed, shelter=open_folder / "shelter"
        )
    )
    assert home.stat().st_mode == mode, "a folder that is not the server's was changed"
    sheltered = list((open_folder / "shelter").glob("*/account/cluster"))
    assert len(sheltered) == (1 if strategy == "account" else 0)


def test_root_is_served_in_the_closed_home_of_another_user(
    open_folder: Path, other_uid: int
) -> None:
    """As after sudo, which may keep the user's HOME."""
    home = open_folder / "home"
    (home / "data").mkdir(parents=True)
    os.chown(home, other_uid, other_uid)
    home.chmod(0o700)
    shelter = open_folder / "shelter"
    serve_twice(EmbeddedPostgres(home / "data", shelter=shelter))
    assert list(shelter.glob("*/account/cluster"))


def test_a_sheltered_database_that_is_gone_is_missed_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "elsewhere").write_text(str(tmp_path / "lost"))
    with pytest.raises(EmbeddedPostgresError, match="which is gone"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_the_servers_processes_are_not_root_inside(
    open_folder: Path, strategy: RootStrategy
) -> None:
    server = EmbeddedPostgres(open_folder / "data", root_strategy=strategy)
    try:
        server.start()
        pid = server.status().pid
        status = Path(f"/proc/{pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert Path(f"/proc/{pid}").stat().st_uid == (0 if strategy == "namespace" else 65_534)
    finally:
        server.stop("immediate")


def test_an_existing_cluster_keeps_the_strategy_that_made_it(
    open_folder: Path, strategy: RootStrategy
) -> None:
    server = EmbeddedPostgres(open_folder / "data", root_strategy=strategy)
    server.start()
    server.stop()
    other: RootStrategy = "account" if strategy == "namespace" else "namespace"
    with pytest.raises(EmbeddedPostgresError, match=f"made with the root strategy '{strategy}'"):
        EmbeddedPostgres(open_folder / "data", root_strategy=other).start()
    serve_twice(EmbeddedPostgres(open_folder / "data"))


def test_a_stranger_who_reaches_the_socket_is_still_refused(
    open_folder: Path, strategy: RootStrategy, open_binaries: Binaries, other_uid: int
) -> None:
    server = EmbeddedPostgres(open_folder / "data", root_strategy=strategy)
    try:
        address = server.start()
        folder = Path(address.host)
        folder.parent.chmod(0o755)
        folder.chmod(0o755)
        (folder / ".s.PGSQL.5432").chmod(0o777)
        for uid in (other_uid, 65_534, NAMELESS_UID):
            said = subprocess.run(
                [open_binaries.program("psql"), "-d", address.dsn(), "-c", "SELECT 1"],
                user=uid, group=uid, extra_groups=[], cwd="/", capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert said.returncode == 2
            assert "Peer authentication failed" in said.stderr
    finally:
        server.stop("immediate")
        Path(address.host).parent.chmod(0o711 if strategy == "account" else 0o700)


def test_a_machine_that_forbids_namespaces_lends_an_account(open_folder: Path) -> None:
    """The kernel's own limit, set to none inside a namespace made for this one process."""
    asked, asking = os.pipe()
    mapped, mapping = os.pipe()

    def work() -> None:
        assert ctypes.CDLL(None, use_errno=True).unshare(0x1000_0000) == 0
        os.write(asking, b".")
        os.read(mapped, 1)
        Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="ascii")
        server = EmbeddedPostgres(open_folder / "data")
        serve_twice(server)
        assert (open_folder / "data" / "account" / "cluster").is_dir()

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            if code != 0:
                traceback.print_exc()
            os._exit(code)
    os.read(asked, 1)
    for which in ("gid_map", "uid_map"):
        Path(f"/proc/{pid}/{which}").write_text("0 0 65536", encoding="ascii")
    os.write(mapping, b".")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    for end in (asked, asking, mapped, mapping):
        os.close(end)


def test_little_shared_memory_is_enough(open_folder: Path) -> None:
    """A container's /dev/shm of 64 kB, mounted for one process tree only."""

    def work() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(0x0002_0000) == 0  # CLONE_NEWNS
        assert libc.mount(b"none", b"/", None, 0x4_4000, None) == 0  # MS_REC | MS_PRIVATE
        assert libc.mount(b"shm", b"/dev/shm", b"tmpfs", 0, b"size=64k") == 0
        server = EmbeddedPostgres(open_folder / "data")
        try:
            address = server.start()
            assert ask(address, "SHOW dynamic_shared_memory_type") == "mmap"
            force = "SET debug_parallel_query = on; SELECT count(*) FROM pg_class"
            subprocess.run(
                [find_binaries().program("psql"), "-d", address.dsn(), "-qc", force], check=True
            )
        finally:
            server.stop("immediate")

    assert as_user(0, work) == "ok"


def test_an_ordinary_user_is_served(
    open_folder: Path, open_binaries: Binaries, other_uid: int
) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, other_uid, other_uid)
    said = as_user(
        other_uid, lambda: serve_twice(EmbeddedPostgres(home / "a b", binaries=open_binaries))
    )
    assert said == "ok", said


def test_two_users_are_served_side_by_side(
    open_folder: Path, open_binaries: Binaries, other_uid: int
) -> None:
    ours = EmbeddedPostgres(open_folder / "ours")
    theirs = open_folder / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, other_uid, other_uid)
    try:
        address = ours.start()
        said = as_user(
            other_uid, lambda: serve_twice(EmbeddedPostgres(theirs, binaries=open_binaries))
        )
        assert said == "ok", said
        assert ask(address, "SELECT 1") == 1
    finally:
        ours.stop("immediate")


def test_a_user_without_a_name_is_served_through_a_namespace(
    open_folder: Path, open_binaries: Binaries
) -> None:
    """As in a container that was given a bare number for its user."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("there is no interpreter that a bare user id can run")
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NAMELESS_UID, NAMELESS_UID)
    shim = open_folder / "embedded_namespace.py"
    shutil.copy(Path(__file__).parents[2] / "adapters/postgres/embedded_namespace.py", shim)
    shim.chmod(0o644)

    def work() -> None:
        with pytest.MonkeyPatch.context() as patch:
            # This interpreter and checkout may lie in root's closed home.
            patch.setattr("sys.executable", python)
            patch.setattr("adapters.postgres.embedded_account._SHIM", shim)
            serve_twice(EmbeddedPostgres(home / "data", binaries=open_binaries))

    said = as_user(NAMELESS_UID, work)
    if "user namespace is refused" in said:
        pytest.skip("this machine forbids user namespaces to ordinary users")
    assert said == "ok", said


def test_another_user_gets_one_sentence_about_our_data_directory(
    open_folder: Path, open_binaries: Binaries, other_uid: int
) -> None:
    data_dir = open_folder / "data"
    data_dir.mkdir(mode=0o755)

    def work() -> None:
        for attempt in ("start", "stop", "status"):
            with pytest.raises(EmbeddedPostgresError, match="belongs to root, and this is"):
                getattr(EmbeddedPostgres(data_dir, binaries=open_binaries), attempt)()

    said = as_user(other_uid, work)
    assert said == "ok", said
