"""Logical timers of market_data: the bar timer of live data, and the heartbeat.

The bar timer fires at the boundary plus `settle_ns`, whether trades are dense or absent; it rests
after WARM_UP_BARS empty bars. The heartbeat fires at multiples of its period and rests once nothing
was heard for longer than `stale_after_ns`; the next data starts both again. So a silence of any
length costs a bounded number of firings. Candles close their bars by themselves.
"""

from __future__ import annotations

from actors.instant import floor_to
from actors.kernel.actor import NOTHING, Effects
from actors.market_data.bars import STARTED_INSIDE, closed_until, tear
from actors.market_data.marks import marks
from actors.market_data.state import (
    BAR_TIMER,
    HEARTBEAT_TIMER,
    NEVER,
    MarketDataConfig,
    MarketDataState,
)
from actors.messages.base import Message
from actors.messages.control import SetTimer, TimerFired
from models.features.catalogue import WARM_UP_BARS


def listen(config: MarketDataConfig, state: MarketDataState, at: int) -> list[Message]:
    """Live data came at `at`: open the bar of that time and arm what rests.

    Bars between warm-up candles and the first live data are closed as history. A bar inside which
    listening began is torn.
    """
    state.heard_at = at
    effects = beat(config, state, at)
    if state.bar_timer_due:
        return effects
    current = floor_to(at - config.settle_ns, config.bar_interval_ns)
    if NEVER < state.bar_open_ts < current and state.empty_bars < WARM_UP_BARS:
        bars = closed_until(config, state, current, warm_up=True)
        effects += [marks(config, state, at, warm_up=True), *bars]
    state.bar_open_ts = max(current, state.bar_open_ts)
    state.empty_bars = 0
    if state.listening_since == NEVER:
        state.listening_since = at
    if state.bar_open_ts < state.listening_since:
        tear(state, slice(None), STARTED_INSIDE)
    effects.append(_armed_bar_timer(config, state))
    return effects


def _armed_bar_timer(config: MarketDataConfig, state: MarketDataState) -> SetTimer:
    state.bar_timer_due = state.bar_open_ts + config.bar_interval_ns + config.settle_ns
    return SetTimer(BAR_TIMER, state.bar_timer_due)


def beat(config: MarketDataConfig, state: MarketDataState, at: int) -> list[Message]:
    """Arm the heartbeat if it is wanted and rests."""
    if config.heartbeat_ns == 0 or state.heartbeat_due:
        return []
    state.heartbeat_due = floor_to(at, config.heartbeat_ns) + config.heartbeat_ns
    return [SetTimer(HEARTBEAT_TIMER, state.heartbeat_due)]


def take_timer(
    config: MarketDataConfig, state: MarketDataState, message: TimerFired, at: int
) -> Effects:
    """A timer fired; one that was superseded does nothing."""
    if message.name == BAR_TIMER and message.due == state.bar_timer_due:
        return _close_by_timer(config, state, at)
    if message.name == HEARTBEAT_TIMER and message.due == state.heartbeat_due:
        mark = marks(config, state, at, heartbeat=True)
        state.heartbeat_due = 0
        if at - state.heard_at > config.stale_after_ns:
            return (mark,)
        return (mark, *beat(config, state, at))
    return NOTHING


def _close_by_timer(config: MarketDataConfig, state: MarketDataState, at: int) -> Effects:
    state.empty_bars = 0 if state.forming_symbols else state.empty_bars + 1
    target = state.bar_timer_due - config.settle_ns
    state.bar_timer_due = 0
    bars = closed_until(config, state, target, warm_up=False)
    if not bars:
        return NOTHING
    mark = marks(config, state, at)
    if state.empty_bars >= WARM_UP_BARS:
        return (mark, *bars)
    return (mark, *bars, _armed_bar_timer(config, state))
