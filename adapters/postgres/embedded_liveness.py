"""Which processes really serve a cluster: evidence from the kernel, never from a pid file alone.

A pid file outlives its server, and its number may belong to a stranger by now. A process counts as
this cluster's server only when its program is ``postgres`` and its working folder is the cluster.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CHILDREN: dict[int, subprocess.Popen[str]] = {}
"""Servers that this very process started, kept so that they can be reaped when they end."""


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` claims (utils/pidfile.h); ``status`` is "" until the server says."""

    pid: int
    sockets: Path | None
    status: str


def read_pid_file(cluster: Path) -> PidFile | None:
    """The claim, or None when there is no file or not yet a whole first line."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    if not lines[0].strip().isdecimal():
        return None
    lines += [""] * (8 - len(lines))
    sockets = lines[4].strip("\r\n")
    return PidFile(int(lines[0]), Path(sockets) if sockets else None, lines[7].strip())


def remember_child(child: subprocess.Popen[str]) -> None:
    """Keep a server of ours until it has been reaped."""
    _CHILDREN[child.pid] = child


def serves(pid: int, cluster: Path) -> bool:
    """Whether ``pid`` is a living PostgreSQL program at work in ``cluster``; zombies are dead."""
    child = _CHILDREN.get(pid)
    if child is not None and child.poll() is not None:
        del _CHILDREN[pid]
        return False
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name
        working = Path(f"/proc/{pid}/cwd").stat()
        state = Path(f"/proc/{pid}/stat").read_text("utf-8", "surrogateescape")
        owned = cluster.stat()
    except OSError:
        return False
    return (
        program.removesuffix(" (deleted)") == "postgres"
        and (working.st_dev, working.st_ino) == (owned.st_dev, owned.st_ino)
        and state.rpartition(") ")[2][:1] not in {"Z", "X"}
    )


def is_running(pid: int) -> bool:
    """Whether a server that we have just started is still there, whatever it has become yet."""
    child = _CHILDREN.get(pid)
    return child is not None and child.poll() is None


def live_server(cluster: Path) -> int | None:
    """The pid of the server that the pid file names, when it is alive and serves this cluster."""
    claim = read_pid_file(cluster)
    return claim.pid if claim is not None and serves(claim.pid, cluster) else None


def remaining_processes(cluster: Path) -> list[int]:
    """Every living PostgreSQL process at work in the cluster, children of a killed server too."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return sorted(pid for pid in pids if serves(pid, cluster))
