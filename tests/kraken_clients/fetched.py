"""krakenex and npm kraken-api, as their authors published them; fetched for one test run."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running
from tests.fetched_clients import fetched_from_npm, fetched_from_pypi
from tests.kraken_clients.facts import refused
from tests.kraken_clients.rest_words import RestWords

ANSWER_SECONDS = 20.0
_APART_SECONDS = 0.003
"""Their nonces are milliseconds."""
_SCRIPT = """
const Kraken = require('kraken-api');
const [url, key, secret] = process.argv.slice(1);
const client = new Kraken(key, secret, { url });
const lines = require('readline').createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const { method, params } = JSON.parse(line);
  let said;
  try { said = { result: (await client.api(method, params)).result }; }
  catch (error) { said = { error: error.message }; }
  console.log(JSON.stringify(said));
});
"""


_FETCHED: dict[str, Path] = {}
"""Where each of them lies, once one was fetched."""


def krakenex_folder(folder: Path) -> Path:
    """Where krakenex lies; skips the test where its registry is not reached."""
    if "krakenex" not in _FETCHED:
        _FETCHED["krakenex"] = fetched_from_pypi("krakenex", "2.2.2", folder)
    return _FETCHED["krakenex"]


def npm_folder(folder: Path) -> Path:
    """Where node finds kraken-api; skips the test where its registry is not reached."""
    if "kraken-api" not in _FETCHED:
        _FETCHED["kraken-api"] = fetched_from_npm("kraken-api", "1.0.2", folder)
    return _FETCHED["kraken-api"]


class Krakenex(RestWords):
    """krakenex."""

    def __init__(self, api: Any) -> None:
        super().__init__(self._called)
        self._api = api

    async def _called(self, name: str, fields: dict[str, Any]) -> Any:
        is_public = name in {"AssetPairs", "Ticker", "Depth", "Trades", "OHLC"}
        ask = self._api.query_public if is_public else self._api.query_private
        await asyncio.sleep(_APART_SECONDS)
        answer = await asyncio.to_thread(ask, name, dict(fields))
        if answer["error"]:
            raise refused(answer["error"])
        return answer["result"]


class NpmKrakenApi(RestWords):
    """kraken-api in a node of its own, a line for each call."""

    cannot: ClassVar = {"amended": "its list of methods is older than AmendOrder"}

    def __init__(self, node: asyncio.subprocess.Process) -> None:
        super().__init__(self._called)
        self._node = node

    async def _called(self, name: str, fields: dict[str, Any]) -> Any:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        await asyncio.sleep(_APART_SECONDS)
        line = json.dumps({"method": name, "params": fields})
        self._node.stdin.write(line.encode() + b"\n")
        said = await asyncio.wait_for(self._node.stdout.readline(), ANSWER_SECONDS)
        answer = json.loads(said)
        if "error" in answer:
            raise refused(f"E{answer['error']}")  # it cuts the first letter off
        return answer["result"]


@asynccontextmanager
async def krakenex(running: Running, key: ApiKey, place: Path) -> AsyncIterator[Krakenex]:
    """krakenex with a key."""
    folder = str(await asyncio.to_thread(krakenex_folder, place))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    api = importlib.import_module("krakenex").API(key=key.key, secret=key.secret)
    api.uri = running.rest
    try:
        yield Krakenex(api)
    finally:
        api.close()


@asynccontextmanager
async def npm_kraken_api(running: Running, key: ApiKey, place: Path) -> AsyncIterator[NpmKrakenApi]:
    """kraken-api with a key."""
    node = await asyncio.create_subprocess_exec(
        *("node", "-e", _SCRIPT, running.rest, key.key, key.secret),
        cwd=await asyncio.to_thread(npm_folder, place),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    try:
        yield NpmKrakenApi(node)
    finally:
        with suppress(ProcessLookupError):
            node.kill()
        await node.wait()
