"""The kernel's hop beside a direct typed call.

Two actors send one message to and fro. A hop is the marginal cost over the chain's length: the
time of long chains minus that of short ones, divided by the hops between them, so that what an
input costs by itself drops out. `envelope` leaves the step digest out; `digest` is the kernel as it
is. The reference follows the same chain through `Actor.handle`, without mailbox or stamp.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from actors.kernel import kernel
from actors.kernel.actor import NOTHING, Actor, Effects, Rule
from actors.kernel.digest import NO_STEP
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.step import StepResult
from actors.kernel.supervisor import ChildSpec, Outcome, Policy
from actors.messages.base import Message
from ops.benchmarks.figures import (
    ROUNDS,
    ROUNDS_QUICK,
    Figure,
    interleaved,
    median,
    options,
    report,
)

SHORT, LONG = 10, 110
CHAINS: Final = 2_000
CHAINS_QUICK: Final = 100
HOP_MOST: Final = 2.2
DIGEST_MOST: Final = 3.2


class Ping(Message, frozen=True):
    """One way; the fields of an ordinary order message, `left` hops to go."""

    left: int
    symbol: str
    price: float
    note: str = ""


class Pong(Message, frozen=True):
    """And back."""

    left: int
    symbol: str
    price: float
    note: str = ""


class Seen(msgspec.Struct):
    """How many messages an actor has taken."""

    messages: int = 0
    last: str = ""


class Left(Actor[None, Seen]):
    """Answers Pong with Ping."""

    name: ClassVar[str] = "left"
    emits: ClassVar[tuple[type[Message], ...]] = (Ping,)
    state_type: ClassVar[type[msgspec.Struct]] = Seen

    def take(self, message: Pong, at: int) -> Effects:  # noqa: ARG002
        """Count, note the symbol, send it on."""
        state = self.state
        state.messages += 1
        state.last = message.symbol
        left = message.left
        return (Ping(left - 1, message.symbol, message.price),) if left else NOTHING

    rules: ClassVar[Mapping[type[Message], Rule]] = {Pong: take}


class Right(Actor[None, Seen]):
    """Answers Ping with Pong."""

    name: ClassVar[str] = "right"
    emits: ClassVar[tuple[type[Message], ...]] = (Pong,)
    state_type: ClassVar[type[msgspec.Struct]] = Seen

    def take(self, message: Ping, at: int) -> Effects:  # noqa: ARG002
        """Count, note the symbol, send it back."""
        state = self.state
        state.messages += 1
        state.last = message.symbol
        left = message.left
        return (Pong(left - 1, message.symbol, message.price),) if left else NOTHING

    rules: ClassVar[Mapping[type[Message], Rule]] = {Ping: take}


class Undigested(Kernel):
    """Full envelopes, mailboxes and schedule; the step's digest is left out to price it."""

    def step(self, entry: Input, recorded: Outcome | None = None) -> StepResult:
        """Step with the digest switched off for this input; the price of that is the input's."""
        digesting = vars(kernel)["digest_or_blame"]
        vars(kernel)["digest_or_blame"] = lambda _: NO_STEP
        try:
            return super().step(entry, recorded)
        finally:
            vars(kernel)["digest_or_blame"] = digesting


def kernel_of(kind: type[Kernel]) -> Kernel:
    """A kernel over the two actors."""
    actors: list[Actor[Any, Any]] = [Left(None, Seen()), Right(None, Seen())]
    specs = {each.name: ChildSpec(each.name, Policy.HALT) for each in actors}
    return kind(actors, specs, {Ping: ("right",), Pong: ("left",)}, checkpoint_every=10**9)


def stepping(kind: type[Kernel], chains: int, hops: int) -> Callable[[], object]:
    """Steps `chains` inputs of `hops` hops each, on a kernel that is kept."""
    kernel = kernel_of(kind)

    def work() -> None:
        first = kernel.seq + 1
        for seq in range(first, first + chains):
            kernel.step(Input(seq, seq, Ping(hops - 1, "BTC/USD", 1.0)))
        # What was stepped is kept for a rollback until the next checkpoint: not a hop's cost.
        kernel.restore(kernel.snapshot())

    return work


def calling(chains: int, hops: int) -> Callable[[], object]:
    """The reference: the same messages through the same rules, each a direct typed call."""
    left, right = Left(None, Seen()), Right(None, Seen())

    def work() -> None:
        for seq in range(chains):
            effects: Effects = (Ping(hops - 1, "BTC/USD", 1.0),)
            while effects:
                for message in effects:
                    actor = right if type(message) is Ping else left
                    effects = actor.handle(message, seq)

    return work


def measure(*, chains: int, rounds: int) -> list[Figure]:
    """The figures; times are CPU nanoseconds."""
    works: dict[str, Callable[[], object]] = {}
    for hops in (SHORT, LONG):
        works[f"direct {hops}"] = calling(chains, hops)
        works[f"envelope {hops}"] = stepping(Undigested, chains, hops)
        works[f"digest {hops}"] = stepping(Kernel, chains, hops)
    found = interleaved(works, rounds + 1)  # the first round warms up
    hop_ns: dict[str, float] = {}
    for kind in ("direct", "envelope", "digest"):
        pairs = zip(found[f"{kind} {SHORT}"], found[f"{kind} {LONG}"], strict=True)
        apart = [long - short for short, long in list(pairs)[1:]]
        hop_ns[kind] = 1e9 * median(apart) / (chains * (LONG - SHORT))
    direct, plain, digest = hop_ns["direct"], hop_ns["envelope"], hop_ns["digest"]
    beside = "ns, direct typed call"
    return [
        Figure("kernel messages", 1e9 / digest, "messages/s", "direct calls/s", 1e9 / direct),
        Figure("kernel hop, full envelope", plain, "ns", beside, direct),
        Figure("kernel hop, encoded and digested", digest, "ns", beside, direct),
        Figure(
            "kernel hop / direct call",
            plain / direct,
            "x",
            most=HOP_MOST,
            hint="two Structs (stamp, envelope), a deque put and take, a route look-up a hop",
        ),
        Figure(
            "kernel hop with digest / direct call",
            digest / direct,
            "x",
            most=DIGEST_MOST,
            hint="encoding an envelope and hashing its bytes comes on top of the hop",
        ),
    ]


def main() -> None:
    given = options(__doc__).parse_args()
    chains, rounds = (CHAINS_QUICK, ROUNDS_QUICK) if given.quick else (CHAINS, ROUNDS)
    report(measure(chains=chains, rounds=rounds), as_json=given.json)


if __name__ == "__main__":
    main()
