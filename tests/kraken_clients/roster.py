"""Every client that the suite of one table is held against, by name: ours and independent ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running
from tests.kraken_clients.ccxt_clients import CcxtRest, CcxtSockets, ccxt_rest, ccxt_sockets
from tests.kraken_clients.facts import Client
from tests.kraken_clients.fetched import Krakenex, NpmKrakenApi, krakenex, npm_kraken_api
from tests.kraken_clients.ours import OurRest, OurSockets, our_rest, our_sockets
from tests.kraken_clients.sdk import SdkRest, SdkSockets, sdk_rest, sdk_sockets

Opened = Callable[[Running, ApiKey, Path], AbstractAsyncContextManager[Client]]
ROSTER: Final[dict[str, tuple[type[Client], Opened]]] = {
    "our_rest": (OurRest, our_rest),
    "our_sockets": (OurSockets, our_sockets),
    "ccxt": (CcxtRest, ccxt_rest),
    "ccxt_pro": (CcxtSockets, ccxt_sockets),
    "sdk_rest": (SdkRest, sdk_rest),
    "sdk_sockets": (SdkSockets, sdk_sockets),
    "krakenex": (Krakenex, krakenex),
    "npm_kraken_api": (NpmKrakenApi, npm_kraken_api),
}
FETCHED: Final = ("krakenex", "npm_kraken_api")
