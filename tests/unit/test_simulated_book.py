"""One level of the simulated book as a queue: who joins, leaves, and what moves up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.kraken_simulator.book import Level, OrderBook, Rest, from_units, to_units

PRICE = to_units(Decimal(100))


def queue_of(level: Level) -> list[object]:
    """Others in front, then each order with what stands behind it."""
    found: list[object] = [level.front]
    for rest in level.queue:
        found += [rest.order_id, rest.qty, rest.behind]
    return found


def made() -> tuple[OrderBook, Level]:
    """Others 5, order a 1, others 3, order b 2, others 4."""
    book = OrderBook()
    side = book.bids
    book.set_others(side, PRICE, 5, 1)
    book.rest(side, Rest("ann", "a", PRICE, 1, 0), 1)
    book.set_others(side, PRICE, 8, 1)
    book.rest(side, Rest("bob", "b", PRICE, 2, 0), 1)
    book.set_others(side, PRICE, 12, 1)
    return book, side.levels[PRICE]


def test_others_join_at_the_end_of_the_queue() -> None:
    _, level = made()
    assert queue_of(level) == [5, "a", 1, 3, "b", 2, 4]
    assert (level.qty, level.others) == (15, 12)


def test_others_leave_from_the_back_so_no_order_moves_up() -> None:
    book, level = made()
    book.set_others(book.bids, PRICE, 6, 2)
    assert queue_of(level) == [5, "a", 1, 1, "b", 2, 0]
    book.set_others(book.bids, PRICE, 2, 2)
    assert queue_of(level) == [2, "a", 1, 0, "b", 2, 0]
    assert level.ts == 2


def test_what_stood_behind_a_removed_order_moves_up() -> None:
    book, level = made()
    entry = book.resting("b")
    assert entry is not None
    book.remove(book.bids, entry, 2)
    assert queue_of(level) == [5, "a", 1, 7]
    entry = book.resting("a")
    assert entry is not None
    book.remove(book.bids, entry, 2)
    assert queue_of(level) == [12]
    assert book.resting("a") is None


def test_an_empty_level_is_forgotten_and_told_once() -> None:
    book, _ = made()
    for name in ("a", "b"):
        entry = book.resting(name)
        assert entry is not None
        book.remove(book.bids, entry, 2)
    book.set_others(book.bids, PRICE, 0, 3)
    assert (book.bids.prices, book.bids.levels, book.bids.best) == ([], {}, None)
    assert list(book.changed) == [("bid", PRICE)]


def test_a_refilled_iceberg_leaves_its_place() -> None:
    book = OrderBook()
    berg = Rest("ann", "a", PRICE, 2, 3)
    book.rest(book.asks, berg, 1)
    book.rest(book.asks, Rest("bob", "b", PRICE, 4, 0), 1)
    berg.qty = 0
    assert book.refill(book.asks, berg, 2)
    assert queue_of(book.asks.levels[PRICE]) == [0, "b", 4, 0, "a", 2, 0]
    berg.qty = 0
    assert book.refill(book.asks, berg, 2)
    assert (berg.qty, berg.hidden) == (1, 0)
    assert not book.refill(book.asks, berg, 2)


def test_shrinking_takes_what_is_hidden_first() -> None:
    book = OrderBook()
    berg = Rest("ann", "a", PRICE, 2, 3)
    book.rest(book.asks, berg, 1)
    book.shrink(book.asks, berg, 4, 2)
    assert (berg.qty, berg.hidden) == (1, 0)


def test_units_are_exact_and_refuse_more_than_they_hold() -> None:
    assert to_units(Decimal("0.0000000001")) == 1
    assert str(from_units(to_units(Decimal("1.5")), 2)) == "1.50"
    assert str(from_units(to_units(Decimal("1.555")), 2)) == "1.5550000000"
    with pytest.raises(AssertionError):
        to_units(Decimal("0.00000000001"))
