"""`ballast why SYMBOL`: why it did (not) trade, in one screen; what is told is in `service/why`."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from actors.money import run_exact
from service.books.instants import EVER, moment_of
from service.cli.answering import answer
from service.cli.books import progress_bar
from service.cli.books_tables import plain
from service.cli.options import common, settings_of
from service.cli.why_screen import show_why
from service.failures import ExitCode, UserError
from service.stores import FILE, POSTGRES
from service.why.answer import Question, Why
from service.why.moment import Progress
from service.why.opening import rows_of, steps_of, stored_in


@click.command()
@click.argument("symbol")
@click.option(
    "--at", "moment", metavar="TIME", help="The last decision at or before then (default: newest)."
)
@click.option("--account", default="", help="Whose decision (default: account.name).")
@click.option(
    "--journal",
    type=click.Choice((FILE, POSTGRES)),
    help="Where it is kept (default: the settings', else what the data folder has).",
)
@common
def why(*, symbol: str, moment: str | None, account: str, as_json: bool, **given: Any) -> None:
    """Why did it (not) trade? The newest decision for SYMBOL, in one screen.

    The rung that decided with its value and its threshold, the whole ladder, what the model said,
    the costs, the market as it was seen, what stood in the way of every entry, what became of the
    decision, and how often each rung decided in the day before.

    Examples: `ballast why BTC/USD`, and `ballast why ETH/USD --at 2026-11-22T10:00` for the last
    decision at or before ten o'clock.

    The ladder and the market are no rows: they come from repeating the run's steps from its nearest
    snapshot, every hash compared. Where that cannot be done (other code, a sealed run) the screen
    says so and shows what is recorded. A journal in files has no rows at all: everything is
    repeated, from the newest snapshot before that decision, and counted from there on (exit code
    4 when it does not repeat). Times are UTC: a date means its end.
    """
    before = EVER if moment is None else _before(moment)
    settings = settings_of(given["settings_file"], given["data_dir"])
    account = account or settings.account.name

    kind = given["journal"] or settings.journal.kind or stored_in(settings)

    async def work(progress: Progress) -> Why:
        question = Question(symbol, before)
        opened = rows_of(settings, account, say=_say)
        if kind == FILE:
            opened = steps_of(settings, account, question, progress)
        async with opened as store:
            return await store.answer(question, progress)

    def asked() -> None:
        with progress_bar(as_json=as_json) as progress:
            found = asyncio.run(work(progress))
        if as_json:
            answer(plain(found))
        else:
            show_why(found, None if moment is None else before)

    run_exact(asked)


def _before(text: str) -> int:
    """Raises UserError(USAGE) when the text is no time."""
    try:
        return max(0, min(moment_of(text), EVER))
    except (ValueError, OverflowError) as error:
        raise UserError(
            ExitCode.USAGE,
            f"{text!r} is no time.",
            "Write it like 2026-11-22 (its end) or 2026-11-22T10:00, in UTC.",
        ) from error


def _say(text: str) -> None:
    click.echo(text, err=True)
