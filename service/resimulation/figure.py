"""What some recorded days came to, as figures that two profiles can be compared by.

Counted from records alone; equity, drawdown and exposure are looked at after every input. Ratios
are in millionths, amounts in the account's reporting currency.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Final

import msgspec

from actors.kernel.kernel import Kernel
from actors.kernel.step import StepResult
from actors.messages.decision import Action, Reason, Side, VerdictSlice
from actors.messages.execution import Fill
from actors.messages.ledger import PortfolioState
from actors.messages.order import SubmitOrder
from actors.messages.risk import IntentApproved, IntentRefused, Refusal
from actors.money import ZERO, micros_up

_LADDER: Final = tuple(each.value for each in Refusal)
_GATES: Final = tuple(each.name.lower() for each in Reason)


class Figure(msgspec.Struct, frozen=True):
    """The days by one choice of profiles.

    `refused` counts entries by the rung of risk (or of the orders actor) that refused first,
    `not_entered` evaluations of a symbol by the strategy's first gate that held. `drawdown` is the
    greatest, `exposure` the highest share of the equity in positions.
    """

    entries: int
    sales: int
    refused: dict[str, int]
    not_entered: dict[str, int]
    orders: int
    fills: int
    fees: Decimal
    equity_before: Decimal
    equity: Decimal
    drawdown: int
    exposure: int

    @property
    def refusals(self) -> int:
        """Entries that were refused, by whichever rung."""
        return sum(self.refused.values())


class Watch:
    """Looks on while a graph is stepped; `kernel` is how it stands before the first input."""

    def __init__(self, kernel: Kernel) -> None:
        self._begun = self._seen = _portfolio(kernel)
        self._counts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._gates: Counter[str] = Counter()
        self._drawdown = self._exposure = 0
        self._look(self._seen)

    def see(self, kernel: Kernel, result: StepResult) -> None:
        """Count a step, and look at the account after it."""
        for envelope in result.records:
            body = envelope.body
            if type(body) is VerdictSlice:
                self._verdicts(body)
            elif type(body) is IntentApproved:
                bought = body.intent.side is Side.BUY
                self._counts["entries" if bought else "sales"] += 1
            elif type(body) is IntentRefused:
                if body.side is Side.BUY:
                    self._refused[body.reason.value] += 1
            elif type(body) is SubmitOrder:
                self._counts["orders"] += 1
            elif type(body) is Fill:
                self._counts["fills"] += 1
        found = _portfolio(kernel)
        if found is not self._seen:
            self._seen = found
            self._look(found)

    def figure(self) -> Figure:
        """What it came to so far."""
        counts, begun, now = self._counts, self._begun, self._seen
        return Figure(
            entries=counts["entries"],
            sales=counts["sales"],
            refused={name: self._refused[name] for name in _LADDER if self._refused[name]},
            not_entered={name: self._gates[name] for name in _GATES if self._gates[name]},
            orders=counts["orders"],
            fills=counts["fills"],
            fees=_of(now, "fees") - _of(begun, "fees"),
            equity_before=_of(begun, "equity"),
            equity=_of(now, "equity"),
            drawdown=self._drawdown,
            exposure=self._exposure,
        )

    def _verdicts(self, body: VerdictSlice) -> None:
        actions, reasons = body.rows[:, 0].tolist(), body.rows[:, 1].tolist()
        self._gates.update(
            Reason(reason).name.lower()
            for action, reason in zip(actions, reasons, strict=True)
            if action == Action.NO_ENTRY
        )

    def _look(self, found: PortfolioState | None) -> None:
        if found is None or found.equity <= 0:
            return
        held = sum((each.value for each in found.positions), ZERO)
        self._drawdown = max(self._drawdown, found.drawdown)
        self._exposure = max(self._exposure, micros_up(held, found.equity) if held else 0)


def _portfolio(kernel: Kernel) -> PortfolioState | None:
    found: PortfolioState | None = kernel.actor("risk").state.portfolio
    return found


def _of(found: PortfolioState | None, name: str) -> Decimal:
    amount: Decimal = ZERO if found is None else getattr(found, name)
    return amount
