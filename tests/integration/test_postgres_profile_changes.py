"""Limits of a run change only beside a change that came into force; on a real server."""

from __future__ import annotations

import pytest

from actors.ports import RefusedRow
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.roles import READER, WRITER
from tests.journal_records import BODIES, LIMITS, PROFILE_CHANGED, changed, rows_of
from tests.journal_samples import ACCOUNT, frame, run_row
from tests.postgres_server import KINDS, Server, running_server

pytestmark = pytest.mark.asyncio
NEXT = changed(PROFILE_CHANGED, change_no=2)
OTHER = changed(LIMITS, profile_id="p2", edge_margin=900)
REFUSED = RefusedRow("risk_profile_of_change", 2, "risk_profile row 0")
CASES = (
    ("without a change", (OTHER,), (REFUSED,), 1),
    ("with one in force", (NEXT, OTHER), (), 2),
    (
        "with one that waits",
        (OTHER, changed(NEXT, state="waiting", due=1 << 60)),
        (REFUSED,),
        1,
    ),
)


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return running_server(request.config, request.param)


@pytest.mark.parametrize(("name", "bodies", "refused", "count"), CASES)
async def test_limits_change_with_a_change(
    server: Server,
    name: str,
    bodies: tuple[object, ...],
    refused: tuple[RefusedRow, ...],
    count: int,
) -> None:
    del name
    database = await server.fresh_database()
    journal = PostgresJournal(server.dsn(database, WRITER), ACCOUNT)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    rows = (*rows_of(*BODIES, seq=1), *rows_of(*bodies, seq=2))  # type: ignore[arg-type]
    assert await journal.append(frame(1, 2), rows) == refused
    (found,) = await server.ask(database, "SELECT count(*) FROM ballast.risk_profile", READER)
    assert int(found[0]) == count
    await journal.close()
