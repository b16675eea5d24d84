"""The seeded market: a pure function of its seed, on the grid, never crossed."""

from __future__ import annotations

import hashlib
import itertools
from decimal import Decimal

import numpy as np
import pytest

from actors.messages.market import (
    ASK_PRICE,
    ASK_QUANTITY,
    BID_PRICE,
    BID_QUANTITY,
    BookSlice,
    CandleSlice,
    TradeSlice,
)
from actors.ports import Feed, FeedItem
from adapters.instruments.table import UNIVERSE, instrument
from adapters.seeded_market.feed import START_TS, SeededMarket, SeededMarketError
from adapters.seeded_market.profiles import PROFILES

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS
FEW = ("BTC/USD", "ETH/USD", "SHIB/USD")


def taken(feed: Feed, count: int, after: int = 0) -> list[FeedItem]:
    return list(itertools.islice(feed.items(after), count))


def content(items: list[FeedItem]) -> str:
    told = hashlib.sha256()
    for item in items:
        told.update(item.at.to_bytes(8, "little"))
        assert isinstance(item.body, (TradeSlice, BookSlice))
        rows = item.body.rows if isinstance(item.body, TradeSlice) else item.body.levels
        told.update(rows.tobytes())
    return told.hexdigest()


def test_every_step_is_one_trade_slice_and_one_book_slice_of_all_symbols() -> None:
    items = taken(SeededMarket(1, FEW), 6)
    assert [type(item.body) for item in items] == [TradeSlice, BookSlice] * 3
    ends = [START_TS + step * MINUTE_NS for step in (1, 1, 2, 2, 3, 3)]
    assert all(0 < end - item.at <= 1_000_000 for end, item in zip(ends, items, strict=True))
    for item in items:
        assert isinstance(item.body, (TradeSlice, BookSlice))
        assert item.body.symbols.tolist() == [0, 1, 2]
        assert item.body.ts == item.at


def test_the_trades_of_a_step_may_be_as_old_as_the_step() -> None:
    """So no order that was accepted within it is filled by them."""
    bodies = [item.body for item in taken(SeededMarket(1, FEW), 4)]
    oldest = [body.first_ts for body in bodies if isinstance(body, TradeSlice)]
    assert oldest == [START_TS, START_TS + MINUTE_NS]


def test_all_books_of_a_step_are_of_one_instant() -> None:
    bodies = [item.body for item in taken(SeededMarket(1, FEW), 4)]
    books = [body for body in bodies if isinstance(body, BookSlice)]
    assert [body.first_ts for body in books] == [body.ts for body in books]


def test_no_two_items_share_an_instant() -> None:
    times = [item.at for item in taken(SeededMarket(1, FEW), 400)]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))


def test_the_same_seed_makes_the_same_bytes_and_another_seed_does_not() -> None:
    first, again, other = (taken(SeededMarket(seed, FEW), 300) for seed in (5, 5, 6))
    assert content(first) == content(again) != content(other)


def test_the_bytes_of_the_first_day_are_known() -> None:
    """Pins the process on every CPU; a change here needs another PROCESS version."""
    day = taken(SeededMarket(2026, UNIVERSE), 2_880)
    assert content(day) == "8b3258f79ae6b21aad4c1f0839d229a168320cf759912633d141848a37c188b5"


def test_a_symbol_walks_the_same_path_in_every_universe() -> None:
    alone, among = SeededMarket(3, ("ETH/USD",)), SeededMarket(3, FEW)
    _, rows = alone.candles(0, 30)
    _, among_rows = among.candles(0, 30)
    assert rows[:, 0].tobytes() == among_rows[:, 1].tobytes()


@pytest.mark.parametrize("skipped_ns", [0, 1, MINUTE_NS - 1_000_000, MINUTE_NS, 30 * HOUR_NS + 7])
def test_items_after_a_time_are_the_rest_of_all_items(skipped_ns: int) -> None:
    market = SeededMarket(9, FEW)
    after = START_TS + skipped_ns
    rest = [item for item in taken(market, 4_000) if item.at > after]
    assert content(taken(market, 60, after)) == content(rest[:60])


def test_after_each_item_comes_the_next_one() -> None:
    market = SeededMarket(9, FEW)
    items = taken(market, 5)
    for item, following in itertools.pairwise(items):
        assert taken(market, 1, item.at)[0].at == following.at


@pytest.mark.parametrize("step_seconds", [1, 60, 900, 3_600])
def test_candles_are_made_of_the_very_steps_delivered(step_seconds: int) -> None:
    market = SeededMarket(4, FEW, step_ns=step_seconds * 1_000_000_000)
    steps_per_hour = 3_600 // step_seconds
    bodies = [item.body for item in taken(market, 2 * 2 * steps_per_hour)]
    trades = np.stack([body.rows for body in bodies if isinstance(body, TradeSlice)])
    _, rows = market.candles(0, 2)
    for hour in range(2):
        part = trades[hour * steps_per_hour : (hour + 1) * steps_per_hour]
        assert rows[hour, :, 0].tolist() == part[0, :, 0].tolist()
        assert rows[hour, :, 1].tolist() == part[:, :, 1].max(axis=0).tolist()
        assert rows[hour, :, 2].tolist() == part[:, :, 2].min(axis=0).tolist()
        assert rows[hour, :, 3].tolist() == part[-1, :, 3].tolist()
        volume = np.zeros(3)
        for step in part:
            volume = volume + step[:, 4]
        assert rows[hour, :, 4].tolist() == volume.tolist()


