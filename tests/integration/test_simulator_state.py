"""A simulator's state on disk: what it answered is there afterwards, once, however it ended."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from http.client import HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.kraken_simulator.keys.store import ApiKey, keys_of
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import Plan, account_of
from adapters.kraken_simulator.serving.state import FILE, StateError, StateFile, StateHeldError
from adapters.kraken_simulator.walk import HOUR_NS
from tests.e2e.conftest import COMMAND, environment
from tests.simulated_kraken import Signer, get, key_of, post, simulated_kraken, small_plan

STARTED_NS = 1_767_323_045_000_000_000
FUNDS = Decimal(100_000)
KILLS = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a state"


def plan_in(folder: Path, **changes: Any) -> Plan:
    return small_plan(state=folder, started_ns=STARTED_NS, **changes)


def trader(running: Running) -> Signer:
    return Signer(running, key_of(running, "alpha", "trade"))


def wanted(**changes: Any) -> dict[str, Any]:
    fields = {"pair": "ETHUSD", "type": "buy", "ordertype": "limit", "volume": "0.1"}
    return {**fields, "price": "1000", **changes}


def answered(signed: Signer, method: str, /, **fields: Any) -> Any:
    answer = signed(method, **fields)
    assert answer["error"] == [], answer
    return answer["result"]


ACCOUNT = ("Balance", "OpenOrders", "ClosedOrders", "TradesHistory", "Ledgers")


def account_of_trader(signed: Signer) -> dict[str, Any]:
    return {name: answered(signed, name) for name in ACCOUNT}


def test_everything_of_an_account_goes_on_where_it_stopped(folder: Path) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        signed = trader(running)
        answered(signed, "AddOrder", **wanted(cl_ord_id="resting"))
        answered(signed, "AddOrder", **wanted(ordertype="market", volume="0.2", price=""))
        (gone,) = answered(signed, "AddOrder", **wanted(price="999"))["txid"]
        answered(signed, "CancelOrder", txid=gone)
        post(f"{running.rest}/simulator/accounts/alpha/deposit", {"asset": "USD", "amount": "5"})
        before, nonce = account_of_trader(signed), signed.nonce
    with simulated_kraken(plan_in(folder)) as running:
        late = trader(running)
        late.nonce = nonce - 1
        assert late("Balance")["error"] == ["EAPI:Invalid nonce"]
        signed = trader(running)
        assert account_of_trader(signed) == before
        (told,) = answered(signed, "AddOrder", **wanted())["txid"]
        assert told not in json.dumps(before, default=str), "an id was handed out twice"
        answered(signed, "CancelOrder", cl_ord_id="resting")


def depth(running: Running) -> tuple[dict[Decimal, Decimal], Decimal]:
    """Bids of ETH/USD by price, and the best ask."""
    book = get(f"{running.rest}/0/public/Depth?pair=ETHUSD&count=500")["result"]["XETHZUSD"]
    return {Decimal(row[0]): Decimal(row[1]) for row in book["bids"]}, Decimal(book["asks"][0][0])


def test_a_resting_order_stands_in_the_book_again_and_is_filled(folder: Path) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        price = (max(depth(running)[0]) * Decimal("0.99")).quantize(Decimal("0.01"))
        asked = wanted(price=str(price), volume="7")
        (order_id,) = answered(trader(running), "AddOrder", **asked)["txid"]
    with simulated_kraken(plan_in(folder)) as running:
        bids, ask = depth(running)
        assert max(bids) < ask
        assert bids[price] >= 7
        post(f"{running.rest}/simulator/accounts/alpha/fill", {"order_id": order_id})
        (fill,) = answered(trader(running), "TradesHistory")["trades"].values()
        assert (fill["ordertxid"], Decimal(fill["price"])) == (order_id, price)


def test_others_trade_at_once_with_an_order_that_the_price_went_past(folder: Path) -> None:
    with simulated_kraken(plan_in(folder, market="planted")) as running:
        exchange = running.simulator.live.exchange
        answered(trader(running), "AddOrder", **wanted(price=str(max(depth(running)[0]))))
        # Its end comes while the price lies elsewhere: others stood still meanwhile.
        exchange.halt_market()
        running.simulator.live.shift(30 * 60_000_000_000)
        get(f"{running.rest}/0/public/Time")
    with simulated_kraken(plan_in(folder, market="planted")) as running:
        bids, ask = depth(running)
        assert max(bids) < ask
        time.sleep(0.5)
        below = ask < Decimal(str(running.simulator.live.exchange.ticker("ETH/USD").last))
        trades = answered(trader(running), "TradesHistory")["trades"]
        assert bool(trades) or not below


def test_the_venues_time_stands_while_nobody_serves_it_or_passes_if_asked(folder: Path) -> None:
    fast = Fraction(50)
    with simulated_kraken(plan_in(folder, speed=fast)) as running:
        live = running.simulator.live
        time.sleep(0.2)
        told = live.now_ns()
    ended = time.monotonic()
    time.sleep(1.0)
    with simulated_kraken(plan_in(folder, speed=fast)) as running:
        started = running.simulator.started_ns
        assert told <= started < told + 30_000_000_000
        again = running.simulator.live.now_ns()
    away = time.monotonic() - ended
    with simulated_kraken(plan_in(folder, speed=fast, away="passes")) as running:
        assert running.simulator.started_ns >= again
        ended = time.monotonic()
        told = running.simulator.live.now_ns()
    time.sleep(0.5)
    with simulated_kraken(plan_in(folder, speed=fast, away="passes")) as running:
        passed = running.simulator.started_ns - told
        assert passed >= 0.5 * 50 * 1e9
        assert away > 1.0


def test_prices_go_on_where_they_were(folder: Path) -> None:
    plan = plan_in(folder, symbols=("BTC/USD",))
    with simulated_kraken(plan) as running:
        running.simulator.live.shift(HOUR_NS)
        get(f"{running.rest}/0/public/Time")
        moved = running.simulator.live.exchange.candles("BTC/USD", 60, 3)
    with simulated_kraken(plan) as running:
        reopened = running.simulator.live.exchange
        after = reopened.candles("BTC/USD", 60, 3)
        assert [each.open_ns for each in after] == [each.open_ns for each in moved]
        for was, now in zip(moved[:-1], after[:-1], strict=True):
            assert abs(was.close / now.close - 1) < Decimal("0.002")
        bid = reopened.book("BTC/USD", 1).bids[0].price
        assert abs(bid / moved[-1].close - 1) < Decimal("0.002")


def test_a_dead_mans_switch_and_an_orders_end_go_on_too(folder: Path) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        signed = trader(running)
        answered(signed, "AddOrder", **wanted(timeinforce="GTD", expiretm="+30"))
        answered(signed, "AddOrder", **wanted(price="999"))
        answered(signed, "CancelAllOrdersAfter", timeout=600)
    with simulated_kraken(plan_in(folder)) as running:
        signed = trader(running)
        assert len(answered(signed, "OpenOrders")["open"]) == 2
        running.simulator.live.shift(60_000_000_000)
        assert len(answered(signed, "OpenOrders")["open"]) == 1
        running.simulator.live.shift(600_000_000_000)
        assert answered(signed, "OpenOrders")["open"] == {}
        assert {each["status"] for each in answered(signed, "ClosedOrders")["closed"].values()} == {
            "expired",
            "canceled",
        }


def test_modes_and_taken_back_keys_go_on_too(folder: Path) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        key = key_of(running, "alpha", "read")
        post(f"{running.rest}/simulator/status", {"status": "post_only"})
        post(f"{running.rest}/simulator/steps", {"symbol": "ETH/USD", "tick": "0.5"})
        post(f"{running.rest}/simulator/revoke", {"key": key.key})
    with simulated_kraken(plan_in(folder)) as running:
        assert get(f"{running.rest}/0/public/SystemStatus")["result"]["status"] == "post_only"
        pairs = get(f"{running.rest}/0/public/AssetPairs?pair=ETHUSD")["result"]
        assert pairs["XETHZUSD"]["tick_size"] == "0.5"
        assert Signer(running, key)("Balance")["error"] == ["EAPI:Invalid key"]


def test_one_process_holds_a_state(folder: Path) -> None:
    with (
        simulated_kraken(plan_in(folder)),
        pytest.raises(StateHeldError, match="served by another simulator"),
    ):
        StateFile(folder)
    StateFile(folder).close()


def cut(text: bytes) -> bytes:
    return text[:-7]


def test_a_last_line_that_was_cut_off_is_dropped(folder: Path) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        answered(trader(running), "AddOrder", **wanted())
    path = folder / FILE
    path.write_bytes(cut(path.read_bytes()))
    with simulated_kraken(plan_in(folder)) as running:
        assert len(answered(trader(running), "OpenOrders")["open"]) == 1


def other_version(text: bytes) -> bytes:
    return reframed(text, b'"format":1', b'"format":9')


def reframed(text: bytes, old: bytes, new: bytes) -> bytes:
    """The first line with its checksum made right again; the others do not matter."""
    import zlib

    document = text.splitlines()[0][9:].replace(old, new)
    return b"%08x %b\n" % (zlib.crc32(document), document)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda text: text.replace(b"100000", b"900000", 1), "line 1 is not what was written"),
        (lambda text: b"\n".join(text.splitlines()[:1] + text.splitlines()[2:]) + b"\n", "line 2"),
        (lambda text: text[: len(text) // 2] + b"x" + text[len(text) // 2 + 1 :], "is damaged"),
        (lambda _: b"SQLite format 3\n", "line 1 is not what was written"),
        (lambda _: reframed(b"12345678 {}\n", b"", b""), "not a simulated Kraken's"),
        (other_version, "is of version 9, and this version reads 1"),
    ],
)
def test_what_is_damaged_or_foreign_is_refused_and_left_alone(
    folder: Path, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        answered(trader(running), "AddOrder", **wanted())
    path = folder / FILE
    path.write_bytes(damage(path.read_bytes()))
    left = path.read_bytes()
    with refused(plan_in(folder)) as error:
        assert sentence in str(error)
    assert path.read_bytes() == left


@contextmanager
def refused(plan: Plan) -> Iterator[StateError]:
    from adapters.kraken_simulator.serving.launch import made

    assert plan.state is not None
    file = StateFile(plan.state)
    try:
        with pytest.raises(StateError) as caught:
            made(plan, file)
        yield caught.value
    finally:
        file.close()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": 8}, "with seed 7"),
        ({"market": "planted"}, "with market natural"),
        ({"symbols": ("BTC/USD",)}, "with other symbols"),
        ({"accounts": (account_of("gamma=USD:1", "pro"),)}, "with other accounts"),
    ],
)
def test_a_state_is_never_used_for_another_venue(
    folder: Path, changes: dict[str, Any], sentence: str
) -> None:
    with simulated_kraken(plan_in(folder)):
        pass
    with refused(plan_in(folder, **changes)) as error:
        assert sentence in str(error)
        assert "another folder" in error.remedy


def test_what_cannot_be_written_is_not_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated_kraken(plan_in(folder)) as running:
        signed = trader(running)
        before = answered(signed, "Balance")
        real = os.write

        def full(descriptor: int, data: bytes) -> int:
            if b'"at_ns"' in data:
                raise OSError(28, "No space left on device")
            return real(descriptor, data)

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(urllib.request.HTTPError) as caught:
            signed("AddOrder", **wanted())
        caught.value.close()
        monkeypatch.undo()
        # Half a line may lie there now: nothing is written behind it, hence nothing told.
        with pytest.raises(urllib.request.HTTPError) as caught:
            signed("Balance")
        caught.value.close()
        running.simulator.live.keeper = None
    with simulated_kraken(plan_in(folder)) as running:
        assert answered(trader(running), "Balance") == before
        assert answered(trader(running), "OpenOrders")["open"] == {}


class Killed:
    """A simulator of its own process, killed while orders are on their way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acknowledged: set[str] = set()
        self.cancelled: set[str] = set()

    @contextmanager
    def serving(self) -> Iterator[tuple[subprocess.Popen[bytes], Signer]]:
        options = ("--state", str(self.folder), "--speed", "20", "--warm-up", "0", "--seed", "7")
        pairs = ("--pair", "ETH/USD", "--account", f"alpha=USD:{FUNDS}", "--market", "planted")
        command = (*COMMAND, "simulate", "kraken", "--json", *options, *pairs)
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment({})) as process:
            try:
                assert process.stdout is not None
                told = json.loads(process.stdout.readline())
                running: Any = SimpleNamespace(rest=told["rest"])
                yield process, Signer(running, self.key)
            finally:
                process.kill()

    @property
    def key(self) -> ApiKey:
        return keys_of(7, "alpha")[0]

    def trade_until_killed(self, draw: random.Random) -> None:
        """Place and cancel until the simulator is gone; what it answered is remembered."""
        with self.serving() as (process, signed):
            doomed = draw.randrange(3, 25)
            for number in range(1000):
                if number == doomed:
                    process.send_signal(signal.SIGKILL)
                try:
                    self.one(signed, draw, number)
                except (OSError, HTTPException, json.JSONDecodeError):
                    return

    def one(self, signed: Signer, draw: random.Random, number: int) -> None:
        open_ = sorted(self.acknowledged - self.cancelled)
        if open_ and draw.random() < 0.3:
            order_id = draw.choice(open_)
            if signed("CancelOrder", txid=order_id)["error"] == []:
                self.cancelled.add(order_id)
            return
        kind = draw.choice(("limit", "market"))
        price = "1000" if kind == "limit" else ""
        answer = signed("AddOrder", **wanted(ordertype=kind, price=price, volume="0.01"))
        if answer["error"] == []:
            self.acknowledged |= set(answer["result"]["txid"])


