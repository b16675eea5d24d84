"""Named steps of the pump where a test may kill the process.

Off unless the environment names one.

`BALLAST_FAIL_POINT=committed:3` sends SIGKILL to ourselves when the step `committed` is passed the
third time. A SIGKILL is the only thing this can do, so it can stop trading and never cause it.
"""

from __future__ import annotations

import os
import signal
from typing import Final

STEPS: Final = (
    "received",
    "appended",
    "stepped",
    "committed",
    "released",
    "acknowledged",
    "snapshot_begin",
    "snapshot_end",
)


class FailPoints:
    """Counts passes through named steps and dies at the chosen one."""

    def __init__(self, plan: str | None = None) -> None:
        text = os.environ.get("BALLAST_FAIL_POINT", "") if plan is None else plan
        name, _, count = text.partition(":")
        assert not name or name in STEPS, f"unknown fail point {name}"
        self._name = name
        self._left = int(count or "1")

    def passed(self, step: str) -> None:
        """Note that `step` was reached; this may be the last thing the process does."""
        if step != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
