"""A program: enter a user namespace as one unprivileged user, then become another program.

PostgreSQL refuses to run as root. Inside the namespace this process is the user that was named, to
the kernel outside it stays who it was, so files keep their owner and nothing needs to be copied.
It is run by its path with ``python -I -S`` and imports nothing of ours. The pid stays the same.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

REFUSED = 97
"""Exit code: the kernel, or what contains us, does not allow a user namespace."""

_CLONE_NEWUSER = 0x1000_0000  # <linux/sched.h>; os.unshare exists only from Python 3.12 on


def enter(uid: int, gid: int) -> None:
    """Map this process's effective user and group to ``uid`` and ``gid`` in a new namespace.

    Raises:
        OSError: it is not allowed here.
    """
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    # user_namespaces(7): a group map may be written only once setgroups has been given up.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1", encoding="ascii")


def main(arguments: list[str]) -> int:
    """``UID GID FOLDER PROGRAM [ARGUMENT...]``: does not return when the program was started.

    Root inside has none of root's power over other users' folders, so FOLDER is tried first.
    """
    uid, gid, folder, *command = arguments
    try:
        enter(int(uid), int(gid))
    except OSError as error:
        sys.stderr.write(f"no user namespace: {error.strerror}\n")
        return REFUSED
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        sys.stderr.write(f"no user namespace: root without its privileges cannot use {folder}\n")
        return REFUSED
    os.execv(command[0], command)  # noqa: S606 - no shell is the point
    raise AssertionError("execv returns only by raising")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
