"""A small real graph for the kernel's tests: a teller, a vault, risk and an oracle.

A deposit reaches the teller, who asks the vault to hold it; the vault tells the teller and risk;
ten seconds later a timer asks for it back. What the teller and the vault own together is what was
deposited, whatever the schedule. Every message is recorded too, so that tests see stamps. `Faults`
says who raises; it stands in the config because a fault is no part of a state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.instant import SECOND_NS
from actors.kernel.actor import Actor, Effects, Rule
from actors.kernel.envelope import Input
from actors.kernel.kernel import Kernel
from actors.kernel.schedule import Schedule
from actors.kernel.snapshot import state_digest
from actors.kernel.stamp import LOG, OUTBOX, RECORDS
from actors.kernel.step import StepResult
from actors.kernel.supervisor import ChildSpec, Outcome, Policy
from actors.messages.base import Message
from actors.messages.control import (
    ActorRestarted,
    CancelTimer,
    ClockSkew,
    ConstraintViolated,
    Deposit,
    KillSwitch,
    Note,
    Reactivate,
    RunEnded,
    RunStarted,
    SetTimer,
    Tick,
    TimerFired,
)
from actors.messages.decision import Side
from actors.messages.execution import NotSent
from actors.messages.ledger import HoldPlaced, HoldRefused, HoldReleased
from actors.messages.market import BookSlice, CandleSlice, TradeSlice
from actors.messages.order import CancelOrder, PlaceHold, SubmitOrder
from actors.messages.prediction import PredictionSlice
from actors.ports import PredictionTape, TapedPredictor

START: Final = 1_700_000_000 * SECOND_NS
RELEASE_NS: Final = 10 * SECOND_NS
NAMES: Final = ("teller", "vault", "risk", "oracle")
NONE: Final[tuple[Message, ...]] = ()


class PoisonError(Exception):
    """A rule of the bank met a message that it cannot bear."""


class Faults:
    """Who raises: `broken` actors always, `once` actors on their next delivery only.

    Poison in a key strikes the actor that it names, until that one is `cured`.
    """

    def __init__(self, *broken: str, once: Sequence[str] = ()) -> None:
        self.broken = list(broken)
        self.once = list(once)
        self.cured: list[str] = []

    def strike(self, actor: str, key: str) -> None:
        """Raise if `actor` is at fault on the message about `key` (never for a key's release)."""
        if actor in self.once:
            self.once.remove(actor)
            raise MemoryError("not this time")
        poisonous = f"poison-{actor}" in key and not key.startswith("release-")
        poisonous &= actor not in self.cured
        if actor in self.broken or poisonous:
            raise PoisonError(f"{actor} cannot bear {key}")


class Desk(msgspec.Struct, frozen=True):
    """The config of each: whoever may raise, and the oracle's model."""

    faults: Faults
    predictor: TapedPredictor


class BankState(msgspec.Struct):
    """What each of them remembers."""

    heard: list[tuple[str, str, int]] = []
    cash: Decimal = Decimal("0.00")
    pending: dict[str, Decimal] = {}


class Banker(Actor[Desk, BankState]):
    """Shared by all four: note what was heard, after the fault had its chance."""

    __slots__ = ()
    state_type = BankState

    def hear(self, message: Message, key: str, at: int) -> None:
        """Half of the damage is done before a fault strikes: the kernel must undo it."""
        self.state.heard.append((type(message).__name__, key, at))
        self.config.faults.strike(self.name, key)


class Teller(Banker):
    """Takes deposits, splits "batch-N" ones, and asks for them back by timer."""

    __slots__ = ()
    name = "teller"
    emits = (PlaceHold, HoldReleased, SetTimer, CancelTimer)

    def deposit(self, message: Deposit, at: int) -> Effects:
        self.state.cash += message.amount
        self.hear(message, message.source, at)
        batch, _, count = message.source.partition("batch-")
        parts = int(count) if not batch and count else 1
        effects: list[Message] = []
        for part in range(parts):
            key = f"{message.source}.{part}" if parts > 1 else message.source
            self.state.pending[key] = message.amount / parts
            effects.append(PlaceHold(key, message.asset, message.amount / parts))
        return [*effects, SetTimer(f"release-{message.source}", at + RELEASE_NS)]

    def placed(self, message: HoldPlaced, at: int) -> Effects:
        self.hear(message, message.cl_ord_id, at)
        self.state.cash -= self.state.pending.pop(message.cl_ord_id)
        return NONE

    def timer(self, message: TimerFired, at: int) -> Effects:
        self.hear(message, message.name, at)
        return (HoldReleased(message.name.removeprefix("release-")),)

    def returned(self, message: HoldRefused, at: int) -> Effects:
        self.hear(message, message.cl_ord_id, at)
        self.state.cash += message.free
        return NONE

    def skew(self, message: ClockSkew, at: int) -> Effects:
        self.hear(message, str(message.offset_ns), at)
        return NONE

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        Deposit: deposit,
        HoldPlaced: placed,
        TimerFired: timer,
        HoldRefused: returned,
        ClockSkew: skew,
    }


class Vault(Banker):
    """Keeps what it is given until it is asked for it."""

    __slots__ = ()
    name = "vault"
    emits = (HoldPlaced, HoldRefused)

    def place(self, message: PlaceHold, at: int) -> Effects:
        self.state.cash += message.amount
        self.hear(message, message.cl_ord_id, at)
        kept = self.state.pending.get(message.cl_ord_id, Decimal(0))
        self.state.pending[message.cl_ord_id] = kept + message.amount
        return (HoldPlaced(message.cl_ord_id),)

    def release(self, message: HoldReleased, at: int) -> Effects:
        self.hear(message, f"release-{message.cl_ord_id}", at)
        mine = [key for key in self.state.pending if key.split(".")[0] == message.cl_ord_id]
        effects = []
        for key in mine:
            amount = self.state.pending.pop(key)
            self.state.cash -= amount
            effects.append(HoldRefused(key, amount, amount))
        return effects

    rules: ClassVar[Mapping[type[Message], Rule]] = {PlaceHold: place, HoldReleased: release}


