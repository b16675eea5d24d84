"""How far an account fell, in the units in which deposits and withdrawals are no gain and no loss.

Two gates judge the loss of a day, risk and orders; here is only the arithmetic that they share.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.money import micros_up

_MICROS: Final = 1_000_000


def fall_micros(least: int, now: int) -> int:
    """How far the unit value fell between two drawdowns of one peak, in millionths, rounded up.

    1 - (1 - now) / (1 - least): flows of money move neither. Where nothing was left, all is lost.
    """
    left = _MICROS - least
    return micros_up(Decimal(now - least), Decimal(left)) if left > 0 else _MICROS
