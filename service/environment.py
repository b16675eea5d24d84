"""Paper and live never share a data folder: whichever came first keeps the other out.

The index of runs says it in words before anything is opened; a database says it itself, for every
data folder that leads to it (migration 18), and nobody can leave that out.
"""

from __future__ import annotations

from typing import Final

from service.failures import ExitCode, UserError
from service.run_index import RunIndex
from service.settings import Settings

PAPER: Final = "PAPER"
LIVE: Final = "LIVE"


def other_accounts(settings: Settings, mode: str) -> str:
    """What of the other kind is kept here, in words; empty when nothing is."""
    other = PAPER if mode == LIVE else LIVE
    found = [each for each in RunIndex(settings.home).entries() if each.mode == other]
    if not found:
        return ""
    newest = found[-1]
    kind = "paper" if other == PAPER else "live"
    return f"{settings.home} keeps the {kind} account {newest.account} (run {newest.run_id})"


def refuse_other_environment(settings: Settings, mode: str) -> None:
    """Raises UserError(USAGE) where the other kind of account is kept."""
    if kept := other_accounts(settings, mode):
        raise UserError(
            ExitCode.USAGE,
            f"{kept[:1].upper()}{kept[1:]}: paper and live never share a data folder.",
            "Name another --data-dir (and journal.dsn, if you set one).",
        )
