"""The rules of a pair in force: those that the run began with, until the venue tells of others.

They hold for whatever is decided after they were heard of; an order that is out keeps its own.
Steps that are none, and pairs that are not of the run, change nothing. Fees and the exponent of the
quote currency stay as the run began with them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from actors.instruments import Instrument
from actors.messages.control import PairRulesChanged
from actors.money import is_fact, is_sound


def in_force(known: Instrument, changed: Mapping[str, Instrument]) -> Instrument:
    """The newest rules of a pair."""
    return changed.get(known.symbol, known)


def adopt(
    changed: dict[str, Instrument], known: Instrument | None, message: PairRulesChanged
) -> bool:
    """Take new rules over into `changed`; False when they cannot be obeyed."""
    if known is None or not is_usable(message):
        return False
    changed[known.symbol] = msgspec.structs.replace(
        known,
        tick=message.tick,
        lot=message.lot,
        quantity_min=message.quantity_min,
        cost_min=message.cost_min,
    )
    return True


def is_usable(rules: PairRulesChanged) -> bool:
    """Whether the grids are grids and the minima can be met."""
    numbers = (rules.tick, rules.lot, rules.quantity_min, rules.cost_min)
    if not all(is_fact(each) and is_sound(each) for each in numbers):
        return False
    return rules.tick > 0 and rules.lot > 0 and rules.quantity_min >= 0 and rules.cost_min >= 0
