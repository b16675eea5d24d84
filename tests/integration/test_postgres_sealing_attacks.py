"""Frames leave the journal in one way: the owner inserts the tombstone that stands for them.

Every other removal is refused by the database itself, for every role, on both kinds of server.
"""

from __future__ import annotations

import asyncio

import pytest

from adapters.postgres.roles import OWNER, READER, WRITER
from tests.postgres_server import KINDS, Server, running_server
from tests.sealing import FIRST_RUN, came_to, sealed_by_hand, tombstone
from tests.traded_account import rows, traded_on

pytestmark = pytest.mark.timeout(180)
FRAMES = "SELECT count(*) FROM ballast.journal_frame"
NEWEST_RUN = FIRST_RUN.replace("ordinal", "ordinal DESC")
OF_FIRST = f"run_id = ({FIRST_RUN})"


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    """Everything here is refused or undone."""
    return traded_on(server)


@pytest.mark.parametrize("role", [WRITER, READER])
@pytest.mark.parametrize(
    "attack",
    [
        tombstone(),
        "DELETE FROM ballast.journal_frame",
        "SELECT ballast.seal_frames()",
        "SELECT ballast.refuse_removal()",
        "SELECT ballast.check_removed()",
        "UPDATE ballast.journal_sealed SET frames = 1",
        "DELETE FROM ballast.journal_sealed",
    ],
)
def test_service_and_people_cannot_seal(
    server: Server, database: str, role: str, attack: str
) -> None:
    assert came_to(server, database, role, attack).startswith("42501")


def test_a_tombstone_takes_the_place_of_its_runs_frames(server: Server, database: str) -> None:
    copy = asyncio.run(server.copy_of(database))
    kept = "SELECT (SELECT count(*) FROM ballast.run), (SELECT count(*) FROM ballast.transfer)"
    before, ledger = rows(server, copy, FRAMES)[0][0], rows(server, copy, kept)
    of_first = rows(server, copy, f"{FRAMES} WHERE {OF_FIRST}")[0][0]
    sealed_by_hand(server, copy)
    assert rows(server, copy, FRAMES)[0][0] == before - of_first
    assert rows(server, copy, "SELECT frames FROM ballast.journal_sealed")[0][0] == of_first
    assert rows(server, copy, kept) == ledger
    left = "SELECT min(seq) = (SELECT last_seq FROM ballast.journal_sealed) FROM ballast.snapshot"
    assert rows(server, copy, left)[0][0]
    again = came_to(server, copy, OWNER, tombstone(NEWEST_RUN))
    assert again.startswith("BL002 No frame of a later run follows input")


@pytest.mark.parametrize("role", [OWNER, ""], ids=["owner", "superuser"])
@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (["DELETE FROM ballast.journal_frame"], "BL004"),
        ([f"DELETE FROM ballast.journal_frame WHERE {OF_FIRST}"], "BL004"),
        (["TRUNCATE ballast.journal_frame"], "BL004"),
        (["UPDATE ballast.journal_frame SET hour_ts = 0"], "BL004"),
        ([tombstone(), "UPDATE ballast.journal_frame SET hour_ts = 0"], "BL004"),
        ([tombstone(), "TRUNCATE ballast.journal_frame"], "BL004"),
        ([tombstone(), "DELETE FROM ballast.journal_frame"], "BL004"),
        ([tombstone(), "DELETE FROM ballast.journal_sealed"], "BL004"),
        ([tombstone(), "UPDATE ballast.journal_sealed SET key = key"], "BL004"),
        ([tombstone(), "TRUNCATE ballast.journal_sealed"], "BL004"),
        (
            [
                tombstone(),
                (
                    "MERGE INTO ballast.journal_frame f USING (SELECT 1) s ON true "
                    "WHEN MATCHED THEN DELETE"
                ),
            ],
            "BL004",
        ),
        ([tombstone(NEWEST_RUN)], "BL002"),
        ([tombstone(last_seq="max(last_seq) + 1", inputs="max(last_seq) + 1")], "BL002"),
        ([tombstone(last_seq="min(last_seq)", inputs="min(last_seq)", frames="1")], "BL002"),
        ([tombstone(root_after="sha256('x')")], "BL002"),
        ([tombstone(root_before="sha256('x')")], "BL002"),
        ([tombstone(frames="count(*) - 1")], "BL002"),
        ([tombstone(inputs="1")], "23514"),
        ([tombstone(), tombstone()], "BL00"),
    ],
)
def test_the_owner_removes_what_a_tombstone_stands_for_and_nothing_else(
    server: Server, database: str, role: str, attack: list[str], said: str
) -> None:
    """A superuser who does not act as the owner removes nothing at all."""
    found = came_to(server, database, role, *attack)
    expected = ("BL004", said) if not role else said
    if attack == [tombstone(), tombstone()]:
        assert found == "" if role else found.startswith("BL004")  # the second finds no frames
        return
    assert found.startswith(expected), found


def test_a_tombstone_of_an_earlier_transaction_removes_nothing(
    server: Server, database: str
) -> None:
    copy = asyncio.run(server.copy_of(database))
    sealed_by_hand(server, copy)
    for remove in ("DELETE FROM ballast.journal_frame", "TRUNCATE ballast.journal_frame"):
        assert came_to(server, copy, OWNER, remove).startswith("BL004")


def test_a_session_that_plays_replica_meets_the_same_triggers(
    server: Server, database: str
) -> None:
    asleep = "SET LOCAL session_replication_role = replica"
    for attack in (tombstone(), "DELETE FROM ballast.journal_frame"):
        assert came_to(server, database, "", asleep, attack).startswith("BL004")
