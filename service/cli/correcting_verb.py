"""The verb `correct`: a person reverses one booking, by a new entry that names it.

It reads the transfer and leaves a command; the ledger books it in the running service, as an input
of the journal. What may be reversed is the ledger's rule, in `actors.ledger.entries`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import click

from actors.ledger.entries import reversible
from actors.messages.control import Correction
from actors.messages.ledger import Transfer
from actors.money import run_exact
from service.books.reading import open_books
from service.books.wording import amount_text, kind_of, printable
from service.cli.account import leave_command, operator
from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.settings import Settings

_LEFT: Final = "The service books it; `ballast books postings` shows what it came to."


@click.command()
@click.argument("number", type=click.IntRange(1), metavar="NUMBER")
@click.option("--reason", required=True, help="Why; it is journalled with your name.")
@click.option("--yes", is_flag=True, help="Do not ask; scripts, and --json, need it.")
@common
def correct(number: int, *, reason: str, yes: bool, as_json: bool, **given: Any) -> None:
    """Reverse the transfer NUMBER by a new entry that names it; nothing is edited.

    For what was booked and should not have been: a deposit told twice, a reward that was not ours.
    `ballast books postings` tells the numbers. A transfer is corrected once, and a correction can
    be corrected in turn. Holds, fees and funds in transit follow from orders and from the venue's
    own entries, and cannot be. A running service books it within a quarter second of wall time,
    otherwise the next start does; what then is missing goes into suspense and halts the account.
    """
    settings = settings_of(given["settings_file"], given["data_dir"])
    found = run_exact(lambda: asyncio.run(_transfer(settings, number)))
    debit, credit = kind_of(found.debit), kind_of(found.credit)
    moved = (
        f"transfer {number}: {amount_text(found.amount, printable(found.asset))}"
        f" from {debit} to {credit} ({printable(found.source)})"
    )
    if reversible(debit, credit) is None:
        raise UserError(
            ExitCode.USAGE,
            f"A person cannot reverse {moved}.",
            "Only what came in from outside or went there can be; orders and the venue's own"
            " entries move the rest.",
        )
    if not yes:
        _ask(moved, as_json=as_json)
    command = Correction(
        number, debit, credit, found.asset, found.amount, operator(), reason.strip()
    )
    path: Path = leave_command(settings, command)
    if as_json:
        answer(
            {
                "command": "correction",
                "transfer": number,
                "asset": found.asset,
                "amount": f"{found.amount:f}",
                "reason": command.reason,
                "file": str(path),
            }
        )
    else:
        click.echo(f"Left for the account in {settings.home}: reverse {moved}.")
        click.echo(_LEFT)


async def _transfer(settings: Settings, number: int) -> Transfer:
    """The transfer as it was booked. Raises UserError when there is none or it was reversed."""
    account = settings.account.name
    async with open_books(settings, account, say=lambda text: click.echo(text, err=True)) as books:
        found = await books.transfer(number)
        told = await books.corrected_by(number)
        if found is None:
            raise UserError(
                ExitCode.MISSING,
                f"The account {account} has no transfer {number}; it has {books.transfer_count:,}.",
                "`ballast books postings` tells the numbers.",
            )
    if told is not None:
        raise UserError(
            ExitCode.USAGE,
            f"Transfer {number} was corrected already ({printable(told)}).",
            "To undo that, correct the correction: `ballast books postings` tells its number.",
        )
    return found.transfer


def _ask(moved: str, *, as_json: bool) -> None:
    """Raises UserError when nobody can be asked; a person who says no ends the command."""
    if as_json or not sys.stdin.isatty():
        raise UserError(
            ExitCode.USAGE,
            "Nobody is there to be asked whether this shall be reversed.",
            "Look at it with `ballast books postings`, then repeat with --yes.",
        )
    click.confirm(f"Reverse {moved}?", abort=True, err=True)
