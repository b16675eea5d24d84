"""Who is first in line when several symbols compete for one budget: the most edge for its risk.

Net edge (micros, after all costs) over the volatility of a bar, falling; then the order of symbols.
A symbol of which no volatility is known comes last: risk will not size it anyway.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from actors.messages.arrays import F64
from actors.messages.decision import VERDICT_COLUMNS

_EDGE: Final = VERDICT_COLUMNS.index("edge")


def ranked(found: list[int], rows: np.ndarray, volatility: F64) -> list[int]:
    """The indices in `found` in the order of their turns."""

    def turn(index: int) -> tuple[bool, float, int]:
        moves: float = volatility.item(index)
        known = moves > 0.0
        edge: int = rows[index, _EDGE].item()
        return not known, -edge / moves if known else float(-edge), index

    return sorted(found, key=turn)
