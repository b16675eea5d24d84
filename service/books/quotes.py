"""In which currency a row of the books was booked: the quote of a symbol, or the cash itself."""

from __future__ import annotations

from actors.ledger.cash import is_cash, quote_of
from actors.ledger.entries import place_of
from actors.ledger.state import LedgerConfig


def traded_in(config: LedgerConfig, symbol: str) -> str:
    """Of a trade of `symbol`; outside the run it is the reporting currency."""
    instrument = config.instruments.get(symbol)
    return config.reporting if instrument is None else instrument.quote


def booked_in(config: LedgerConfig, told: str) -> str:
    """Of an entry of an asset as the venue names it."""
    asset = place_of(told)[0]
    return asset if is_cash(config, asset) else quote_of(config, asset)


def of_result(config: LedgerConfig, traded: str) -> str:
    """Of a result, which names the symbol of its trade or the asset of its entry."""
    known = traded in config.instruments
    return traded_in(config, traded) if known else booked_in(config, traded)
