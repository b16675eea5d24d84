"""`ballast risk`: the values by which the account is traded, and how two choices differ."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from actors.profiles.catalogue import shown
from actors.profiles.presets import PRESETS
from service.books.instants import shown as instant
from service.cli.books_tables import show_table
from service.cli.options import common, settings_of
from service.cli.risk_changes import apply, history, propose, withdraw
from service.cli.risk_simulating import simulate
from service.profiles.choosing import preset_of
from service.profiles.inquiry import Shown, difference, in_force, pair_of, row_of
from service.profiles.recorded import Recorded, recorded
from service.settings import load_settings

_RECORDED: Final = ("version", "in_force", "waiting", "untold")


@click.group("risk")
def risk() -> None:
    """The values of risk and strategy: show what is in force, compare two choices."""


for _verb in (simulate, propose, apply, withdraw, history):
    risk.add_command(_verb)


@risk.command("show")
@common
@click.option("--preset", metavar="NAME", help=f"This preset alone: {', '.join(PRESETS)}.")
def show_verb(
    *, as_json: bool, settings_file: Path | None, data_dir: Path | None, preset: str | None
) -> None:
    """Show every value of both profiles with its bounds and where it comes from.

    A star marks what differs from the preset `cautious`, which is the defaults. Where the account
    has a recorded change in force, that one decides, not the configuration: its version, who made
    it, since when, and each value of it that the configuration does not have are shown beside; so
    is the change that waits. Changes nothing.
    """
    known = Recorded()
    if preset is None:
        settings = settings_of(settings_file, data_dir, examining=True)
        rows = in_force(settings, settings_file, os.environ)
        known = recorded(settings, lambda text: click.echo(text, err=True))
    else:
        preset_of(preset)
        settings = load_settings(environment={}, overrides={"profile": preset})
        rows = in_force(settings, None, {})
    if as_json:
        values = [_plain(each, known) for each in rows]
        beside = {name: getattr(known, name) for name in _RECORDED}
        document = {"profile": settings.profile, "recorded": beside, "values": values}
        click.echo(msgspec.json.encode(document).decode())
        return
    click.echo(f"profile {settings.profile}")
    for line in _recorded_lines(known):
        click.echo(line)
    changed = known.in_force is not None or known.waiting is not None
    columns = ("VALUE", *(("IN FORCE", "WAITING") if changed else ()), "LEAST", "MOST")
    show_table(
        ("", "field", *columns, "riskier", "source", "why"),
        [_line(each, known, beside=changed) for each in rows],
    )


def _line(each: Shown, known: Recorded, *, beside: bool) -> tuple[str, ...]:
    row = each.row
    values = [each.value]
    if beside:
        values += [known.values.get(each.field, each.value), known.coming.get(each.field, -1)]
    told = [shown(row.unit, value) for value in values]
    if beside:
        told[1] = told[1] if values[1] != each.value else ""
        told[2] = told[2] if each.field in known.coming else ""
    return (
        "*" if each.differs else "",
        each.field,
        *told,
        shown(row.unit, row.least),
        shown(row.unit, row.most),
        row.riskier.value,
        each.source,
        row.why,
    )


def _recorded_lines(known: Recorded) -> Iterator[str]:
    """What the journal has of this account, if anything."""
    if known.untold:
        yield f"recorded changes are not known: {known.untold}"
    if (done := known.in_force) is not None:
        since = instant(done.at)
        yield (
            f"in force: version {known.version}, by change {done.change_no} of {done.actor} since"
            f" {since}: {done.reason}"
        )
    if (waits := known.waiting) is not None:
        yield (
            f"waiting: change {waits.change_no} of {waits.actor}, due {instant(waits.due)}:"
            f" {waits.reason}"
        )


@risk.command("diff")
@common
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
def diff_verb(
    *, as_json: bool, settings_file: Path | None, data_dir: Path | None, first: str, second: str
) -> None:
    """Compare two choices: a preset, a TOML file of settings, or `current`.

    Names every value that differs and which of the two is riskier, and ends with a verdict on B:
    riskier, safer, mixed or equal. Changes nothing.
    """
    settings = settings_of(settings_file, data_dir, examining=True)
    found, verdict = difference(pair_of(first, settings), pair_of(second, settings))
    if as_json:
        document = {
            "a": first,
            "b": second,
            "changes": [
                {
                    "field": each.field,
                    "a": each.before,
                    "b": each.after,
                    "riskier": _side(each.worse, "a", "b"),
                }
                for each in found
            ],
            "verdict": verdict,
        }
        click.echo(msgspec.json.encode(document).decode())
        return
    show_table(
        ("field", "A", "B", "riskier"),
        [
            (
                each.field,
                shown(row_of(each.field).unit, each.before),
                shown(row_of(each.field).unit, each.after),
                _side(each.worse, first, second),
            )
            for each in found
        ],
    )
    click.echo(f"{second} against {first}: {verdict}")


def _side(worse: int, first: str, second: str) -> str:
    return {1: second, -1: first}.get(worse, "neither")


def _plain(each: Shown, known: Recorded) -> dict[str, object]:
    row = each.row
    return {
        "field": each.field,
        "value": each.value,
        "in_force": known.values.get(each.field, each.value),
        "waiting": known.coming.get(each.field),
        "unit": row.unit.value,
        "least": row.least,
        "most": row.most,
        "riskier": row.riskier.value,
        "source": each.source,
        "differs": each.differs,
        "why": row.why,
    }
