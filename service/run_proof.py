"""One run from start to proof card, whatever drives it.

Store, graph, segment, feed, close, prove.
"""

from __future__ import annotations

import time

import msgspec

from actors.instruments import Instrument
from actors.kernel.kernel import Kernel
from actors.ledger.balance import books_balanced
from actors.ports import Journal, RunRow
from service.drivers.replay import Progress, ReplayReport, replay_run
from service.proof import ProofCard, card_of, with_replay
from service.rebuilding import builder
from service.segment import OpenSegment
from service.tally import Tally


async def prove(
    card: ProofCard,
    journal: Journal,
    run: RunRow,
    *,
    progress: Progress | None = None,
    verify: bool = True,
) -> tuple[ProofCard, ReplayReport]:
    """Read the run back, verify its chain and re-execute it, with the real models to `verify`."""
    report = await replay_run(
        journal, run, builder(verify=verify), verify=verify, progress=progress
    )
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
        market_result="seeded" not in run.feed and "loopback" not in run.feed,
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
