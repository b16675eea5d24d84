"""`ballast reconcile` and `ballast consent`: what a person asks and allows at a venue outside.

Both leave a command; the service reads the lists and journals who asked. What differs is the
service's own word, read from its endpoint.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from actors.instant import SECOND_NS
from actors.messages.control import ReadingAsked, SwitchConsent
from service.cli.account import difference_text, leave_command, operator
from service.cli.answering import answer
from service.cli.health import running_status
from service.cli.options import common, duration_of, settings_of
from service.failures import ExitCode, UserError
from service.observe.reconciled import ReconciliationReading
from service.settings import Settings

_LOOK_SECONDS: Final = 0.2
_REASON: Final = "asked by hand"


@click.command()
@common
@click.option("--reason", default=_REASON, show_default=True, help="Why; it is journalled.")
@click.option("--show", is_flag=True, help="Ask for nothing; only show how it stands.")
@click.option("--wait", default="30s", show_default=True, help="How long to wait for the lists.")
def reconcile(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    reason: str,
    show: bool,
    wait: str,
) -> None:
    """Hold the venue's lists against the books now, and show what differs, since when.

    The running service reads orders, fills, balances and ledger entries; nothing is entered until
    they are compared. A stopped one reads them at its next start. Exit code 0 when both agree, 7
    when something differs or the lists have not come, 8 when there is no account.
    """
    settings = settings_of(settings_file, data_dir)
    seconds = duration_of(wait)
    status = running_status(settings)
    before = None if status is None else status.reconciliation
    if status is not None and before is None:
        raise UserError(
            ExitCode.USAGE,
            f"The account {status.account} has no venue outside: there is nothing to compare.",
            "Only `ballast live` has lists of a venue.",
        )
    if not show:
        leave_command(settings, ReadingAsked(operator(), reason))
    if before is None:
        _not_running(settings, show=show, as_json=as_json)
        return
    found = before if show else _awaited(settings, before, seconds)
    _tell(found, as_json=as_json)


@click.command()
@common
@click.option("--reason", required=True, help="Why; it is journalled with your name.")
@click.option("--withdraw", is_flag=True, help="Take an earlier consent back.")
def consent(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    reason: str,
    withdraw: bool,
) -> None:
    """Let the venue's dead man's switch cancel open orders that are not ours, or no longer.

    The switch knows one account and no difference between its orders. While orders of other hands
    rest on it, nothing is entered without this consent. It is journalled, and holds over restarts
    until it is withdrawn; then entries that rest beside foreign orders are called back.
    """
    settings = settings_of(settings_file, data_dir)
    path = leave_command(settings, SwitchConsent(not withdraw, operator(), reason))
    what = "consent withdrawn" if withdraw else "consent given"
    if as_json:
        answer({"command": what, "file": str(path), "reason": reason})
        return
    click.echo(f"Left for the account in {settings.home}: {what}.")
    status = running_status(settings)
    if status is not None and status.reconciliation is not None:
        click.echo(f"Open orders of other hands: {len(status.reconciliation.foreign)}.")


def _awaited(
    settings: Settings, before: ReconciliationReading, seconds: float
) -> ReconciliationReading:
    """The standing once a newer reading is compared, or when patience ends."""
    ends = time.monotonic() + seconds
    found = before
    while time.monotonic() < ends:
        time.sleep(_LOOK_SECONDS)
        status = running_status(settings)
        if status is None or status.reconciliation is None:
            continue
        found = status.reconciliation
        # What was asked for before may be answered first; ours has a number of its own.
        if found.number > before.number and not found.awaits:
            return found
    return found


def _not_running(settings: Settings, *, show: bool, as_json: bool) -> None:
    sentence = f"No service runs for {settings.home}; the lists are read when it starts."
    if show:
        raise UserError(ExitCode.ENVIRONMENT, sentence, "Start it, then ask again.")
    if as_json:
        answer({"running": False, "left": True})
    else:
        click.echo(sentence)


def _tell(found: ReconciliationReading, *, as_json: bool) -> None:
    failure = _failure(found)
    if as_json:
        answer({"running": True, **msgspec.to_builtins(found)}, failure)
    else:
        for line in _lines(found):
            click.echo(line)
    if failure is not None:
        raise failure


def _failure(found: ReconciliationReading) -> UserError | None:
    if found.awaits:
        why = f" ({found.trouble})" if found.trouble else ""
        return UserError(
            ExitCode.HALTED,
            f"The venue's lists have not come yet{why}.",
            "They are asked for again and again; nothing is entered meanwhile. Ask again later.",
        )
    if found.differences:
        return UserError(
            ExitCode.HALTED,
            f"The venue and the books differ in {len(found.differences)} places.",
            "docs/operations.md says what to do; it is read again by itself every minute.",
        )
    if found.blocked:
        return UserError(ExitCode.HALTED, f"Nothing is entered: {found.blocked}.", "Ask again.")
    return None


def _lines(found: ReconciliationReading) -> list[str]:
    lines: list[str] = []
    for each in found.differences:
        since = f"{_when(each.since)}  " if each.since else ""
        lines.append(f"differs    {since}{difference_text(each)}")
    lines += [f"foreign    {each.venue_order_id}   {each.symbol}" for each in found.foreign]
    lines += [f"away       {stream}: {why}" for stream, why in found.away.items()]
    if found.foreign:
        lines.append(f"consent    {'given' if found.consent else 'none: see `ballast consent`'}")
    if found.unguarded:
        lines.append(f"no entries {found.unguarded}")
    age = "never" if found.age_seconds < 0 else f"{found.age_seconds:.0f} s ago"
    state = "differs" if found.differs else "not confirmed" if found.differences else "agrees"
    lines.append(f"lists      {state}; read whole {age}; {found.failed} tries failed")
    return lines


def _when(ts: int) -> str:
    return datetime.fromtimestamp(ts // SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S")
