"""What the venue does in each of its modes, as Kraken does it; a test writes the table out again.

A mode is the whole venue's or one pair's, and the stricter of the two decides each question.
Maintenance answers nothing, not even a cancel. Cancel-only and post-only match nothing; ours are
never post-only orders. Limit-only bars market orders, which we never send. Reduce-only takes sales.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.messages.decision import Side
from actors.messages.market import FeedEvent, FeedStatus
from actors.paper_venue.state import PaperVenueConfig, PaperVenueState


class Mode(msgspec.Struct, frozen=True):
    """What one mode allows; a refusal is the venue's own words, empty where it takes the order."""

    refuses_buys: str = ""
    refuses_sales: str = ""
    cancels: bool = True
    matches: bool = True


UNAVAILABLE: Final = "EService:Unavailable"
_CANCEL_ONLY: Final = "EService:Market in cancel_only mode"
_POST_ONLY: Final = "EService:Market in post_only mode"
_REDUCE_ONLY: Final = "EService:Market in reduce_only mode"
_NOT_LISTED: Final = "EQuery:Unknown asset pair"

EVERYONE: Final = -1
ONLINE: Final = Mode()
MODES: Final = {
    FeedEvent.ONLINE: ONLINE,
    FeedEvent.MAINTENANCE: Mode(UNAVAILABLE, UNAVAILABLE, cancels=False, matches=False),
    FeedEvent.CANCEL_ONLY: Mode(_CANCEL_ONLY, _CANCEL_ONLY, matches=False),
    FeedEvent.POST_ONLY: Mode(_POST_ONLY, _POST_ONLY, matches=False),
    FeedEvent.LIMIT_ONLY: ONLINE,
    FeedEvent.REDUCE_ONLY: Mode(refuses_buys=_REDUCE_ONLY),
    FeedEvent.NOT_LISTED: Mode(_NOT_LISTED, _NOT_LISTED, matches=False),
}


def take_status(config: PaperVenueConfig, state: PaperVenueState, message: FeedStatus) -> None:
    """Remember the venue's or a pair's newest mode; what befell only a feed is not the venue's.

    A symbol outside the run is nobody's here; market_data refuses the message.
    """
    event, symbols = message.event, tuple(config.instruments)
    if event not in MODES:
        return
    if message.symbol == EVERYONE:
        state.venue_mode = event
    elif 0 <= message.symbol < len(symbols):
        state.pair_modes[symbols[message.symbol]] = event


def refusal(state: PaperVenueState, symbol: str, side: Side) -> str:
    """The words with which an order is refused now; empty when its mode takes it."""
    for mode in _modes(state, symbol):
        words = mode.refuses_buys if side is Side.BUY else mode.refuses_sales
        if words:
            return words
    return ""


def takes_cancels(state: PaperVenueState, symbol: str) -> bool:
    """Whether a cancel is carried out now."""
    return all(mode.cancels for mode in _modes(state, symbol))


def matches(state: PaperVenueState, symbol: str) -> bool:
    """Whether orders in the symbol can trade now."""
    return all(mode.matches for mode in _modes(state, symbol))


def _modes(state: PaperVenueState, symbol: str) -> tuple[Mode, Mode]:
    return MODES[state.venue_mode], MODES[state.pair_modes.get(symbol, FeedEvent.ONLINE)]
