"""The table of instruments held against a venue on loopback that says otherwise."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adapters.instruments.table import UNIVERSE, instrument
from tests.kraken_rest_server import Fault, ok, rest_server


@pytest.fixture(scope="module")
def check(repository: Path) -> ModuleType:
    path = repository / "ops" / "checks" / "kraken_facts.py"
    spec = importlib.util.spec_from_file_location("kraken_facts_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed() -> tuple[dict[str, Any], dict[str, Any]]:
    """Assets and pairs that agree with the table, in the venue's spelling."""
    assets: dict[str, Any] = {"ZUSD": {"altname": "USD", "decimals": 4, "display_decimals": 2}}
    pairs: dict[str, Any] = {}
    for symbol in UNIVERSE:
        rules = instrument(symbol)
        base = "XBT" if rules.base == "BTC" else rules.base
        assets[base] = {"altname": base, "decimals": 10, "display_decimals": 5}
        pairs[f"{base}USD"] = {
            "altname": f"{base}USD",
            "wsname": f"{base}/USD",
            "base": base,
            "quote": "ZUSD",
            "pair_decimals": 5,
            "lot_decimals": -int(rules.lot.normalize().as_tuple().exponent),
            "ordermin": str(rules.quantity_min),
            "costmin": str(rules.cost_min),
            "tick_size": str(rules.tick),
            "status": "online",
        }
    return assets, pairs


def run(check: ModuleType, assets: Any, pairs: Any) -> int:
    async def main() -> int:
        async with rest_server() as server:
            server.always("Assets", assets if isinstance(assets, Fault) else ok(assets))
            server.always("AssetPairs", ok(pairs))
            return int(await asyncio.to_thread(check.main, ["--url", server.url]))

    return asyncio.run(main())


def test_a_venue_that_agrees_is_told_so(
    check: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(check, *listed()) == 0
    assert capsys.readouterr().out == "all 30 symbols are as the table says\n"


def test_every_difference_is_a_line(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assets, pairs = listed()
    pairs["XBTUSD"] |= {"tick_size": "0.5", "ordermin": "0.0001", "status": "cancel_only"}
    del pairs["APTUSD"]
    del pairs["ETHUSD"]["costmin"]
    assert run(check, assets, pairs) == 1
    assert capsys.readouterr().out.splitlines() == [
        "BTC/USD: is cancel_only",
        "BTC/USD: tick is 0.5, not 0.1",
        "BTC/USD: smallest quantity is 0.0001, not 0.00005",
        "APT/USD: is not listed",
    ]


def test_a_venue_that_cannot_be_asked_is_no_difference(
    check: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(check, Fault("instead", 200, b'{"error":["EGeneral:Permission denied"]}'), {}) == 2
    assert check.main(["--url", "http://192.0.2.1"]) == 2
    assert "could not be asked" in capsys.readouterr().err
