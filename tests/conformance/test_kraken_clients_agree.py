"""One table of cases for every client: what is asked of a Kraken, and what each must tell alike.

The truth is the simulated exchange's own; its market stands still, so that everything it does was
caused by a case. A client that is no use for a case says why (`cannot`), here and nowhere else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import ROUND_HALF_UP as HALF_UP
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from adapters.kraken_simulator.keys.store import ApiKey
from adapters.kraken_simulator.serving.launch import Running
from adapters.kraken_simulator.serving.plan import account_of
from tests.kraken_clients.facts import (
    PAIR,
    Candle,
    Client,
    Depth,
    Filled,
    Placed,
    Print,
    Quote,
    RefusedError,
    Rules,
    Seen,
    Wanted,
)
from tests.kraken_clients.roster import FETCHED, ROSTER
from tests.simulated_kraken import Signer, key_of, post, simulated_kraken, small_plan

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]
SOON_SECONDS = 10.0
FUNDS = "USD:100000,BTC:1"
MOVER = "mover"


@pytest.fixture(scope="module")
def venue() -> Iterator[Running]:
    """A market that stands still, an account for each client, and a slow one beside it."""
    accounts = [account_of(f"{MOVER}={FUNDS}", "pro")]
    for name in ROSTER:
        accounts.append(account_of(f"{name}={FUNDS}", "pro"))
        accounts.append(account_of(f"{name}_slow={FUNDS}", "starter"))
    with simulated_kraken(small_plan(accounts=tuple(accounts))) as running:
        post(f"{running.rest}/simulator/halt")
        yield running


class Stand:
    """One client at the venue, with what the venue knows of its account."""

    def __init__(self, name: str, venue: Running, client: Client, folder: Path) -> None:
        self.name = name
        self.venue = venue
        self.client = client
        self.exchange = venue.simulator.live.exchange
        self._folder = folder
        self._orders = 0

    def wanted(self, *, side: str = "buy", at: str = "0.5", **more: Any) -> Wanted:
        """An order at this ratio of the last price, with an id of its own."""
        self._orders += 1
        tick = self.exchange.instrument(PAIR).tick
        price = (self.exchange.ticker(PAIR).last * Decimal(at)).quantize(tick)
        cl_ord_id = f"{self.name[:8]}-{self._orders}"
        fields = {"quantity": Decimal("0.01"), "price": price, "cl_ord_id": cl_ord_id, **more}
        return Wanted(side=side, **fields)

    async def hook(self, path: str, **fields: Any) -> Any:
        """Something happens at the venue."""
        told = await asyncio.to_thread(post, f"{self.venue.rest}/simulator/{path}", fields)
        return told["result"]

    async def soon(self, ask: Callable[[], Awaitable[Any]], truth: Callable[[], Any]) -> None:
        """The client tells the truth, at the latest in a moment."""
        deadline = time.monotonic() + SOON_SECONDS
        for _ in iter(lambda: time.monotonic() < deadline, False):
            if await ask() == truth():
                return
            await asyncio.sleep(0.02)
        assert await ask() == truth()

    @asynccontextmanager
    async def another(self, key: ApiKey) -> AsyncIterator[Client]:
        """The same kind of client with another key."""
        place = self._folder / digest_of(key)
        place.mkdir(exist_ok=True)
        async with ROSTER[self.name][1](self.venue, key, place) as client:
            yield client

    def key(self, name: str, *, slow: bool = False) -> ApiKey:
        """One of the client's keys."""
        return key_of(self.venue, f"{self.name}_slow" if slow else self.name, name)

    def truth_of(self, placed: Placed) -> Seen:
        """How the venue itself has an order."""
        order = self.exchange.order(self.name, placed.order_id)
        assert order is not None
        assert order.limit_price is not None
        return Seen(order.status, order.qty, order.limit_price, order.filled_qty)

    def wallets(self) -> dict[str, Decimal]:
        """What lies there."""
        return {each.asset: each.balance for each in self.exchange.wallets(self.name)}


