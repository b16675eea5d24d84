"""What people and the fee schedule do to the account in session, over the whole live path.

Somebody trades, pays in, pays out and earns under every name that Kraken has for an asset; the fee
moves to another tier, and into the base asset. All of it is booked as the venue has it, once.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec
import pytest

from actors.ledger.state import LedgerState
from actors.messages.control import LedgerEntry, Note
from actors.messages.execution import Fill
from adapters.kraken_simulator.views import AccountSpec
from tests.live_books import assert_standing_here
from tests.live_desk import FUNDS, Session, plan_of
from tests.venue_day import Day, by_hand, day, of, orders_of, trading, until

pytestmark = pytest.mark.timeout(600)
D = Decimal
NEARLY = D("9700")
"""A volume from which a few trades lead into the next tier."""
FAR = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1000.0", "volume": "0.01"}


def foreign(session: Session) -> dict[str, str]:
    """Open orders that are not ours, as we know them."""
    return orders_of(session).foreign


async def used_by_people(session: Session) -> None:
    """An order by hand that rests, another that trades; money in all directions and names."""
    await trading(session)
    placed = await by_hand(session, "order", **FAR)
    await by_hand(session, "order", pair="SOLUSD", type="buy", ordertype="market", volume="1.5")
    await by_hand(session, "deposit", asset="ZUSD", amount="500.0000")
    await by_hand(session, "deposit", asset="XXBT", amount="0.0010000000")
    await by_hand(session, "reward", asset="XBT.F", amount="0.0001000000")
    await by_hand(session, "allocate", asset="USD", amount="100.0000")
    await by_hand(session, "withdraw", asset="USD", amount="20.0000", fee="1.5000")
    await until(lambda: foreign(session))
    await asyncio.sleep(1.0)
    await by_hand(session, "cancel", order_id=placed["order_id"])
    await until(lambda: not foreign(session))
    await by_hand(session, "fees_in_base")
    await until(lambda: [e for e in of(session, Fill) if e.fee_asset not in ("", "USD")])


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A day on which people use the account."""
    ours = AccountSpec(account="alpha", balances={"USD": FUNDS}, volume_usd=NEARLY)
    plan = msgspec.structs.replace(plan_of(), accounts=(ours,))
    return day(tmp_path_factory.mktemp("used"), used_by_people, plan=plan)


def test_a_day_of_people_ends_with_the_books_of_the_venue(used: Day) -> None:
    assert_standing_here(used.result, used.session, used.account)


def test_b9_a_fee_of_another_tier_or_in_base_is_booked_and_told_once(used: Day) -> None:
    notes = [e for e in of(used.session, Note) if e.event == "ledger.fee_differs"]
    told = [(dict(e.fields)["symbol"], dict(e.fields)["asset"]) for e in notes]
    assert {asset for _, asset in told} > {"USD"}, "another tier, and in base"
    assert len(set(told)) == len(told), "once for each rate"
    theirs = {each.exec_id: each for each in used.account["fills"]}
    booked = of(used.session, Fill)
    assert all(e.fee == theirs[e.exec_id].fee for e in booked)
    assert {e.fee_asset for e in booked} > {"USD"}


def test_b9_no_account_is_left_negative_by_dust(used: Day) -> None:
    assert used.session.segment is not None
    ledger: LedgerState = used.session.segment.pump.kernel.actor("ledger").state
    ours = ("available", "held", "staked", "suspense")
    for name, account in ledger.accounts.items():
        if name.startswith(ours):
            assert account.balance >= 0, name
        if name.startswith("suspense"):
            assert account.balance == 0, name


def test_b19_an_order_by_hand_is_seen_and_neither_adopted_nor_cancelled(used: Day) -> None:
    (theirs,) = [e for e in used.account["closed"] if e.limit_price == D("1000.0")]
    assert theirs.reason == "User requested" or "user" in (theirs.reason or "").lower()
    assert not theirs.cl_ord_id
    assert "ws:cancel_all" not in used.account["asked"]


def test_b21_every_name_of_an_asset_is_one_account(used: Day) -> None:
    """XXBT, XBT.F and ZUSD were paid in; the books know BTC and USD."""
    assert used.session.segment is not None
    ledger: LedgerState = used.session.segment.pump.kernel.actor("ledger").state
    assets = {name.partition(":")[2] for name in ledger.accounts}
    assert assets <= {"USD", "BTC", "ETH", "SOL", "XRP"}
    entries = {each.asset for each in of(used.session, LedgerEntry)}
    assert {each.partition(".")[0] for each in entries} <= {"USD", "BTC"}
