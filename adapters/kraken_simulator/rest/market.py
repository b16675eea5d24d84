"""Public market methods: Ticker, OHLC, Depth, Trades, Spread.

Prices have the pair's cost decimals in Ticker, Depth and Trades, its price decimals in OHLC, as
recorded; Ticker and Depth volumes have three decimals, a ticker's best volumes are whole lots.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kraken_simulator.errors import Refusal, argument
from adapters.kraken_simulator.events import Trade
from adapters.kraken_simulator.instruments import Instrument
from adapters.kraken_simulator.rest.naming import Naming, pair_of, pairs_of
from adapters.kraken_simulator.rest.parsing import Params, amount, needed, whole
from adapters.kraken_simulator.serving.live import LiveExchange
from adapters.kraken_simulator.views import Level, Ticker
from adapters.kraken_simulator.wire import SECOND_NS, seconds, text

CANDLES: Final = 720
TRADES_MAX: Final = 1_000
DEPTH_MAX: Final = 500
_SECONDS_BOUND: Final = 10**11


def ticker(live: LiveExchange, params: Params) -> dict[str, Any]:
    """The figures of today and the last 24 hours."""
    rows = pairs_of(live.exchange, params)
    return {key: _ticker(row, live.exchange.ticker(row.symbol)) for key, row in rows.items()}


def _ticker(row: Instrument, found: Ticker) -> dict[str, Any]:
    decimals = price_decimals(row)
    both = (found.today, found.day)

    def best(price: Decimal, qty: Decimal) -> list[str]:
        lots = max(1, int(qty))
        return [text(price, decimals), str(lots), f"{lots}.000"]

    return {
        "a": best(found.ask, found.ask_qty),
        "b": best(found.bid, found.bid_qty),
        "c": [text(found.last, decimals), text(found.last_qty, row.lot_decimals)],
        "v": [text(each.volume, row.lot_decimals) for each in both],
        "p": [text(each.vwap, decimals) for each in both],
        "t": [each.count for each in both],
        "l": [text(each.low, decimals) for each in both],
        "h": [text(each.high, decimals) for each in both],
        "o": text(found.today.first, decimals),
    }


def ohlc(live: LiveExchange, params: Params) -> dict[str, Any]:
    """At most 720 committed candles and the forming one, oldest first; `since` cannot go back."""
    key, row = _asked(live, params)
    interval = whole(params, "interval")
    since = _moment(params, "since")
    candles = live.exchange.candles(row.symbol, 1 if interval is None else interval, CANDLES + 1)
    rows = [
        [
            each.open_ns // SECOND_NS,
            *(text(p, row.price_decimals) for p in (each.open, each.high, each.low, each.close)),
            text(each.vwap, row.price_decimals) if each.count else "0.0",
            text(each.volume, row.lot_decimals),
            each.count,
        ]
        for each in candles
        if since is None or each.open_ns > since or each is candles[-1]
    ]
    last = candles[-2].open_ns // SECOND_NS if len(candles) > 1 else 0
    return {key: rows, "last": last}


def depth(live: LiveExchange, params: Params) -> dict[str, Any]:
    """The best levels, without a sequence number or checksum."""
    key, row = _asked(live, params)
    count = whole(params, "count")
    wanted = 100 if count is None else count
    if not 1 <= wanted <= DEPTH_MAX:
        raise Refusal(argument("count"))
    book = live.exchange.book(row.symbol, wanted)

    def levels(side: tuple[Level, ...]) -> list[list[Any]]:
        decimals = price_decimals(row)
        return [[text(e.price, decimals), text(e.qty, 3), e.ts // SECOND_NS] for e in side]

    return {key: {"asks": levels(book.asks), "bids": levels(book.bids)}}


def trades(live: LiveExchange, params: Params) -> dict[str, Any]:
    """Trades after `since` (ns, or seconds), oldest first; `last` is the next page's `since`."""
    key, row = _asked(live, params)
    count = whole(params, "count")
    wanted = TRADES_MAX if count is None else count
    if not 1 <= wanted <= TRADES_MAX:
        raise Refusal(argument("count"))
    since = _moment(params, "since")
    if since is None:
        found = live.exchange.last_trades(row.symbol, wanted)
    else:
        found = live.exchange.trades(row.symbol, after_ns=since, count=wanted)
    last = found[-1].ts if found else since or live.now_ns()
    return {key: [_trade(row, each) for each in found], "last": str(last)}


def _trade(row: Instrument, found: Trade) -> list[Any]:
    return [
        text(found.price, price_decimals(row)),
        text(found.qty, row.lot_decimals),
        seconds(found.ts),
        found.side[0],
        found.order_type[0],
        "",
        found.trade_id,
    ]


def spread(live: LiveExchange, params: Params) -> dict[str, Any]:
    """The newest changes of the best prices."""
    key, row = _asked(live, params)
    since = _moment(params, "since")
    decimals = price_decimals(row)
    rows = [
        [each.ts // SECOND_NS, text(each.bid, decimals), text(each.ask, decimals)]
        for each in live.spreads[row.symbol]
        if since is None or each.ts // SECOND_NS >= since // SECOND_NS
    ]
    return {key: rows, "last": rows[-1][0] if rows else live.now_ns() // SECOND_NS}


def price_decimals(row: Instrument) -> int:
    """How many decimals a price has where it is not the bare tick."""
    return max(row.price_decimals, row.cost_decimals)


def _asked(live: LiveExchange, params: Params) -> tuple[str, Instrument]:
    asked = needed(params, "pair")
    row = pair_of(live.exchange, asked)
    return Naming(params).asked_pair(row, asked), row


def _moment(params: Params, name: str) -> int | None:
    """A time as ns: given in ns, or in seconds when it is small enough to be that."""
    found = amount(params, name)
    if found is None:
        return None
    return int(found * SECOND_NS) if abs(found) < _SECONDS_BOUND else int(found)
