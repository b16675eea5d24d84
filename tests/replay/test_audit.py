"""What an audit adds to a replay: it trusts no snapshot and obeys nothing that was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.journal_chain import build_frame, open_frame
from actors.kernel.snapshot import (
    Snapshot,
    StateDigests,
    decode_snapshot,
    encode_snapshot,
)
from actors.ledger.state import LedgerState
from actors.messages.codec import encode, state_decoder
from actors.ports import Record, RunRow
from adapters.journal.memory import MemoryJournal, MemoryStore
from service import fingerprint, trusted_snapshots
from service.bundles import choose_bundle
from service.drivers import replay
from service.drivers.replay import ReplayReport, replay_run
from service.feeds import rules_of, seeded_feed
from service.graph import build_graph
from service.rebuilding import builder, graph_of
from service.recovery import decode_record
from service.segment import SegmentPlan, close_segment, open_segment
from service.settings import load_settings

SYMBOLS = ("BTC/USD", "ETH/USD")
WARM_AND_SOME_HOURS = 340


async def ran(folder: Path, journal: MemoryJournal, count: int) -> RunRow:
    """One run of `count` items on the account in `journal`, closed."""
    settings = load_settings(environment={}, overrides={"data_dir": str(folder)})
    feed = seeded_feed(1, SYMBOLS)
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    graph = build_graph(settings.decision, rules_of(SYMBOLS), choice.predictor)
    plan = SegmentPlan("PAPER", feed.kind, feed.digest, SYMBOLS, 0, choice.statement)
    segment = await open_segment(settings, plan, graph, journal)
    items = feed.items(graph.kernel.at if segment.recovered.head_seq else 0)
    await segment.pump.admit(list(islice(items, count)))
    return await close_segment(segment, journal, "the test")


def replayed(journal: MemoryJournal, run: RunRow, **how: Any) -> ReplayReport:
    """What a replay says; an audit predicts with the real model."""
    build = builder(verify=how.get("verify", False))
    return asyncio.run(replay_run(journal, run, build, **how))


def richer(snapshot: Snapshot) -> Snapshot:
    """The same snapshot with 90,000 more in free cash, balanced against the outside."""
    states = dict(snapshot.actors)
    ledger: LedgerState = state_decoder(LedgerState).decode(states["ledger"])
    gift = Decimal("90000.0000")
    ledger.accounts["available:USD"].balance += gift
    ledger.accounts["external:USD"].balance -= gift
    states["ledger"] = encode(ledger)
    return msgspec.structs.replace(snapshot, actors=tuple(states.items()))


def test_money_that_a_snapshot_invents_is_never_restored(tmp_path: Path) -> None:
    """The next run starts from the inputs, and says so; nothing is left to be found."""
    store = MemoryStore()
    journal = MemoryJournal(store)
    asyncio.run(ran(tmp_path, journal, WARM_AND_SOME_HOURS))
    newest = max(store.snapshots)
    stored = store.snapshots[newest]
    touched = encode_snapshot(richer(decode_snapshot(stored.data)))
    store.snapshots[newest] = msgspec.structs.replace(stored, data=touched)
    second = asyncio.run(ran(tmp_path, journal, 200))
    for verify, from_genesis in ((False, False), (True, False), (True, True)):
        report = replayed(journal, second, verify=verify, from_genesis=from_genesis)
        assert report.parity, report.detail


@pytest.mark.parametrize("from_genesis", [False, True])
def test_money_that_a_run_began_with_is_found_by_any_replay(
    tmp_path: Path, from_genesis: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that trusts an invented snapshot names it in its start, against the chain."""
    store = MemoryStore()
    journal = MemoryJournal(store)
    asyncio.run(ran(tmp_path, journal, WARM_AND_SOME_HOURS))
    newest = max(store.snapshots)
    stored = store.snapshots[newest]
    touched = encode_snapshot(richer(decode_snapshot(stored.data)))
    store.snapshots[newest] = msgspec.structs.replace(stored, data=touched)
    with monkeypatch.context() as credulous:
        credulous.setattr(trusted_snapshots, "state_digests", named_in(store))
        second = asyncio.run(ran(tmp_path, journal, 200))
    report = replayed(journal, second, from_genesis=from_genesis)
    assert not report.parity
    assert report.kind == "state"
    assert report.chain_verified
    assert report.seq == second.first_seq
    assert "not what the run started from" in report.detail


def named_in(store: MemoryStore) -> Callable[[Snapshot], StateDigests]:
    """Digests for any snapshot: whatever the journal says there. So everything is believed."""

    def believed(snapshot: Snapshot) -> StateDigests:
        frame = next(each for each in store.frames if each.last_seq == snapshot.kernel.seq)
        return decode_record(open_frame(frame)[-1])[1].states

    return believed


def test_an_untouched_account_passes_from_its_first_input(tmp_path: Path) -> None:
    journal = MemoryJournal()
    asyncio.run(ran(tmp_path, journal, WARM_AND_SOME_HOURS))
    second = asyncio.run(ran(tmp_path, journal, 200))
    report = replayed(journal, second, verify=True, from_genesis=True)
    assert report.parity, report.detail
    assert report.root_hash == second.root.hex()


async def with_another_prediction(journal: MemoryJournal, run: RunRow) -> tuple[Any, RunRow]:
    """The run again, consistent in every hash, but one recorded prediction is a micro higher."""
    records: list[Record] = []
    async for frame in journal.frames(run.first_seq, run.last_seq):
        records += open_frame(frame)
    kernel = graph_of(decode_record(records[0])[0].body, verify=False).kernel
    forged: list[Record] = []
    changed = False
    for record in records:
        entry, outcome = decode_record(record)
        if outcome.predictions and not changed:
            rows = np.frombuffer(outcome.predictions[0], dtype="<i4").copy()
            known = np.nonzero(rows > 0)[0]
            if len(known):
                rows[known[0]] -= 1
                predictions = (rows.tobytes(), *outcome.predictions[1:])
                outcome = msgspec.structs.replace(outcome, predictions=predictions)
                changed = True
        result = kernel.step(entry, outcome)
        forged.append(Record(result.input_bytes, result.outcome_bytes, result.digest))
    assert changed
    other = MemoryJournal()
    epoch = await other.open_epoch("forger")
    row = msgspec.structs.replace(run, last_seq=0, root=run.genesis, closed=False)
    await other.begin_run(row)
    await other.append(
        build_frame(
            tuple(forged),
            run_id=run.run_id,
            epoch=epoch,
            first_seq=run.first_seq,
            root_before=run.genesis,
            root_after=kernel.root,
        )
    )
    await other.end_run(run.run_id)
    return other, (await other.runs())[0]


def test_a_prediction_that_no_model_made_is_found_by_an_audit_alone(tmp_path: Path) -> None:
    journal = MemoryJournal()
    run = asyncio.run(ran(tmp_path, journal, WARM_AND_SOME_HOURS))
    forged, row = asyncio.run(with_another_prediction(journal, run))
    assert replayed(forged, row).parity, "a plain replay obeys what was recorded"
    report = replayed(forged, row, verify=True)
    assert not report.parity
    assert report.kind == "arithmetic"


def test_a_difference_that_other_code_explains_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = MemoryJournal()
    run = asyncio.run(ran(tmp_path, journal, WARM_AND_SOME_HOURS))
    forged, row = asyncio.run(with_another_prediction(journal, run))
    monkeypatch.setattr(replay, "code_fingerprint", lambda: "another version")
    report = replayed(forged, row, verify=True)
    assert report.kind == "code version"
    assert fingerprint.code_fingerprint()[:12] in report.detail
    assert "another vers" in report.detail
