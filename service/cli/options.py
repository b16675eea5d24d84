"""Options that several verbs share, and how they become settings."""

from __future__ import annotations

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
    settings_file: Path | None, data_dir: Path | None, overrides: dict[str, Any] | None = None
) -> Settings:
    """The resolved settings with the command line on top."""
    values: dict[str, Any] = dict(overrides or {})
    if data_dir is not None:
        values["data_dir"] = str(data_dir.absolute())
    return load_settings(settings_file, overrides=values)


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


def missing_file(path: Path) -> UserError:
    """The failure for a file that is not there."""
    return UserError(ExitCode.MISSING, f"There is no file {path}.", "Check the path.")
