"""What happens when Ballast itself has a bug: one sentence, and the traceback in a file."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from types import TracebackType

from service.failures import ExitCode


def report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Write the traceback to a private file and name it in one sentence."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("ballast: interrupted.\n")
        os._exit(int(ExitCode.INTERRUPTED))
    text = "".join(traceback.format_exception(kind, error, trace))
    with tempfile.NamedTemporaryFile(
        "w", prefix="ballast-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    sys.stderr.write(
        f"ballast: this is a bug in Ballast ({kind.__name__}); nothing that was durable is lost.\n"
        f"         The details are in {file.name}; please report them.\n"
    )


def install() -> None:
    """From now on an unforeseen error is reported, not shown as a traceback."""
    sys.excepthook = report_bug