def test_candles_before_the_start_are_warm_up_and_end_at_the_start() -> None:
    market = SeededMarket(4, FEW)
    items = list(market.warm_up_items(48))
    assert len(items) == 48
    assert items[-1].at == START_TS
    assert all(isinstance(item.body, CandleSlice) and item.body.warm_up for item in items)
    _, rows = market.candles(-48, 50)
    last = items[-1].body
    assert isinstance(last, CandleSlice)
    assert last.rows.tobytes() == rows[47].tobytes()


def test_prices_lie_on_the_instruments_ticks_and_quantities_on_their_lots() -> None:
    market = SeededMarket(8, UNIVERSE)
    trades, book = (item.body for item in taken(market, 2))
    assert isinstance(trades, TradeSlice)
    assert isinstance(book, BookSlice)
    for index, symbol in enumerate(UNIVERSE):
        rules = instrument(symbol)
        prices = [*trades.rows[index, :4], *book.levels[index, BID_PRICE:BID_QUANTITY]]
        prices += [*book.levels[index, ASK_PRICE:ASK_QUANTITY]]
        assert all(rules.is_on_tick(Decimal(repr(float(price)))) for price in prices), symbol
        sizes = [trades.rows[index, 4], *book.levels[index, BID_QUANTITY:ASK_PRICE]]
        assert all(rules.is_on_lot(Decimal(repr(float(size)))) for size in sizes), symbol


def test_the_book_is_never_crossed_and_trades_are_consistent() -> None:
    for item in taken(SeededMarket(11, UNIVERSE), 2_880):
        if isinstance(item.body, BookSlice):
            levels = item.body.levels
            assert (levels > 0.0).all()
            assert (levels[:, BID_PRICE] < levels[:, ASK_PRICE]).all()
            assert (np.diff(levels[:, BID_PRICE:BID_QUANTITY]) < 0.0).all()
            assert (np.diff(levels[:, ASK_PRICE:ASK_QUANTITY]) > 0.0).all()
        else:
            assert isinstance(item.body, TradeSlice)
            rows = item.body.rows
            assert (rows[:, 2] <= np.minimum(rows[:, 0], rows[:, 3])).all()
            assert (rows[:, 1] >= np.maximum(rows[:, 0], rows[:, 3])).all()
            assert ((rows[:, 7] >= 0.0) & (rows[:, 7] <= rows[:, 4])).all()
            assert (rows[:, 6] >= 1.0).all()


def test_slices_are_sealed_against_writing() -> None:
    for item in taken(SeededMarket(1, FEW), 2):
        assert isinstance(item.body, (TradeSlice, BookSlice))
        rows = item.body.rows if isinstance(item.body, TradeSlice) else item.body.levels
        assert not rows.flags.writeable
        assert rows.flags.c_contiguous


def test_the_digest_names_everything_that_determines_the_items() -> None:
    markets = [
        SeededMarket(1, FEW),
        SeededMarket(2, FEW),
        SeededMarket(1, FEW[:2]),
        SeededMarket(1, FEW, start_ts=START_TS + HOUR_NS),
        SeededMarket(1, FEW, step_ns=HOUR_NS),
    ]
    assert len({market.digest for market in markets}) == len(markets)
    assert SeededMarket(1, FEW).digest == markets[0].digest
    assert markets[0].kind == "seeded"


def test_three_years_are_skipped_without_making_them() -> None:
    market = SeededMarket(1, UNIVERSE)
    after = START_TS + 3 * 365 * 24 * HOUR_NS
    (item,) = taken(market, 1, after)
    assert 0 < item.at - after <= MINUTE_NS


@pytest.mark.parametrize(
    ("seed", "symbols", "start_ts", "step_ns", "what"),
    [
        (-1, FEW, START_TS, MINUTE_NS, "the seed -1 is not between 0 and"),
        (1, ("DOGE/USD",), START_TS, MINUTE_NS, "has no symbol DOGE/USD"),
        (1, ("BTC/EUR",), START_TS, MINUTE_NS, "has no symbol BTC/EUR"),
        (1, FEW, START_TS + 1, MINUTE_NS, "starts on a full hour"),
        (1, FEW, START_TS, 7_000_000_000, "whole seconds that divide an hour"),
        (1, FEW, START_TS, 0, "whole seconds that divide an hour"),
    ],
)
def test_a_market_that_cannot_be_made_is_one_sentence(
    seed: int, symbols: tuple[str, ...], start_ts: int, step_ns: int, what: str
) -> None:
    with pytest.raises(SeededMarketError, match=what):
        SeededMarket(seed, symbols, start_ts=start_ts, step_ns=step_ns)


def test_history_before_the_process_began_is_refused() -> None:
    with pytest.raises(SeededMarketError, match="ask for fewer hours"):
        list(SeededMarket(1, FEW).warm_up_items(100_000))


def test_every_profile_is_on_the_grid_of_its_instrument() -> None:
    assert tuple(f"{base}/USD" for base in PROFILES) == UNIVERSE
    for base, profile in PROFILES.items():
        rules = instrument(f"{base}/USD")
        assert rules.tick == Decimal(1).scaleb(-profile.price_decimals), base
        assert rules.lot == Decimal(1).scaleb(-profile.lot_decimals), base
