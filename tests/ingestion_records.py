"""One of each record of what came in and what was missed, sound in every constraint."""

from __future__ import annotations

from actors.instant import HOUR_NS
from actors.messages.ingestion import GapClosed, GapOpened, Watermark
from tests.journal_samples import START_NS

OPENED = GapOpened(1, "book", 0, "XBT/USD", "crossed", "unsound_book", START_NS)
GAP_CLOSED = GapClosed(
    number=1,
    stream="book",
    place=0,
    symbol="XBT/USD",
    kind="crossed",
    told_by="sound_book",
    begins=START_NS,
    ends=START_NS + 5,
    times=1,
)
WATERMARK = Watermark(
    ts=START_NS - START_NS % HOUR_NS,
    stream="trade",
    resumed=False,
    newest_ts=(START_NS, 0),
    taken=(17, 0),
    trade_ids=(41, 0),
)
