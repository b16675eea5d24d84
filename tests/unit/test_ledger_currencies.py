"""Books in several currencies: cash of each by itself, one portfolio value, and no gain by flows.

The account is reported in USD. One symbol is quoted in CAD, one in USDC, one in USD.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from actors.ledger.state import LedgerConfig, initial_state
from actors.messages.arrays import sealed
from actors.messages.base import Message
from actors.messages.control import Deposit, LedgerEntry
from actors.messages.decision import Side
from actors.messages.execution import (
    ExecKind,
    ExecutionReport,
    Fill,
    Liquidity,
    TradeUnmatched,
)
from actors.messages.ledger import (
    CurrencyView,
    HoldPlaced,
    HoldRefused,
    PortfolioState,
    TradeClosed,
)
from actors.messages.market import CurrencyRate, MarkSlice
from actors.messages.order import PlaceHold
from actors.strategy.intents import equity_in
from tests.books import ETH, START, XBT, Books, of

D = Decimal
CAD = msgspec.structs.replace(ETH, symbol="ETH/CAD", quote="CAD")
COIN = msgspec.structs.replace(ETH, symbol="SOL/USDC", base="SOL", quote="USDC")
CONFIG = LedgerConfig({each.symbol: each for each in (XBT, CAD, COIN)})
SOUND = np.zeros(3, dtype=np.int32)

pytestmark = pytest.mark.usefixtures("exact_money")


@pytest.fixture
def books() -> Books:
    made = Books(ledger=CONFIG)
    made.actors.pop("orders")
    return made


def rate(pair: str, bid: str, ask: str | None = None, ts: int = START) -> CurrencyRate:
    return CurrencyRate(pair, D(bid), D(ask or bid), ts)


def paid(books: Books, asset: str, amount: str, source: str = "") -> PortfolioState:
    return last(books.send(Deposit(asset, D(amount), source or f"{asset} {amount}", START)))


def last(sent: list[Message]) -> PortfolioState:
    return of(PortfolioState, sent)[-1]


def view(state: PortfolioState, currency: str = "CAD") -> CurrencyView:
    (found,) = [each for each in state.currencies if each.currency == currency]
    return found


def marks(books: Books, *bids: float) -> PortfolioState:
    rows = np.array([[bid, bid, bid, 0.0, 0.0, 0.0] for bid in bids])
    return last(books.send(MarkSlice(books.at, sealed(rows), SOUND)))


def trade(side: Side, cost: str, fee: str, *, symbol: str = "ETH/CAD", exec_id: str = "a") -> Fill:
    quote = symbol.partition("/")[2]
    quantity, nothing = D("1.00000000"), D(0)
    price = D(cost)
    return Fill(
        "one",
        exec_id,
        symbol,
        side,
        quantity,
        price,
        D(cost),
        D(fee),
        quote,
        Liquidity.TAKER,
        START,
        nothing,
        nothing,
    )


def test_what_is_in_another_currency_counts_at_what_its_sale_would_bring(books: Books) -> None:
    paid(books, "USD", "1000.00")
    books.send(rate("USD/CAD", "1.24", "1.25"))
    shown = paid(books, "CAD", "500.00")
    assert (shown.equity, shown.cash_free) == (D("1400.00"), D("1000.00"))
    cad = view(shown)
    assert (cad.free, cad.holdings, cad.worth) == (D("500.00"), D("500.00"), D("400.00"))
    assert (cad.least, cad.rate_ts) == (D("0.8"), START)


def test_what_no_rate_was_told_for_is_worth_nothing_and_says_so(books: Books) -> None:
    paid(books, "USD", "1000.00")
    shown = paid(books, "CAD", "500.00")
    cad = view(shown)
    assert shown.equity == D("1000.00")
    assert (cad.free, cad.worth, cad.least, cad.rate_ts) == (D("500.00"), D(0), D(0), 0)


@pytest.mark.parametrize("order", ["rate first", "money first"])
@pytest.mark.parametrize("fallen", ["900.00", "1000.00"])
def test_no_flow_of_another_currency_changes_the_drawdown(
    books: Books, order: str, fallen: str
) -> None:
    paid(books, "USD", "1000.00")
    lost = D("1000.00") - D(fallen)
    if lost:
        books.send(LedgerEntry("loss", "adjustment", "USD", -lost, D(0), START))
    before = books.ledger.state.drawdown
    assert before == int(lost * 1000)
    steps = [rate("USD/CAD", "1.25"), Deposit("CAD", D("500.00"), "in", START)]
    first, second = steps if order == "rate first" else reversed(steps)
    assert last(books.send(first)).drawdown == before
    shown = last(books.send(second))
    assert shown.drawdown == before
    assert shown.equity == D(fallen) + 400
    shown = last(books.send(LedgerEntry("out", "withdrawal", "CAD", D("-250.00"), D(0), START)))
    assert (shown.equity, shown.drawdown) == (D(fallen) + 200, before)
    assert view(shown).gain == 0


def test_a_rate_that_moves_is_a_gain_or_a_loss_of_the_currency_and_shown_apart(
    books: Books,
) -> None:
    paid(books, "USD", "600.00")
    books.send(rate("USD/CAD", "1.25"))
    paid(books, "CAD", "500.00")
    shown = last(books.send(rate("USD/CAD", "1.60", ts=START)))
    assert (shown.equity, view(shown).worth, view(shown).gain) == (
        D("912.50"),
        D("312.50"),
        D("-87.50"),
    )
    assert (shown.realised, shown.unrealised) == (D(0), D(0))
    assert shown.drawdown == 87_500


def test_a_purchase_is_paid_from_its_own_currency_and_nothing_is_converted(books: Books) -> None:
    paid(books, "USD", "100000.00")
    books.send(rate("USD/CAD", "1.25"))
    paid(books, "CAD", "100.00")
    (refused,) = of(HoldRefused, books.send(PlaceHold("big", "CAD", D("100.01"))))
    assert (refused.free, refused.wanted) == (D("100.00"), D("100.01"))
    assert of(HoldPlaced, books.send(PlaceHold("fits", "CAD", D("100.00"))))
    assert books.ledger.state.balance("available:USD") == D("100000.00")


def test_profit_is_realised_in_the_quote_and_shown_at_its_worth(books: Books) -> None:
    paid(books, "USD", "1000.00")
    books.send(rate("USD/CAD", "1.25"))
    paid(books, "CAD", "500.00")
    books.send(trade(Side.BUY, "100.00", "1.00"))
    shown = marks(books, 1.0, 120.0, 1.0)
    assert (shown.equity, shown.realised, shown.unrealised) == (D("1415.20"), D(0), D("15.20"))
    assert shown.fees == D("0.80")
    (held,) = shown.positions
    assert (held.cost, held.value) == (D("101.00"), D("120.00"))  # in its own quote
    assert view(shown).holdings == D("519.00")
    sent = books.send(trade(Side.SELL, "120.00", "2.00", exec_id="b"))
    (closed,) = of(TradeClosed, sent)
    assert closed.realised == D("17.00")
    shown = last(sent)
    assert (shown.realised, shown.unrealised, shown.fees) == (D("13.60"), D("0.00"), D("2.40"))
    assert (view(shown).realised, view(shown).fees) == (D("17.00"), D("3.00"))
    assert books.ledger.state.realised == 0


@pytest.mark.parametrize("cad", ["1.25", "1.3", "1.337", "0.77"])
@pytest.mark.parametrize("usdc", ["1", "0.9987", "1.0213"])
def test_value_is_what_was_paid_in_and_every_gain_apart(books: Books, cad: str, usdc: str) -> None:
    """Equity = paid in + realised + unrealised + gain of currencies, to a cent for each term."""
    books.send(rate("USD/CAD", "1.25", "1.26"))
    books.send(rate("USDC/USD", "0.9995", "0.9996"))
    for asset in ("USD", "CAD", "USDC"):
        paid(books, asset, "1000.00")
    books.send(trade(Side.BUY, "101.37", "0.41"))
    books.send(trade(Side.BUY, "55.55", "0.23", symbol="SOL/USDC", exec_id="b"))
    marks(books, 1.0, 117.77, 49.31)
    books.send(trade(Side.SELL, "117.77", "0.47", exec_id="c"))
    books.send(rate("USD/CAD", cad))
    shown = last(books.send(rate("USDC/USD", usdc)))
    came = D("1000.00") + sum(each.paid_in for each in shown.currencies)
    gained = sum(each.gain for each in shown.currencies)
    parts = came + shown.realised + shown.unrealised + gained
    assert abs(shown.equity - parts) <= D("0.05")
    assert all(each.gain for each in shown.currencies) or (cad, usdc) == ("1.25", "0.9995")


def test_an_old_rate_still_values_and_an_older_one_changes_nothing(books: Books) -> None:
    books.send(rate("USD/CAD", "1.25"))
    shown = paid(books, "CAD", "500.00")
    books.at = START + 10**15
    shown = last(books.send(rate("USD/CAD", "1.60", ts=START - 1)))
    assert (shown.equity, view(shown).rate_ts) == (D("400.00"), START)


def test_a_fee_taken_in_another_currency_is_a_loss_there(books: Books) -> None:
    paid(books, "CAD", "500.00")
    paid(books, "USDC", "500.00")
    bought = msgspec.structs.replace(trade(Side.BUY, "100.00", "1.00"), fee_asset="USDC")
    shown = last(books.send(bought))
    assert (view(shown, "USDC").free, view(shown, "USDC").realised) == (D("499.00"), D("-1.00"))
    assert (view(shown).realised, shown.positions[0].cost) == (D(0), D("100.00"))


def stray(symbol: str, side: Side, quantity: str, cost: str) -> TradeUnmatched:
    """A trade that somebody made at the venue beside us."""
    report = ExecutionReport(
        "",
        f"{symbol} {side}",
        ExecKind.TRADE,
        START,
        D(quantity),
        D(cost) / D(quantity),
        D(cost),
        D(0),
        symbol=symbol,
        side=side,
    )
    return TradeUnmatched(report, possible=True, foreign=True)


def test_currencies_that_a_person_exchanges_are_no_profit_of_trading(books: Books) -> None:
    """100 USD become 125 CAD at 1.25, then the rate moves: the gain is the currency's."""
    paid(books, "USD", "1000.00")
    books.send(rate("USD/CAD", "1.25"))
    shown = last(books.send(stray("USD/CAD", Side.SELL, "100.00", "125.00")))
    assert (shown.equity, shown.cash_free, shown.realised) == (D("1000.00"), D("900.00"), D("0.00"))
    assert (view(shown).free, view(shown).paid_in) == (D("125.00"), D("100.00"))
    shown = last(books.send(rate("USD/CAD", "0.80")))
    assert (shown.equity, view(shown).gain, shown.realised) == (D("1056.25"), D("56.25"), D("0.00"))
    shown = last(books.send(stray("USD/CAD", Side.BUY, "156.25", "125.00")))
    assert (shown.equity, shown.cash_free) == (D("1056.25"), D("1056.25"))
    assert (view(shown).holdings, view(shown).gain, shown.realised) == (D(0), D("56.25"), D(0))


