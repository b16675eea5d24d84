"""Pages of the simulated Kraken's histories: bounds by time and by id, fifty rows, newest first."""

from __future__ import annotations

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.rest.pages import page, places_of, span_of

SECOND = 1_000_000_000
ROWS = (("a", 1 * SECOND), ("b", 2 * SECOND), ("c", 2 * SECOND), ("d", 3 * SECOND))


def inside(**params: str) -> str:
    places, span = places_of(ROWS), span_of(dict(params))
    return "".join(name for name, _ in ROWS if span.holds(name, places))


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, "abcd"),
        ({"start": "1"}, "bcd"),
        ({"start": "1.999999999"}, "bcd"),
        ({"start": "2"}, "d"),
        ({"end": "2"}, "abc"),
        ({"start": "1", "end": "2"}, "bc"),
        # Rows of one instant keep their order among ids: none is lost between two pages.
        ({"start": "b"}, "cd"),
        ({"start": "c"}, "d"),
        ({"end": "b"}, "ab"),
        ({"start": "a", "end": "c"}, "bc"),
    ],
)
def test_start_is_exclusive_and_end_inclusive(params: dict[str, str], names: str) -> None:
    assert inside(**params) == names


def test_an_unknown_id_and_a_negative_offset_are_refused() -> None:
    for params in ({"start": "x"}, {"end": "x"}, {"ofs": "-1"}, {"ofs": "y"}):
        with pytest.raises(Refusal):
            inside(**params)


def test_a_page_has_fifty_rows_from_its_offset() -> None:
    rows = list(range(120))
    assert page(rows, span_of({})) == rows[:50]
    assert page(rows, span_of({"ofs": "100"})) == rows[100:]
