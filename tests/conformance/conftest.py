"""One simulated Kraken for all tests of clients; each test takes what it finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.kraken_simulator.serving.launch import Running
from tests.simulated_kraken import simulated_kraken, small_plan


@pytest.fixture(scope="session")
def kraken() -> Iterator[Running]:
    """A simulated Kraken."""
    with simulated_kraken(small_plan()) as running:
        yield running
