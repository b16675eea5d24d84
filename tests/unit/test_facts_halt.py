"""A fact that cannot be explained, in the whole graph: booked, Halted for all to see, lifted by a
person, and facts go on being booked while it stands.
"""

from __future__ import annotations

import asyncio
import io
import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from actors.kernel.envelope import Input
from actors.ledger.balance import faults_of
from actors.messages.codec import encode
from actors.messages.control import Deposit, Reactivate
from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.execution import ExecKind, ExecutionReport
from actors.messages.order import OrderState
from actors.messages.risk import IntentApproved
from actors.money import run_exact
from actors.orders.state import Order
from service.drivers.replay import replay_run
from service.feeds import rules_of
from service.fingerprint import code_fingerprint
from service.graph import build_graph
from service.observe.logs import LogWatcher, RunLog
from service.observe.metrics import exposition, registry_of
from service.observe.readiness import Blocked
from service.observe.stepping import Stepping
from service.observe.view import View
from service.rebuilding import builder
from service.recovery import recover
from service.settings import LogSettings
from tests.observed_run import SYMBOLS, ObservedRun, observed_run, settings_in

D = Decimal
INPUTS = 1200  # enough that every symbol is warm and priced
SYMBOL = "BTC/USD"
HUGE, TINY = D("999999999999.999999999999"), D("0.000000000001")


def trade(run: ObservedRun, cl_ord_id: str, exec_id: str, **fields: object) -> ExecutionReport:
    """A trade as the venue reports it: a purchase of 0.001 for 60.00, unless told otherwise."""
    told = ExecutionReport(
        cl_ord_id,
        exec_id,
        ExecKind.TRADE,
        run.reader.kernel.at,
        D("0.00100000"),
        D("60000.0"),
        D("60.00"),
        D("0.24"),
        "USD",
        symbol=SYMBOL,
        side=Side.BUY,
    )
    return msgspec.structs.replace(told, **fields)


async def resting(run: ObservedRun) -> Order:
    """A buy far below the market, which rests at the venue."""
    kernel = run.reader.kernel
    number = kernel.actor("orders").state.intent_no + 1
    intent = OrderIntent(
        number,
        SYMBOL,
        Side.BUY,
        D(0),
        D("0.01000000"),
        D("1000.0"),
        kernel.at,
        Action.ENTER,
        Reason.EDGE_ABOVE_COST,
        0,
        0,
        0,
        D("1000.0"),
    )
    await run.say(IntentApproved(intent, intent.quantity))
    await run.admit(1)
    orders = kernel.actor("orders").state.live.values()
    order: Order = next(each for each in orders if each.intent_no == number)
    return order


async def open_run(folder: Path) -> tuple[ObservedRun, Order]:
    run = await observed_run(folder, inputs=INPUTS)
    assert run.reader.read().may_trade
    return run, await resting(run)


UNEXPLAINED = [
    ("nobody's order", {}, "unexplained_trade: BTC/USD fill:"),
    ("no symbol", {"symbol": ""}, "unexplained_trade: a trade fill:"),
    ("an overfill", {"ours": True, "last_quantity": D("0.02")}, "order_overfilled: order "),
    ("beyond the cash", {"cost": D("1000000.00")}, "suspense:USD: "),
    ("an oversale", {"side": Side.SELL, "last_quantity": D(50)}, "suspense:BTC: "),
    ("a symbol outside the run", {"symbol": "DOGE/EUR"}, "suspense:EUR: "),
    ("no number", {"fee": D("NaN")}, "unexplained_trade: BTC/USD fill:"),
    ("a huge purchase", {"cost": HUGE, "last_quantity": HUGE}, "suspense:USD: "),
    ("a huge sale", {"side": Side.SELL, "cost": HUGE, "fee": TINY}, "suspense:BTC: "),
    ("an overfill without end", {"ours": True, "last_quantity": HUGE, "cost": HUGE}, "order_over"),
]