def digest_of(key: ApiKey) -> str:
    """A folder name for a key's nonces."""
    return f"{key.account}-{key.name}-{abs(hash((key.key, key.secret)))}"


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if name in FETCHED else ()) for name in ROSTER
    ],
)
async def stand(
    request: pytest.FixtureRequest, venue: Running, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    """Each client in turn, with its trading key."""
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    async with AsyncExitStack() as stack:
        opened = ROSTER[name][1](venue, key_of(venue, name, "trade"), folder)
        client = await stack.enter_async_context(opened)
        yield Stand(name, venue, client, folder)


async def instruments(stand: Stand) -> None:
    """Grids and minimums of pairs, also of one that REST knows by another name."""
    for symbol in (PAIR, "DOGE/USD"):
        row = stand.exchange.instrument(symbol)
        truth = Rules(row.tick, row.lot, row.order_min, row.cost_min)
        assert await stand.client.rules(symbol) == truth


async def ticker(stand: Stand) -> None:
    """Best prices and the last trade's."""

    def truth() -> Quote:
        found = stand.exchange.ticker(PAIR)
        return Quote(found.bid, found.ask, found.last)

    await stand.soon(stand.client.quote, truth)


async def book(stand: Stand) -> None:
    """Ten levels a side; whoever follows them follows a change and its undoing, and checks sums."""

    def shown(quantity: Decimal) -> Decimal:
        return quantity if stand.client.follows else quantity.quantize(Decimal("0.001"), HALF_UP)

    def truth() -> Depth:
        found = stand.exchange.book(PAIR, 10)
        bids, asks = (
            tuple((level.price, shown(level.qty)) for level in side)
            for side in (found.bids, found.asks)
        )
        return Depth(bids, asks)

    await stand.soon(stand.client.depth, truth)
    before = truth()
    for side, (price, _) in (("buy", before.bids[3]), ("sell", before.asks[0])):
        order = {"pair": "XBTUSD", "type": side, "ordertype": "limit", "volume": "0.75"}
        placed = await stand.hook(f"accounts/{MOVER}/order", price=str(price), **order)
        assert truth() != before
        await stand.soon(stand.client.depth, truth)
        await stand.hook(f"accounts/{MOVER}/cancel", order_id=placed["order_id"])
        await stand.soon(stand.client.depth, truth)
    assert truth() == before


async def trades(stand: Stand) -> None:
    """The newest trade of the tape, by its id."""
    await stand.client.newest_trade()
    await asyncio.sleep(0.2)  # A socket joins the tape from some moment on.
    last = stand.exchange.ticker(PAIR).last
    for quantity in ("0.03125", "0.5"):
        await stand.hook("trade", symbol=PAIR, price=str(last), qty=quantity)

        def truth() -> Print:
            (found,) = stand.exchange.last_trades(PAIR, 1)
            return Print(found.trade_id, found.price, found.qty)

        assert truth().quantity == Decimal(quantity)
        await stand.soon(stand.client.newest_trade, truth)


async def candles(stand: Stand) -> None:
    """Minutes that were closed when it asked, each as the exchange has it."""
    rows = stand.exchange.candles(PAIR, 1, 6)[:-1]
    assert len(rows) == 5
    truth = [
        Candle(row.open_ns // 10**9, row.open, row.high, row.low, row.close, row.volume)
        for row in rows
        # The stream tells a minute when something trades in it, and of others nothing.
        if row.count or not stand.client.follows
    ]

    async def ask() -> list[Candle | None]:
        told = {row.opened_s: row for row in await stand.client.candles()}
        # One library keeps only what came since it listens.
        since = min(told, default=rows[-1].open_ns) if stand.name == "ccxt_pro" else 0
        return [told.get(row.opened_s, row if row.opened_s < since else None) for row in truth]

    await stand.soon(ask, lambda: truth)


async def balances(stand: Stand) -> None:
    """What lies there, and a deposit at once."""
    await stand.soon(stand.client.balances, stand.wallets)
    before = stand.wallets()
    await stand.hook(f"accounts/{stand.name}/deposit", asset="USD", amount="12.34")
    assert stand.wallets()["USD"] == before["USD"] + Decimal("12.34")
    await stand.soon(stand.client.balances, stand.wallets)


async def placed(stand: Stand) -> None:
    """A limit order rests under both of its names."""
    wanted = stand.wanted()
    found = await stand.client.place(wanted)
    order = stand.exchange.order(stand.name, found.order_id)
    assert order is not None
    assert (order.cl_ord_id, order.side) == (wanted.cl_ord_id, "buy")
    truth = Seen("open", wanted.quantity, wanted.price, Decimal(0))
    assert stand.truth_of(found) == truth
    await stand.soon(lambda: stand.client.seen(found), lambda: truth)
    await stand.client.cancel(found)


async def amended(stand: Stand) -> None:
    """A resting order changes in place, and keeps its id."""
    found = await stand.client.place(stand.wanted())
    other = stand.wanted(at="0.51", quantity=Decimal("0.0125"))
    await stand.client.amend(found, other.quantity, other.price)
    truth = Seen("open", other.quantity, other.price, Decimal(0))
    assert stand.truth_of(found) == truth
    await stand.soon(lambda: stand.client.seen(found), lambda: truth)
    await stand.client.cancel(found)


async def cancelled(stand: Stand) -> None:
    """A cancelled order is over; to cancel it again is refused."""
    found = await stand.client.place(stand.wanted())
    await stand.client.cancel(found)
    assert stand.truth_of(found).status == "canceled"
    await stand.soon(lambda: _status(stand, found), lambda: "canceled")
    with pytest.raises(RefusedError, match=r"^EOrder:Unknown order$"):
        await stand.client.cancel(found)


async def filled(stand: Stand) -> None:
    """A crossing order fills; every client hears the same fills, fees and balances."""
    found = await stand.client.place(stand.wanted(at="1.02", quantity=Decimal("0.25")))
    assert stand.truth_of(found).status == "closed"

    def truth() -> tuple[Filled, ...]:
        fills = [
            each for each in stand.exchange.fills(stand.name) if each.order_id == found.order_id
        ]
        return tuple(sorted(Filled(each.price, each.qty, each.fee) for each in fills))

    assert sum(each.quantity for each in truth()) == Decimal("0.25")
    await stand.soon(lambda: stand.client.fills(found), truth)
    await stand.soon(lambda: _status(stand, found), lambda: "closed")
    assert (await stand.client.seen(found)).filled == Decimal("0.25")
    await stand.soon(stand.client.balances, stand.wallets)


async def _status(stand: Stand, found: Placed) -> str:
    return (await stand.client.seen(found)).status


async def _refused(client: Client, wanted: Wanted, text: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        await client.place(wanted)
    assert str(refusal.value) == text


async def insufficient_funds(stand: Stand) -> None:
    """More than the account has."""
    await _refused(stand.client, stand.wanted(quantity=Decimal(1000)), "EOrder:Insufficient funds")


async def below_minimum(stand: Stand) -> None:
    """Less than the pair's minimum."""
    small = stand.exchange.instrument(PAIR).order_min / 2
    await _refused(stand.client, stand.wanted(quantity=small), "EOrder:Order minimum not met")


async def taken_id(stand: Stand) -> None:
    """Our own id is taken while its order is open, and free once it is over."""
    wanted = stand.wanted()
    found = await stand.client.place(wanted)
    await _refused(stand.client, wanted, "EGeneral:Invalid arguments:cl_ord_id")
    await stand.client.cancel(found)
    await stand.client.cancel(await stand.client.place(wanted))


async def post_only(stand: Stand) -> None:
    """A post-only order that would cross."""
    await _refused(stand.client, stand.wanted(at="1.02", post_only=True), "EOrder:Post only order")


async def bad_key(stand: Stand) -> None:
    """A key that the venue does not know."""
    await _barred(stand, msgspec.structs.replace(stand.key("otp"), key="A" * 56), "Invalid key")


async def bad_signature(stand: Stand) -> None:
    """A signature made with another secret."""
    key = msgspec.structs.replace(stand.key("otp"), secret="aGVsbG8=")
    await _barred(stand, key, "Invalid signature")


async def bad_nonce(stand: Stand) -> None:
    """A key that another program has used with larger nonces."""
    key = stand.key("withdraw")
    signer = Signer(stand.venue, key)
    signer.nonce = 2**63
    assert await asyncio.to_thread(signer, "Balance")
    await _barred(stand, key, "Invalid nonce")


async def _barred(stand: Stand, key: ApiKey, text: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        async with stand.another(key) as client:
            await client.balances()
    assert str(refusal.value) == f"EAPI:{text}"


async def permission(stand: Stand) -> None:
    """A key that only reads."""
    async with stand.another(stand.key("read")) as client:
        await _refused(client, stand.wanted(), "EGeneral:Permission denied")


async def rate_limit(stand: Stand) -> None:
    """Orders that are cancelled at once fill the pair's counter of a small account."""
    async with stand.another(stand.key("trade", slow=True)) as client:

        async def many() -> None:
            for _ in range(12):
                await client.cancel(await client.place(stand.wanted()))

        with pytest.raises(RefusedError) as refusal:
            await many()
    assert str(refusal.value) == "EOrder:Rate limit exceeded"


CASES: dict[str, Callable[[Stand], Awaitable[None]]] = {
    "instruments": instruments,
    "ticker": ticker,
    "book": book,
    "trades": trades,
    "candles": candles,
    "balances": balances,
    "placed": placed,
    "amended": amended,
    "cancelled": cancelled,
    "filled": filled,
    "insufficient funds": insufficient_funds,
    "below the minimum": below_minimum,
    "taken id": taken_id,
    "post only": post_only,
    "bad key": bad_key,
    "bad signature": bad_signature,
    "bad nonce": bad_nonce,
    "permission": permission,
    "rate limit": rate_limit,
}


@pytest.mark.parametrize("case", CASES)
async def test_every_client_tells_the_same(stand: Stand, case: str) -> None:
    reason = stand.client.cannot.get(case)
    if reason is not None:
        pytest.skip(reason)
    await CASES[case](stand)


async def test_what_a_client_cannot_is_a_case_and_never_most_of_them() -> None:
    for name, (kind, _) in ROSTER.items():
        assert set(kind.cannot) <= set(CASES), name
        assert len(kind.cannot) <= len(CASES) // 3, name
    told = {case for case in CASES for kind, _ in ROSTER.values() if case not in kind.cannot}
    assert told == set(CASES)
