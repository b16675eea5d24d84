"""A private request after it was let in: whose it is and what it says."""

from __future__ import annotations

import msgspec

from adapters.kraken_simulator.keys.ring import KeyRing
from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.rest.parsing import Params
from adapters.kraken_simulator.serving.live import LiveExchange


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One private request; `received_ns` is when it arrived, by the exchange's clock."""

    live: LiveExchange
    ring: KeyRing
    key: ApiKey
    params: Params
    received_ns: int

    @property
    def account(self) -> str:
        """The account that the key belongs to."""
        return self.key.account
