"""The venue's names and ours, by a table made of its own lists: nothing is stripped or guessed.

Ours are those of the WebSocket v2: "BTC/USD", "BTC". REST says XXBTZUSD, XBTUSD and XBT/USD for
one pair, XXBT and XBT for one asset. A name that the lists do not hold raises UnknownNameError.
Balances bear suffixes: auto-earn (.F) is the asset itself, every other one lies elsewhere.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from adapters.kraken.records import Asset, AssetPair, Balance

RENAMED: Final = {"XBT": "BTC", "XDG": "DOGE"}
"""Alternative names that the WebSocket v2 does not know, and what it says instead."""
_DARK_POOL: Final = ".d"


class Place(enum.StrEnum):
    """Where a balance lies, by its suffix."""

    SPOT = ""
    AUTO_EARN = ".F"
    YIELD = ".B"
    REWARDS = ".M"
    STAKED = ".S"
    TOKENISED = ".T"
    HOLD = ".HOLD"
    PARACHAIN = ".P"


SPENDABLE: Final = (Place.SPOT, Place.AUTO_EARN)
"""What an order may use; the rest never counts as buying power."""


class UnknownNameError(ValueError):
    """A name that the venue's lists do not hold."""


class Held(msgspec.Struct, frozen=True):
    """What a balance's name says: our asset, where it lies, and the venue's own name."""

    asset: str
    place: Place
    name: str

    @property
    def is_spendable(self) -> bool:
        """Whether it counts as the asset itself."""
        return self.place in SPENDABLE


class Holdings(msgspec.Struct, frozen=True):
    """Balances by our names: what may be used, what lies elsewhere, what nobody knows."""

    spendable: dict[str, Balance]
    elsewhere: tuple[tuple[Held, Balance], ...]
    unknown: tuple[str, ...]


class Names:
    """Both directions of the table. `unlisted` are names that mean nothing to us, and why."""

    def __init__(self, assets: Mapping[str, Asset], pairs: Mapping[str, AssetPair]) -> None:
        self._assets: dict[str, str] = {}
        self._symbols: dict[str, str] = {}
        self._altnames: dict[str, str] = {}
        self.unlisted: dict[str, str] = {}
        claims: dict[str, dict[str, None]] = {}
        for key, asset in assets.items():
            ours = RENAMED.get(asset.altname, asset.altname)
            for name in (key, asset.altname, ours):
                claims.setdefault(name, {})[ours] = None
        for name, claimed in claims.items():
            if len(claimed) == 1:
                self._assets[name] = next(iter(claimed))
            else:
                self.unlisted[name] = f"names {' and '.join(claimed)}"
        for key, pair in pairs.items():
            self._list(key, pair)

    def _list(self, key: str, pair: AssetPair) -> None:
        if pair.altname.endswith(_DARK_POOL):
            self.unlisted[key] = "a dark pool"
            return
        missing = [name for name in (pair.base, pair.quote) if name not in self._assets]
        if missing:
            self.unlisted[key] = f"no asset {missing[0]} is listed"
            return
        symbol = f"{self._assets[pair.base]}/{self._assets[pair.quote]}"
        names = dict.fromkeys(name for name in (key, pair.altname, pair.wsname, symbol) if name)
        taken = [name for name in names if self._symbols.get(name, symbol) != symbol]
        if symbol in self._altnames or taken:
            self.unlisted[key] = f"another pair is {taken[0] if taken else symbol}"
            return
        self._altnames[symbol] = pair.altname
        self._symbols |= dict.fromkeys(names, symbol)

    def symbol(self, name: str) -> str:
        """Our symbol for a pair's id, altname, wsname or v2 name. Raises UnknownNameError."""
        return _found(self._symbols, name, "pair")

    def asset(self, name: str) -> str:
        """Our name of an asset by its id or altname, without suffix. Raises UnknownNameError."""
        return _found(self._assets, name, "asset")

    def rest_pair(self, symbol: str) -> str:
        """What REST calls a symbol of ours in a request. Raises UnknownNameError."""
        return _found(self._altnames, symbol, "pair")

    def held(self, name: str) -> Held:
        """What a balance's name says. Raises UnknownNameError."""
        base, place = name, Place.SPOT
        for each in Place:
            if each is not Place.SPOT and name.endswith(each.value):
                base, place = name.removesuffix(each.value), each
        if place is Place.STAKED and base not in self._assets:
            base = base.rstrip("0123456789")  # a lock of so many days: DOT28.S
        return Held(_found(self._assets, base, "asset"), place, name)

    def holdings(self, balances: Mapping[str, Balance]) -> Holdings:
        """An account's balances by asset; auto-earn is added to the asset, nothing else is."""
        spendable: dict[str, Balance] = {}
        elsewhere: list[tuple[Held, Balance]] = []
        unknown: list[str] = []
        for name, balance in balances.items():
            try:
                held = self.held(name)
            except UnknownNameError:
                unknown.append(name)
                continue
            if held.is_spendable:
                there = spendable.get(held.asset)
                spendable[held.asset] = balance if there is None else _together(there, balance)
            else:
                elsewhere.append((held, balance))
        return Holdings(spendable, tuple(elsewhere), tuple(unknown))


def _found(table: Mapping[str, str], name: str, what: str) -> str:
    ours = table.get(name)
    if ours is None:
        raise UnknownNameError(f"the venue lists no {what} {name[:40]!r}")
    return ours


def _together(one: Balance, other: Balance) -> Balance:
    return Balance(
        one.balance + other.balance,
        one.hold_trade + other.hold_trade,
        one.credit + other.credit,
        one.credit_used + other.credit_used,
    )
