"""What stands against the caps: worths, claims and places, one row a case."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.currencies import PAIRS as CURRENCY_PAIRS
from actors.currencies import Rate
from actors.messages.decision import Side
from actors.messages.ledger import PositionView
from actors.money import run_exact
from actors.risk.clusters import ClusterMap
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.reservations import Reservation
from actors.risk.rooms import Rooms, worth_of
from actors.risk.state import RiskState, initial_state
from actors.risk.view import view_of
from tests.unit.test_risk_caps import PAIRS, WIDE
from tests.unit.test_risk_state import NOW, D, portfolio, position

CONFIG = RiskConfig(PAIRS, RiskProfile(**WIDE | {"quote_cap_cad_micros": 1_000_000}))
BUY, SELL = Side.BUY, Side.SELL


def rooms(
    symbol: str, *held: PositionView, claims: tuple[Reservation, ...] = (), cash: str = "10000.00"
) -> Rooms:
    """Of an account of 10,000, with every cap as wide as the equity."""
    state: RiskState = initial_state(CONFIG)
    state.exchange_rates = {pair: Rate(D(1), D(1), NOW) for pair in CURRENCY_PAIRS}
    state.clusters = ClusterMap("bases", NOW, NOW + 1, {each.symbol: each.base for each in PAIRS})
    state.portfolio = portfolio(*held, cash=cash)
    state.reservations = {str(number): each for number, each in enumerate(claims)}
    return run_exact(lambda: view_of(CONFIG, state, symbol, BUY, NOW)).rooms


def claim(symbol: str, side: Side = BUY, **more: Any) -> Reservation:
    plain = Reservation(1, symbol, side, D("2.000"), D("100.0"), NOW)
    return msgspec.structs.replace(plain, **more)


def test_rooms_of_nothing_leave_nothing() -> None:
    assert Rooms() == Rooms(
        position=D(0),
        exposure=D(0),
        cluster=D(0),
        quote=D(0),
        cash=D(0),
        positions_count=0,
        positions_max_count=0,
        position_cap=D(0),
        symbol_worth=D(0),
        exposure_cap=D(0),
        total_worth=D(0),
        cash_free=D(0),
        cluster_cap=D(0),
        cluster_worth=D(0),
        quote_cap=D(0),
        quote_worth=D(0),
    )


@pytest.mark.parametrize(
    ("value", "cost", "worth"),
    [
        ("5", "9", "5"),
        ("9", "5", "9"),
        ("0.5", "9", "0.5"),
        ("0", "9", "9"),  # no mark: what was paid
        ("0", "0.5", "0.5"),
        ("-1", "9", "9"),
        ("0", "0", "0"),
        ("0", "-3", "0"),
    ],
)
def test_a_position_is_worth_its_mark_or_what_was_paid(value: str, cost: str, worth: str) -> None:
    assert worth_of(PositionView("AAAUSD", D(1), D(1), D(cost), D(value))) == D(worth)


PLACES: list[tuple[str, list[PositionView], list[Reservation], int]] = [
    ("AAAUSD", [], [], 0),
    ("AAAUSD", [position("BBBUSD", "1")], [], 1),
    ("AAAUSD", [position("BBBUSD", "0.01")], [], 1),
    ("AAAUSD", [position("BBBUSD", "0.009")], [], 0),  # dust
    ("BBBUSD", [position("AAAUSD", "0.009")], [], 0),
    ("BBBUSD", [position("AAAUSD", "0.01")], [], 1),
    ("AAAUSD", [position("AAAUSD", "5")], [], 0),  # its own place
    ("AAAUSD", [position("OLDUSD", "0.0001")], [], 1),  # of a stranger nobody knows the dust
    ("AAAUSD", [position("OLDUSD", "0")], [], 0),
    ("AAAUSD", [position("OLDUSD", "-1")], [], 0),
    ("AAAUSD", [position("AAACAD", "1"), position("BBBUSD", "1")], [], 2),
    ("AAAUSD", [], [claim("BBBUSD")], 1),
    ("AAAUSD", [], [claim("AAAUSD")], 0),
    ("AAAUSD", [], [claim("BBBUSD", SELL)], 0),
    ("AAAUSD", [], [claim("BBBUSD", over=True)], 0),
    ("AAAUSD", [], [claim("BBBUSD", over=True, filled=D("0.5"))], 1),
    ("AAAUSD", [], [claim("BBBUSD", SELL), claim("BBBCAD")], 1),
    ("AAAUSD", [position("BBBUSD", "1")], [claim("BBBUSD")], 1),
    ("AAAUSD", [position("BBBUSD", "0.009")], [claim("BBBUSD"), claim("BBBUSD")], 1),
]


@pytest.mark.parametrize(("symbol", "held", "claims", "count"), PLACES)
def test_a_place_is_taken_by_what_is_held_or_may_be_bought(
    symbol: str, held: list[PositionView], claims: list[Reservation], count: int
) -> None:
    found = rooms(symbol, *held, claims=tuple(claims))
    assert (found.positions_count, found.positions_max_count) == (count, 10)


# Asked, held (worth 100 each); what counts in its symbol, its quote and in all.
STANDING = [
    ("AAAUSD", ["AAAUSD"], ("100", "100", "100")),
    ("AAAUSD", ["AAAUSDC"], ("0", "0", "100")),
    ("AAAUSD", ["AAACAD"], ("0", "0", "100")),
    ("AAAUSD", ["BBBUSD"], ("0", "100", "100")),
    ("AAAUSD", ["BBBCAD"], ("0", "0", "100")),
    ("BBBCAD", ["AAAUSD"], ("0", "0", "100")),
    ("BBBCAD", ["AAACAD"], ("0", "100", "100")),
    ("BBBCAD", ["BBBUSD", "AAACAD", "BBBCAD"], ("100", "200", "300")),
]
STRANGERS = [
    ("AAAUSD", ["OLDUSD"], ("0", "100", "100")),  # nobody knows its quote
    ("AAAUSD", ["OLDUSD", "AAACAD"], ("0", "100", "200")),
]
WHOLE = D("10000.00")


@pytest.mark.parametrize(("symbol", "held", "counts"), STANDING + STRANGERS)
def test_what_is_held_counts_in_its_symbol_its_quote_and_in_all(
    symbol: str, held: list[str], counts: tuple[str, str, str]
) -> None:
    found = rooms(symbol, *(position(each, "1") for each in held))
    own, quote, total = map(D, counts)
    assert (found.symbol_worth, found.total_worth) == (own, total)
    assert (found.quote, found.quote_cap, found.quote_worth) == (WHOLE - quote, WHOLE, quote)
    assert (found.exposure, found.exposure_cap) == (WHOLE - total, WHOLE)
    assert (found.position, found.position_cap) == (WHOLE - own, WHOLE)


@pytest.mark.parametrize(("symbol", "held"), [("AAAUSD", "BBBUSD"), ("BBBUSD", "AAAUSD")])
def test_what_is_of_another_base_leaves_a_cluster_its_room(symbol: str, held: str) -> None:
    assert rooms(symbol, position(held, "1")).cluster == WHOLE
    found = rooms(symbol, position(symbol, "1"))
    assert (found.cluster, found.cluster_cap, found.cluster_worth) == (WHOLE - 100, WHOLE, D(100))


@pytest.mark.parametrize(("symbol", "held", "counts"), STANDING)
def test_an_open_buy_counts_as_what_it_may_buy_and_a_sale_as_nothing(
    symbol: str, held: list[str], counts: tuple[str, str, str]
) -> None:
    buys = [claim(each, quantity=D("1.000")) for each in held]
    found = rooms(symbol, claims=(claim(symbol, SELL), *buys))
    own, quote, total = map(D, counts)
    assert (found.symbol_worth, found.total_worth) == (own, total)
    assert found.quote == WHOLE - quote


@pytest.mark.parametrize(
    ("claims", "claimed"),
    [
        ([claim("BBBUSD")], "200.80"),  # and a fee of 0.4 %
        ([claim("BBBUSD"), claim("AAAUSD")], "401.60"),
        ([claim("BBBUSD", covered=True)], "0.00"),
        ([claim("BBBUSD", SELL)], "0.00"),
        ([claim("BBBUSD", SELL), claim("BBBUSD")], "200.80"),
    ],
)
def test_cash_is_free_of_what_open_buys_will_hold(claims: list[Reservation], claimed: str) -> None:
    before = rooms("AAAUSD", cash="1000.00")
    found = rooms("AAAUSD", claims=tuple(claims), cash="1000.00")
    assert before.cash_free - found.cash_free == D(claimed)
    assert (found.cash < before.cash) == (D(claimed) > 0)
