"""Options that several verbs share, and how they become settings."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from service.failures import ExitCode, UserError
from service.settings import Settings, load_settings

_F = TypeVar("_F", bound=Callable[..., Any])
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}


def common(function: _F) -> _F:
    """--data-dir, --settings and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout."),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(path_type=Path),
            help="A TOML file; every field can also be set by BALLAST__SECTION__FIELD.",
        ),
        click.option(
            "--data-dir",
            type=click.Path(path_type=Path),
            help="Where all state lives (default: XDG data home, or BALLAST__DATA_DIR).",
        ),
    ):
        function = option(function)
    return function


def settings_of(
    settings_file: Path | None,
    data_dir: Path | None,
    overrides: dict[str, Any] | None = None,
    *,
    examining: bool = False,
) -> Settings:
    """The resolved settings with the command line on top.

    Raises UserError when a setting is wrong or the data folder is none (not when `examining`).
    """
    values: dict[str, Any] = dict(overrides or {})
    if data_dir is not None:
        values["data_dir"] = str(data_dir.absolute())
    settings = load_settings(settings_file, overrides=values)
    existing = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not existing.is_dir() and not examining:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The data folder cannot be {settings.home}: {existing} is a file.",
            "Move it away, or choose another folder by --data-dir or BALLAST__DATA_DIR.",
        )
    return settings


def duration_of(text: str | None) -> float:
    """Seconds of a text such as 60s, 5m or 1.5h; 0 for None. Raises UserError(USAGE)."""
    if text is None:
        return 0.0
    match = _DURATION.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise UserError(
            ExitCode.USAGE, f"{text!r} is not a duration.", "Write it like 60s, 5m or 1.5h."
        )
    return float(match[1]) * _SECONDS[match[2] or ""]


def no_file(path: Path) -> UserError:
    """The failure for a path where a file should be."""
    if path.is_dir():
        sentence = f"{path.absolute()} is a folder, not a file."
    else:
        sentence = f"There is no file {path}."
    return UserError(ExitCode.MISSING, sentence, "Check the path.")


def speed_of(_: click.Context, __: click.Parameter, speed: float | None) -> float | None:
    """A speed of nothing or more, and finite. Raises BadParameter."""
    if speed is not None and not 0.0 <= speed < math.inf:
        raise click.BadParameter(f"{speed} is not a finite number of 0 or more.")
    return speed
