"""The one JSON object that --json prints: a failure after it is part of it, never a second one."""

from __future__ import annotations

from typing import Any, Final

import click
import msgspec

from service.failures import UserError

_ANSWERED: Final = "ballast.answered"


def answer(document: dict[str, Any], failure: UserError | None = None) -> None:
    """Print the verb's object; with a failure it says so in the same object."""
    if failure is not None:
        document = {**document, **failure_document(failure)}
    click.echo(msgspec.json.encode(document).decode())
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_ANSWERED] = True


def failure_document(failure: UserError) -> dict[str, Any]:
    """The keys that a failure adds."""
    return {
        "error": failure.sentence,
        "remedy": failure.remedy,
        "exit_code": int(failure.code),
    }


def answered(context: click.Context) -> bool:
    """Whether the verb has printed its object already."""
    return bool(context.meta.get(_ANSWERED))
