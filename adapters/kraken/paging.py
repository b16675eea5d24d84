"""A list over a whole window, read page by page, and whether it is whole.

Rows are listed newest first, so new ones shift the pages: both ends are fixed before, every row is
kept once by its id, and the list is whole when as many rows were seen as the venue counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from actors.instant import SECOND_NS
from adapters.kraken.bodies import Form
from adapters.kraken.records import Listed

PAGE_ROWS: Final = 50
PAGES_MOST: Final = 400
SWEEPS_MOST: Final = 2
T = TypeVar("T")
Page = tuple[dict[str, T], int | None]
"""Rows by id, and how many the venue counts in the window, where it says so."""


async def whole_list(
    page_at: Callable[[int], Awaitable[Page[T]]], *, pages_most: int = PAGES_MOST
) -> Listed[T]:
    """Every row of a window. `page_at` reads the page that begins at an offset.

    Rows that came in late are listed before those already read: a second sweep finds them.
    """
    found: dict[str, T] = {}
    offset, sweeps, counted = 0, 1, 0
    for _ in range(pages_most):
        rows, count = await page_at(offset)
        found |= rows
        offset += len(rows)
        counted = max(counted, count or 0)
        if count is not None and len(found) >= counted:
            return Listed(tuple(found.values()), True)
        if rows and (len(rows) >= PAGE_ROWS or offset < counted):
            continue
        if count is None:
            return Listed(tuple(found.values()), True)
        if sweeps == SWEEPS_MOST:
            break
        offset, sweeps = 0, sweeps + 1
    else:
        return Listed(tuple(found.values()), False, f"more than {pages_most} pages")
    why = f"{len(found)} of the {counted} rows that the venue counts"
    return Listed(tuple(found.values()), False, why)


def window_form(since: int, until: int) -> Form:
    """A window (ns, both ends included) in whole seconds, wider than asked for.

    The venue leaves out a row at `start` itself.
    """
    start = max(0, since // SECOND_NS - 1)
    return (("start", str(start)), ("end", str(-(-until // SECOND_NS) + 1)))


def at_offset(form: Form, offset: int) -> Form:
    """The same window from the row with this number on."""
    return (*form, ("ofs", str(offset)))


def within(listed: Listed[T], ts_of: Callable[[T], int], since: int, until: int) -> Listed[T]:
    """Only the rows whose instant lies in the window (ns, both ends included)."""
    rows = tuple(row for row in listed.rows if since <= ts_of(row) <= until)
    return Listed(rows, listed.complete, listed.why)
