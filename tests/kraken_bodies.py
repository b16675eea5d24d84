"""Short lists in the venue's spelling, for tests that need no recording."""

from __future__ import annotations

from adapters.kraken.records import Asset, AssetPair

LISTED_ASSETS = {
    key: Asset(altname, 10, 5)
    for key, altname in {
        "XXBT": "XBT",
        "XXDG": "XDG",
        "XETH": "ETH",
        "XXRP": "XRP",
        "XZEC": "ZEC",
        "ZUSD": "USD",
        "SOL": "SOL",
        "DOT": "DOT",
        "DOT28.S": "DOT28.S",
        "ETH2": "ETH2",
        "XTZ": "XTZ",
        "ZRX": "ZRX",
        "USD.M": "USD.M",
    }.items()
}
LISTED_PAIRS = {
    "XXBTZUSD": AssetPair("XBTUSD", "XXBT", "ZUSD", 1, 8, "XBT/USD"),
    "XXBTZUSD.d": AssetPair("XBTUSD.d", "XXBT", "ZUSD", 1, 8),
    "XDGUSD": AssetPair("XDGUSD", "XXDG", "ZUSD", 7, 8, "XDG/USD"),
    "XETHXXBT": AssetPair("ETHXBT", "XETH", "XXBT", 5, 8, "ETH/XBT"),
    "XTZUSD": AssetPair("XTZUSD", "XTZ", "ZUSD", 4, 8, "XTZ/USD"),
    "ZRXUSD": AssetPair("ZRXUSD", "ZRX", "ZUSD", 5, 8, "ZRX/USD"),
    "XZECZUSD": AssetPair("ZECUSD", "XZEC", "ZUSD", 3, 8, "ZEC/USD"),
    "SOLUSD": AssetPair("SOLUSD", "SOL", "ZUSD", 2, 8, "SOL/USD"),
    "AAPLxUSD": AssetPair("AAPLxUSD", "AAPLx", "ZUSD", 2, 8, "AAPLx/USD"),
}
