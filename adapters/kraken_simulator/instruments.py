"""Assets and pairs with all the names that Kraken gives them: by table, no letters are stripped.

Rows come from the venue's recorded instrument snapshot (about 2024-11) and pair list (2026-07);
rows with an `estimate` mark were in no recording at hand. Steps are 10**-decimals unless changed in
session.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

PairStatus = Literal[
    "online",
    "cancel_only",
    "delisted",
    "limit_only",
    "maintenance",
    "post_only",
    "reduce_only",
    "work_in_progress",
]


class Asset(msgspec.Struct, frozen=True):
    """One asset: `name` is the WebSocket v2 name, `rest_id` REST's key, `altname` REST's display.

    `decimals` is the ledger's precision.
    """

    name: str
    rest_id: str
    altname: str
    decimals: int
    display_decimals: int


class Instrument(msgspec.Struct, frozen=True):
    """One pair. `symbol` is the WebSocket v2 name ("BTC/USD"), `rest_id` REST's key ("XXBTZUSD").

    `tick` is a multiple of 10**-price_decimals, `lot` of 10**-lot_decimals.
    """

    symbol: str
    rest_id: str
    altname: str
    wsname: str
    base: str
    quote: str
    price_decimals: int
    lot_decimals: int
    cost_decimals: int
    tick: Decimal
    lot: Decimal
    order_min: Decimal
    cost_min: Decimal
    status: PairStatus = "online"
    has_index: bool = True
    marginable: bool = False
    is_estimate: bool = False


_LEGACY: Final = {
    "BTC": ("XXBT", "XBT"),
    "DOGE": ("XXDG", "XDG"),
    "ETH": ("XETH", "ETH"),
    "XRP": ("XXRP", "XRP"),
    "LTC": ("XLTC", "LTC"),
    "XLM": ("XXLM", "XLM"),
    "XMR": ("XXMR", "XMR"),
    "ZEC": ("XZEC", "ZEC"),
    "ETC": ("XETC", "ETC"),
    "USD": ("ZUSD", "USD"),
    "EUR": ("ZEUR", "EUR"),
    "CAD": ("ZCAD", "CAD"),
}

_DECIMALS: Final = {
    "USD": (4, 2), "EUR": (4, 2), "CAD": (4, 2), "USDC": (8, 4), "USDT": (8, 4),
    "BTC": (10, 5), "ETH": (10, 5), "BNB": (8, 5), "XRP": (8, 5), "SOL": (10, 5), "TRX": (8, 6),
    "ADA": (8, 6), "BCH": (10, 5), "XMR": (10, 5), "LINK": (10, 5), "XLM": (8, 5), "HBAR": (8, 5),
    "LTC": (10, 5), "AVAX": (10, 5), "ZEC": (10, 5), "SUI": (5, 3), "SHIB": (5, 0), "TON": (8, 5),
    "DOT": (10, 8), "UNI": (10, 5), "AAVE": (10, 5), "TAO": (8, 5), "NEAR": (8, 5), "ETC": (10, 5),
    "ICP": (8, 5), "POL": (10, 5), "KAS": (8, 5), "ALGO": (8, 5), "FIL": (10, 6), "APT": (6, 4),
    "DOGE": (8, 2),
}  # fmt: skip
"""Ledger and display decimals (instrument snapshot; BNB, HBAR, TON, TAO and KAS are estimates)."""

# Base, quote, price, lot and cost decimals, smallest order, smallest cost, mark.
_ROWS: Final = (
    ("BTC", "USD", 1, 8, 5, "0.00005", "0.5", "margin"),
    ("ETH", "USD", 2, 8, 5, "0.001", "0.5", "margin"),
    ("BNB", "USD", 2, 5, 5, "0.02", "0.5", "estimate"),
    ("XRP", "USD", 5, 8, 8, "1.65", "0.5", "margin"),
    ("SOL", "USD", 2, 8, 5, "0.06", "0.5", "margin"),
    ("TRX", "USD", 6, 8, 7, "45", "0.5", "margin"),
    ("ADA", "USD", 6, 8, 6, "10", "0.5", "margin"),
    ("BCH", "USD", 2, 8, 6, "0.025", "0.5", "margin"),
    ("XMR", "USD", 2, 8, 8, "0.035", "0.5", "margin"),
    ("LINK", "USD", 5, 8, 6, "0.2", "0.5", "margin"),
    ("XLM", "USD", 6, 8, 8, "40", "0.5", "margin"),
    ("HBAR", "USD", 5, 5, 5, "50", "0.5", "estimate"),
    ("LTC", "USD", 2, 8, 5, "0.05", "0.5", "margin"),
    ("AVAX", "USD", 2, 8, 5, "0.1", "0.5", "margin"),
    ("ZEC", "USD", 2, 8, 5, "0.2", "0.5", "margin"),
    ("SUI", "USD", 4, 5, 8, "3", "0.5", ""),
    ("SHIB", "USD", 8, 5, 5, "500000", "0.5", ""),
    ("TON", "USD", 3, 5, 5, "3", "0.5", "estimate"),
    ("DOT", "USD", 4, 8, 5, "0.6", "0.5", "margin"),
    ("UNI", "USD", 3, 8, 5, "0.5", "0.5", "margin"),
    ("AAVE", "USD", 2, 8, 5, "0.05", "0.5", "margin"),
    ("TAO", "USD", 2, 5, 5, "0.03", "0.5", "estimate"),
    ("NEAR", "USD", 3, 8, 5, "1.5", "0.5", "margin"),
    ("ETC", "USD", 3, 8, 8, "0.3", "0.5", "margin"),
    ("ICP", "USD", 3, 8, 5, "0.4", "0.5", "no index"),
    ("POL", "USD", 5, 5, 9, "6", "0.5", "no index"),
    ("KAS", "USD", 6, 5, 8, "100", "0.5", "estimate"),
    ("ALGO", "USD", 5, 8, 6, "25", "0.5", "margin"),
    ("FIL", "USD", 3, 8, 5, "1", "0.5", "margin"),
    ("APT", "USD", 4, 8, 8, "0.5", "0.5", "margin"),
    ("DOGE", "USD", 7, 8, 9, "50", "0.5", "margin"),
    ("USDC", "USD", 4, 8, 8, "5", "0.5", "margin"),
    ("USDT", "USD", 5, 8, 8, "10", "0.5", "margin"),
    ("EUR", "USD", 5, 8, 5, "0.5", "0.5", ""),
    ("USD", "CAD", 5, 8, 5, "5", "1", ""),
    ("BTC", "EUR", 1, 8, 5, "0.0001", "0.45", "margin"),
    ("ETH", "EUR", 2, 8, 5, "0.002", "0.45", "margin"),
    ("ETH", "BTC", 5, 8, 10, "0.002", "0.00002", "margin"),
)


def _asset(name: str) -> Asset:
    rest_id, altname = _LEGACY.get(name, (name, name))
    return Asset(name, rest_id, altname, *_DECIMALS[name])


ASSETS: Final = {name: _asset(name) for name in _DECIMALS}
"""Every asset by its WebSocket v2 name."""


def _rest_key(base: Asset, quote: Asset) -> str:
    """The pair's REST key: ids joined only where both are legacy ids; DOGE's stays short."""
    if base.name == "USDT":
        return "USDTZUSD"
    both = base.rest_id != base.name and quote.rest_id != quote.name and base.name != "DOGE"
    return base.rest_id + quote.rest_id if both else base.altname + quote.altname


def _instrument(row: tuple[str, str, int, int, int, str, str, str]) -> Instrument:
    base, quote = ASSETS[row[0]], ASSETS[row[1]]
    return Instrument(
        symbol=f"{base.name}/{quote.name}",
        rest_id=_rest_key(base, quote),
        altname=base.altname + quote.altname,
        wsname=f"{base.altname}/{quote.altname}",
        base=base.name,
        quote=quote.name,
        price_decimals=row[2],
        lot_decimals=row[3],
        cost_decimals=row[4],
        tick=Decimal((0, (1,), -row[2])),
        lot=Decimal((0, (1,), -row[3])),
        order_min=Decimal(row[5]),
        cost_min=Decimal(row[6]),
        has_index=row[7] not in {"no index", "estimate"},
        marginable=row[7] == "margin",
        is_estimate=row[7] == "estimate",
    )


INSTRUMENTS: Final = {each.symbol: each for each in map(_instrument, _ROWS)}
"""Every pair by its WebSocket v2 symbol: the thirty of the universe first."""

UNIVERSE: Final = tuple(list(INSTRUMENTS)[:30])


def _pair_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for symbol, each in INSTRUMENTS.items():
        for name in (each.rest_id, each.altname, symbol, symbol.replace("/", "")):
            names[name] = symbol
    return names


def _asset_names() -> dict[str, str]:
    return {
        name: each.name
        for each in ASSETS.values()
        for name in (each.rest_id, each.altname, each.name)
    }


_PAIR_NAMES: Final = _pair_names()
_ASSET_NAMES: Final = _asset_names()


def pair_named(text: str) -> str | None:
    """The symbol behind a REST pair name: key, altname or v2 symbol, never a wsname that differs.

    None when no pair has that name ("XBT/USD" and "XDG/USD" have none, as at the venue).
    """
    return _PAIR_NAMES.get(text)


def asset_named(text: str) -> str | None:
    """The v2 name behind an asset name of REST or v2, suffix kept: "XBT.F" gives "BTC.F"."""
    name, dot, suffix = text.partition(".")
    found = _ASSET_NAMES.get(name)
    return f"{found}{dot}{suffix}" if found else None


def rest_asset(name: str) -> str:
    """REST's key of an asset: "XXBT" for "BTC", "XBT.F" for "BTC.F" (suffixes use altnames)."""
    plain, dot, suffix = name.partition(".")
    asset = ASSETS[plain]
    return f"{asset.altname}{dot}{suffix}" if dot else asset.rest_id
