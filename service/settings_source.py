"""Where settings come from: defaults, then a TOML file, then `BALLAST__SECTION__FIELD` variables.

Unknown names are refused with the nearest valid one; a value of the wrong type is one sentence.
Secrets never come from here.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from service.failures import ExitCode, UserError

PREFIX: Final = "BALLAST__"
_S = TypeVar("_S", bound=msgspec.Struct)
_WHERE: Final = re.compile(r"(.*) - at `\$\.(.*)`", re.DOTALL)
_EXPECTED: Final = re.compile(r"Expected `(\w+)`")
_KINDS: Final = {
    "int": "a whole number",
    "decimal": "a number",
    "bool": "true or false",
    "str": "a text",
}


def gathered(
    *, file: Path | None, environment: Mapping[str, str], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """What was said, nested; the later source wins. Raises UserError."""
    values: dict[str, Any] = {}
    if file is not None:
        _merge(values, from_file(file))
    _merge(values, from_environment(environment))
    _merge(values, dict(overrides))
    return values


def built(tree: type[_S], values: Mapping[str, Any]) -> _S:
    """Build the settings tree. Raises UserError(USAGE) naming the setting and the remedy."""
    _check_names(tree, values, ())
    try:
        return msgspec.convert(values, tree, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(
            ExitCode.USAGE,
            _plain(f"{error}", values),
            "Correct it in the settings file or the environment; `ballast settings` lists all.",
        ) from error


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The nested values of all `BALLAST__A__B=x` variables (names in lower case).

    Raises UserError(USAGE) when one variable gives a value to what another one has a field of.
    """
    values: dict[str, Any] = {}
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        path = [part.lower() for part in name.removeprefix(PREFIX).split("__")]
        at = values
        for part in path[:-1]:
            at = at.setdefault(part, {})
            if not isinstance(at, dict):
                raise UserError(
                    ExitCode.USAGE,
                    f"The variable {name} is a field of {part}, which another one gives a value.",
                    "Remove one of the two.",
                )
        at[path[-1]] = environment[name]
    return values


def from_file(file: Path) -> dict[str, Any]:
    """The nested values of a TOML file. Raises UserError when it cannot be read."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            ExitCode.MISSING,
            f"The settings file {file} does not exist.",
            "Check the path, or leave --settings out to use the defaults.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(
            ExitCode.USAGE,
            f"The settings file {file} cannot be read: {error}.",
            "Correct it; every section and field is listed by `ballast settings`.",
        ) from error


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = dict(value) if isinstance(value, Mapping) else value


def _check_names(
    tree: type[msgspec.Struct], values: Mapping[str, Any], path: tuple[str, ...]
) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(tree)}
    for name, value in values.items():
        full = ".".join((*path, name))
        if name not in fields:
            hint = _hint(name, tuple(fields), path)
            raise UserError(
                ExitCode.USAGE, f"The setting {full} does not exist; {hint}", "Correct its name."
            )
        kind = fields[name]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if not isinstance(value, Mapping):
                known = ", ".join(field.name for field in msgspec.structs.fields(kind))
                raise UserError(
                    ExitCode.USAGE,
                    f"The setting {full} is a section, not a value.",
                    f"Set one of its fields: {known}.",
                )
            _check_names(kind, value, (*path, name))


def _hint(name: str, known: tuple[str, ...], path: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"did you mean {'.'.join((*path, near[0]))}?"
    return f"{'.'.join(path) or 'the top level'} knows {', '.join(sorted(known))}."


def _plain(error: str, values: Mapping[str, Any]) -> str:
    """The sentence for what the decoder refuses, in the user's words."""
    where = _WHERE.fullmatch(error)
    if where is None:
        return f"A setting is wrong: {error}."
    reason, path = where[1], where[2]
    value: Any = values
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    expected = _EXPECTED.match(reason)
    if isinstance(value, Mapping):
        if expected is not None:
            return f"The setting {path} is a value, not a section."
        return f"The section {path} of the settings is refused: {reason}."
    kind = "decimal" if expected is None else expected[1]
    return f"The setting {path} is {value!r}, which is not {_KINDS.get(kind, kind)}."
