"""What the writer may not say in a manifest: each constraint and rule fires, by its name."""

from __future__ import annotations

import asyncio

import pytest

from adapters.postgres.roles import WRITER
from tests.postgres_server import KINDS, Server, running_server
from tests.sealing import came_to
from tests.traded_account import traded_on

LAST = "(SELECT run_id FROM ballast.run WHERE account_id = 'paper' ORDER BY ordinal DESC LIMIT 1)"
# The newest manifest with some fields told otherwise and the hash made again, unless it is told.
INSERTED = """
    INSERT INTO ballast.replay_manifest SELECT (jsonb_populate_record(
        NULL::ballast.replay_manifest,
        t.told || jsonb_build_object('manifest_hash', coalesce(
            {changes}::jsonb ->> 'manifest_hash',
            encode(sha256(convert_to((t.told - 'manifest_hash')::text, 'UTF8')), 'hex')
        ))
    )).* FROM (SELECT kept.told || {changes}::jsonb AS told FROM public.kept) t
"""
KEPT = f"""
    ALTER TABLE ballast.replay_manifest DISABLE TRIGGER refuse_change;
    CREATE TABLE public.kept AS
        SELECT to_jsonb(m) AS told FROM ballast.replay_manifest m WHERE run_id = {LAST};
    GRANT SELECT ON public.kept TO PUBLIC;
    DELETE FROM ballast.replay_manifest WHERE run_id = {LAST};
    ALTER TABLE ballast.replay_manifest ENABLE ALWAYS TRIGGER refuse_change
"""
SAFE = "ALTER TABLE ballast.replay_manifest DISABLE TRIGGER check_added"
OTHER = '"' + "ab" * 32 + '"'


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture(scope="module")
def database(server: Server) -> str:
    """The traded account, whose newest manifest was put aside."""
    name = asyncio.run(server.copy_of(traded_on(server)))
    asyncio.run(server.tamper(name, KEPT))
    return name


def inserted(changes: str) -> str:
    return INSERTED.format(changes=f"'{changes}'")


def test_the_manifest_itself_may_be_written_again(server: Server, database: str) -> None:
    assert came_to(server, database, WRITER, inserted("{}")) == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (f'{{"root": {OTHER}}}', "is not of the run that is stored"),
        (f'{{"genesis": {OTHER}}}', "is not of the run that is stored"),
        ('{"mode": "LIVE"}', "is not of the run that is stored"),
        ('{"last_seq": 1000000}', "is not of the run that is stored"),
        (f'{{"parent_hash": {OTHER}}}', "does not follow the one before it"),
        ('{"parent_hash": ""}', "does not follow the one before it"),
        (f'{{"manifest_hash": {OTHER}}}', "does not follow the one before it"),
    ],
)
def test_a_manifest_of_something_else_is_refused(
    server: Server, database: str, changes: str, told: str
) -> None:
    refused = came_to(server, database, WRITER, inserted(changes))
    # The key of a manifest that names no parent is taken before the trigger looks.
    if changes == '{"parent_hash": ""}':
        assert refused.startswith("23505")
        return
    assert refused.startswith("BL002")
    assert told in refused


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ('{"frames": 0}', "replay_manifest_range"),
        ('{"row_count": -1}', "replay_manifest_range"),
        ('{"first_seq": 0}', "replay_manifest_range"),
        ('{"root": "odd"}', "replay_manifest_hashes"),
        ('{"parent_hash": "odd"}', "replay_manifest_hashes"),
        ('{"run_id": "nobody"}', "replay_manifest_ended"),
        ('{"parent_hash": "", "run_id": "nobody"}', "replay_manifest_successor_once"),
    ],
)
def test_a_constraint_refuses_whoever_the_trigger_lets_pass(
    server: Server, database: str, changes: str, constraint: str
) -> None:
    name = asyncio.run(server.copy_of(database))
    asyncio.run(server.tamper(name, SAFE))
    assert constraint in came_to(server, name, WRITER, inserted(changes))


def test_a_run_is_summed_up_once(server: Server, database: str) -> None:
    once = inserted("{}")
    again = inserted(f'{{"parent_hash": {OTHER}}}')
    assert "replay_manifest_pkey" in came_to(server, database, WRITER, once, again)
