"""What a person wants of the profiles: a preset or a file, with single values on top.

A preset or a file stands for all of its values; what is left is the fields that differ from those
in force.
"""

from __future__ import annotations

from actors.profiles.judging import breaches
from actors.profiles.state import Profiles
from service.failures import ExitCode, UserError
from service.profiles.inquiry import Pair

Changes = tuple[tuple[str, int], ...]


def changes_of(before: Profiles, given: tuple[str, ...], choice: Pair | None) -> Changes:
    """The fields to set, in the catalogue's order where a choice names them.

    Raises UserError(USAGE) on what is no FIELD=VALUE, or when nothing is named at all.
    """
    if not given and choice is None:
        raise UserError(
            ExitCode.USAGE,
            "Nothing is named to change.",
            "Write FIELD=VALUE like risk.position_cap_micros=20000, or name --preset or --file.",
        )
    single = tuple(_change(before, text) for text in given)
    if choice is None:
        return single
    after = Profiles(*choice)
    wanted = {field: after.value(field) or 0 for field in after.fields()} | dict(single)
    return tuple((field, value) for field, value in wanted.items() if before.value(field) != value)


def sound(before: Profiles, changes: Changes) -> Profiles:
    """The profiles with the fields set. Raises UserError(USAGE) with the bound that is broken."""
    try:
        after = before.changed(changes)
    except ValueError as error:
        raise _refused(f"{error}") from error
    if broken := breaches(after):
        raise _refused(" ".join(broken))
    return after


def _refused(told: str) -> UserError:
    sentence = f"The values are refused: {told.rstrip('.')}."
    return UserError(ExitCode.USAGE, sentence, "Change them; `ballast risk show` has the bounds.")


def _change(profiles: Profiles, text: str) -> tuple[str, int]:
    field, separator, value = text.partition("=")
    number = value.replace("_", "").replace(",", "")
    if not separator or not number.removeprefix("-").isdecimal():
        raise UserError(
            ExitCode.USAGE,
            f"{text!r} is no change.",
            "Write FIELD=VALUE with a whole number, like risk.position_cap_micros=20000.",
        )
    if profiles.value(field) is None:
        raise UserError(
            ExitCode.USAGE,
            f"There is no field {field}.",
            f"Fields are {profiles.fields()[0]} and so on: `ballast risk show` lists them.",
        )
    return field, int(number)
