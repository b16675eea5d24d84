"""What a shipped bundle can say leads to every action of the default profile, in a sound order.

The curves are followed from end to end, on margins that the calibration's rows really had, through
the strategy's own ladders, once without and once with a position. A twentieth of those rows stands
behind each knot, so knots also tell how often an answer is given.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.decision import Action, VerdictSlice
from actors.messages.market import MarkSlice
from actors.messages.prediction import PredictionSlice
from models.bundle.load import Bundle, load_bundle
from service.bundles import SHIPPED
from tests.strategy_desk import CONFIG, NOW, SYMBOLS, Desk, portfolio, position

NAMES = ("baseline", "synthetic")
BUNDLES = {name: load_bundle(SHIPPED / name) for name in NAMES}
PROFILE = CONFIG.profile
CALM_COST = 9_500
"""Micros of the desk's market: two fees of 4,000, a spread of 1,000, slippage of 500."""
STEPS = 2_000
SEVERITY = {Action.HOLD: 0, Action.PARTIAL_EXIT: 1, Action.EXIT: 2}
Prediction = tuple[int, int, int]


def said(bundle: Bundle, rank: float) -> Prediction:
    """The prediction at a place along the knots, 0 the lowest margin and 1 the highest."""
    margins, columns = bundle.manifest.calibration.arrays()
    margin = np.interp(rank * (len(margins) - 1), np.arange(len(margins)), margins)
    p_up, move, width = (int(np.rint(np.interp(margin, margins, column))) for column in columns)
    return p_up, move, width


def answers(*predictions: Prediction, held: bool) -> list[Action]:
    """What the strategy answers to up to three predictions, one a symbol of the desk."""
    desk = Desk()
    if held:
        desk.portfolio = portfolio(*(position(symbol, "2") for symbol in SYMBOLS))
    assert desk.portfolio is not None
    desk.tell(MarkSlice(NOW, desk.marks, desk.flags))
    desk.tell(desk.portfolio)
    padded = (*predictions, *[predictions[0]] * (len(SYMBOLS) - len(predictions)))
    effects = desk.tell(PredictionSlice(NOW, desk.bundle_id, np.array(padded, dtype=np.int32)))
    (verdict,) = [each for each in effects if isinstance(each, VerdictSlice)]
    return [Action(value) for value in verdict.rows[: len(predictions), 0].tolist()]


def along(name: str, *, held: bool) -> list[Action]:
    """The answers from the lowest margin to the highest."""
    places = np.linspace(0.0, 1.0, STEPS + 1).tolist()
    predictions = [said(BUNDLES[name], place) for place in places]
    width = len(SYMBOLS)
    found: list[Action] = []
    for at in range(0, len(predictions), width):
        found += answers(*predictions[at : at + width], held=held)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_action_can_be_reached_and_none_is_a_sliver(name: str) -> None:
    flat, held = along(name, held=False), along(name, held=True)
    assert set(flat) == {Action.NO_ENTRY, Action.ENTER}
    assert set(held) == set(SEVERITY)
    for action, answered in ((Action.ENTER, flat), *((each, held) for each in SEVERITY)):
        assert answered.count(action) / len(answered) >= 0.04, action


@pytest.mark.parametrize("name", NAMES)
def test_as_the_margin_falls_a_position_is_held_then_halved_then_left(name: str) -> None:
    severities = [SEVERITY[action] for action in along(name, held=True)]
    assert severities == sorted(severities, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_between_entering_and_leaving_lies_more_than_a_round_trip(name: str) -> None:
    """Whoever left comes back only after the expected move has grown by more than both trades."""
    places = np.linspace(0.0, 1.0, STEPS + 1).tolist()
    moves = [said(BUNDLES[name], place)[1] for place in places]
    flat, held = along(name, held=False), along(name, held=True)
    enters = min(m for m, action in zip(moves, flat, strict=True) if action is Action.ENTER)
    leaves = max(m for m, action in zip(moves, held, strict=True) if action is Action.EXIT)
    halves = max(m for m, action in zip(moves, held, strict=True) if action is Action.PARTIAL_EXIT)
    assert enters - leaves > CALM_COST
    assert enters - halves > CALM_COST


@given(st.sampled_from(NAMES), st.floats(0.0, 1.0))
def test_the_answer_is_what_the_rules_say_of_the_prediction(name: str, place: float) -> None:
    prediction = said(BUNDLES[name], place)
    p_up, move, _ = prediction
    worth = move - CALM_COST >= PROFILE.edge_margin_micros
    enter = p_up >= PROFILE.entry_p_up_micros and worth
    broken = p_up <= PROFILE.exit_p_up_micros or move <= PROFILE.exit_move_micros
    faded = move <= PROFILE.fade_move_micros
    assert answers(prediction, held=False) == [Action.ENTER if enter else Action.NO_ENTRY]
    expected = Action.EXIT if broken else Action.PARTIAL_EXIT if faded else Action.HOLD
    assert answers(prediction, held=True) == [expected]
    if enter:
        assert expected is Action.HOLD


@pytest.mark.parametrize("name", NAMES)
def test_a_faded_edge_is_still_more_likely_to_rise_than_a_broken_thesis_allows(name: str) -> None:
    """The band between faded and broken is one of doubt: about even odds, a small loss expected."""
    places = np.linspace(0.0, 1.0, STEPS + 1).tolist()
    predictions = [said(BUNDLES[name], place) for place in places]
    band = [
        prediction
        for prediction, action in zip(predictions, along(name, held=True), strict=True)
        if action is Action.PARTIAL_EXIT
    ]
    assert all(PROFILE.exit_p_up_micros < p_up < 560_000 for p_up, _, _ in band)
    assert all(PROFILE.exit_move_micros < move <= 0 for _, move, _ in band)
