"""Where one embedded server lies, whose that must be, and the lock that one starter holds.

The data directory has ``lock``, ``start.log``, ``cluster/``, ``log/``, ``configuration/``. With a
lent account, cluster and log lie in ``account/``, or below a shelter when the account cannot walk
to the data directory (the file ``elsewhere`` names it). Only folders made here are changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.postgres.binaries import passable
from adapters.postgres.embedded_account import Account, user_name
from adapters.postgres.embedded_address import EmbeddedPostgresError

SHELTER = Path("/var/lib/ballast")
"""Where a lent account keeps a cluster whose data directory it cannot walk to (a 0700 home)."""

CLUSTER_PATH_BYTES_MAX = 900  # MAXPGPATH is 1024, and PostgreSQL appends names of its own
LOCK_WAIT_S = 90.0
_TOLD_AFTER_S = 1.0
_OTHER_FOLDER = "Choose another folder with --data-dir or BALLAST__DATA_DIR."


@dataclass(frozen=True)
class Place:
    """The folders of one server: ``home`` is its account's, ``base`` holds ``home`` and is ours."""

    data_dir: Path
    base: Path
    home: Path

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def logs(self) -> Path:
        return self.home / "log"

    @property
    def configuration(self) -> Path:
        return self.base / "configuration"

    @property
    def start_log(self) -> Path:
        return self.data_dir / "start.log"


def refuse_other_systems() -> None:
    """Raise EmbeddedPostgresError unless this is Linux: the launcher's evidence is in /proc."""
    if platform.system() != "Linux":
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL runs on Linux, and this is {platform.system()}.",
            "Name your own PostgreSQL server in the settings.",
        )


def find_place(data_dir: Path) -> Place:
    """The place as it is on disk, for whoever made it; changes nothing."""
    pointer = data_dir / "elsewhere"
    base = Path(pointer.read_text(encoding="utf-8")) if pointer.is_file() else data_dir
    home = base / "account"
    return Place(data_dir, base, home if home.is_dir() else base)


def prepare_data_dir(path: Path) -> Path:
    """Make the data directory (0700) unless it is there, and check that it is ours.

    Raises:
        EmbeddedPostgresError: someone else's, unusable, or a name that PostgreSQL cannot take.
    """
    try:
        folder = path.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error
    check_data_dir(folder)
    if "\n" in str(folder) or len(os.fsencode(folder)) > CLUSTER_PATH_BYTES_MAX:
        raise EmbeddedPostgresError(
            f"PostgreSQL cannot keep its files in {str(folder)!r}: the path has a line break or"
            f" more than {CLUSTER_PATH_BYTES_MAX} bytes.",
            _OTHER_FOLDER,
        )
    return folder


def check_data_dir(folder: Path) -> None:
    """Raise EmbeddedPostgresError unless the folder is there and ours."""
    try:
        owner = folder.stat().st_uid
    except OSError as error:
        raise _unusable(folder, error) from error
    if owner != os.geteuid():
        raise EmbeddedPostgresError(
            f"The data directory {folder} belongs to {user_name(owner)}, and this is"
            f" {user_name(os.geteuid())}.",
            f"Run as its owner. {_OTHER_FOLDER}",
        )


def _unusable(folder: Path, error: OSError) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"The data directory {folder} cannot be used: {error.strerror}.", _OTHER_FOLDER
    )


def prepare_place(data_dir: Path, account: Account, shelter: Path) -> Place:
    """Make the folders that ``account`` needs; those of an earlier start are found again."""
    place = find_place(data_dir)
    if not place.base.is_dir():
        raise EmbeddedPostgresError(
            f"The database of {data_dir} lay in {place.base}, which is gone.",
            f"Restore that folder, or remove {data_dir} to begin a new database.",
        )
    if account.kind == "account":
        data_dir.chmod(0o711)  # our own folder: the account walks through it, and lists nothing
        base = place.base
        if base == data_dir and place.home == data_dir and not passable(data_dir):
            base = _sheltered(data_dir, shelter)
        place = Place(data_dir, base, base / "account")
        place.home.mkdir(mode=0o700, exist_ok=True)
        os.chown(place.home, account.uid, account.gid)
    place.configuration.mkdir(exist_ok=True)
    place.configuration.chmod(0o755)
    return place


def _sheltered(data_dir: Path, shelter: Path) -> Path:
    """A new folder in the shelter, named at random: a new data directory finds no old data."""
    shelter.mkdir(mode=0o711, parents=True, exist_ok=True)
    if shelter.is_symlink() or shelter.stat().st_uid != os.geteuid() or not passable(shelter):
        raise EmbeddedPostgresError(
            f"The account that runs PostgreSQL cannot walk to {data_dir}, nor to {shelter}.",
            "Choose a data directory that every account can walk to, such as /srv/ballast.",
        )
    base = shelter / secrets.token_hex(8)
    base.mkdir()
    base.chmod(0o711)
    pointer = data_dir / "elsewhere.new"
    pointer.write_text(str(base), encoding="utf-8")
    pointer.rename(data_dir / "elsewhere")
    return base


@contextlib.contextmanager
def starter_lock(data_dir: Path, on_progress: Callable[[str], None]) -> Iterator[int]:
    """Hold the data directory's lock and yield its descriptor; released when every copy is closed.

    Raises:
        EmbeddedPostgresError: another starter holds it for longer than ``LOCK_WAIT_S``.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        begun = time.monotonic()
        told = False
        while not _locked(descriptor):
            waited_s = time.monotonic() - begun
            if waited_s > LOCK_WAIT_S:
                raise EmbeddedPostgresError(
                    f"Another ballast has been starting or stopping the server in {data_dir} for"
                    f" {waited_s:.0f} s.",
                    f"Wait for it, or end it (see: fuser {data_dir / 'lock'}), and start again.",
                )
            if waited_s > _TOLD_AFTER_S and not told:
                on_progress("waiting for another start or stop of this database")
                told = True
            time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