def test_a_lot_bought_elsewhere_costs_what_was_given_in_its_own_quote(books: Books) -> None:
    """ETH is traded against CAD here; somebody buys it with USD."""
    paid(books, "USD", "1000.00")
    books.send(rate("USD/CAD", "1.25"))
    shown = last(books.send(stray("ETH/USD", Side.BUY, "1.00000000", "80.00")))
    assert shown.positions[0].cost == D("100.00")
    shown = marks(books, 1.0, 100.0, 1.0)
    assert (shown.equity, shown.realised, shown.unrealised) == (D("1000.00"), D("0.00"), D("0.00"))
    shown = last(books.send(stray("ETH/USD", Side.SELL, "1.00000000", "90.00")))
    assert (shown.equity, shown.realised) == (D("1010.00"), D("10.00"))
    assert (view(shown).holdings, view(shown).gain) == (D("0.00"), D("0.00"))


@pytest.mark.parametrize("pair", ["USDC/CAD", "USDC/USD"])
def test_a_rate_that_is_not_between_the_account_and_its_quotes_is_nothing_here(pair: str) -> None:
    books = Books(ledger=LedgerConfig({CAD.symbol: CAD}))
    books.fund()
    assert of(PortfolioState, books.send(rate(pair, "1"))) == []
    assert books.ledger.state.exchange_rates == {}


