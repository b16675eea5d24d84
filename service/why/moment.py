"""The strategy as it stood when it decided, rebuilt by repeating the journal's steps.

From the newest snapshot that the chain names, through recorded outcomes, to the step in question:
every root and digest is compared on the way, and the verdict must come out as it was recorded.
What cannot be repeated is said, never guessed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from actors.journal_chain import ChainVerifier
from actors.kernel.kernel import Kernel
from actors.kernel.mailbox import Mailbox
from actors.kernel.schedule import StampOrder
from actors.kernel.snapshot import fitted
from actors.messages.base import Message
from actors.messages.control import RunStarted
from actors.messages.decision import Side, VerdictSlice
from actors.messages.market import MarkSlice
from actors.messages.order import RetryDue
from actors.messages.prediction import PredictionSlice
from actors.messages.risk import IntentApproved, Sizing
from actors.money import run_exact
from actors.ports import JournalCorruptError, JournalView, RunRow
from actors.risk.clusters import ONE_CLUSTER, ClusterMap, holding
from actors.risk.ladder import entries_closed
from actors.risk.sizing import outlook
from actors.risk.view import view_of
from actors.strategy import followed
from actors.strategy.actor import StrategyActor
from actors.strategy.config import StrategyConfig
from actors.strategy.state import StrategyState
from service.fingerprint import code_fingerprint
from service.rebuilding import graph_of
from service.recovery import ParityDivergedError, repeat
from service.trusted_snapshots import Passed, trusted_snapshots

STRATEGY: Final = StrategyActor.name
Progress = Callable[[str, int, int], None]


class Moment(msgspec.Struct, frozen=True):
    """What the strategy knew at `at`, and why every entry would have been refused (or empty).

    `sizings` is how risk would size every symbol, or did where it approved an entry; `clusters` is
    the map that risk went by.
    """

    config: StrategyConfig
    state: StrategyState
    at: int
    closed: str
    drawdown: int
    halt_at: int
    sizings: tuple[Sizing, ...] = ()
    clusters: ClusterMap = ONE_CLUSTER


class UnrepeatableError(Exception):
    """Why a step cannot be repeated, in words."""


class Witness(StampOrder):
    """The kernel's own order, remembering what the strategy was about to hear in one step."""

    __slots__ = ("_target", "_watching", "heard")

    def __init__(self, target: int) -> None:
        super().__init__()
        self.heard: list[tuple[StrategyState, Message, int]] = []
        self._target = target
        self._watching = False

    def begin(self, seq: int) -> None:
        """Watch the one step; what a roll-back repeats is heard again."""
        super().begin(seq)
        self.heard.clear()
        self._watching = seq == self._target

    def next(self) -> Mailbox | None:
        """As without a witness."""
        mailbox = super().next()
        if self._watching and mailbox is not None and mailbox.owner == STRATEGY:
            envelope = mailbox.queue[0]
            state = copy.deepcopy(mailbox.actor.state)
            self.heard.append((state, envelope.body, envelope.at))
        return mailbox


async def moment_of(
    journal: JournalView,
    run: RunRow,
    started: RunStarted,
    *,
    seq: int,
    rows: np.ndarray,
    progress: Progress,
) -> Moment:
    """The moment at which input `seq` led to the verdicts `rows`. Raises UnrepeatableError."""
    if started.code_fingerprint != code_fingerprint():
        made, here = started.code_fingerprint[:12], code_fingerprint()[:12]
        raise UnrepeatableError(f"the run was made by code {made}, this is {here}")
    witness = Witness(seq)
    kernel = graph_of(started, verify=False, schedule=witness).kernel
    try:
        await _restore(kernel, journal, run, seq)
        approved = await _step(kernel, journal, seq, progress)
    except JournalCorruptError as error:
        raise UnrepeatableError(f"the journal is damaged: {error}") from error
    except ParityDivergedError as error:
        raise UnrepeatableError(f"the run does not repeat: {error}") from error
    config = kernel.actor(STRATEGY).config
    state, at = _deciding(config, witness, rows)
    risk = kernel.actor("risk")
    views = [view_of(risk.config, risk.state, each, Side.BUY, at) for each in started.symbols]
    sizings = tuple(
        approved.get(symbol) or run_exact(partial(outlook, view))
        for symbol, view in zip(started.symbols, views, strict=True)
    )
    closed, drawdown, halt_at = (
        entries_closed(views[0]),
        views[0].drawdown_micros,
        views[0].halt_at_micros,
    )
    clusters = holding(risk.state.clusters, at)
    return Moment(config, state, at, closed, drawdown, halt_at, sizings, clusters)


async def _restore(kernel: Kernel, journal: JournalView, run: RunRow, seq: int) -> None:
    async for snapshot in trusted_snapshots(journal, seq - 1, Passed()):
        if snapshot.kernel.seq < run.first_seq - 1:
            break
        own = snapshot.code_fingerprint == code_fingerprint()
        try:
            kernel.restore(snapshot if own else fitted(snapshot, kernel.snapshot()))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnrepeatableError(f"the state before it is of other code: {error}") from error
        return
    if kernel.seq != run.first_seq - 1:
        raise UnrepeatableError("no snapshot lies between the run's start and that moment")


async def _step(
    kernel: Kernel, journal: JournalView, seq: int, progress: Progress
) -> dict[str, Sizing]:
    """Repeat up to `seq`; how its step sized the entries that it approved, by symbol."""
    first = kernel.seq
    chain = ChainVerifier(kernel.root, kernel.seq, kernel.at)
    async for frame in journal.frames(kernel.seq + 1, seq):
        for record in chain.check(frame):
            result = repeat(kernel, record)
            if kernel.seq == seq:
                told = (each.body for each in result.records)
                passed = [each for each in told if isinstance(each, IntentApproved)]
                return {e.intent.symbol: e.sizing for e in passed if e.intent.side is Side.BUY}
        progress("repeating", kernel.seq - first, seq - first)
    raise UnrepeatableError("the inputs up to that moment are not in the journal any more")


def _deciding(
    config: StrategyConfig, witness: Witness, rows: np.ndarray
) -> tuple[StrategyState, int]:
    """The state by which the recorded verdicts were decided, and when."""
    for state, body, at in reversed(witness.heard):
        again = StrategyActor(config, copy.deepcopy(state))
        verdicts = [each for each in again.handle(body, at) if isinstance(each, VerdictSlice)]
        if verdicts and np.array_equal(verdicts[0].rows[:, : rows.shape[1]], rows):
            _hear(StrategyActor(config, state), body, at)
            return state, at
    raise UnrepeatableError("the recorded verdicts are not those that the step leads to")


def _hear(strategy: StrategyActor, body: Any, at: int) -> None:
    """Take over what the message says, without the decision that it asks for."""
    if isinstance(body, MarkSlice):
        strategy.handle(msgspec.structs.replace(body, heartbeat=False), at)
    elif isinstance(body, PredictionSlice):
        strategy.handle(msgspec.structs.replace(body, warm_up=True), at)
    elif isinstance(body, RetryDue):
        followed.resume(strategy.state, strategy.config, body.symbol, body.side)
