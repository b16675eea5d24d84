"""`ballast db migrate|status` and `doctor` say how long series are kept, on the tests' stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from adapters.postgres.storage_world import World
from service.sole_service import sole_service
from tests.timescale_worlds import Place, place_of

Ballast = Callable[..., Any]
SERIES = ("bar_slice", "feature_slice", "prediction_slice", "regime_slice", "verdict_slice")


@pytest.fixture(params=World)
def place(request: pytest.FixtureRequest) -> Place:
    return place_of(request.config, "embedded", request.param)


def test_a_server_of_ones_own_is_migrated_and_says_how_it_keeps_series(
    ballast: Ballast, place: Place
) -> None:
    own = {"journal__dsn": place.dsn(asyncio.run(place.empty()))}
    unmade = ballast("db", "status", "--json", **own).json
    assert (unmade["storage"]["world"], unmade["storage"]["hypertables"]) == (place.world, [])
    done = ballast("db", "migrate", "--json", **own)
    assert done.code == 0, done.err
    held = [] if place.world is World.ABSENT else list(SERIES)
    assert done.json["storage"]["world"] == place.world
    assert [each["name"] for each in done.json["storage"]["hypertables"]] == held
    told = ballast("db", "status", "--json", **own).json
    assert told == {"state": "outside", "storage": done.json["storage"]}
    said = ballast("db", "status", **own).out.splitlines()
    assert said[0] == "your server"
    assert said[1].startswith("PostgreSQL 1")
    wanted = {
        World.ABSENT: "plain tables",
        World.APACHE: "TimescaleDB 2.28.3 (apache edition), hypertables: ",
        World.COMMUNITY: "TimescaleDB 2.28.3 (community edition), hypertables: ",
    }[place.world] + ", ".join(held)
    assert wanted in said[1]
    (found,) = [
        each
        for each in ballast("doctor", "--json", **own).json["findings"]
        if each["name"] == "database"
    ]
    assert found["found"] == f"your server answers: {said[1]}"
    assert ballast("db", "drift", **own).code == 0
    assert ballast("db", "validate", **own).code == 0
    assert ballast("db", "roles", **own).code == 0


def test_nothing_is_converted_beside_a_service(ballast: Any, pytestconfig: pytest.Config) -> None:
    """A conversion locks its table longer than an append may wait."""
    place = place_of(pytestconfig, "embedded", World.APACHE)
    own = {"journal__dsn": place.dsn(asyncio.run(place.empty()))}
    with sole_service(ballast.home, "The account paper"):
        beside = ballast("db", "migrate", "--json", **own).json["storage"]
    assert beside["hypertables"] == []
    assert beside["note"].endswith("into hypertables, while no service trades")
    assert len(ballast("db", "migrate", "--json", **own).json["storage"]["hypertables"]) == len(
        SERIES
    )


def test_the_embedded_server_says_so_while_it_runs(ballast: Ballast) -> None:
    """Before its first migration nobody can ask it."""
    assert ballast("db", "status", "--json").json["storage"] is None
    assert ballast("db", "url").code == 0
    try:
        unmade = ballast("db", "status", "--json")
        assert (unmade.code, unmade.json["state"]) == (0, "running")
        assert unmade.json["storage"] is None
        assert ballast("db", "migrate").code == 0
        said = ballast("db", "status").out.splitlines()
        assert said[0].startswith("running")
        assert said[1].endswith("plain tables")
    finally:
        assert ballast("db", "stop").code == 0
