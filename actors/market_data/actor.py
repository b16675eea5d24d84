"""market_data: what the edge feeds in becomes bars, marks and flags; nothing decides here.

A MarkSlice leaves at every bar's close (before its BarSlice; bars closed together share one), at
every heartbeat, and when soundness changes. Each rule is in the file named after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.market_data.bars import STARTED_INSIDE, drop_forming, tear
from actors.market_data.candles import take_candles
from actors.market_data.checks import check_books, symbol_rows
from actors.market_data.clockwork import listen, take_timer
from actors.market_data.gaps import LOST_TRADES, Cause, changed_gaps, missing_bars
from actors.market_data.intake import BOOKS, TRADES, hour_awaited, hour_told, take, watermarks
from actors.market_data.marks import marks
from actors.market_data.prices import confirm, confirmed_ts, list_symbols, sound_books, take_books
from actors.market_data.soundness import judge_books, take_clock_skew, take_status
from actors.market_data.state import (
    HOUR_TIMER,
    MarketDataConfig,
    MarketDataState,
    initial_state,
)
from actors.market_data.trades import take_trade_slice
from actors.messages.base import Message
from actors.messages.control import ClockSkew, Note, Reactivate, RunStarted, SetTimer, TimerFired
from actors.messages.ingestion import GapClosed, GapOpened, Watermark
from actors.messages.market import (
    PRIVATE_STREAMS,
    BarSlice,
    BookSlice,
    CandleSlice,
    FeedStatus,
    MarkSlice,
    TradeSlice,
)

__all__ = ["MarketDataActor", "MarketDataConfig", "MarketDataState", "initial_state"]


class MarketDataActor(Actor[MarketDataConfig, MarketDataState]):
    """State of the markets of one run, from inputs alone. Rules raise ValueError on bad slices."""

    __slots__ = ()

    name: ClassVar[str] = "market_data"
    emits: ClassVar[tuple[type[Message], ...]] = (
        BarSlice,
        MarkSlice,
        Note,
        SetTimer,
        GapOpened,
        GapClosed,
        Watermark,
    )
    state_type: ClassVar[type[MarketDataState]] = MarketDataState

    def on_candles(self, message: CandleSlice, at: int) -> Effects:
        """Candles close their bars themselves."""
        effects = take_candles(self.config, self.state, message, at)
        if not message.warm_up:
            effects += hour_awaited(self.state, at)
        return effects + missing_bars(self.config, self.state, effects, at)

    def on_trades(self, message: TradeSlice, at: int) -> Effects:
        """Trades form bars that the timer closes; missing ones change soundness at once."""
        config, state = self.config, self.state
        effects, missed = take_trade_slice(config, state, message, at)
        effects += hour_awaited(state, at)
        effects += missing_bars(config, state, effects, at)
        if missed:
            effects.append(marks(config, state, at))
            effects += changed_gaps(config, state, Cause(TRADES, LOST_TRADES, message.ts), at)
        return effects

    def on_books(self, message: BookSlice, at: int) -> Effects:
        """Sound books are adopted; an unsound one only raises its flag."""
        config, state = self.config, self.state
        full = symbol_rows("BookSlice", message.symbols, len(config.symbols))
        index = np.arange(len(config.symbols)) if full is None else full
        levels = message.levels
        check_books(levels, len(index))
        effects = listen(config, state, at)
        effects += hour_awaited(state, at)
        effects += missing_bars(config, state, effects, at)
        ts = min(message.ts, at)
        current = ~((state.book[0, index] > 0.0) & (confirmed_ts(state)[index] > ts))
        if not current.all():
            state.late_books += int(np.count_nonzero(~current))
            index, levels = index[current], levels[current]
        sound = sound_books(levels)
        changed = judge_books(state, index, sound, ts)
        adopted = index[sound]
        if len(adopted):
            list_symbols(state, adopted)
            take_books(config, state, adopted, levels[sound])
            confirm(state, adopted, ts)
            take(state, BOOKS, None if len(adopted) == len(config.symbols) else adopted, ts)
        if changed:
            effects.append(marks(config, state, at))
            cause = Cause(BOOKS, "unsound_book", ts, "sound_book")
            effects += changed_gaps(config, state, cause, at)
        return effects

    def on_status(self, message: FeedStatus, at: int) -> Effects:
        """A feed's fault closes the gate now, its repair opens it now; not so the account's."""
        if message.stream in PRIVATE_STREAMS or not take_status(self.state, message):
            return NOTHING
        return self._news(Cause(message.stream, message.event.value, message.ts), at)

    def on_clock_skew(self, message: ClockSkew, at: int) -> Effects:
        """A clock that is off makes every symbol unsound."""
        if not take_clock_skew(self.state, message.offset_ns):
            return NOTHING
        return self._news(Cause("clock", "clock_skew" if message.offset_ns else "in_step", at), at)

    def _news(self, cause: Cause, at: int) -> Effects:
        """Soundness changed, by no slice."""
        config, state = self.config, self.state
        told = changed_gaps(config, state, cause, at)
        return (marks(config, state, at), *hour_awaited(state, at), *told)

    def on_timer(self, message: TimerFired, at: int) -> Effects:
        """The bar timer, the heartbeat or the full hour."""
        config, state = self.config, self.state
        if message.name == HOUR_TIMER:
            return hour_told(config, state) if message.due == state.hour_due else NOTHING
        effects = [*take_timer(config, state, message, at)]
        return effects + missing_bars(config, state, effects, at)

    def on_reactivate(self, message: Reactivate, at: int) -> Effects:
        """While the core was halted, market data was let go: the forming bar is worth nothing."""
        if not message.hole:
            return NOTHING
        drop_forming(self.state)
        return self._news(Cause(TRADES, "reactivated", at), at)

    def on_run_started(self, message: RunStarted, at: int) -> Effects:
        """Listening begins now; a live bar that was already forming has a hole, unless the feed
        goes on where it stopped.

        Raises ValueError when the run's symbols are not this actor's: every index would be wrong.
        """
        if message.symbols != self.config.symbols:
            raise ValueError("RunStarted.symbols are not the symbols market_data was built for")
        self.state.listening_since = at
        if self.state.bar_timer_due and not message.gapless:
            tear(self.state, slice(None), STARTED_INSIDE)
        return watermarks(self.state, at, resumed=True)

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        CandleSlice: on_candles,
        TradeSlice: on_trades,
        BookSlice: on_books,
        FeedStatus: on_status,
        ClockSkew: on_clock_skew,
        TimerFired: on_timer,
        Reactivate: on_reactivate,
        RunStarted: on_run_started,
    }
