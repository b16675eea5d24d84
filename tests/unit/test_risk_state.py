"""The risk actor over time: what open orders claim, what halts trading and what lifts it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.instant import DAY_NS, MINUTE_NS
from actors.instruments import Instrument
from actors.messages.base import Message
from actors.messages.control import (
    ActorRestarted,
    ConstraintViolated,
    KillSwitch,
    Note,
    Reactivate,
    RunStarted,
)
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.ledger import HoldPlaced, PortfolioState, PositionView
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.reconciliation import ReconciliationState
from actors.messages.risk import (
    IntentApproved,
    IntentRefused,
    Refusal,
    TradingState,
    TradingStateChanged,
)
from actors.money import money_context
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.reservations import Waiting
from actors.risk.state import initial_state
from tests.known_clusters import by_base
from tests.spoken_model import UNSIZED, speaks

D = Decimal
NOW = 10**15
TOMORROW = NOW + DAY_NS  # a fall overnight is no loss of the new day
SYMBOLS = tuple(f"{letter}{letter}{letter}USD" for letter in "ABCDEFGHIJKL")
CONFIG = RiskConfig(
    tuple(
        Instrument(
            symbol=symbol,
            base=symbol[:3],
            quote="USD",
            tick=D("0.1"),
            lot=D("0.001"),
            quantity_min=D("0.01"),
            cost_min=D("5"),
            quote_decimals=2,
            maker_fee=D("0.0025"),
            taker_fee=D("0.0040"),
        )
        for symbol in SYMBOLS
    ),
    RiskProfile(**UNSIZED),
)


def position(symbol: str, quantity: str, free: str | None = None) -> PositionView:
    held = D(quantity)
    return PositionView(symbol, held, held if free is None else D(free), held * 100, held * 100)


def portfolio(
    *positions: PositionView, cash: str = "10000.00", drawdown: int = 0
) -> PortfolioState:
    zero, equity = D(0), D("10000.00")
    return PortfolioState(
        NOW, equity, D(cash), zero, zero, zero, zero, equity, drawdown, tuple(positions)
    )


class Desk:
    """One risk actor in the money context with a sound market and an empty portfolio."""

    def __init__(self) -> None:
        self.context = money_context()
        self.actor = RiskActor(CONFIG, initial_state(CONFIG))
        self.number = 0
        self.tell(by_base(CONFIG.instruments))
        self.tell(portfolio())

    def tell(self, message: Message, at: int = NOW) -> tuple[Message, ...]:
        return tuple(self.context.run(self.actor.handle, message, at))

    def ask(self, symbol: str = "AAAUSD", at: int = NOW, **changes: Any) -> Message:
        rows = np.tile(np.array([100.0, 100.1, 100.0, 0.0, 0.001, 1e6]), (len(SYMBOLS), 1))
        speaks(self.actor.state, at)
        self.tell(MarkSlice(at, rows, np.zeros(len(SYMBOLS), dtype=np.int32)), at)
        self.number += 1
        entry = OrderIntent(
            self.number,
            symbol,
            Side.BUY,
            D("300.00"),
            D(0),
            D("100.0"),
            at,
            Action.ENTER,
            Reason.EDGE_ABOVE_COST,
            600_000,
            20_000,
            9_500,
        )
        (answer,) = self.tell(msgspec.structs.replace(entry, **changes), at)
        return answer

    def sell(self, quantity: str, at: int = NOW) -> Message:
        return self.ask(at=at, side=Side.SELL, notional=D(0), quantity=D(quantity))

    def update(self, number: int, state: OrderState, filled: str = "0", at: int = NOW) -> None:
        claim = self.actor.state.reservations[str(number)]
        self.tell(
            OrderUpdate(
                f"id{number}",
                number,
                claim.symbol,
                claim.side,
                state,
                claim.quantity,
                D(filled),
                claim.limit_price,
            ),
            at,
        )


def approved(answer: Message) -> Decimal:
    assert isinstance(answer, IntentApproved), answer
    return answer.quantity


def refused(answer: Message) -> Refusal:
    assert isinstance(answer, IntentRefused), answer
    return answer.reason


def test_an_entry_takes_the_cap_and_a_second_one_in_the_symbol_finds_no_room() -> None:
    desk = Desk()
    assert approved(desk.ask()) == D("3.000")
    assert refused(desk.ask()) is Refusal.POSITION_CAP


def test_unacknowledged_orders_fill_the_exposure_cap_of_a_fifth() -> None:
    desk = Desk()
    sizes = [approved(desk.ask(symbol)) for symbol in SYMBOLS[:7]]
    assert sizes == [D("3.000")] * 6 + [D("2.000")]
    assert refused(desk.ask(SYMBOLS[7])) is Refusal.EXPOSURE_CAP


def test_cash_covers_the_fee_and_what_no_hold_shows_yet() -> None:
    desk = Desk()
    desk.tell(portfolio(cash="401.60"))
    assert approved(desk.ask()) == D("3.000")  # 300.00 + 1.20
    assert approved(desk.ask(SYMBOLS[1])) == D("1.000")  # 100.40 left pays 100.00 + 0.40
    assert refused(desk.ask(SYMBOLS[2])) is Refusal.INSUFFICIENT_CASH


def test_a_hold_counts_once_when_a_portfolio_shows_it() -> None:
    desk = Desk()
    desk.tell(portfolio(cash="401.60"))
    desk.ask()
    desk.update(1, OrderState.PENDING)
    desk.tell(HoldPlaced("id1"))
    desk.tell(portfolio(cash="100.40"))
    assert approved(desk.ask(SYMBOLS[1])) == D("1.000")


def test_a_fill_counts_as_order_until_the_portfolio_shows_it_and_never_twice() -> None:
    desk = Desk()
    desk.ask()
    desk.update(1, OrderState.FILLED, "3.000")
    assert refused(desk.ask()) is Refusal.POSITION_CAP
    desk.tell(portfolio())  # the same instant, without the fill
    assert refused(desk.ask()) is Refusal.POSITION_CAP
    desk.tell(portfolio(position("AAAUSD", "2.500")), NOW)
    assert refused(desk.ask()) is Refusal.POSITION_CAP
    desk.tell(portfolio(position("AAAUSD", "3.000")), NOW)
    assert desk.actor.state.reservations == {}


def test_an_order_that_ends_without_a_fill_frees_its_room_at_once() -> None:
    desk = Desk()
    desk.ask()
    desk.update(1, OrderState.EXPIRED)
    assert approved(desk.ask()) == D("3.000")


def test_an_approval_refused_by_orders_or_never_answered_is_forgotten() -> None:
    desk = Desk()
    desk.ask()
    desk.tell(IntentRefused(1, "AAAUSD", Side.BUY, Refusal.DECISION_TOO_OLD, "", "", "orders"))
    assert approved(desk.ask()) == D("3.000")
    assert desk.tell(portfolio(), NOW + MINUTE_NS) == ()
    (note,) = desk.tell(portfolio(), NOW + MINUTE_NS + 1)
    assert note.event == "risk.approval_unanswered"  # type: ignore[attr-defined]
    assert approved(desk.ask(at=NOW + MINUTE_NS + 1)) == D("3.000")


def test_sales_never_exceed_what_is_free_even_when_asked_twice() -> None:
    desk = Desk()
    desk.tell(portfolio(position("AAAUSD", "2.000", "1.500")))
    assert refused(desk.sell("1.501")) is Refusal.NOT_HELD
    assert approved(desk.sell("1.000")) == D("1.000")
    assert refused(desk.sell("1.000")) is Refusal.NOT_HELD
    assert approved(desk.sell("0.500")) == D("0.500")


def test_an_order_of_unknown_outcome_closes_its_symbol_only() -> None:
    desk = Desk()
    desk.ask(notional=D("100.00"))
    desk.update(1, OrderState.UNKNOWN)
    assert refused(desk.ask()) is Refusal.UNKNOWN_ORDER
    assert approved(desk.ask(SYMBOLS[1])) == D("3.000")


def test_positions_are_counted_without_dust_and_with_open_entries() -> None:
    desk = Desk()
    held = [position(symbol, "0.100") for symbol in SYMBOLS[:8]]
    desk.tell(portfolio(*held, position("IIIUSD", "0.009")))
    assert approved(desk.ask("JJJUSD")) == D("3.000")
    assert approved(desk.ask("KKKUSD")) == D("3.000")
    assert refused(desk.ask("LLLUSD")) is Refusal.MAX_POSITIONS
    assert approved(desk.ask("AAAUSD")) == D("2.900")


@pytest.mark.parametrize(
    ("drawdown", "quantity"),
    [(99_999, "3.000"), (100_000, "1.500"), (150_000, "1.000"), (199_999, "1.000")],
)
def test_a_tier_caps_an_entry(drawdown: int, quantity: str) -> None:
    desk = Desk()
    desk.tell(portfolio(drawdown=drawdown), TOMORROW)
    assert approved(desk.ask(at=TOMORROW)) == D(quantity)


def state_of(effects: tuple[Message, ...]) -> tuple[TradingState, int]:
    (found,) = effects
    assert isinstance(found, TradingStateChanged)
    return found.state, found.kill_level


def test_the_kill_level_reduces_at_every_level_and_zero_clears_it() -> None:
    desk = Desk()
    desk.tell(portfolio(position("AAAUSD", "2.000")))
    for level in (1, 2, 3):
        changed = desk.tell(KillSwitch(level, "operator", "test"))
        assert state_of(changed) == (TradingState.REDUCING, level)
        assert refused(desk.ask()) is Refusal.KILL_SWITCH
        assert approved(desk.sell("0.100")) == D("0.100")
    assert desk.tell(KillSwitch(3, "operator", "again")) == ()
    assert desk.tell(Reactivate("operator", "reviewed")) == ()
    assert state_of(desk.tell(KillSwitch(0, "operator", "over"))) == (TradingState.ACTIVE, 0)
    assert approved(desk.ask()) == D("1.000")


def test_a_kill_level_out_of_range_is_the_nearest_safe_one() -> None:
    desk = Desk()
    assert state_of(desk.tell(KillSwitch(9, "operator", "test"))) == (TradingState.REDUCING, 3)
    assert desk.tell(KillSwitch(-1, "operator", "test")) == ()


def test_a_violated_constraint_halts_exits_too_and_only_a_person_lifts_it() -> None:
    desk = Desk()
    desk.tell(portfolio(position("AAAUSD", "2.000")))
    changed = desk.tell(ConstraintViolated("balances", 7))
    assert state_of(changed) == (TradingState.HALTED, 0)
    desk.tell(KillSwitch(0, "operator", "no help"))
    assert refused(desk.sell("1.000")) is Refusal.HALTED
    assert state_of(desk.tell(Reactivate("operator", "fixed"))) == (TradingState.ACTIVE, 0)
    assert approved(desk.sell("1.000")) == D("1.000")


def test_a_drawdown_halt_waits_for_a_person_and_halts_again_a_step_deeper() -> None:
    desk = Desk()
    held = position("AAAUSD", "2.000")
    changed = desk.tell(portfolio(held, drawdown=200_000))
    assert state_of(changed) == (TradingState.REDUCING, 0)
    assert refused(desk.ask()) is Refusal.DRAWDOWN_HALT
    assert approved(desk.sell("1.000")) == D("1.000")
    desk.tell(portfolio(drawdown=100_000))
    assert refused(desk.ask()) is Refusal.REDUCING_ONLY
    desk.tell(portfolio(drawdown=210_000), TOMORROW)
    assert state_of(desk.tell(Reactivate("operator", "reviewed"))) == (TradingState.ACTIVE, 0)
    desk.tell(portfolio(drawdown=259_999), TOMORROW + DAY_NS)
    assert approved(desk.ask("BBBUSD", TOMORROW + DAY_NS)) == D("1.000")
    deeper = desk.tell(portfolio(drawdown=260_000), TOMORROW + DAY_NS)
    assert state_of(deeper) == (TradingState.REDUCING, 0)


def test_a_restarted_actor_holds_entries_off_until_the_instant_has_passed() -> None:
    desk = Desk()
    desk.tell(ActorRestarted("features", "digest"))
    until = NOW + CONFIG.profile.restart_hold_off_ns
    assert refused(desk.ask(at=until)) is Refusal.ACTOR_RESTARTING
    assert approved(desk.ask(at=until + 1)) == D("3.000")


@pytest.mark.parametrize("wrong", ["NaN", "sNaN", "Infinity", "-0", "0", "-1", "1E+15"])
def test_a_portfolio_whose_equity_is_no_amount_is_no_portfolio(wrong: str) -> None:
    desk = Desk()
    desk.tell(msgspec.structs.replace(portfolio(), equity=D(wrong)))
    assert refused(desk.ask()) is Refusal.NO_PORTFOLIO


def test_marks_of_a_warm_up_price_nothing() -> None:
    desk = Desk()
    rows = np.full((len(SYMBOLS), 6), 100.0)
    flags = np.zeros(len(SYMBOLS), dtype=np.int32)
    desk.tell(MarkSlice(NOW, rows, flags, warm_up=True))
    assert desk.actor.state.marked_at < 0


def test_resume_is_refused_with_the_difference_while_the_venue_and_we_disagree() -> None:
    """G5: the halt stays, and what stands in the way is told; once explained, it is lifted."""
    desk = Desk()
    desk.tell(ConstraintViolated("fill_before_order", 42))
    desk.tell(ReconciliationState("balance USD: 1 here, 2 at the venue", differs=True))
    note, standing = desk.tell(Reactivate("operator", "go on"))
    assert isinstance(note, Note)
    assert note.event == "risk.resume_refused"
    assert isinstance(standing, TradingStateChanged)
    assert standing.state is TradingState.HALTED
    assert standing.reason.endswith("not resumed: balance USD: 1 here, 2 at the venue")
    desk.tell(ReconciliationState("", differs=False))
    assert state_of(desk.tell(Reactivate("operator", "go on"))) == (TradingState.ACTIVE, 0)


def test_of_very_many_fills_at_one_time_the_next_portfolio_shows_all() -> None:
    """None is looked for in the figures of their own instant: each counts twice until then."""
    desk = Desk()
    desk.tell(portfolio())
    for number in range(70):
        told = OrderUpdate(
            f"id{number}",
            number,
            "AAAUSD",
            Side.BUY,
            OrderState.FILLED,
            D("1.000"),
            D("1.000"),
            D("100.0"),
        )
        desk.tell(told)
    assert len(desk.actor.state.reservations) == 70
    desk.tell(portfolio(position("AAAUSD", "70.000")))
    assert len(desk.actor.state.reservations) == 70
    desk.tell(portfolio(position("AAAUSD", "70.000")), at=NOW + 1)
    assert desk.actor.state.reservations == {}


def test_reservations_of_an_older_versions_snapshot_are_settled_from_the_next_run_on() -> None:
    """Such a snapshot does not say what each waits for; a fill in it is shown by a portfolio."""
    desk = Desk()
    desk.tell(portfolio())
    filled = OrderUpdate(
        "id", 1, "AAAUSD", Side.BUY, OrderState.FILLED, D("1.000"), D("1.000"), D("100.0")
    )
    desk.tell(filled)
    desk.actor.state.waiting = Waiting()
    desk.tell(RunStarted("run", "paper", "PAPER", 1, SYMBOLS, "", "", "", "", "", "", ""))
    desk.tell(portfolio(position("AAAUSD", "1.000")), at=NOW + 1)
    assert desk.actor.state.reservations == {}
