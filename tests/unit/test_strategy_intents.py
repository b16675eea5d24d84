"""From a verdict to an order: prices, sizes and dust, one row a case."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from actors.messages.decision import VERDICT_COLUMNS, Action, OrderIntent, Reason, Side
from actors.money import run_exact
from actors.strategy.intents import (
    amend_intent,
    entry_intent,
    entry_price,
    exit_intent,
    exit_price,
    for_sale,
    free_of,
    has_bid,
    sells,
)
from actors.strategy.profile import StrategyProfile
from tests.strategy_desk import NOW, D, Desk, instrument, portfolio, position

RULES = instrument("DEFUSD")
PROFILE = StrategyProfile()
FIGURES = (600_000, 20_000, 9_500)


def row(action: Action, reason: Reason) -> np.ndarray:
    found = np.zeros(len(VERDICT_COLUMNS), dtype=np.int32)
    found[:5] = action, reason, *FIGURES
    return found


@pytest.mark.parametrize(
    ("ask", "collar", "price"),
    [
        (100.0, 0, "100.0"),
        (100.1, 2_000, "100.3"),  # 100.3002
        (100.0, 999, "100.0"),  # 100.0999
        (100.0, 1_000, "100.1"),
        (200.0, 500_000, "300.0"),
        (0.09, 2_000, "0.0"),
    ],
)
def test_a_purchase_pays_at_most_the_ask_and_the_collar_on_the_tick_below(
    ask: float, collar: int, price: str
) -> None:
    profile = StrategyProfile(collar_micros=collar)
    assert run_exact(lambda: entry_price(ask, RULES, profile)) == D(price)


@pytest.mark.parametrize(
    ("bid", "collar", "price"),
    [
        (100.0, 0, "100.0"),
        (100.0, 2_000, "99.8"),
        (99.95, 2_000, "99.8"),  # 99.7501
        (100.0, 999, "100.0"),  # 99.9001
        (200.0, 500_000, "100.0"),
        (0.09, 2_000, "0.1"),
    ],
)
def test_a_sale_takes_at_least_the_bid_less_the_collar_on_the_tick_above(
    bid: float, collar: int, price: str
) -> None:
    profile = StrategyProfile(collar_micros=collar)
    assert run_exact(lambda: exit_price(bid, RULES, profile)) == D(price)


@pytest.mark.parametrize(
    ("bid", "there"),
    [
        (100.0, True),
        (0.5, True),
        (5e-324, True),
        (99_999_999_999_999.0, True),
        (1e14, False),
        (0.0, False),
        (-1.0, False),
        (float("nan"), False),
        (float("inf"), False),
    ],
)
def test_a_bid_is_above_nothing_and_below_what_no_market_pays(bid: float, *, there: bool) -> None:
    desk = Desk()
    desk.predict()
    desk.actor.state.marks = desk.marks.copy()
    desk.actor.state.marks[1, 0] = bid
    assert has_bid(desk.actor.state, 1) is there
    assert has_bid(desk.actor.state, 0)


def test_what_is_free_is_the_symbols_own() -> None:
    others = position("XYZUSD", "9"), position("ABCUSD", "3", "2")
    held = portfolio(*others, position("DEFUSD", "5", "4"))
    assert free_of(held, "DEFUSD") == D(4)
    assert free_of(held, "".join("ABCUSD")) == D(2), "a name that was decoded anew"
    assert free_of(held, "GHIUSD") == D(0)
    assert free_of(None, "DEFUSD") == D(0)


@pytest.mark.parametrize(
    ("owned", "free", "flatten", "amount"),
    [
        ("2", "3", False, "2"),
        ("2", "1", False, "1"),
        ("2", "3", True, "3"),
        ("2", "1", True, "1"),
        (None, "3", False, "0"),
        (None, "3", True, "3"),
    ],
)
def test_a_campaign_sells_its_own_and_a_flatten_what_is_free(
    owned: str | None, free: str, amount: str, *, flatten: bool
) -> None:
    desk = Desk()
    if owned is not None:
        desk.owns("DEFUSD", owned)
    desk.actor.state.portfolio = portfolio(position("DEFUSD", "5", free))
    assert for_sale(desk.actor.state, "DEFUSD", flatten=flatten) == D(amount)


def bought(desk: Desk, ask: float = 100.1, equity: str = "10000.00") -> OrderIntent | None:
    """What a verdict to enter the second symbol comes to."""
    state = desk.actor.state
    state.marks = desk.marks.copy()
    state.marks[1, 1] = ask
    money = D(equity)
    state.portfolio = msgspec.structs.replace(portfolio(), equity=money)
    verdict = row(Action.ENTER, Reason.EDGE_ABOVE_COST)
    return run_exact(
        lambda: entry_intent(state, RULES, PROFILE, verdict, index=1, at=NOW),
    )


def test_a_purchase_says_all_of_its_verdict() -> None:
    desk = Desk()
    desk.actor.state.intent_no = 41
    assert bought(desk) == OrderIntent(
        intent_no=42,
        symbol="DEFUSD",
        side=Side.BUY,
        notional=D("300.00"),
        quantity=D(0),
        limit_price=D("100.3"),
        decided_at=NOW,
        action=Action.ENTER,
        reason=Reason.EDGE_ABOVE_COST,
        p_up=600_000,
        expected_move=20_000,
        cost=9_500,
        reference_price=D("100.1"),
    )
    assert desk.actor.state.intent_no == 42


@pytest.mark.parametrize(
    ("ask", "equity", "notional"),
    [
        (100.1, "10000.00", "300.00"),
        (100.1, "333.33", "9.99"),  # 9.9999
        (100.1, "0.34", "0.01"),
        (100.1, "0.33", None),
        (0.0, "10000.00", None),
        (-1.0, "10000.00", None),
        (0.09, "10000.00", None),  # no tick fits below it
        (0.1, "10000.00", "300.00"),
    ],
)
def test_a_purchase_is_the_base_fraction_of_the_equity_rounded_down(
    ask: float, equity: str, notional: str | None
) -> None:
    desk = Desk()
    found = bought(desk, ask, equity)
    assert (None if found is None else found.notional) == (notional and D(notional))
    assert desk.actor.state.intent_no == (0 if notional is None else 1)


@pytest.mark.parametrize(
    ("budget", "cost", "held", "notional"),
    [
        ("300.00", "190.00", True, "110.00"),
        ("300.00", "190.001", True, "109.99"),
        ("900.00", "100.00", True, "300.00"),
        ("300.00", "299.50", True, "0.50"),
        ("300.00", "300.00", True, None),
        ("300.00", "400.00", True, None),
        ("300.00", "190.00", False, "300.00"),  # dust of a campaign before
    ],
)
def test_a_reentry_fills_its_budget_up_and_no_more(
    budget: str, cost: str, notional: str | None, *, held: bool
) -> None:
    desk = Desk()
    desk.owns("DEFUSD", "1", cost=cost, budget=D(budget))
    desk.actor.state.held[1] = held
    found = bought(desk)
    assert (None if found is None else found.notional) == (notional and D(notional))


def sold(
    desk: Desk, action: Action, free: str, part: int = 500_000, **rules: Any
) -> tuple[OrderIntent | None, tuple[Action, Reason]]:
    """What a verdict to leave the second symbol comes to, and the verdict then."""
    desk.owns("DEFUSD", "9")
    state = desk.actor.state
    state.marks = desk.marks.copy()
    state.portfolio = portfolio(position("DEFUSD", "9", free))
    verdict = row(action, Reason.THESIS_MIXED)
    instrument_ = msgspec.structs.replace(RULES, **rules)
    profile = StrategyProfile(partial_exit_micros=part)
    found = run_exact(lambda: exit_intent(state, instrument_, profile, verdict, index=1, at=NOW))
    return found, (Action(verdict[0]), Reason(verdict[1]))


PART, EXIT, HOLD = Action.PARTIAL_EXIT, Action.EXIT, Action.HOLD
SALES = [
    # Decided, free, the part in micros; sold and decided then. The price is 99.8, the least 5.
    (EXIT, "2", 500_000, "2.000", EXIT),
    (EXIT, "2.0009", 500_000, "2.000", EXIT),
    (EXIT, "0.051", 500_000, "0.051", EXIT),
    (EXIT, "0.050", 500_000, None, HOLD),  # worth 4.99
    (EXIT, "0", 500_000, None, HOLD),
    (PART, "2", 500_000, "1.000", PART),
    (PART, "2.001", 500_000, "1.000", PART),
    (PART, "2", 900_000, "1.800", PART),
    (PART, "0.102", 500_000, "0.051", PART),
    (PART, "0.101", 500_000, "0.101", EXIT),  # the part were dust
    (PART, "0.500", 950_000, "0.500", EXIT),  # what is left were
    (PART, "0.500", 50_000, "0.500", EXIT),
    (PART, "0.050", 500_000, None, HOLD),
]


@pytest.mark.parametrize(("action", "free", "part", "quantity", "then"), SALES)
def test_a_sale_is_of_what_is_free_and_leaves_no_dust(
    action: Action, free: str, part: int, quantity: str | None, then: Action
) -> None:
    desk = Desk()
    found, (decided, reason) = sold(desk, action, free, part)
    assert (None if found is None else found.quantity) == (quantity and D(quantity))
    assert decided is then
    assert reason is (Reason.DUST if then is HOLD else Reason.THESIS_MIXED)
    assert desk.actor.state.intent_no == (0 if quantity is None else 1)


def test_a_sale_says_all_of_its_verdict() -> None:
    desk = Desk()
    found, _ = sold(desk, PART, "2")
    assert found == OrderIntent(
        intent_no=1,
        symbol="DEFUSD",
        side=Side.SELL,
        notional=D(0),
        quantity=D("1.000"),
        limit_price=D("99.8"),
        decided_at=NOW,
        action=PART,
        reason=Reason.THESIS_MIXED,
        p_up=600_000,
        expected_move=20_000,
        cost=9_500,
        reference_price=D("100.0"),
    )


@pytest.mark.parametrize("bid", [0.0, float("nan"), 1e14])
def test_without_a_bid_a_sale_waits(bid: float) -> None:
    desk = Desk()
    desk.marks[1, 0] = bid
    found, decided = sold(desk, EXIT, "2")
    assert (found, decided) == (None, (HOLD, Reason.STALE))


@pytest.mark.parametrize(("flatten", "quantity"), [(True, "12.000"), (False, "9.000")])
def test_a_flatten_sells_more_than_its_campaign_owns(quantity: str, *, flatten: bool) -> None:
    desk = Desk()
    desk.owns("DEFUSD", "9")
    state = desk.actor.state
    state.marks = desk.marks.copy()
    state.portfolio = portfolio(position("DEFUSD", "12"))
    verdict = row(EXIT, Reason.FLATTEN if flatten else Reason.THESIS_BROKEN)
    found = run_exact(lambda: exit_intent(state, RULES, PROFILE, verdict, index=1, at=NOW))
    assert found is not None
    assert found.quantity == D(quantity)


@pytest.mark.parametrize(
    ("quantity", "price", "taken"),
    [
        ("0.051", "99.8", True),
        ("0.050", "99.8", False),
        ("0.050", "100.0", True),  # worth 5, exactly
        ("0.010", "1000.0", True),  # the least quantity
        ("0.009", "1000.0", False),
        ("0.009", "100.0", False),
        ("0", "100.0", False),
    ],
)
def test_dust_is_what_the_venue_would_not_take(quantity: str, price: str, *, taken: bool) -> None:
    assert run_exact(lambda: sells(RULES, D(quantity), D(price))) is taken


def test_a_change_names_what_is_left_its_limit_and_the_bid() -> None:
    desk = Desk()
    amounts = (D("1.500"), D("98.9"), D("99.0"))
    verdict = row(EXIT, Reason.THESIS_BROKEN)
    found = amend_intent(desk.actor.state, RULES, verdict, amounts=amounts, at=NOW)
    assert (found.intent_no, found.symbol, found.side) == (1, "DEFUSD", Side.SELL)
    assert (found.notional, found.quantity) == (D(0), D("1.500"))
    assert (found.limit_price, found.reference_price) == (D("98.9"), D("99.0"))
    assert (found.decided_at, found.action, found.reason) == (NOW, EXIT, Reason.THESIS_BROKEN)
