"""The `ballast` command: the group, its common options, and how every failure is shown."""

from __future__ import annotations

import errno
import sys
from typing import Any, Final

import click
from click.exceptions import NoArgsIsHelpError

from actors.ports import FencedError, JournalCorruptError, JournalError
from adapters.anchors.key import AnchorError
from service import crash
from service.cli.answering import answer, answered, failure_document
from service.cli.verbs import VERBS
from service.failures import EXIT_CODES, ExitCode, UserError

_REFUSALS: Final = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EIO,
        errno.EISDIR,
        errno.EMFILE,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
EPILOG = "Exit codes: " + "; ".join(f"{int(code)} {text}" for code, text in EXIT_CODES.items())


class BallastGroup(click.Group):
    """A group that turns every known failure into one sentence, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; never show a traceback for a failure that has a name."""
        try:
            return super().invoke(ctx)
        except (UserError, JournalError, AnchorError) as error:
            failure = as_user_error(error)
        except click.UsageError as error:
            if isinstance(error, NoArgsIsHelpError):
                raise
            failure = _misuse(error)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            failure = _refused_by_machine(error)
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
    if isinstance(error, AnchorError):
        return UserError(ExitCode.NOT_PROVEN, f"{error}", error.remedy)
    if isinstance(error, FencedError):
        return UserError(
            ExitCode.FENCED,
            f"Another process leads this account now: {error}.",
            "Stop one of them; `ballast runs` shows the account's runs.",
        )
    return UserError(ExitCode.ENVIRONMENT, f"{error}", "Run `ballast doctor` for the exact remedy.")


def _misuse(error: click.UsageError) -> UserError:
    """The user's view of a command line that click does not understand."""
    verb = "ballast" if error.ctx is None else error.ctx.command_path
    sentence = error.format_message().rstrip(".")
    return UserError(ExitCode.USAGE, f"{sentence}.", f"See `{verb} --help`.")


def _refused_by_machine(error: OSError) -> UserError:
    """The user's view of what the operating system refuses, wherever it happened."""
    place = f"{error.filename} cannot be used" if error.filename else "The machine refuses it"
    return UserError(
        ExitCode.ENVIRONMENT,
        f"{place} ({error.strerror}).",
        "Free space or correct the rights, then start again; `ballast doctor` looks for more.",
    )


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
