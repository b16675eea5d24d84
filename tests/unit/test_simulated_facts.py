"""The simulated exchange's pairs, names and fees are those of the recorded pair lists."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from adapters.kraken_simulator.fees import SCHEDULE
from adapters.kraken_simulator.instruments import ASSETS, INSTRUMENTS, pair_named

SNAPSHOT = "kraken/protocol/torquey66__instrument_snapshot.json.gz"
PAIR_LIST = "kraken/protocol/flashbook__assetpairs.json.gz"
CHANGED_BY_2026 = {"BTC/USD", "ETH/USD", "XRP/USD", "SOL/USD", "DOGE/USD"}
"""Their smallest order is that of the newer list."""


class _Asset(msgspec.Struct):
    id: str
    precision: int
    precision_display: int


class _Pair(msgspec.Struct):
    symbol: str
    price_precision: int
    qty_precision: int
    cost_precision: int
    qty_min: Decimal
    cost_min: Decimal
    has_index: bool
    marginable: bool


class _Data(msgspec.Struct):
    assets: list[_Asset]
    pairs: list[_Pair]


class _Snapshot(msgspec.Struct):
    data: _Data


def snapshot(recorded: Callable[[str], Path]) -> _Data:
    with gzip.open(recorded(SNAPSHOT)) as file:
        return msgspec.json.decode(file.read(), type=_Snapshot).data


def test_grids_and_minimums_are_those_of_the_recorded_instruments(
    recorded: Callable[[str], Path],
) -> None:
    known = {pair.symbol: pair for pair in snapshot(recorded).pairs}
    compared = 0
    for symbol, row in INSTRUMENTS.items():
        pair = known.get(symbol)
        assert row.is_estimate is (pair is None), symbol
        if pair is None:
            continue
        compared += 1
        assert row.price_decimals == pair.price_precision, symbol
        assert row.lot_decimals == pair.qty_precision, symbol
        assert row.cost_decimals == pair.cost_precision, symbol
        assert row.cost_min == pair.cost_min, symbol
        assert (row.has_index, row.marginable) == (pair.has_index, pair.marginable), symbol
        assert row.order_min == pair.qty_min or symbol in CHANGED_BY_2026, symbol
    assert compared == 33


def test_ledger_precisions_are_those_of_the_recorded_assets(
    recorded: Callable[[str], Path],
) -> None:
    known = {asset.id: asset for asset in snapshot(recorded).assets}
    for name, asset in ASSETS.items():
        found = known.get(name)
        if found is not None:
            told = (found.precision, found.precision_display)
            assert (asset.decimals, asset.display_decimals) == told, name


def test_rest_names_and_fees_are_those_of_the_recorded_pair_list(
    recorded: Callable[[str], Path],
) -> None:
    with gzip.open(recorded(PAIR_LIST)) as file:
        rows: dict[str, dict[str, Any]] = msgspec.json.decode(file.read())["result"]
    for key, told in rows.items():
        symbol = pair_named(key)
        assert symbol is not None
        row = INSTRUMENTS[symbol]
        base, quote = ASSETS[row.base], ASSETS[row.quote]
        assert (row.rest_id, row.altname, row.wsname) == (key, told["altname"], told["wsname"])
        assert (base.rest_id, quote.rest_id) == (told["base"], told["quote"])
        assert (row.price_decimals, row.lot_decimals, row.cost_decimals) == (
            told["pair_decimals"],
            told["lot_decimals"],
            told["cost_decimals"],
        )
        assert row.order_min == Decimal(told["ordermin"])
        assert row.cost_min == Decimal(told["costmin"])
        assert row.tick == Decimal(told["tick_size"])
        for column, name in ((1, "fees"), (2, "fees_maker")):
            schedule = [[int(each[0]), float(each[column])] for each in SCHEDULE]
            assert schedule == told[name]
