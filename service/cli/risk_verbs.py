"""`ballast risk`: the values by which the account is traded, and how two choices differ."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from actors.profiles.catalogue import shown
from actors.profiles.presets import PRESETS
from service.cli.books_tables import show_table
from service.cli.options import common, settings_of
from service.cli.risk_changes import apply, history, propose, withdraw
from service.cli.risk_simulating import simulate
from service.profiles.choosing import preset_of
from service.profiles.inquiry import Shown, difference, in_force, pair_of, row_of
from service.settings import load_settings


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

    A star marks what differs from the preset `cautious`, which is the defaults. Changes nothing.
    """
    if preset is None:
        settings = settings_of(settings_file, data_dir, examining=True)
        rows = in_force(settings, settings_file, os.environ)
    else:
        preset_of(preset)
        settings = load_settings(environment={}, overrides={"profile": preset})
        rows = in_force(settings, None, {})
    if as_json:
        document = {"profile": settings.profile, "values": [_plain(each) for each in rows]}
        click.echo(msgspec.json.encode(document).decode())
        return
    click.echo(f"profile {settings.profile}")
    show_table(
        ("", "field", "VALUE", "LEAST", "MOST", "riskier", "source", "why"),
        [
            (
                "*" if each.differs else "",
                each.field,
                shown(each.row.unit, each.value),
                shown(each.row.unit, each.row.least),
                shown(each.row.unit, each.row.most),
                each.row.riskier.value,
                each.source,
                each.row.why,
            )
            for each in rows
        ],
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


def _plain(each: Shown) -> dict[str, object]:
    row = each.row
    return {
        "field": each.field,
        "value": each.value,
        "unit": row.unit.value,
        "least": row.least,
        "most": row.most,
        "riskier": row.riskier.value,
        "source": each.source,
        "differs": each.differs,
        "why": row.why,
    }
