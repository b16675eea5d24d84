"""One reading of a running graph: the only file here that knows how actors lay out their state.

Reading never changes anything and costs the pump nothing: it happens when somebody looks.
"""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.market_data.gaps import GAP_KINDS
from actors.messages.ledger import PortfolioState, PositionView
from actors.messages.order import OrderState
from actors.messages.risk import TradingState
from actors.money import ZERO
from actors.orders.switch import unguarded
from actors.risk.clusters import NO_VERSION, holding
from adapters.kraken.line import Line
from service.bundles import Choice
from service.drivers.trading import RunPlan
from service.fingerprint import code_fingerprint
from service.observe.profiled import ProfilesReading, read_profiles
from service.observe.readiness import JournalWatch, Reason, Situation, blocked, remarks, unready
from service.observe.reconciled import ReconciliationReader, ReconciliationReading
from service.observe.stepping import SAFE_MODE, Stepping
from service.safe_stop import SafeStopCounts
from service.segment import OpenSegment
from service.tally import Tally

MICROS = 1_000_000
KERNEL_HALTED = 3
_LEVELS = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class MailboxReading(msgspec.Struct, frozen=True):
    """One actor: messages waiting now, the most that ever waited, delivered, restarts so far."""

    actor: str
    depth: int
    high_water: int
    delivered: int
    restarts: int


class MaintenanceReading(msgspec.Struct, frozen=True):
    """An announced maintenance: nothing is entered from `quiet_from` to `ends` (ns UTC)."""

    event_id: str
    quiet_from: int
    ends: int


class LineReading(msgspec.Struct, frozen=True):
    """How a live feed stands. `silent_seconds` is -1 before the first frame."""

    state: str
    trouble: str
    silent_seconds: float
    lag_seconds: float
    offset_seconds: float
    frames: int
    books: int
    opened: int
    losses: int
    handshakes: int
    renewals: int
    refused: tuple[str, ...]
    trade_gaps: int
    trade_repairs: int
    waiting: int
    conflated_books: int
    recording: str


class ClustersReading(msgspec.Struct, frozen=True):
    """The map of clusters that risk goes by. Without one that holds `version` is `none`, `names`
    is empty and `as_of` and `valid_until` (ns UTC) are -1: then all symbols are one risk.
    """

    version: str
    names: dict[str, str]
    unknown: tuple[str, ...]
    as_of: int
    valid_until: int
    valid_seconds: float

    @property
    def count(self) -> int:
        """How many clusters there are; 0 without a map."""
        return len(set(self.names.values()))


class Reading(msgspec.Struct, frozen=True):
    """The service at one moment. Money is exact, in `quote`; `at` is logical time (ns UTC).

    `suspense` has the balance of every suspense account that has one, in the account's asset.
    """

    run_id: str
    mode: str
    feed: str
    account: str
    quote: str
    notice: str
    bundle_id: str
    phase: str
    at: int
    seq: int
    durable_seq: int
    verified_seq: int
    ledger_seq: int
    trading_state: str
    trading_reason: str
    kill_level: int
    halt_level: int
    halted: str
    reasons: tuple[Reason, ...]
    ready_reasons: tuple[Reason, ...]
    equity: Decimal
    cash_free: Decimal
    cash_held: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    drawdown_ratio: float
    drawdown_limit_ratio: float
    positions: tuple[PositionView, ...]
    unknown_orders: int
    dead_letters: int
    held_inputs: int
    outbox_depth: int
    mailboxes: tuple[MailboxReading, ...]
    last_append_seconds: float
    safe_stop: SafeStopCounts
    suspense: dict[str, Decimal]
    clusters: ClustersReading
    line: LineReading | None = None
    reconciliation: ReconciliationReading | None = None
    maintenance: tuple[MaintenanceReading, ...] = ()
    profiles: ProfilesReading = ProfilesReading(0, "")

    @property
    def may_trade(self) -> bool:
        """Whether a new entry could be approved now."""
        return not self.reasons

    @property
    def remarks(self) -> tuple[str, ...]:
        """What makes entries smaller without standing in their way."""
        return remarks(self.clusters.count > 0, self.clusters.unknown)

    @property
    def in_safe_mode(self) -> bool:
        """Whether our orders at the venue are being cancelled; `safe_stop` says how far."""
        return self.phase == SAFE_MODE


