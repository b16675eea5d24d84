"""`ballast db roles`: who may what in the database, and what of it is not as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from adapters.postgres.role_rights import RoleRights, read_role_rights
from adapters.postgres.roles import OWNER, READER, WRITER
from service.cli.answering import answer
from service.cli.books_tables import show_table
from service.cli.options import common, settings_of
from service.database import reading
from service.failures import ExitCode, UserError
from service.settings import Settings


@click.command("roles")
@common
def roles_verb(*, as_json: bool, settings_file: Path | None, data_dir: Path | None) -> None:
    """Show who may what: roles, members and every right on every table, view and function.

    The owner cannot log in, the writer reads and adds, the reader reads; nobody else has anything.
    Names every deviation. Only reads; exit code 9 when there is one.
    """
    settings = settings_of(settings_file, data_dir)
    found = asyncio.run(_rights(settings))
    deviations = found.deviations()
    failure = None if not deviations else _deviating(len(deviations))
    if as_json:
        document = {"deviations": [*deviations], **msgspec.to_builtins(found)}
        answer(document, failure)
    else:
        _show(found)
        for sentence in deviations:
            click.echo(f"deviation: {sentence}")
        if failure is None:
            click.echo("everybody may do what they should, and no more")
    if failure is not None:
        raise failure


async def _rights(settings: Settings) -> RoleRights:
    async with reading(settings, say=lambda text: click.echo(text, err=True)) as connection:
        return await read_role_rights(connection)


def _show(found: RoleRights) -> None:
    members: dict[str, list[str]] = {}
    for each in found.members:
        members.setdefault(each.role, []).append(each.member)
    show_table(
        ("role", "may log in", "attributes", "members"),
        [
            (
                role.name,
                ("yes" if role.login else "no") if role.found else "missing",
                ", ".join(role.attributes) or "-",
                ", ".join(members.get(role.name, ())) or "-",
            )
            for role in found.roles
        ],
    )
    show_table(("object", "owner", "writer", "reader", "others"), _objects(found))


def _objects(found: RoleRights) -> Iterator[tuple[str, ...]]:
    """A row an object: what each role has there, `all` for an owner who lacks nothing."""
    rights: dict[tuple[str, str], dict[str, list[str]]] = {}
    lacking: dict[tuple[str, str], set[str]] = {}
    for each in found.rights:
        place = (each.kind, each.name)
        held = rights.setdefault(place, {})
        if each.found:
            held.setdefault(each.role, []).append(each.privilege)
        else:
            lacking.setdefault(place, set()).add(each.role)
    for place, held in rights.items():
        others = [
            f"{role}: {', '.join(privileges)}"
            for role, privileges in held.items()
            if role not in {OWNER, WRITER, READER}
        ]
        whole = OWNER in held and OWNER not in lacking.get(place, ())
        yield (
            " ".join(place),
            "all" if whole and place[0] != "database" else ", ".join(held.get(OWNER, ())) or "-",
            ", ".join(held.get(WRITER, ())) or "-",
            ", ".join(held.get(READER, ())) or "-",
            "; ".join(others) or "-",
        )


def _deviating(count: int) -> UserError:
    things = "one deviation" if count == 1 else f"{count} deviations"
    return UserError(
        ExitCode.UNSOUND,
        f"The database's roles may not do what they should, or may do more: {things}.",
        "Undo what was granted or revoked by hand; `ballast db migrate` makes roles that are "
        "missing and the database's own rights anew.",
    )
