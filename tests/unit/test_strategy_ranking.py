"""Several symbols compete for one budget: net edge for the risk taken, then the run's order."""

from __future__ import annotations

import numpy as np
import pytest

from actors.messages.codec import encode, state_decoder
from actors.messages.decision import VERDICT_COLUMNS
from actors.strategy.ranking import ranked
from actors.strategy.state import StrategyState
from tests.spoken_model import moved
from tests.strategy_desk import NOW, SYMBOLS, Desk, intents

NAN = float("nan")
EDGE = VERDICT_COLUMNS.index("edge")
COST = 9_500  # of the desk's market, in micros


@pytest.mark.parametrize(
    ("edges", "volatility", "turns"),
    [
        ((100, 200, 300), (0.01, 0.01, 0.01), [2, 1, 0]),
        ((100, 200, 300), (0.01, 0.03, 0.04), [0, 2, 1]),  # 10,000, 6,667 and 7,500
        ((100, 100, 100), (0.02, 0.01, 0.04), [1, 0, 2]),
        ((100, 200, 400), (0.01, 0.02, 0.04), [0, 1, 2]),  # exactly equal
        ((400, 200, 100), (0.04, 0.02, 0.01), [0, 1, 2]),
        ((300, 100, 200), (0.02, 0.01, 0.02), [0, 1, 2]),  # a tie behind the first
        ((-100, -200, 50), (0.01, 0.04, 0.1), [2, 1, 0]),
        ((900, 100, 50), (NAN, 0.01, 0.01), [1, 2, 0]),
        ((900, 100, 950), (NAN, 0.01, NAN), [1, 2, 0]),
        ((100, 900, 50), (0.01, 0.0, 0.01), [0, 2, 1]),  # what never moved is not known
        ((100, 200, 300), (NAN, NAN, NAN), [2, 1, 0]),
        ((100, 100, 100), (NAN, NAN, NAN), [0, 1, 2]),
    ],
)
def test_the_most_edge_for_its_risk_is_first(
    edges: tuple[int, ...], volatility: tuple[float, ...], turns: list[int]
) -> None:
    rows = np.zeros((3, len(VERDICT_COLUMNS)), dtype=np.int32)
    rows[:, EDGE] = edges
    for found in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        assert ranked(found, rows, np.array(volatility)) == turns


def test_the_desk_sends_entries_in_that_order() -> None:
    desk = Desk()
    desk.tell(moved(len(SYMBOLS), NOW, 0.02, 0.08, 0.02))
    found = intents(desk.predict((700_000, 20_000, 0), (600_000, 40_000, 0), (700_000, 20_000, 0)))
    # Edges of 10,500 and 30,500: four times the volatility is worth less than three times the edge.
    assert [intent.symbol for intent in found] == ["ABCUSD", "GHIUSD", "DEFUSD"]
    assert [intent.expected_move - intent.cost for intent in found] == [
        20_000 - COST,
        20_000 - COST,
        40_000 - COST,
    ]
    assert [intent.intent_no for intent in found] == [1, 2, 3]


def test_a_snapshot_keeps_the_volatility_and_an_older_one_knows_none() -> None:
    desk = Desk()
    desk.tell(moved(len(SYMBOLS), NOW, 0.02, 0.08, 0.02))
    decoder = state_decoder(StrategyState)
    again = decoder.decode(encode(desk.actor.state))
    assert np.array_equal(again.volatility, desk.actor.state.volatility)
    desk.actor.state.volatility = np.zeros(0)
    older = decoder.decode(encode(desk.actor.state))
    assert np.isnan(older.volatility).tolist() == [True] * len(SYMBOLS)
