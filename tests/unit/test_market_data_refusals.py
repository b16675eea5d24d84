"""Slices that no market can produce are set aside whole, with a sentence that names the column."""

from __future__ import annotations

import numpy as np
import pytest

from actors.instant import MINUTE_NS
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.market import BookSlice, CandleSlice, TradeSlice
from tests.market_data_run import START, MarketDataRun, book, candles, config_of, flat

NAN, INF = float("nan"), float("inf")


def error_of(body: Message) -> str:
    """The recorded sentence of the refusal; the actor goes on with the next slice."""
    run = MarketDataRun(config_of())
    result = run.step(body, START + MINUTE_NS)
    assert result.records == []
    (failure,) = result.outcome.failures
    assert failure.actor == "market_data"
    assert not failure.halted
    run.send(candles(START, {0: flat(1.0)}), START + MINUTE_NS)
    return failure.error


def candle_slice(rows: list[list[float]], symbols: list[int]) -> CandleSlice:
    return CandleSlice(START, MINUTE_NS, sealed_ints(symbols), sealed(np.array(rows)))


CANDLE = [5.0, 6.0, 4.0, 5.5, 1.0, 2.0]
CANDLES = [
    (0, NAN, "column open holds nan"),
    (1, INF, "column high holds inf"),
    (2, -4.0, "column low holds -4.0"),
    (3, NAN, "column close holds nan"),
    (4, -1.0, "column volume holds -1.0"),
    (5, INF, "column count holds inf"),
    (2, 0.0, "column low holds a price of zero"),
    (1, 5.2, "column high is below another price"),
    (2, 5.2, "column low is above another price"),
]


@pytest.mark.parametrize(("column", "value", "sentence"), CANDLES)
def test_a_candle_that_cannot_be_is_refused_by_column(
    column: int, value: float, sentence: str
) -> None:
    wrong = list(CANDLE)
    wrong[column] = value
    assert sentence in error_of(candle_slice([CANDLE, wrong], [0, 2]))


@pytest.mark.parametrize(("column", "value"), [(5, NAN), (7, -1.0), (4, INF)])
def test_a_trade_aggregate_that_cannot_be_is_refused_by_column(column: int, value: float) -> None:
    names = ("open", "high", "low", "close", "volume", "quote_volume", "count", "buy_volume")
    row = [5.0, 6.0, 4.0, 5.5, 1.0, 5.0, 2.0, 1.0]
    row[column] = value
    sentence = error_of(TradeSlice(START + MINUTE_NS, sealed_ints([1]), sealed(np.array([row]))))
    assert f"column {names[column]} holds {value}" in sentence


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        (0, INF, "bid price 0 holds inf"),
        (11, -1.0, "bid quantity 1 holds -1.0"),
        (29, -2.0, "ask price 9 holds -2.0"),
    ],
)
def test_a_book_level_that_cannot_be_is_refused_by_place(
    column: int, value: float, sentence: str
) -> None:
    levels = book(9.0, 11.0)
    levels[column] = value
    body = BookSlice(START, sealed_ints([0]), sealed(np.array([levels])))
    assert sentence in error_of(body)


@pytest.mark.parametrize(
    ("symbols", "sentence"),
    [
        ([0, 3], "outside 0..2"),
        ([-1, 0], "outside 0..2"),
        ([1, 1], "names a symbol twice"),
        ([0], "must be float64 [1, 6]"),
        ([], "must be one row of int32"),
    ],
)
def test_a_symbol_index_that_fits_no_symbol_is_refused(symbols: list[int], sentence: str) -> None:
    assert sentence in error_of(candle_slice([CANDLE, CANDLE], symbols))


def test_rows_of_another_type_are_refused() -> None:
    rows = np.array([CANDLE], dtype=np.int64)
    body = CandleSlice(START, MINUTE_NS, sealed_ints([0]), rows)
    assert "must be float64" in error_of(body)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ((5,), (), "for every row or for none"),
        ((5, 6), (5, 6), "for every row or for none"),
        ((6,), (5,), "are no range"),
        ((-1,), (5,), "are no range"),
    ],
)
def test_trade_ids_that_do_not_fit_their_rows_are_refused(
    first: tuple[int, ...], last: tuple[int, ...], sentence: str
) -> None:
    row = [5.0, 6.0, 4.0, 5.5, 1.0, 5.0, 2.0, 1.0]
    body = TradeSlice(START + MINUTE_NS, sealed_ints([1]), sealed(np.array([row])), first, last)
    assert sentence in error_of(body)


def test_a_negative_zero_is_a_zero() -> None:
    rows = np.array([[5.0, 5.0, 5.0, 5.0, -0.0, 0.0]] * 3)
    run = MarketDataRun(config_of())
    run.send(CandleSlice(START, MINUTE_NS, sealed_ints([0, 1, 2]), rows), START + MINUTE_NS)
    assert not np.signbit(run.bars()[0].rows).any()
