"""What the paper venue keeps: our orders on their way or resting, the books, and what we took of
them.

Displayed quantity that an order of ours has taken stays taken for as long as its price level is
displayed, because a recorded book cannot know of us.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np

from actors.instant import MILLISECOND_NS
from actors.instruments import Instrument
from actors.messages.decision import Side
from actors.messages.execution import Liquidity
from actors.messages.market import BOOK_LEVELS, FeedEvent
from actors.messages.order import AmendOrder
from actors.money import ZERO
from actors.pair_rules import in_force


class PaperVenueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decision settings of the paper venue; `instruments` by symbol in the run's index order.

    `latency_ns` is one way, for orders and cancels. Against candles a taking order pays
    `half_spread_ratio` + `slippage_ratio` of the open; orders get at most `participation_ratio` of
    what traded.
    """

    instruments: dict[str, Instrument]
    latency_ns: int = 250 * MILLISECOND_NS
    half_spread_ratio: Decimal = Decimal("0.0002")
    slippage_ratio: Decimal = Decimal("0.0003")
    participation_ratio: Decimal = Decimal("0.1")


class VenueOrderState(msgspec.Struct):
    """One order of ours; `accepted_at` is zero while it travels. `ordinal` numbers its reports.

    `awaits_open` is true until a candle that opened after the order was sent has been seen.
    `crossed` is true once a book that may have stood at its acceptance was within its limit.
    `change` is an amendment on its way.
    """

    cl_ord_id: str
    symbol: str
    index: int
    side: Side
    remaining: Decimal
    limit_price: Decimal
    submitted_at: int
    deadline: int
    accepted_at: int = 0
    ordinal: int = 0
    awaits_open: bool = True
    crossed: bool = False
    change: AmendOrder | None = None

    @property
    def resting_liquidity(self) -> Liquidity:
        """What the rest of the order pays as: where it may have taken, the dearer fee."""
        return Liquidity.TAKER if self.crossed else Liquidity.MAKER


class PaperVenueState(msgspec.Struct):
    """The whole state: orders in order of submission, f64[N, 40] books, quantities taken.

    `taken` goes by symbol, then by side of the book and price as text. `venue_mode` is the whole
    venue's mode, `pair_modes` goes by symbol (online where it is not named). `rules` are those of
    pairs that changed in the run.
    """

    levels: np.ndarray
    orders: dict[str, VenueOrderState] = {}
    taken: dict[str, dict[str, Decimal]] = {}
    venue_mode: FeedEvent = FeedEvent.ONLINE
    pair_modes: dict[str, FeedEvent] = {}
    rules: dict[str, Instrument] = {}

    def rules_of(self, config: PaperVenueConfig, symbol: str) -> Instrument:
        """The rules of a pair of the run as they are now."""
        return in_force(config.instruments[symbol], self.rules)


def initial_state(config: PaperVenueConfig) -> PaperVenueState:
    """No orders and empty books. AssertionError on settings that would favour us."""
    assert config.latency_ns > 0
    assert 0 <= config.half_spread_ratio + config.slippage_ratio < 1
    assert config.half_spread_ratio >= 0
    assert config.slippage_ratio >= 0
    assert ZERO < config.participation_ratio <= 1
    return PaperVenueState(np.full((len(config.instruments), 4 * BOOK_LEVELS), np.nan))
