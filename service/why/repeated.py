"""The records of a journal in files, which keeps none: made again by repeating its steps.

From the newest snapshot before the time in question that is followed by a decision, to that time
and some way further, so that orders can be followed. Older decisions are not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from actors.instant import DAY_NS
from actors.journal_chain import ChainVerifier
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import Snapshot
from actors.messages.base import Message
from actors.messages.control import RunStarted
from actors.messages.decision import VerdictSlice
from actors.messages.execution import Fill
from actors.messages.order import OrderUpdate, SubmitOrder
from actors.messages.prediction import OWN_COLUMNS, PredictionSlice, RegimeSlice
from actors.messages.profile import ProfileInForce
from actors.messages.risk import (
    AmendApproved,
    IntentApproved,
    IntentRefused,
    RiskHour,
    TradingStateChanged,
)
from actors.ports import JournalCorruptError, JournalView, RunRow
from adapters.postgres.context_rows import in_force_rows, started_rows
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.fingerprint import code_fingerprint
from service.rebuilding import graph_of
from service.recovery import ParityDivergedError, repeat
from service.trusted_snapshots import Passed, trusted_snapshots
from service.why.moment import Progress
from service.why.records import (
    Approval,
    Became,
    Evaluation,
    Filled,
    Hour,
    OrderNow,
    Predicted,
    Refused,
    Rung,
    Standing,
)

FOLLOWED_INPUTS: Final = 1_000
_B = TypeVar("_B", bound=Message)


class Told(NamedTuple):
    """A record with its place."""

    run: RunRow
    seq: int
    at: int
    body: Message


class RepeatedRecords:
    """What `DecisionRecords` answers, from the steps of one stretch of the journal."""

    def __init__(self, account: str, told: Sequence[Told], begun: Mapping[str, RunStarted]) -> None:
        self.account = account
        self._told = told
        self._begun = begun

    async def evaluation(self, before: int) -> Evaluation | None:
        """The newest before a time."""
        found = [each for each, _ in self._of(VerdictSlice) if each.at < before]
        return _evaluation(found[-1]) if found else None

    async def first_at(self) -> int | None:
        """The first decision of the stretch."""
        return next((each.at for each, _ in self._of(VerdictSlice)), None)

    async def prediction(self, found: Evaluation) -> Predicted | None:
        """The prediction that an evaluation names."""
        for _, body in reversed(self._of(PredictionSlice, found.seq)):
            if body.close_ts == found.prediction_ts and not body.warm_up:
                columns = (column.tolist() for column in body.rows.T[:OWN_COLUMNS])
                return Predicted(body.close_ts, body.bundle_id, body.in_sample, *columns)
        return None

    async def regime(self, close_ts: int, seq: int, index: int) -> int | None:
        """A symbol's regime at the close of a prediction."""
        for _, body in reversed(self._of(RegimeSlice, seq)):
            if body.close_ts == close_ts:
                return int(body.rows[index, 0])
        return None

    async def profiles(self, run_id: str, seq: int) -> Mapping[str, str]:
        """The hash of each profile that decides at an input of a run, by kind."""
        rows = [*started_rows(self._begun[run_id])]
        for _, body in self._of(ProfileInForce, seq)[-1:]:
            rows += in_force_rows(body)
        found = {row[1]: row[0] for table, row in rows if table == "profile_assignment"}
        return dict(sorted(found.items()))

    async def standing(self, seq: int) -> Standing | None:
        """The trading state up to an input; None when the stretch does not tell of it."""
        for told, body in reversed(self._of(TradingStateChanged, seq)):
            return Standing(body.state.value, body.kill_level, body.reason, told.at)
        return None

    async def hour(self, seq: int) -> Hour | None:
        """The newest full hour of risk up to an input."""
        for _, body in reversed(self._of(RiskHour, seq)):
            return Hour(body.hour_ts, body.closed, body.drawdown, body.halt_at, body.tier)
        return None

    async def became(self, found: Evaluation, symbol: str) -> Became:
        """Approvals, refusals, orders and fills that an evaluation led to for a symbol."""
        passed = [
            (told.at, told.body.intent, told.body.quantity)
            for told in self._told
            if isinstance(told.body, (IntentApproved, AmendApproved))
            and (told.seq, told.body.intent.symbol) == (found.seq, symbol)
        ]
        approvals = tuple(
            Approval(intent.intent_no, intent.side.value, quantity, intent.limit_price, at)
            for at, intent, quantity in passed
        )
        numbers = {each.intent_no for each in approvals}
        refusals = tuple(
            _refused(told, body)
            for told, body in self._of(IntentRefused)
            if body.symbol == symbol
            and (told.seq == found.seq or (told.seq > found.seq and body.intent_no in numbers))
        )
        orders = self._orders(numbers, found.seq)
        names = {each.cl_ord_id for each in orders}
        fills = tuple(
            _filled(told, body) for told, body in self._of(Fill) if body.cl_ord_id in names
        )
        return Became(approvals, refusals, orders, fills, ())

    def _orders(self, numbers: set[int], seq: int) -> tuple[OrderNow, ...]:
        """The orders of those intents, each as it stood last."""
        asked = {body.cl_ord_id: told.at for told, body in self._of(SubmitOrder) if told.seq >= seq}
        last = {
            body.cl_ord_id: (told.at, body)
            for told, body in self._of(OrderUpdate)
            if told.seq >= seq and body.intent_no in numbers
        }
        return tuple(
            OrderNow(
                e.intent_no, name, e.side.value, e.quantity, e.limit_price, asked.get(name, at),
                e.state.value, e.filled, e.reason, at,
            )
            for name, (at, e) in last.items()
        )  # fmt: skip

    def from_at(self, found: Evaluation) -> int:
        """From when on decisions are counted: a day back, or where the stretch begins."""
        return max(found.at - DAY_NS, self._of(VerdictSlice)[0][0].at - 1)

    async def rungs(self, found: Evaluation, symbol: str) -> tuple[Rung, ...]:
        """How often each reason decided in that time."""
        counts = Counter(row[1:] for row in self._decided(found, symbol))
        ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0][1]))
        return tuple(Rung(action, reason, count) for (action, reason), count in ranked)

    async def since(self, found: Evaluation, symbol: str, reason: int) -> tuple[int, bool]:
        """Since when the reason has decided, and whether another one did before."""
        since = found.at
        for at, _, other in reversed(self._decided(found, symbol)):
            if other != reason:
                return since, True
            since = at
        return since, False

    def _decided(self, found: Evaluation, symbol: str) -> list[tuple[int, int, int]]:
        from_at, rows = self.from_at(found), []
        for told, body in self._of(VerdictSlice, found.seq):
            symbols = self._begun[told.run.run_id].symbols
            if told.at > from_at and symbol in symbols:
                action, reason = body.rows[symbols.index(symbol), :2].tolist()
                rows.append((told.at, action, reason))
        return rows

    def _of(self, kind: type[_B], last_seq: int | None = None) -> list[tuple[Told, _B]]:
        return [
            (each, each.body)
            for each in self._told
            if isinstance(each.body, kind) and (last_seq is None or each.seq <= last_seq)
        ]


