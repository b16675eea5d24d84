"""What happens when the database refuses a decision: each constraint fired once, on real servers.

A buy rests at the venue; then an actor's word slips once (tests/third_gate.py) and the row that
comes of it is wrong. Inputs stay in the journal, the violation is one of them, nothing is sent,
trading is Halted, and the resting buy is called back.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from actors.messages.base import Message
from actors.messages.codec import encode
from actors.messages.control import ConstraintViolated, KillSwitch
from actors.messages.decision import Side
from actors.messages.execution import ExecKind, ExecutionReport, Fill, NotSent
from actors.messages.ledger import TradeClosed, TransfersPosted
from actors.messages.order import CancelOrder, OrderUpdate, SubmitOrder
from actors.messages.risk import (
    IntentApproved,
    IntentRefused,
    RiskLimits,
    TradingState,
    TradingStateChanged,
)
from actors.risk.admission import limits_of
from actors.risk.profile import RiskProfile
from adapters.postgres.context_rows import CONTEXT_COLUMNS, PREDICTIONS
from adapters.postgres.ingestion_rows import INGESTION_COLUMNS
from adapters.postgres.journal_rows import COLUMNS
from adapters.postgres.roles import READER, WRITER
from adapters.postgres.slice_rows import SLICE_COLUMNS
from tests.postgres_server import KINDS, Server, running_server
from tests.third_gate import (
    Gate,
    Slip,
    after,
    approves,
    changed,
    posts,
    run_gate,
    sees,
    twice,
    wrong,
)

D = Decimal
LIMITS = limits_of(RiskProfile())
REDUCING = TradingStateChanged(TradingState.REDUCING, 0, "")
HALTED = TradingStateChanged(TradingState.HALTED, 0, "")
KILLED = TradingStateChanged(TradingState.ACTIVE, 1, "")
Word = Callable[[Gate], list[Message]]


def buys(gate: Gate) -> list[Message]:
    return [gate.entry(2)]


def sells(gate: Gate) -> list[Message]:
    return [gate.sale(2)]


def asks_in_vain(gate: Gate) -> list[Message]:
    return [gate.entry(2, "DOGE/USD")]


def is_killed(_gate: Gate) -> list[Message]:
    return [KillSwitch(1, "operator", "storm")]


def is_filled(gate: Gate) -> list[Message]:
    """The resting buy is filled in part."""
    return [trade(gate, gate.street.taken[0], "0.10000000", cost="199.00")]


def trade(gate: Gate, order: Message, quantity: str, *, cost: str) -> ExecutionReport:
    """A trade of that order at its limit, with a fee of 0.80."""
    assert isinstance(order, SubmitOrder)
    return ExecutionReport(
        order.cl_ord_id, "T1", ExecKind.TRADE, gate.at, D(quantity), order.limit_price, D(cost),
        D("0.80"), "USD", symbol=order.symbol, side=order.side,
    )  # fmt: skip


def many(said: Message) -> list[Message]:
    """A storm of entries, each of them small and with a number of its own."""
    assert isinstance(said, IntentApproved)
    numbers = range(100, 100 + LIMITS.entries_per_minute_max_count)
    small = changed(said, quantity=D("0.00010000"))
    return [changed(small, intent=changed(said.intent, intent_no=number)) for number in numbers]


class Case(NamedTuple):
    """A constraint, who slips and how, and what the input is that leads to it."""

    name: str
    slip: Slip
    word: Word = buys


CASES = (
    Case("refusal_side", wrong("risk", IntentRefused, side="hold"), asks_in_vain),
    Case("trading_state_known", wrong("risk", TradingStateChanged, state="Odd"), is_killed),
    Case("trading_state_kill_level", wrong("risk", TradingStateChanged, kill_level=4), is_killed),
    Case("risk_profile_of_change", after("risk", IntentApproved, LIMITS)),
    Case("risk_verdict_intent_once", twice("risk", IntentApproved)),
    Case("risk_verdict_side", approves(side="hold")),
    Case("risk_verdict_quantity_positive", approves("-0.01000000")),
    Case("risk_verdict_limit_price_positive", approves(limit_price=D(-1))),
    Case("risk_verdict_finite", sees(equity=D("NaN"))),
    Case("risk_verdict_edge_above_cost", approves(expected_move=9_500)),
    Case("risk_verdict_within_position_cap", approves("0.01200000")),
    Case("risk_verdict_within_exposure_cap", sees(total_worth=D("20000.01"))),
    Case("risk_verdict_within_cash", approves("3.00000000")),
    Case("risk_verdict_positions_below_max", sees(positions_count=10)),
    Case("risk_verdict_drawdown_below_halt", sees(drawdown=200_000)),
    Case("risk_verdict_tier_of_drawdown", sees(drawdown=100_000)),
    Case("risk_verdict_caps_of_tier", sees(position_cap=D("100000.00"))),
    Case("risk_verdict_caps_of_tier", sees(exposure_cap=D("100000.00"))),
    Case("risk_verdict_caps_of_tier", sees(positions_max_count=11)),
    Case("risk_verdict_caps_of_limits", sees(cluster_cap=D("100000.00"))),
    Case("risk_verdict_caps_of_limits", sees(quote_cap=D("100000.00"))),
    Case("risk_verdict_caps_of_limits", sees(risk=D("300000.00"))),
    Case("risk_verdict_caps_of_limits", sees(capital_floor=D(-1))),
    Case("risk_verdict_caps_of_limits", sees(day_loss_max=30_001)),
    Case("risk_verdict_within_cluster_cap", sees(cluster_worth=D("8000.00"))),
    Case("risk_verdict_within_quote_cap", sees(quote_worth=D("20500.00"))),
    Case("risk_verdict_within_risk", sees(risk=D("2999.99"))),
    Case("risk_verdict_above_floor", sees(account_equity=D(0))),
    Case("risk_verdict_day_loss_below_max", sees(day_loss=30_000)),
    Case("risk_verdict_pace", Slip("risk", IntentApproved, many)),
    Case("risk_verdict_edge_margin_of_limits", sees(edge_margin=499)),
    Case(
        "risk_verdict_halt_reviewed",
        sees(
            drawdown=200_000,
            halt_at=250_000,
            tier="defence",
            symbol_worth=D(0),
            position_cap=D("1000.00"),
            positions_max_count=5,
        ),
    ),
    Case("order_event_side", wrong("orders", OrderUpdate, side="hold")),
    Case("order_event_quantity_positive", wrong("orders", OrderUpdate, quantity=D(0))),
    Case("order_event_limit_price_positive", wrong("orders", OrderUpdate, limit_price=D("NaN"))),
    Case("transfer_amount_positive", posts(amount=D(-1))),
    Case("transfer_between_two", posts(credit="available:USD")),
    Case("transfer_finite", posts(credit_balance=D("Infinity"))),
    Case("order_request_once", Slip("orders", SubmitOrder, lambda said: (said, said))),
    Case("order_request_side", wrong("orders", SubmitOrder, side="hold")),
    Case("order_request_quantity_positive", wrong("orders", SubmitOrder, quantity=D(-1))),
    Case("order_request_limit_price_positive", wrong("orders", SubmitOrder, limit_price=D(0))),
    Case("order_request_deadline_after_decision", wrong("orders", SubmitOrder, deadline=0)),
    Case("order_request_has_verdict", wrong("orders", SubmitOrder, intent_no=99)),
    Case("order_request_as_approved", wrong("orders", SubmitOrder, quantity=D("0.02"))),
    Case("order_request_as_approved", wrong("orders", SubmitOrder, limit_price=D("50000.1"))),
    Case("order_request_as_approved", wrong("orders", SubmitOrder, symbol="ETH/USD")),
    Case("order_request_as_approved", wrong("orders", SubmitOrder, side=Side.BUY), sells),
    Case("order_request_funds_held", Slip("ledger", TransfersPosted, lambda _: ())),
    Case("order_request_funds_held", posts(amount=D("501.99"))),
    Case("order_request_funds_held", posts(debit_balance=D("-0.01"))),
    Case("order_request_funds_held", posts(amount=D("0.00999999")), sells),
    Case("order_request_funds_held", posts(debit_balance=D("-0.01")), sells),
    Case("order_request_state_allows", after("orders", SubmitOrder, REDUCING)),
    Case("order_request_state_allows", after("orders", SubmitOrder, KILLED)),
    Case("order_request_state_allows", after("orders", SubmitOrder, HALTED), sells),
    Case("order_request_epoch_leads", wrong("orders", SubmitOrder, epoch=2)),
    Case("fill_trade_once", twice("orders", Fill), is_filled),
    Case("fill_follows_order", wrong("orders", Fill, cl_ord_id="nobody"), is_filled),
)
FROM_THE_START = (
    Case("risk_profile_tightens", wrong("risk", RiskLimits, defence_cap=20_000)),
    Case("risk_profile_no_leverage", wrong("risk", RiskLimits, exposure_cap=1_000_001)),
    Case("risk_profile_bounds_losses", wrong("risk", RiskLimits, capital_floor=-1)),
)
BY_HAND = {
    "verdict_slice_columns",  # a slice is one matrix: no message can break it
    "risk_verdict_limits_known",
    "trade_closed_follows_fill",
}


@pytest.fixture(params=KINDS, scope="module")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Server:
    return running_server(pytestconfig, request.param)


@pytest.fixture
def database(server: Server) -> str:
    return asyncio.run(server.fresh_database())


def rows(server: Server, database: str, query: str) -> list[Any]:
    return list(asyncio.run(server.ask(database, query, READER)))


def expect_halt(before: list[Message], bodies: list[Message], name: str) -> list[Message]:
    """The inputs: as they were, the violation by name, and for each order that it was not sent."""
    assert encode(bodies[: len(before)]) == encode(before)
    word, *added = bodies[len(before) :]
    violated = [each for each in added if isinstance(each, ConstraintViolated)]
    assert (name, len(before) + 1) in [(each.name, each.seq) for each in violated], violated
    return [word, *(each for each in added if isinstance(each, NotSent))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wrong_row_halts_and_sends_nothing(server: Server, database: str, case: Case) -> None:
    async def work(gate: Gate) -> None:
        await gate.begin()
        resting = await gate.rest_a_buy()
        before, sent = await gate.bodies(), len(gate.street.taken)
        gate.slip.armed = True
        (word,) = case.word(gate)
        await gate.say(word)
        assert not gate.slip.armed, "it never came to that word"
        kept, *not_sent = expect_halt(before, await gate.bodies(), case.name)
        assert kept == word
        assert gate.state is TradingState.HALTED
        since = gate.street.taken[sent:]
        assert {type(each) for each in since} == {CancelOrder}, "no order leaves, a cancel does"
        assert {each.cl_ord_id for each in since if isinstance(each, CancelOrder)} >= {resting}
        orders = gate.kernel.actor("orders").state
        assert all(each.cl_ord_id != resting for each in not_sent if isinstance(each, NotSent))
        await gate.say(gate.entry(9))
        assert len(gate.street.taken) == sent + len(since)
        assert list(orders.live) == [resting], "only what rests at the venue is alive"

    run_gate(server.dsn(database, WRITER), case.slip, work)
    missing = rows(server, database, "SELECT constraint_name FROM ballast.row_refused")
    assert case.name in {row[0] for row in missing}
    (last,) = rows(server, database, "SELECT reason FROM ballast.refusal ORDER BY seq DESC LIMIT 1")
    assert last["reason"] == "halted"


@pytest.mark.parametrize("case", FROM_THE_START, ids=lambda case: case.name)
def test_limits_that_are_none_halt_at_the_start(server: Server, database: str, case: Case) -> None:
    async def work(gate: Gate) -> None:
        gate.slip.armed = True
        await gate.begin()
        assert gate.state is TradingState.HALTED
        _, violated, *_ = await gate.bodies()
        assert isinstance(violated, ConstraintViolated)
        assert violated.name == case.name
        await gate.say(gate.marks())
        await gate.say(gate.entry(1))
        assert gate.street.taken == []

    run_gate(server.dsn(database, WRITER), case.slip, work)


def test_a_run_that_states_no_limits_approves_nothing(server: Server, database: str) -> None:
    async def work(gate: Gate) -> None:
        gate.slip.armed = True
        await gate.begin()
        await gate.say(gate.marks())
        before = await gate.bodies()
        await gate.say(gate.entry(1))
        _, not_sent = expect_halt(before, await gate.bodies(), "risk_verdict_limits_known")
        assert isinstance(not_sent, NotSent)
        assert {type(each) for each in gate.street.taken} == {CancelOrder}
        assert gate.state is TradingState.HALTED

    run_gate(server.dsn(database, WRITER), Slip("risk", RiskLimits, lambda _: ()), work)


def test_a_closed_trade_of_no_fill_is_refused_and_the_fill_stays(
    server: Server, database: str
) -> None:
    async def work(gate: Gate) -> None:
        await gate.begin()
        resting = await gate.rest_a_buy()
        await gate.say(gate.sale(2))
        gate.slip.armed = True
        before = await gate.bodies()
        sold = trade(gate, gate.street.taken[-1], "0.01000000", cost="500.00")
        await gate.say(sold)
        (kept,) = expect_halt(before, await gate.bodies(), "trade_closed_follows_fill")
        assert kept == sold
        assert gate.state is TradingState.HALTED
        (cancel,) = gate.street.taken[2:]
        assert isinstance(cancel, CancelOrder)
        assert cancel.cl_ord_id == resting

    slip = wrong("ledger", TradeClosed, exec_id="another")
    run_gate(server.dsn(database, WRITER), slip, work)
    assert rows(server, database, "SELECT exec_id FROM ballast.fill")[0][0] == "T1"
    assert rows(server, database, "SELECT FROM ballast.trade_closed") == []


def test_a_graph_that_does_not_slip_is_refused_nothing(server: Server, database: str) -> None:
    """Entries, exits, fills and a kill; a sale while reducing is allowed."""

    async def work(gate: Gate) -> None:
        await gate.begin()
        await gate.rest_a_buy()
        await gate.say(gate.entry(2))
        await gate.say(trade(gate, gate.street.taken[-1], "0.01000000", cost="500.00"))
        await gate.say(KillSwitch(2, "operator", "storm"))
        await gate.say(gate.marks())
        await gate.say(gate.sale(3))
        kinds = [type(each).__name__ for each in gate.street.taken]
        assert kinds == ["SubmitOrder", "SubmitOrder", "CancelOrder", "SubmitOrder"]
        assert gate.state is TradingState.REDUCING

    run_gate(server.dsn(database, WRITER), wrong("risk", RiskLimits), work)
    assert rows(server, database, "SELECT FROM ballast.row_refused") == []
    (bought,) = rows(
        server,
        database,
        "SELECT notional, position_cap, symbol_worth, exposure_cap, total_worth, positions_count"
        " FROM ballast.risk_verdict WHERE intent_no = 2",
    )
    # The coins and the resting buy are counted; ETH is the other symbol.
    told = [str(each.normalize()) for each in map(Decimal, bought)]
    assert told == ["5E+2", "3075", "2.5E+3", "2.05E+4", "3E+3", "1"]


RULES = re.compile(r"'((?:risk_verdict|risk_profile|order_request|fill|trade_closed)_\w+)'")


# Bookkeeping, not decisions: each is fired in test_postgres_facts, as are those of the context.
OF_BOOKS = {
    "lot",
    "lot_consumed",
    "ledger_entry",
    "risk_hour",
    "cluster_hour",
    "cluster_map",
    "currency_hour",
    "profile_change",
}
# Changes of orders have a gate of their own, in test_postgres_third_gate_amends.
OF_CHANGES = {"order_amendment"}
CHAIN = {
    "transfer_hash_form",
    "transfer_number_once",
    "transfer_debit_sequence_once",
    "transfer_credit_sequence_once",
}


def test_every_constraint_that_can_refuse_a_decision_is_fired_above(
    server: Server, database: str
) -> None:
    elsewhere = {
        *CONTEXT_COLUMNS,
        *INGESTION_COLUMNS,
        *SLICE_COLUMNS,
        PREDICTIONS,
        *OF_BOOKS,
        *OF_CHANGES,
    }
    gate = [table for table in COLUMNS if table not in elsewhere]
    tables = ", ".join(f"'ballast.{table}'::regclass" for table in gate)
    stated = rows(
        server,
        database,
        f"SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u') AND conrelid IN ({tables})",
    )
    judged = rows(
        server,
        database,
        "SELECT prosrc FROM pg_proc WHERE pronamespace = 'ballast'::regnamespace"
        " AND proname IN ('check_verdicts', 'check_order_requests', 'check_fills', 'check_trades',"
        " 'check_risk_profiles')",
    )
    names = {row["conname"] for row in stated}
    names |= {name for row in judged for name in RULES.findall(row["prosrc"])}
    names -= CHAIN
    assert len(judged) == 5
    assert names == {case.name for case in (*CASES, *FROM_THE_START)} | BY_HAND
