"""The pace of entries: the freshest mark, how many a minute has, and the rest after a loss."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from actors.instant import MINUTE_NS
from actors.messages.base import Message
from actors.messages.codec import encode, state_decoder
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.ledger import TradeClosed
from actors.messages.market import MarkSlice
from actors.messages.risk import IntentApproved, IntentRefused, Refusal
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.state import RiskState, initial_state
from actors.routes import routes
from tests.known_clusters import by_base
from tests.spoken_model import UNSIZED, speaks
from tests.unit.test_risk_state import (
    CONFIG,
    NOW,
    SYMBOLS,
    Desk,
    approved,
    portfolio,
    position,
    refused,
)

D = Decimal
REST = 15 * MINUTE_NS


def desk(**limits: int) -> Desk:
    found = Desk()
    config = RiskConfig(CONFIG.instruments, RiskProfile(**UNSIZED | limits))
    found.actor = RiskActor(config, initial_state(config))
    found.tell(by_base(config.instruments))
    found.tell(portfolio())
    return found


def closed(symbol: str, realised: str) -> TradeClosed:
    one, zero = D("1.000"), D("0.00")
    return TradeClosed("id", "exec", symbol, one, zero, zero, zero, D(realised), NOW)


def entry_over(spread: float, depth: float) -> Message:
    """The answer to an entry decided on a sound book, when the freshest mark is another."""
    found = desk()
    rows = np.tile(np.array([100.0, 100.1, 100.0, 0.0, 0.001, 1e6]), (len(SYMBOLS), 1))
    rows[0, 4:] = spread, depth
    speaks(found.actor.state, NOW)
    found.tell(MarkSlice(NOW, rows, np.zeros(len(SYMBOLS), dtype=np.int32)))
    entry = OrderIntent(
        1,
        "AAAUSD",
        Side.BUY,
        D("300.00"),
        D(0),
        D("100.0"),
        NOW,
        Action.ENTER,
        Reason.EDGE_ABOVE_COST,
        600_000,
        20_000,
        9_500,
    )
    (answer,) = found.tell(entry)
    return answer


@pytest.mark.parametrize(
    ("spread", "depth", "answer"),
    [
        (0.002, 10_000.0, None),
        (0.002_001, 10_000.0, (Refusal.SPREAD_TOO_WIDE, "2000")),
        (float("nan"), 10_000.0, (Refusal.SPREAD_TOO_WIDE, "2000")),
        (0.002, 9_999.0, (Refusal.DEPTH_TOO_THIN, "10000")),
        (0.002, float("nan"), (Refusal.DEPTH_TOO_THIN, "10000")),
        (0.003, 0.0, (Refusal.SPREAD_TOO_WIDE, "2000")),
    ],
)
def test_an_entry_is_held_against_the_freshest_spread_and_depth(
    spread: float, depth: float, answer: tuple[Refusal, str] | None
) -> None:
    told = entry_over(spread, depth)
    if answer is None:
        assert isinstance(told, IntentApproved)
    else:
        assert isinstance(told, IntentRefused)
        assert (told.reason, told.threshold) == answer


def test_a_minute_has_so_many_entries_and_the_next_waits_until_the_first_has_left_it() -> None:
    found = desk(entries_per_minute_max_count=2)
    assert approved(found.ask("AAAUSD", NOW)) == D("3.000")
    assert approved(found.ask("BBBUSD", NOW + 1)) == D("3.000")
    told = found.ask("CCCUSD", NOW + MINUTE_NS)  # the first is 60 s old, and still counts
    assert isinstance(told, IntentRefused)
    assert (told.reason, told.value, told.threshold) == (Refusal.ORDER_RATE, "3", "2")
    assert approved(found.ask("CCCUSD", NOW + MINUTE_NS + 1)) == D("3.000")
    assert refused(found.ask("DDDUSD", NOW + MINUTE_NS + 1)) is Refusal.ORDER_RATE
    assert found.actor.state.entries_at == [NOW + 1, NOW + MINUTE_NS + 1]


def test_refused_entries_and_exits_take_no_place_in_the_minute() -> None:
    found = desk(entries_per_minute_max_count=1)
    found.tell(portfolio(position("BBBUSD", "2.000")))
    assert refused(found.ask(limit_price=D("200.0"))) is Refusal.PRICE_COLLAR
    sale = found.ask("BBBUSD", side=Side.SELL, notional=D(0), quantity=D("1.000"))
    assert approved(sale) == D("1.000")
    assert approved(found.ask()) == D("3.000")
    sale = found.ask("BBBUSD", side=Side.SELL, notional=D(0), quantity=D("1.000"))
    assert approved(sale) == D("1.000")


@pytest.mark.parametrize(
    ("symbol", "realised", "later", "answer"),
    [
        ("AAAUSD", "-0.01", 0, Refusal.COOLING_AFTER_LOSS),
        ("AAAUSD", "-0.01", REST, Refusal.COOLING_AFTER_LOSS),
        ("AAAUSD", "-0.01", REST + 1, None),
        ("AAAUSD", "0.00", 0, None),
        ("AAAUSD", "0.01", 0, None),
        ("BBBUSD", "-0.01", 0, None),
        ("ODDUSD", "-0.01", 0, None),
    ],
)
def test_a_symbol_that_closed_at_a_loss_rests(
    symbol: str, realised: str, later: int, answer: Refusal | None
) -> None:
    found = desk()
    assert found.tell(closed(symbol, realised)) == ()
    told = found.ask(at=NOW + later)
    assert (told.reason if isinstance(told, IntentRefused) else None) is answer


def test_a_rest_begins_anew_with_every_loss_and_a_gain_does_not_end_it() -> None:
    found = desk()
    found.tell(closed("AAAUSD", "-0.01"), NOW)
    found.tell(closed("AAAUSD", "-0.01"), NOW + REST)
    found.tell(closed("AAAUSD", "9.00"), NOW + REST)
    assert refused(found.ask(at=NOW + 2 * REST)) is Refusal.COOLING_AFTER_LOSS
    assert approved(found.ask(at=NOW + 2 * REST + 1)) == D("3.000")


def test_an_exit_of_a_symbol_that_rests_passes() -> None:
    found = desk()
    found.tell(portfolio(position("AAAUSD", "2.000")))
    found.tell(closed("AAAUSD", "-0.01"))
    assert approved(found.sell("1.000")) == D("1.000")


def test_a_rest_of_nothing_is_none_even_at_the_same_instant() -> None:
    found = desk(loss_cool_down_ns=0)
    found.tell(closed("AAAUSD", "-0.01"))
    assert approved(found.ask()) == D("3.000")


def test_pace_and_rest_outlive_the_process() -> None:
    found = desk(entries_per_minute_max_count=1)
    found.tell(closed("AAAUSD", "-0.01"))
    assert approved(found.ask("BBBUSD")) == D("3.000")
    found.actor.state = state_decoder(RiskState).decode(encode(found.actor.state))
    assert refused(found.ask("AAAUSD")) is Refusal.COOLING_AFTER_LOSS
    assert refused(found.ask("CCCUSD")) is Refusal.ORDER_RATE


@pytest.mark.parametrize("venue_in_graph", [True, False])
def test_closed_trades_reach_risk(*, venue_in_graph: bool) -> None:
    assert "risk" in routes(venue_in_graph=venue_in_graph)[TradeClosed]
