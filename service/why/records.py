"""What the database holds of one decision, read on one state of it; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from actors.instant import DAY_NS
from adapters.postgres.schema_objects import Connection
from adapters.postgres.statements import statement

_R = TypeVar("_R")


class Evaluation(msgspec.Struct, frozen=True):
    """A row of verdicts: the columns hold one number a symbol."""

    seq: int
    ordinal: int
    at: int
    run_id: str
    mode: str
    ts: int
    prediction_ts: int
    action: list[int]
    reason: list[int]
    p_up: list[int]
    expected_move: list[int]
    cost: list[int]
    edge: list[int]


class Predicted(msgspec.Struct, frozen=True):
    """A row of predictions."""

    ts: int
    bundle_id: str
    in_sample: bool
    p_up: list[int]
    expected_move: list[int]
    uncertainty: list[int]


class Standing(msgspec.Struct, frozen=True):
    """The trading state, and since when."""

    state: str
    kill_level: int
    reason: str
    at: int


class Hour(msgspec.Struct, frozen=True):
    """What risk stood at when an hour was full; `closed` is the refusal every entry would meet."""

    hour_ts: int
    closed: str
    drawdown: int
    halt_at: int
    tier: str


class Approval(msgspec.Struct, frozen=True):
    """What risk let pass, and at which size."""

    intent_no: int
    side: str
    quantity: Decimal
    limit_price: Decimal
    at: int


class Refused(msgspec.Struct, frozen=True):
    """The first gate of risk (or of the orders actor) that failed."""

    intent_no: int
    side: str
    reason: str
    value: str
    threshold: str
    gate: str
    at: int


class OrderNow(msgspec.Struct, frozen=True):
    """An order as it stands."""

    intent_no: int
    cl_ord_id: str
    side: str
    quantity: Decimal
    limit_price: Decimal
    at: int
    state: str
    filled: Decimal
    reason: str
    state_at: int


class Filled(msgspec.Struct, frozen=True):
    """A fill."""

    cl_ord_id: str
    quantity: Decimal
    price: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    at: int


class RowRefused(msgspec.Struct, frozen=True):
    """A row that the database did not take."""

    table_name: str
    constraint_name: str


class Rung(msgspec.Struct, frozen=True):
    """How often one reason decided."""

    action: int
    reason: int
    evaluations: int


class Became(msgspec.Struct, frozen=True):
    """What followed from the decision."""

    approvals: tuple[Approval, ...]
    refusals: tuple[Refused, ...]
    orders: tuple[OrderNow, ...]
    fills: tuple[Filled, ...]
    rows_refused: tuple[RowRefused, ...]


class DecisionRecords:
    """The rows of one account."""

    def __init__(self, connection: Connection, account: str) -> None:
        self._connection = connection
        self.account = account

    async def evaluation(self, before: int) -> Evaluation | None:
        """The newest before a time."""
        return await self._one(Evaluation, "why_evaluation", before)

    async def first_at(self) -> int | None:
        """When anything was evaluated first; None when nothing was."""
        at: int | None = await self._connection.fetchval(statement("why_first"), self.account)
        return at

    async def prediction(self, found: Evaluation) -> Predicted | None:
        """The prediction that an evaluation names."""
        return await self._one(Predicted, "why_prediction", found.prediction_ts, found.seq)

    async def regime(self, close_ts: int, seq: int, index: int) -> int | None:
        """A symbol's regime at the close of a prediction."""
        row = await self._connection.fetchrow(statement("why_regime"), self.account, close_ts, seq)
        return None if row is None else int(row["regime"][index])

    async def profiles(self, run_id: str, seq: int) -> Mapping[str, str]:
        """The hash of each profile that decides at an input of a run, by kind."""
        rows = await self._rows("why_profiles", run_id, seq)
        return {row["kind"]: row["profile_hash"] for row in rows}

    async def standing(self, seq: int) -> Standing | None:
        """The trading state up to an input; None when it was never told."""
        return await self._one(Standing, "why_standing", seq)

    async def hour(self, seq: int) -> Hour | None:
        """The newest full hour of risk up to an input."""
        return await self._one(Hour, "why_hour", seq)

    async def became(self, found: Evaluation, symbol: str) -> Became:
        """Approvals, refusals, orders and fills that an evaluation led to for a symbol."""
        approved = _all(Approval, await self._rows("why_approvals", found.seq, symbol))
        numbers = [each.intent_no for each in approved]
        refused = _all(Refused, await self._rows("why_refusals", found.seq, symbol, numbers))
        orders = _all(OrderNow, await self._rows("why_orders", found.seq, numbers))
        orders += _all(OrderNow, await self._rows("why_unsent", found.seq, numbers))
        fills = await self._rows("why_fills", [each.cl_ord_id for each in orders])
        lost = await self._rows("why_rows_refused", found.seq)
        return Became(approved, refused, orders, _all(Filled, fills), _all(RowRefused, lost))

    def from_at(self, found: Evaluation) -> int:
        """From when on decisions are counted."""
        return found.at - DAY_NS

    async def rungs(self, found: Evaluation, symbol: str) -> tuple[Rung, ...]:
        """How often each reason decided in the day up to an evaluation."""
        rows = await self._rows("why_rungs", symbol, found.at - DAY_NS, found.seq)
        return _all(Rung, rows)

    async def since(self, found: Evaluation, symbol: str, reason: int) -> tuple[int, bool]:
        """Since when the reason has decided in that day, and whether another one did before."""
        row = await self._connection.fetchrow(
            statement("why_since"), self.account, symbol, found.at - DAY_NS, found.seq, reason
        )
        assert row is not None  # one row of aggregates
        return row["since"], row["changed"]

    async def _rows(self, block: str, *arguments: object) -> list[Any]:
        found: list[Any] = await self._connection.fetch(statement(block), self.account, *arguments)
        return found

    async def _one(self, kind: type[_R], block: str, *arguments: object) -> _R | None:
        row = await self._connection.fetchrow(statement(block), self.account, *arguments)
        return None if row is None else kind(*row)


def _all(kind: Any, rows: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(kind(*row) for row in rows)
