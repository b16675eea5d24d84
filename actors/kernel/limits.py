"""Bounds of the kernel: how far one input may go, and what may be let go while it stands halted."""

from __future__ import annotations

from typing import Final

from actors.kernel.supervisor import RunawayError
from actors.messages.control import Tick
from actors.messages.market import BookSlice, CandleSlice, CurrencyRate, TradeSlice

CHECKPOINT_EVERY: Final = 1024
DIGEST_STATES_EVERY: Final = 1000
TIMERS_PER_INPUT_MAX: Final = 200_000
MESSAGES_PER_DELIVERY_MAX: Final = 200_000
# Market state that has aged is worthless after a halt; every other input is a fact and is kept.
LETTABLE: Final = frozenset({BookSlice, TradeSlice, CandleSlice, CurrencyRate, Tick})


def run_away() -> None:
    """One input or timer led to more messages than any rule needs. Raises RunawayError."""
    raise RunawayError(f"one input or timer led to over {MESSAGES_PER_DELIVERY_MAX} messages")
