"""The `ballast` command: the group, its common options, and how every failure is shown."""

from __future__ import annotations

import sys
from typing import Any

import click

from actors.ports import FencedError, JournalCorruptError, JournalError
from service import crash
from service.cli.answering import answer, answered, failure_document
from service.cli.verbs import VERBS
from service.failures import EXIT_CODES, ExitCode, UserError

EPILOG = "Exit codes: " + "; ".join(f"{int(code)} {text}" for code, text in EXIT_CODES.items())


class BallastGroup(click.Group):
    """A group that turns every known failure into one sentence, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; never show a traceback for a failure that has a name."""
        try:
            return super().invoke(ctx)
        except (UserError, JournalError) as error:
            failure = as_user_error(error)
        show_failure(failure, as_json="--json" in sys.argv and not answered(ctx))
        return ctx.exit(int(failure.code))


def as_user_error(error: Exception) -> UserError:
    """The user's view of a failure of the store."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, JournalCorruptError):
        return UserError(
            ExitCode.NOT_PROVEN,
            f"The journal is damaged: {error}.",
            "Nothing was sent. Restore a backup, or look at it with `ballast replay RUN`.",
        )
    if isinstance(error, FencedError):
        return UserError(
            ExitCode.FENCED,
            f"Another process leads this account now: {error}.",
            "Stop one of them; `ballast runs` shows the account's runs.",
        )
    return UserError(ExitCode.ENVIRONMENT, f"{error}", "Run `ballast doctor` for the exact remedy.")


def show_failure(failure: UserError, *, as_json: bool) -> None:
    """One sentence and the remedy on stderr; with --json one object on stdout as well."""
    if as_json:
        answer(failure_document(failure))
    click.echo(f"ballast: {failure.sentence}\n         {failure.remedy}", err=True)


@click.group(cls=BallastGroup, epilog=EPILOG)
@click.version_option(package_name="ballast", message="ballast %(version)s")
def cli() -> None:
    """Ballast: a deterministic, capital-preserving spot trading service for Kraken.

    Paper trading is the default and needs no key and no account. Start with `ballast run`.
    Not advice, no promise of profit; loss is possible.
    """


for verb in VERBS:
    cli.add_command(verb)


def main() -> None:
    """Entry point of the console script."""
    if sys.flags.optimize:
        click.echo("ballast: asserts are switched off.\n         Start without -O.", err=True)
        sys.exit(int(ExitCode.USAGE))
    crash.install()
    cli(prog_name="ballast")


if __name__ == "__main__":
    main()