def _evaluation(told: Told) -> Evaluation:
    body = told.body
    assert isinstance(body, VerdictSlice)
    # Of a campaign's columns behind these, the repeated ladder tells by itself.
    columns = (column.tolist() for column in body.rows.T[:6])
    run = told.run
    return Evaluation(
        told.seq, 0, told.at, run.run_id, run.mode, body.ts, body.prediction_ts, *columns
    )


def _refused(told: Told, body: IntentRefused) -> Refused:
    reasons = body.reason.value, body.value, body.threshold, body.gate
    return Refused(body.intent_no, body.side.value, *reasons, told.at)


def _filled(told: Told, body: Fill) -> Filled:
    amounts = body.quantity, body.price, body.cost, body.fee
    return Filled(body.cl_ord_id, *amounts, body.fee_asset, body.liquidity.value, told.at)


async def repeated_records(
    journal: JournalView, account: str, before: int, progress: Progress
) -> RepeatedRecords:
    """The records around a time. Raises UserError when the steps cannot be repeated here."""
    runs = [row for row in await journal.runs() if row.last_seq >= row.first_seq]
    try:
        begun = {row.run_id: await run_started(journal, row) for row in runs}
        async for snapshot in _starts(journal, runs, before):
            told = await _repeat(journal, runs, begun, snapshot=snapshot, before=before)
            progress("repeating", len(told), len(told))
            if any(isinstance(e.body, VerdictSlice) and e.at < before for e in told):
                return RepeatedRecords(account, told, begun)
    except (JournalCorruptError, ParityDivergedError, msgspec.MsgspecError) as error:
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The journal in files keeps no decisions, and its steps do not repeat: {error}.",
            "Look at it with `ballast replay RUN`, or use the version that made the run.",
        ) from error
    return RepeatedRecords(account, (), begun)


async def _starts(
    journal: JournalView, runs: Sequence[RunRow], before: int
) -> AsyncIterator[Snapshot | None]:
    """Where repeating may begin, newest first; None is the account's beginning."""
    if not runs:
        return
    async for snapshot in trusted_snapshots(journal, runs[-1].last_seq, Passed()):
        own = snapshot.code_fingerprint == code_fingerprint()
        if own and snapshot.kernel.at < before:
            yield snapshot
    yield None


async def _repeat(
    journal: JournalView,
    runs: Sequence[RunRow],
    begun: Mapping[str, RunStarted],
    *,
    snapshot: Snapshot | None,
    before: int,
) -> list[Told]:
    told: list[Told] = []
    beyond = 0
    for run in runs:
        if snapshot is not None and run.last_seq <= snapshot.kernel.seq:
            continue
        kernel: Kernel = graph_of(begun[run.run_id], verify=False).kernel
        if snapshot is not None:
            kernel.restore(snapshot)
        chain = ChainVerifier(kernel.root, kernel.seq, kernel.at)
        async for frame in journal.frames(kernel.seq + 1, run.last_seq):
            for record in chain.check(frame):
                result = repeat(kernel, record)
                told += [Told(run, result.seq, e.at, e.body) for e in result.records]
                beyond += kernel.at >= before
                if beyond > FOLLOWED_INPUTS:
                    return told
        snapshot = kernel.snapshot()
    return told
