"""The simulated Kraken's answers have the fields and kinds that recorded ones have.

What differs is listed here with its reason, and nothing else may. Values are not compared: another
market, another account.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.kraken_simulator.serving.launch import Running
from tests.simulated_kraken import Signer, get, key_of, post
from tests.simulated_kraken_socket import added, socket_of

Recorded = Callable[[str], Path]
FOLDER = "kraken/protocol"
NEWER = frozenset(
    # Added to the venue since the recordings were made, or only there for some accounts.
    "upcoming_maintenance emergency execution_venue trades timestamp aclass reason leverage"
    " margin_initial position_limit_long position_limit_short uv count trade_id maker cl_ord_id"
    " time_in time_out req_id warnings tick_size cost_decimals status".split()
)
OLDER = frozenset(
    # Margin and collateral, which are not simulated; triggers, which only some orders have.
    "ml trigger long_position_limit short_position_limit collateral_value ext_ord_id"
    " ext_exec_id".split()
)
BY_ID = frozenset({"result", "open", "closed", "trades", "ledger", "fees", "fees_maker"})


def documents(path: Path) -> Iterator[Any]:
    """The documents of a file: JSON, or JSON lines that hold texts."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    if ".jsonl" in path.name:
        for line in text.splitlines():
            yield json.loads(line)
    else:
        yield json.loads(text)


def is_keyed_by_id(value: dict[str, Any]) -> bool:
    """Whether the keys are ids of orders, trades, entries, assets or pairs."""
    return bool(value) and all(key == key.upper() or key == "last" for key in value)


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """What one shape has and the other has not."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if is_keyed_by_id(ours) and is_keyed_by_id(theirs):
            yield from differences(ours.get("last"), theirs.get("last"), f"{path}.last")
            ours, theirs = ({"*": next(iter(each.values()))} for each in (ours, theirs))
        for key in sorted(set(ours) | set(theirs)):
            place = f"{path}.{key}"
            if key not in theirs:
                if key not in NEWER:
                    yield f"{place} is not recorded"
            elif key not in ours:
                if key not in OLDER | NEWER:
                    yield f"{place} is missing"
            else:
                yield from differences(ours[key], theirs[key], place)
    elif isinstance(ours, list) and isinstance(theirs, list):
        if ours and theirs:
            yield from differences(ours[0], theirs[0], f"{path}[0]")
    elif None not in (ours, theirs) and kind(ours) != kind(theirs):
        yield f"{path} is {kind(ours)}, recorded {kind(theirs)}"


def kind(value: Any) -> str:
    """Numbers are one kind: a float or an integer is a matter of the value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return type(value).__name__
    return "number"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("nautilus__http_server_time.json", "Time"),
        ("nautilus__http_system_status.json", "SystemStatus"),
        ("flashbook__assetpairs.json.gz", "AssetPairs"),
        ("xchange__example-assets-data.json", "Assets"),
        ("nautilus__http_ticker.json", "Ticker?pair=XBTUSD"),
        ("nautilus__http_order_book.json", "Depth?pair=XBTUSD"),
        ("nautilus__http_ohlc.json.gz", "OHLC?pair=XBTUSD"),
    ],
)
def test_public_answers_have_the_recorded_shape(
    kraken: Running, recorded: Recorded, name: str, path: str
) -> None:
    (theirs,) = documents(recorded(f"{FOLDER}/{name}"))
    ours = plain(get(f"{kraken.rest}/0/public/{path}"))
    assert list(differences(ours["result"], theirs["result"])) == []


def plain(document: Any) -> Any:
    """Decimals as numbers."""
    return json.loads(json.dumps(document, default=float))


PRIVATE = {
    "GetBalances.txt": ("Balance", {}),
    "GetAvailableBalances.txt": ("BalanceEx", {}),
    "GetTradeBalance.txt": ("TradeBalance", {}),
    "GetTradeVolume.txt": ("TradeVolume", {"pair": "XBTUSD"}),
    "GetOpenOrdersAsync.txt": ("OpenOrders", {"trades": "true"}),
    "GetClosedOrders.txt": ("ClosedOrders", {}),
    "GetUserTrades.txt": ("TradesHistory", {}),
    "GetLedgerInfoAsync.txt": ("Ledgers", {}),
    "GetTradeHistory.txt": ("Trades", {}),
}


def test_private_answers_have_the_recorded_shape(kraken: Running, recorded: Recorded) -> None:
    sign = Signer(kraken, key_of(kraken, "recordings", "withdraw"))
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.01"}
    sign("AddOrder", price="1000", **order)
    (txid,) = sign("AddOrder", price="1001", **{**order, "volume": "0.02"})["result"]["txid"]
    post(f"{kraken.rest}/simulator/accounts/recordings/fill", {"order_id": txid, "qty": "0.01"})
    sign("CancelOrder", txid=txid)
    found = {}
    for row in documents(recorded(f"{FOLDER}/jkorf__fixtures.jsonl.gz")):
        name = row["path"].rsplit("/", 1)[-1]
        text = row["text"]
        if name not in PRIVATE or "{" not in text:
            continue
        theirs = json.loads(text[text.index("{") :])["result"]
        method, fields = PRIVATE[name]
        ours = (
            get(f"{kraken.rest}/0/public/Trades?pair=XBTUSD")
            if method == "Trades"
            else sign(method, **fields)
        )
        found[name] = list(differences(plain(ours["result"]), theirs))
    assert found == {
        **{name: [] for name in PRIVATE},
        # An older answer with balances as numbers; newer recordings of it have texts.
        "GetAvailableBalances.txt": [
            ".*.balance is str, recorded number",
            ".*.hold_trade is str, recorded number",
        ],
    }


