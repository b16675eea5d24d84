"""What an account may lose: the floor of its capital, and the loss of one UTC day.

The loss of the day is drawn from drawdowns alone, so deposits and withdrawals have no part in it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from actors.instant import DAY_NS
from actors.losses import fall_micros
from actors.messages.codec import encode, state_decoder
from actors.messages.control import Reactivate
from actors.messages.ledger import PortfolioHour
from actors.messages.risk import IntentRefused, Refusal, RiskHour
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.state import RiskState, initial_state
from tests.known_clusters import by_base
from tests.spoken_model import UNSIZED, speaks
from tests.unit.test_risk_state import CONFIG, Desk, approved, portfolio, position, refused

D = Decimal
MIDNIGHT = 20_000 * DAY_NS


def desk(**limits: int) -> Desk:
    """A desk whose actor was told nothing yet."""
    found = Desk()
    config = RiskConfig(CONFIG.instruments, RiskProfile(**UNSIZED | limits))
    found.actor = RiskActor(config, initial_state(config))
    found.tell(by_base(config.instruments))
    return found


@pytest.mark.parametrize(
    ("least", "now", "loss"),
    [
        (0, 0, 0),
        (0, 1, 1),
        (0, 30_000, 30_000),
        (100_000, 100_000, 0),
        (100_000, 126_999, 29_999),  # 29,998.9 rounded up
        (100_000, 127_000, 30_000),
        (100_000, 127_001, 30_002),  # 30,001.1 rounded up
        (500_000, 515_000, 30_000),
        (999_999, 1_000_000, 1_000_000),
        (1_000_000, 1_000_000, 1_000_000),
        (0, 2_000_000, 2_000_000),
        (-10, 0, 10),
    ],
)
def test_a_fall_is_measured_from_the_best_of_the_day_and_rounded_up(
    least: int, now: int, loss: int
) -> None:
    assert fall_micros(least, now) == loss


@pytest.mark.parametrize(
    ("opened", "drawdown", "answer"),
    [
        (0, 29_999, None),
        (0, 30_000, Refusal.DAILY_LOSS_LIMIT),
        (50_000, 78_499, None),
        (50_000, 78_500, Refusal.DAILY_LOSS_LIMIT),
    ],
)
def test_the_loss_of_a_day_closes_entries_at_its_limit(
    opened: int, drawdown: int, answer: Refusal | None
) -> None:
    found = desk()
    found.tell(portfolio(drawdown=opened), MIDNIGHT)
    found.tell(portfolio(drawdown=drawdown), MIDNIGHT + 1)
    told = found.ask(at=MIDNIGHT + 1)
    assert (told.reason if isinstance(told, IntentRefused) else None) is answer


def test_a_refusal_names_the_worst_loss_of_the_day_and_the_limit() -> None:
    found = desk()
    for drawdown in (0, 31_000, 5_000):
        found.tell(portfolio(drawdown=drawdown), MIDNIGHT)
    told = found.ask(at=MIDNIGHT)
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value, told.threshold) == (
        Refusal.DAILY_LOSS_LIMIT,
        "31000",
        "below 30000",
    )


def test_a_recovered_loss_stands_until_the_next_day_and_nobody_lifts_it_before() -> None:
    found = desk()
    held = position("AAAUSD", "2.000")
    found.tell(portfolio(held), MIDNIGHT)
    found.tell(portfolio(held, drawdown=30_000), MIDNIGHT + 1)
    found.tell(portfolio(held), MIDNIGHT + DAY_NS - 1)
    found.tell(Reactivate("operator", "reviewed"), MIDNIGHT + DAY_NS - 1)
    assert refused(found.ask(at=MIDNIGHT + DAY_NS - 1)) is Refusal.DAILY_LOSS_LIMIT
    assert approved(found.sell("1.000", MIDNIGHT + DAY_NS - 1)) == D("1.000")
    # The day begins with its first portfolio: until then nobody knows where it begins.
    assert refused(found.ask(at=MIDNIGHT + DAY_NS)) is Refusal.DAILY_LOSS_LIMIT
    found.tell(portfolio(held), MIDNIGHT + DAY_NS)
    assert approved(found.ask("BBBUSD", MIDNIGHT + DAY_NS)) == D("3.000")


def test_a_day_is_measured_from_its_own_best_not_from_that_of_the_day_before() -> None:
    found = desk()
    found.tell(portfolio(), MIDNIGHT)
    for day, drawdown in enumerate((25_000, 50_000, 75_000)):
        at = MIDNIGHT + day * DAY_NS
        found.tell(portfolio(drawdown=drawdown), at + DAY_NS - 1)
        assert approved(found.ask(f"{'ABC'[day] * 3}USD", at + DAY_NS - 1)) == D("3.000")
        found.tell(portfolio(drawdown=drawdown), at + DAY_NS)


def test_a_better_unit_value_within_the_day_is_what_a_loss_is_measured_from() -> None:
    found = desk()
    for drawdown in (60_000, 10_000, 39_699):
        found.tell(portfolio(drawdown=drawdown), MIDNIGHT)
    assert approved(found.ask(at=MIDNIGHT)) == D("3.000")
    found.tell(portfolio(drawdown=39_700), MIDNIGHT)
    assert refused(found.ask("BBBUSD", MIDNIGHT)) is Refusal.DAILY_LOSS_LIMIT


def test_the_loss_of_the_day_outlives_the_process() -> None:
    found = desk()
    found.tell(portfolio(), MIDNIGHT)
    found.tell(portfolio(drawdown=30_000), MIDNIGHT)
    found.actor.state = state_decoder(RiskState).decode(encode(found.actor.state))
    found.tell(portfolio(), MIDNIGHT + 1)
    assert refused(found.ask(at=MIDNIGHT + 1)) is Refusal.DAILY_LOSS_LIMIT


@pytest.mark.parametrize(
    ("equity", "answer"),
    [
        ("9000.01", None),
        ("9000.00", Refusal.CAPITAL_FLOOR),
        ("8999.99", Refusal.CAPITAL_FLOOR),
        ("0.00", Refusal.NO_PORTFOLIO),
        ("sNaN", Refusal.NO_PORTFOLIO),
    ],
)
def test_the_capital_floor_closes_entries_where_equity_is_not_above_it(
    equity: str, answer: Refusal | None
) -> None:
    found = desk(capital_floor_amount=9000)
    found.tell(msgspec.structs.replace(portfolio(), equity=D(equity)), MIDNIGHT)
    told = found.ask(at=MIDNIGHT)
    assert (told.reason if isinstance(told, IntentRefused) else None) is answer
    assert found.actor.state.standing.floored is (answer is not None)


def test_equity_that_is_above_the_floor_again_opens_entries_again() -> None:
    found = desk(capital_floor_amount=9000)
    found.tell(msgspec.structs.replace(portfolio(), equity=D("9000.00")), MIDNIGHT)
    assert refused(found.ask(at=MIDNIGHT)) is Refusal.CAPITAL_FLOOR
    found.tell(portfolio(), MIDNIGHT)
    assert approved(found.ask(at=MIDNIGHT)) == D("3.000")


@pytest.mark.parametrize(
    ("limits", "drawdown", "closed"),
    [
        ({}, 30_000, "daily_loss_limit"),
        ({"capital_floor_amount": 10_000}, 30_000, "capital_floor"),
        ({"capital_floor_amount": 10_000}, 200_000, "drawdown_halt"),
    ],
)
def test_an_hour_names_the_loss_that_closed_entries(
    limits: dict[str, int], drawdown: int, closed: str
) -> None:
    found = desk(**limits)
    found.tell(portfolio(), MIDNIGHT)
    fallen = portfolio(drawdown=drawdown)
    found.tell(fallen, MIDNIGHT)
    speaks(found.actor.state, MIDNIGHT)
    hour, *_ = found.tell(PortfolioHour(MIDNIGHT, fallen), MIDNIGHT)
    assert isinstance(hour, RiskHour)
    assert hour.closed == closed