class Risk(Banker):
    """Hears of holds and restarts, sends an order for each hold, cancels on a kill."""

    __slots__ = ()
    name = "risk"
    emits = (SubmitOrder, CancelOrder, Note)

    def placed(self, message: HoldPlaced, at: int) -> Effects:
        self.hear(message, message.cl_ord_id, at)
        one = Decimal("1.00")
        order = SubmitOrder(
            message.cl_ord_id, "XBT/USD", Side.BUY, one, one, at, at + SECOND_NS, epoch=1
        )
        return order, Note("info", "ordered", (("id", message.cl_ord_id),))

    def restarted(self, message: ActorRestarted, at: int) -> Effects:
        self.hear(message, message.actor, at)
        return NONE

    def kill(self, message: KillSwitch, at: int) -> Effects:
        self.hear(message, message.reason, at)
        return [CancelOrder(str(n), "XBT/USD", message.reason) for n in range(message.level)]

    def fact(self, message: Message, at: int) -> Effects:
        self.hear(message, getattr(message, "reason", ""), at)
        return NONE

    rules: ClassVar[Mapping[type[Message], Rule]] = {
        HoldPlaced: placed,
        ActorRestarted: restarted,
        KillSwitch: kill,
        Reactivate: fact,
        ConstraintViolated: fact,
        NotSent: fact,
    }


class Counting:
    """A model that never says the same twice: only a recorded answer can repeat it."""

    bundle_id = "counting"
    marker = ""

    def __init__(self, said: int = 0) -> None:
        self.said = said

    def predict(self, features: np.ndarray) -> np.ndarray:
        self.said += 1
        return np.full((len(features), 3), self.said, dtype="<i4")


class Oracle(Banker):
    """Asks its model at every kill switch."""

    __slots__ = ()
    name = "oracle"
    emits = (PredictionSlice,)

    def kill(self, message: KillSwitch, at: int) -> Effects:
        rows = self.config.predictor.predict(np.zeros((2, 4)))
        self.hear(message, message.reason, at)
        return (PredictionSlice(at, self.config.predictor.bundle_id, rows),)

    rules: ClassVar[Mapping[type[Message], Rule]] = {KillSwitch: kill}


ROUTES: Final[Mapping[type[Message], tuple[str, ...]]] = {
    Deposit: ("teller",),
    ClockSkew: ("teller",),
    KillSwitch: ("oracle", "risk"),
    Reactivate: ("risk",),
    ConstraintViolated: ("risk",),
    NotSent: ("risk",),
    Tick: (),
    BookSlice: (),
    TradeSlice: (),
    CandleSlice: (),
    RunStarted: (),
    RunEnded: (LOG,),
    PlaceHold: ("vault", RECORDS),
    HoldPlaced: ("teller", "risk", RECORDS),
    HoldReleased: ("vault", RECORDS),
    HoldRefused: ("teller", RECORDS),
    SubmitOrder: (OUTBOX, RECORDS),
    CancelOrder: (OUTBOX,),
    PredictionSlice: (RECORDS,),
}


def bank(
    faults: Faults | None = None,
    *,
    policy: Policy = Policy.RESTART,
    policies: Mapping[str, Policy] | None = None,
    schedule: Schedule | None = None,
    said: int = 0,
    **settings: Any,
) -> Kernel:
    """A kernel over the four; `policies` overrides `policy` by name, `settings` go to `Kernel`."""
    tape = PredictionTape()
    desk = Desk(faults or Faults(), TapedPredictor(Counting(said), tape))
    specs = {
        name: ChildSpec(name, (policies or {}).get(name, policy), mailbox_capacity=64)
        for name in NAMES
    }
    actors: list[Actor[Any, Any]] = [
        Teller(desk, BankState()),
        Vault(desk, BankState()),
        Risk(desk, BankState()),
        Oracle(desk, BankState()),
    ]
    return Kernel(actors, specs, ROUTES, schedule=schedule, tape=tape, **settings)


def deposit(source: str, amount: str = "12.00") -> Deposit:
    """A deposit; its source is also its key."""
    return Deposit("USD", Decimal(amount), source, START)


def give(kernel: Kernel, body: Message, at: float, recorded: Outcome | None = None) -> StepResult:
    """Step the next input, `at` seconds after the start."""
    return kernel.step(Input(kernel.seq + 1, START + round(at * SECOND_NS), body), recorded)


def heard(kernel: Kernel, name: str) -> list[tuple[str, str]]:
    """What an actor heard, without times."""
    return [(kind, key) for kind, key, _ in kernel.actor(name).state.heard]


def owned(kernel: Kernel) -> Decimal:
    """What the teller and the vault own together."""
    cash: Decimal = kernel.actor("teller").state.cash + kernel.actor("vault").state.cash
    return cash


def digest(kernel: Kernel) -> str:
    """One hash over everything the kernel and its actors remember."""
    return state_digest(kernel.snapshot())


def replayed(inputs: Sequence[tuple[Input, Outcome]], kernel: Kernel) -> Kernel:
    """`kernel` after obeying the recorded outcomes of `inputs`."""
    for entry, outcome in inputs:
        kernel.step(entry, outcome)
    return kernel
