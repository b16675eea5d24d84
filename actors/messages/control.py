"""Control messages: runs, time, operator commands, supervision facts, timers and notes."""

from __future__ import annotations

from decimal import Decimal

from actors.dataset import Dataset
from actors.instruments import Instrument
from actors.messages.base import Message
from actors.model_statement import ModelStatement


class RunStarted(Message, frozen=True):
    """Input: first of a segment. Everything that decides is named here, so it is in the root.

    `state` is the digest (hex) of all that the graph remembers just before this input. `gapless`
    says that the feed goes on exactly where the account stopped, as a recording does. `model` is
    what the run states of its bundle; `datasets` are the files or the seeded market that it reads.
    """

    run_id: str
    account: str
    mode: str
    epoch: int
    symbols: tuple[str, ...]
    settings_hash: str
    settings: str
    code_fingerprint: str
    feed: str
    bundle_id: str
    bundle_marker: str
    genesis: str
    rules: tuple[Instrument, ...] = ()
    state: str = ""
    gapless: bool = False
    model: ModelStatement | None = None
    datasets: tuple[Dataset, ...] = ()


class RunEnded(Message, frozen=True):
    """Input: last of a segment that was closed cleanly."""

    run_id: str
    reason: str


class EpochOpened(Message, frozen=True):
    """Input: a new leader writes. Orders that were in flight before it are unknown until proven."""

    epoch: int
    reason: str


class Deposit(Message, frozen=True):
    """Input: funds arrived from outside (also the opening balance of a paper account)."""

    asset: str
    amount: Decimal
    source: str
    ts: int


class LedgerEntry(Message, frozen=True):
    """Input: an entry of the venue's own ledger that is no trade; `amount` has its sign.

    `kind` is deposit, withdrawal, staking, transfer, reward, adjustment, dust or rounding; `asset`
    is named as the venue does, with its suffix. The fee comes off beside the amount.
    """

    refid: str
    kind: str
    asset: str
    amount: Decimal
    fee: Decimal
    ts: int


class Correction(Message, frozen=True):
    """Input: a person (or reconciliation) reverses one transfer, told as it was booked.

    `debit` and `credit` are kinds of account, one of them available or staked.
    """

    transfer_no: int
    debit: str
    credit: str
    asset: str
    amount: Decimal
    actor: str
    reason: str


class Tick(Message, frozen=True):
    """Input: nothing happened, but time passed; timers that are due fire before it."""

    ts: int


class KillSwitch(Message, frozen=True):
    """Input: an operator (or a watchdog) sets the kill level.

    0 off, 1 no new risk, 2 reduce, 3 flatten.
    """

    level: int
    actor: str
    reason: str


class Reactivate(Message, frozen=True):
    """Input: a person lifts a halt; everybody hears it, then what was held is delivered.

    `hole` says that the core stood still, so that market data was let go meanwhile.
    """

    actor: str
    reason: str
    hole: bool = True


class ClockSkew(Message, frozen=True):
    """Input: the edge clock disagrees with the wall or the venue by `offset_ns`.

    0 means repaired.
    """

    offset_ns: int


class MaintenanceAnnounced(Message, frozen=True):
    """Input: the venue will be down from `starts` to `ends`, and wants to be left by `leave_by`.

    An armed switch would cancel everything when it comes back. Times are ns UTC; with `ends` 0
    the venue no longer announces it.
    """

    event_id: str
    starts: int
    ends: int
    leave_by: int


class FeeTier(Message, frozen=True):
    """What the account pays on one symbol, as ratios of cost."""

    symbol: str
    taker: Decimal
    maker: Decimal


class FeeTierRead(Message, frozen=True):
    """Input: the account's own fees as the venue tells them, of the symbols whose fees moved.

    From here on they stand instead of those in the run's rules. `reason` says why they were told;
    without `tiers` it says why they could not be read, and what was told before stands.
    """

    ts: int
    tiers: tuple[FeeTier, ...]
    reason: str = ""


class PairRulesChanged(Message, frozen=True):
    """Input: the venue has other rules for a pair, for every order that is decided from here on.

    Grids and minima as in RunStarted's rules; `source` says where the venue told them.
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    quantity_min: Decimal
    cost_min: Decimal
    ts: int
    source: str = ""


class SwitchConsent(Message, frozen=True):
    """Input: a person allows (or no longer allows) the switch to cancel orders that are not ours.

    The venue's switch knows one account, and no difference between its orders.
    """

    given: bool
    actor: str
    reason: str


class StopAsked(Message, frozen=True):
    """Input: the service is about to stop: nothing more is ordered until a run starts.

    `cancels` says what is called back: cancel_entries, cancel (everything), or leave (nothing).
    """

    cancels: str
    reason: str


class LiveConfirmed(Message, frozen=True):
    """Input: what a person confirmed before live trading, told at the start of each live run.

    `kind` is accept_risk (`digest` is the text's SHA-256) or override_trial; `ts` is when (ns UTC).
    """

    kind: str
    actor: str
    reason: str
    digest: str
    ts: int


class ReadingAsked(Message, frozen=True):
    """Input: a person asks for a reading of the venue's lists now."""

    actor: str
    reason: str


class ConstraintViolated(Message, frozen=True):
    """What must not be was met, and the account halts until a person reactivates it.

    As an input: the database refused a row of input `seq`. From orders and the ledger (`seq` 0):
    a fact of the venue contradicts our orders or our books; from the profiles: what decides is out
    of bounds. `detail` says it in words.
    """

    name: str
    seq: int
    detail: str = ""


class SetTimer(Message, frozen=True):
    """To the kernel: fire `name` for the sender at `due` (ns UTC).

    Replaces a timer of that name.
    """

    name: str
    due: int


class CancelTimer(Message, frozen=True):
    """To the kernel: forget the sender's timer `name`."""

    name: str


class TimerFired(Message, frozen=True):
    """From the kernel to the owner: timer `name` reached `due`."""

    name: str
    due: int


class ActorRestarted(Message, frozen=True):
    """From the supervisor to risk: an actor lost one message and was set back to before it."""

    actor: str
    error: str


class Note(Message, frozen=True):
    """A log line as data: `fields` are ordered pairs of text."""

    level: str
    event: str
    fields: tuple[tuple[str, str], ...] = ()
