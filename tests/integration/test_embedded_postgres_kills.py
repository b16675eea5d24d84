"""The embedded PostgreSQL after SIGKILL: of the server, of the starter, of both, and half-way.

Nothing is simulated: processes are killed, stopped and left as zombies.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.postgres import embedded_server
from adapters.postgres.binaries import find_binaries
from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, ServerState
from adapters.postgres.embedded_client import confirm
from adapters.postgres.embedded_liveness import remaining_processes


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    EmbeddedPostgres(folder).stop("immediate")


def in_a_child(work: Callable[[], object]) -> int:
    """Run ``work`` in a forked process and return its pid; the process ends without clean-up."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def pid_of(data_dir: Path) -> int:
    status = EmbeddedPostgres(data_dir).status()
    assert status.state is ServerState.RUNNING
    assert status.pid is not None
    return status.pid


def wait_until(met: Callable[[], bool], limit_s: float = 10.0) -> None:
    begun = time.monotonic()
    while not met():
        assert time.monotonic() - begun < limit_s, "it did not happen in time"
        time.sleep(0.01)


def test_a_killed_server_is_started_again(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    address = server.start()
    killed = pid_of(data_dir)
    os.kill(killed, signal.SIGKILL)
    assert server.start() == address
    assert pid_of(data_dir) != killed


def test_a_server_outlives_its_killed_starter_and_is_adopted(data_dir: Path) -> None:
    def start_and_die() -> None:
        EmbeddedPostgres(data_dir).start()
        os.kill(os.getpid(), signal.SIGKILL)

    assert exit_code(in_a_child(start_and_die)) == -signal.SIGKILL
    survivor = pid_of(data_dir)
    EmbeddedPostgres(data_dir).start()
    assert pid_of(data_dir) == survivor


def test_the_interrupt_key_does_not_reach_the_server(data_dir: Path) -> None:
    EmbeddedPostgres(data_dir).start()
    assert os.getpgid(pid_of(data_dir)) != os.getpgid(0)


@pytest.mark.parametrize("after_ms", [0, 60, 150, 300, 420, 480, 540])
def test_a_starter_killed_at_any_moment_of_the_first_start_leaves_nothing_half_made(
    data_dir: Path, after_ms: int
) -> None:
    starter = in_a_child(lambda: EmbeddedPostgres(data_dir).start())
    time.sleep(after_ms / 1_000)
    os.kill(starter, signal.SIGKILL)
    exit_code(starter)
    EmbeddedPostgres(data_dir).start()
    assert pid_of(data_dir)
    assert list(data_dir.glob("cluster.new-*")) == []
    assert len([pid for pid in remaining_processes(data_dir / "cluster") if is_root_of(pid)]) == 1


def test_the_initdb_of_a_killed_starter_keeps_the_next_one_waiting(data_dir: Path) -> None:
    starter = in_a_child(lambda: EmbeddedPostgres(data_dir).start())
    wait_until(lambda: any(data_dir.glob("cluster.new-*/cluster/PG_VERSION")))
    os.kill(starter, signal.SIGKILL)
    exit_code(starter)
    with (data_dir / "lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    EmbeddedPostgres(data_dir).start()
    assert pid_of(data_dir)


def is_root_of(pid: int) -> bool:
    """Whether this PostgreSQL process is a postmaster: its parent is not PostgreSQL.

    A worker that ended since it was listed is none.
    """
    try:
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1]
        return Path(f"/proc/{parent}/comm").read_text().strip() != "postgres"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_two_starters_at_once_share_one_server(data_dir: Path) -> None:
    starters = [in_a_child(lambda: EmbeddedPostgres(data_dir).start()) for _ in range(4)]
    assert [exit_code(pid) for pid in starters] == [0, 0, 0, 0]
    postmasters = [pid for pid in remaining_processes(data_dir / "cluster") if is_root_of(pid)]
    assert postmasters == [pid_of(data_dir)]


def with_pid_file_of(data_dir: Path, pid: int) -> None:
    """A stopped cluster whose leftover pid file and socket lock name ``pid``."""
    server = EmbeddedPostgres(data_dir)
    server.start()
    claim = (data_dir / "cluster" / "postmaster.pid").read_text()
    server.stop()
    _, _, rest = claim.partition("\n")
    (data_dir / "cluster" / "postmaster.pid").write_text(f"{pid}\n{rest}")


@pytest.mark.parametrize("where", ["/", "data/cluster"])
def test_a_pid_file_that_names_a_stranger_is_no_server(
    data_dir: Path, tmp_path: Path, where: str
) -> None:
    EmbeddedPostgres(data_dir).start()
    with subprocess.Popen(["sleep", "50"], cwd=tmp_path / where) as stranger:
        with_pid_file_of(data_dir, stranger.pid)
        server = EmbeddedPostgres(data_dir)
        assert server.status().state is ServerState.STOPPED
        server.stop()
        server.start()
        assert pid_of(data_dir) != stranger.pid
        assert stranger.poll() is None, "a stranger was signalled"
        stranger.kill()


def test_a_pid_file_that_names_a_zombie_is_no_server(data_dir: Path) -> None:
    zombie = in_a_child(lambda: None)
    wait_until(lambda: ") Z " in Path(f"/proc/{zombie}/stat").read_text())
    with_pid_file_of(data_dir, zombie)
    EmbeddedPostgres(data_dir).start()
    assert pid_of(data_dir) != zombie
    exit_code(zombie)


@pytest.mark.parametrize("text", ["", "\n", "not a number\n", "99999999\n", "-1\n"])
def test_a_damaged_pid_file_is_no_server(data_dir: Path, text: str) -> None:
    with_pid_file_of(data_dir, 1)
    (data_dir / "cluster" / "postmaster.pid").write_text(text)
    EmbeddedPostgres(data_dir).start()
    assert pid_of(data_dir)


def frozen_child_of_killed_server(data_dir: Path) -> int:
    """Kill the postmaster while one of its children cannot notice; return that child."""
    EmbeddedPostgres(data_dir).start()
    postmaster = pid_of(data_dir)
    child = next(pid for pid in remaining_processes(data_dir / "cluster") if pid != postmaster)
    os.kill(child, signal.SIGSTOP)
    os.kill(postmaster, signal.SIGKILL)
    return child


def test_a_restart_waits_for_the_children_of_a_killed_server(data_dir: Path) -> None:
    child = frozen_child_of_killed_server(data_dir)

    def thaw_later() -> None:
        time.sleep(1.0)
        os.kill(child, signal.SIGCONT)

    thaw = in_a_child(thaw_later)
    begun = time.monotonic()
    EmbeddedPostgres(data_dir).start()
    assert time.monotonic() - begun > 0.8
    exit_code(thaw)


def test_children_that_never_end_are_named_and_not_killed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = frozen_child_of_killed_server(data_dir)
    monkeypatch.setattr(embedded_server, "ORPHAN_LIMIT_S", 0.5)
    try:
        with pytest.raises(EmbeddedPostgresError, match=str(child)) as caught:
            EmbeddedPostgres(data_dir).start()
        assert f"kill {child}" in caught.value.remedy
    finally:
        os.kill(child, signal.SIGCONT)
    EmbeddedPostgres(data_dir).start()


def test_a_server_of_another_data_directory_is_never_adopted(
    data_dir: Path, tmp_path: Path
) -> None:
    theirs = EmbeddedPostgres(tmp_path / "other")
    try:
        address = theirs.start()
        EmbeddedPostgres(data_dir).start()
        assert confirm(find_binaries(), data_dir / "cluster", Path(address.host)) is None
    finally:
        theirs.stop()


def test_a_data_directory_that_moved_under_its_server_comes_back(tmp_path: Path) -> None:
    before = EmbeddedPostgres(tmp_path / "before")
    before.start()
    (tmp_path / "before").rename(tmp_path / "after")
    after = EmbeddedPostgres(tmp_path / "after")
    after.start()
    assert after.status().state is ServerState.RUNNING
    cluster = tmp_path / "after" / "cluster"
    assert len([pid for pid in remaining_processes(cluster) if is_root_of(pid)]) == 1
    after.stop()
