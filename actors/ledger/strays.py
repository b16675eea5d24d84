"""Trades that no order of ours explains: booked once as the venue says, recorded, and a halt.

Our accounts move by what the venue reports, so that cash and position are those that we have there;
the other side is a suspense account, which shows what a person has to explain and accepts by
reactivating. A trade that has no id, names no symbol and side, or is older than what is remembered
(it may have been booked already) is kept aside in suspense, and booked when it is told with what
was missing. Impossible numbers are recorded and not booked. A trade that the venue's lists lead to
an order placed there without us is explained: it is booked against the market, and halts nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.ids import unnamed_trade_id
from actors.kernel.actor import NOTHING, Effects
from actors.ledger.cash import earn, in_quote, is_cash, pay_in, quote_of
from actors.ledger.entries import charge_lots
from actors.ledger.fills import give_up, post, remember, source_of
from actors.ledger.lots import SWAP, take_in
from actors.ledger.positions import drop_if_flat, owed, position_of, symbol_of
from actors.ledger.state import LedgerConfig, LedgerState
from actors.ledger.transfers import SUSPENSE_TRADES, Posting
from actors.ledger.valuation import portfolio, value_at_bid
from actors.messages.codec import encode
from actors.messages.control import Note, Reactivate
from actors.messages.decision import Side
from actors.messages.execution import ExecutionReport, Fill, TradeUnexplained, TradeUnmatched
from actors.messages.ledger import TradeClosed
from actors.money import ZERO

NO_ORDER = "no order of ours is known by that id"
UNNAMED = "it has no trade id, so it may be booked already or be told again under one"
NAMELESS = "it names no symbol and side, and no order of ours is known by its id"
TOO_OLD = "it is older than the trades that are remembered, and may be booked already"
IMPOSSIBLE = "its numbers cannot be a trade"
FOREIGN = "its order was placed at the venue without us"
_BOOKED: Final = (NO_ORDER, FOREIGN)


def book_unmatched(
    config: LedgerConfig, state: LedgerState, message: TradeUnmatched, at: int
) -> Effects:
    """Book or set aside a trade without an order; a repeated one is noted and changes nothing."""
    report, trade_id = message.report, _trade_id(message.report)
    source = source_of(report.cl_ord_id, trade_id)
    reason = _reason(state, message)
    known = source in state.fills or _is_known(state, trade_id, bookable=reason in _BOOKED)
    if message.history and (known or reason == TOO_OLD):
        # The history repeats; what lies behind our memory is held against the balances.
        return NOTHING
    if known:
        return (Note("warning", "ledger.fill_repeated", (("source", source),)),)
    kept_in = state.strays if reason in _BOOKED else state.aside
    remember(config, state, kept_in, trade_id, report.ts)
    posting = Posting(state, source, report.cl_ord_id)
    closed: tuple[TradeClosed, ...] = ()
    if reason in _BOOKED:
        closed = _book(config, posting, report, "market" if reason == FOREIGN else SUSPENSE_TRADES)
    elif message.possible:
        asset, quantity = f"?{report.symbol}", report.last_quantity
        posting.move(asset, quantity, "market", SUSPENSE_TRADES, leg="unexplained")
    if reason != FOREIGN:
        told = f"{report.symbol or 'a trade'} {source}: {reason}"
        posting.alarm("unexplained_trade", "ledger.trade_unexplained", told)
    kept = (_record(report, trade_id, reason), *closed)
    return (*posting.record(at), *kept, portfolio(config, state, at))


def accept(state: LedgerState, message: Reactivate, at: int) -> Effects:
    """A person has seen the unexplained trades: their other side is the market after all.

    A shortfall stays: only a fact that brings what is missing covers it.
    """
    cause = f"reactivated by {message.actor}"
    posting = Posting(state, f"accepted:{state.transfer_no}", cause)
    for name, account in tuple(state.accounts.items()):
        kind, asset = name.split(":", 1)
        if kind != SUSPENSE_TRADES:
            continue
        if account.balance > 0:
            posting.move(asset, account.balance, kind, "market", leg=asset)
        else:
            posting.move(asset, -account.balance, "market", kind, leg=asset)
    return posting.record(at)


def _trade_id(report: ExecutionReport) -> str:
    """The venue's id; without one the report's content names it, so no two are taken for one."""
    return report.exec_id or unnamed_trade_id(encode(report))


def _is_known(state: LedgerState, exec_id: str, *, bookable: bool) -> bool:
    """Whether the trade is booked, or kept aside and still cannot be booked.

    So a trade that was kept aside is booked once it is told with what was missing. Fills of our
    orders are looked through by trade id, for strays alone and so rarely.
    """
    if exec_id in state.strays or (exec_id in state.aside and not bookable):
        return True
    return any(
        source.endswith(exec_id) and source.split(":", 2)[2] == exec_id for source in state.fills
    )


def _reason(state: LedgerState, message: TradeUnmatched) -> str:
    report = message.report
    if not message.possible:
        return IMPOSSIBLE
    if not report.exec_id:
        return UNNAMED
    if state.fills_until and report.ts <= state.fills_until:
        return TOO_OLD
    base, _, quote = report.symbol.partition("/")
    if not (base and quote and report.side is not None):
        return NAMELESS
    return FOREIGN if message.foreign else NO_ORDER


def _book(
    config: LedgerConfig, posting: Posting, report: ExecutionReport, against: str
) -> tuple[TradeClosed, ...]:
    assert report.side is not None
    if report.symbol not in config.instruments:
        _book_foreign(config, posting, report, against)
        return ()
    fill = Fill(
        report.cl_ord_id,
        report.exec_id,
        report.symbol,
        report.side,
        report.last_quantity,
        report.last_price,
        report.cost,
        report.fee,
        report.fee_asset,
        report.liquidity,
        report.ts,
        ZERO,
        ZERO,
    )
    return post(config, posting, fill, None, against=against)


def _book_foreign(
    config: LedgerConfig, posting: Posting, report: ExecutionReport, against: str
) -> None:
    """A trade of a symbol outside the run: what came in costs what went out cost."""
    state = posting.state
    base, _, quote = report.symbol.partition("/")
    given, taken = (quote, report.cost), (base, report.last_quantity)
    if report.side is Side.SELL:
        given, taken = taken, given
    posting.draw(*given, against, hold=None, leg="given")
    cost = _leave(config, state, *given, SWAP)
    short = owed(state, taken[0])
    posting.receive(*taken, against, leg="taken")
    _enter(config, state, *taken, cost=cost, short=short)
    fee_asset = report.fee_asset or quote
    posting.draw(fee_asset, report.fee, "fees", hold=None, leg="fee")
    charge_lots(config, state, fee_asset, report.fee)


def _leave(
    config: LedgerConfig, state: LedgerState, asset: str, amount: Decimal, cause: str
) -> Decimal:
    """What `amount` of `asset` had cost, in the reporting currency.

    What is not of that currency leaves its own at today's worth, as money that is paid out does.
    """
    if is_cash(config, asset):
        return -pay_in(config, state, asset, -amount)
    cost = give_up(config, state, asset, amount, cause)
    return -pay_in(config, state, quote_of(config, asset), -cost)


def _enter(
    config: LedgerConfig,
    state: LedgerState,
    asset: str,
    amount: Decimal,
    *,
    cost: Decimal,
    short: Decimal,
) -> None:
    """Cash is a gain over its cost, a base asset a lot; any other asset has no value here.

    `cost` is in reporting currency; a lot has its cost in the currency of its symbol.
    """
    symbol = symbol_of(config, asset)
    if is_cash(config, asset):
        state.realised += pay_in(config, state, asset, amount) - cost
    elif symbol is None or not amount:
        state.realised -= cost
    else:
        instrument = config.instruments[symbol]
        paid = in_quote(config, state, instrument, cost)
        state.realised += pay_in(config, state, instrument.quote, paid) - cost
        position = position_of(config, state, symbol)
        lost = take_in(state, position, amount, paid, owed=short)
        earn(config, state, instrument.quote, -lost)
        value_at_bid(config, state, config.instruments[symbol], position)
        drop_if_flat(state, position)


def _record(report: ExecutionReport, trade_id: str, reason: str) -> TradeUnexplained:
    return TradeUnexplained(
        report.cl_ord_id,
        trade_id,
        report.symbol,
        report.side.value if report.side is not None else "",
        report.last_quantity,
        report.last_price,
        report.cost,
        report.fee,
        report.fee_asset,
        report.liquidity,
        report.ts,
        report.venue_order_id,
        booked=reason in _BOOKED,
        reason=reason,
    )
