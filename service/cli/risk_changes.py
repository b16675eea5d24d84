"""`ballast risk propose|apply|withdraw|history`: profiles changed while the service runs.

The core judges a change; what is shown before is what it will find if nothing else comes first.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from actors.instant import MINUTE_NS
from actors.messages.profile import ProfileChange, ProfileChangeWithdrawn
from service.books.instants import shown
from service.cli.account import leave_command, operator
from service.cli.answering import answer
from service.cli.books_tables import plain
from service.cli.options import common, settings_of
from service.cli.risk_simulating import choice_of, choosing, show_simulation, simulation
from service.failures import ExitCode, UserError
from service.profile_changes import Change, History, Proposal, history_of, proposal_of
from service.profiles.wanting import changes_of
from service.resimulation.running import Resimulation
from service.resimulation.stretch import Asked
from service.settings import Settings

_REASON = click.option("--reason", required=True, help="Why; it is journalled with your name.")
_WORD = "raise"
_F = TypeVar("_F", bound=Callable[..., Any])


def _figured(function: _F) -> _F:
    """--days and --no-simulation: how much of the past is simulated before a change."""
    for option in (
        click.option("--no-simulation", is_flag=True, help="Do not simulate the newest days."),
        click.option(
            "--days",
            type=click.IntRange(1, 366),
            default=1,
            show_default=True,
            help="So many recorded days are simulated by the change.",
        ),
    ):
        function = option(function)
    return function


@click.command()
@click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
@common
@choosing
@_figured
def propose(*, changes: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """What a change would do: before and after, what gets riskier, and when it would be in force.

    Fields are named like risk.position_cap_micros, values are whole numbers; a --preset or a --file
    stands for all of its values. Then the newest recorded day is simulated by them, beside what
    happened (`ballast risk simulate` shows more). Nothing is recorded.
    """
    settings = settings_of(given["settings_file"], given["data_dir"])
    found, history = _proposal(settings, changes, given)
    if not as_json:
        _show(found)
    figured, untold = None, "it was not asked for"
    if not (given["no_simulation"] or found.refused):
        figured, untold = _simulated(settings, found, history, given, as_json=as_json)
    if not as_json:
        return
    told = {"simulation": plain(figured), "not_simulated": "" if figured else untold}
    answer({"base": history.standing, **msgspec.to_builtins(found), **told})


@click.command()
@click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
@common
@choosing
@_figured
@_REASON
@click.option("--yes", is_flag=True, help="Raise risk without typing the word.")
def apply(*, changes: tuple[str, ...], reason: str, yes: bool, as_json: bool, **given: Any) -> None:
    """Change the profiles. What raises risk asks first, and is in force after the delay.

    Before it asks it shows what the newest recorded day would have come to. What raises no risk is
    neither asked nor simulated: it must not wait. A running service hears a change within a quarter
    second, otherwise the next start does. A change that came before yours makes yours refused:
    `ballast risk history` says so.
    """
    settings = settings_of(given["settings_file"], given["data_dir"])
    found, history = _proposal(settings, changes, given)
    if not as_json:
        _show(found)
    if found.refused:
        raise UserError(
            ExitCode.USAGE, f"The change is refused: {found.refused.rstrip('.')}.", "Change it."
        )
    if found.riskier and not yes:
        _refuse_unattended()
        if not given["no_simulation"]:
            _simulated(settings, found, history, given, as_json=as_json)
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


def _proposal(
    settings: Settings, changes: tuple[str, ...], given: dict[str, Any]
) -> tuple[Proposal, History]:
    choice = choice_of(settings, given["preset"], given["file"])
    history = asyncio.run(history_of(settings, _say))
    wanted = changes_of(history.profiles, changes, choice)
    return proposal_of(history, wanted), history


def _simulated(
    settings: Settings,
    found: Proposal,
    history: History,
    given: dict[str, Any],
    *,
    as_json: bool,
) -> tuple[Resimulation | None, str]:
    """The newest days by the proposal, shown; or why there is no figure of them.

    Raises UserError(INTERRUPTED) when it is stopped, so that nothing is asked or applied.
    """
    proposed = history.profiles.changed(found.changes)
    try:
        figured = simulation(
            settings, Asked(given["days"]), lambda _before: proposed, as_json=as_json
        )
    except UserError as error:
        if error.code is ExitCode.INTERRUPTED:
            raise
        if not as_json:
            click.echo(f"Not simulated: {error.sentence}")
        return None, error.sentence
    if not as_json:
        show_simulation(figured, whole=False)
    return figured, ""


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


def _refuse_unattended() -> None:
    """Raises UserError(USAGE) when nobody can type the word."""
    if not sys.stdin.isatty():
        raise UserError(
            ExitCode.USAGE,
            "The change raises risk, and nobody is there to confirm it.",
            "Say --yes, or run it in a terminal.",
        )


def _confirm() -> None:
    if click.prompt(f"Type {_WORD} to raise risk", default="", show_default=False) != _WORD:
        raise UserError(ExitCode.USAGE, "Nothing was changed.", "Type the word to confirm.")


def _say(text: str, *_: Any) -> None:
    click.echo(text, err=True)
