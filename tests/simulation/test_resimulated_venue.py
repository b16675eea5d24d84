"""Days of an account at a venue outside: simulated twice by the paper venue, never by its answers.

What the venue said of orders belongs to orders that the simulation never sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from actors.profiles.state import Profiles
from service.failures import ExitCode, UserError
from service.resimulation.running import Resimulation, resimulated
from service.resimulation.stretch import Asked
from service.stores import open_journal
from tests.simulation.case import Case, NewCase
from tests.simulation.standing import RESTS

TIMID = 2_500


def simulated(
    case: Case, propose: Callable[[Profiles], Profiles], *, newest: bool = False
) -> Resimulation:
    """All that the account recorded, or its newest run alone."""

    async def run() -> Resimulation:
        orders = case.orders
        async with open_journal(orders.kind, orders.place, account=orders.account) as journal:
            asked = Asked(366, (await journal.runs())[-1].run_id if newest else "")
            return await resimulated(journal, asked, propose, stop=asyncio.Event())

    return asyncio.run(run())


def unchanged(before: Profiles) -> Profiles:
    return before


def test_both_choices_get_the_paper_venues_fills(new_case: NewCase) -> None:
    case = new_case("file")
    case.finish()
    same = simulated(case, unchanged)
    assert same.outside
    assert same.proposed == same.current, "the same values by the same fills"
    assert same.recorded.fills > 5
    assert same.current.fills > 5
    assert same.current.orders != 0
    assert same.recorded.equity_before == same.current.equity_before > 0
    cap = (("risk.position_cap_micros", TIMID),)
    timid = simulated(case, lambda before: before.changed(cap))
    assert timid.recorded == same.recorded
    assert timid.current == same.current
    assert timid.proposed.exposure < timid.current.exposure


def test_days_through_which_orders_rest_cannot_be_simulated(new_case: NewCase) -> None:
    """The paper venue knows nothing of them, so it could not say what became of them."""
    case = new_case("file", fate=RESTS, lifetime_seconds=10_000_000)
    pid = case.where.trade(case.orders)
    case.until(partial(_sent, case, 4))
    case.stop(pid)
    pid = case.where.trade(case.orders)
    case.until(partial(_begun, case, 2))
    case.stop(pid)
    assert simulated(case, unchanged).recorded.orders > 0, "before the first order nothing rested"
    with pytest.raises(UserError) as refused:
        simulated(case, unchanged, newest=True)
    assert refused.value.code is ExitCode.MISSING
    assert "nothing rested at the venue" in refused.value.sentence


def _sent(case: Case, least: int) -> bool:
    return case.sent() >= least


def _begun(case: Case, runs: int) -> bool:
    """Whether so many runs have inputs."""

    async def count() -> int:
        orders = case.orders
        async with open_journal(orders.kind, orders.place, account=orders.account) as journal:
            return sum(row.last_seq > row.first_seq for row in await journal.runs())

    return asyncio.run(count()) >= runs
