"""`ballast reactivate`: lifting a halt deliberately, as a short segment of its own."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path

import click
import msgspec

from actors.messages.control import Reactivate
from actors.ports import FeedItem, Journal
from service.cli.options import common, settings_of
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.run_proof import graph_of
from service.segment import SegmentPlan, close_segment, open_segment
from service.settings import Settings, decode_decision_settings, with_decision
from service.stores import account_place, open_journal

OPERATOR: str = "operator"


class Reactivation(msgspec.Struct, frozen=True):
    """What was halted, what it is now, and the segment that says so."""

    account: str
    was: str
    now: str
    run_id: str


@click.command()
@common
@click.option("--reason", required=True, help="Why it is safe to go on; it is journalled.")
@click.option("--journal", type=click.Choice(["postgres", "file"]))
def reactivate(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    reason: str,
    journal: str | None,
) -> None:
    """Lift a halt of the account, after its cause was fixed. Stop the service first.

    Facts that were held while halted are delivered now; if they fail again, the account halts
    again and nothing is lost.
    """
    settings = settings_of(settings_file, data_dir)
    done = asyncio.run(_reactivate(settings, reason, journal))
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        click.echo(f"The account {done.account} was {done.was} and is now {done.now}.")
    if done.now != "active":
        raise UserError(
            ExitCode.HALTED,
            f"The account is {done.now}.",
            "Fix the cause that is named, then reactivate again; the facts are kept.",
        )


async def _reactivate(settings: Settings, reason: str, kind: str | None) -> Reactivation:
    kind = kind or settings.journal.kind or "postgres"
    place = account_place(settings, kind)
    name = settings.account.name
    async with open_journal(kind, place, account=name) as journal:
        return await _lift(settings, journal, reason)


async def _lift(settings: Settings, journal: Journal, reason: str) -> Reactivation:
    rows = await journal.runs()
    if not rows:
        raise UserError(
            ExitCode.MISSING,
            f"The account {settings.account.name} has no runs in {settings.home}.",
            "Start with `ballast run`, or name the account's --data-dir.",
        )
    started = await run_started(journal, rows[-1])
    graph = graph_of(started, verify=True)
    plan = SegmentPlan(started.mode, OPERATOR, "", started.symbols, 0)
    known = with_decision(settings, decode_decision_settings(started.settings))
    segment = await open_segment(known, plan, graph, journal, holder=OPERATOR)
    kernel = graph.kernel
    was = _standing(kernel.halt)
    await segment.pump.admit([FeedItem(kernel.at, Reactivate(getpass.getuser(), reason))])
    await segment.pump.flush()
    now = _standing(kernel.halt)
    await close_segment(segment, journal, "reactivated")
    return Reactivation(settings.account.name, was, now, segment.run.run_id)


def _standing(halt: object) -> str:
    return "active" if halt is None else f"halted ({halt})"
