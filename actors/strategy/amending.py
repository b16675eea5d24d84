"""Which resting exits follow the market, and where to: the price that a new exit would have now.

An exit is followed while what made it stands: the thesis is still broken, or the edge still faded,
or everything is to be sold. Where the model now says hold, or the price is not to be believed, it
rests where it is. Entries are not followed. Whether a change may pass is risk's affair.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from actors.instruments import Instrument
from actors.messages.decision import VERDICT_COLUMNS, Action, AmendIntent, Reason, Side
from actors.money import from_micros, multiply_up, price_from_float
from actors.pair_rules import in_force
from actors.strategy.config import StrategyConfig
from actors.strategy.intents import BID, amend_intent, exit_price, has_bid, sells
from actors.strategy.profile import StrategyProfile
from actors.strategy.scoring import ScoreState
from actors.strategy.state import OpenIntent, StrategyState

_ASKED = [VERDICT_COLUMNS.index(name) for name in ("reason", "state", "expected_move", "move_h1")]


def amends(
    config: StrategyConfig, state: StrategyState, rows: np.ndarray, at: int, *, flatten: bool
) -> list[AmendIntent]:
    """A change for every exit that rests too far above the bid, in order of their intents.

    `rows` is int32[N, 6], the verdicts at `at` (ns UTC); with `flatten` the model is not asked.
    """
    profile, found = config.profile, []
    for known in state.open_intents.values():
        if known.side is Side.BUY or not known.resting or not _is_due(profile, known, at):
            continue
        index = known.index
        reason = Reason.FLATTEN if flatten else _grounds(profile, known, rows[index])
        if reason is None or not has_bid(state, index):
            continue
        instrument = in_force(config.instruments[index], state.rules)
        bid = state.marks.item(index, BID)
        price = max(exit_price(bid, instrument, profile), _lowest(profile, known, instrument))
        reference = price_from_float(bid, instrument.tick)
        slack = 1 + from_micros(profile.amend_stale_micros)
        if known.limit_price <= reference * slack or not sells(instrument, known.rest, price):
            continue
        known.asked_at, known.asked = at, known.asked + 1
        row = rows[index].copy()
        row[0], row[1] = known.action, reason
        amounts = (known.rest, price, reference)
        intent = amend_intent(state, instrument, row, amounts=amounts, at=at)
        found.append(AmendIntent(known.cl_ord_id, intent))
    return found


def _lowest(profile: StrategyProfile, known: OpenIntent, instrument: Instrument) -> Decimal:
    """One step down at most: a book that is empty for a moment is not followed to its bottom."""
    left = 1 - from_micros(profile.amend_step_micros)
    return multiply_up(known.limit_price, left, instrument.tick)


def _is_due(profile: StrategyProfile, known: OpenIntent, at: int) -> bool:
    waited = at - known.asked_at >= profile.amend_interval_ns
    return waited and known.asked < profile.amends_max_count


def _grounds(profile: StrategyProfile, known: OpenIntent, row: np.ndarray) -> Reason | None:
    """Why it should still be sold: nothing stands in the way but its own order, and the model."""
    reason, state, move, move_h1 = (int(row[each]) for each in _ASKED)
    if reason != Reason.ORDER_OPEN:
        return None
    if state <= ScoreState.NEGATIVE or move <= profile.exit_move_micros:
        return Reason.THESIS_BROKEN
    faded = known.action is Action.PARTIAL_EXIT and move_h1 <= profile.fade_move_micros
    return Reason.EDGE_FADED if faded else None
