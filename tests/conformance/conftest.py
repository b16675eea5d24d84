"""One simulated Kraken for all tests of clients; each client has an account of its own.

Keys too: a client with nanosecond nonces makes a key useless for one with milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.simulated_kraken import get, post, simulated_kraken, small_plan

ACCOUNTS = (
    "alpha=USD:100000,BTC:1,ETH:10",
    "beta=USD:25000",
    "sdk=USD:100000,BTC:1,ETH:10",
    "krakenex=USD:100000,BTC:1",
    "npm=USD:100000,BTC:1",
    "recordings=USD:100000,BTC:1",
)


@pytest.fixture(scope="session")
def kraken() -> Iterator[Running]:
    """A simulated Kraken."""
    accounts = tuple(account_of(text, "pro") for text in ACCOUNTS)
    with simulated_kraken(small_plan(accounts=accounts)) as running:
        book = get(f"{running.rest}/0/public/Depth?pair=BTC/USD&count=1")["result"]["BTC/USD"]
        for _ in range(9):
            # However quiet the hour is that it begins in, there are trades of their own instants.
            said = {"symbol": "BTC/USD", "price": book["bids"][0][0], "qty": "0.001"}
            assert "result" in post(f"{running.rest}/simulator/trade", said)
        yield running
