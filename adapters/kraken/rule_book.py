"""The newest rules of every pair, by what the venue tells of them; only a change is news.

The instrument channel tells at once. The list of pairs passes caches and may be a minute old, so
what it says is not believed where it says only what the channel has just replaced. Without rules to
begin with the first word is learned in silence: a recording by others does not say what was known.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from actors.instant import SECOND_NS
from actors.messages.control import PairRulesChanged
from adapters.kraken.frames import PairEntry
from adapters.kraken.tokens import TokenError, plain_number

CHANNEL: Final = "instrument"
LIST: Final = "AssetPairs"
LIST_AGE_NS: Final = 120 * SECOND_NS
"""Twice the minute that a reply of the list may have lain in a cache."""


class PairRules(msgspec.Struct, frozen=True):
    """Grids of price and quantity, and the minima of quantity (base) and cost (quote).

    The lot is never finer than `lot_least`, the smallest amount that the venue's ledger keeps.
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    quantity_min: Decimal
    cost_min: Decimal
    lot_least: Decimal = Decimal(0)


class RuleBook:
    """The rules of `symbols`; others are passed over."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.unreadable = 0
        """Rows of the channel whose rules were none."""
        self._rules: dict[str, PairRules | None] = dict.fromkeys(symbols)
        self._replaced: dict[str, list[tuple[int, PairRules]]] = {}

    def begin(self, rules: Iterable[PairRules]) -> None:
        """What is known before the venue speaks."""
        for each in rules:
            if each.symbol in self._rules:
                self._rules[each.symbol] = each

    def told(self, pairs: Iterable[PairEntry], ts: int) -> list[PairRulesChanged]:
        """What rows of the instrument channel change; one without rules changes nothing."""
        news: list[PairRulesChanged] = []
        for pair in pairs:
            if pair.symbol not in self._rules or not pair.has_rules:
                continue
            known = self._rules[pair.symbol]
            try:
                rules = rules_of(pair, Decimal(0) if known is None else known.lot_least)
            except TokenError:
                self.unreadable += 1
                continue
            changed = self._set(rules, ts, CHANNEL)
            if known is not None and changed:
                self._replaced.setdefault(pair.symbol, []).append((ts, known))
            news += changed
        return news

    def listed(self, rules: Iterable[PairRules], asked_ts: int, ts: int) -> list[PairRulesChanged]:
        """What the list of pairs, asked for at `asked_ts`, changes."""
        news: list[PairRulesChanged] = []
        for each in rules:
            if each.symbol in self._rules and each not in self._young(each.symbol, asked_ts):
                news += self._set(each, ts, LIST)
        return news

    def _young(self, symbol: str, asked_ts: int) -> list[PairRules]:
        """What the channel replaced so lately that a cache may still tell it."""
        replaced = self._replaced.get(symbol, [])
        kept = [each for each in replaced if asked_ts - each[0] < LIST_AGE_NS]
        self._replaced[symbol] = kept
        return [rules for _, rules in kept]

    def _set(self, rules: PairRules, ts: int, source: str) -> list[PairRulesChanged]:
        known, self._rules[rules.symbol] = self._rules[rules.symbol], rules
        if known is None or known == rules:
            return []
        return [
            PairRulesChanged(
                rules.symbol,
                rules.tick,
                rules.lot,
                rules.quantity_min,
                rules.cost_min,
                ts,
                source,
            )
        ]


def rules_of(pair: PairEntry, lot_least: Decimal) -> PairRules:
    """The rules in a row of the channel. Raises TokenError."""
    lot = _number(pair.qty_increment)
    rules = PairRules(
        pair.symbol,
        _number(pair.price_increment),
        max(lot, lot_least),
        _number(pair.qty_min),
        _number(pair.cost_min),
        lot_least,
    )
    if not (rules.tick and lot):
        raise TokenError(f"{pair.symbol} has no grid")
    return rules


def _number(token: msgspec.Raw) -> Decimal:
    """Without zeros at its end: a step's digits are those that an order is written with."""
    whole, point, fraction = plain_number(bytes(token)).decode("ascii").partition(".")
    fraction = fraction.rstrip("0")
    return Decimal(f"{whole}{point}{fraction}" if fraction else whole)