@pytest.mark.timeout(180)
def test_an_acknowledged_order_is_there_exactly_once_after_every_kill(folder: Path) -> None:
    killed = Killed(folder)
    draw = random.Random(11)
    for _ in range(KILLS):
        killed.trade_until_killed(draw)
    with killed.serving() as (_, signed):
        time.sleep(0.5)
        found = dict(answered(signed, "OpenOrders")["open"])
        closed: dict[str, Any] = {}
        while rows := answered(signed, "ClosedOrders", ofs=len(closed))["closed"]:
            closed |= rows
            time.sleep(0.2)
        assert not set(found) & set(closed)
        assert killed.acknowledged <= set(found) | set(closed)
        # One request at a time was unanswered when the simulator was killed.
        assert len(found) + len(closed) - len(killed.acknowledged) <= KILLS
        for order_id in killed.cancelled:
            assert closed[order_id]["status"] in {"canceled", "closed"}
        trades: dict[str, Any] = {}
        while rows := answered(signed, "TradesHistory", ofs=len(trades))["trades"]:
            trades |= rows
            time.sleep(0.2)
        balance = answered(signed, "Balance")
        bought = sum(Decimal(each["vol"]) for each in trades.values())
        paid = sum(Decimal(each["cost"]) + Decimal(each["fee"]) for each in trades.values())
        assert Decimal(balance["XETH"]) == bought > 0
        # Costs have more decimals than the ledger: half a unit a posting at most.
        rounding = Decimal("0.0002") * len(trades)
        assert abs(FUNDS - paid - Decimal(balance["ZUSD"])) <= rounding
        assert len({each["trade_id"] for each in trades.values()}) == len(trades)
