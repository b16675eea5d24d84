"""Pages of fifty, newest first, between `start` (exclusive) and `end` (inclusive).

Both may be a time in seconds or an id of the list. Offsets shift while new rows arrive; that is
Kraken's way too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.rest.parsing import Params, is_set, whole, word
from adapters.kraken_simulator.wire import SECOND_NS, decimal_of

PAGE: Final = 50
T = TypeVar("T")
Places = Mapping[str, tuple[int, int]]
"""Time and number of each row, by id."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What of a list was asked: bounds in ns or by id, and an offset."""

    start: int | str | None
    end: int | str | None
    offset: int
    without_count: bool

    def holds(self, name: str, places: Places) -> bool:
        """Whether a row lies inside: by its time, or by its place where a bound is an id."""
        place = places[name]
        return _is_after(place, self.start, places) and (
            self.end is None or not _is_after(place, self.end, places)
        )


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


def places_of(times: Iterable[tuple[str, int]]) -> Places:
    """The places of rows, oldest first, from their ids and times."""
    return {name: (ts, number) for number, (name, ts) in enumerate(times)}


def page(rows: list[T], span: Span) -> list[T]:
    """The page of these rows."""
    return rows[span.offset : span.offset + PAGE]


def _bound(text: str | None) -> int | str | None:
    if text is None:
        return None
    value = decimal_of(text)
    return text if value is None else int(value * SECOND_NS)


def _is_after(place: tuple[int, int], bound: int | str | None, places: Places) -> bool:
    """Whether a place lies after a bound; rows of one instant have an order among ids."""
    if bound is None:
        return True
    if isinstance(bound, int):
        return place[0] > bound
    if bound not in places:
        raise Refusal(argument("start"))
    return place > places[bound]
