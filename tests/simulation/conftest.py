"""What the simulations share: one warm process to fork from, and a place for every case."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from tests.postgres_server import running_server
from tests.simulation.case import Case, NewCase
from tests.simulation.nursery import Nursery, Place, place
from tests.simulation.standing import RESTS
from tests.simulation.trader import Orders


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """A process that has imported everything."""
    warm = Nursery()
    try:
        yield warm
    finally:
        warm.close()


@pytest.fixture
def new_case(nursery: Nursery, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewCase]:
    """Make the place of a test: kind file, or a PostgreSQL (embedded, machine, own)."""
    with ExitStack() as stack:

        def make(kind: str, *, sink_seed: int = 3, fate: int = -1, **changes: object) -> Case:
            where = stack.enter_context(
                place(nursery, tmp_path, sink_seed=sink_seed, faults=fate < 0, fate=fate)
            )
            address = str(where.home / "journal")
            if kind in ("embedded", "machine"):
                server = running_server(request.config, kind)
                database = asyncio.run(server.fresh_database())
                address = server.dsn(database, server.administrator)
            store = "file" if kind == "file" else "postgres"
            orders = Orders(str(where.home), store, address, str(where.socket))
            return Case(where, msgspec.structs.replace(orders, **changes))

        yield make


@pytest.fixture
def where(nursery: Nursery, tmp_path: Path) -> Iterator[Place]:
    """A sink at which every order rests."""
    with place(nursery, tmp_path, faults=False, fate=RESTS) as found:
        yield found
