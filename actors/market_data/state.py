"""Config and state of market_data. Every array has one row a symbol, in the run's index order.

Not here: any rule. Scalars such as `unlisted` only summarise an array, so that the common case is
one integer comparison.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from actors.instant import HOUR_NS, SECOND_NS
from actors.messages.market import MarketFlag

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
LongArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]

NEVER = -1
BAR_TIMER = "bar"
HEARTBEAT_TIMER = "heartbeat"
HOUR_TIMER = "hour"


class MarketDataConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decision settings of market_data; all durations are nanoseconds, all ratios fractions of 1.

    `heartbeat_ns` 0 is off. `candle_half_spread_ratio` is half the spread assumed around the last
    price where no book was ever seen. `outlier_ratio` is how far one print may lie from the last
    price and the mid before a second one must confirm it. `settle_ns` is how long after a boundary
    a live bar waits for trades that are still under way.
    """

    symbols: tuple[str, ...]
    bar_interval_ns: int = HOUR_NS
    stale_after_ns: int = 60 * SECOND_NS
    heartbeat_ns: int = 0
    candle_half_spread_ratio: float = 0.0005
    outlier_ratio: float = 0.5
    settle_ns: int = 0

    def __post_init__(self) -> None:
        assert self.symbols, "a run has at least one symbol"
        assert self.bar_interval_ns > 0, "a bar has a length"
        assert self.stale_after_ns > 0, "a price is stale after some time"
        assert self.heartbeat_ns >= 0, "a heartbeat has a period or is off (0)"
        assert 0.0 <= self.candle_half_spread_ratio < 1.0, "half a spread is below the price"
        assert 0.0 < self.outlier_ratio < 1.0, "an outlier is off by a fraction of the price"
        assert 0 <= self.settle_ns < self.bar_interval_ns, "settling is shorter than a bar"


class Gap(msgspec.Struct):
    """One hole that was told. `place` is -1 for the whole run; instants are ns UTC."""

    number: int
    stream: str
    place: int
    kind: str
    begins: int
    opened_at: int
    held: bool
    """It came back within an hour: its end is told at the full hour."""
    over: bool = False
    told: bool = False
    """Its closing was told; kept until the full hour, to know it again."""
    ends: int = 0
    closed_by: str = ""
    times: int = 1


class Taken(msgspec.Struct):
    """What a stream told: by symbol, and of all symbols together; both count.

    `slices` are those since the last watermark.
    """

    newest_ts: LongArray
    slices: LongArray
    whole_ts: int = 0
    whole_slices: int = 0


class MarketDataState(msgspec.Struct):
    """Everything market_data remembers; times are ns UTC, prices quote units, quantities base."""

    bar_open_ts: int
    """Open of the forming bar; NEVER before any data."""
    bar_timer_due: int
    """When the bar timer fires; 0 when it rests (candle feeds, or a long silence)."""
    heartbeat_due: int
    heard_at: int
    """Logical time of the newest book, trade or candle message that is no warm-up."""
    listening_since: int
    """From when every trade is seen; NEVER while candles speak."""
    empty_bars: int
    """Live bars in a row that closed without any trade."""
    forming: FloatArray
    """[6, N] the bar that forms (BAR_COLUMNS by symbol); NaN where nothing traded yet."""
    forming_symbols: int
    following: FloatArray
    """[6, N] trades of the bar after it that came before it closed."""
    following_symbols: int
    candle_open_ts: int
    """Open of the newest candle merged; `candle_seen` [N] tells for which symbols."""
    candle_seen: ByteArray
    last: FloatArray
    """[N] last price that marks may use; NaN before any."""
    suspect: FloatArray
    """[N] a print too far off, waiting for a second; NaN when none."""
    book: FloatArray
    """[3, N] best bid, best ask and depth (quote) of the last sound book; NaN before any."""
    booked_symbols: int
    bar_depth: FloatArray
    """[N] volume times close of the last closed bar; 0 when it is a gap."""
    confirmed_ts: LongArray
    """[N] when the price was last confirmed alone; 0 before any."""
    all_confirmed_ts: int
    """When all prices were last confirmed together; the later of the two holds."""
    faults: IntArray
    """[N] MarketFlag bits that stay until repaired."""
    fault_ts: LongArray
    run_faults: int
    """MarketFlag bits of the whole venue or of our own clock."""
    unlisted: int
    """How many symbols never had data."""
    torn: ByteArray
    """[N] whether the forming bar misses trades; the values are in `bars`."""
    torn_symbols: int
    last_trade_id: LongArray
    """[N] newest venue trade id merged; 0 where unknown."""
    late_trades: int
    late_candles: int
    repeated_trades: int
    trade_gaps: int
    outliers: int
    late_books: int
    hour_due: int = 0
    """When the hour's timer fires; 0 when it rests."""
    taken: dict[str, Taken] = {}
    """By stream."""
    gaps: dict[str, Gap] = {}
    """By place and kind: those that are open, and those told within the hour."""
    gaps_count: int = 0
    run_holes: int = 0
    """The bits of `run_faults` that were told as gaps."""
    holes: bytes = b""
    """int32[N] of bits that were told as gaps, before any nothing."""
    missing: bytes = b""
    """bool[N] whether the last closed bar was absent, before any nothing."""


def initial_state(config: MarketDataConfig) -> MarketDataState:
    """The state before any message: nothing is listed, nothing is armed."""
    n = len(config.symbols)
    return MarketDataState(
        bar_open_ts=NEVER,
        bar_timer_due=0,
        heartbeat_due=0,
        heard_at=0,
        listening_since=NEVER,
        empty_bars=0,
        forming=np.full((6, n), np.nan),
        forming_symbols=0,
        following=np.full((6, n), np.nan),
        following_symbols=0,
        candle_open_ts=NEVER,
        candle_seen=np.zeros(n, dtype=np.uint8),
        last=np.full(n, np.nan),
        suspect=np.full(n, np.nan),
        book=np.full((3, n), np.nan),
        booked_symbols=0,
        bar_depth=np.zeros(n),
        confirmed_ts=np.zeros(n, dtype=np.int64),
        all_confirmed_ts=0,
        faults=np.full(n, int(MarketFlag.NOT_LISTED), dtype=np.int32),
        fault_ts=np.zeros(n, dtype=np.int64),
        run_faults=0,
        unlisted=n,
        torn=np.zeros(n, dtype=np.uint8),
        torn_symbols=0,
        last_trade_id=np.zeros(n, dtype=np.int64),
        late_trades=0,
        late_candles=0,
        repeated_trades=0,
        trade_gaps=0,
        outliers=0,
        late_books=0,
    )
