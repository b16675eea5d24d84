"""The simulated exchange's whole interface: pure, seeded, without clock or socket.

Every call says what time it is; time never runs backwards. A call first moves the market to that
time, then does its work; what happened is collected and handed out by `advance` or `events`, in
order. Refusals are raised as `errors.Refusal` with Kraken's text.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.kraken_simulator.accounts import Account
from adapters.kraken_simulator.amending import Amending
from adapters.kraken_simulator.cancelling import Cancelling
from adapters.kraken_simulator.conduct import Conduct
from adapters.kraken_simulator.events import Event, SystemStatus, Trade
from adapters.kraken_simulator.history import History
from adapters.kraken_simulator.instruments import INSTRUMENTS, UNIVERSE, Instrument, PairStatus
from adapters.kraken_simulator.interventions import Interventions
from adapters.kraken_simulator.kept import Kept, put_back, rest_again
from adapters.kraken_simulator.ledger import Ledger
from adapters.kraken_simulator.market import Market
from adapters.kraken_simulator.matching import Matching
from adapters.kraken_simulator.orders import (
    AddOrder,
    Amended,
    AmendOrder,
    BatchLeg,
    CancelTimer,
    Edited,
    EditOrder,
    Fill,
    Placed,
)
from adapters.kraken_simulator.paths import MarketKind, paths_of
from adapters.kraken_simulator.reading import Reading
from adapters.kraken_simulator.recorded import Recording
from adapters.kraken_simulator.registry import Registry
from adapters.kraken_simulator.settlement import Settlement
from adapters.kraken_simulator.trading import Trading
from adapters.kraken_simulator.triggers import Triggers
from adapters.kraken_simulator.venue import Venue
from adapters.kraken_simulator.views import AccountSpec
from adapters.kraken_simulator.walk import HOUR_NS


class Exchange(Reading):
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
        recorded: tuple[Recording, ...] = (),
        market: MarketKind = "natural",
        kept: Kept | None = None,
    ) -> None:
        """Open at `started_ns` (ns UTC) with full books. Raises ValueError for unknown symbols.

        A pair in `recorded` follows its recording (see `recorded.moved_to` for its times). With
        `kept` the exchange opens again with the accounts that it had.
        """
        venue = Venue(
            seed=seed,
            started_ns=started_ns,
            instruments=_rows(symbols),
            accounts={spec.account: Account(spec, started_ns) for spec in accounts},
            status=status,
            conduct=conduct or Conduct(),
        )
        self._venue = venue
        registry, self._ledger = Registry(venue), Ledger(venue)
        settlement = Settlement(venue, self._ledger)
        self._matching = Matching(venue, registry, settlement)
        triggers = Triggers(venue, registry, self._matching)
        self._trading = Trading(venue, registry, self._matching, triggers)
        self._amending = Amending(venue, registry, self._matching, triggers, self._trading)
        self._cancelling = Cancelling(venue, registry, self._trading)
        origin_ns = started_ns if kept is None else kept.origin_ns
        paths = paths_of(market, seed, origin_hour=origin_ns // HOUR_NS, hour=started_ns // HOUR_NS)
        if kept is not None:
            put_back(venue, kept)
        self._market = Market(
            venue,
            seed,
            self._matching.take_for_others,
            triggers,
            paths=paths,
            opening=f" {kept.openings}" if kept and kept.openings else "",
            recorded=recorded,
        )
        self._history = History(venue, self._market, seed, paths)
        self._outside = Interventions(
            venue, registry, self._ledger, settlement, triggers=triggers, market=self._market
        )
        if kept is None:
            for spec in accounts:
                account = venue.accounts[spec.account]
                for asset, amount in spec.balances.items():
                    self._ledger.bring(account, asset, amount, kind="deposit")
        else:
            rest_again(venue, registry)
        venue.taken()

    @property
    def venue(self) -> Venue:
        """All of its state, for whoever keeps it."""
        return self._venue

    @property
    def now_ns(self) -> int:
        """The latest time that a call named."""
        return self._venue.now_ns

    @property
    def status(self) -> SystemStatus:
        """The whole system's mode."""
        return self._venue.status

    @property
    def symbols(self) -> tuple[str, ...]:
        """The pairs of this exchange, by WebSocket v2 symbol."""
        return tuple(self._venue.instruments)

    def advance(self, now_ns: int) -> tuple[Event, ...]:
        """Move the market to `now_ns` and take all events since they were last taken, in order."""
        self._move(now_ns)
        return self._venue.taken()

    def events(self) -> tuple[Event, ...]:
        """Take the events since they were last taken, without moving (after a request)."""
        return self._venue.taken()

    # Trading. `received_ns` is when the request reached the venue, if it waited since.

    def add_order(
        self, account: str, request: AddOrder, *, now_ns: int, received_ns: int | None = None
    ) -> Placed:
        """Place one order."""
        self._move(now_ns)
        received = now_ns if received_ns is None else received_ns
        return self._trading.add(self._venue.accounts[account], request, received_ns=received)

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
        self._move(now_ns)
        received = now_ns if received_ns is None else received_ns
        return self._trading.add_batch(
            self._venue.accounts[account], requests, received_ns=received
        )

    def amend_order(
        self, account: str, request: AmendOrder, *, now_ns: int, received_ns: int | None = None
    ) -> Amended:
        """Change an order in place; it keeps its place unless price or a larger size lose it."""
        self._move(now_ns)
        received = now_ns if received_ns is None else received_ns
        return self._amending.amend(self._venue.accounts[account], request, received_ns=received)

    def edit_order(
        self, account: str, request: EditOrder, *, now_ns: int, received_ns: int | None = None
    ) -> Edited:
        """Cancel an order and place its changed copy under a new id, without its cl_ord_id."""
        self._move(now_ns)
        received = now_ns if received_ns is None else received_ns
        return self._amending.edit(self._venue.accounts[account], request, received_ns=received)

    def cancel_order(self, account: str, name: str | int, *, now_ns: int) -> int:
        """Cancel by order id, cl_ord_id or userref (int, may hit many); returns how many."""
        self._move(now_ns)
        return self._cancelling.cancel(self._venue.accounts[account], name)

    def cancel_all(self, account: str, *, now_ns: int) -> int:
        """Cancel every open order of the account; returns how many."""
        self._move(now_ns)
        return self._cancelling.cancel_all(self._venue.accounts[account])

    def cancel_all_after(self, account: str, timeout_s: int, *, now_ns: int) -> CancelTimer:
        """Arm, renew or (0) disarm the account's dead man's switch."""
        self._move(now_ns)
        return self._cancelling.arm(self._venue.accounts[account], timeout_s)

    # Interventions: what happens to a venue and an account from outside. Never refused by counters.

    def set_status(self, status: SystemStatus, *, now_ns: int) -> None:
        """Change the whole system's mode. Leaving maintenance fires timers that ran out in it."""
        self._move(now_ns)
        self._outside.set_status(status)
        self._move(now_ns)

    def set_pair_status(self, symbol: str, status: PairStatus, *, now_ns: int) -> None:
        """Change one pair's status."""
        self._move(now_ns)
        self._outside.set_pair_status(symbol, status)

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
        """Change a pair's grids or minimums; orders off the new grid are cancelled."""
        self._move(now_ns)
        return self._outside.change_steps(
            symbol,
            price_decimals=price_decimals,
            lot_decimals=lot_decimals,
            tick=tick,
            order_min=order_min,
            cost_min=cost_min,
        )

    def place_by_hand(self, account: str, request: AddOrder, *, now_ns: int) -> Placed:
        """Somebody places an order on the web site; it is no request of the key's."""
        self._move(now_ns)
        kept = self._venue.accounts[account]
        return self._trading.add(kept, request, received_ns=now_ns, by_hand=True)

    def cancel_by_hand(self, account: str, order_id: str, *, now_ns: int) -> None:
        """Somebody cancels an order on the web site."""
        self._move(now_ns)
        self._cancelling.cancel_by_hand(self._venue.accounts[account], order_id)

    def deposit(self, account: str, asset: str, amount: Decimal, *, now_ns: int) -> str:
        """Credit a deposit; returns the ledger id."""
        self._move(now_ns)
        return self._outside.deposit(self._venue.accounts[account], asset, amount)

    def withdraw(
        self, account: str, asset: str, amount: Decimal, *, now_ns: int, fee: Decimal = Decimal(0)
    ) -> str:
        """Debit a withdrawal and its fee; returns the ledger id. Raises Refusal (funds)."""
        self._move(now_ns)
        return self._outside.withdraw(self._venue.accounts[account], asset, amount, fee)

    def reward(self, account: str, asset: str, amount: Decimal, *, now_ns: int) -> str:
        """Credit a staking reward to an asset name ("ETH.F"); returns the ledger id."""
        self._move(now_ns)
        return self._outside.reward(self._venue.accounts[account], asset, amount)

    def allocate(self, account: str, asset: str, amount: Decimal, *, now_ns: int) -> None:
        """Move free plain balance to `.F`; a negative amount moves it back. Raises Refusal."""
        self._move(now_ns)
        self._ledger.allocate(self._venue.accounts[account], asset, amount)

    def fill_now(
        self, account: str, order_id: str, *, now_ns: int, qty: Decimal | None = None
    ) -> Fill:
        """Somebody trades against an open order at once, at its limit (a market order's trigger:
        at the last price). Raises Refusal when it is not open.
        """
        self._move(now_ns)
        return self._outside.fill_now(self._venue.accounts[account], order_id, qty)

    def print_trade(self, symbol: str, price: Decimal, qty: Decimal, *, now_ns: int) -> Trade:
        """A public trade that touches no book and no account (an off-market print)."""
        self._move(now_ns)
        return self._outside.print_trade(symbol, price, qty)

    def halt_market(self, symbol: str | None = None) -> None:
        """Others stop trading and quoting on one pair, or on all; the books stand still."""
        self._outside.halt(symbol, on=True)

    def resume_market(self, symbol: str | None = None) -> None:
        """Others go on, from the present price of the process."""
        self._outside.halt(symbol, on=False)

    def withhold_executions(self, account: str, count: int) -> None:
        """The next `count` executions of the account are not told (they happen all the same)."""
        self._venue.accounts[account].withhold += count

    def release_executions(self, account: str) -> None:
        """The withheld executions are told now, late; none are withheld any more."""
        self._outside.release(self._venue.accounts[account])

    def charge_fees_in_base(self, account: str, *, on: bool) -> None:
        """From now on fills of the account are charged in base where the balance allows it."""
        self._venue.accounts[account].fees_in_base = on

    def _move(self, now_ns: int) -> None:
        """Do all that is due up to `now_ns`, in order of time: market steps, ends, timers."""
        venue, market = self._venue, self._market
        assert now_ns >= venue.now_ns, "time runs backwards"
        while True:
            due_ns, step_ns = venue.next_due_ns(), market.next_step_ns
            if due_ns is not None and due_ns <= min(now_ns, step_ns):
                venue.now_ns = max(due_ns, venue.now_ns)
                at_ns, what, account, order_id = venue.take_due()
                self._cancelling.come_due(at_ns, what, venue.accounts[account], order_id)
            elif step_ns <= now_ns:
                venue.now_ns = step_ns
                market.step()
            else:
                venue.now_ns = now_ns
                return


def _rows(symbols: tuple[str, ...]) -> dict[str, Instrument]:
    for symbol in symbols:
        if symbol not in INSTRUMENTS:
            raise ValueError(f"the simulated exchange has no pair {symbol}")
    return {symbol: INSTRUMENTS[symbol] for symbol in symbols}
