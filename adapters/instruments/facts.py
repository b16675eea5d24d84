"""Facts about Kraken's pairs, each with its date and where it was seen. Data, no rules.

Prices, sizes and minimums change at the venue; a live run reads the instrument channel instead.
Rows marked as an estimate were not in any recording at hand: they are deliberately coarse and their
minimum is on the large side, so that an order sized by them is not too small for the real venue.
"""

from __future__ import annotations

from typing import Final

import msgspec

QUOTE: Final = "USD"
DECIMALS: Final = {"CAD": 4, "USD": 4, "USDC": 8}
"""Ledger precision of the quote currencies (USD: recorded instrument snapshot, about the end of
2024)."""
COST_MIN: Final = {"CAD": "1", "USD": "0.5", "USDC": "0.5"}
"""The least cost of an order by its quote currency; that of CAD and USDC is an estimate."""
MAKER_FEE: Final = "0.0025"
TAKER_FEE: Final = "0.0040"
"""Lowest volume tier of the pair list of 2026-07; a live run asks for the account's own."""

RECORDED_2024: Final = "instrument snapshot, undated recording of about 2024-11"
RECORDED_2026: Final = "pair list recorded in 2026-07, grid as in the snapshot of about 2024-11"
ESTIMATED: Final = "estimate from the price range; not in any recording at hand"


class Fact(msgspec.Struct, frozen=True):
    """One row: a base asset quoted in USD. Numbers are decimal text, units are USD and base."""

    base: str
    tick: str
    lot: str
    quantity_min: str
    as_of: str
    source: str

    @property
    def is_estimate(self) -> bool:
        """Whether the row is a guess of ours rather than something the venue said."""
        return self.source == ESTIMATED


def _seen(base: str, tick: str, quantity_min: str, lot: str = "0.00000001") -> Fact:
    return Fact(base, tick, lot, quantity_min, "2024-11-30", RECORDED_2024)


def _newer(base: str, tick: str, quantity_min: str) -> Fact:
    return Fact(base, tick, "0.00000001", quantity_min, "2026-07-07", RECORDED_2026)


def _guess(base: str, tick: str, quantity_min: str) -> Fact:
    return Fact(base, tick, "0.00001", quantity_min, "2026-11-22", ESTIMATED)


FACTS: Final = (
    _newer("BTC", "0.1", "0.00005"),
    _newer("ETH", "0.01", "0.001"),
    _guess("BNB", "0.01", "0.02"),
    _newer("XRP", "0.00001", "1.65"),
    _newer("SOL", "0.01", "0.06"),
    _seen("TRX", "0.000001", "45"),
    _seen("ADA", "0.000001", "10"),
    _seen("BCH", "0.01", "0.025"),
    _seen("XMR", "0.01", "0.035"),
    _seen("LINK", "0.00001", "0.2"),
    _seen("XLM", "0.000001", "40"),
    _guess("HBAR", "0.00001", "50"),
    _seen("LTC", "0.01", "0.05"),
    _seen("AVAX", "0.01", "0.1"),
    _seen("ZEC", "0.01", "0.2"),
    _seen("SUI", "0.0001", "3", "0.00001"),
    _seen("SHIB", "0.00000001", "500000", "0.00001"),
    _guess("TON", "0.001", "3"),
    _seen("DOT", "0.0001", "0.6"),
    _seen("UNI", "0.001", "0.5"),
    _seen("AAVE", "0.01", "0.05"),
    _guess("TAO", "0.01", "0.03"),
    _seen("NEAR", "0.001", "1.5"),
    _seen("ETC", "0.001", "0.3"),
    _seen("ICP", "0.001", "0.4"),
    _seen("POL", "0.00001", "6", "0.00001"),
    _guess("KAS", "0.000001", "100"),
    _seen("ALGO", "0.00001", "25"),
    _seen("FIL", "0.001", "1"),
    _seen("APT", "0.0001", "0.5"),
)
"""The thirty assets of UNIVERSE_V1_TOP30_NON_STABLE, in that universe's order."""

ASSET_ALIASES: Final = {
    "XBT": "BTC",
    "XXBT": "BTC",
    "XETH": "ETH",
    "XXRP": "XRP",
    "XXMR": "XMR",
    "XXLM": "XLM",
    "XLTC": "LTC",
    "XZEC": "ZEC",
    "XETC": "ETC",
}
"""Old asset ids and alternative names, by table: letters are never stripped (XTZ, ZRX, ZEC)."""

QUOTE_ALIASES: Final = {
    "USD": "USD",
    "ZUSD": "USD",
    "USDT": "USDT",
    "USDC": "USDC",
    "EUR": "EUR",
    "ZEUR": "EUR",
    "CAD": "CAD",
    "ZCAD": "CAD",
}
DOLLAR_STANDINS: Final = frozenset({"USDT", "USDC"})
"""Quotes that a research run may name USD; the report says so, and paper and live refuse it."""
