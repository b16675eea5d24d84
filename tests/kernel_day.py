"""A day of the bank, journalled, and its recovery: shared by the tests of recovery and trust."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from actors.instant import SECOND_NS
from actors.kernel.kernel import Kernel
from actors.messages.base import Message
from actors.messages.control import KillSwitch, Tick
from actors.ports import FeedItem
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.fail_points import FailPoints
from service.pump import Pump
from service.recovery import Recovered, recover
from tests.journal_samples import run_row
from tests.kernel_bank import START, Faults, bank, deposit

CODE = "code-1"
DAY: Sequence[Message] = [
    deposit("a"),
    KillSwitch(1, "operator", "ask"),
    deposit("poison-vault"),
    Tick(START),
    deposit("batch-4"),
    deposit("poison-risk"),
    KillSwitch(0, "operator", "ask again"),
    Tick(START),
    deposit("z"),
]


def lived(
    store: MemoryStore,
    *,
    frame_inputs: int = 2,
    snapshot_every: int = 4,
    code: str = CODE,
    digest_states_every: int = 1,
) -> Kernel:
    """A kernel after DAY, journalled into `store`."""
    kernel = bank(Faults(), code_fingerprint=code, digest_states_every=digest_states_every)

    async def work() -> None:
        journal = MemoryJournal(store)
        epoch = await journal.open_epoch("desk")
        await journal.begin_run(run_row())
        pump = Pump(
            kernel,
            journal,
            run_id="run-1",
            epoch=epoch,
            frame_inputs=frame_inputs,
            snapshot_every=snapshot_every,
            fail_points=FailPoints(""),
        )
        times = [START + number * 3 * SECOND_NS for number in range(len(DAY))]
        await pump.admit([FeedItem(at, body) for at, body in zip(times, DAY, strict=True)])
        await pump.flush()

    run(work())
    return kernel


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def recovered(
    store: MemoryStore, kernel: Kernel, code: str = CODE, *, trusted_seq: int | None = None
) -> Recovered:
    found: Recovered = run(recover(kernel, MemoryJournal(store), code, trusted_seq=trusted_seq))
    return found


def fresh(digest_states_every: int = 1) -> Kernel:
    """Its model says other things than the first one's did: only the record can be right."""
    return bank(said=70, code_fingerprint=CODE, digest_states_every=digest_states_every)
