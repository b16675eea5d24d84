"""Risk goes by one map while it holds: what counts against the cap of a cluster, row by row."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.messages.control import Note, RunStarted
from actors.messages.order import OrderState
from actors.messages.risk import ClustersComputed, Refusal
from actors.risk.actor import RiskActor
from actors.risk.clusters import ALL, UNKNOWN, ClusterMap, holding, map_of, version_of
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.state import initial_state
from tests.known_clusters import told
from tests.spoken_model import UNSIZED
from tests.unit.test_risk_state import CONFIG, NOW, Desk, approved, portfolio, position, refused

D = Decimal
A, B, C, E = "AAAUSD", "BBBUSD", "CCCUSD", "EEEUSD"
SYMBOLS = tuple(each.symbol for each in CONFIG.instruments)
REST = tuple(each for each in SYMBOLS if each not in (A, B, C, E))
CAPPED = RiskConfig(
    CONFIG.instruments,
    RiskProfile(
        **UNSIZED,
        position_cap_micros=1_000_000,
        normal_cap_micros=1_000_000,
        exposure_cap_micros=1_000_000,
        quote_cap_usd_micros=1_000_000,
        cluster_cap_micros=100_000,
    ),
)
PAIRED = told((A, B), (C,), REST, unknown=(E,))


def desk(found: ClustersComputed | None = PAIRED) -> Desk:
    """The equity is 10,000, so that a cluster may be worth 1,000: ten of anything at 100."""
    made = Desk()
    made.actor = RiskActor(CAPPED, initial_state(CAPPED))
    if found is not None:
        assert made.tell(found) == ()
    return made


@pytest.mark.parametrize(
    ("held", "wanted", "left"),
    [
        ({}, A, 10),
        ({A: 4}, A, 6),
        ({B: 4}, A, 6),
        ({A: 2, B: 4}, A, 4),
        ({C: 4}, A, 10),
        ({C: 4, B: 3}, C, 6),
        # What may belong to any cluster counts in each.
        ({E: 4}, A, 6),
        ({E: 4, B: 3}, A, 3),
        ({E: 4, B: 3}, C, 6),
        ({"OLDUSD": 4, B: 3}, A, 3),
        ({"OLDUSD": 4, E: 3}, C, 3),
        # One of those is judged by the fullest cluster.
        ({}, E, 10),
        ({E: 4}, E, 6),
        ({A: 4, C: 3}, E, 6),
        ({A: 2, B: 1, C: 4}, E, 6),
        ({A: 2, B: 3, C: 4, E: 1, "OLDUSD": 1}, E, 3),
    ],
)
def test_what_counts_against_the_cap_of_a_cluster(
    held: dict[str, int], wanted: str, left: int
) -> None:
    found = desk()
    found.tell(portfolio(*(position(symbol, f"{size}") for symbol, size in held.items())))
    assert approved(found.ask(wanted, notional=D("5000.00"))) == D(f"{left}.000")


@pytest.mark.parametrize(("first", "then", "left"), [(A, B, 7), (A, C, 10), (E, C, 7), (A, E, 7)])
def test_open_buys_count_in_their_cluster_too(first: str, then: str, left: int) -> None:
    found = desk()
    found.tell(portfolio())
    assert approved(found.ask(first, notional=D("300.00"))) == D("3.000")
    found.update(1, OrderState.UNKNOWN)
    assert approved(found.ask(then, notional=D("5000.00"))) == D(f"{left}.000")


@pytest.mark.parametrize("held", [A, C, E, "OLDUSD"])
def test_without_a_map_everything_is_one_cluster(held: str) -> None:
    found = desk(None)
    found.tell(portfolio(position(held, "4")))
    assert approved(found.ask(A, notional=D("5000.00"))) == D("6.000")
    full = desk(None)
    full.tell(portfolio(position(held, "10")))
    assert refused(full.ask(A)) is Refusal.CLUSTER_CAP


@pytest.mark.parametrize(("at", "left"), [(NOW - 1, 10), (NOW, 6), (NOW + 1, 6)])
def test_a_map_holds_until_its_end_and_not_at_it(at: int, left: int) -> None:
    ending = told((A, B), (C,), REST, unknown=(E,), as_of=NOW - SECOND_NS, valid_until=NOW)
    found = desk(ending)
    found.tell(portfolio(position(C, "4")), at)
    assert approved(found.ask(A, at, notional=D("5000.00"))) == D(f"{left}.000")


def test_a_newer_map_takes_the_place_of_the_one_before() -> None:
    found = desk()
    found.tell(told((A, C), (B,), REST, (E,), as_of=1))
    found.tell(portfolio(position(C, "4")))
    assert approved(found.ask(A, notional=D("5000.00"))) == D("6.000")


SAME_NAME = (("X", (A, B)), ("X", (C,)), ("Y", REST))
WRONG = [
    ("older", told((A, B), (C,), REST, unknown=(E,), as_of=-1)),
    ("a symbol is missing", told((A, B), REST, unknown=(E,))),
    ("a symbol is there twice", told((A, B), (B, C), REST, unknown=(E,))),
    ("a stranger", told((A, B), (C, "OLDUSD"), REST, unknown=(E,))),
    ("of another version", msgspec.structs.replace(PAIRED, version="another")),
    ("it never holds", told((A, B), (C,), REST, unknown=(E,), as_of=5, valid_until=5)),
    (
        "a name twice",
        msgspec.structs.replace(PAIRED, clusters=SAME_NAME, version=version_of(SAME_NAME, (E,))),
    ),
]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=[each[0] for each in WRONG])
def test_what_is_no_map_of_the_runs_symbols_changes_nothing(
    name: str, wrong: ClustersComputed
) -> None:
    del name
    found = desk()
    before = found.actor.state.clusters
    (note,) = found.tell(wrong)
    assert isinstance(note, Note)
    assert (note.level, note.event) == ("error", "risk.clusters_refused")
    assert found.actor.state.clusters is before


@pytest.mark.parametrize("name", [ALL, UNKNOWN])
def test_no_cluster_has_a_name_that_means_something_else(name: str) -> None:
    assert map_of(told((name,)), (name,)) is None


def test_a_run_of_other_symbols_starts_without_a_map() -> None:
    found = desk()
    words = ("r", "acct", "PAPER", 1, SYMBOLS, "hash", "{}", "code", "seeded", "bundle", "", "")
    found.tell(RunStarted(*words))
    assert found.actor.state.clusters is not None
    fewer = RiskConfig(CONFIG.instruments[:3], CAPPED.profile)
    found.actor.config = found.actor.configured = fewer
    words = (*words[:4], SYMBOLS[:3], *words[5:])
    found.tell(RunStarted(*words))
    assert found.actor.state.clusters is None


def test_every_symbol_is_in_the_one_cluster_where_none_holds() -> None:
    assert holding(None, 0).of(A) == ALL
    ended = ClusterMap("v", 1, 5, {A: "AAA"})
    assert (holding(ended, 4).of(A), holding(ended, 4).of(B)) == ("AAA", UNKNOWN)
    assert holding(ended, 5).of(A) == ALL
