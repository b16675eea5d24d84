"""The verb `anchor`: what the signed anchors of an account say, and a person's acceptance.

It shows and appends; what an anchor proves lives in `service.anchoring`, its bytes in
`adapters.anchors`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from actors.instant import SECOND_NS
from adapters.anchors.key import AnchorError
from adapters.anchors.log import Anchor, AnchorLog
from service.anchoring import accept_head, anchor_log, check_anchor
from service.cli.answering import answer
from service.cli.options import common, settings_of
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.sole_service import sole_service
from service.stores import FILE, POSTGRES, account_place, open_journal


@click.command()
@click.option("--accept", "reason", metavar="REASON", help="Go on from the journal as it is; why.")
@click.option("--account", metavar="NAME", help="Another account than the settings name.")
@click.option("--journal", type=click.Choice([POSTGRES, FILE]), help="As the run was told.")
@common
def anchor(
    *,
    as_json: bool,
    settings_file: Path | None,
    data_dir: Path | None,
    reason: str | None,
    account: str | None,
    journal: str | None,
) -> None:
    """Show an account's newest anchor, and whether the journal holds it.

    Exit code 4 when it does not, or when the anchors are damaged. After you know why, --accept
    anchors the journal as it is, with your reason, for ever; what is damaged is set aside and
    nothing is deleted. The service must stand still for that.
    """
    named = {} if account is None else {"account": {"name": account}}
    settings = settings_of(settings_file, data_dir, named)
    kind = journal or settings.journal.kind or POSTGRES
    if kind not in (POSTGRES, FILE):
        raise UserError(
            ExitCode.USAGE,
            f"A journal in {kind} does not last and has no anchors.",
            "Say --journal postgres or --journal file.",
        )
    log = anchor_log(settings, kind)
    if reason is not None:
        _refuse_reason(reason)
        with sole_service(settings.home, f"The account {settings.account.name}"):
            asyncio.run(_accept(settings, kind, log, reason, as_json=as_json))
        return
    anchors = log.read()
    failure = asyncio.run(_held(settings, kind, anchors[-1])) if anchors else None
    shown = _shown(log, anchors)
    if anchors:
        shown["held"] = failure is None
    _show(shown, failure, as_json=as_json)
    if failure is not None:
        raise failure


def _refuse_reason(reason: str) -> None:
    if not reason.strip() or not reason.isprintable():
        raise UserError(
            ExitCode.USAGE,
            "The reason is not one line of text.",
            'Say what happened, such as --accept "restored the backup of Monday".',
        )


async def _accept(
    settings: Settings, kind: str, log: AnchorLog, reason: str, *, as_json: bool
) -> None:
    place, name = account_place(settings, kind), settings.account.name
    async with open_journal(kind, place, account=name, say=_progress) as journal:
        _, aside = await accept_head(log, journal, reason)
    failures = log.failures
    shown = _shown(log, log.read(), failures=failures)
    _show({**shown, "held": True, "set_aside": [f"{path}" for path in aside]}, as_json=as_json)


async def _held(settings: Settings, kind: str, newest: Anchor) -> UserError | None:
    """Why the journal is not the one that was anchored; None when it is."""
    place, name = account_place(settings, kind), settings.account.name
    try:
        async with open_journal(kind, place, account=name, say=_progress) as journal:
            await check_anchor(journal, newest)
    except AnchorError as error:
        return UserError(ExitCode.NOT_PROVEN, f"{error}", error.remedy)
    return None


def _shown(
    log: AnchorLog, anchors: tuple[Anchor, ...], failures: tuple[str, ...] | None = None
) -> dict[str, Any]:
    return {
        "public_key": log.public_key,
        "anchors": len(anchors),
        "newest": None if not anchors else _newest(anchors[-1]),
        "path": f"{log.path}",
        "copies": [f"{path}" for path in log.copies],
        "failures": list(log.failures if failures is None else failures),
    }


def _newest(newest: Anchor) -> dict[str, Any]:
    at = datetime.fromtimestamp(newest.at_ns // SECOND_NS, UTC)
    return {
        "input": newest.seq,
        "root": newest.root,
        "at": at.strftime("%Y-%m-%d %H:%M:%S"),
        "reason": newest.reason,
    }


def _show(shown: dict[str, Any], failure: UserError | None = None, *, as_json: bool) -> None:
    for each in shown["failures"]:
        click.echo(each, err=True)
    if as_json:
        answer(shown, failure)
        return
    newest = shown["newest"]
    click.echo(f"public key {shown['public_key'] or '-'}")
    click.echo(f"anchors    {shown['anchors']} in {shown['path']}")
    for path in shown["copies"]:
        click.echo(f"copy       {path}")
    if newest is not None:
        click.echo(f"newest     input {newest['input']}, root {newest['root']}, {newest['at']} UTC")
        if newest["reason"]:
            click.echo(f"accepted   {newest['reason']}")
        click.echo(f"journal    {'holds it' if shown['held'] else 'does not hold it'}")
    for path in shown.get("set_aside", ()):
        click.echo(f"set aside  {path}")


def _progress(text: str) -> None:
    click.echo(text, err=True)
