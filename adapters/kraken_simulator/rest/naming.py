"""Names in answers: a pair answers under the name it was asked by, assets by id or display name."""

from __future__ import annotations

from adapters.kraken_simulator.errors import UNKNOWN_ASSET, UNKNOWN_PAIR, Refusal
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.instruments import (
    ASSETS,
    Instrument,
    asset_named,
    pair_named,
    rest_asset,
)
from adapters.kraken_simulator.rest.parsing import Params, word, words


class Naming:
    """How one request wants things named: `assetVersion=1` wants display names."""

    def __init__(self, params: Params) -> None:
        self.is_display = word(params, "assetVersion") == "1"

    def asset(self, name: str) -> str:
        """An asset as answers key it."""
        return name if self.is_display else rest_asset(name)

    def pair(self, row: Instrument) -> str:
        """A pair as answers key it when all pairs were asked."""
        return row.symbol if self.is_display else row.rest_id

    def asked_pair(self, row: Instrument, asked: str) -> str:
        """A pair as answers key it when it was asked by a name."""
        return row.symbol if self.is_display or "/" in asked else row.rest_id


def pair_of(exchange: Exchange, asked: str) -> Instrument:
    """The pair of a name. Raises Refusal (unknown asset pair)."""
    symbol = pair_named(asked)
    if symbol is None or symbol not in exchange.symbols:
        raise Refusal(UNKNOWN_PAIR)
    return exchange.instrument(symbol)


def pairs_of(exchange: Exchange, params: Params) -> dict[str, Instrument]:
    """The pairs that a request names, by answer key; all of them when it names none."""
    naming, asked = Naming(params), words(params, "pair")
    if asked is None:
        return {naming.pair(row): row for row in exchange.instruments()}
    rows = [(name, pair_of(exchange, name)) for name in asked]
    return {naming.asked_pair(row, name): row for name, row in rows}


def assets_of(exchange: Exchange, params: Params) -> list[str]:
    """The assets that a request names (WebSocket names); all when it names none."""
    known = [each.name for each in exchange.assets()]
    asked = words(params, "asset")
    if asked is None or asked == ["all"]:
        return known
    found = [asset_named(name) for name in asked]
    if any(name is None or name.partition(".")[0] not in ASSETS for name in found):
        raise Refusal(UNKNOWN_ASSET)
    return [name for name in found if name is not None]
