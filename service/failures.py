"""What a user sees when something cannot be done.

One sentence, the remedy, a documented exit code.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Documented exit codes of every command."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_PROVEN = 4
    ENVIRONMENT = 5
    FENCED = 6
    HALTED = 7
    MISSING = 8
    UNSOUND = 9
    KEY_REFUSED = 10
    GATED = 11
    INTERRUPTED = 130


EXIT_CODES = {
    ExitCode.OK: "done; for a run: finished or stopped cleanly, and proven unless you skipped it",
    ExitCode.INTERNAL: "a bug in Ballast; nothing that was durable is lost",
    ExitCode.USAGE: "the command line or a setting is wrong",
    ExitCode.BAD_INPUT: "a file or feed is not what it should be",
    ExitCode.NOT_PROVEN: "a stored run is damaged, or a replay does not reach the same hashes",
    ExitCode.ENVIRONMENT: "the machine does not allow it: database, port, disk or rights",
    ExitCode.FENCED: "another process leads this account, or has taken it over",
    ExitCode.HALTED: "the core stands halted; a person must look and reactivate",
    ExitCode.MISSING: "the run, account, bundle or file that was named does not exist",
    ExitCode.UNSOUND: "the database is not what it should be: schema changed, rows against a rule",
    ExitCode.KEY_REFUSED: "the API key may do too much or too little, or the venue refuses it",
    ExitCode.GATED: "a gate before live trading is shut; the table says which and what opens it",
    ExitCode.INTERRUPTED: "interrupted: a run twice before its clean stop, a simulation once",
}


class UserError(Exception):
    """A failure with its remedy. `str()` is the sentence; the command line adds `remedy`."""

    def __init__(self, code: ExitCode, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
