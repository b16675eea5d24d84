"""What each pair of the simulated market is like. Data with its source; no rules.

Constants named "recorded" are printed by `python ops/calibration/kraken_market.py`, from recorded
candles, trades and book frames; docs/kraken-simulator-market.md says which and how well they fit.
Prices are round numbers near those of July 2026 or before, and mean nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

HOURLY_VOLATILITY: Final = {
    "ADA": 0.0113, "AVAX": 0.0148, "BNB": 0.0094, "BTC": 0.0068, "DOT": 0.0122, "ETC": 0.0120,
    "ETH": 0.0087, "LINK": 0.0119, "LTC": 0.0103, "SHIB": 0.0143, "SOL": 0.0149, "TON": 0.0089,
    "TRX": 0.0093, "XLM": 0.0113, "XRP": 0.0117, "ZEC": 0.0120,
}  # fmt: skip
"""Recorded: standard deviation of hourly simple returns (Binance 2020-2024; TON, ZEC 2025)."""

MARKET_LOADING: Final = {
    "ADA": 0.87, "AVAX": 0.82, "BNB": 0.87, "BTC": 0.88, "DOT": 0.88, "ETC": 0.85, "ETH": 0.91,
    "LINK": 0.89, "LTC": 0.86, "SHIB": 0.66, "SOL": 0.81, "TRX": 0.75, "XLM": 0.84, "XRP": 0.82,
}  # fmt: skip
"""Recorded: loading of the first principal component of hourly returns (Binance 2021-2024)."""

DAILY_MUSD: Final = {
    "ADA": 205, "AVAX": 111, "BNB": 361, "BTC": 2617, "DOT": 155, "ETC": 75, "ETH": 1194,
    "LINK": 108, "LTC": 104, "SHIB": 230, "SOL": 272, "TON": 26, "TRX": 86, "XLM": 38, "XRP": 316,
    "ZEC": 4,
}  # fmt: skip
"""Recorded: daily notional in million USD on Binance; `KRAKEN_SHARE` of it is taken here."""

KRAKEN_SHARE: Final = 0.053
"""Recorded: daily notional of BTC/USD on Kraken (138 million USD, 2020-2022) over Binance's."""

_OTHER_VOLATILITY: Final = 0.0113
_OTHER_LOADING: Final = 0.84
_OTHER_MUSD: Final = 40.0
"""For assets without a recording: the recorded ones' median, and a small volume."""

TICKET: Final = (
    3.0, 6.2, 10.3, 30.0, 63.3, 199.5, 641.9, 2060.6, 5893.6, 10884.4, 24993.1, 67558.0,
)  # fmt: skip
TICKET_AT: Final = (0.0, 0.05, 0.10, 0.25, 0.375, 0.50, 0.625, 0.75, 0.90, 0.95, 0.99, 1.0)
"""Recorded: quantiles of a trade's notional in USD (26,921 of BTC/USDT, November 2023); the first
is that of 1 %, the last that of 99.9 %: smaller and larger ones do not occur here."""

HOUR_VOLUME: Final = (
    1.15, 0.85, 0.78, 0.80, 0.76, 0.65, 0.68, 0.71, 0.82, 0.80, 0.85, 0.86,
    1.16, 1.26, 1.45, 1.39, 1.36, 1.10, 1.17, 1.17, 1.27, 1.06, 0.98, 0.90,
)  # fmt: skip
"""Recorded: traded volume by UTC hour over the day's mean (XBT/USD on Kraken, 2020-2022)."""

HOUR_MOVEMENT: Final = (
    1.20, 0.99, 0.90, 0.88, 0.79, 0.81, 0.85, 0.91, 0.99, 0.92, 0.99, 0.95,
    1.14, 1.16, 1.26, 1.13, 1.11, 0.95, 0.98, 0.99, 1.06, 1.01, 0.96, 1.05,
)  # fmt: skip
"""Recorded: mean size of the hourly return by UTC hour over the day's mean (as above)."""


