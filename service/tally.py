"""The tally of a run: what happened, counted from records and outcomes, for the card and the
metrics.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

import msgspec
import numpy as np

from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.messages.decision import Action, Reason, VerdictSlice
from actors.messages.execution import Fill
from actors.messages.ledger import PortfolioHour, TradeClosed
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import IntentRefused, TradingStateChanged

RECENT: Final = 12
_DECISIVE: Final = (Action.ENTER, Action.PARTIAL_EXIT, Action.EXIT)


class RecentDecision(msgspec.Struct, frozen=True):
    """One line of the terminal view: when, what, for which symbol, and why."""

    at: int
    symbol: str
    action: str
    reason: str
    p_up: int
    edge: int


class Tally:
    """Counts since the run started; an observer of the pump.

    Decisions and refusals from `measured_from_ns` (ns UTC) on are also counted apart. Of hours,
    fills and exits the last `kept` are held (None: all, for a run that ends in a report).
    """

    def __init__(
        self, symbols: tuple[str, ...], *, measured_from_ns: int = 0, kept: int | None = None
    ) -> None:
        self.symbols = symbols
        self.measured_from_ns = measured_from_ns
        self.measured_verdicts: Counter[tuple[str, str]] = Counter()
        self.measured_refusals: Counter[str] = Counter()
        self.inputs = 0
        self.at = 0
        self.messages = 0
        self.instants = 0
        self.decisions = 0
        self.orders = 0
        self.fills = 0
        self.trades_closed = 0
        self.failures = 0
        self.verdicts: Counter[tuple[str, str]] = Counter()
        self.refusals: Counter[str] = Counter()
        self.order_states: Counter[str] = Counter()
        self.unknown_orders: set[str] = set()
        self.recent: deque[RecentDecision] = deque(maxlen=RECENT)
        self.hours: deque[PortfolioHour] = deque(maxlen=kept)
        self.closed: deque[TradeClosed] = deque(maxlen=kept)
        self.fill_rows: deque[Fill] = deque(maxlen=kept)
        self.last_state: TradingStateChanged | None = None
        self.last_verdicts: VerdictSlice | None = None

    def __call__(self, entry: Input, result: StepResult) -> None:
        """Count one step."""
        self.inputs += 1
        self.at = entry.at
        self.messages += result.messages
        self.failures += len(result.outcome.failures)
        for envelope in result.records:
            body = envelope.body
            if type(body) is VerdictSlice:
                self._verdicts(body)
            elif type(body) is OrderUpdate:
                self._order(body)
            elif type(body) is Fill:
                self.fills += 1
                self.fill_rows.append(body)
            elif type(body) is IntentRefused:
                self.refusals[body.reason.value] += 1
                if envelope.at >= self.measured_from_ns:
                    self.measured_refusals[body.reason.value] += 1
                self._note(
                    RecentDecision(envelope.at, body.symbol, "refused", body.reason.value, 0, 0)
                )
            elif type(body) is TradeClosed:
                self.trades_closed += 1
                self.closed.append(body)
            elif type(body) is PortfolioHour:
                self.hours.append(body)
            elif type(body) is TradingStateChanged:
                self.last_state = body

    def _verdicts(self, body: VerdictSlice) -> None:
        self.instants += 1
        self.decisions += len(body.rows)
        self.last_verdicts = body
        codes = body.rows[:, 0] * 1000 + body.rows[:, 1]
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            action, reason = Action(int(code) // 1000), Reason(int(code) % 1000)
            name = (action.name.lower(), reason.name.lower())
            self.verdicts[name] += int(count)
            if body.ts >= self.measured_from_ns:
                self.measured_verdicts[name] += int(count)
            if action in _DECISIVE:
                for index in np.nonzero(codes == code)[0]:
                    row = body.rows[index]
                    self._note(
                        RecentDecision(
                            body.ts,
                            self.symbols[int(index)],
                            action.name.lower(),
                            reason.name.lower(),
                            int(row[2]),
                            int(row[5]),
                        )
                    )

    def _order(self, body: OrderUpdate) -> None:
        self.order_states[body.state.value] += 1
        if body.state is OrderState.SUBMITTED:
            self.orders += 1
        if body.state is OrderState.UNKNOWN:
            self.unknown_orders.add(body.cl_ord_id)
        else:
            self.unknown_orders.discard(body.cl_ord_id)

    def _note(self, decision: RecentDecision) -> None:
        self.recent.append(decision)
