"""What is on record of the account's profiles, beside what the configuration says.

A change that came into force wins over the configuration. Where no account is in the database
there is nothing on record, and that is no failure: the configuration decides.
"""

from __future__ import annotations

import asyncio

import msgspec

from actors.messages.profile import ChangeState
from service.failures import UserError
from service.profile_changes import Change, history_of, waiting_of
from service.settings import Settings
from service.stores import POSTGRES, Say

Rows = dict[str, int]


class Recorded(msgspec.Struct, frozen=True):
    """The newest change in force and the one that waits, None where there is none.

    `version` counts the changes that came into force. `values` are those that decide instead of the
    configuration's, `coming` those of the change that waits. `untold` says why nothing is known.
    """

    version: int = 0
    in_force: Change | None = None
    waiting: Change | None = None
    values: Rows = {}
    coming: Rows = {}
    untold: str = ""


def recorded(settings: Settings, say: Say) -> Recorded:
    """What the account's database knows; never raises."""
    if not settings.journal.dsn and not (settings.home / POSTGRES).is_dir():
        return Recorded()
    try:
        history = asyncio.run(history_of(settings, say))
    except UserError as error:
        return Recorded(untold=str(error))
    done = [each for each in history.changes if each.state == ChangeState.IN_FORCE]
    waiting = waiting_of(history.changes)
    values: Rows = {}
    if done:
        found = history.profiles
        values = {field: found.value(field) or 0 for field in found.fields()}
    coming = {} if waiting is None else {field: value for field, _, value in rows_of(waiting)}
    newest = done[-1] if done else None
    version = 0 if newest is None else newest.version
    return Recorded(version, newest, waiting, values, coming)


def rows_of(change: Change) -> tuple[tuple[str, int, int], ...]:
    """Field, value before and after."""
    return msgspec.json.decode(change.changes, type=tuple[tuple[str, int, int], ...])