@pytest.mark.parametrize(
    ("fields", "reason"), [row[1:] for row in UNEXPLAINED], ids=[row[0] for row in UNEXPLAINED]
)
def test_a_fact_that_cannot_be_explained_halts_trading_and_not_the_core(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    async def work() -> None:
        run, order = await open_run(tmp_path)
        told = {name: value for name, value in fields.items() if name != "ours"}
        whose = order.cl_ord_id if "ours" in fields else "foreign"
        await run.say(trade(run, whose, "t1", **told))
        reading = run.reader.read()
        assert (reading.trading_state, reading.halted, reading.halt_level) == ("Halted", "", 2)
        assert reading.trading_reason.startswith(reason)
        (blocked,) = (each for each in reading.reasons if each.code is Blocked.TRADING_STATE)
        assert reading.trading_reason in blocked.text
        assert b"\nballast_halt_level 2.0\n" in exposition(registry_of(run.reader))
        assert b'\nballast_blocked_reasons{reason="trading_state"} 1.0\n' in exposition(
            registry_of(run.reader)
        )
        ledger = run.reader.kernel.actor("ledger").state
        assert run_exact(lambda: faults_of(ledger)) == ()
        # What rested was called back, and the cancel reached the venue.
        await run.admit(5)
        assert order.cl_ord_id not in run.reader.kernel.actor("orders").state.live
        found = run.reader.kernel.actor("orders").state.find(order.cl_ord_id)
        assert found.state in {OrderState.CANCELLED, OrderState.FILLED}
        # A person lifts it, and what the books say now stops nobody from deciding on.
        await run.say(Reactivate("ann", "seen"))
        await run.admit(300)
        assert run.reader.read().trading_state != "Halted"
        assert run.reader.kernel.halt is None
        assert run_exact(lambda: faults_of(ledger)) == ()

    asyncio.run(work())


def test_while_halted_facts_go_on_being_booked_and_a_person_lifts_it(tmp_path: Path) -> None:
    async def work() -> None:
        run = await observed_run(tmp_path, inputs=INPUTS)
        kernel = run.reader.kernel
        await run.say(trade(run, "foreign", "t1"))
        assert set(run.reader.read().suspense) == {"suspense-trades:USD", "suspense-trades:BTC"}
        for _ in range(2):
            await run.say(trade(run, "", "t2"))
        ledger = kernel.actor("ledger").state
        assert ledger.balance("suspense-trades:BTC") == D("-0.00200000")
        twin = await observed_run(tmp_path / "twin", inputs=INPUTS)
        before = run.tally.orders, twin.tally.orders
        for each in (run, twin):
            await each.admit(2_400)
        assert twin.tally.orders > before[1], "without the halt there would have been orders"
        assert (run.tally.orders, run.reader.read().trading_state) == (before[0], "Halted")
        await run.say(Reactivate("ann", "bought by hand"))
        reading = run.reader.read()
        assert (reading.trading_state, reading.suspense) == ("Active", {})
        await run.say(trade(run, "", "t2"), trade(run, "foreign", "t1"))
        assert run.reader.read().trading_state == "Active"

    asyncio.run(work())


def test_after_a_crash_it_is_still_halted_and_the_same_report_changes_nothing(
    tmp_path: Path,
) -> None:
    """Everything decided again from the journal, audited, then told again."""

    async def work() -> None:
        run, order = await open_run(tmp_path)
        facts = [trade(run, "foreign", "t1"), trade(run, order.cl_ord_id, "t2", symbol="")]
        await run.say(*facts, trade(run, "", "t3", side=Side.SELL, last_quantity=D(50)))
        decision = settings_in(tmp_path).decision
        graph = build_graph(decision, rules_of(SYMBOLS), run.choice.predictor)
        kernel = graph.kernel
        journal = run.segment.pump._journal
        await recover(kernel, journal, code_fingerprint())
        assert kernel.root == run.reader.kernel.root
        standing = kernel.actor("risk").state.standing
        assert standing.reason == run.reader.read().trading_reason
        ledger = kernel.actor("ledger")
        before = encode(ledger.state.accounts)
        for number, fact in enumerate((*facts, trade(run, "", "t2")), kernel.seq + 1):
            kernel.step(Input(number, kernel.at, fact))
        assert encode(ledger.state.accounts) == before
        runs = await journal.runs()
        report = await replay_run(journal, runs[-1], builder(verify=True), verify=True)
        assert report.parity

    asyncio.run(work())


def test_a_shortfall_stays_in_suspense_until_a_fact_covers_it(tmp_path: Path) -> None:
    async def work() -> None:
        run, _ = await open_run(tmp_path)
        await run.say(trade(run, "foreign", "t1", cost=D("250000.00")))
        short = run.reader.read().suspense["suspense:USD"]
        assert short < 0
        await run.say(Reactivate("ann", "a deposit is on its way"))
        assert run.reader.read().suspense == {"suspense:USD": short}
        await run.say(Deposit("USD", D("300000.00"), "late", run.reader.kernel.at))
        assert run.reader.read().suspense == {}

    asyncio.run(work())


def test_the_reason_stands_in_the_log_and_on_the_page(tmp_path: Path) -> None:
    runlog = RunLog(tmp_path / "logs", LogSettings(), to_stderr=False)

    async def work() -> tuple[str, str]:
        watch = LogWatcher(runlog, Stepping(), every_seconds=0.0)
        run = await observed_run(tmp_path, inputs=INPUTS, watch=watch)
        await run.say(trade(run, "foreign", "t1"))
        page = io.StringIO()
        console = Console(file=page, width=150, height=40, color_system=None)
        view = View(console, run.stepping, None)
        await view.opened(run.segment, run.tally, run.plan, run.choice)
        console.print(view, height=40)
        await view.closed()
        return page.getvalue(), run.reader.read().trading_reason

    page, reason = asyncio.run(work())
    assert f"trading is Halted: {reason[:60]}" in page
    lines = [json.loads(line) for line in runlog.path.read_text(encoding="utf-8").splitlines()]
    halted = [line for line in lines if line["event"] == "trading_state"][-1]
    assert (halted["level"], halted["state"], halted["reason"]) == ("warning", "Halted", reason)
    told = next(line for line in lines if line["event"] == "ledger.trade_unexplained")
    assert told["level"] == "error"
    assert "fill:foreign:t1" in told["fields"]["detail"]
