"""`ballast health`: ask the running service whether it is ready; the container's health check."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Final, TypeVar

import click
import msgspec

from service.books.instants import shown
from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.observe.port import Place, read_place
from service.observe.profiled import ProfilesReading
from service.observe.reconciled import ReconciliationReading
from service.settings import Settings

TIMEOUT_SECONDS: Final = 4.0
_PATHS: Final = {"live": "/health/live", "ready": "/health/ready", "may-trade": "/health/may-trade"}
FIELDS_TOLD: Final = 3
_KNOWN_STATUS: Final = (200, 503)
_T = TypeVar("_T")


class ReasonText(msgspec.Struct, frozen=True):
    """A reason as the service words it."""

    code: str
    text: str


class HealthAnswer(msgspec.Struct, frozen=True):
    """What a probe answers."""

    ok: bool
    reasons: tuple[ReasonText, ...] = ()
    remarks: tuple[str, ...] = ()


@click.command()
@common
@click.option("--port", type=click.IntRange(1, 65_535), help="Ask this port of 127.0.0.1.")
@click.option(
    "--probe",
    type=click.Choice(list(_PATHS)),
    default="ready",
    show_default=True,
    help="Whether it runs, is ready, or may open positions.",
)
def health(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    port: int | None,
    probe: str,
) -> None:
    """Ask the running service whether it is ready (or live, or may trade).

    A second line says which version of the profiles decides, and which change of them waits.
    Exit code 0 when it is, 7 when it is not, 5 when nothing answers.
    """
    place = _place(settings_file, data_dir, port)
    found = ask(place, _PATHS[probe])
    profiles = _profiles(place)
    reasons = "; ".join(reason.text for reason in found.reasons)
    failure = None
    if not found.ok:
        failure = UserError(
            ExitCode.HALTED,
            f"The service at {place.address} is not {probe}: {reasons}.",
            f"Read {place.address}/status; the reasons say what to lift or to wait for.",
        )
    if as_json:
        told = {"probe": probe, "address": place.address, "profiles": msgspec.to_builtins(profiles)}
        answer({**msgspec.to_builtins(found), **told}, failure)
    elif failure is None:
        click.echo(f"{probe}: yes   {place.address}")
        for remark in found.remarks:
            click.echo(f"  {remark}")
    if not as_json and profiles is not None:
        click.echo(profiles_line(profiles))
    if failure is not None:
        raise failure


class StatusAnswer(msgspec.Struct, frozen=True):
    """What other verbs want to know of /status."""

    account: str
    trading_state: str
    trading_reason: str
    reconciliation: ReconciliationReading | None = None
    profiles: ProfilesReading | None = None


def ask(place: Place, path: str) -> HealthAnswer:
    """The answer of a probe. Raises UserError(ENVIRONMENT) when there is none."""
    return _asked(place, path, HealthAnswer)


def ask_status(place: Place) -> StatusAnswer:
    """How the service stands. Raises UserError(ENVIRONMENT) when it does not answer."""
    return _asked(place, "/status", StatusAnswer)


def running_status(settings: Settings) -> StatusAnswer | None:
    """How the service of a data folder stands; None when none answers there."""
    place = read_place(settings.home)
    if place is None:
        return None
    try:
        return ask_status(place)
    except UserError:
        return None


def profiles_line(profiles: ProfilesReading) -> str:
    """Which version decides, and what waits."""
    waiting = profiles.waiting
    version = f"profiles: version {profiles.version}"
    if not profiles.version:
        version = "profiles: those of the configuration"
    if waiting is None:
        return version
    first = [f"{field} = {value:,}" for field, value in waiting.changes[:FIELDS_TOLD]]
    more = len(waiting.changes) - len(first)
    fields = ", ".join(first) + (f" and {more} more" if more else "")
    return (
        f"{version}; change {waiting.change_no} of {waiting.actor} waits until"
        f" {shown(waiting.due)}: {fields}"
    )


def _profiles(place: Place) -> ProfilesReading | None:
    """How the profiles stand; None where a service of another version does not say."""
    try:
        return ask_status(place).profiles
    except UserError:
        return None


def _asked(place: Place, path: str, kind: type[_T]) -> _T:
    connection = http.client.HTTPConnection(place.host, place.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status not in _KNOWN_STATUS:
            raise _strange(place)
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _strange(place) from error
    except (OSError, http.client.HTTPException) as error:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"Nothing answers at {place.address} ({_why(error)}).",
            "Start it with `ballast run`; name another one by --data-dir or --port.",
        ) from error
    finally:
        connection.close()


def _place(settings_file: Path | None, data_dir: Path | None, port: int | None) -> Place:
    settings = settings_of(settings_file, data_dir)
    if port:
        return Place("127.0.0.1", port, 0)
    place = read_place(settings.home)
    if place is None and settings.server.port:
        return Place(settings.server.host, settings.server.port, 0)
    if place is None:
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"No service says in {settings.home} that it runs.",
            "Start it with `ballast run`; name another one by --data-dir or --port.",
        )
    return place


def _why(error: Exception) -> str:
    refused = isinstance(error, ConnectionRefusedError)
    return "connection refused" if refused else type(error).__name__


def _strange(place: Place) -> UserError:
    return UserError(
        ExitCode.ENVIRONMENT,
        f"What answers at {place.address} is not Ballast.",
        "Name the right one by --data-dir or --port.",
    )
