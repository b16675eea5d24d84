"""The simulated exchange's whole interface: pure, seeded, without clock or socket.

Every call says what time it is; time never runs backwards. A call first moves the market to that
time, then does its work; what happened is collected and handed out by `advance` or `events`, in
order. Refusals are raised as `errors.Refusal` with Kraken's text.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from adapters.kraken_simulator.events import Event, LedgerEntry, SystemStatus, Trade
from adapters.kraken_simulator.instruments import UNIVERSE, Asset, Instrument, PairStatus
from adapters.kraken_simulator.orders import (
    AddOrder,
    Amended,
    AmendOrder,
    BatchLeg,
    CancelTimer,
    Edited,
    EditOrder,
    Fill,
    Order,
    Placed,
)
from adapters.kraken_simulator.views import (
    AccountSpec,
    Book,
    Candle,
    FeeRate,
    Ticker,
    Wallet,
)


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """How the exchange behaves where Kraken's behaviour is a choice or not certain.

    `post_only_cancels`: a crossing post-only order is accepted and cancelled instead of refused.
    `exact_ledger`: costs and fees are rounded to the quote asset's ledger decimals, so that ledger
    and fills agree to the last digit; else cost has the pair's cost decimals and the ledger rounds.
    `book_rate` scales how often background levels change, `trade_rate` how often others trade.
    `market_protection`: a market order stops this ratio away from the best price (nompp lifts it).
    """

    post_only_cancels: bool = False
    exact_ledger: bool = False
    book_rate: float = 1.0
    trade_rate: float = 1.0
    market_protection: Decimal = Decimal("0.10")


class Exchange:
    """One seeded exchange. Equal arguments and equal calls give equal events, on every machine."""

    def __init__(
        self,
        *,
        seed: int,
        started_ns: int,
        accounts: tuple[AccountSpec, ...] = (),
        symbols: tuple[str, ...] = UNIVERSE,
        status: SystemStatus = "online",
        conduct: Conduct | None = None,
    ) -> None:
        """Open at `started_ns` (ns UTC) with full books. Raises ValueError for unknown symbols."""
        raise NotImplementedError

    @property
    def now_ns(self) -> int:
        """The latest time that a call named."""
        raise NotImplementedError

    @property
    def status(self) -> SystemStatus:
        """The whole system's mode."""
        raise NotImplementedError

    @property
    def symbols(self) -> tuple[str, ...]:
        """The pairs of this exchange, by WebSocket v2 symbol."""
        raise NotImplementedError

    def advance(self, now_ns: int) -> tuple[Event, ...]:
        """Move the market to `now_ns` and take all events since they were last taken, in order."""
        raise NotImplementedError

    def events(self) -> tuple[Event, ...]:
        """Take the events since they were last taken, without moving (after a request)."""
        raise NotImplementedError

    # Reading: nothing here moves the market.

    def instrument(self, symbol: str) -> Instrument:
        """The pair's row as it is now. Raises Refusal (unknown asset pair)."""
        raise NotImplementedError

    def instruments(self) -> tuple[Instrument, ...]:
        """Every pair of this exchange."""
        raise NotImplementedError

    def assets(self) -> tuple[Asset, ...]:
        """Every asset that a pair of this exchange has."""
        raise NotImplementedError

    def book(self, symbol: str, depth: int) -> Book:
        """The best `depth` levels a side, account orders included."""
        raise NotImplementedError

    def ticker(self, symbol: str) -> Ticker:
        """Best prices, last trade and the figures of today and of 24 hours."""
        raise NotImplementedError

    def trades(self, symbol: str, *, after_ns: int, count: int) -> tuple[Trade, ...]:
        """The first `count` trades later than `after_ns`, oldest first."""
        raise NotImplementedError

    def last_trades(self, symbol: str, count: int) -> tuple[Trade, ...]:
        """The newest `count` trades, oldest first."""
        raise NotImplementedError

    def candles(self, symbol: str, minutes: int, count: int) -> tuple[Candle, ...]:
        """The newest `count` candles of an interval, oldest first; the last is unfinished.

        Candles before the start come from the same process. Raises Refusal for a strange interval.
        """
        raise NotImplementedError

    # Reading an account. Raises KeyError for an unknown account.

    def wallets(self, account: str) -> tuple[Wallet, ...]:
        """Every asset with a balance or a past one, `.F` apart; holds lie on plain first."""
        raise NotImplementedError

    def open_orders(self, account: str) -> tuple[Order, ...]:
        """Orders that can still be filled, oldest first."""
        raise NotImplementedError

    def closed_orders(self, account: str) -> tuple[Order, ...]:
        """Orders that ended (closed, canceled, expired), in the order in which they ended."""
        raise NotImplementedError

    def order(self, account: str, order_id: str) -> Order | None:
        """One order of the account, open or ended; None when it has none of that id."""
        raise NotImplementedError

    def fills(self, account: str) -> tuple[Fill, ...]:
        """The account's trade history, oldest first."""
        raise NotImplementedError

    def ledger(self, account: str) -> tuple[LedgerEntry, ...]:
        """The account's ledger, oldest first."""
        raise NotImplementedError

    def fee_rate(self, account: str, symbol: str) -> FeeRate:
        """The account's present rates on a pair."""
        raise NotImplementedError

    def rate_count(self, account: str, symbol: str) -> Decimal:
        """The pair's order rate counter of the account, decayed to now."""
        raise NotImplementedError

    def rate_limit(self, account: str) -> Decimal:
        """The threshold that the counter may not pass (60, 125 or 180)."""
        raise NotImplementedError

    # Trading. `received_ns` is when the request reached the venue, if it waited since.

    def add_order(
        self, account: str, request: AddOrder, *, now_ns: int, received_ns: int | None = None
    ) -> Placed:
        """Place one order."""
        raise NotImplementedError

    def add_batch(
        self,
        account: str,
        requests: tuple[AddOrder, ...],
        *,
        now_ns: int,
        received_ns: int | None = None,
    ) -> tuple[BatchLeg, ...]:
        """Place 2 to 15 orders of one pair. A validation failure of one refuses all; funds failures
        stay with their leg.
        """
        raise NotImplementedError

    def amend_order(
        self, account: str, request: AmendOrder, *, now_ns: int, received_ns: int | None = None
    ) -> Amended:
        """Change an order in place; it keeps its place unless price or a larger size lose it."""
        raise NotImplementedError

    def edit_order(
        self, account: str, request: EditOrder, *, now_ns: int, received_ns: int | None = None
    ) -> Edited:
        """Cancel an order and place its changed copy under a new id, without its cl_ord_id."""
        raise NotImplementedError

    def cancel_order(self, account: str, name: str | int, *, now_ns: int) -> int:
        """Cancel by order id, cl_ord_id or userref (int, may hit many); returns how many."""
        raise NotImplementedError

    def cancel_all(self, account: str, *, now_ns: int) -> int:
        """Cancel every open order of the account; returns how many."""
        raise NotImplementedError

    def cancel_all_after(self, account: str, timeout_s: int, *, now_ns: int) -> CancelTimer:
        """Arm, renew or (0) disarm the account's dead man's switch."""
        raise NotImplementedError

    # Interventions: what happens to a venue and an account from outside. Never refused by counters.

    def set_status(self, status: SystemStatus, *, now_ns: int) -> None:
        """Change the whole system's mode. Leaving maintenance fires timers that ran out in it."""
        raise NotImplementedError

    def set_pair_status(self, symbol: str, status: PairStatus, *, now_ns: int) -> None:
        """Change one pair's status."""
        raise NotImplementedError

    def change_steps(
        self,
        symbol: str,
        *,
        now_ns: int,
        price_decimals: int | None = None,
        lot_decimals: int | None = None,
        tick: Decimal | None = None,
        order_min: Decimal | None = None,
        cost_min: Decimal | None = None,
    ) -> Instrument:
        """Change a pair's grids or minimums; open orders that are off the new grid are cancelled."""
        raise NotImplementedError

    def place_by_hand(self, account: str, request: AddOrder, *, now_ns: int) -> Placed:
        """Somebody places an order on the web site; it is no request of the key's."""
        raise NotImplementedError

    def cancel_by_hand(self, account: str, order_id: str, *, now_ns: int) -> None:
        """Somebody cancels an order on the web site."""
        raise NotImplementedError

    def deposit(self, account: str, asset: str, amount: Decimal, *, now_ns: int) -> str:
        """Credit a deposit; returns the ledger id."""
        raise NotImplementedError

    def withdraw(
        self, account: str, asset: str, amount: Decimal, *, now_ns: int, fee: Decimal = Decimal(0)
    ) -> str:
        """Debit a withdrawal and its fee; returns the ledger id. Raises Refusal (funds)."""
        raise NotImplementedError

    def reward(self, account: str, asset: str, amount: Decimal, *, now_ns: int) -> str:
        """Credit a staking reward to an asset name ("ETH.F"); returns the ledger id."""
        raise NotImplementedError

    def allocate(self, account: str, asset: str, amount: Decimal, *, now_ns: int) -> None:
        """Move free plain balance to `.F`; a negative amount moves it back. Raises Refusal."""
        raise NotImplementedError

    def fill_now(
        self, account: str, order_id: str, *, now_ns: int, qty: Decimal | None = None
    ) -> Fill:
        """Somebody trades against an open order at once, at its limit (a market order's trigger:
        at the last price). Raises Refusal when it is not open.
        """
        raise NotImplementedError

    def print_trade(self, symbol: str, price: Decimal, qty: Decimal, *, now_ns: int) -> Trade:
        """A public trade that touches no book and no account (an off-market print)."""
        raise NotImplementedError

    def halt_market(self, symbol: str | None = None) -> None:
        """Others stop trading and quoting on one pair, or on all; the books stand still."""
        raise NotImplementedError

    def resume_market(self, symbol: str | None = None) -> None:
        """Others go on, from the present price of the process."""
        raise NotImplementedError

    def withhold_executions(self, account: str, count: int) -> None:
        """The next `count` executions of the account are not told (they happen all the same)."""
        raise NotImplementedError

    def release_executions(self, account: str) -> None:
        """The withheld executions are told now, late; none are withheld any more."""
        raise NotImplementedError

    def charge_fees_in_base(self, account: str, *, on: bool) -> None:
        """From now on fills of the account are charged in base where the balance allows it."""
        raise NotImplementedError
