"""B9 on the whole live path: the account begins with its own tier and follows it over the hour."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.instant import HOUR_NS, SECOND_NS
from actors.messages.control import FeeTier
from adapters.kraken_simulator.faults.script import Fault
from adapters.kraken_simulator.serving.plan import Plan
from service.failures import ExitCode, UserError
from tests.live_books import assert_sound
from tests.live_desk import Session, plan_of, trade_live

D = Decimal
SECONDS = 30.0
pytestmark = pytest.mark.timeout(600)


def plan(volume_usd: str) -> Plan:
    """A venue that opens six minutes before a full hour, with an account of that volume."""
    found = plan_of(("BTC/USD", "ETH/USD", "SOL/USD"))
    (account,) = found.accounts
    account = msgspec.structs.replace(account, volume_usd=D(volume_usd))
    started_ns = found.started_ns // HOUR_NS * HOUR_NS - 360 * SECOND_NS
    return msgspec.structs.replace(found, accounts=(account,), started_ns=started_ns)


async def busy_elsewhere(session: Session) -> None:
    """The account's other volume passes the next tier."""
    await session.is_open.wait()
    exchange = session.venue.simulator.live.exchange
    exchange._venue.accounts["alpha"].volume.add(D(20_000), exchange.now_ns)


def test_a_tier_that_moves_counts_after_the_hour(tmp_path: Path) -> None:
    result, session, account = trade_live(
        tmp_path, SECONDS, plan=plan("40000"), during=busy_elsewhere
    )
    assert_sound(result, session, account)
    assert session.segment is not None
    kernel, rules = session.segment.pump.kernel, session.segment.graph.instruments
    assert {(rule.taker_fee, rule.maker_fee) for rule in rules} == {(D("0.0035"), D("0.002"))}
    told = {FeeTier(rule.symbol, D("0.0024"), D("0.0014")) for rule in rules}
    assert set(kernel.actor("orders").state.fees.values()) == told
    assert set(kernel.actor("risk").state.fees.values()) == told


def test_without_its_fees_no_run_begins(tmp_path: Path) -> None:
    """Nothing is sent: costs are not guessed where orders are real."""
    silent = Fault(where="rest:TradeVolume", what="error", text="EGeneral:Permission denied")
    with pytest.raises(UserError, match="does not tell the account's fees") as refused:
        trade_live(tmp_path, SECONDS, plan=plan_of(faults=(silent,)))
    assert refused.value.code is ExitCode.ENVIRONMENT
