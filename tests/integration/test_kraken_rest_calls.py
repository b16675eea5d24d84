"""The REST client against a server on loopback: what is sent, and what the answers become."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.kraken.bodies import NewOrder
from adapters.kraken.limits import PRO, CallLimits
from adapters.kraken.nonce import Nonces
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.transport import Patience
from tests.kraken_rest_server import KEY, SECRET, RestServer, ok, rest_server

QUICK = Patience(answer=0.5, reads=3.0, first_pause=0.01, longest_pause=0.05, public_pause=0.0)
ORDER = NewOrder(
    pair="XBTUSD",
    side="buy",
    volume=Decimal("0.00100000"),
    price=Decimal("37500.0"),
    cl_ord_id="0123456789abcdef0123456789abcdef",
    deadline=1_790_000_005_000_000_000,
)


@asynccontextmanager
async def session(folder: Path) -> AsyncIterator[tuple[RestServer, KrakenRest]]:
    with Nonces(folder, time.time_ns) as nonces:
        async with (
            rest_server() as server,
            KrakenRest(
                server.url,
                Credentials(KEY, SECRET),
                nonces,
                clock=time.time_ns,
                call_limits=CallLimits(PRO),
                patience=QUICK,
            ) as rest,
        ):
            yield server, rest


@pytest.mark.asyncio
async def test_an_order_is_cash_limit_with_deadline_and_fee_in_quote(tmp_path: Path) -> None:
    async with session(tmp_path) as (server, rest):
        server.answer("AddOrder", ok({"descr": {"order": "buy"}, "txid": ["OUF4EM-FRGI2-MQMWZD"]}))
        placed = await rest.add_order(ORDER)
        form = server.forms("AddOrder")[0]
    assert placed.txid == "OUF4EM-FRGI2-MQMWZD"
    assert next(iter(form)) == "nonce"
    form.pop("nonce")
    assert form == {
        "ordertype": "limit",
        "type": "buy",
        "pair": "XBTUSD",
        "volume": "0.00100000",
        "price": "37500.0",
        "timeinforce": "GTC",
        "oflags": "fciq",
        "cl_ord_id": "0123456789abcdef0123456789abcdef",
        "deadline": "2026-09-21T14:13:25.000000Z",
    }