def test_an_account_reported_in_the_quote_of_all_its_symbols_needs_no_rate() -> None:
    books = Books(ledger=LedgerConfig({CAD.symbol: CAD}, reporting="CAD"))
    shown = paid(books, "CAD", "500.00")
    assert (shown.equity, shown.cash_free, shown.currencies) == (D("500.00"), D("500.00"), ())


def test_an_asset_is_traded_against_one_currency_only() -> None:
    twice = msgspec.structs.replace(XBT, symbol="XBT/CAD", quote="CAD")
    with pytest.raises(AssertionError, match="against one currency"):
        initial_state(LedgerConfig({each.symbol: each for each in (XBT, twice)}))


@pytest.mark.parametrize(("bid", "equity"), [("1.25", "1250.00"), ("1.36", "1359.99")])
def test_the_strategy_asks_for_a_share_of_the_equity_in_the_quote(
    books: Books, bid: str, equity: str
) -> None:
    """At most what selling the equity for it would bring, by the ledger's rate, rounded down."""
    paid(books, "USD", "1000.00")
    shown = last(books.send(rate("USD/CAD", bid, "1.5")))
    assert equity_in(shown, CAD) == D(equity)
    assert equity_in(shown, XBT) == D("1000.00")
    assert equity_in(shown, COIN) == 0  # no rate of it is known
