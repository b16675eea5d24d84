"""What the REST client says when the venue, a proxy or the line fails: orders and reads apart."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actors.ports import EdgeError, Permanent, ProtocolViolation, Transient, UnknownOutcome
from adapters.kraken.bodies import Amendment
from adapters.kraken.limits import PRO, CallLimits
from adapters.kraken.nonce import Nonces
from adapters.kraken.rest import KrakenRest
from adapters.kraken.signing import Credentials
from adapters.kraken.transport import Patience, safe_address
from tests.kraken_rest_server import (
    KEY,
    ORDER,
    QUICK,
    SECRET,
    Fault,
    ok,
    refused,
    rest_server,
    rest_session,
)

pytestmark = pytest.mark.asyncio
TXID = "OUF4EM-FRGI2-MQMWZD"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
HASTY = Patience(answer=0.3, first_pause=0.01, longest_pause=0.03)
PLACED = ok({"descr": {"order": "buy"}, "txid": [TXID]})
ACTS: dict[str, Callable[[KrakenRest], Awaitable[object]]] = {
    "AddOrder": lambda rest: rest.add_order(ORDER),
    "AmendOrder": lambda rest: rest.amend_order(
        Amendment(cl_ord_id="a1", deadline=ORDER.deadline, price=ORDER.price)
    ),
    "CancelOrder": lambda rest: rest.cancel_order(cl_ord_id="a1"),
    "CancelAll": lambda rest: rest.cancel_all(),
    "CancelAllOrdersAfter": lambda rest: rest.cancel_all_after(60),
}
LOST = {
    "reset before the body was read": Fault("reset before"),
    "reset after the body was read": Fault("reset after"),
    "an error page 502": Fault("instead", 502, PAGE),
    "an error page 520": Fault("instead", 520, PAGE),
    "an error page with status 200": Fault("instead", 200, PAGE),
    "a refusal with status 500": Fault("instead", 500, refused("EOrder:Insufficient funds")),
    "an empty answer": Fault("instead", 200, b""),
    "a cut answer": Fault("cut", 200, PLACED[:20]),
    "half an answer that ends well": Fault("instead", 200, PLACED[:-3]),
    "no answer in time": Fault("slow", 200, PLACED, seconds=2.0),
    "bytes that are not the gzip they say they are": Fault(
        "instead", 200, PLACED, headers={"Content-Encoding": "gzip"}
    ),
    "bytes that are no HTTP": Fault("not http", body=b"\x16\x03\x01 nonsense\r\n\r\n"),
}
BROKEN = {
    "a list": b"[]",
    "no error list": b'{"result":{}}',
    "errors that are no texts": b'{"error":[1],"result":{}}',
    "no result": b'{"error":[]}',
    "a result of another shape": b'{"error":[],"result":[1,2]}',
    "a redirect": Fault("instead", 302, b"", headers={"Location": "/0/private/AddOrder"}),
    "a result with status 403": Fault("instead", 403, ok({})),
    "an oversize answer": Fault("instead", 200, b" " * 4096 + ok({})),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("name", ACTS)
async def test_an_act_whose_answer_is_lost_is_unknown_and_never_sent_again(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    patience = HASTY if fault.kind == "slow" else QUICK
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.always(name, fault)
        with pytest.raises(UnknownOutcome):
            await ACTS[name](rest)
        assert len(server.arrived) == (0 if fault.kind == "reset before" else 1)


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
async def test_an_order_whose_answer_makes_no_sense_is_unknown(
    tmp_path: Path, fault: bytes | Fault
) -> None:
    patience = Patience(answer=10.0, bytes_most=4096)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.always("AddOrder", fault)
        with pytest.raises(UnknownOutcome):
            await rest.add_order(ORDER)
        assert len(server.arrived) == 1


@pytest.mark.parametrize("txids", [[], [""], ["A", "B"], None, "A", [7]])
async def test_an_order_without_one_id_is_unknown(tmp_path: Path, txids: object) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("AddOrder", ok({"descr": {"order": "buy"}, "txid": txids}))
        with pytest.raises(UnknownOutcome):
            await rest.add_order(ORDER)


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_read_whose_answer_is_lost_is_asked_again(tmp_path: Path, fault: Fault) -> None:
    patience = HASTY if fault.kind == "slow" else QUICK
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.answer("BalanceEx", fault)
        server.always("BalanceEx", ok({"ZUSD": {"balance": "1.50"}}))
        assert str((await rest.balances())["ZUSD"].balance) == "1.50"


async def test_reads_give_up_after_so_many_attempts(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.always("BalanceEx", Fault("instead", 502, PAGE))
        with pytest.raises(Transient, match="HTTP 502"):
            await rest.balances()
        assert len(server.arrived) == QUICK.attempts


async def test_reads_give_up_in_time(tmp_path: Path) -> None:
    patience = Patience(attempts=1000, reads=1.0, first_pause=0.05, longest_pause=0.05)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.always("BalanceEx", refused("EService:Unavailable"))
        began = time.monotonic()
        with pytest.raises(Transient, match="EService:Unavailable"):
            await rest.balances()
        assert time.monotonic() - began < 10.0
        assert 2 <= len(server.arrived) < 200


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
async def test_a_read_whose_answer_makes_no_sense_is_not_repeated(
    tmp_path: Path, fault: bytes | Fault
) -> None:
    patience = Patience(answer=10.0, bytes_most=4096)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.always("BalanceEx", fault)
        with pytest.raises(ProtocolViolation):
            await rest.balances()
        assert len(server.arrived) == 1


@pytest.mark.parametrize(
    ("texts", "act", "read"),
    [
        (["EOrder:Insufficient funds"], Permanent, Permanent),
        (["EGeneral:Permission denied"], Permanent, Permanent),
        (["EService:Deadline elapsed"], UnknownOutcome, Transient),
        (["EService:Busy"], UnknownOutcome, Transient),
        (["EService:Timeout"], UnknownOutcome, Transient),
        (["EGeneral:Internal error"], UnknownOutcome, Transient),
        (["EOrder:Rate limit exceeded"], Transient, Transient),
        (["EService:Market in cancel_only mode"], Transient, Transient),
        (["EOrder:Brand new reason"], UnknownOutcome, Permanent),
        (["EOrder:Insufficient funds", "EService:Busy"], UnknownOutcome, Transient),
        (["EService:Busy", "ENew:Reason"], UnknownOutcome, Permanent),
    ],
)
async def test_errors_mean_what_the_table_says(
    tmp_path: Path, texts: list[str], act: type[EdgeError], read: type[EdgeError]
) -> None:
    patience = Patience(answer=10.0, attempts=1)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.always("AddOrder", refused(*texts))
        server.always("BalanceEx", refused(*texts))
        with pytest.raises(act) as told:
            await rest.add_order(ORDER)
        assert all(text in str(told.value) for text in texts)
        with pytest.raises(read) as told:
            await rest.balances()
        assert str(told.value).startswith(tuple(texts))
        assert len(server.arrived) == 2


async def test_the_venues_text_begins_the_message_unchanged(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("CancelOrder", refused("EOrder:Unknown order"))
        with pytest.raises(Permanent, match=r"^EOrder:Unknown order$"):
            await rest.cancel_order(cl_ord_id="a1")


@pytest.mark.parametrize("name", ["AddOrder", "BalanceEx"])
async def test_a_refused_connection_means_that_nothing_was_sent(tmp_path: Path, name: str) -> None:
    async with rest_server() as server:
        url = server.url
    with Nonces(tmp_path, time.time_ns) as nonces:
        async with KrakenRest(
            url,
            Credentials(KEY, SECRET),
            nonces,
            clock=time.time_ns,
            call_limits=CallLimits(PRO),
            patience=QUICK,
        ) as rest:
            with pytest.raises(Transient):
                await (rest.add_order(ORDER) if name == "AddOrder" else rest.balances())


async def test_a_failed_handshake_means_that_nothing_was_sent(tmp_path: Path) -> None:
    async with rest_server() as server:
        with Nonces(tmp_path, time.time_ns) as nonces:
            async with KrakenRest(
                server.url.replace("http:", "https:"),
                Credentials(KEY, SECRET),
                nonces,
                clock=time.time_ns,
                call_limits=CallLimits(PRO),
                patience=QUICK,
            ) as rest:
                with pytest.raises(Transient, match="SSL"):
                    await rest.add_order(ORDER)
        assert server.arrived == []


@pytest.mark.parametrize("fault", [*LOST.values(), *BROKEN.values()], ids=[*LOST, *BROKEN])
async def test_no_error_holds_the_key_or_the_signature(
    tmp_path: Path, fault: bytes | Fault
) -> None:
    async with rest_session(tmp_path, patience=HASTY) as (server, rest):
        server.always("AddOrder", fault)
        with pytest.raises(EdgeError) as told:
            await rest.add_order(ORDER)
        signatures = [each.headers["API-Sign"] for each in server.arrived]
    text = "".join(traceback.format_exception(told.value)) + repr(told.value.__context__)
    text += repr(told.value.__cause__) + repr(vars(told.value))
    for secret in (KEY, SECRET, *signatures):
        assert secret not in text


@pytest.mark.parametrize(
    "address",
    [
        "http://api.kraken.com",
        "ftp://localhost",
        "api.kraken.com",
        "https://",
        "",
        "http://127.0.0.1.example",
    ],
)
async def test_a_key_is_never_sent_in_clear_to_another_machine(address: str) -> None:
    with pytest.raises(ValueError, match="neither https nor a loopback"):
        safe_address(address)


@pytest.mark.parametrize(
    "address",
    ["https://api.kraken.com/", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:5"],
)
async def test_the_venue_and_a_simulator_on_loopback_are_fine(address: str) -> None:
    assert safe_address(address) == address.rstrip("/")


async def test_an_answer_is_read_no_further_than_its_bound(tmp_path: Path) -> None:
    patience = Patience(answer=5.0, bytes_most=10_000)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.answer("Assets", Fault("instead", 200, b" " * 50_000_000))
        with pytest.raises(ProtocolViolation, match="more than 10000 bytes"):
            await rest.assets()


async def test_a_small_answer_that_swells_is_read_no_further_than_its_bound(
    tmp_path: Path,
) -> None:
    patience = Patience(answer=5.0, bytes_most=10_000)
    bomb = gzip.compress(b" " * 50_000_000)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.answer("Assets", Fault("instead", 200, bomb, headers={"Content-Encoding": "gzip"}))
        with pytest.raises(ProtocolViolation, match="more than 10000 bytes"):
            await rest.assets()


async def test_a_bad_key_is_heeded_beside_other_texts(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("CancelOrder", refused("EService:Busy", "EAPI:Invalid key"))
        with pytest.raises(UnknownOutcome):
            await rest.cancel_order(cl_ord_id="a1")
        with pytest.raises(Permanent, match="not asked again"):
            await rest.cancel_order(cl_ord_id="a1")
        assert len(server.arrived) == 1


async def test_public_calls_keep_a_pause(tmp_path: Path) -> None:
    patience = Patience(public_pause=0.15)
    async with rest_session(tmp_path, patience=patience) as (server, rest):
        server.always("Time", ok({"unixtime": 1}))
        began = time.monotonic()
        await asyncio.gather(*(rest.time() for _ in range(3)))
        assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    "result",
    [
        {"A": [], "B": [], "last": "1"},
        {"last": "1"},
        {"A": []},
        {"A": [], "last": "soon"},
        {"A": [], "last": None},
        {"A": [], "last": -1},
        {"A": [], "last": "1" * 30},
        {"A": [[1]], "last": "1"},
    ],
)
async def test_rows_of_no_pair_or_without_an_end_break_the_protocol(
    tmp_path: Path, result: dict[str, object]
) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.answer("Trades", json.dumps({"error": [], "result": result}).encode())
        with pytest.raises(ProtocolViolation, match="Trades"):
            await rest.trades("XBTUSD", 0)


async def test_nothing_is_left_open_after_a_session(tmp_path: Path) -> None:
    async with rest_session(tmp_path) as (server, rest):
        server.always("BalanceEx", ok({}))
        await rest.balances()
    gc.collect()  # an unclosed session warns, and warnings are errors here
