"""The orders actor judges the losses of the account itself: capital floor and loss of a day."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.instant import DAY_NS, floor_to
from actors.messages.codec import encode, state_decoder
from actors.messages.decision import Side
from actors.messages.ledger import HoldReleased, PortfolioState
from actors.messages.order import CancelOrder, OrderUpdate, PlaceHold, SubmitOrder
from actors.messages.profile import ProfileInForce
from actors.messages.risk import IntentRefused, Refusal
from actors.orders.state import OrdersConfig, OrdersState
from actors.risk.profile import RiskProfile
from actors.strategy.profile import StrategyProfile
from adapters.instruments.table import instruments
from service.graph import build_graph
from service.settings import DecisionSettings
from tests.books import INSTRUMENTS, START, Books, approved, of

D = Decimal
MIDNIGHT = floor_to(START, DAY_NS) + DAY_NS
LIMITS = OrdersConfig(INSTRUMENTS, capital_floor_amount=9_000, daily_loss_max_micros=30_000)

pytestmark = pytest.mark.usefixtures("exact_money")


class Desk:
    """Orders and ledger with 10,000, in a new UTC day; risk approves whatever is asked."""

    def __init__(self, config: OrdersConfig = LIMITS) -> None:
        self.books = Books(orders=config)
        self.books.start()
        self.books.fund()
        self.books.pass_to(MIDNIGHT)
        self.number = 0

    def worth(
        self, equity: str = "10000.00", drawdown: int = 0, at: int = MIDNIGHT
    ) -> list[CancelOrder]:
        """The ledger's portfolio, and what is called back for it."""
        zero, total = D(0), D(equity)
        told = PortfolioState(at, total, total, zero, zero, zero, zero, total, drawdown, ())
        return of(CancelOrder, list(self.books.orders.handle(told, at)))

    def ask(self, side: Side = Side.BUY) -> tuple[Refusal, str, str] | None:
        """Why an approval is refused here, or None."""
        told = self.books.send(approved(self.number, side, "0.01", at=self.books.at))
        self.number += 1
        if of(SubmitOrder, told):
            return None
        (refused,) = of(IntentRefused, told)
        assert refused.gate == "orders"
        return refused.reason, refused.value, refused.threshold


@pytest.mark.parametrize(
    ("equity", "answer"),
    [
        ("9000.01", None),
        ("9000.00", (Refusal.CAPITAL_FLOOR, "9000.00", "above 9000")),
        ("8999.99", (Refusal.CAPITAL_FLOOR, "8999.99", "above 9000")),
        ("-1", (Refusal.CAPITAL_FLOOR, "-1", "above 9000")),
        ("NaN", (Refusal.CAPITAL_FLOOR, "NaN", "above 9000")),
    ],
)
def test_at_the_capital_floor_nothing_is_bought(
    equity: str, answer: tuple[Refusal, str, str] | None
) -> None:
    desk = Desk()
    desk.worth(equity)
    assert desk.ask() == answer
    desk.worth()
    assert desk.ask() is None  # a line, not an event


def test_before_the_first_portfolio_nobody_knows_that_the_floor_is_kept() -> None:
    desk = Desk()
    desk.books.orders.state.losses.equity = None
    assert desk.ask() == (Refusal.CAPITAL_FLOOR, "None", "above 9000")


@pytest.mark.parametrize(
    ("opened", "drawdown", "answer"),
    [
        (0, 29_999, None),
        (0, 30_000, (Refusal.DAILY_LOSS_LIMIT, "30000", "below 30000")),
        (50_000, 78_499, None),
        (50_000, 78_500, (Refusal.DAILY_LOSS_LIMIT, "30000", "below 30000")),
    ],
)
def test_the_loss_of_a_day_closes_entries_at_its_limit(
    opened: int, drawdown: int, answer: tuple[Refusal, str, str] | None
) -> None:
    desk = Desk()
    desk.worth(drawdown=opened)
    desk.worth(drawdown=drawdown)
    assert desk.ask() == answer


def test_a_recovered_loss_stands_until_the_next_day() -> None:
    desk = Desk()
    desk.worth()
    desk.worth(drawdown=30_000)
    desk.worth()
    lost = (Refusal.DAILY_LOSS_LIMIT, "30000", "below 30000")
    assert desk.ask() == lost
    desk.books.cut()
    assert desk.ask() == lost
    desk.books.pass_to(MIDNIGHT + DAY_NS)
    assert desk.ask() == lost  # the day begins with its first portfolio
    desk.worth(at=MIDNIGHT + DAY_NS)
    assert desk.ask() is None


