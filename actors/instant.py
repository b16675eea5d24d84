"""Time as integers: nanoseconds UTC. Nothing here reads a clock."""

from __future__ import annotations

from typing import Final

MICROSECOND_NS: Final = 1_000
MILLISECOND_NS: Final = 1_000_000
SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 3_600 * SECOND_NS
DAY_NS: Final = 24 * HOUR_NS


def floor_to(instant_ns: int, step_ns: int) -> int:
    """The last multiple of `step_ns` that is not after `instant_ns`."""
    assert step_ns > 0
    return instant_ns - instant_ns % step_ns


def ceil_to(instant_ns: int, step_ns: int) -> int:
    """The first multiple of `step_ns` that is not before `instant_ns`."""
    return -floor_to(-instant_ns, step_ns)
