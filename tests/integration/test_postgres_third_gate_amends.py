"""The third gate for changes of an order: whatever slips above it, the database refuses.

A wrong row is left out alone and named, the change is proven not sent, its order goes on as it was,
the account halts, and cancels still leave.
"""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from actors.instant import MINUTE_NS
from actors.messages.control import ConstraintViolated, KillSwitch
from actors.messages.decision import AmendIntent, Side
from actors.messages.execution import ExecKind, ExecutionReport, NotSent
from actors.messages.order import AmendOrder, SubmitOrder
from actors.messages.risk import TradingState, TradingStateChanged
from actors.orders.amendments import AmendState
from actors.orders.state import Order
from adapters.postgres.roles import READER, WRITER
from tests.postgres_server import KINDS, Server, running_server
from tests.third_gate import Gate, Slip, after, changed, run_gate, twice, wrong

D = Decimal
HALTED = TradingStateChanged(TradingState.HALTED, 0, "a slip")


async def rest_a_sale(gate: Gate) -> str:
    """A sale of a fifth of the XBT at 50000 rests for a minute; its id."""
    await gate.begin()
    await gate.say(gate.sale(1))
    (order,) = gate.street.taken
    assert isinstance(order, SubmitOrder)
    await gate.say(ExecutionReport(order.cl_ord_id, "", ExecKind.ACCEPTED, gate.at))
    gate.at += MINUTE_NS
    await gate.say(gate.marks())
    return order.cl_ord_id


def follows(gate: Gate, cl_ord_id: str, number: int = 2) -> AmendIntent:
    """It is to follow to 49900."""
    return AmendIntent(cl_ord_id, changed(gate.sale(number), limit_price=D("49900.0")))


class Case(NamedTuple):
    """A constraint, and who slips and how."""

    name: str
    slip: Slip


CASES = (
    Case("order_amendment_once", twice("orders", AmendOrder)),
    Case("order_amendment_numbered", wrong("orders", AmendOrder, amend_no=0)),
    Case("order_amendment_of_an_exit", wrong("orders", AmendOrder, side=Side.BUY)),
    Case("order_amendment_something_left", wrong("orders", AmendOrder, filled=D("0.01"))),
    Case("order_amendment_limit_price_positive", wrong("orders", AmendOrder, limit_price=D(-1))),
    Case("order_amendment_deadline_after_decision", wrong("orders", AmendOrder, deadline=0)),
    Case("order_amendment_of_a_resting_order", wrong("orders", AmendOrder, cl_ord_id="nobody")),
    Case("order_amendment_of_a_resting_order", wrong("orders", AmendOrder, symbol="ETH/USD")),
    Case("order_amendment_of_a_resting_order", wrong("orders", AmendOrder, filled=D("0.001"))),
    Case("order_amendment_notional_not_raised", wrong("orders", AmendOrder, quantity=D("0.011"))),
    Case(
        "order_amendment_notional_not_raised",
        wrong("orders", AmendOrder, limit_price=D("50000.1")),
    ),
    Case("order_amendment_as_approved", wrong("orders", AmendOrder, limit_price=D("49899.9"))),
    Case("order_amendment_as_approved", wrong("orders", AmendOrder, intent_no=7)),
    Case("order_amendment_as_approved", wrong("orders", AmendOrder, quantity=D("0.009"))),
    Case("order_amendment_state_allows", after("orders", AmendOrder, HALTED)),
    Case("order_amendment_epoch_leads", wrong("orders", AmendOrder, epoch=2)),
)
RIGHT = wrong("orders", AmendOrder)


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def database(server: Server) -> str:
    return asyncio.run(server.fresh_database())


def rows(server: Server, database: str, query: str) -> list[Any]:
    return list(asyncio.run(server.ask(database, query, READER)))


def order_of(gate: Gate, name: str) -> Order:
    found: Order = gate.kernel.actor("orders").state.live[name]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wrong_change_halts_and_is_not_sent(server: Server, database: str, case: Case) -> None:
    async def work(gate: Gate) -> None:
        name = await rest_a_sale(gate)
        sent = len(gate.street.taken)
        gate.slip.armed = True
        await gate.say(follows(gate, name))
        assert not gate.slip.armed, "it never came to that word"
        assert gate.state is TradingState.HALTED
        bodies = await gate.bodies()
        violated = [each.name for each in bodies if isinstance(each, ConstraintViolated)]
        assert case.name in violated
        assert not [each for each in gate.street.taken[sent:] if isinstance(each, AmendOrder)]
        assert [each for each in bodies if isinstance(each, NotSent)]
        assert order_of(gate, name).limit_price == D("50000.0")

    run_gate(server.dsn(database, WRITER), case.slip, work)
    missing = rows(server, database, "SELECT constraint_name FROM ballast.row_refused")
    assert case.name in {row[0] for row in missing}


def test_a_change_that_does_not_slip_is_refused_nothing_and_sent(
    server: Server, database: str
) -> None:
    """It rests, follows, is confirmed, and follows again under a kill."""

    async def work(gate: Gate) -> None:
        name = await rest_a_sale(gate)
        await gate.say(follows(gate, name))
        (change,) = gate.street.taken[1:]
        assert isinstance(change, AmendOrder)
        report = ExecutionReport(name, "", ExecKind.AMENDED, gate.at, limit_price=D("49900.0"))
        await gate.say(report)
        amendment = order_of(gate, name).amendment
        assert amendment is not None
        assert amendment.state is AmendState.AMENDED
        await gate.say(KillSwitch(2, "operator", "storm"))
        gate.at += MINUTE_NS
        await gate.say(gate.marks())
        lower = changed(gate.sale(3), limit_price=D("49800.0"))
        await gate.say(AmendIntent(name, lower))
        assert [type(each) for each in gate.street.taken[2:]] == [AmendOrder]
        assert gate.state is TradingState.REDUCING

    run_gate(server.dsn(database, WRITER), RIGHT, work)
    assert rows(server, database, "SELECT FROM ballast.row_refused") == []
    kept = rows(
        server,
        database,
        "SELECT amend_no, limit_price, intent_no FROM ballast.order_amendment ORDER BY seq",
    )
    assert [tuple(row) for row in kept] == [(1, D("49900.0"), 2), (2, D("49800.0"), 3)]
    told = rows(server, database, "SELECT reason FROM ballast.order_event WHERE reason <> ''")
    assert [row[0] for row in told] == [
        "amendment 1 pending: 50000.0 to 49900.0",
        "amendment 1 amended: reported by the venue",
        "amendment 2 pending: 49900.0 to 49800.0",
    ]


def test_every_rule_for_changes_is_fired_above(server: Server, database: str) -> None:
    stated = rows(
        server,
        database,
        "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u')"
        " AND conrelid = 'ballast.order_amendment'::regclass",
    )
    (judged,) = rows(
        server, database, "SELECT prosrc FROM pg_proc WHERE proname = 'check_order_amendments'"
    )
    names = {row["conname"] for row in stated}
    names |= set(re.findall(r"'(order_amendment_\w+)'", judged["prosrc"]))
    assert names == {case.name for case in CASES}
