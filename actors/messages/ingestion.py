"""What went into market_data: holes that were seen, and how far each stream has come.

Records alone: no actor hears them. Places are indices of the run's symbols.
"""

from __future__ import annotations

from actors.messages.base import Message


class GapOpened(Message, frozen=True):
    """A hole was seen. `place` is -1 (and `symbol` empty) when it concerns the whole run.

    `kind` is what is wrong, `told_by` what showed it, `begins` the instant (ns UTC) from which it
    was known. `number` counts an account's gaps from 1.
    """

    number: int
    stream: str
    place: int
    symbol: str
    kind: str
    told_by: str
    begins: int


class GapClosed(Message, frozen=True):
    """The gap of that number is over since `ends`; `told_by` is what closed it.

    `times` is how often it came back before this was told: more than 1 for one that flaps.
    """

    number: int
    stream: str
    place: int
    symbol: str
    kind: str
    told_by: str
    begins: int
    ends: int
    times: int


class Watermark(Message, frozen=True):
    """How far a stream has come at `ts`, by symbol in the run's order.

    `newest_ts` is the instant of the newest slice that told the symbol (a candle's open; 0: none),
    `taken` how many did since the watermark before, `trade_ids` the newest trade, empty where no
    trade has an id. `resumed`: told at a run's start, of what the account had before it.
    """

    ts: int
    stream: str
    resumed: bool
    newest_ts: tuple[int, ...]
    taken: tuple[int, ...]
    trade_ids: tuple[int, ...]
