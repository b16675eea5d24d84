"""Lots and results recomputed from the stored trades, by the ledger's own rules.

The rules are not written again: each fill goes through `actors.ledger.fills.book_fill`, each trade
that no order explains through `actors.ledger.strays.book_unmatched`, on books that start empty.
What is added here is how fees and slippage went with the lots (`service/books/origins`).
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from actors.kernel.actor import Effects
from actors.ledger.cash import earned
from actors.ledger.entries import charge, flow, place_of
from actors.ledger.fills import book_fill
from actors.ledger.funds import deposit
from actors.ledger.positions import owed, symbol_of
from actors.ledger.state import LedgerConfig, LedgerState, Lot, initial_state
from actors.ledger.strays import IMPOSSIBLE, UNNAMED, book_unmatched
from actors.ledger.transfers import Posting
from actors.messages.control import Deposit, Note
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecKind,
    ExecutionReport,
    Fill,
    TradeUnexplained,
    TradeUnmatched,
)
from actors.messages.ledger import TradeClosed
from actors.money import ZERO, multiply_even, ratio_down
from service.books.origins import NOTHING, Carried, Origin, gone, new_lot, take
from service.books.quotes import booked_in, traded_in
from service.books.results import Result
from service.books.rows import BookedEntry, BookedFill, PostedTransfer, UnexplainedTrade

Event = BookedFill | UnexplainedTrade | PostedTransfer | BookedEntry
_KINDS: dict[type[Event], str] = {
    BookedFill: "fill",
    UnexplainedTrade: "trade that no order explains",
    PostedTransfer: "deposit",
    BookedEntry: "ledger entry",
}


class UnbookableError(Exception):
    """A stored row that the ledger could not have booked, in one sentence."""


class OpenLot(msgspec.Struct, frozen=True):
    """What is left of one purchase; a deposit in kind has no order and no execution.

    The cost of a deposit in kind is not in the tables: it was its value at that time.
    `unexplained` is a purchase that no order of ours explains.
    """

    symbol: str
    quantity: Decimal
    cost: Decimal
    unit_cost: Decimal
    bought_at: int
    cl_ord_id: str
    exec_id: str
    unexplained: bool = False


class LotBook:
    """Books that are fed with an account's trades and deposits in their order.

    `configs` are the ledger's settings by run. Amounts are exact: use it under the money context.
    """

    def __init__(self, configs: Mapping[str, LedgerConfig]) -> None:
        self._configs = configs
        self._origins: dict[str, list[Origin]] = {}
        first = next(iter(configs.values()))
        self.reporting = first.reporting
        self.config = first
        self.instruments = {
            symbol: each
            for config in configs.values()
            for symbol, each in config.instruments.items()
        }
        self.state: LedgerState = initial_state(first)
        self.results: list[Result] = []
        self.in_kind: list[str] = []

    def feed(self, event: Event) -> None:
        """Book one trade or deposit. Raises UnbookableError for what cannot have been booked."""
        try:
            config = self._configs[event.run_id]
            if isinstance(event, PostedTransfer):
                self._deposit(config, event)
            elif isinstance(event, BookedEntry):
                self._entry(config, event)
            else:
                self._trade(config, event)
        except (AssertionError, KeyError, ValueError, decimal.DecimalException) as error:
            # Rows are not the ledger's state: whoever changed them can have written anything.
            raise UnbookableError(
                f"the {_KINDS[type(event)]} of input {event.seq} is not one that the ledger can"
                " have booked"
            ) from error

    def open_lots(self) -> tuple[OpenLot, ...]:
        """What is held, by symbol in the order of purchase."""
        return tuple(
            _open(symbol, each)
            for symbol in sorted(self._origins)
            for each in self._origins[symbol]
        )

    def carried(self) -> Carried:
        """What all open lots carry."""
        found = NOTHING
        for origins in self._origins.values():
            for each in origins:
                found = found.plus(each.carried)
        return found

    def quantity(self, symbol: str) -> Decimal:
        """What the lots of a symbol hold."""
        position = self.state.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def _deposit(self, config: LedgerConfig, event: PostedTransfer) -> None:
        row = event.transfer
        source = event.event.removeprefix("deposit:")
        deposit(config, self.state, Deposit(row.asset, row.amount, source, event.at), event.at)
        symbol = symbol_of(config, row.asset)
        if symbol is not None and (lot := new_lot(self._of(symbol), self._lots(symbol))):
            self._of(symbol).append(Origin(lot, lot.quantity, event.at, "", "", False, NOTHING))
            self.in_kind.append(symbol)

    def _entry(self, config: LedgerConfig, event: BookedEntry) -> None:
        """Book an entry again, at the worth that the ledger gave it."""
        row, state = event.entry, self.state
        asset, currency = place_of(row.asset)[0], booked_in(config, row.asset)
        realised, fees = earned(config, state, currency)
        posting = Posting(state, f"entry:{row.refid}", row.kind)
        flow(config, posting, row.asset, row.amount, row.other, worth=row.worth)
        charge(config, posting, row.asset, row.fee)
        posting.record(event.at)
        symbol = symbol_of(config, asset)
        carried = NOTHING
        if symbol is not None:
            origins, lots = self._of(symbol), self._lots(symbol)
            step = config.instruments[symbol].quote_step
            carried = take(origins, gone(origins, lots), step)
            if lot := new_lot(origins, lots):
                origins.append(Origin(lot, lot.quantity, event.at, "", row.refid, False, NOTHING))
        realised_now, fees_now = earned(config, state, currency)
        change = realised_now - realised
        if change or carried.fee or carried.slippage:
            costs = carried.plus(Carried(fees_now - fees, ZERO))
            self.results.append(_entry_result(event, change, costs))

    def _trade(self, config: LedgerConfig, event: BookedFill | UnexplainedTrade) -> None:
        state, told = self.state, told_of(event)
        currency = traded_in(config, told.symbol)
        realised, fees = earned(config, state, currency)
        asset = _incoming(told)
        short = owed(state, asset)
        effects = _booked(config, state, event)
        if effects is None:
            return
        realised_now, fees_now = earned(config, state, currency)
        own = Carried(fees_now - fees, _slippage(config, told))
        passed, spent = self._taken(config, told)
        if told.symbol in config.instruments:
            into, rest = own, passed.plus(spent)
        else:  # what a symbol outside the run took in has the cost of what was given, no more
            into, rest = passed, own.plus(spent)
        symbol = symbol_of(config, asset)
        lot = None if symbol is None else new_lot(self._of(symbol), self._lots(symbol))
        if symbol is None or lot is None:
            rest = rest.plus(into)
        else:
            kept = _kept(config, told)
            share = into.part(min(kept, short), kept, config.instruments[symbol].quote_step)
            rest = rest.plus(share)
            self._of(symbol).append(
                Origin(
                    lot,
                    lot.quantity,
                    event.at,
                    told.cl_ord_id,
                    told.exec_id,
                    isinstance(event, UnexplainedTrade),
                    into.less(share),
                )
            )
        trades = [each for each in effects if isinstance(each, TradeClosed)]
        change = realised_now - realised
        if trades or change or rest.fee or rest.slippage:
            self.results.append(_result(event, trades, change, rest))

    def _taken(
        self, config: LedgerConfig, told: Fill | TradeUnexplained
    ) -> tuple[Carried, Carried]:
        """What left the lots carried: with what was given for the trade, and with its fee."""
        base, _, quote = told.symbol.partition("/")
        given, amount = (quote, told.cost) if told.side == Side.BUY else (base, told.quantity)
        passed = spent = NOTHING
        for asset in dict.fromkeys((given, base, quote, told.fee_asset or quote)):
            symbol = symbol_of(config, asset)
            if symbol is None:
                continue
            origins, step = self._of(symbol), config.instruments[symbol].quote_step
            left = gone(origins, self._lots(symbol))
            first = min(left, amount) if asset == given else ZERO
            passed = passed.plus(take(origins, first, step))
            spent = spent.plus(take(origins, left - first, step))
        return passed, spent

    def _of(self, symbol: str) -> list[Origin]:
        return self._origins.setdefault(symbol, [])

    def _lots(self, symbol: str) -> list[Lot]:
        position = self.state.positions.get(symbol)
        return [] if position is None else position.lots


def told_of(event: BookedFill | UnexplainedTrade) -> Fill | TradeUnexplained:
    """The trade of a row; both kinds name what was traded alike."""
    return event.fill if isinstance(event, BookedFill) else event.trade


def _booked(
    config: LedgerConfig, state: LedgerState, event: BookedFill | UnexplainedTrade
) -> Effects | None:
    """The ledger's effects; None when it moved nothing of ours: told twice, or set aside.

    AssertionError when it does with an unexplained trade what the row does not say.
    """
    if isinstance(event, BookedFill):
        effects = book_fill(config, state, event.fill, event.at)
        repeated = any(
            isinstance(each, Note) and each.event == "ledger.fill_repeated" for each in effects
        )
        return None if repeated else effects
    row = event.trade
    effects = book_unmatched(config, state, unmatched(row), event.at)
    made = [each for each in effects if isinstance(each, TradeUnexplained)]
    assert [(each.booked, each.reason) for each in made] == [(row.booked, row.reason)]
    return effects if row.booked else None


def unmatched(row: TradeUnexplained) -> TradeUnmatched:
    """What orders told the ledger when it recorded `row`. Raises ValueError for another side.

    A trade that the venue gave no id is recorded under one that the ledger made for it.
    """
    report = ExecutionReport(
        row.cl_ord_id,
        "" if row.reason == UNNAMED else row.exec_id,
        ExecKind.TRADE,
        row.ts,
        row.quantity,
        row.price,
        row.cost,
        row.fee,
        row.fee_asset,
        row.liquidity,
        row.venue_order_id,
        symbol=row.symbol,
        side=Side(row.side) if row.side else None,
    )
    return TradeUnmatched(report, possible=row.reason != IMPOSSIBLE)


def _incoming(told: Fill | TradeUnexplained) -> str:
    """The asset that a trade brings."""
    base, _, quote = told.symbol.partition("/")
    return base if told.side == Side.BUY else quote


def _kept(config: LedgerConfig, told: Fill | TradeUnexplained) -> Decimal:
    """How much of what a trade brings is booked in; outside the run its fee is taken after that."""
    brought = told.quantity if told.side == Side.BUY else told.cost
    inside = told.symbol in config.instruments and told.fee_asset == _incoming(told)
    return brought - told.fee if inside else brought


def _result(
    event: BookedFill | UnexplainedTrade,
    trades: Sequence[TradeClosed],
    realised: Decimal,
    costs: Carried,
) -> Result:
    told, trade = told_of(event), trades[0] if trades else None
    return Result(
        seq=event.seq,
        ordinal=event.ordinal,
        at=event.at,
        cl_ord_id=told.cl_ord_id,
        exec_id=told.exec_id,
        symbol=told.symbol,
        quantity=told.quantity,
        proceeds=ZERO if trade is None else trade.proceeds,
        cost=-realised if trade is None else trade.cost,
        realised=realised,
        fee=costs.fee,
        slippage=costs.slippage,
        held_since=event.at if costs.since is None else costs.since,
        trade=trade,
        unexplained=isinstance(event, UnexplainedTrade),
    )


def _entry_result(event: BookedEntry, realised: Decimal, costs: Carried) -> Result:
    row = event.entry
    return Result(
        seq=event.seq,
        ordinal=event.ordinal,
        at=event.at,
        cl_ord_id="",
        exec_id=row.refid,
        symbol=row.asset,
        quantity=row.amount,
        proceeds=ZERO,
        cost=-realised,
        realised=realised,
        fee=costs.fee,
        slippage=costs.slippage,
        held_since=event.at if costs.since is None else costs.since,
        trade=None,
        kind=row.kind,
    )


def _open(symbol: str, origin: Origin) -> OpenLot:
    lot = origin.lot
    return OpenLot(
        symbol,
        lot.quantity,
        lot.cost,
        ratio_down(lot.cost, lot.quantity),
        origin.at,
        origin.cl_ord_id,
        origin.exec_id,
        origin.unexplained,
    )


def _slippage(config: LedgerConfig, told: Fill | TradeUnexplained) -> Decimal:
    if isinstance(told, TradeUnexplained):
        return ZERO
    return slippage_of(told, config.instruments[told.symbol].quote_step)


def slippage_of(fill: Fill, step: Decimal) -> Decimal:
    """What the price cost us against the one that the decision saw; zero when that is unknown.

    Attribution: it is part of the cost that was booked, never booked apart.
    """
    if not fill.decision_price:
        return ZERO
    worse = fill.price - fill.decision_price
    return multiply_even(fill.quantity, worse if fill.side is Side.BUY else -worse, step)


def in_order(
    fills: Iterable[BookedFill],
    unexplained: Iterable[UnexplainedTrade],
    deposits: Iterable[PostedTransfer],
    entries: Iterable[BookedEntry] = (),
) -> list[Event]:
    """Trades and deposits as the ledger met them.

    A deposit that covered what was owed has two transfers, and is one event of the whole amount.
    """
    whole: dict[tuple[int, str], PostedTransfer] = {}
    for each in deposits:
        known = whole.get((each.seq, each.event))
        if known is not None:
            amount = known.transfer.amount + each.transfer.amount
            row = msgspec.structs.replace(known.transfer, amount=amount)
            whole[each.seq, each.event] = msgspec.structs.replace(known, transfer=row)
        else:
            whole[each.seq, each.event] = each
    events: list[Event] = [*fills, *unexplained, *whole.values(), *entries]
    return sorted(events, key=lambda event: event.order)


def parted(events: list[Event], seq: int) -> tuple[list[Event], list[Event]]:
    """Events up to an input, that input included, and those after it."""
    return [each for each in events if each.seq <= seq], [each for each in events if each.seq > seq]
