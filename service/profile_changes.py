"""What is recorded of changes of the profiles, and what a proposed change would come to."""

from __future__ import annotations

import asyncpg
import msgspec

from actors.messages.profile import ChangeState
from actors.profiles.judging import breaches, riskier
from actors.profiles.state import Profiles, standing
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from adapters.postgres.schema_objects import Connection
from adapters.postgres.statements import statement
from service.database import reading_account
from service.failures import ExitCode, UserError
from service.profiles.wanting import Changes
from service.settings import Settings
from service.stores import Say


class Change(msgspec.Struct, frozen=True):
    """A row of profile_change: what became of a change at an input."""

    at: int
    change_no: int
    state: str
    actor: str
    reason: str
    changes: str
    riskier: str
    due: int
    told: str
    version: int
    standing: str


class History(msgspec.Struct, frozen=True):
    """All changes, oldest first, and the profiles in force with the name of their standing."""

    changes: tuple[Change, ...]
    profiles: Profiles
    standing: str


class Proposal(msgspec.Struct, frozen=True):
    """A change as the core would judge it now; `rows` are field, before and after."""

    changes: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int, int], ...]
    riskier: tuple[str, ...]
    delay_ns: int
    refused: str


async def history_of(settings: Settings, say: Say) -> History:
    """The changes of the settings' account. UserError(ENVIRONMENT) when they cannot be read."""
    async with reading_account(settings, settings.account.name, say) as (connection, _):
        return await history_from(connection, settings)


async def history_from(connection: Connection, settings: Settings) -> History:
    """The same over a connection that is open."""
    account = settings.account.name
    try:
        rows = await connection.fetch(statement("profile_changes"), account)
        content = await connection.fetch(statement("profiles_in_force"), account)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"The changes cannot be read: {' '.join(str(error).split())}.",
            "Run `ballast db migrate`, so that the database has what this version reads.",
        ) from error
    changes = tuple(Change(**dict(row)) for row in rows)
    texts = {row["kind"]: row["content"] for row in content}
    profiles = Profiles(settings.risk, settings.strategy)
    if texts:
        profiles = Profiles(
            msgspec.json.decode(texts["risk"], type=RiskProfile),
            msgspec.json.decode(texts["strategy"], type=StrategyProfile),
        )
    waiting = waiting_of(changes)
    return History(changes, profiles, standing(profiles, waiting.change_no if waiting else 0))


def waiting_of(changes: tuple[Change, ...]) -> Change | None:
    """The change that waits, if any: its newest row says so."""
    newest = {each.change_no: each for each in changes}
    return next((each for each in newest.values() if each.state == ChangeState.WAITING), None)


def proposal_of(history: History, changes: Changes) -> Proposal:
    """What the core would find of fields that exist."""
    before = history.profiles
    rows = tuple((field, before.value(field) or 0, value) for field, value in changes)
    try:
        after = before.changed(changes)
    except ValueError as error:
        return Proposal(changes, rows, (), 0, str(error))
    raised = riskier(before, after)
    delay = before.risk.change_delay_ns if raised else 0
    refused = "it changes nothing" if after == before else " ".join(breaches(after))
    return Proposal(changes, rows, raised, delay, refused)
