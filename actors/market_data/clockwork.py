"""Logical timers of market_data: the bar timer of live data, and the heartbeat.

The bar timer fires at the boundary plus `settle_ns`, whether trades are dense or absent; it rests
after WARM_UP_BARS empty bars. The heartbeat fires at the first multiple of its period after data.
In a silence it waits as long again as the silence has lasted, but fires in the very nanosecond in
which a symbol turns stale, and rests once all are. The next data starts both again; so a silence
costs a bounded number of firings. Candles close their bars by themselves.
"""

from __future__ import annotations

from actors.instant import floor_to
from actors.kernel.actor import NOTHING, Effects
from actors.market_data.bars import STARTED_INSIDE, closed_until, tear
from actors.market_data.marks import marks
from actors.market_data.prices import confirmed_ts
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
    """Data came at `at`: arm the heartbeat if it is wanted, and rests or waits for longer."""
    period = config.heartbeat_ns
    if period == 0:
        return []
    due = min(floor_to(at, period) + period, at + config.stale_after_ns + 1)
    if 0 < state.heartbeat_due <= due:
        return []
    state.heartbeat_due = due
    return [SetTimer(HEARTBEAT_TIMER, due)]


def _beat_again(config: MarketDataConfig, state: MarketDataState, at: int) -> tuple[Message, ...]:
    """Arm the beat after the one at `at`, unless that one has told that every symbol is stale.

    Without data a later beat can differ only by age: of a price (told at its moment), of a
    prediction or a cool-down (which a doubled pause still sees within twice the silence).
    """
    stale_from = confirmed_ts(state) + (config.stale_after_ns + 1)
    ahead = stale_from[stale_from > at]
    if not len(ahead):
        return ()
    pause_ns = max(config.heartbeat_ns, at - state.heard_at)
    state.heartbeat_due = min(floor_to(at + pause_ns, config.heartbeat_ns), int(ahead.min()))
    return (SetTimer(HEARTBEAT_TIMER, state.heartbeat_due),)


def take_timer(
    config: MarketDataConfig, state: MarketDataState, message: TimerFired, at: int
) -> Effects:
    """A timer fired; one that was superseded does nothing."""
    if message.name == BAR_TIMER and message.due == state.bar_timer_due:
        return _close_by_timer(config, state, at)
    if message.name == HEARTBEAT_TIMER and message.due == state.heartbeat_due:
        mark = marks(config, state, at, heartbeat=True)
        state.heartbeat_due = 0
        return (mark, *_beat_again(config, state, at))
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
