"""The console script: Ctrl-C says one line from the first moment, also while imports still run.

Nothing else lives here, and nothing of ours is imported before the signal is taken.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Final

_INTERRUPTED: Final = 130


def main() -> None:
    """Load the commands and hand over; from then on Ctrl-C is theirs."""
    told = signal.signal(signal.SIGINT, _leave)
    from service.cli.main import main as commands  # takes most of the start

    signal.signal(signal.SIGINT, told)
    commands()


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Nothing has been opened yet, so there is nothing to close."""
    sys.stderr.write("ballast: interrupted.\n")
    sys.stderr.flush()
    os._exit(_INTERRUPTED)
