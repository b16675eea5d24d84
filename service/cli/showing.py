"""What a verb shows: who looks on while it runs, progress, and the answer at its end.

With --json exactly one object goes to stdout and everything else to stderr; a failure after the
answer is written into that object, never beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
import msgspec
from rich.console import Console

from service.cli.answering import answer
from service.drivers.replay import ReplayReport
from service.drivers.trading import RunResult, Watcher
from service.failures import ExitCode, UserError
from service.observe.card import card_lines, card_panel, divergence_of, replay_lines
from service.observe.endpoint import Endpoint
from service.observe.logs import LogWatcher, RunLog
from service.observe.port import bind
from service.observe.progress import BacktestBar, bar
from service.observe.stepping import Stepping
from service.observe.view import View
from service.proof import ProofCard
from service.report.terminal import print_report
from service.settings import Settings

Say = Callable[[str], None]
PROGRESS_SECONDS: Final = 10.0


def watchers_of(
    settings: Settings, *, headless: bool, as_json: bool, total: int
) -> tuple[tuple[Watcher, ...], Say]:
    """Who looks on, and where progress before the run is told.

    `total` > 0 means a run over recorded items (a bar); 0 means trading (view and endpoint).
    Raises UserError(ENVIRONMENT) when the endpoint's port or the log folder cannot be used.
    """
    quiet = headless or as_json
    drawn = not quiet and (sys.stderr if total else sys.stdout).isatty()
    say = _silent if as_json else _say
    stepping = Stepping(observing=not total)
    runlog = RunLog(settings.home / "logs", settings.log, to_stderr=not drawn)
    logs = LogWatcher(runlog, stepping, every_seconds=PROGRESS_SECONDS)
    watchers: list[Watcher] = [stepping, logs]
    if total:
        if drawn:
            watchers.append(BacktestBar(Console(stderr=True)))
        return tuple(watchers), say
    place = None
    if settings.server.enabled:
        bound = bind(settings.server.host, settings.server.port)
        endpoint = Endpoint(bound, settings.home, stepping)
        watchers.append(endpoint)
        place = endpoint.place
    if not drawn:
        return tuple(watchers), say
    view = View(Console(), stepping, place)
    return (*watchers, view), lambda text: view.tell(text) if view.active else _say(text)


def finish(result: RunResult, as_json: bool, report: Any = None) -> None:
    """Show the card (and a report). Raises UserError NOT_PROVEN or HALTED when it says so."""
    failure = failure_of(result.card)
    if as_json:
        _answer_card(result.card, failure, report)
    else:
        if report is not None:
            print_report(report, Console())
        show_card(result.card, as_json=False)
    if failure is not None:
        raise failure


def failure_of(card: ProofCard) -> UserError | None:
    """What a card's finding means for the exit code; None when all is well."""
    skipped = card.parity is None and card.books_balanced
    if not card.proven and not skipped:
        return UserError(
            ExitCode.NOT_PROVEN,
            f"The run {card.run_id} is not proven: {_first_doubt(card)}.",
            "Do not trust its figures; `ballast replay RUN --verify` names the input.",
        )
    if card.halted:
        return UserError(
            ExitCode.HALTED,
            f"The core stands halted: {card.halted}.",
            "Look at the cause, correct it, then reactivate the account.",
        )
    return None


def show_card(card: ProofCard, *, as_json: bool) -> None:
    """The card: a panel on a terminal, plain lines in a pipe, one object with --json."""
    if as_json:
        _answer_card(card, failure_of(card), None)
    elif sys.stdout.isatty():
        Console().print(card_panel(card))
    else:
        for line in card_lines(card):
            click.echo(line)


def show_replay(report: ReplayReport, *, as_json: bool) -> None:
    """What a replay found. Raises UserError(NOT_PROVEN) without parity."""
    failure = None
    if not report.parity:
        failure = UserError(
            ExitCode.NOT_PROVEN,
            f"The run {report.run_id} is not proven: {divergence_of(report)}.",
            "Do not trust its figures; restore a backup or look at the input that is named.",
        )
    if as_json:
        answer(msgspec.to_builtins(report), failure)
    else:
        for line in replay_lines(report):
            click.echo(line)
    if failure is not None:
        raise failure


@contextmanager
def proving_bar(*, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar for a replay: call what is yielded with inputs done and in all."""
    if as_json or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with bar(Console(stderr=True)) as progress:
        task = progress.add_task("replaying", total=None, about="")
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def reading(given: dict[str, Any]) -> Iterator[Callable[[str, int], None]]:
    """A bar for candle files: call what is yielded with a file's name and its candles."""
    if given["as_json"] or given["headless"] or not sys.stderr.isatty():
        yield lambda _name, _count: None
        return
    with bar(Console(stderr=True)) as progress:
        task = progress.add_task("reading", total=len(given["files"]), about="")

        def read(name: str, count: int) -> None:
            progress.update(task, advance=1, about=f"{name}  {count:,} candles")

        yield read


def _answer_card(card: ProofCard, failure: UserError | None, report: Any) -> None:
    document = msgspec.to_builtins(card)
    if report is not None:
        document["report"] = msgspec.to_builtins(report)
    answer(document, failure)


def _first_doubt(card: ProofCard) -> str:
    if card.divergence:
        return card.divergence
    if not card.books_balanced:
        return "the books do not balance"
    return "its chain was not verified"


def _say(text: str) -> None:
    click.echo(text, err=True)


def _silent(text: str) -> None:
    del text
