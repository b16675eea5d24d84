"""Whatever accounts and the world do at the simulated exchange, in any order: its books balance.

Per asset the accounts, other traders, fees and the world outside sum to nothing; no balance is
negative; holds are what open orders need; the told book is the book; a slow model of price and time
priority agrees; equal calls give equal events.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.kraken_simulator.book import to_units
from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.events import BookChange, Event, Execution, LedgerEntry, Trade
from adapters.kraken_simulator.exchange import Exchange
from adapters.kraken_simulator.holds import hold_for
from adapters.kraken_simulator.orders import AddOrder, AmendOrder, EditOrder
from adapters.kraken_simulator.views import AccountSpec
from tests.quiet_exchange import SECOND, START

NAMES = ("ann", "bob")
PAIRS = ("ETH/USD", "APT/USD")
PRICES = {"ETH/USD": Decimal(1_775), "APT/USD": Decimal("8.1")}
GRID = {"ETH/USD": Decimal("0.01"), "APT/USD": Decimal("0.0001")}
KINDS = ("limit", "limit", "limit", "market", "iceberg", "stop-loss", "take-profit-limit")

orders = st.fixed_dictionaries(
    {
        "pair": st.sampled_from(PAIRS),
        "side": st.sampled_from(("buy", "sell")),
        "kind": st.sampled_from(KINDS),
        "usd": st.integers(1, 900),
        "crumbs": st.integers(0, 9_999),
        "away": st.integers(-60, 60),
        "time": st.sampled_from((None, None, "IOC", "FOK", "GTD")),
        "post_only": st.booleans(),
        "in_base": st.booleans(),
        "stp": st.sampled_from(("cancel-newest", "cancel-oldest", "cancel-both")),
        "cash": st.booleans(),
    }
)
actions = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(NAMES), orders),
    st.tuples(st.just("add"), st.sampled_from(NAMES), orders),
    st.tuples(st.just("add"), st.sampled_from(NAMES), orders),
    st.tuples(st.just("wait"), st.just(""), st.integers(1, 40)),
    st.tuples(st.just("cancel"), st.sampled_from(NAMES), st.integers(0, 5)),
    st.tuples(st.just("amend"), st.sampled_from(NAMES), st.tuples(st.integers(0, 5), orders)),
    st.tuples(st.just("edit"), st.sampled_from(NAMES), st.tuples(st.integers(0, 5), orders)),
    st.tuples(st.just("fill"), st.sampled_from(NAMES), st.integers(0, 5)),
    st.tuples(st.just("world"), st.sampled_from(NAMES), st.integers(0, 12)),
    st.tuples(st.just("batch"), st.sampled_from(NAMES), st.lists(orders, min_size=2, max_size=4)),
    st.tuples(st.just("timer"), st.sampled_from(NAMES), st.integers(0, 3)),
)


def opened(seed: int, **conduct: Any) -> Exchange:
    balances = {
        "USD": Decimal(2_000),
        "ETH": Decimal("0.5"),
        "ETH.F": Decimal("0.5"),
        "APT": Decimal(90),
    }
    return Exchange(
        seed=seed,
        started_ns=START,
        symbols=PAIRS,
        accounts=tuple(AccountSpec(account=name, balances=balances) for name in NAMES),
        conduct=Conduct(book_levels=25, trade_rate=40.0, **conduct),
    )


def request_of(row: dict[str, Any], now_ns: int) -> AddOrder:
    pair, kind = row["pair"], row["kind"]
    grid, price = GRID[pair], PRICES[pair]
    near = price * (1 + Decimal(row["away"]) / 10_000)
    near = (near / grid).quantize(Decimal(1)) * grid
    qty = Decimal(row["usd"]) / price + Decimal(row["crumbs"]).scaleb(-8)
    qty = qty.quantize(Decimal("1E-8"))
    fields: dict[str, Any] = {}
    if kind in {"limit", "iceberg"}:
        fields["limit_price"] = near
        fields["post_only"] = row["post_only"] and row["time"] in {None, "GTD"}
    if kind == "iceberg":
        fields["display_qty"] = qty
    if kind in {"stop-loss", "take-profit-limit"}:
        fields["trigger_price"] = near
    if kind == "take-profit-limit":
        fields["limit_price"] = near + grid * row["away"]
    if kind in {"limit", "iceberg", "take-profit-limit"} and row["time"] is not None:
        if row["time"] != "FOK" or kind == "limit":
            fields["time_in_force"] = row["time"]
        if row["time"] == "GTD":
            fields["expire_ns"] = now_ns + SECOND
    if kind == "market":
        fields["cash"] = row["cash"] and row["side"] == "buy"
    return AddOrder(
        symbol=pair,
        side=row["side"],
        order_type=kind,
        qty=Decimal(row["usd"]) if fields.get("cash") else qty,
        fee_in_base=row["in_base"],
        stp=row["stp"],
        **fields,
    )


def act(exchange: Exchange, what: str, name: str, given_to: Any) -> None:
    """Do one thing; a refusal is an answer."""
    now_ns = exchange.now_ns
    index = given_to[0] if isinstance(given_to, tuple) else given_to
    kept = exchange.open_orders(name) if name else ()
    order_id = kept[index % len(kept)].order_id if kept and isinstance(index, int) else "O"
    try:
        match what:
            case "add":
                exchange.add_order(name, request_of(given_to, now_ns), now_ns=now_ns)
            case "batch":
                wanted_all = tuple(
                    request_of({**row, "pair": "ETH/USD"}, now_ns) for row in given_to
                )
                exchange.add_batch(name, wanted_all, now_ns=now_ns)
            case "cancel":
                exchange.cancel_order(name, order_id, now_ns=now_ns)
            case "amend":
                wanted = request_of(given_to[1], now_ns)
                request = AmendOrder(
                    order_id=order_id, qty=wanted.qty, limit_price=wanted.limit_price
                )
                exchange.amend_order(name, request, now_ns=now_ns)
            case "edit":
                wanted = request_of(given_to[1], now_ns)
                changed = EditOrder(order_id=order_id, symbol=wanted.symbol, qty=wanted.qty)
                exchange.edit_order(name, changed, now_ns=now_ns)
            case "fill":
                exchange.fill_now(name, order_id, now_ns=now_ns)
            case "timer":
                exchange.cancel_all_after(name, given_to, now_ns=now_ns)
            case _:
                intervene(exchange, name, given_to)
    except Refusal:
        return


def intervene(exchange: Exchange, name: str, number: int) -> None:
    now_ns = exchange.now_ns
    amount = Decimal(number + 1)
    match number:
        case 0:
            exchange.deposit(name, "USD", amount, now_ns=now_ns)
        case 1:
            exchange.withdraw(name, "USD", amount * 9, fee=amount, now_ns=now_ns)
        case 2:
            exchange.allocate(name, "ETH", amount / 8, now_ns=now_ns)
        case 3:
            exchange.allocate(name, "ETH", -amount / 8, now_ns=now_ns)
        case 4:
            exchange.reward(name, "ETH.F", amount / 100, now_ns=now_ns)
        case 5:
            exchange.charge_fees_in_base(name, on=True)
        case 6:
            exchange.set_status("post_only", now_ns=now_ns)
        case 7:
            exchange.set_status("online", now_ns=now_ns)
        case 8:
            exchange.print_trade("ETH/USD", Decimal(1_700), Decimal(1), now_ns=now_ns)
        case 9:
            exchange.change_steps("APT/USD", price_decimals=3, now_ns=now_ns)
        case 10:
            exchange.set_status("cancel_only", now_ns=now_ns)
        case 11:
            exchange.set_status("maintenance", now_ns=now_ns)
        case _:
            exchange.set_pair_status("ETH/USD", "limit_only", now_ns=now_ns)


def check_books(exchange: Exchange) -> None:
    venue = exchange._venue
    totals: dict[str, Decimal] = {}
    rows = [account.balances for account in venue.accounts.values()]
    for row in (*rows, venue.pool.others, venue.pool.fees, venue.pool.outside):
        for asset, amount in row.items():
            plain = asset.removesuffix(".F")
            totals[plain] = totals.get(plain, Decimal(0)) + amount
    assert {asset: total for asset, total in totals.items() if total} == {}
    for account in venue.accounts.values():
        assert min(account.balances.values()) >= 0
        needed: dict[str, Decimal] = {}
        for order in account.open.values():
            assert order.hold == hold_for(order, venue.instruments[order.symbol])
            needed[order.hold_asset] = needed.get(order.hold_asset, Decimal(0)) + order.hold
            assert order.remaining_qty > 0
        held = {asset: amount for asset, amount in account.holds.items() if amount}
        assert held == needed
        assert all(account.spendable(asset) >= 0 for asset in needed)


def check_queues(exchange: Exchange) -> None:
    venue = exchange._venue
    for symbol, book in venue.books.items():
        best_bid, best_ask = book.bids.best, book.asks.best
        assert best_bid is None or best_ask is None or best_bid < best_ask
        for side in (book.bids, book.asks):
            assert side.prices == sorted(side.levels)
            for level in side.levels.values():
                assert level.qty > 0
                assert min([level.front, *(each.behind for each in level.queue)]) >= 0
                for rest in level.queue:
                    order = venue.accounts[rest.account].open[rest.order_id]
                    assert order.symbol == symbol
                    assert rest.qty + rest.hidden == to_units(order.remaining_qty)


def check_histories(exchange: Exchange) -> None:
    for name in NAMES:
        running: dict[str, Decimal] = {}
        for entry in exchange.ledger(name):
            before = running.get(entry.asset, Decimal(0))
            assert entry.balance == before + entry.amount - entry.fee
            running[entry.asset] = entry.balance
        assert running == {each.asset: each.balance for each in exchange.wallets(name)}
        fills = exchange.fills(name)
        for order in (*exchange.open_orders(name), *exchange.closed_orders(name)):
            own = [each for each in fills if each.order_id == order.order_id]
            assert tuple(each.exec_id for each in own) == order.exec_ids
            assert sum((each.qty for each in own), Decimal(0)) == order.filled_qty
            assert sum((each.cost for each in own), Decimal(0)) == order.cost


class Shadow:
    """What a reader of the events knows."""

    def __init__(self, exchange: Exchange) -> None:
        self.levels: dict[tuple[str, str, Decimal], Decimal] = {}
        self.trade_ids: dict[str, int] = {}
        self.at_ns = 0
        for symbol in exchange.symbols:
            book = exchange.book(symbol, 10_000)
            for side, rows in (("bid", book.bids), ("ask", book.asks)):
                self.levels.update({(symbol, side, each.price): each.qty for each in rows})

    def read(self, events: tuple[Event, ...]) -> None:
        for event in events:
            assert event.ts >= self.at_ns
            self.at_ns = event.ts
            if isinstance(event, BookChange):
                for change in event.changes:
                    key = (event.symbol, change.side, change.price)
                    self.levels[key] = change.qty
                    if not change.qty:
                        del self.levels[key]
            elif isinstance(event, Trade):
                last = self.trade_ids.get(event.symbol, event.trade_id - 1)
                assert event.trade_id == last + 1
                self.trade_ids[event.symbol] = event.trade_id

    def agrees(self, exchange: Exchange) -> bool:
        return self.levels == Shadow(exchange).levels


@given(st.integers(0, 3), st.lists(actions, max_size=30))
def test_the_books_balance_whatever_happens(seed: int, plan: list[tuple[str, str, Any]]) -> None:
    exchange = opened(seed)
    shadow = Shadow(exchange)
    for what, name, given_to in plan:
        if what == "wait":
            shadow.read(exchange.advance(exchange.now_ns + given_to * SECOND // 10))
        else:
            act(exchange, what, name, given_to)
            shadow.read(exchange.events())
        check_books(exchange)
        check_queues(exchange)
        assert shadow.agrees(exchange)
    check_histories(exchange)


def told_by(seed: int, plan: list[tuple[str, str, Any]]) -> str:
    exchange = opened(seed)
    digest = hashlib.sha256()
    for what, name, given_to in plan:
        if what == "wait":
            exchange.advance(exchange.now_ns + given_to * SECOND // 10)
        else:
            act(exchange, what, name, given_to)
        for event in exchange.events():
            digest.update(msgspec.json.encode(event))
    return digest.hexdigest()


@given(st.lists(actions, max_size=12))
def test_equal_calls_give_equal_events(plan: list[tuple[str, str, Any]]) -> None:
    assert told_by(5, plan) == told_by(5, plan)


class SlowBook:
    """Price, then time, in the plainest way: a list that is searched."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.fills: list[tuple[str, str, Decimal, Decimal]] = []

    def add(self, order_id: str, side: str, price: Decimal, qty: Decimal) -> None:
        sign = 1 if side == "buy" else -1
        while qty > 0:
            crossing = [row for row in self.rows if row[1] != side and sign * (price - row[2]) >= 0]
            if not crossing:
                self.rows.append([order_id, side, price, qty])
                return
            # The first of the best-priced ones: rows are in order of arrival.
            best = min(crossing, key=lambda row: sign * row[2])
            part = min(qty, best[3])
            self.fills.append((best[0], order_id, best[2], part))
            best[3] -= part
            qty -= part
            if not best[3]:
                self.rows.remove(best)

    def remove(self, order_id: str) -> None:
        self.rows = [row for row in self.rows if row[0] != order_id]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("buy", "sell", "cancel")), st.integers(995, 1_005), st.integers(1, 9)
        ),
        max_size=40,
    )
)
def test_matching_agrees_with_a_slow_model_of_price_and_time(
    plan: list[tuple[str, int, int]],
) -> None:
    # Every order comes from an account of its own, so self-trade plays no part.
    names = tuple(f"a{index}" for index in range(len(plan)))
    plenty = {"USD": Decimal(10**6), "ETH": Decimal(10**3)}
    exchange = Exchange(
        seed=1,
        started_ns=START,
        symbols=("ETH/USD",),
        accounts=tuple(AccountSpec(account=name, balances=plenty) for name in names),
        conduct=Conduct(book_levels=0),
    )
    exchange.halt_market()
    slow, owners = SlowBook(), dict[str, str]()
    for name, (what, price, qty) in zip(names, plan, strict=True):
        if what == "cancel":
            open_ids = [row[0] for row in slow.rows]
            if open_ids:
                chosen = open_ids[price % len(open_ids)]
                exchange.cancel_order(owners[chosen], chosen, now_ns=START)
                slow.remove(chosen)
            continue
        at, size = Decimal(price), Decimal(qty) / 10
        request = AddOrder(
            symbol="ETH/USD", side=what, order_type="limit", qty=size, limit_price=at
        )
        placed = exchange.add_order(name, request, now_ns=START)
        assert placed.order_id is not None
        owners[placed.order_id] = name
        slow.add(placed.order_id, what, at, size)
    reports = [
        event
        for event in exchange.events()
        if isinstance(event, Execution) and event.exec_type == "trade"
    ]
    pairs = zip(reports[::2], reports[1::2], strict=True)
    assert [
        (maker.order.order_id, taker.order.order_id, maker.last_price, maker.last_qty)
        for maker, taker in pairs
    ] == slow.fills
    assert not [each for each in exchange.events() if isinstance(each, LedgerEntry)]
