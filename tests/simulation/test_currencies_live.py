"""An account reported in another currency than it trades in, over the whole live path."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.messages.decision import Side
from actors.messages.execution import Fill
from actors.messages.market import CurrencyRate
from actors.messages.order import SubmitOrder
from actors.messages.risk import IntentRefused, Refusal
from actors.risk.profile import RiskProfile
from tests.live_books import assert_sound
from tests.live_desk import FUNDS, SYMBOLS, Session, plan_of, trade_live
from tests.venue_day import MOST_SECONDS, day, faults, of, trading, until

pytestmark = pytest.mark.timeout(600)
D = Decimal
USD_CAD = "USD/CAD"
BOTH = (*SYMBOLS, USD_CAD)
IN_CAD: dict[str, Any] = {"account": {"name": "paper", "quote": "CAD"}}


async def traded(session: Session) -> None:
    await until(lambda: {each.side for each in of(session, Fill)} == set(Side), MOST_SECONDS / 2)


def test_dollars_are_traded_and_valued_in_canadian_ones_by_the_venues_rate(tmp_path: Path) -> None:
    result, session, account = trade_live(
        tmp_path, MOST_SECONDS, plan=plan_of(BOTH), during=traded, until_done=True, **IN_CAD
    )
    assert_sound(result, session, account)
    assert result.card.fills > 1
    rates = of(session, CurrencyRate)
    assert {each.pair for each in rates} == {USD_CAD}
    assert session.segment is not None
    portfolio = session.segment.pump.kernel.actor("risk").state.portfolio
    assert portfolio is not None
    least, most = (f(each.bid for each in rates) for f in (min, max))
    # Trading for seconds costs a few fees; the rest of the value is the rate.
    assert FUNDS * least * D("0.98") <= portfolio.equity <= FUNDS * most
    (dollars,) = [each for each in portfolio.currencies if each.currency == "USD"]
    assert dollars.holdings > 0
    assert session.venue.simulator.live.asked["rest:Ticker"] >= 2


def test_when_the_rate_falls_silent_nothing_more_is_bought_and_the_reason_is_told(
    tmp_path: Path,
) -> None:
    async def fallen_silent(session: Session) -> None:
        await trading(session)
        await faults(session, {"where": "rest:Ticker", "what": "html_520", "every": 1})
        stale = Refusal.CURRENCY_RATE_STALE
        await until(lambda: [e for e in of(session, IntentRefused) if e.reason is stale])

    found = day(tmp_path, fallen_silent, plan=plan_of(BOTH), **IN_CAD)
    assert_sound(found.result, found.session, found.account)
    told = found.session.told
    first = next(
        at
        for at, body in told
        if isinstance(body, IntentRefused) and body.reason is Refusal.CURRENCY_RATE_STALE
    )
    newest = of(found.session, CurrencyRate)[-1].ts
    assert first - newest > RiskProfile().currency_rate_max_age_ns
    later = [b for at, b in told if isinstance(b, SubmitOrder) and at >= first]
    assert {each.side for each in later} <= {Side.SELL}, "what is held may be sold"
