"""`ballast books ...`: an account's books as a trader, an accountant and an auditor look at them.

Everything here reads, as the database's reader; what is computed is in `service/books`.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from actors.money import run_exact
from service.books.exports import FORMATS
from service.books.inquiry import (
    CHAIN,
    Progress,
    carried_rest,
    lots_of,
    profit_of,
    results_of,
    statement_of,
    verified,
)
from service.books.instants import EVER, day_of, end_of, moment_of, start_of
from service.books.profit import GROUPS
from service.books.reading import AccountBooks, open_books
from service.books.suspense import suspense_hints
from service.books.verification import Check, Verdict
from service.cli.anchoring_verb import anchor
from service.cli.answering import answer
from service.cli.books_export import exported, whole
from service.cli.books_tables import (
    plain,
    show_balances,
    show_lots,
    show_postings,
    show_profit,
    show_statement,
    show_trades,
)
from service.cli.correcting_verb import correct
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.observe.progress import bar

_A = TypeVar("_A")
_F = TypeVar("_F", bound=Callable[..., Any])


@click.group()
def books() -> None:
    """Look at an account's books in PostgreSQL; nothing here can change them.

    Two verbs act, and not on the books: `anchor --accept` signs that a person goes on, `correct`
    asks the service to book a reversal.

    Times are UTC: a date (2026-11-22), a time (2026-11-22T10:00), or nanoseconds. A date alone
    means the whole day. Exit code 9 means that two stored tellings of one thing differ.
    """


books.add_command(anchor)
books.add_command(correct)


def _of_account(function: Callable[..., None]) -> Callable[..., None]:
    """--account beside the common options; the verb runs where no amount is rounded in silence."""

    @functools.wraps(function)
    def exactly(**given: Any) -> None:
        run_exact(lambda: function(**given))

    option = click.option(
        "--account", default="", help="Whose books (default: account.name of the settings)."
    )
    return common(option(exactly))


def _time(convert: Callable[[str], int]) -> Callable[[Any, Any, str | None], int | None]:
    """A callback that reads a time. Raises BadParameter."""

    def read(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        try:
            return max(0, min(convert(text), EVER))
        except (ValueError, OverflowError) as error:
            raise click.BadParameter(
                f"{text} is no time; write it like 2026-11-22 or 2026-11-22T10:00."
            ) from error

    return read


def _between(function: _F) -> _F:
    """--from and --to."""
    for option in (
        click.option(
            "--to", "before", metavar="TIME", callback=_time(end_of),
            help="Up to this time; a date includes that day.",
        ),
        click.option(
            "--from", "from_at", metavar="TIME", callback=_time(start_of),
            help="From this time on.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def _ask(given: dict[str, Any], question: Callable[[AccountBooks], Awaitable[_A]]) -> _A:
    """Open the books that the common options name, and put one question to them."""
    settings = settings_of(given["settings_file"], given["data_dir"])
    account = given["account"] = given["account"] or settings.account.name

    async def work() -> _A:
        async with open_books(settings, account, say=_say) as opened:
            return await question(opened)

    return asyncio.run(work())


def _say(text: str) -> None:
    click.echo(text, err=True)


@books.command()
@_of_account
@click.option(
    "--at", "moment", metavar="TIME", callback=_time(moment_of), help="As of then, not of the end."
)
def balance(*, moment: int | None, as_json: bool, **given: Any) -> None:
    """Every ledger account: its balance and how many postings made it.

    available and held are ours; market, fees and external are the world, so they mirror what is
    ours. suspense is what the venue's facts took beyond that, suspense-trades the other side of
    trades that no order explains: both must be empty, and what is not is told below. Each asset
    sums to zero, or money came from nowhere (exit code 9).
    """
    before = EVER if moment is None else moment
    found = _ask(given, lambda opened: opened.balances(before=before))
    sums = carried_rest(found)
    # Both sides of a transfer are one row, so sums that are not zero mean a balance that is wrong.
    wrong = [each.ledger_account for each in found if each.balance != each.total]
    failure = _differs("balances and their postings", wrong)
    if as_json:
        document = {"accounts": plain(found), "sums": plain(sums)}
        _answer(given, {**document, "hints": plain(suspense_hints(found))}, failure)
    else:
        show_balances(found)
    _end(failure)


@books.command()
@_of_account
@_between
@click.option(
    "--ledger-account", default="", help="One account whole (available:USD) or a kind (held)."
)
@click.option("--asset", default="", help="One asset alone.")
@click.option(
    "--limit", type=click.IntRange(0), default=50, help="At most so many, the newest; 0 shows all."
)
def postings(*, ledger_account: str, asset: str, limit: int, as_json: bool, **given: Any) -> None:
    """Each side of each transfer, with the balance that it left.

    A transfer has two lines of one number: what left one account entered the other. The source is
    the booking and its leg, the cause the order behind it.
    """
    from_at, before = _span(given)
    more = limit + 1 if limit else None
    found = _ask(
        given,
        lambda opened: opened.postings(ledger_account, asset, from_at, before, limit=more),
    )
    kept = found[-limit:]
    if as_json:
        _answer(given, {"postings": plain(kept), "whole": kept == found})
        return
    show_postings(kept)
    if kept != found:
        _say(f"These are the newest {limit:,}; --limit 0 shows all.")


@books.command()
@_of_account
def lots(*, as_json: bool, **given: Any) -> None:
    """Open lots, oldest first: what each purchase still holds, and at what cost.

    Made from the stored trades by the ledger's own rules: first in, first out, with the buy fee in
    the cost. The unit cost is rounded down at twelve decimals; the cost is exact. What the lots
    hold is compared with what the postings say is ours; a difference is exit code 9.
    """
    found = _ask(given, lots_of)
    failure = _differs(
        "lots and postings", [each.asset for each in found.holdings if not each.holds]
    )
    if as_json:
        _answer(given, plain(found), failure)
    else:
        show_lots(found)
    _end(failure)


@books.command()
@_of_account
@_between
@click.option("--symbol", default="", help="One symbol alone, as BTC/USD.")
def trades(*, symbol: str, as_json: bool, **given: Any) -> None:
    """Closed trades: what each sale brought, cost and realised, and how long it was held.

    The result is net of both fees; the fee shown is that of the sale and of what it sold. Held is
    counted from the oldest lot that was sold.
    """
    from_at, before = _span(given)
    found = _ask(given, lambda opened: results_of(opened, from_at, before, symbol))
    if as_json:
        _answer(given, {"trades": [{**plain(each), "price": plain(each.price)} for each in found]})
    else:
        show_trades(found)


@books.command()
@_of_account
@_between
@click.option("--by", type=click.Choice(GROUPS), default="symbol", help="How it is grouped.")
def pnl(*, by: str, as_json: bool, **given: Any) -> None:
    """Profit by cause: what the price did, what fees and slippage took, what is unrealised.

    Price, fee and slippage add up to the realised profit, exactly. Slippage is measured against
    the price that the decision saw; it is part of the booked cost, not booked again. Everything up
    to the newest full hour is compared with the portfolio row of that hour; a figure that does not
    tie is exit code 9.
    """
    from_at, before = _span(given)
    found = _ask(given, lambda opened: profit_of(opened, from_at, before, by))
    failure = _differs(
        "portfolio and fills", [each.figure for each in found.ties if not each.holds]
    )
    if as_json:
        _answer(given, {"by": by, **plain(found)}, failure)
    else:
        show_profit(found, by)
    _end(failure)


@books.command()
@click.argument("day", metavar="DAY")
@_of_account
def statement(*, day: str, as_json: bool, **given: Any) -> None:
    """A day's statement: opening balances, every movement in plain words, closing balances.

    DAY is written YYYY-MM-DD and is a day of UTC. It closes with what the next day opens with; a
    closing balance that the movements do not lead to is exit code 9.
    """
    try:
        start = day_of(day)
    except ValueError as error:
        raise click.BadParameter(f"{day} is no day; write it like 2026-11-22.") from error
    found = _ask(given, lambda opened: statement_of(opened, day, start))
    failure = _differs("closing balances and movements", list(found.faults))
    if as_json:
        _answer(given, plain(found), failure)
    else:
        show_statement(found)
    _end(failure)


@books.command()
@_of_account
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), default="csv", help="For which program."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write, whole or not at all; without it the text goes to stdout.",
)
def export(*, kind: str, out: Path | None, as_json: bool, **given: Any) -> None:
    """All transfers of the account, as CSV, JSON or a Beancount journal.

    Amounts have every digit. The Beancount text is double entry with a transaction for each
    booking, and ends with the balances for that program to check. With --json the object says
    what was written, so it needs --out.
    """
    if as_json and out is None:
        raise click.UsageError("--json needs --out: there is one object on stdout, never a text.")
    with whole(out) as text, progress_bar(as_json=as_json) as progress:
        count = _ask(given, lambda opened: exported(opened, kind, text, progress))
    if as_json:
        _answer(given, {"format": kind, "out": f"{out}", "transfers": count})
    elif out is not None:
        click.echo(f"{count:,} transfers written to {out}")


@books.command()
@_of_account
def verify(*, as_json: bool, **given: Any) -> None:
    """Audit the books: add everything up from zero, and hold it against the journal.

    Every root of the journal is computed again (exit code 4 when the chain is broken). Balances
    are plain sums of transfers, trades and lots are made again from fills. Balances, holds,
    positions and orders must be those of the newest state that the chain names. To derive every
    row anew, use `ballast replay RUN --verify`. A check that is FALSE is exit code 9.
    """
    with progress_bar(as_json=as_json) as progress:
        found = _ask(given, lambda opened: verified(opened, progress))
    failure = _audited(found)
    if as_json:
        _answer(given, {"sound": failure is None, "checks": plain(found)}, failure)
    else:
        width = max(len(each.name) for each in found)
        for each in found:
            click.echo(f"{each.name:<{width}}  {each.verdict:<7}  {each.detail}".rstrip())
    _end(failure)


def _audited(found: list[Check]) -> UserError | None:
    false = [each.name for each in found if each.verdict is Verdict.FALSE]
    if CHAIN in false:
        return UserError(
            ExitCode.NOT_PROVEN,
            f"The journal of this account is damaged: {found[0].detail}.",
            "Do not trust its books; restore a backup, or look at it with `ballast replay RUN`.",
        )
    return _differs("tables and journal", false)


def _span(given: dict[str, Any]) -> tuple[int, int]:
    """--from and --to as nanoseconds; all time when they are not given."""
    from_at, before = given.pop("from_at"), given.pop("before")
    return from_at or 0, EVER if before is None else before


@contextmanager
def progress_bar(*, as_json: bool) -> Iterator[Progress]:
    """A bar on stderr: call what is yielded with what is being done, done and in all."""
    if as_json or not sys.stderr.isatty():
        yield lambda _about, _done, _total: None
        return
    with bar(Console(stderr=True)) as shown:
        task = shown.add_task("", total=None, about="")
        yield lambda about, done, total: shown.update(
            task, description=about, completed=done, total=total
        )


def _answer(
    given: dict[str, Any], document: dict[str, Any], failure: UserError | None = None
) -> None:
    """The one object, which begins with whose books these are."""
    answer({"account": given["account"], **document}, failure)


def _end(failure: UserError | None) -> None:
    if failure is not None:
        raise failure


def _differs(what: str, names: list[str]) -> UserError | None:
    """The failure that names what two tellings differ in; None when they do not."""
    if not names:
        return None
    return UserError(
        ExitCode.UNSOUND,
        f"The books are not sound: {what} differ in {', '.join(names)}.",
        "Do not trade on them: `ballast books verify` says what else differs, and `ballast replay"
        " RUN --verify` what the journal itself proves.",
    )
