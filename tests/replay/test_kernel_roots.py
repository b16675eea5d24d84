"""Equal inputs, equal roots: whatever the frame size, the hash seed, the ambient arithmetic.

The day below is stepped through the real pump into a journal in memory. What the roots do not
cover is written in docs/determinism.md.
"""

from __future__ import annotations

import asyncio
import decimal
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from actors.instant import SECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.step import StepResult
from actors.kernel.supervisor import Policy
from actors.messages.base import Message
from actors.messages.control import ClockSkew, KillSwitch, Reactivate, Tick
from actors.ports import FeedItem
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.fail_points import FailPoints
from service.pump import Pump
from service.recovery import recover
from tests.journal_samples import run_row
from tests.kernel_bank import START, Faults, bank, deposit, digest

REACTIVATED = 120
HOSTILE = decimal.Context(prec=3, rounding=decimal.ROUND_UP, traps=[])


def day() -> Sequence[FeedItem]:
    """Two hundred inputs: money, timers, poison, a halt, facts held, a reactivation."""
    bodies: list[Message] = []
    for number in range(40):
        bodies += [
            deposit(f"d{number}", f"{number}.01"),
            Tick(START),
            deposit(f"batch-{1 + number % 5}", "60.00"),
            KillSwitch(number % 3, "operator", "ask"),
            ClockSkew(number),
        ]
    bodies[61] = deposit("poison-risk/1")
    bodies[90] = deposit("poison-vault/1")
    bodies[REACTIVATED] = Reactivate("operator", "fixed")
    bodies[150] = KillSwitch(1, "operator", "poison-oracle")
    return [FeedItem(START + n * 3 * SECOND_NS, body) for n, body in enumerate(bodies)]


CODE: Final[Mapping[str, Any]] = {"code_fingerprint": "code", "digest_states_every": 50}


def lived(frame_inputs: int, store: MemoryStore | None = None) -> Kernel:
    """A kernel after the day, journalled in frames of that size."""
    faults = Faults()
    kernel = bank(faults, policies={"vault": Policy.HALT}, **CODE)

    def fix(entry: Input, _result: StepResult) -> None:
        if entry.seq == REACTIVATED:
            faults.cured.append("vault")

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
            snapshot_every=64,
            observers=[fix],
            fail_points=FailPoints(""),
        )
        await pump.admit(day())
        await pump.flush()
        assert pump.durable_seq == kernel.seq == len(day())

    asyncio.run(work())
    return kernel


@pytest.fixture(scope="module")
def expected() -> Kernel:
    return lived(1000)


@pytest.mark.parametrize("frame_inputs", [1, 7, 1000])
def test_the_root_is_independent_of_frame_boundaries(frame_inputs: int, expected: Kernel) -> None:
    """A frame is how inputs are stored, not what they are."""
    kernel = lived(frame_inputs)
    assert kernel.root == expected.root
    assert digest(kernel) == digest(expected)


def test_the_day_is_worth_testing(expected: Kernel) -> None:
    """It halts, holds, is reactivated, fails and goes on."""
    assert expected.dead_letters == 2
    assert expected.halt is None
    keys = [key for _, key, _ in expected.actor("vault").state.heard]
    assert "poison-vault/1" in keys, "it was held, and delivered after the fix"
    assert len(keys) > 150


def test_the_root_is_independent_of_the_ambient_arithmetic(expected: Kernel) -> None:
    """Three digits, rounding up, no traps: the kernel brings its own context."""
    with decimal.localcontext(HOSTILE):
        kernel = lived(7)
    assert kernel.root == expected.root


@pytest.mark.parametrize("frame_inputs", [1, 7, 1000])
def test_recovery_reaches_the_root_that_was(frame_inputs: int, expected: Kernel) -> None:
    """From the newest snapshot, and from zero, also in a hostile context."""
    store = MemoryStore()
    lived(frame_inputs, store)
    for keep in (True, False):
        if not keep:
            store.snapshots.clear()
        faults = Faults()
        faults.cured.append("vault")
        kernel = bank(faults, policies={"vault": Policy.HALT}, said=300, **CODE)
        with decimal.localcontext(HOSTILE):
            found = asyncio.run(recover(kernel, MemoryJournal(store), "code"))
        assert (found.snapshot_seq > 0) == keep
        assert kernel.root == expected.root
        assert digest(kernel) == digest(expected)


PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]
import test_kernel_roots as day
kernel = day.lived(7)
print(kernel.root.hex(), day.digest(kernel), hash("salted"))
"""


def test_the_root_is_independent_of_the_hash_seed(repository: Path, expected: Kernel) -> None:
    """New interpreters with other string hashes, so with other set orders."""
    here = Path(__file__).parent
    found = []
    for seed in ("0", "1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(repository), str(here)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(answer.stdout.split())
    assert {tuple(each[:2]) for each in found} == {(expected.root.hex(), digest(expected))}
    assert len({each[2] for each in found}) == 3, "the seeds did differ"
