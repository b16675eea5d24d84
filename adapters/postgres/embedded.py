"""The embedded PostgreSQL 18: start or adopt it, stop it, say how it is.

Here is only the order of the steps; the ADR on the embedded server says why each is there. Calls
block: a service runs them in a thread. The server outlives a killed owner, and the next start
adopts it; ``release`` stops it only when this object started it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapters.postgres.binaries import Binaries, find_binaries
from adapters.postgres.embedded_account import (
    Account,
    RootStrategy,
    choose_account,
    programs_for,
)
from adapters.postgres.embedded_address import (
    EmbeddedPostgresError,
    ServerAddress,
    ServerState,
    ServerStatus,
    in_one_sentence,
)
from adapters.postgres.embedded_client import confirm
from adapters.postgres.embedded_cluster import check_cluster, create_cluster, write_configuration
from adapters.postgres.embedded_liveness import live_server, read_pid_file
from adapters.postgres.embedded_place import (
    SHELTER,
    Place,
    check_data_dir,
    find_place,
    prepare_data_dir,
    prepare_place,
    refuse_other_systems,
    starter_lock,
)
from adapters.postgres.embedded_server import (
    StopMode,
    await_server,
    clear_remains,
    end,
    last_words,
    launch,
)
from adapters.postgres.embedded_socket import prepare_socket_folder

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "ServerAddress",
    "ServerState",
    "ServerStatus",
]

_ATTEMPTS = 3


class EmbeddedPostgres:
    """One server on one data directory.

    Args:
        data_dir: the server's own folder; made 0700 when absent.
        on_progress: called with one short sentence when a step takes noticeable time.
        root_strategy: how root runs a server that refuses root; "auto" prefers a user namespace.
        binaries: another installation of PostgreSQL 18 than the wheel's.
        shelter: where a lent account keeps data when it cannot walk to ``data_dir``.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        on_progress: Callable[[str], None] = lambda _sentence: None,
        root_strategy: RootStrategy = "auto",
        binaries: Binaries | None = None,
        shelter: Path = SHELTER,
    ) -> None:
        self._data_dir = data_dir.expanduser().absolute()
        self._on_progress = on_progress
        self._root_strategy = root_strategy
        self._binaries = binaries
        self._shelter = shelter
        self._started_pid: int | None = None

    def start(self) -> ServerAddress:
        """Adopt the running server of this data directory, else start it, else first make it.

        Raises:
            EmbeddedPostgresError: it cannot run; the sentence says why.
        """
        refuse_other_systems()
        data_dir = prepare_data_dir(self._data_dir)
        binaries = self._installed()
        with in_one_sentence(data_dir), starter_lock(data_dir, self._on_progress) as lock:
            for _ in range(_ATTEMPTS):
                address = self._adopt_or_launch(data_dir, binaries, lock)
                if address is not None:
                    return address
            place = find_place(data_dir)
            raise EmbeddedPostgresError(
                f"PostgreSQL does not start: {last_words(place)}.",
                f"Read its log in {place.logs} and {place.start_log}, and put that right.",
            )

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server, whoever started it; nothing to do when none runs.

        ``fast`` ends open connections and writes a checkpoint; ``immediate`` is a controlled crash.
        """
        if not self._data_dir.is_dir():
            return
        data_dir = prepare_data_dir(self._data_dir)
        with in_one_sentence(data_dir), starter_lock(data_dir, self._on_progress):
            place = find_place(data_dir)
            pid = live_server(place.cluster)
            if pid is not None:
                end(pid, place, mode, self._on_progress)
        self._started_pid = None

    def release(self) -> None:
        """The clean exit of an owner: stop the server if, and only if, this object started it."""
        if self._started_pid is None:
            return
        if live_server(find_place(self._data_dir.resolve()).cluster) == self._started_pid:
            self.stop()

    def status(self) -> ServerStatus:
        """How the server is; changes nothing and waits for nothing longer than one query."""
        data_dir = self._data_dir.resolve()
        if not data_dir.exists():
            return ServerStatus(ServerState.ABSENT, data_dir / "cluster")
        check_data_dir(data_dir)
        place = find_place(data_dir)
        if not check_cluster(place.cluster):
            return ServerStatus(ServerState.ABSENT, place.cluster)
        pid = live_server(place.cluster)
        claim = read_pid_file(place.cluster)
        if pid is None or claim is None:
            return ServerStatus(ServerState.STOPPED, place.cluster)
        address = confirm(self._installed(), place.cluster, claim.sockets)
        state = ServerState.UNREACHABLE if address is None else ServerState.RUNNING
        return ServerStatus(state, place.cluster, pid, address)

    def _installed(self) -> Binaries:
        if self._binaries is None:
            self._binaries = find_binaries()
        return self._binaries

    def _adopt_or_launch(
        self, data_dir: Path, binaries: Binaries, lock: int
    ) -> ServerAddress | None:
        """One attempt; None when the server ended, or had to be ended, and a next one may do."""
        place = find_place(data_dir)
        pid = live_server(place.cluster)
        if pid is None:
            place, pid = self._launch(data_dir, binaries, lock)
        address = await_server(pid, binaries, place, self._on_progress)
        if address is None and live_server(place.cluster) == pid:
            # Ours, by the kernel's word, and out of reach: its socket has been swept away.
            self._on_progress("restarting a server that lost its socket")
            end(pid, place, "fast", self._on_progress)
        return address

    def _launch(self, data_dir: Path, binaries: Binaries, lock: int) -> tuple[Place, int]:
        account = self._account(data_dir, binaries)
        place = prepare_place(data_dir, account, self._shelter)
        programs = programs_for(account, binaries, place.base, self._on_progress)
        if not check_cluster(place.cluster):
            self._on_progress("creating the database, once")
            create_cluster(programs, account, place, lock)
        sockets = prepare_socket_folder(place.cluster, account)
        alive = clear_remains(place, sockets, self._on_progress)
        if alive is not None:
            return place, alive
        arguments = write_configuration(account, place, sockets)
        pid = launch(account, [programs.program("postgres"), *arguments], place)
        self._started_pid = pid
        return place, pid

    def _account(self, data_dir: Path, binaries: Binaries) -> Account:
        """The user for this server: the one who made the cluster, when there is a cluster."""
        place = find_place(data_dir)
        made_by_account = place.home != data_dir
        strategy = self._root_strategy
        if made_by_account or place.cluster.exists():
            kept: RootStrategy = "account" if made_by_account else "namespace"
            if strategy not in {"auto", kept}:
                raise EmbeddedPostgresError(
                    f"The database in {data_dir} was made with the root strategy {kept!r}, not"
                    f" {strategy!r}.",
                    f"Use {kept!r} or 'auto', or choose another data directory.",
                )
            strategy = kept
        return choose_account(strategy, binaries, data_dir)