def test_a_sale_may_always_reduce() -> None:
    desk = Desk()
    desk.books.fund("1", "XBT", "coins")
    desk.worth("1.00", 900_000)
    assert desk.ask(Side.SELL) is None


def test_a_loss_between_approval_and_hold_takes_the_order_back() -> None:
    desk = Desk()
    orders = desk.books.orders
    (hold, _) = orders.handle(approved(0, Side.BUY, "0.01", at=MIDNIGHT), MIDNIGHT)
    assert isinstance(hold, PlaceHold)
    desk.worth()
    desk.worth(drawdown=30_000)
    told = desk.books.send(hold)
    assert not of(SubmitOrder, told)
    (refused,) = of(IntentRefused, told)
    assert refused.reason is Refusal.DAILY_LOSS_LIMIT
    assert of(HoldReleased, told)
    assert not desk.books.orders.state.live
    assert of(OrderUpdate, told)[-1].reason == Refusal.DAILY_LOSS_LIMIT.value


@pytest.mark.parametrize(
    ("equity", "drawdown", "reason"),
    [
        ("9000.01", 29_999, None),
        ("9000.00", 0, "capital_floor: 9000.00, not above 9000"),
        ("10000.00", 30_000, "daily_loss_limit: 30000, not below 30000"),
    ],
)
def test_an_entry_that_rests_when_a_limit_is_reached_is_called_back_once(
    equity: str, drawdown: int, reason: str | None
) -> None:
    desk = Desk()
    desk.books.fund("1", "XBT", "coins")
    desk.worth()
    assert desk.ask() is None
    assert desk.ask(Side.SELL) is None
    (entry, sale) = desk.books.orders.state.live.values()
    told = desk.worth(equity, drawdown)
    assert [each.cl_ord_id for each in told] == ([entry.cl_ord_id] if reason else [])
    assert [each.reason for each in told] == ([reason] if reason else [])
    assert not sale.recalled, "a sale reduces"
    assert desk.worth(equity, drawdown) == [], "asked once; its life ends it otherwise"


def test_an_entry_that_waits_for_its_funds_is_taken_back_there_and_not_cancelled() -> None:
    desk = Desk()
    desk.worth()
    desk.books.orders.handle(approved(0, Side.BUY, "0.01", at=MIDNIGHT), MIDNIGHT)
    assert desk.worth("9000.00") == []


def test_a_limit_of_zero_calls_nothing_back() -> None:
    desk = Desk(OrdersConfig(INSTRUMENTS))
    desk.worth()
    assert desk.ask() is None
    assert desk.worth("0.01", 999_999) == []


def test_without_limits_nothing_is_too_little_and_no_loss_too_much() -> None:
    desk = Desk(OrdersConfig(INSTRUMENTS))
    desk.worth("0.01")
    desk.worth("0.01", 900_000)
    assert desk.ask() is None


def test_a_state_of_an_older_version_has_lost_nothing() -> None:
    fields = msgspec.to_builtins(OrdersState())
    del fields["losses"]
    older = state_decoder(OrdersState).decode(encode(fields))
    assert (older.losses.equity, older.losses.loss_micros) == (None, 0)


def test_the_limits_are_those_of_risk() -> None:
    risk = RiskProfile(capital_floor_amount=123, daily_loss_max_micros=45_000)
    decision = msgspec.structs.replace(DecisionSettings(), risk=risk)
    config = build_graph(decision, instruments(("BTC/USD",)), None).kernel.actor("orders").config
    assert (config.capital_floor_amount, config.daily_loss_max_micros) == (123, 45_000)


def test_limits_that_change_hold_here_from_that_step_on() -> None:
    """A floor that is raised above what the account is worth calls back what rests."""
    desk = Desk(OrdersConfig(INSTRUMENTS))
    desk.worth()
    assert desk.ask() is None
    assert desk.worth("9000.00") == [], "there is no floor"
    (entry,) = desk.books.orders.state.live.values()
    limits = RiskProfile(capital_floor_amount=9_000, daily_loss_max_micros=30_000)
    profiles = (msgspec.json.encode(each).decode() for each in (limits, StrategyProfile()))
    told = desk.books.orders.handle(ProfileInForce(1, *profiles), MIDNIGHT)
    assert [each.cl_ord_id for each in of(CancelOrder, list(told))] == [entry.cl_ord_id]
    assert desk.ask() == (Refusal.CAPITAL_FLOOR, "9000.00", "above 9000")
    desk.books.cut()
    assert desk.ask() == (Refusal.CAPITAL_FLOOR, "9000.00", "above 9000"), "remembered"
