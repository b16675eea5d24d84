"""What a shipped bundle says leads to every action of the default profile, as the rules have it.

The bundle speaks of the seeded market as a run would hear it; each prediction is then put to the
strategy once without and once with a campaign, and to the same rules written down a second time.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.envelope import Input
from actors.messages.control import RunStarted
from actors.messages.decision import Action, Reason, VerdictSlice
from actors.messages.prediction import (
    DOWNSIDE,
    EXPECTED_MOVE,
    MISSING,
    MOVE_H1,
    OWN_COLUMNS,
    P_UP,
    REBOUND,
    PredictionSlice,
)
from adapters.instruments.table import instruments
from models.bundle.load import load_bundle
from models.bundle.manifest import heads_of
from service.bundles import SHIPPED, choose_bundle
from service.graph import build_graph
from service.settings import DecisionSettings, MarketSettings
from tests.simulation.hourly_market import HourlyMarket
from tests.strategy_desk import CONFIG, SYMBOLS, Desk, spoken

HOURS = 240
PROFILE = CONFIG.profile
CALM_COST = 9_500
"""Micros of the desk's market: two fees of 4,000, a spread of 1,000, slippage of 500."""
HEADS = ("h1", "h4", "h24", "rebound", "downside")
GAIN = "180"
"""What two units cost that are worth 200."""
Row = tuple[int, ...]


@cache
def said() -> tuple[Row, ...]:
    """Whole predictions of the synthetic bundle, hour by hour, of every symbol."""
    market = HourlyMarket(7, HOURS)
    settings = DecisionSettings(market=MarketSettings(bar_interval_seconds=3600))
    bundle = choose_bundle("", mode="PAPER", feed_kind="seeded").predictor
    kernel = build_graph(settings, instruments(market.symbols), bundle).kernel
    found: list[Row] = []
    told = ("", "", "", "", "", "", "")
    items = list(market.items())
    kernel.step(
        Input(1, items[0].at, RunStarted("run", "paper", "PAPER", 1, market.symbols, *told))
    )
    for seq, item in enumerate(items, 2):
        for each in kernel.step(Input(seq, item.at, item.body)).records:
            if isinstance(each.body, PredictionSlice) and not each.body.warm_up:
                found += (tuple(row) for row in each.body.rows.tolist())
    return tuple(row for row in found if MISSING not in row)


def answers(row: Row, *, held: bool) -> tuple[Action, Reason]:
    """What the strategy answers to a prediction."""
    desk = Desk()
    if held:
        desk.owns(SYMBOLS[0], "2", cost=GAIN)
    (verdict,) = [each for each in desk.predict(row) if isinstance(each, VerdictSlice)]
    action, reason = verdict.rows[0, :2].tolist()
    return Action(action), Reason(reason)


def entered(row: Row) -> tuple[Action, Reason]:
    """The rules of an entry, again."""
    if row[P_UP] < PROFILE.entry_p_up_micros:
        return Action.NO_ENTRY, Reason.PROBABILITY_TOO_LOW
    if row[DOWNSIDE] >= PROFILE.dip_downside_micros:
        return Action.NO_ENTRY, Reason.DROP_AHEAD
    if row[EXPECTED_MOVE] - CALM_COST < PROFILE.edge_margin_micros:
        return Action.NO_ENTRY, Reason.EDGE_BELOW_COST
    return Action.ENTER, Reason.EDGE_ABOVE_COST


def left(row: Row) -> tuple[Action, Reason]:
    """The rules of a campaign that has gained, again."""
    broken = row[P_UP] <= PROFILE.strong_exit_p_up_micros
    broken |= row[EXPECTED_MOVE] <= PROFILE.exit_move_micros
    doubted = broken or row[P_UP] <= PROFILE.exit_p_up_micros
    if broken and row[REBOUND] <= PROFILE.rebound_weak_micros:
        return Action.EXIT, Reason.THESIS_BROKEN
    if doubted and row[REBOUND] >= PROFILE.rebound_credible_micros:
        return Action.HOLD, Reason.REBOUND_CREDIBLE
    if doubted:
        return Action.PARTIAL_EXIT, Reason.THESIS_MIXED
    if row[MOVE_H1] <= PROFILE.fade_move_micros:
        return Action.PARTIAL_EXIT, Reason.EDGE_FADED
    return Action.HOLD, Reason.THESIS_HOLDS


def test_every_action_can_be_reached_and_none_is_a_sliver() -> None:
    rows = said()
    assert len(rows) > 1_500
    flat, held = [entered(row)[0] for row in rows], [left(row)[0] for row in rows]
    for action, decided in (
        (Action.NO_ENTRY, flat),
        (Action.ENTER, flat),
        (Action.HOLD, held),
        (Action.PARTIAL_EXIT, held),
        (Action.EXIT, held),
    ):
        assert decided.count(action) / len(rows) >= 0.02, action


def test_who_would_be_entered_is_not_sold_in_the_same_breath() -> None:
    """Nor does what is sold lie closer to what is bought than a round trip costs."""
    rows = said()
    enters = [row for row in rows if entered(row)[0] is Action.ENTER]
    assert {left(row)[0] for row in enters} <= {Action.HOLD, Action.PARTIAL_EXIT}
    broken = [row for row in rows if row[EXPECTED_MOVE] <= PROFILE.exit_move_micros]
    least = min(row[EXPECTED_MOVE] for row in enters)
    assert broken
    assert least - max(row[EXPECTED_MOVE] for row in broken) > CALM_COST


@given(st.integers(0, 10**6), st.booleans())
def test_the_answer_is_what_the_rules_say_of_the_bundles_prediction(place: int, held: bool) -> None:
    row = said()[place % len(said())]
    assert answers(row, held=held) == (left(row) if held else entered(row))


odds = st.integers(0, 1_000_000)
moves = st.integers(-50_000, 50_000)


@given(odds, moves, odds, odds, moves, st.booleans())
def test_the_answer_is_what_the_rules_say_of_any_prediction(
    p_up: int, move: int, rebound: int, downside: int, move_h1: int, held: bool
) -> None:
    row = spoken(p_up, move, rebound=rebound, downside=downside, move_h1=move_h1)
    assert answers(row, held=held) == (left(row) if held else entered(row))


def test_a_bundle_without_what_campaigns_need_decides_nothing() -> None:
    """Both shipped ones have it."""
    for name in ("baseline", "synthetic"):
        assert [each.name for each in heads_of(load_bundle(SHIPPED / name).manifest)] == list(HEADS)
    narrow = np.array([[700_000, 30_000, 0]] * 3, dtype=np.int32)
    assert narrow.shape[1] == OWN_COLUMNS
    desk = Desk()
    desk.predict(spoken(700_000, 30_000))
    told = desk.tell(PredictionSlice(0, "baseline", narrow))
    (verdict,) = [each for each in told if isinstance(each, VerdictSlice)]
    assert {Reason(row[1]) for row in verdict.rows.tolist()} == {Reason.NO_MODEL}


@pytest.mark.parametrize("held", [False, True])
def test_the_bundle_reaches_many_reasons(held: bool) -> None:
    """A demo shows the rules at work, not one of them."""
    found = {(left if held else entered)(row)[1] for row in said()}
    assert len(found) >= 3
