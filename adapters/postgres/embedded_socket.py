"""The folder of the server's socket: short, private, and recorded by the server itself.

A socket's path has at most 107 bytes and a data directory may be longer, so the folder is named
by a hash and lies in the user's runtime folder. What others own or could redirect is never used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from adapters.postgres.binaries import passable
from adapters.postgres.embedded_account import Account
from adapters.postgres.embedded_address import PORT, EmbeddedPostgresError

SOCKET_PATH_BYTES_MAX = 107  # sockaddr_un.sun_path is 108 bytes with its final zero


def prepare_socket_folder(cluster: Path, account: Account) -> Path:
    """Make the 0700 folder, owned by the server's account, in the first usable runtime folder."""
    digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:12]
    for parent in _runtime_folders(account):
        folder = parent / digest
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES_MAX:
            continue
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            if account.switch is not None and folder.stat().st_uid == os.geteuid():
                os.chown(folder, *account.switch)
            if _is_private(folder, account.uid, 0o077):
                return folder
    raise EmbeddedPostgresError(
        "There is no folder for the database's socket: neither $XDG_RUNTIME_DIR nor the temporary"
        " folder can be written to with a short enough path.",
        "Set TMPDIR to a short folder of yours, such as /tmp.",
    )


def _runtime_folders(account: Account) -> Iterator[Path]:
    """Candidate parents, best first; each exists, is ours, and is closed to others' writing."""
    uid = os.geteuid()
    lent = account.kind == "account"
    own = os.environ.get("XDG_RUNTIME_DIR")
    if own and not lent and _is_private(Path(own), uid, 0o077):
        yield from _made(Path(own) / "ballast", uid, 0o700)
    name, mode = (f"ballast-account-{uid}", 0o711) if lent else (f"ballast-{uid}", 0o700)
    for temporary in dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"))):  # noqa: S108
        if not lent or passable(temporary):
            yield from _made(temporary / name, uid, mode)
    # Someone squats on our names: a random one does as well, because postmaster.pid records it.
    with contextlib.suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix=f"ballast-{uid}-", dir="/tmp"))
        folder.chmod(mode)
        yield folder


def _made(folder: Path, uid: int, mode: int) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if _is_private(folder, uid, 0o022):
            folder.chmod(mode)
            yield folder


def _is_private(folder: Path, uid: int, forbidden: int) -> bool:
    """A real folder, no link, that ``uid`` owns, without any of the forbidden mode bits."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & forbidden
