"""One run from start to proof card, whatever drives it.

Store, graph, segment, feed, close, prove.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from actors.instruments import Instrument
from actors.kernel.kernel import Kernel
from actors.ledger.balance import books_balanced
from actors.messages.control import RunStarted
from actors.ports import Journal, Predictor, RunRow
from adapters.instruments.table import instruments as instruments_of
from service.bundles import RecordedBundle, bundle_by_id
from service.drivers.replay import Progress, ReplayReport, replay_run
from service.graph import Graph, build_graph
from service.proof import ProofCard, card_of, with_replay
from service.segment import OpenSegment
from service.settings import decode_decision_settings
from service.tally import Tally


def graph_of(started: RunStarted, *, verify: bool) -> Graph:
    """The graph that made a run, rebuilt from its first input.

    With `verify` the real model predicts; raises UserError when its bundle is not installed.
    """
    decision = decode_decision_settings(started.settings)
    predictor: Predictor | None = None
    if started.bundle_id and verify:
        predictor = bundle_by_id(started.bundle_id).predictor()
    elif started.bundle_id:
        predictor = RecordedBundle(started.bundle_id, started.bundle_marker)
    return build_graph(decision, instruments_of(started.symbols), predictor)


def builder(*, verify: bool) -> Callable[[RunStarted], Kernel]:
    """What `replay_run` needs to rebuild a kernel."""
    return lambda started: graph_of(started, verify=verify).kernel


async def prove(
    card: ProofCard, journal: Journal, run: RunRow, *, progress: Progress | None = None
) -> tuple[ProofCard, ReplayReport]:
    """Read the run back, verify its chain and re-execute it with the real models."""
    report = await replay_run(journal, run, builder(verify=True), verify=True, progress=progress)
    return with_replay(card, report), report


def closing_card(
    run: RunRow, segment: OpenSegment, tally: Tally, *, notice: str, started: float
) -> ProofCard:
    """The card of a segment that was just closed; the replay is added by `prove`."""
    kernel = segment.graph.kernel
    checked = time.perf_counter()
    balanced = books_balanced(kernel.actor("ledger").state)
    seconds_books = time.perf_counter() - checked
    halt = kernel.halt
    return card_of(
        run,
        market_result="seeded" not in run.feed,
        notice=notice,
        inputs=tally.inputs,
        messages=tally.messages,
        decisions=tally.decisions,
        orders=tally.orders,
        fills=tally.fills,
        books_balanced=balanced,
        bundle_id=segment.graph.bundle_id,
        bundle_marker=segment.graph.bundle_marker,
        code_fingerprint=kernel.snapshot().code_fingerprint,
        seconds_run=round(time.perf_counter() - started, 3),
        seconds_books=round(seconds_books, 6),
        halted="" if halt is None else f"{halt.actor} at input {halt.seq}: {halt.error}",
        equity=equity_text(kernel, segment.graph.instruments),
    )


def equity_text(kernel: Kernel, instruments: tuple[Instrument, ...]) -> str:
    """The last portfolio in one phrase."""
    portfolio = kernel.actor("strategy").state.portfolio
    if portfolio is None:
        return "unknown"
    quote = instruments[0].quote
    held = len(portfolio.positions)
    return (
        f"{portfolio.equity:,.2f} {quote}   realised {portfolio.realised:,.2f}   "
        f"unrealised {portfolio.unrealised:,.2f}   fees {portfolio.fees:,.2f}   positions {held}"
    )


def as_json(card: ProofCard) -> str:
    """The card as one JSON object."""
    return msgspec.json.encode(card).decode()
