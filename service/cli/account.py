"""`ballast kill` and `ballast reactivate`.

A person stops or frees an account, with a recorded reason.
"""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import click

from actors.messages.control import KillSwitch, Reactivate
from service.cli.answering import answer
from service.cli.health import StatusAnswer, running_status
from service.cli.options import common, settings_of
from service.control import Command, ControlBox
from service.failures import ExitCode, UserError
from service.observe.reconciled import DifferenceReading
from service.settings import Settings

_REASON = click.option("--reason", required=True, help="Why; it is journalled with your name.")


@click.command()
@click.argument("level", type=click.IntRange(0, 3))
@common
@_REASON
def kill(
    level: int, *, as_json: bool, settings_file: Path | None, data_dir: Path | None, reason: str
) -> None:
    """Set the kill switch: 0 off, 1 no new risk, 2 reduce only, 3 flatten.

    A running service obeys within a quarter second of wall time and journals who asked and why;
    otherwise the next start obeys first. The level survives restarts. Level 0 lifts an operator's
    kill only.
    """
    command = KillSwitch(level, operator(), reason)
    _leave(settings_of(settings_file, data_dir), command, f"kill level {level}", as_json=as_json)


@click.command()
@common
@_REASON
def reactivate(
    *, as_json: bool, settings_file: Path | None, data_dir: Path | None, reason: str
) -> None:
    """Lift a halt, after its cause was fixed.

    Facts that were held while halted are delivered first; if they fail again, the account halts
    again and nothing is lost. A running service obeys at once, otherwise the next start does. While
    the venue and the books differ it is refused (exit code 7), with what differs.
    """
    settings = settings_of(settings_file, data_dir)
    refuse_while_differing(running_status(settings))
    command = Reactivate(operator(), reason)
    _leave(settings, command, "reactivation", as_json=as_json)


def refuse_while_differing(status: StatusAnswer | None) -> None:
    """Raises UserError(HALTED) with the difference, when a running service knows of one.

    The core refuses too, whoever asks and whenever it is heard.
    """
    agrees = None if status is None else status.reconciliation
    if agrees is None or not agrees.differs:
        return
    named = "; ".join(difference_text(each) for each in agrees.differences)
    raise UserError(
        ExitCode.HALTED,
        f"The account is not reactivated: the venue and the books differ: {named}.",
        "Explain the difference first: `ballast reconcile`, `ballast books correct`.",
    )


def difference_text(each: DifferenceReading) -> str:
    """One difference as people read it."""
    return f"{each.what} {each.name}: {each.ours} here, {each.venues} at the venue"


def operator() -> str:
    """Who asks; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def leave_command(settings: Settings, command: Command) -> Path:
    """Leave it for the account of the data folder, whose service obeys; its file.

    Raises UserError when the reason is empty, or no account lives there.
    """
    if not command.reason.strip():
        raise UserError(
            ExitCode.USAGE, "The reason is empty.", "Say why: it is journalled with your name."
        )
    if not any((settings.home / name).exists() for name in ("service.lock", "runs")):
        raise UserError(
            ExitCode.MISSING,
            f"There is no account in {settings.home}.",
            "Name the service's own --data-dir, or set BALLAST__DATA_DIR as it does.",
        )
    return ControlBox(settings.home).post(command)


def _leave(settings: Settings, command: Command, what: str, *, as_json: bool) -> None:
    path = leave_command(settings, command)
    if as_json:
        answer({"command": what, "file": str(path), "reason": command.reason})
    else:
        click.echo(f"Left for the account in {settings.home}: {what}.")
        click.echo("`ballast health --probe may-trade` shows what it came to.")
