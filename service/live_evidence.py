"""What the gates before live trading find: the key, the trial, what was confirmed, what is here.

The venue is asked once, about the key. The trial is read from the rows of the paper account, as
the database's reader, and nothing of it is taken on anybody's word.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import msgspec

from actors.instant import MINUTE_NS
from adapters.kraken.signing import Credentials
from adapters.postgres.statements import statement
from adapters.secrets.stored import SecretError
from service.confirmations import in_force, read_confirmations
from service.database import reading_account
from service.environment import LIVE, other_accounts
from service.failures import ExitCode, UserError
from service.key_checks import ask_info, venue_origin
from service.key_places import as_failure, connected_store, credentials_of, required_record
from service.key_rights import rights_of
from service.kraken_account import ADDRESSES
from service.live_gates import Evidence
from service.live_market import KIND
from service.run_index import RunIndex, with_access
from service.settings import Settings
from service.settings_bounds import LOOPBACK
from service.stores import POSTGRES

SLACK_NS: Final = 10 * MINUTE_NS
"""How far hours of a run may lie before its lease and behind the next one's."""
Ask = Callable[[], str]


class Collected(msgspec.Struct, frozen=True):
    """Evidence, and the key itself when it may be used."""

    evidence: Evidence
    credentials: Credentials | None


async def collect(settings: Settings, passphrase: Ask) -> Collected:
    """Everything that a gate wants to know; `passphrase` opens a sealed key, where there is one."""
    is_here = not beyond(settings)
    evidence = Evidence(
        is_here=is_here,
        trial_days_needed=settings.live.trial_days,
        confirmed=in_force(read_confirmations(settings)),
        other_accounts=other_accounts(settings, LIVE),
    )
    if not is_here:
        evidence = await _with_trial(evidence, settings)
    try:
        credentials = opened(settings, passphrase)
        evidence = msgspec.structs.replace(evidence, key=credentials.masked)
        info = await ask_info(settings, credentials, venue_origin(settings.kraken.rest_url))
    except UserError as fault:
        return Collected(msgspec.structs.replace(evidence, key_fault=fault), None)
    try:
        rights = rights_of(info, int(time.time()))
    except UserError as fault:
        return Collected(msgspec.structs.replace(evidence, rights_fault=fault), None)
    found = msgspec.structs.replace(evidence, permissions=rights.permissions)
    return Collected(found, credentials)


def beyond(settings: Settings) -> list[str]:
    """The settings whose addresses are not on this machine."""
    return [
        f"kraken.{name}"
        for name in ADDRESSES
        if urlsplit(getattr(settings.kraken, name)).hostname not in LOOPBACK
    ]


def opened(settings: Settings, passphrase: Ask) -> Credentials:
    """The connected key, out of its store. Raises UserError."""
    record = required_record(settings)
    venue = venue_origin(settings.kraken.rest_url)
    if record.venue != venue:
        raise UserError(
            ExitCode.KEY_REFUSED,
            f"The API key was connected at {record.venue}, and is shown to no other place.",
            f"Connect one at {venue} (`ballast keys connect`), or correct kraken.rest_url.",
        )
    try:
        return credentials_of(connected_store(settings, record, passphrase).get())
    except SecretError as error:
        raise as_failure(error) from None


async def _with_trial(evidence: Evidence, settings: Settings) -> Evidence:
    named = settings.live.paper_data_dir
    if not named:
        return msgspec.structs.replace(evidence, trial_fault="live.paper_data_dir names no account")
    home = _folder(named)
    hours: dict[int, int] = {}
    try:
        for place in _places(home, settings):
            for day, count in (await heard_hours(place)).items():
                hours[day] = max(hours.get(day, 0), count)
    except UserError as error:
        return msgspec.structs.replace(evidence, trial_fault=error.sentence.rstrip("."))
    return msgspec.structs.replace(evidence, trial_hours=hours, trial_source=str(home))


def _folder(named: str) -> Path:
    return Path(named).expanduser().absolute()


def _places(home: Path, settings: Settings) -> list[Settings]:
    """Settings that lead to each database in which runs of a data folder on the feed are kept."""
    entries = [
        with_access(each, settings.journal.dsn)
        for each in RunIndex(home).entries()
        if each.feed == KIND and each.journal == POSTGRES
    ]
    addresses = dict.fromkeys(each.place if "://" in each.place else "" for each in entries)
    return [
        msgspec.structs.replace(
            settings,
            data_dir=str(home),
            journal=msgspec.structs.replace(settings.journal, dsn=address, dsn_file=""),
        )
        for address in addresses
    ]


async def heard_hours(place: Settings, feed: str = KIND) -> dict[int, int]:
    """The heard hours of each day (since 1970, UTC) of every paper run on that feed.

    Raises UserError(ENVIRONMENT) when the database cannot be read, or is of an older version.
    """
    async with reading_account(place, place.account.name) as (connection, _):
        try:
            rows = await connection.fetch(statement("trial_hours"), feed, SLACK_NS)
        except asyncpg.PostgresError as error:
            raise UserError(
                ExitCode.ENVIRONMENT,
                f"The paper account's database is not of this version ({type(error).__name__}).",
                "Start the paper account once with this version.",
            ) from error
    return {row["day"]: row["hours"] for row in rows}
