"""Risk at the edges of a run: what it announces, what it inherits and what it does not know."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.instruments import Instrument
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, KillSwitch, RunStarted
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.ledger import PortfolioState
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import (
    Admission,
    IntentApproved,
    IntentRefused,
    Refusal,
    TradingState,
    TradingStateChanged,
)
from actors.money import run_exact
from actors.risk.actor import RiskActor
from actors.risk.admission import limits_of
from actors.risk.profile import RiskConfig
from actors.risk.state import initial_state
from tests.books import ETH, XBT
from tests.spoken_model import speaks

D = Decimal
NOW = 10**15
RULES: tuple[Instrument, ...] = (XBT, ETH)
CONFIG = RiskConfig(RULES)


def started(*symbols: str) -> RunStarted:
    return RunStarted("run", "account", "PAPER", 1, symbols, "", "", "", "", "", "", "")


def tell(actor: RiskActor, message: Message, at: int = NOW) -> tuple[Message, ...]:
    return run_exact(lambda: tuple(actor.handle(message, at)))


def risk() -> RiskActor:
    return RiskActor(CONFIG, initial_state(CONFIG))


def entry(number: int, symbol: str = "XBT/USD") -> OrderIntent:
    return OrderIntent(
        number,
        symbol,
        Side.BUY,
        D("200.00"),
        D(0),
        D("50000.0"),
        NOW,
        Action.ENTER,
        Reason.EDGE_ABOVE_COST,
        600_000,
        20_000,
        9_500,
    )


def funded(actor: RiskActor) -> None:
    equity, zero = D("10000.00"), D(0)
    tell(actor, PortfolioState(NOW, equity, equity, zero, zero, zero, zero, equity, 0, ()))


def priced(actor: RiskActor) -> None:
    state = initial_state(CONFIG)
    state.marks[:] = (50000.0, 50000.1, 50000.0, 0.0, 0.001, 1e6)
    state.flags[:] = 0
    speaks(actor.state, NOW)
    tell(actor, MarkSlice(NOW, state.marks, state.flags))


@pytest.mark.parametrize(
    ("before", "announced"),
    [
        ([], TradingStateChanged(TradingState.ACTIVE, 0, "active")),
        (
            [KillSwitch(2, "operator", "storm")],
            TradingStateChanged(TradingState.REDUCING, 2, "kill level 2: storm (operator)"),
        ),
        (
            [KillSwitch(2, "operator", "storm"), ConstraintViolated("balances", 7)],
            TradingStateChanged(TradingState.HALTED, 2, "constraint balances at input 7"),
        ),
    ],
)
def test_a_run_begins_by_announcing_the_state_that_stands(
    before: list[Message], announced: TradingStateChanged
) -> None:
    actor = risk()
    for message in before:
        tell(actor, message)
    limits = limits_of(actor.config.profile)
    assert tell(actor, started("XBT/USD", "ETH/USD")) == (limits, announced)


def test_an_approval_states_what_risk_saw() -> None:
    """Open buys at their worst are in the worths, unseen holds out of the cash."""
    actor = risk()
    funded(actor)
    priced(actor)
    (first,) = tell(actor, entry(1))
    (second,) = tell(actor, entry(2, "ETH/USD"))
    assert isinstance(first, IntentApproved)
    assert isinstance(second, IntentApproved)
    seen = Admission(
        equity=D("10000.00"),
        drawdown=0,
        halt_at=200_000,
        tier="normal",
        position_cap=D("300.00"),
        symbol_worth=D(0),
        exposure_cap=D("2000.00"),
        total_worth=D(0),
        positions_count=0,
        positions_max_count=10,
        cash_free=D("10000.00"),
        taker_fee=CONFIG.instruments[0].taker_fee,
        edge_margin=500,
        cluster_cap=D("800.00"),
        cluster_worth=D(0),
        quote_cap=D("2000.00"),
        quote_worth=D(0),
        risk=first.sizing.risk,
        account_equity=D("10000.00"),
        capital_floor=D(0),
        day_loss=0,
        day_loss_max=30_000,
    )
    assert first.admission == seen
    claimed = first.quantity * first.intent.limit_price
    assert second.admission.total_worth == claimed == D("200.00")
    assert second.admission.quote_worth == claimed
    assert (second.admission.symbol_worth, second.admission.positions_count) == (D(0), 1)
    assert second.admission.cash_free == D("10000.00") - claimed * (1 + seen.taker_fee)


@pytest.mark.parametrize("symbols", [("XBT/USD",), ("ETH/USD", "XBT/USD"), ()])
def test_a_run_with_other_symbols_than_the_rules_is_a_bug(symbols: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError):
        tell(risk(), started(*symbols))


def test_its_own_refusal_ends_no_claim_and_that_of_orders_does() -> None:
    actor = risk()
    funded(actor)
    priced(actor)
    (approval,) = tell(actor, entry(1))
    assert isinstance(approval, IntentApproved)
    for gate, left in (("risk", 1), ("orders", 0)):
        tell(actor, IntentRefused(1, "XBT/USD", Side.BUY, Refusal.HALTED, "", "", gate))
        assert len(actor.state.reservations) == left


def test_without_any_portfolio_an_entry_is_refused_and_an_exit_has_nothing_to_sell() -> None:
    actor = risk()
    priced(actor)
    (refused,) = tell(actor, entry(1))
    assert isinstance(refused, IntentRefused)
    assert (refused.reason, refused.value) == (Refusal.NO_PORTFOLIO, "none")


@pytest.mark.parametrize(
    ("symbol", "state", "filled", "claims"),
    [
        ("XBT/USD", OrderState.OPEN, "0", 1),
        ("XBT/USD", OrderState.CANCELLED, "0.001", 1),  # no portfolio shows the fill yet
        ("XBT/USD", OrderState.CANCELLED, "0", 0),
        ("DOGE/USD", OrderState.OPEN, "0", 0),
    ],
)
def test_an_order_that_an_older_run_left_claims_what_it_may_still_do(
    symbol: str, state: OrderState, filled: str, claims: int
) -> None:
    """Even before the first portfolio of this run."""
    actor = risk()
    update = OrderUpdate("old", 77, symbol, Side.BUY, state, D("0.006"), D(filled), D("50000.0"))
    tell(actor, update)
    assert len(actor.state.reservations) == claims
    funded(actor)
    priced(actor)
    (answer,) = tell(actor, entry(78))
    # The cap of one position is 300.00, and an order of 0.006 at 50000 takes it whole.
    open_claim = state is OrderState.OPEN and claims == 1
    assert isinstance(answer, IntentRefused if open_claim else IntentApproved)
