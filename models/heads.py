"""Questions that a bundle may answer beside its own: heads of the same trees, a curve each.

A head shares the trees of the bundle's own horizon and has leaf values of its own, so six answers
cost one walk. Each is a probability; those of a horizon have an expected move as well. What is
asked, and in which columns of a prediction the answer stands, is fixed here. Not here: how leaf
values and curves are fitted (training).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from models.calibration import Curve

RISE = "the price is higher at the exit, no cost taken off"
REBOUND = "the highest of the opens after the entry's is at least one daily sigma above it"
DOWNSIDE = "the lowest of the opens after the entry's is at least half a daily sigma below it"
OWN_COLUMNS = 3
"""P(up), expected move and uncertainty at the bundle's own horizon come first in a prediction."""
COLUMNS = 11
"""Those, and a column or two for every question."""


class Question(msgspec.Struct, frozen=True):
    """What is asked over the `bars` after the entry bar, and where the answer stands."""

    name: str
    bars: int
    meaning: str
    p_column: int
    move_column: int = -1
    """-1: nothing but a probability."""


QUESTIONS = (
    Question("h1", 1, RISE, 3, 4),
    Question("h4", 4, RISE, 5, 6),
    Question("h24", 24, RISE, 7, 8),
    Question("rebound", 24, REBOUND, 9),
    Question("downside", 4, DOWNSIDE, 10),
)


class HeadCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Knots: strictly increasing margins with a probability, and a move or none, in millionths."""

    margin: tuple[float, ...]
    p_micros: tuple[int, ...]
    """Never falls as the margin rises."""
    expected_move_micros: tuple[int, ...] = ()
    """Expected gross return, signed, never falling; empty for a question of odds alone."""

    def fault(self) -> str:
        """Why the curve cannot be used, or an empty string."""
        moves = self.expected_move_micros or (0,) * len(self.margin)
        return Curve(self.margin, self.p_micros, moves, (0,) * len(self.margin)).fault()


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One more answer of a bundle: the question as it was asked, its calibration, its worth."""

    name: str
    bars: int
    meaning: str
    calibration: HeadCurve
    metrics: dict[str, dict[str, float | None]]

    @property
    def question(self) -> Question:
        """The question of that name. Raises StopIteration when there is none."""
        return next(each for each in QUESTIONS if each.name == self.name)

    @property
    def lines(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Columns of a prediction with what stands in them at each knot."""
        question, curve = self.question, self.calibration
        p = (question.p_column, curve.p_micros)
        if question.move_column < 0:
            return (p,)
        return p, (question.move_column, curve.expected_move_micros)

    def knots(self) -> np.ndarray:
        """The margins of the curve."""
        return np.array(self.calibration.margin)


def heads_fault(heads: Sequence[Head]) -> str:
    """What is wrong with the heads of a bundle that says to have some; empty when nothing is."""
    known = [each.name for each in QUESTIONS]
    names = [head.name for head in heads]
    if not names or names != [name for name in known if name in names]:
        return "they are not some of the known questions, each once and in order"
    for head in heads:
        asked = head.question
        if (head.bars, head.meaning) != (asked.bars, asked.meaning):
            return f"{head.name} answers another question"
        if fault := head.calibration.fault():
            return f"the calibration of {head.name} cannot be used, {fault}"
        if bool(head.calibration.expected_move_micros) != (asked.move_column >= 0):
            return f"{head.name} has a move where none is asked for, or none where one is"
    return ""
