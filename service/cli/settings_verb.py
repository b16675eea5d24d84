"""`ballast settings`: every setting with its resolved value, as TOML or JSON."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from service.cli.options import common, settings_of
from service.settings import settings_hash
from service.settings_bounds import without_password


@click.command("settings")
@common
def settings_verb(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Print the resolved settings (defaults, then file, then BALLAST__SECTION__FIELD).

    Without --json the output is a TOML file that can be edited and given with --settings.
    """
    settings = settings_of(settings_file, data_dir, examining=True)
    values: dict[str, Any] = msgspec.to_builtins(settings, builtin_types=(Decimal,))
    values["journal"]["dsn"] = without_password(settings.journal.dsn)
    if as_json:
        document = {"settings": values, "decision_hash": settings_hash(settings.decision)}
        click.echo(msgspec.json.encode(document).decode())
        return
    click.echo(f"# decision settings hash {settings_hash(settings.decision)}")
    for name, value in values.items():
        if not isinstance(value, dict):
            click.echo(f"{name} = {_toml(value)}")
    for name, section in values.items():
        if isinstance(section, dict):
            click.echo(f"\n[{name}]")
            for field, value in section.items():
                click.echo(f"{field} = {_toml(value)}")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return msgspec.json.encode(str(value)).decode()