class Reader:
    """Reads one open segment."""

    def __init__(
        self,
        segment: OpenSegment,
        tally: Tally,
        plan: RunPlan,
        *,
        choice: Choice,
        stepping: Stepping,
    ) -> None:
        self.segment = segment
        self.tally = tally
        self.plan = plan
        self.stepping = stepping
        self._notice = choice.notice
        self._journal = JournalWatch()
        self._reconciled = (
            None if segment.outside is None else ReconciliationReader(self.kernel, segment.outside)
        )

    @property
    def kernel(self) -> Kernel:
        """The graph's kernel."""
        return self.segment.graph.kernel

    def read(self) -> Reading:
        """The service now."""
        segment, kernel = self.segment, self.kernel
        run, pump = segment.run, segment.pump
        halt = kernel.halt
        risk, portfolio = self._state("risk"), self._portfolio()
        standing = risk.standing
        unknown = self._unknown_orders()
        halted = "" if halt is None else f"{halt.actor} at input {halt.seq}: {halt.error}"
        silent = time.monotonic() - self.stepping.last_input
        agrees = None if self._reconciled is None else self._reconciled.read(silent)
        reasons = self._blocked(unknown, halted, silent, agrees)
        limit = standing.halt_at_micros(kernel.actor("risk").config.profile)
        level = _LEVELS[standing.state] if halt is None else KERNEL_HALTED
        return Reading(
            run_id=run.run_id,
            mode=run.mode,
            feed=run.feed,
            account=run.account,
            quote=segment.graph.instruments[0].quote,
            notice=self._notice,
            bundle_id=segment.graph.bundle_id,
            phase=self.stepping.phase,
            at=kernel.at,
            seq=kernel.seq,
            durable_seq=pump.durable_seq,
            verified_seq=self._verified_seq(),
            ledger_seq=self._state("ledger").transfer_no,
            trading_state=standing.state.value,
            trading_reason=standing.reason,
            kill_level=standing.kill_level,
            halt_level=level,
            halted=halted,
            reasons=reasons,
            ready_reasons=unready(reasons),
            equity=portfolio.equity,
            cash_free=portfolio.cash_free,
            cash_held=portfolio.cash_held,
            realised=portfolio.realised,
            unrealised=portfolio.unrealised,
            fees=portfolio.fees,
            drawdown_ratio=portfolio.drawdown / MICROS,
            drawdown_limit_ratio=limit / MICROS,
            positions=portfolio.positions,
            unknown_orders=unknown,
            dead_letters=kernel.dead_letters,
            held_inputs=kernel.held(),
            outbox_depth=pump.outbox_depth,
            mailboxes=self._mailboxes(),
            last_append_seconds=pump.counts.last_append_seconds,
            safe_stop=self.stepping.safe_stop_counts,
            suspense=self._suspense(),
            clusters=self._clusters(),
            line=None if segment.line is None else _line_reading(segment.line),
            reconciliation=agrees,
            maintenance=self._maintenance(),
            profiles=read_profiles(kernel),
        )

    def _maintenance(self) -> tuple[MaintenanceReading, ...]:
        known = self._state("orders").maintenances
        return tuple(MaintenanceReading(name, *span) for name, span in known.items())

    @property
    def code_fingerprint(self) -> str:
        """The code that decides."""
        return code_fingerprint()

    def trade_gaps(self) -> int:
        """Gaps in trade ids that market_data has found."""
        return int(self._state("market_data").trade_gaps)

    def open_gaps(self) -> Counter[str]:
        """Holes that were told and are open, by kind."""
        gaps = self._state("market_data").gaps.values()
        found = Counter(dict.fromkeys(GAP_KINDS, 0))
        found.update(gap.kind for gap in gaps if not gap.told)
        return found

    def _state(self, actor: str) -> Any:
        return self.kernel.actor(actor).state

    def _portfolio(self) -> PortfolioState:
        found: PortfolioState | None = self._state("strategy").portfolio
        return found or PortfolioState(0, *(ZERO,) * 7, 0, ())

    def _suspense(self) -> dict[str, Decimal]:
        accounts = self._state("ledger").accounts.items()
        return {n: a.balance for n, a in accounts if n.startswith("suspense") and a.balance}

    def _clusters(self) -> ClustersReading:
        at = self.kernel.at
        found = holding(self._state("risk").clusters, at)
        holds = found.version != NO_VERSION
        symbols = self.segment.graph.symbols if holds else ()
        return ClustersReading(
            version=found.version,
            names=found.names,
            unknown=tuple(each for each in symbols if each not in found.names),
            as_of=found.as_of,
            valid_until=found.valid_until,
            valid_seconds=(found.valid_until - at) / SECOND_NS if holds else 0.0,
        )

    def _unknown_orders(self) -> int:
        live = self._state("orders").live.values()
        return sum(order.state is OrderState.UNKNOWN for order in live)

    def _verified_seq(self) -> int:
        proven = self.stepping.proven_inputs
        if proven:
            return self.segment.run.first_seq - 1 + proven
        return self.segment.recovered.head_seq

    def _mailboxes(self) -> tuple[MailboxReading, ...]:
        restarts = self.stepping.restarts
        return tuple(
            MailboxReading(name, each.depth, each.high_water, each.delivered, restarts[name])
            for name, each in self.kernel.mailboxes().items()
        )

    def _blocked(
        self, unknown: int, halted: str, silent: float, agrees: ReconciliationReading | None
    ) -> tuple[Reason, ...]:
        strategy, pump = self._state("strategy"), self.segment.pump
        stuck = self._journal.stuck(self.kernel.seq, pump.durable_seq)
        situation = Situation(
            halted=halted,
            standing=self._state("risk").standing,
            phase=self.stepping.phase,
            behind=self.kernel.seq - pump.durable_seq if stuck else 0,
            unknown_orders=unknown,
            priced=strategy.portfolio is not None,
            flags=strategy.flags,
            silent_seconds=silent,
            speed=self.plan.speed,
            stale_after_ns=self.kernel.actor("market_data").config.stale_after_ns,
            bundle_id=self.segment.graph.bundle_id,
            verdicts=self.tally.last_verdicts,
            feed_trouble="" if self.segment.line is None else self.segment.line.trouble(),
            reconciling="" if agrees is None else agrees.blocked,
            unguarded=unguarded(
                self.kernel.actor("orders").config, self._state("orders"), self.kernel.at
            ),
        )
        return blocked(situation)


def _line_reading(line: Line) -> LineReading:
    return LineReading(
        state=line.state.value,
        trouble=line.trouble(),
        silent_seconds=round(line.silent_seconds(), 3),
        lag_seconds=line.lag_ns / SECOND_NS,
        offset_seconds=line.offset_ns / SECOND_NS,
        frames=line.frames,
        books=line.books,
        opened=line.opened,
        losses=line.losses,
        handshakes=line.handshakes,
        renewals=line.renewals,
        refused=line.refused,
        trade_gaps=line.trade_gaps,
        trade_repairs=line.trade_repairs,
        waiting=line.waiting,
        conflated_books=line.conflated_books,
        recording=line.recording,
    )
