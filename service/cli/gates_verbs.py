"""`ballast gates`: what stands before live trading, and the two gates that a person opens by name.

The table is the same that `ballast live --venue kraken` shows and obeys.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from actors.messages.control import LiveConfirmed
from service.cli.account import operator
from service.cli.answering import answer
from service.cli.hidden_input import read_passphrase
from service.cli.options import common, settings_of
from service.confirmations import ACCEPT_RISK, OVERRIDE_TRIAL, confirm
from service.failures import ExitCode, UserError
from service.live_evidence import Collected, collect
from service.live_gates import Gate, gates_of, shut
from service.live_risk import DIGEST, TEXT, VERSION
from service.settings import Settings

_REASON_LEAST: Final = 10
_WORDS: Final = "I accept"


@click.group("gates")
def gates() -> None:
    """The gates before live trading: look at them, accept the risk text, override the trial."""


@gates.command("check")
@common
def check_verb(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Show every gate before live trading: what is needed, what is there, what opens it.

    Asks the venue what the connected key may do, and counts the paper trial from the rows of the
    account in live.paper_data_dir. Changes nothing. Exit code 0 when all are open, 11 when not.
    """
    settings = settings_of(settings_file, data_dir)
    _, rows = examined(settings)
    tell(rows, as_json=as_json)


@gates.command("accept-risk")
@common
@click.option("--name", help="Who accepts it (default: your login name).")
@click.option("--accept", metavar="HASH", help="For scripts: the text's hash, as `check` shows it.")
def accept_verb(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    name: str | None,
    accept: str | None,
) -> None:
    """Show the risk text and record that you accept it, with your name.

    At a terminal you type two words; a script names the hash of the text that it accepts. Each
    live run journals it at its start. A newer text has to be accepted anew.
    """
    settings = settings_of(settings_file, data_dir)
    click.echo(TEXT, err=True)
    if accept is None:
        if not sys.stdin.isatty():
            raise UserError(
                ExitCode.USAGE,
                "Nobody is there to accept the risk text.",
                f"Run it at a terminal, or give --accept {DIGEST[:12]} once you have read it.",
            )
        accept = DIGEST if click.prompt(f'Type "{_WORDS}"', err=True) == _WORDS else ""
    if len(accept) < len(DIGEST[:12]) or not DIGEST.startswith(accept):
        raise UserError(
            ExitCode.USAGE,
            "The risk text was not accepted.",
            f"This is version {VERSION}, {DIGEST[:12]}; nothing was recorded.",
        )
    reason = f"risk text version {VERSION}"
    _keep(settings, _confirmed(ACCEPT_RISK, name, reason, DIGEST), as_json=as_json)


@gates.command("override-trial")
@common
@click.option("--name", required=True, help="Who decides it.")
@click.option("--reason", required=True, help="Why the trial on paper is cut short.")
def override_verb(
    *, as_json: bool, settings_file: Path | None, data_dir: Path | None, name: str, reason: str
) -> None:
    """Record that somebody decided to go live without the whole trial on paper, and why.

    Each live run journals it at its start. The table goes on showing how many days there were.
    """
    settings = settings_of(settings_file, data_dir)
    if not name.strip() or len(reason.strip()) < _REASON_LEAST:
        raise UserError(
            ExitCode.USAGE,
            "An override needs a name and a reason that somebody can read in a year.",
            f"Write at least {_REASON_LEAST} characters.",
        )
    _keep(settings, _confirmed(OVERRIDE_TRIAL, name, reason.strip(), ""), as_json=as_json)


def examined(settings: Settings) -> tuple[Collected, tuple[Gate, ...]]:
    """The evidence, and every gate."""
    named = settings.keys.passphrase_file
    file = Path(named) if named else None
    found = asyncio.run(collect(settings, lambda: read_passphrase(file, twice=False)))
    return found, gates_of(found.evidence)


def tell(rows: tuple[Gate, ...], *, as_json: bool) -> None:
    """Show the table. Raises UserError(GATED) unless every gate is open."""
    closed = shut(rows)
    failure = None
    if closed:
        names = ", ".join(gate.name for gate in closed)
        failure = UserError(
            ExitCode.GATED,
            f"{len(closed)} of {len(rows)} gates before live trading are shut: {names}.",
            closed[0].remedy,
        )
    if as_json:
        answer({"gates": documents(rows)}, failure)
    else:
        for line in lines_of(rows):
            click.echo(line)
    if failure is not None:
        raise failure


def lines_of(rows: tuple[Gate, ...]) -> list[str]:
    """The table for people; a gate that is shut also says what is needed and what opens it."""
    lines = []
    for gate in rows:
        lines.append(f"{'open' if gate.open else 'SHUT'}  {gate.name:12} {gate.found}")
        if not gate.open:
            lines += [f"{'':19}needed: {gate.needed}", f"{'':19}{gate.remedy}"]
    return lines


def documents(rows: tuple[Gate, ...]) -> list[dict[str, Any]]:
    """The rows for --json."""
    return [msgspec.to_builtins(gate) for gate in rows]


def _confirmed(kind: str, name: str | None, reason: str, digest: str) -> LiveConfirmed:
    return LiveConfirmed(kind, (name or operator()).strip(), reason, digest, time.time_ns())


def _keep(settings: Settings, confirmed: LiveConfirmed, *, as_json: bool) -> None:
    confirm(settings, confirmed)
    if as_json:
        answer(msgspec.to_builtins(confirmed))
    else:
        click.echo(f"Recorded: {confirmed.kind} by {confirmed.actor}: {confirmed.reason}.")
