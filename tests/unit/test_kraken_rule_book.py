"""The rules of pairs at the edge: a change is told once, and an old list never undoes news."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.instant import SECOND_NS
from actors.messages.control import PairRulesChanged
from adapters.kraken.edge_events import Listed, Opened, decoded, encoded
from adapters.kraken.records import AssetPair
from adapters.kraken.requests import is_misfit
from adapters.kraken.rule_book import LIST_AGE_NS, PairRules
from adapters.kraken.stream import MarketStream

D = Decimal
NOON = 1_783_425_600 * SECOND_NS
BTC = PairRules("BTC/USD", D("0.1"), D("0.00000001"), D("0.00005"), D("0.5"))
ETH = PairRules("ETH/USD", D("0.01"), D("0.00000001"), D("0.001"), D("0.5"))


class Ear:
    """A stream of two pairs and what it tells of rules."""

    def __init__(self, *known: PairRules) -> None:
        self.stream = MarketStream(("BTC/USD", "ETH/USD"), began_ts=NOON)
        self.stream.befall(Opened(("BTC/USD", "ETH/USD"), 60 * SECOND_NS, known), NOON)

    def frame(self, *pairs: dict[str, Any], kind: str = "update", at: int = NOON) -> list[Any]:
        """A frame of the instrument channel; numbers are texts, to be written as they are."""
        rows = ",".join(
            "{" + ",".join(f'"{name}":{text}' for name, text in pair.items()) + "}"
            for pair in pairs
        )
        head = f'{{"channel":"instrument","type":"{kind}","data":{{"assets":[],"pairs":[{rows}]}}}}'
        return rules_in(self.stream.feed(head.encode(), at))

    def listed(self, *rules: PairRules, asked: int, at: int) -> list[PairRulesChanged]:
        """The list of pairs, through the text of a recording."""
        return rules_in(self.stream.befall(decoded(encoded(Listed(asked, rules))), at))


def rules_in(items: Any) -> list[PairRulesChanged]:
    return [item.body for item in items if isinstance(item.body, PairRulesChanged)]


def row(symbol: str = "BTC/USD", **changes: str) -> dict[str, Any]:
    plain = {
        "symbol": json.dumps(symbol),
        "status": '"online"',
        "price_increment": "0.1",
        "qty_increment": "0.00000001",
        "qty_min": "0.00005000",
        "cost_min": "0.50",
    }
    return {name: text for name, text in {**plain, **changes}.items() if text}


def test_a_change_on_the_channel_is_told_once_with_its_source() -> None:
    ear = Ear(BTC, ETH)
    assert ear.frame(row(), kind="snapshot") == []
    (news,) = ear.frame(row(price_increment="0.5", qty_min="0.001"), at=NOON + 1)
    assert news == PairRulesChanged(
        "BTC/USD", D("0.5"), BTC.lot, D("0.001"), D("0.5"), NOON + 1, "instrument"
    )
    assert ear.frame(row(price_increment="0.5", qty_min="0.001"), at=NOON + 2) == []
    assert ear.stream.counts.rule_changes == 1


def test_a_step_is_written_without_zeros_at_its_end() -> None:
    (news,) = Ear(BTC).frame(row(qty_increment="0.0100", price_increment="10.00"))
    assert (str(news.lot), str(news.tick)) == ("0.01", "10")


UNREADABLE = [
    {"price_increment": "0"},
    {"qty_increment": "0.000"},
    {"qty_min": '"0.1"'},
    {"cost_min": "-1"},
    {"price_increment": "null"},
]


@pytest.mark.parametrize("changes", UNREADABLE, ids=str)
def test_rules_that_cannot_be_read_are_counted_and_change_nothing(changes: dict[str, str]) -> None:
    ear = Ear(BTC)
    assert ear.frame(row(**changes)) == []
    assert ear.stream.counts.misshapen_rules == 1
    assert ear.frame(row()) == [], "what was known still is"


def test_a_row_without_rules_or_of_another_pair_is_passed_over() -> None:
    doge = PairRules("DOGE/USD", D(1), D(1), D(1), D(1))
    ear = Ear(BTC, doge)
    assert ear.frame(row(qty_min="", price_increment="7"), row("DOGE/USD")) == []
    assert ear.stream.counts.misshapen_rules == 0


def test_what_nobody_knew_is_learned_in_silence() -> None:
    """A recording by others begins with a snapshot; only what changes in it is news."""
    ear = Ear()
    assert ear.frame(row(), row("ETH/USD"), kind="snapshot") == []
    assert [each.symbol for each in ear.frame(row("ETH/USD", price_increment="0.01"))] == [
        "ETH/USD"
    ]


def test_the_list_tells_what_the_channel_did_not() -> None:
    ear = Ear(BTC, ETH)
    coarse = PairRules("BTC/USD", D("0.5"), D("0.001"), D("0.01"), D("5"))
    strange = PairRules("DOGE/USD", D("0.5"), D("0.001"), D("0.01"), D("5"))
    (news,) = ear.listed(coarse, ETH, strange, asked=NOON + 1, at=NOON + 2)
    assert (news.symbol, news.tick, news.source) == ("BTC/USD", D("0.5"), "AssetPairs")
    assert news.ts == NOON + 2


def test_a_list_that_tells_what_the_channel_has_just_replaced_says_nothing() -> None:
    """A cached reply would otherwise bring the old rules back."""
    ear = Ear(BTC, ETH)
    assert ear.frame(row(price_increment="0.5"), at=NOON + SECOND_NS)
    told = NOON + SECOND_NS
    assert ear.listed(BTC, asked=told + LIST_AGE_NS - 1, at=told + LIST_AGE_NS) == []
    (news,) = ear.listed(BTC, asked=told + LIST_AGE_NS, at=told + LIST_AGE_NS)
    assert news.tick == D("0.1")


def test_a_list_that_tells_something_new_is_believed_at_once() -> None:
    """A frame was lost: what is neither known nor was lately comes out of no old cache."""
    ear = Ear(BTC, ETH)
    assert ear.frame(row(price_increment="0.5"), at=NOON + 1)
    finer = PairRules("BTC/USD", D("0.01"), BTC.lot, BTC.quantity_min, BTC.cost_min)
    (news,) = ear.listed(finer, asked=NOON + 2, at=NOON + 3)
    assert news.tick == D("0.01")
    (news,) = ear.listed(ETH, BTC, asked=NOON + LIST_AGE_NS + 2, at=NOON + LIST_AGE_NS + 3)
    assert news.tick == D("0.1")


def test_a_listed_pair_has_the_rules_of_its_decimals() -> None:
    pair = AssetPair("XBTUSD", "XXBT", "ZUSD", 1, 8, ordermin=D("0.00005"), costmin=D("0.5"))
    assert pair.rules("BTC/USD") == BTC
    finer = msgspec.structs.replace(pair, base_decimals=10).rules("BTC/USD")
    assert (finer.lot, finer.lot_least) == (BTC.lot, D("1E-10"))


def test_no_lot_is_finer_than_what_the_ledger_keeps() -> None:
    """Kraken trades APT in steps of 1e-8, and its ledger cuts what it books at 1e-6."""
    coarse = AssetPair(
        "APTUSD", "APT", "ZUSD", 4, 8, ordermin=D("0.5"), costmin=D("0.5"), base_decimals=6
    )
    rules = coarse.rules("BTC/USD")
    assert rules.lot == D("0.000001")
    ear = Ear(rules)
    told = {"qty_min": "0.5", "price_increment": "0.0001"}
    assert ear.frame(row(**told), kind="snapshot") == []
    (news,) = ear.frame(row(**{**told, "qty_increment": "0.001"}))
    assert news.lot == D("0.001")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("EOrder:Tick size check failed", True),
        ("EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals.", True),
        ("EOrder:Order minimum not met", True),
        ("EOrder:Cost minimum not met", True),
        ("EGeneral:Invalid arguments:volume", True),
        ("EOrder:Insufficient funds", False),
        ("EGeneral:Invalid arguments", False),
    ],
)
def test_a_refusal_says_whether_the_order_broke_a_rule_of_its_pair(
    text: str, *, found: bool
) -> None:
    assert is_misfit(text) is found
