"""Opening and closing a segment: recover, take the lead, and record how the run starts.

A run is a segment of one account's journal; its genesis is the previous segment's final root. For
recorded and seeded feeds the run id is a hash of feed, decision settings, code and genesis, so
equal inputs give equal ids and roots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from actors.dataset import Dataset
from actors.ids import GENESIS_ROOT, digest_hex
from actors.kernel.kernel import Kernel
from actors.kernel.snapshot import state_digest
from actors.messages.codec import encode
from actors.messages.control import Deposit, EpochOpened, RunEnded, RunStarted
from actors.model_statement import ModelStatement
from actors.ports import FeedItem, Journal, RunRow
from adapters.kraken.line import Line
from service.anchoring import Anchoring
from service.bundles import Choice
from service.datasets import datasets_of
from service.drivers.replay import run_started
from service.failures import ExitCode, UserError
from service.feeds import rules_of
from service.fingerprint import code_fingerprint
from service.graph import Graph
from service.live_market import LiveMarket, Source
from service.outside_venue import OutsideVenue
from service.pump import Observer, Pump
from service.rebuilding import graph_of
from service.recovery import Progress, Recovered, recover, unheard_refusals
from service.retention.tombstones import checked_seals, known_keys
from service.settings import (
    DecisionSettings,
    Settings,
    canonical_json,
    decode_decision_settings,
    settings_hash,
)


class SegmentPlan(msgspec.Struct, frozen=True):
    """What a segment will be, known before anything is opened."""

    mode: str
    feed_kind: str
    feed_digest: str
    symbols: tuple[str, ...]
    starts_at: int
    model: ModelStatement | None = None
    datasets: tuple[Dataset, ...] = ()
    gapless: bool = True
    """A feed that is a recording: whoever reads it on from an input misses nothing."""
    funded_by_venue: bool = False
    """The account opens with what lies at the venue, not with a balance of the settings."""


class OpenSegment:
    """A segment that is being written."""

    def __init__(
        self, run: RunRow, graph: Graph, pump: Pump, recovered: Recovered, epoch: int
    ) -> None:
        self.run = run
        self.graph = graph
        self.pump = pump
        self.recovered = recovered
        self.epoch = epoch
        self.line: Line | None = None
        """How the connection of a live feed stands."""
        self.outside: OutsideVenue | None = None
        """The venue outside that orders leave for."""


def run_id_of(plan: SegmentPlan, decision: DecisionSettings, bundle_id: str, genesis: bytes) -> str:
    """The id of a run: 16 hex characters over everything that determines it.

    A live run is determined by its moment; two of them are never the same.
    """
    moment = () if plan.gapless else (str(plan.starts_at),)
    return digest_hex(
        "run",
        plan.mode,
        plan.feed_kind,
        plan.feed_digest,
        ",".join(plan.symbols),
        canonical_json(decision),
        bundle_id,
        code_fingerprint(),
        genesis.hex(),
        encode(rules_of(plan.symbols)),
        encode(plan.datasets),
        *moment,
    )[:16]


def plan_of(
    mode: str, feed: Source, model: ModelStatement | None = None, *, starts_at: int = 0
) -> SegmentPlan:
    """A segment of `feed`, with what it says of itself."""
    told, gapless = datasets_of(feed), not isinstance(feed, LiveMarket)
    return SegmentPlan(
        mode, feed.kind, feed.digest, feed.symbols, starts_at, model, told, gapless=gapless
    )


def fresh_run_id(settings: Settings, feed: Source, choice: Choice, mode: str) -> str:
    """The id of a run of `feed` that starts an account of its own."""
    plan = plan_of(mode, feed)
    bundle_id = "" if choice.bundle is None else choice.bundle.bundle_id
    return run_id_of(plan, settings.decision, bundle_id, GENESIS_ROOT)


async def open_segment(
    settings: Settings,
    plan: SegmentPlan,
    graph: Graph,
    journal: Journal,
    *,
    observers: Sequence[Observer] = (),
    holder: str = "ballast",
    stream: str = "",
    progress: Progress | None = None,
    make_pump: Callable[..., Pump] = Pump,
    anchoring: Anchoring | None = None,
) -> OpenSegment:
    """Recover the account, open an epoch and admit the inputs that start the run.

    `make_pump` is called once we have the lead, before anything is written under it.
    Raises what `recover` raises, FencedError when another leader is newer, and what `anchoring`
    finds against the journal.
    """
    kernel = graph.kernel
    trusted_seq: int | None = None
    if anchoring is not None:
        newest = await anchoring.check(journal)
        trusted_seq = 0 if newest is None else newest.seq
    recovered = await _recovered(
        settings, plan, graph, journal, progress=progress, trusted_seq=trusted_seq
    )
    unheard = await unheard_refusals(journal)
    epoch = await journal.open_epoch(holder)
    run_id = await _new_run_id(settings, plan, graph, journal, epoch)
    run = RunRow(
        run_id=run_id,
        account=stream or settings.account.name,
        mode=plan.mode,
        feed=plan.feed_kind,
        genesis=kernel.root,
        first_seq=kernel.seq + 1,
        last_seq=0,
        root=kernel.root,
        closed=False,
    )
    pump = make_pump(
        kernel,
        journal,
        run_id=run_id,
        epoch=epoch,
        observers=observers,
        frame_inputs=settings.journal.frame_inputs,
        snapshot_every=settings.journal.snapshot_every_inputs,
        on_durable=_anchored(anchoring, epoch),
        on_snapshot=_anchored(anchoring, epoch, now=True),
    )
    await journal.begin_run(run)
    if kernel.seq:
        await pump.take_snapshot()
    opening = _opening(settings, plan, graph, run, epoch)
    opening += [FeedItem(opening[-1].at, each) for each in unheard]
    await pump.admit(opening)
    await pump.flush()
    return OpenSegment(run, graph, pump, recovered, epoch)


def _opening(
    settings: Settings, plan: SegmentPlan, graph: Graph, run: RunRow, epoch: int
) -> list[FeedItem]:
    """The inputs that start a run; an account that never had funds gets its opening balance."""
    kernel, account = graph.kernel, settings.account
    at = max(kernel.at, plan.starts_at)
    # A run begins where the account stood: what timers do in the time since then is the run's, and
    # must come after what the run states of itself.
    begins = kernel.at if kernel.seq else at
    opening = [FeedItem(begins, _started(settings, plan, graph, run, epoch))]
    if kernel.seq:
        opening.append(FeedItem(at, EpochOpened(epoch, "a new leader starts")))
    if not plan.funded_by_venue:
        # Fresh, or killed between the first frame and the second; the ledger books each once.
        known = kernel.actor("ledger").state.accounts
        for currency, amount in account.openings:
            if f"external:{currency}" not in known:
                own = currency == account.quote
                source = "opening balance" if own else f"opening balance in {currency}"
                opening.append(FeedItem(at, Deposit(currency, amount, source, at)))
    return opening


def _anchored(
    anchoring: Anchoring | None, epoch: int, *, now: bool = False
) -> Callable[[int, bytes], None]:
    if anchoring is None:
        return lambda _seq, _root: None
    return lambda seq, root: anchoring.note(epoch=epoch, seq=seq, root=root, now=now)


async def _new_run_id(
    settings: Settings, plan: SegmentPlan, graph: Graph, journal: Journal, epoch: int
) -> str:
    """The id of the run that begins now.

    Runs that were cut off before their first input leave their ids behind; one of those that is
    not the newest cannot be begun again, so the epoch tells the new one apart.
    """
    root = graph.kernel.root
    run_id = run_id_of(plan, settings.decision, graph.bundle_id, root)
    if any(row.run_id == run_id for row in (await journal.runs())[:-1]):
        return digest_hex("run", run_id, str(epoch))[:16]
    return run_id


async def _recovered(
    settings: Settings,
    plan: SegmentPlan,
    graph: Graph,
    journal: Journal,
    *,
    progress: Progress | None,
    trusted_seq: int | None,
) -> Recovered:
    """Bring the graph to the journal's head; each run's own graph steps what it made.

    Raises UserError(USAGE) when the account cannot be continued this way, JournalCorruptError when
    tombstones or frames are not what they should be.
    """
    await checked_seals(journal, lambda: known_keys(settings))
    rows = [row for row in await journal.runs() if row.last_seq >= row.first_seq]
    if rows:
        _check_continues(await run_started(journal, rows[-1]), settings, plan)

    async def graph_of_run(row: RunRow) -> Kernel:
        return graph_of(await run_started(journal, row), verify=False).kernel

    return await recover(
        graph.kernel,
        journal,
        code_fingerprint(),
        graph_of_run=graph_of_run,
        trusted_seq=trusted_seq,
        progress=progress,
    )


def _check_continues(last: RunStarted, settings: Settings, plan: SegmentPlan) -> None:
    """An account keeps its symbols, market, bars, currency and kind of venue for life."""
    old, new = decode_decision_settings(last.settings), settings.decision
    kept = (
        ("symbols", _listed(last.symbols), _listed(plan.symbols)),
        ("market", last.feed, f"{plan.feed_kind}:{plan.feed_digest}"),
        ("bar interval", old.market.bar_interval_seconds, new.market.bar_interval_seconds),
        ("currency", old.account.quote, new.account.quote),
        ("venue outside", old.venue.outside, new.venue.outside),
    )
    for name, was, wanted in kept:
        if was != wanted:
            raise UserError(
                ExitCode.USAGE,
                f"The account {settings.account.name} was opened with {name} {was}, not {wanted}.",
                "Use the same, or start a new account with another --data-dir.",
            )


def _listed(symbols: tuple[str, ...]) -> str:
    shown = " ".join(symbols[:3])
    return shown if len(symbols) <= 3 else f"{shown} and {len(symbols) - 3} more"


async def close_segment(segment: OpenSegment, journal: Journal, reason: str) -> RunRow:
    """End the run cleanly: last input, last frame, snapshot; the row as stored."""
    pump = segment.pump
    # A row that is refused must be told of before the end, not after it.
    await pump.flush()
    await pump.admit([FeedItem(pump.kernel.at, RunEnded(segment.run.run_id, reason))])
    await pump.flush()
    await pump.take_snapshot()
    await journal.end_run(segment.run.run_id)
    return next(row for row in await journal.runs() if row.run_id == segment.run.run_id)


def _started(
    settings: Settings, plan: SegmentPlan, graph: Graph, run: RunRow, epoch: int
) -> RunStarted:
    decision = settings.decision
    return RunStarted(
        run_id=run.run_id,
        account=settings.account.name,
        mode=plan.mode,
        epoch=epoch,
        symbols=plan.symbols,
        settings_hash=settings_hash(decision),
        settings=canonical_json(decision),
        code_fingerprint=code_fingerprint(),
        feed=f"{plan.feed_kind}:{plan.feed_digest}",
        bundle_id=graph.bundle_id,
        bundle_marker=graph.bundle_marker,
        genesis=run.genesis.hex(),
        rules=graph.instruments,
        state=state_digest(graph.kernel.snapshot()),
        gapless=plan.gapless,
        model=plan.model,
        datasets=plan.datasets,
    )
