"""When maps are computed, how long they hold, and what they say of themselves."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from actors.clusters.actor import ClustersActor, ClustersConfig, ClustersState, initial_state
from actors.instant import DAY_NS, HOUR_NS
from actors.instruments import Instrument
from actors.messages.arrays import sealed
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.control import RunStarted
from actors.messages.market import BAR_COLUMNS, BarSlice
from actors.messages.profile import ProfileInForce
from actors.messages.risk import ClustersComputed
from actors.profiles.state import canonical
from actors.risk.clusters import version_of
from actors.risk.profile import RiskProfile

D = Decimal
FACTORS = np.random.default_rng(3).normal(0.0, 0.01, (2_000, 2))
PAIRS = (("BTC", "USD"), ("ETH", "USD"), ("ADA", "USD"), ("BTC", "CAD"))
START = 100 * DAY_NS
LEAST = 168


def pair(base: str, quote: str) -> Instrument:
    return Instrument(
        symbol=f"{base}/{quote}",
        base=base,
        quote=quote,
        tick=D("0.1"),
        lot=D("0.001"),
        quantity_min=D("0.01"),
        cost_min=D(5),
        quote_decimals=2,
        maker_fee=D(0),
        taker_fee=D(0),
    )


CONFIG = ClustersConfig(tuple(pair(*each) for each in PAIRS), RiskProfile(), HOUR_NS)


def fresh() -> ClustersActor:
    return ClustersActor(CONFIG, initial_state(CONFIG))


def bar(hour: int, *, gap: tuple[int, ...] = (), warm_up: bool = False) -> BarSlice:
    """The bar that ends `hour` hours after the start. BTC and ETH move together, ADA alone."""
    grown = np.cumprod(1.0 + FACTORS, axis=0)[hour]
    closes = np.array([grown[0], 3.0 * grown[0], grown[1], 1.4 * grown[0]])
    closes[list(gap)] = np.nan
    rows = np.full((len(PAIRS), len(BAR_COLUMNS)), 1.0)
    rows[:, BAR_COLUMNS.index("close")] = closes
    at = START + hour * HOUR_NS
    return BarSlice(at - HOUR_NS, at, sealed(rows), warm_up)


def hear(
    actor: ClustersActor, first: int, last: int, *, warm_up: bool = False
) -> list[ClustersComputed]:
    """What is told from hour `first` to `last`."""
    told: list[Message] = []
    for hour in range(first, last + 1):
        told += actor.handle(bar(hour, warm_up=warm_up), 0)
    assert all(isinstance(each, ClustersComputed) for each in told)
    return told  # type: ignore[return-value]


def hours(told: list[ClustersComputed]) -> list[int]:
    return [(each.as_of - START) // HOUR_NS for each in told]


@pytest.mark.parametrize("warm_up", [True, False])
def test_the_first_map_comes_with_history_enough_and_then_one_a_day(warm_up: bool) -> None:
    told = hear(fresh(), 1, LEAST + 60, warm_up=warm_up)
    assert hours(told) == [LEAST + 1, LEAST + 24, LEAST + 48]


def test_a_map_says_what_it_is_and_how_long_it_holds() -> None:
    (told,) = hear(fresh(), 1, LEAST + 1)
    clusters = (("ADA", ("ADA/USD",)), ("BTC+1", ("BTC/CAD", "BTC/USD", "ETH/USD")))
    assert (told.clusters, told.unknown) == (clusters, ())
    assert told.version == version_of(clusters, ())
    assert told.valid_until - told.as_of == 2 * DAY_NS
    assert (told.returns_count, told.window_ns, told.correlation) == (LEAST, 30 * DAY_NS, 700_000)


def test_equal_clusters_have_one_version_and_other_returns_another_digest() -> None:
    first, second, *_ = hear(fresh(), 1, LEAST + 30)
    assert first.clusters == second.clusters
    assert first.version == second.version
    assert first.digest != second.digest


def test_the_day_whose_first_hour_never_came_has_its_map_with_the_next() -> None:
    actor = fresh()
    hear(actor, 1, LEAST + 23)
    assert hours(hear(actor, LEAST + 27, LEAST + 60)) == [LEAST + 27, LEAST + 48]


def test_a_symbol_that_came_late_is_unknown_until_it_has_history() -> None:
    actor = fresh()
    told: list[ClustersComputed] = []
    for hour in range(1, LEAST + 73):
        found = actor.handle(bar(hour, gap=(2,) if hour < 25 else ()), 0)
        told += [each for each in found if isinstance(each, ClustersComputed)]
    assert [each.unknown for each in told] == [("ADA/USD",), ("ADA/USD",), (), ()]
    assert told[0].clusters == (("BTC+1", ("BTC/CAD", "BTC/USD", "ETH/USD")),)


def test_where_nothing_ever_moved_there_is_no_map() -> None:
    actor = fresh()
    for hour in range(1, LEAST + 30):
        still = np.full((len(PAIRS), len(BAR_COLUMNS)), 1.0)
        at = START + hour * HOUR_NS
        assert actor.handle(BarSlice(at - HOUR_NS, at, sealed(still)), 0) == ()


def profile_told(**values: int) -> ProfileInForce:
    return ProfileInForce(1, canonical(RiskProfile(**values)), "{}")


def test_other_values_of_clusters_make_a_map_at_once() -> None:
    actor = fresh()
    hear(actor, 1, LEAST + 30)
    (told,) = actor.handle(profile_told(cluster_correlation_micros=300_000), 0)
    assert isinstance(told, ClustersComputed)
    assert (hours([told]), told.correlation) == ([LEAST + 30], 300_000)
    assert actor.handle(profile_told(cluster_correlation_micros=300_000), 0) == ()
    assert hours(hear(actor, LEAST + 31, LEAST + 60)) == [LEAST + 48]


def test_a_shorter_window_forgets_what_is_older_at_once() -> None:
    actor = fresh()
    hear(actor, 1, LEAST + 30)
    (told,) = actor.handle(profile_told(cluster_window_ns=7 * DAY_NS), 0)
    assert isinstance(told, ClustersComputed)
    assert (told.returns_count, told.window_ns) == (7 * 24, 7 * DAY_NS)


def test_other_values_of_anything_else_make_none() -> None:
    actor = fresh()
    hear(actor, 1, LEAST + 30)
    assert actor.handle(profile_told(cluster_cap_micros=10_000), 0) == ()


def test_the_values_in_force_decide_from_then_on() -> None:
    actor = fresh()
    values = {
        "cluster_interval_ns": 6 * HOUR_NS,
        "cluster_max_age_ns": 12 * HOUR_NS,
        "cluster_history_min_count": 100,
        "cluster_window_ns": 7 * DAY_NS,
    }
    assert actor.handle(profile_told(**values), 0) == ()  # nothing is known yet
    told = hear(actor, 1, 200)
    assert hours(told) == [101, *range(102, 200, 6)]
    assert told[0].valid_until - told[0].as_of == 12 * HOUR_NS
    assert told[-1].returns_count == 7 * 24


def test_what_was_remembered_goes_on_as_if_nothing_had_happened() -> None:
    whole, halves = fresh(), fresh()
    hear(halves, 1, 150)
    data = encode(halves.state)
    resumed = fresh()
    resumed.resume(state_decoder(ClustersState).decode(data))
    assert hear(whole, 1, 250)[-2:] == hear(resumed, 151, 250)[-2:]
    assert encode(whole.state) == encode(resumed.state)


def test_returns_of_other_symbols_are_forgotten_at_a_runs_start() -> None:
    actor = fresh()
    hear(actor, 1, LEAST + 30)
    fewer = ClustersConfig(CONFIG.instruments[:2], RiskProfile(), HOUR_NS)
    other = ClustersActor(fewer, actor.state)
    other.handle(started(), 0)
    assert len(other.state.sampled.rows) == 0


def test_a_new_run_of_the_same_symbols_keeps_them() -> None:
    actor = fresh()
    hear(actor, 1, LEAST + 30)
    actor.handle(started(), 0)
    assert len(actor.state.sampled.rows) == LEAST + 29
    assert hours(hear(actor, LEAST + 31, LEAST + 60)) == [LEAST + 31, LEAST + 48]


def started() -> RunStarted:
    """Nothing in it is looked at."""
    words = ("r", "acct", "PAPER", 1, (), "hash", "{}", "code", "seeded", "bundle", "", "")
    return RunStarted(*words)
