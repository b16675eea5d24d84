"""What a stream of frames has been through, counted; the numbers a report and metrics show."""

from __future__ import annotations

import msgspec


class StreamCounts(msgspec.Struct, gc=False):
    """Counters since the stream began; a book or trade entry is in exactly one fault count."""

    frames: int = 0
    book_snapshots: int = 0
    book_updates: int = 0
    checksums_verified: int = 0
    checksums_failed: int = 0
    crossed_books: int = 0
    updates_without_book: int = 0
    trades: int = 0
    trades_before_start: int = 0
    trades_repeated: int = 0
    trade_gaps: int = 0
    trade_repairs: int = 0
    corrupt_frames: int = 0
    misshapen_frames: int = 0
    unknown_fields: int = 0
    unknown_symbols: int = 0
    other_frames: int = 0
    refused_requests: int = 0
    rule_changes: int = 0
    misshapen_rules: int = 0
