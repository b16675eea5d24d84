"""`ballast risk propose|apply|withdraw|history`: profiles changed while the service runs.

The core judges a change; what is shown before is what it will find if nothing else comes first.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from actors.instant import MINUTE_NS
from actors.messages.profile import ProfileChange, ProfileChangeWithdrawn
from service.books.instants import shown
from service.cli.account import leave_command, operator
from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.profile_changes import Change, History, Proposal, history_of, proposal_of
from service.profiles.wanting import changes_of
from service.settings import Settings

_REASON = click.option("--reason", required=True, help="Why; it is journalled with your name.")
_WORD = "raise"


@click.command()
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@common
def propose(
    *, changes: tuple[str, ...], as_json: bool, settings_file: Path | None, data_dir: Path | None
) -> None:
    """What a change would do: before and after, what gets riskier, and when it would be in force.

    Fields are named like risk.position_cap_micros, values are whole numbers. Nothing is recorded.
    What the change would have decided on recorded days is not computed.
    """
    settings = settings_of(settings_file, data_dir)
    found, history = _proposal(settings, changes)
    if as_json:
        answer({"base": history.standing, **msgspec.to_builtins(found)})
        return
    _show(found)


@click.command()
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@common
@_REASON
@click.option("--yes", is_flag=True, help="Raise risk without typing the word.")
def apply(
    *,
    changes: tuple[str, ...],
    reason: str,
    yes: bool,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
) -> None:
    """Change the profiles. What raises risk asks first, and is in force after the delay.

    A running service hears it within a quarter second, otherwise the next start does. A change that
    came before yours makes yours refused: `ballast risk history` says so.
    """
    settings = settings_of(settings_file, data_dir)
    found, history = _proposal(settings, changes)
    if not as_json:
        _show(found)
    if found.refused:
        raise UserError(
            ExitCode.USAGE, f"The change is refused: {found.refused.rstrip('.')}.", "Change it."
        )
    if found.riskier and not yes:
        _confirm()
    command = ProfileChange(found.changes, operator(), reason, history.standing)
    path = leave_command(settings, command)
    if as_json:
        told = msgspec.to_builtins(found)
        answer({"command": "profile change", "file": str(path), "reason": reason, **told})
        return
    click.echo(f"Left for the account in {settings.home}; `ballast risk history` shows it.")


@click.command()
@common
@_REASON
def withdraw(
    *, reason: str, as_json: bool, settings_file: Path | None, data_dir: Path | None
) -> None:
    """Take back the change that waits, so that it never comes into force.

    What is in force already stays: apply its opposite. `ballast risk history` shows both.
    """
    settings = settings_of(settings_file, data_dir)
    path = leave_command(settings, ProfileChangeWithdrawn(operator(), reason))
    if as_json:
        answer({"command": "profile change withdrawn", "file": str(path), "reason": reason})
        return
    click.echo(f"Left for the account in {settings.home}; `ballast risk history` shows it.")


@click.command()
@common
def history(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Every change of the profiles: who, when, before, after, and what became of it."""
    settings = settings_of(settings_file, data_dir)
    found = asyncio.run(history_of(settings, _say))
    if as_json:
        answer(msgspec.to_builtins(found))
        return
    if not found.changes:
        click.echo("No change was ever made: the configuration's profiles decide.")
    for each in found.changes:
        _show_change(each)


def _proposal(settings: Settings, changes: tuple[str, ...]) -> tuple[Proposal, History]:
    history = asyncio.run(history_of(settings, _say))
    return proposal_of(history, changes_of(history.profiles, changes, None)), history


def _show(found: Proposal) -> None:
    for field, before, after in found.rows:
        mark = "  riskier" if field in found.riskier else ""
        click.echo(f"{field}: {before:,} -> {after:,}{mark}")
    if found.refused:
        click.echo(f"It would be refused: {found.refused.rstrip('.')}.")
    elif found.delay_ns:
        minutes = found.delay_ns // MINUTE_NS  # not money: minutes
        click.echo(f"It raises risk: in force {minutes} minutes after the service hears it.")
    else:
        click.echo("It raises no risk: in force as soon as the service hears it.")


def _show_change(each: Change) -> None:
    told = f"; {each.told}" if each.told else ""
    due = f", due {shown(each.due)}" if each.state == "waiting" else ""
    click.echo(
        f"{shown(each.at)}  change {each.change_no} {each.state}{due}"
        f"  by {each.actor}: {each.reason}{told}"
    )
    for field, before, after in msgspec.json.decode(each.changes):
        click.echo(f"    {field}: {before} -> {after}")


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise UserError(
            ExitCode.USAGE,
            "The change raises risk, and nobody is there to confirm it.",
            "Say --yes, or run it in a terminal.",
        )
    if click.prompt(f"Type {_WORD} to raise risk", default="", show_default=False) != _WORD:
        raise UserError(ExitCode.USAGE, "Nothing was changed.", "Type the word to confirm.")


def _say(text: str, *_: Any) -> None:
    click.echo(text, err=True)
