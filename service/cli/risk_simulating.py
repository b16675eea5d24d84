"""`ballast risk simulate`, and how its figure is shown, also beside a proposed change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from actors.money import run_exact
from actors.profiles.catalogue import shown as value_shown
from actors.profiles.presets import PRESETS
from actors.profiles.state import Profiles
from service.books.instants import shown
from service.books.wording import exact
from service.cli.answering import answer
from service.cli.books import progress_bar
from service.cli.books_tables import plain, show_table
from service.cli.options import common, settings_of
from service.drivers.stopping import stop_on_signals
from service.failures import ExitCode, UserError
from service.profiles.inquiry import Pair, pair_of, row_of
from service.profiles.wanting import changes_of, sound
from service.resimulation.figure import Figure
from service.resimulation.opening import recorded_days
from service.resimulation.running import Resimulation, resimulated
from service.resimulation.stretch import Asked
from service.settings import Settings
from service.why.units import percent

_F = TypeVar("_F", bound=Callable[..., Any])
WEEK: Final = 7
WHAT_IT_IS: Final = (
    "Recorded inputs decided anew, with the paper venue's fills: what these rules would have let"
    " through, no promise of what a market would have paid."
)
OUTSIDE: Final = (
    "This account trades at a venue: RECORDED has the venue's fills, the other columns the paper"
    " venue's, so only those two are compared."
)


def choosing(function: _F) -> _F:
    """--preset and --file: what is proposed, as a whole."""
    for option in (
        click.option(
            "--file",
            type=click.Path(path_type=Path),
            help="All values of a TOML file of settings, its preset beneath.",
        ),
        click.option("--preset", metavar="NAME", help=f"All values of {', '.join(PRESETS)}."),
    ):
        function = option(function)
    return function


@click.command()
@click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
@common
@choosing
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=WEEK,
    show_default=True,
    help="So many days of recorded time, up to the newest input.",
)
@click.option("--run", "run_id", default="", metavar="RUN", help="One stored run, instead of days.")
def simulate(*, changes: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """What other values would have let through on recorded days, beside what happened.

    Proposed is a --preset, a --file, or single FIELD=VALUE, which also go on top of either. The
    recorded inputs are stepped twice through the same actors: as recorded, every hash compared, and
    by the proposed values from the first of these days on. Predictions are the recorded ones.

    It is a re-simulation with the paper venue's fills. An account at a venue is simulated by its
    own values as well, from the first moment at which nothing rests there, because orders that were
    never sent have no answers. Days end early where a step failed. Changes nothing.

    Exit codes: 2 when a bound is broken, 4 when the recorded steps do not come out as recorded, 8
    when no run is recorded, 130 when it is interrupted.
    """
    settings = settings_of(given["settings_file"], given["data_dir"])
    choice = choice_of(settings, given["preset"], given["file"])
    if not changes and choice is None:
        changes_of(Profiles(), changes, choice)
    asked = Asked(given["days"], given["run_id"])

    def propose(before: Profiles) -> Profiles:
        return sound(before, changes_of(before, changes, choice))

    found = simulation(settings, asked, propose, as_json=as_json)
    if as_json:
        answer({**plain(found), "what": WHAT_IT_IS})
        return
    for field, before, after in found.changes:
        unit = row_of(field).unit
        click.echo(f"{field}: {value_shown(unit, before)} -> {value_shown(unit, after)}")
    show_simulation(found, whole=True)


def choice_of(settings: Settings, preset: str | None, file: Path | None) -> Pair | None:
    """The values of a preset or a file; None when neither is named. Raises UserError."""
    if preset is not None and file is not None:
        raise UserError(
            ExitCode.USAGE, "A preset and a file were named.", "Name one; single values go on top."
        )
    if file is not None and not file.is_file():
        raise UserError(ExitCode.MISSING, f"There is no file {file}.", "Check the path.")
    name = preset if file is None else str(file)
    return None if name is None else pair_of(name, settings)


def simulation(
    settings: Settings, asked: Asked, propose: Callable[[Profiles], Profiles], *, as_json: bool
) -> Resimulation:
    """Simulate under a progress bar; an interrupt ends it cleanly. Raises UserError."""

    async def work(progress: Callable[[str, int, int], None]) -> Resimulation:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            async with recorded_days(settings, asked, _say) as (journal, days, now):
                wanted = propose if now is None else _always(propose(now))
                return await resimulated(journal, days, wanted, stop=stop, progress=progress)

    with progress_bar(as_json=as_json) as progress:
        return run_exact(lambda: asyncio.run(work(progress)))


def show_simulation(found: Resimulation, *, whole: bool) -> None:
    """The table; `whole` has every rung, else only what the days came to."""
    click.echo(
        f"{shown(found.from_at)} to {shown(found.to_at)} UTC, {found.inputs:,} inputs of"
        f" {len(found.runs)} {'run' if len(found.runs) == 1 else 'runs'}, reproduced to root"
        f" {found.root[:16]}"
    )
    columns = ["", "RECORDED", *(["CURRENT"] if found.outside else []), "PROPOSED", "DIFFERENCE"]
    show_table(columns, _rows(found, whole=whole))
    if found.outside:
        click.echo(OUTSIDE)
    if found.ended:
        click.echo(f"The days end early: {found.ended}.")
    click.echo(WHAT_IT_IS)


def _rows(found: Resimulation, *, whole: bool) -> Iterator[tuple[str, ...]]:
    seen = [found.recorded, found.current, found.proposed]
    for name, told, worded in _lines(found, whole=whole):
        values = [told(each) for each in seen]
        shown_values = values if found.outside else [values[0], values[2]]
        cells = [worded(each) for each in shown_values]
        difference = values[2] - values[1]
        sign = "+" if difference > 0 else ""
        yield name, *cells, f"{sign}{worded(difference)}"


def _lines(
    found: Resimulation, *, whole: bool
) -> Iterator[tuple[str, Callable[[Figure], Any], Callable[[Any], str]]]:
    yield "entries admitted", lambda each: each.entries, _count
    yield "entries refused", lambda each: each.refusals, _count
    if whole:
        yield from _by_rung(found, "refused", "  by ")
    yield "sales admitted", lambda each: each.sales, _count
    yield "orders", lambda each: each.orders, _count
    yield "fills", lambda each: each.fills, _count
    yield f"fees, {found.quote}", lambda each: each.fees, exact
    yield f"equity at the end, {found.quote}", lambda each: each.equity, exact
    yield "greatest drawdown", lambda each: each.drawdown, percent
    yield "highest exposure", lambda each: each.exposure, percent
    if whole:
        yield from _by_rung(found, "not_entered", "not entered: ")


def _by_rung(
    found: Resimulation, counts: str, before: str
) -> Iterator[tuple[str, Callable[[Figure], Any], Callable[[Any], str]]]:
    """A line for every rung that decided in any column."""
    seen = (found.recorded, found.current, found.proposed)
    for rung in dict.fromkeys(name for each in seen for name in getattr(each, counts)):
        yield f"{before}{rung.replace('_', ' ')}", _times(counts, rung), _count


def _times(counts: str, rung: str) -> Callable[[Figure], int]:
    """How often a rung decided."""
    return lambda each: int(getattr(each, counts).get(rung, 0))


def _count(number: int) -> str:
    return f"{number:,}"


def _always(proposed: Profiles) -> Callable[[Profiles], Profiles]:
    return lambda _before: proposed


def _say(text: str) -> None:
    click.echo(text, err=True)
