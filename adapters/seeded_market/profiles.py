"""What each synthetic symbol is like: start price, grids, volatility, activity. Data, no rules.

The numbers are round inventions of a plausible size. They are facts about this synthetic process
and nothing else; price and lot grids agree with the instrument table so that orders pass its rules.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Profile(msgspec.Struct, frozen=True):
    """One synthetic symbol.

    price in USD; the price grid is 10**-price_decimals and the lot 10**-lot_decimals;
    hourly_volatility is the standard deviation of hourly simple returns without drift; market_share
    is the correlation of its noise with the market factor; daily_notional in USD traded;
    spread_ratio is the usual spread over the price; level_notional in USD shown per book level.
    """

    price: float
    price_decimals: int
    lot_decimals: int
    hourly_volatility: float
    market_share: float
    daily_notional: float
    spread_ratio: float
    level_notional: float


def _major(price: float, price_decimals: int, hourly_volatility: float) -> Profile:
    return Profile(price, price_decimals, 8, hourly_volatility, 0.80, 150e6, 0.00004, 90_000.0)


def _large(price: float, price_decimals: int, hourly_volatility: float, lot: int = 8) -> Profile:
    return Profile(price, price_decimals, lot, hourly_volatility, 0.70, 20e6, 0.00020, 25_000.0)


def _small(price: float, price_decimals: int, hourly_volatility: float, lot: int = 8) -> Profile:
    return Profile(price, price_decimals, lot, hourly_volatility, 0.60, 4e6, 0.00060, 9_000.0)


PROFILES: Final = {
    "BTC": _major(64_000.0, 1, 0.0062),
    "ETH": _major(3_200.0, 2, 0.0082),
    "BNB": _small(600.0, 2, 0.0080, 5),
    "XRP": _large(0.62, 5, 0.0095),
    "SOL": _large(155.0, 2, 0.0110),
    "TRX": _large(0.13, 6, 0.0075),
    "ADA": _large(0.47, 6, 0.0105),
    "BCH": _large(420.0, 2, 0.0105),
    "XMR": _small(165.0, 2, 0.0090),
    "LINK": _large(15.5, 5, 0.0105),
    "XLM": _large(0.112, 6, 0.0095),
    "HBAR": _small(0.085, 5, 0.0120, 5),
    "LTC": _large(84.0, 2, 0.0095),
    "AVAX": _large(34.0, 2, 0.0115),
    "ZEC": _small(38.0, 2, 0.0110),
    "SUI": _large(1.65, 4, 0.0130, 5),
    "SHIB": _large(0.0000215, 8, 0.0120, 5),
    "TON": _small(5.8, 3, 0.0100, 5),
    "DOT": _large(6.9, 4, 0.0105),
    "UNI": _small(8.6, 3, 0.0115),
    "AAVE": _small(128.0, 2, 0.0115),
    "TAO": _small(390.0, 2, 0.0135, 5),
    "NEAR": _small(5.2, 3, 0.0125),
    "ETC": _small(24.5, 3, 0.0100),
    "ICP": _small(10.4, 3, 0.0120),
    "POL": _small(0.48, 5, 0.0110, 5),
    "KAS": _small(0.142, 6, 0.0130, 5),
    "ALGO": _small(0.165, 5, 0.0110),
    "FIL": _small(4.9, 3, 0.0115),
    "APT": _small(8.1, 4, 0.0125),
}

HOUR_ACTIVITY: Final = (
    1.00, 0.95, 0.90, 0.85, 0.80, 0.78, 0.80, 0.88, 0.95, 0.95, 0.95, 1.00,
    1.15, 1.35, 1.50, 1.45, 1.30, 1.15, 1.05, 1.00, 0.98, 0.92, 0.88, 0.90,
)  # fmt: skip
"""Traded volume by UTC hour over the day's mean, roughly the recorded shape: busiest at 14 UTC."""
