"""Lots and results recomputed from the stored fills, by the ledger's own rules.

The rules are not written again: each fill goes through `actors.ledger.fills.book_fill` on books
that start empty. What is added here is where a lot came from, and how fees and slippage went with
it: parts of a lot carry their share rounded down, the rest keeps the rest, like its cost.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from actors.ledger.fills import book_fill
from actors.ledger.funds import deposit
from actors.ledger.state import LedgerConfig, LedgerState, Lot, initial_state
from actors.messages.control import Deposit
from actors.messages.decision import Side
from actors.messages.execution import Fill
from actors.messages.ledger import TradeClosed
from actors.money import ZERO, divide_down, multiply_even, ratio_down
from service.books.rows import BookedFill, PostedTransfer

Event = BookedFill | PostedTransfer


class UnbookableError(Exception):
    """A stored row that the ledger could not have booked, in one sentence."""


class OpenLot(msgspec.Struct, frozen=True):
    """What is left of one purchase. `cl_ord_id` is empty for a deposit in kind.

    The cost of a deposit in kind is not in the tables: it was its value at that time.
    """

    symbol: str
    quantity: Decimal
    cost: Decimal
    unit_cost: Decimal
    bought_at: int
    cl_ord_id: str
    exec_id: str


class Result(msgspec.Struct, frozen=True):
    """What one fill realised in quote currency, and from which purchases on (`held_since`).

    `fee` and `slippage` are costs, those of the lots included; what remains is the price's doing.
    """

    seq: int
    ordinal: int
    at: int
    cl_ord_id: str
    exec_id: str
    symbol: str
    quantity: Decimal
    proceeds: Decimal
    cost: Decimal
    realised: Decimal
    fee: Decimal
    slippage: Decimal
    held_since: int
    trade: TradeClosed | None

    @property
    def price(self) -> Decimal:
        """What would have been realised at the prices that were decided on, without fees."""
        return self.realised + self.fee + self.slippage


class _Origin(msgspec.Struct):
    """A lot in the ledger's state, the fill that made it (None: a deposit), what it carries.

    `quantity` is what the lot held when it was last looked at.
    """

    lot: Lot
    quantity: Decimal
    at: int
    fill: Fill | None
    fee: Decimal
    slippage: Decimal


class LotBook:
    """Books that are fed with an account's fills and deposits in their order.

    `configs` are the ledger's settings by run. Amounts are exact: use it under the money context.
    """

    def __init__(self, configs: Mapping[str, LedgerConfig]) -> None:
        self._configs = configs
        self._origins: dict[str, list[_Origin]] = {}
        first = next(iter(configs.values()))
        self.reporting = first.reporting
        self.instruments = {
            symbol: each
            for config in configs.values()
            for symbol, each in config.instruments.items()
        }
        self.state: LedgerState = initial_state(first)
        self.results: list[Result] = []
        self.in_kind: list[str] = []

    def feed(self, event: Event) -> None:
        """Book one fill or deposit. Raises UnbookableError for what the ledger cannot have seen."""
        try:
            config = self._configs[event.run_id]
            if isinstance(event, BookedFill):
                self._fill(config, event)
            else:
                self._deposit(config, event)
        except (AssertionError, KeyError, ValueError, decimal.DecimalException) as error:
            # Rows are not the ledger's state: whoever changed them can have written anything.
            what = "fill" if isinstance(event, BookedFill) else "deposit"
            raise UnbookableError(
                f"the {what} of input {event.seq} is not one that the ledger can have booked"
            ) from error

    def open_lots(self) -> tuple[OpenLot, ...]:
        """What is held, by symbol in the order of purchase."""
        return tuple(
            _open(symbol, each)
            for symbol in sorted(self._origins)
            for each in self._origins[symbol]
        )

    def quantity(self, symbol: str) -> Decimal:
        """What the lots of a symbol hold."""
        position = self.state.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def _deposit(self, config: LedgerConfig, event: PostedTransfer) -> None:
        row = event.transfer
        source = event.event.removeprefix("deposit:")
        deposit(config, self.state, Deposit(row.asset, row.amount, source, event.at), event.at)
        for symbol, instrument in config.instruments.items():
            if instrument.base == row.asset != config.reporting:
                lot = self.state.positions[symbol].lots[-1]
                self._of(symbol).append(_Origin(lot, lot.quantity, event.at, None, ZERO, ZERO))
                self.in_kind.append(symbol)
                return

    def _fill(self, config: LedgerConfig, event: BookedFill) -> None:
        fill, state = event.fill, self.state
        step = config.instruments[fill.symbol].quote_step
        origins = self._of(fill.symbol)
        fees, realised = state.fees, state.realised
        effects = book_fill(config, state, fill, event.at)
        fee, slippage = state.fees - fees, slippage_of(fill, step)
        position = state.positions.get(fill.symbol)
        lots = [] if position is None else position.lots
        if lots and all(each.lot is not lots[-1] for each in origins[-1:]):
            bought = lots[-1]
            origins.append(_Origin(bought, bought.quantity, event.at, fill, fee, slippage))
            return
        since = origins[0].at if origins else event.at
        while origins:
            origin, gone = origins[0], len(origins) > len(lots)
            taken = origin.quantity - (ZERO if gone else origin.lot.quantity)
            fee += _share(origin, "fee", taken, step)
            slippage += _share(origin, "slippage", taken, step)
            origin.quantity -= taken
            if not gone:
                break
            del origins[0]
        trades = [each for each in effects if isinstance(each, TradeClosed)]
        if trades or state.realised != realised:
            self.results.append(
                _result(event, trades, state.realised - realised, (fee, slippage), since)
            )

    def _of(self, symbol: str) -> list[_Origin]:
        return self._origins.setdefault(symbol, [])


def _share(origin: _Origin, name: str, taken: Decimal, step: Decimal) -> Decimal:
    """What leaves with `taken` of what the lot held."""
    whole: Decimal = getattr(origin, name)
    held = origin.quantity
    share = whole if taken == held else divide_down(whole * taken, held, step)
    setattr(origin, name, whole - share)
    return share


def _result(
    event: BookedFill,
    trades: list[TradeClosed],
    realised: Decimal,
    costs: tuple[Decimal, Decimal],
    since: int,
) -> Result:
    fill, trade = event.fill, trades[0] if trades else None
    return Result(
        seq=event.seq,
        ordinal=event.ordinal,
        at=event.at,
        cl_ord_id=fill.cl_ord_id,
        exec_id=fill.exec_id,
        symbol=fill.symbol,
        quantity=fill.quantity,
        proceeds=ZERO if trade is None else trade.proceeds,
        cost=-realised if trade is None else trade.cost,
        realised=realised,
        fee=costs[0],
        slippage=costs[1],
        held_since=since,
        trade=trade,
    )


def _open(symbol: str, origin: _Origin) -> OpenLot:
    lot, fill = origin.lot, origin.fill
    return OpenLot(
        symbol,
        lot.quantity,
        lot.cost,
        ratio_down(lot.cost, lot.quantity),
        origin.at,
        "" if fill is None else fill.cl_ord_id,
        "" if fill is None else fill.exec_id,
    )


def slippage_of(fill: Fill, step: Decimal) -> Decimal:
    """What the price cost us against the one that the decision saw; zero when that is unknown.

    Attribution: it is part of the cost that was booked, never booked apart.
    """
    if not fill.decision_price:
        return ZERO
    worse = fill.price - fill.decision_price
    return multiply_even(fill.quantity, worse if fill.side is Side.BUY else -worse, step)


def in_order(fills: Iterable[BookedFill], deposits: Iterable[PostedTransfer]) -> list[Event]:
    """Fills and deposits as the ledger met them."""
    events: list[Event] = [*fills, *deposits]
    return sorted(events, key=lambda event: event.order)


def parted(events: list[Event], seq: int) -> tuple[list[Event], list[Event]]:
    """Events up to an input, that input included, and those after it."""
    return [each for each in events if each.seq <= seq], [each for each in events if each.seq > seq]