def rust_messages(recorded: Recorded) -> list[Any]:
    """Recorded frames of the socket, parsed."""
    rows = documents(recorded(f"{FOLDER}/kraken-async-rs__messages.jsonl.gz"))
    found = []
    for row in rows:
        try:
            document = json.loads(row["text"])
        except ValueError:
            continue
        if isinstance(document, dict) and "params" not in document:
            found.append(document)
    return found


def like(messages: list[Any], ours: Any) -> Any:
    """The recorded frame of the same method and channel, or channel and type."""

    def place(frame: Any) -> tuple[Any, ...]:
        result = frame.get("result")
        inner = result.get("channel") if isinstance(result, dict) else None
        return frame.get("method"), inner, frame.get("channel"), frame.get("type"), "error" in frame

    found = [each for each in messages if place(each) == place(ours)]
    assert found, f"nothing recorded is like {ours}"
    return found[0]


@pytest.mark.asyncio
async def test_socket_frames_have_the_recorded_shape(kraken: Running, recorded: Recorded) -> None:
    messages = rust_messages(recorded)
    frames = []
    async with socket_of(kraken) as socket:
        status = json.loads(socket.texts[0])
        assert list(differences(status, like(messages, status))) == []
        for channel in ("ticker", "book", "trade", "ohlc", "instrument"):
            named = {} if channel == "instrument" else {"symbol": ["BTC/USD"]}
            await socket.send("subscribe", req_id=1, channel=channel, snapshot=True, **named)
            frames += [await socket.find(method="subscribe")]
            frames += [await socket.find(channel=channel, type="snapshot")]
        for channel in ("book", "trade", "ticker"):
            frames += [await socket.find(channel=channel, type="update")]
        await socket.send("ping", req_id=1)
        frames += [await socket.find(method="pong")]
        await socket.send("subscribe", req_id=1, channel="book", symbol=["WWW/USD"])
        refused = await socket.find(method="subscribe")
        assert refused["error"] == "Currency pair not supported WWW/USD"
    found = {
        str(each)[:60]: list(differences(plain(each), like(messages, each))) for each in frames
    }
    assert not any(found.values()), found


@pytest.mark.asyncio
async def test_trading_answers_have_the_recorded_shape(kraken: Running, recorded: Recorded) -> None:
    messages, answers = rust_messages(recorded), []
    async with socket_of(kraken, "/v2-auth", "recordings", "trade") as socket:
        for channel, options in (("executions", {"ratecounter": True}), ("balances", {})):
            await socket.send("subscribe", req_id=1, channel=channel, **options)
            answers.append(await socket.find(method="subscribe"))
            await socket.find(channel=channel)
        placed = await added(socket, order_qty=0.1, cl_ord_id="shape")
        answers.append(placed)
        order_id = placed["result"]["order_id"]
        answers.append(await socket.ask("amend_order", order_id=order_id, order_qty=0.2))
        edit = {"order_id": order_id, "symbol": "BTC/USD", "order_qty": 0.3}
        answers.append(await socket.ask("edit_order", **edit))
        order_id = answers[-1]["result"]["order_id"]
        answers.append(await socket.ask("cancel_order", order_id=[order_id]))
        leg = {"order_type": "limit", "side": "buy", "order_qty": 0.01, "limit_price": 900}
        answers.append(await socket.ask("batch_add", symbol="BTC/USD", orders=[leg, leg]))
        ids = [each["order_id"] for each in answers[-1]["result"]]
        answers.append(await socket.ask("batch_cancel", orders=ids))
        answers.append(await socket.ask("cancel_all"))
        answers.append(await socket.ask("cancel_all_orders_after", timeout=0))
        refused = await socket.ask("add_order", symbol="BTC/USD", colour="red")
        answers.append(refused)
    found = {
        str(each)[:60]: list(differences(plain(each), like(messages, each))) for each in answers
    }
    assert not any(found.values()), found


@pytest.mark.asyncio
async def test_executions_have_no_field_that_the_venue_has_not(
    kraken: Running, recorded: Recorded
) -> None:
    trade, new = (
        next(each for each in rust_messages(recorded) if each.get("exec_type") == kind_of)
        for kind_of in ("trade", "new")
    )
    async with socket_of(kraken, "/v2-auth", "recordings", "trade") as socket:
        await socket.send("subscribe", channel="executions")
        await socket.find(channel="executions")
        order: dict[str, Any] = {"order_type": "market", "side": "buy", "symbol": "BTC/USD"}
        order["order_qty"] = 0.01
        await socket.send("add_order", **order)
        rows: dict[str, Any] = {}
        while "filled" not in rows:
            frame = await asyncio.wait_for(socket.next(), 10)
            if frame.get("channel") == "executions":
                rows[frame["data"][0]["exec_type"]] = frame["data"][0]
    assert list(differences(plain(rows["new"]), new)) == []
    sums = [".avg_price", ".cum_cost", ".cum_qty", ".order_userref"]
    # The recorded trade is of a snapshot; an update has the sums so far besides.
    assert list(differences(plain(rows["trade"]), trade)) == [
        f"{name} is not recorded" for name in sums
    ]
