"""Which world it is, by what the server says of the extension."""

from __future__ import annotations

import pytest

from adapters.postgres.storage_world import Hypertable, Storage, World, world_of


@pytest.mark.parametrize(
    ("installed", "available", "license_name", "world", "told"),
    [
        (None, None, "", World.ABSENT, ""),
        (None, "2.28.3", "", World.ABSENT, "CREATE EXTENSION timescaledb"),
        (None, "2.28.3", "timescale", World.ABSENT, "available but not installed"),
        ("2.28.3", "2.28.3", "timescale", World.COMMUNITY, ""),
        ("2.28.3", "2.29.0", "apache", World.APACHE, ""),
        ("2.18.0", "2.18.0", "apache", World.APACHE, ""),
        ("2.29.0-dev", "2.29.0-dev", "timescale", World.COMMUNITY, ""),
        ("2.17.2", "2.28.3", "timescale", World.ABSENT, "2.18 or newer is needed"),
        ("1.7.5", "1.7.5", "timescale", World.ABSENT, "2.18 or newer is needed"),
        ("nightly", "nightly", "timescale", World.ABSENT, "2.18 or newer is needed"),
        ("3.0.0", "3.0.0", "timescale", World.ABSENT, "this version knows 2.x"),
        ("2.28.3", "2.28.3", "", World.ABSENT, "not loaded"),
        ("2.28.3", "2.28.3", "enterprise", World.ABSENT, "unknown licence"),
    ],
)
def test_the_world_follows_from_version_and_licence(
    installed: str | None, available: str | None, license_name: str, *, world: World, told: str
) -> None:
    found, note = world_of(installed, available, license_name)
    assert found is world
    assert told in note
    assert bool(note) == bool(told)


@pytest.mark.parametrize(
    ("storage", "told"),
    [
        (Storage(World.ABSENT, "18.4", "", (), ""), "PostgreSQL 18.4, plain tables"),
        (
            Storage(World.ABSENT, "17.2", "", (), "it is too old"),
            "PostgreSQL 17.2, plain tables; it is too old",
        ),
        (
            Storage(World.APACHE, "17.2", "2.28.3", (), ""),
            "PostgreSQL 17.2, TimescaleDB 2.28.3 (apache edition), hypertables: none yet",
        ),
        (
            Storage(World.COMMUNITY, "17.2", "2.28.3", (Hypertable("a", columnar=True),), "b is"),
            "PostgreSQL 17.2, TimescaleDB 2.28.3 (community edition), hypertables: a; b is",
        ),
    ],
)
def test_it_is_told_in_one_line(storage: Storage, told: str) -> None:
    assert storage.sentence() == told
