"""Hold our dated table of instruments against the venue's own list, over its public REST API.

``python ops/checks/kraken_facts.py [--url https://api.kraken.com]`` prints one line for each symbol
that is missing, not online, or has another grid or minimum than the table says; 1 if there is any.
Needs no key. What the venue says is right: the table is for runs without a venue.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from actors.instruments import Instrument  # noqa: E402  (the checkout comes first)
from actors.money import step_of  # noqa: E402
from actors.ports import EdgeError  # noqa: E402
from adapters.instruments.table import UNIVERSE, instrument  # noqa: E402
from adapters.kraken.limits import CallLimits  # noqa: E402
from adapters.kraken.names import Names  # noqa: E402
from adapters.kraken.records import AssetPair  # noqa: E402
from adapters.kraken.rest import KrakenRest  # noqa: E402


def differences(rules: Instrument, pair: AssetPair) -> list[str]:
    """What the venue says otherwise, one sentence each."""
    said: dict[str, tuple[Decimal, Decimal | None]] = {
        "tick": (rules.tick, pair.tick_size),
        "lot": (rules.lot, step_of(pair.lot_decimals)),
        "smallest quantity": (rules.quantity_min, pair.ordermin),
        "smallest cost": (rules.cost_min, pair.costmin),
    }
    found = [
        f"{what} is {venue:f}, not {ours:f}"
        for what, (ours, venue) in said.items()
        if venue is not None and venue != ours
    ]
    return found if pair.status == "online" else [f"is {pair.status}", *found]


def report(names: Names, pairs: Mapping[str, AssetPair]) -> list[str]:
    """A line for each symbol of ours that the venue lists otherwise or not at all."""
    listed = {names.symbol(key): pair for key, pair in pairs.items() if key not in names.unlisted}
    lines = []
    for symbol in UNIVERSE:
        pair = listed.get(symbol)
        found = ["is not listed"] if pair is None else differences(instrument(symbol), pair)
        lines += [f"{symbol}: {each}" for each in found]
    return lines


async def ask(url: str) -> list[str]:
    """The report on the venue at `url`. Raises EdgeError."""
    limits = CallLimits()
    async with KrakenRest(url, clock=time.time_ns, call_limits=limits) as rest:
        assets = await rest.assets()
        pairs = await rest.asset_pairs()
    return report(Names(assets, pairs), pairs)


def main(arguments: list[str] | None = None) -> int:
    """Print the report; 1 when there is a difference, 2 when the venue did not say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="https://api.kraken.com")
    try:
        lines = asyncio.run(ask(parser.parse_args(arguments).url))
    except (EdgeError, ValueError) as error:
        print(f"the venue could not be asked: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines) if lines else f"all {len(UNIVERSE)} symbols are as the table says")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