class Asset(msgspec.Struct, frozen=True):
    """One price process in USD: start price, hourly volatility, loading on the market factor.

    `pull` draws the price back to its start, per hour, as a share of its distance.
    """

    price: float
    volatility: float
    loading: float
    pull: float = 0.0015


class Pair(msgspec.Struct, frozen=True):
    """The trading of one pair: price process (over another), notional per day in USD, usual spread
    over price, background book changes per second, USD shown at the best level.
    """

    numerator: str
    denominator: str | None
    daily_usd: float
    spread: float
    changes: float
    level_usd: float


_PRICES: Final = {
    "BTC": 63_500.0, "ETH": 1_775.0, "BNB": 600.0, "XRP": 0.62, "SOL": 155.0, "TRX": 0.13,
    "ADA": 0.47, "BCH": 420.0, "XMR": 165.0, "LINK": 15.5, "XLM": 0.112, "HBAR": 0.085,
    "LTC": 84.0, "AVAX": 34.0, "ZEC": 38.0, "SUI": 1.65, "SHIB": 0.0000215, "TON": 5.8,
    "DOT": 6.9, "UNI": 8.6, "AAVE": 128.0, "TAO": 390.0, "NEAR": 5.2, "ETC": 24.5, "ICP": 10.4,
    "POL": 0.48, "KAS": 0.142, "ALGO": 0.165, "FIL": 4.9, "APT": 8.1, "DOGE": 0.074,
}  # fmt: skip


def _crypto(name: str, price: float) -> Asset:
    volatility = HOURLY_VOLATILITY.get(name, _OTHER_VOLATILITY)
    return Asset(price, volatility, MARKET_LOADING.get(name, _OTHER_LOADING))


PROCESSES: Final = {
    **{name: _crypto(name, price) for name, price in _PRICES.items()},
    "EUR": Asset(1.14, 0.0010, 0.10, 0.01),
    "USDC": Asset(1.0, 0.00006, 0.05, 0.20),
    "USDT": Asset(1.0, 0.00008, 0.05, 0.20),
    "USDCAD": Asset(1.37, 0.0008, 0.05, 0.01),
}
"""Every price process; the last four are of plausible size and in no recording at hand."""


def _usd_pair(name: str) -> Pair:
    daily = DAILY_MUSD.get(name, _OTHER_MUSD) * 1e6 * KRAKEN_SHARE
    if name in {"BTC", "ETH"}:
        spread, shown = (0.00003, 15_000.0) if name == "BTC" else (0.00006, 3_500.0)
        return Pair(name, None, daily, spread, 14.0, shown)
    if daily > 4e6:
        return Pair(name, None, daily, 0.0003, 5.0, 3_000.0)
    return Pair(name, None, daily, 0.0008, 2.5, 1_800.0)


PAIRS: Final = {
    **{f"{name}/USD": _usd_pair(name) for name in _PRICES},
    "USDC/USD": Pair("USDC", None, 6e6, 0.0001, 2.0, 60_000.0),
    "USDT/USD": Pair("USDT", None, 2e7, 0.00002, 3.0, 60_000.0),
    "EUR/USD": Pair("EUR", None, 5e6, 0.0001, 2.0, 30_000.0),
    "USD/CAD": Pair("USDCAD", None, 1e6, 0.0003, 1.0, 20_000.0),
    "BTC/EUR": Pair("BTC", "EUR", 4e7, 0.00008, 8.0, 4_000.0),
    "ETH/EUR": Pair("ETH", "EUR", 2e7, 0.00012, 5.0, 3_500.0),
    "ETH/BTC": Pair("ETH", "BTC", 5e6, 0.0003, 3.0, 3_000.0),
}
"""Every pair by symbol. Spread and level size of BTC and ETH: recorded book frames of July 2026."""
