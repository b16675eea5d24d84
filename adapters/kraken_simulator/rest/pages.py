"""Pages of fifty, newest first, between `start` (exclusive) and `end` (inclusive).

Both may be a time in seconds or an id of the list. Offsets shift while new rows arrive; that is
Kraken's way too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.rest.parsing import Params, is_set, whole, word
from adapters.kraken_simulator.wire import SECOND_NS, decimal_of

PAGE: Final = 50
T = TypeVar("T")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What of a list was asked: bounds in ns or by id, and an offset."""

    start: int | str | None
    end: int | str | None
    offset: int
    without_count: bool

    def holds(self, ts: int, times: Mapping[str, int]) -> bool:
        """Whether a row of this time lies inside; `times` has the times of ids."""
        start, end = _time(self.start, times, "start"), _time(self.end, times, "end")
        return (start is None or ts > start) and (end is None or ts <= end)


def span_of(params: Params) -> Span:
    """The span that a request asks for. Raises Refusal."""
    offset = whole(params, "ofs") or 0
    if offset < 0:
        raise Refusal(argument("ofs"))
    return Span(
        start=_bound(word(params, "start")),
        end=_bound(word(params, "end")),
        offset=offset,
        without_count=is_set(params, "without_count"),
    )


def page(rows: list[T], span: Span) -> list[T]:
    """The page of these rows."""
    return rows[span.offset : span.offset + PAGE]


def _bound(text: str | None) -> int | str | None:
    if text is None:
        return None
    value = decimal_of(text)
    return text if value is None else int(value * SECOND_NS)


def _time(bound: int | str | None, times: Mapping[str, int], name: str) -> int | None:
    if isinstance(bound, str):
        if bound not in times:
            raise Refusal(argument(name))
        return times[bound]
    return bound
