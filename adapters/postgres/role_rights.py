"""Who may what in the database: roles, members and rights as found, and where they deviate.

What they should be is the rule of sql/queries/roles.sql. Reading changes nothing and needs no right
beyond connecting.
"""

from __future__ import annotations

import msgspec

from adapters.postgres.roles import OWNER
from adapters.postgres.schema_objects import Connection
from adapters.postgres.statements import statement


class Role(msgspec.Struct, frozen=True):
    """One of the three roles; `attributes` as SUPERUSER, of which none of them has any."""

    name: str
    found: bool
    login: bool
    attributes: tuple[str, ...]


class Membership(msgspec.Struct, frozen=True):
    """`member` may act as `role`; `wanted` when it is the administrator or gains nothing by it."""

    role: str
    member: str
    wanted: bool


class Right(msgspec.Struct, frozen=True):
    """One right of one role on one object: what is there, and what should be."""

    kind: str
    name: str
    role: str
    privilege: str
    found: bool
    wanted: bool


class RoleRights(msgspec.Struct, frozen=True):
    """All of it, on one state of the database."""

    roles: tuple[Role, ...]
    members: tuple[Membership, ...]
    rights: tuple[Right, ...]

    def deviations(self) -> tuple[str, ...]:
        """One sentence for each thing that is not what it should be."""
        told: list[str] = []
        for role in self.roles:
            told += _role_faults(role)
        told += [
            f"{each.member} is a member of {each.role} and may do all that it may"
            for each in self.members
            if not each.wanted
        ]
        told += [_right_fault(each) for each in self.rights if each.found != each.wanted]
        return tuple(told)


def _role_faults(role: Role) -> list[str]:
    if not role.found:
        return [f"the role {role.name} does not exist"]
    faults = [f"{role.name} has {attribute}" for attribute in role.attributes]
    if role.login and role.name == OWNER:
        faults.append(f"{role.name} can log in")
    if not role.login and role.name != OWNER:
        faults.append(f"{role.name} cannot log in")
    return faults


def _right_fault(right: Right) -> str:
    lacks = "has" if right.found else "lacks"
    return f"{right.role} {lacks} {right.privilege} on {right.kind} {right.name}"


async def read_role_rights(connection: Connection) -> RoleRights:
    """Roles, members and rights. Raises asyncpg's errors when the database cannot be asked."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        roles = await connection.fetch(statement("roles_found"))
        members = await connection.fetch(statement("role_members"))
        rights = await connection.fetch(statement("role_rights"))
    return RoleRights(
        tuple(
            Role(row["name"], row["found"], row["login"], (*row["attributes"],)) for row in roles
        ),
        tuple(Membership(*row) for row in members),
        tuple(Right(*row) for row in rights),
    )
