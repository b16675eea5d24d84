"""Any bytes as an answer, over a real socket: a result or one of our errors, nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ports import EdgeError, Permanent, ProtocolViolation, Transient, UnknownOutcome
from adapters.kraken.limits import PRO, CallLimits
from adapters.kraken.rest import KrakenRest
from adapters.kraken.transport import Patience
from tests.kraken_rest_server import ORDER, Fault, RestServer, ok, rest_session

ONCE = Patience(answer=20.0, attempts=1, public_pause=0.0)
READS: dict[str, Callable[[KrakenRest], Awaitable[object]]] = {
    "Time": lambda rest: rest.time(),
    "SystemStatus": lambda rest: rest.system_status(),
    "Assets": lambda rest: rest.assets(),
    "AssetPairs": lambda rest: rest.asset_pairs(),
    "Depth": lambda rest: rest.depth("XBTUSD"),
    "Trades": lambda rest: rest.trades("XBTUSD", 0),
    "OHLC": lambda rest: rest.ohlc("XBTUSD", 1),
    "BalanceEx": lambda rest: rest.balances(),
    "OpenOrders": lambda rest: rest.open_orders(),
    "ClosedOrders": lambda rest: rest.closed_orders(0, 10**18, pages_most=2),
    "QueryOrders": lambda rest: rest.query_orders(["A"]),
    "TradesHistory": lambda rest: rest.trades_history(0, 10**18, pages_most=2),
    "Ledgers": lambda rest: rest.ledgers(0, 10**18, pages_most=2),
    "TradeVolume": lambda rest: rest.trade_volume(["XBTUSD"]),
    "GetWebSocketsToken": lambda rest: rest.socket_token(),
    "GetApiKeyInfo": lambda rest: rest.key_info(),
}
ACTS: dict[str, Callable[[KrakenRest], Awaitable[object]]] = {
    "AddOrder": lambda rest: rest.add_order(ORDER),
    "CancelOrder": lambda rest: rest.cancel_order(cl_ord_id="a1"),
    "CancelAll": lambda rest: rest.cancel_all(),
    "CancelAllOrdersAfter": lambda rest: rest.cancel_all_after(60),
}
WORDS = (
    "error result last open closed trades ledger count txid descr order pair type price vol time "
    "vol_exec cost fee opentm status balance hold_trade token expires permissions unixtime "
    "XXBTZUSD asks bids altname decimals currentTime triggerTime pending"
).split()
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["0", "1.5", "NaN", "-0.0", "1e999", "2026-09-21T14:13:20Z", "open"])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=8)
    ),
    max_leaves=30,
)
texts = st.sampled_from(
    ["EOrder:Insufficient funds", "EService:Busy", "WX:y", "EAPI:Invalid nonce"]
)
bodies = (
    st.binary(max_size=200)
    | values.map(lambda value: json.dumps(value).encode())
    | values.map(ok)
    | st.tuples(st.lists(texts | st.text(max_size=10), max_size=3), values).map(
        lambda told: json.dumps({"error": told[0], "result": told[1]}).encode()
    )
)
statuses = st.sampled_from([200, 200, 200, 204, 302, 400, 403, 429, 500, 502, 520])


class Stand:
    """One server and one client for all examples, on one loop."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.limits = CallLimits(PRO)
        session = rest_session(folder, patience=ONCE, call_limits=self.limits)
        self.server: RestServer
        self.rest: KrakenRest
        self.server, self.rest = self._run(self._stack.enter_async_context(session))

    def _run(self, awaited: Awaitable[Any]) -> Any:
        async def main() -> Any:
            return await awaited

        return self._runner.run(main())

    def ask(self, name: str, call: Callable[[KrakenRest], Awaitable[object]]) -> EdgeError | None:
        """The error that a call ends with, if any."""
        self.limits._counter.units = 0
        self.rest._transport._barred = ""
        try:
            self._run(call(self.rest))
        except EdgeError as error:
            return error
        return None

    def answer(self, name: str, status: int, body: bytes) -> RestServer:
        self.server.always(name, Fault("instead", status, body))
        return self.server

    def close(self) -> None:
        self._run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    stand = Stand(tmp_path_factory.mktemp("nonces"))
    yield stand
    stand.close()


@given(name=st.sampled_from(list(READS)), status=statuses, body=bodies)
def test_a_read_gives_a_result_or_one_of_our_errors(
    stand: Stand, name: str, status: int, body: bytes
) -> None:
    stand.answer(name, status, body)
    error = stand.ask(name, READS[name])
    assert error is None or isinstance(error, (Transient, Permanent, ProtocolViolation))


@given(name=st.sampled_from(list(ACTS)), status=statuses, body=bodies)
def test_an_act_ends_refused_or_unknown_and_arrives_once(
    stand: Stand, name: str, status: int, body: bytes
) -> None:
    server = stand.answer(name, status, body)
    before = len(server.arrived)
    error = stand.ask(name, ACTS[name])
    assert error is None or isinstance(error, (Transient, Permanent, UnknownOutcome))
    arrived = len(server.arrived) - before
    # What the venue says was not executed is the only ground to send it once more.
    assert arrived == 1 or (arrived == 2 and b"EAPI:Invalid nonce" in body)
    if isinstance(error, (Transient, Permanent)):
        assert any(text in body for text in (b'"E', b"EOrder", b"EAPI"))
