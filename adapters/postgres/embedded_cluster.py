"""Making a cluster, all or nothing, and the settings that every start writes anew.

The settings files are ours and lie outside the cluster, where the server's account cannot write, so
they cannot drift; what an operator tunes with ALTER SYSTEM is kept. No process is supervised here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from adapters.postgres.binaries import MAJOR, Binaries
from adapters.postgres.embedded_account import Account
from adapters.postgres.embedded_address import BOOTSTRAP_ROLE, PORT, ROLES, EmbeddedPostgresError
from adapters.postgres.embedded_place import Place

_SETTINGS = """\
# Written by every start. Tune with ALTER SYSTEM, which is kept.
max_connections = 30
shared_buffers = 64MB
fsync = on
full_page_writes = on
synchronous_commit = on
wal_compression = on
dynamic_shared_memory_type = {dynamic_shared_memory}
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
unix_socket_permissions = 0700
logging_collector = on
log_directory = '../log'
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_line_prefix = '%m [%p] %u@%d '
"""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory lies on Linux
_SHARED_MEMORY_BYTES_MIN = 16 * 1024 * 1024
_DISK_BYTES_MIN = 200 * 1024 * 1024


def check_cluster(cluster: Path) -> bool:
    """Whether a cluster of our version is there; False when there is none at all yet.

    Raises:
        EmbeddedPostgresError: something else is there.
    """
    try:
        major = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if not cluster.exists():
            return False
        major = ""
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The database in {cluster} cannot be read: {error.strerror}.",
            "Run as the user who made it.",
        ) from error
    if major == str(MAJOR):
        return True
    if major:
        raise EmbeddedPostgresError(
            f"The database in {cluster} was made by PostgreSQL {major}, and this is {MAJOR}.",
            f"Dump it with version {major}, move the folder away, and restore the dump.",
        )
    raise EmbeddedPostgresError(
        f"{cluster} is there but is not a PostgreSQL database.", "Move it away and start again."
    )


def create_cluster(binaries: Binaries, account: Account, place: Place, lock: int) -> None:
    """Make the cluster beside its name and rename it, so that a killed start leaves nothing half.

    ``initdb`` inherits the lock: should we be killed, the next starter waits until it has ended,
    and then sweeps what it left.
    """
    _refuse_full_disk(place)
    for leftover in place.home.glob("cluster.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=place.home))
    if account.switch is not None:
        os.chown(fresh, *account.switch)
    command = [
        binaries.program("initdb"), "--pgdata", str(fresh / "cluster"),
        "--username", BOOTSTRAP_ROLE, "--auth=peer", "--data-checksums", "--no-instructions",
        "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        # initdb runs the server too, and would fail where shared memory is tight.
        "--set", f"dynamic_shared_memory_type={_dynamic_shared_memory()}",
    ]  # fmt: skip
    child = account.spawn(command, output=subprocess.PIPE, keep=(lock,))
    said, _ = child.communicate()
    if child.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        reasons = [line for line in said.splitlines() if "error:" in line or "FATAL:" in line]
        last = (reasons or said.strip().splitlines() or ["no word from initdb"])[-1]
        raise EmbeddedPostgresError(
            f"The database could not be created in {place.home}: {last.strip()}.",
            "Put that right (often disk space or file permissions) and start again.",
        )
    (fresh / "cluster").rename(place.cluster)
    _flush_folder(place.home)
    fresh.rmdir()


def _flush_folder(folder: Path) -> None:
    """Make a rename durable: initdb has flushed the files, this flushes their name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_full_disk(place: Place) -> None:
    free = shutil.disk_usage(place.home).free
    if free < _DISK_BYTES_MIN:
        raise EmbeddedPostgresError(
            f"There are {free // 2**20} MB free for {place.home}, and a new database takes"
            f" {_DISK_BYTES_MIN // 2**20} MB.",
            "Free some space, or choose another folder with --data-dir.",
        )


def write_configuration(account: Account, place: Place, sockets: Path) -> list[str]:
    """Write the three settings files and return the server's arguments that name them."""
    settings = _SETTINGS.format(dynamic_shared_memory=_dynamic_shared_memory())
    texts = {
        "postgresql.conf": settings,
        # One line, one method: the kernel says who is at the other end of the socket.
        "pg_hba.conf": "local all all peer map=ballast\n",
        "pg_ident.conf": "".join(f'ballast "{account.peer}" {role}\n' for role in ROLES),
    }
    for name, text in texts.items():
        path = place.configuration / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    quoted = str(sockets).replace('"', '""')
    options = {
        "config_file": place.configuration / "postgresql.conf",
        "hba_file": place.configuration / "pg_hba.conf",
        "ident_file": place.configuration / "pg_ident.conf",
        "listen_addresses": "",
        "unix_socket_directories": f'"{quoted}"',
        "port": PORT,
    }
    arguments = ["-D", str(place.cluster)]
    for option, value in options.items():
        arguments += ["-c", f"{option}={value}"]
    return arguments


def _dynamic_shared_memory() -> str:
    """``posix``, or files in the cluster where containers leave too little shared memory.

    Only parallel queries use it; the buffers lie in anonymous memory either way.
    """
    try:
        found = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return "mmap"
    enough = found.f_bavail * found.f_frsize >= _SHARED_MEMORY_BYTES_MIN
    return "posix" if enough and os.access(_SHARED_MEMORY, os.W_OK) else "mmap"
