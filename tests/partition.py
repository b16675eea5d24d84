"""A desk in a network namespace of its own whose packets are dropped without a word for a while.

Nobody is reset and nothing is refused: what was written lies in the kernel and would arrive later.
The program plays the case, asserts what has to hold, and says so with its exit code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.network_desk import Desk, weathered
from tests.standing_invariants import assert_standing

DROP_SECONDS = 9.0
"""Longer than an answer is waited for, and than silence is borne."""


def why_not() -> str:
    """Why there can be no namespace here; empty when there can."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    missing = [name for name in ("unshare", "ip", "iptables") if shutil.which(name) is None]
    if missing:
        return f"there is no {' and no '.join(missing)} on PATH"
    probe = ["unshare", "--net", "iptables", "-A", "INPUT", "-p", "tcp", "-j", "DROP"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=20, check=False)
    return f"packets cannot be dropped here: {done.stderr.strip()}" if done.returncode else ""


def run_apart(home: Path) -> subprocess.CompletedProcess[str]:
    """The program below, in a namespace in which only it talks to itself."""
    program = f"ip link set lo up && exec {sys.executable} -m tests.partition {home}"
    command = ["unshare", "--net", "sh", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def filtered(ports: list[int], *, dropped: bool) -> None:
    """Drop what goes to these ports and comes from them, or let it pass again."""
    for port in ports:
        for end in ("--dport", "--sport"):
            rule = ["INPUT", "-p", "tcp", end, str(port), "-j", "DROP"]
            subprocess.run(["iptables", "-A" if dropped else "-D", *rule], check=True)


async def case(desk: Desk) -> None:
    """The venue is out of reach while an order is on its way; then it is there again."""
    ports = [each.port for each in desk.proxies]

    def drop() -> None:
        desk.steps.on_decided = lambda: None
        filtered(ports, dropped=True)
        dropped.append(time.monotonic())

    dropped: list[float] = []
    desk.steps.on_decided = drop
    await desk.until(lambda: dropped, 40, "an order at the moment of the partition")
    try:
        seen = await desk.reasons(DROP_SECONDS)
    finally:
        filtered(ports, dropped=False)
    assert {"reconciling", "unknown_order"} & seen, seen


def main() -> None:
    left = weathered(Path(sys.argv[1]), case)
    assert not left.desk.trouble, left.desk.trouble
    assert left.desk.steps.doubted
    # Retransmissions of the kernel are further and further apart, and a handshake has ten seconds.
    assert_standing(left, again_seconds=30.0)


if __name__ == "__main__":
    main()
