"""The kernel: one journalled input in, effects out, run to quiescence, all or nothing.

An input is stamped and put into the mailboxes that its type is routed to; the schedule serves one
mailbox at a time; each rule returns messages, which are stamped with the next Lamport time, given
their cause, and routed in turn. When nothing waits, the step is over: its digest is one hash over
all envelopes and the root moves on. Timers due by the input's time fire first, at their due time.
At fixed inputs the outcome also holds the digests of all states: the chain names its snapshots.

If a rule raises, every actor is set back to before the input (last checkpoint plus muted replay of
at most `checkpoint_every` inputs), the failure becomes part of the outcome, and the input is
stepped again without that one delivery; or the core halts, when the actor's policy or intensity
says so. Replay obeys recorded outcomes. A halted core holds facts until a person reactivates it;
market state that has aged is let go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.ids import GENESIS_ROOT
from actors.kernel.actor import Actor
from actors.kernel.digest import NO_STEP, digest_or_blame, next_root
from actors.kernel.directory import Port, resolve_routes
from actors.kernel.envelope import Envelope, Input
from actors.kernel.limits import (
    CHECKPOINT_EVERY,
    DIGEST_STATES_EVERY,
    LETTABLE,
    MESSAGES_PER_DELIVERY_MAX,
    TIMERS_PER_INPUT_MAX,
    run_away,
)
from actors.kernel.mailbox import MailboxStatistics
from actors.kernel.schedule import Schedule, StampOrder
from actors.kernel.snapshot import KernelState, Snapshot, StateDigests, state_digests
from actors.kernel.stamp import INPUT, KERNEL, LOG, OUTBOX, RECORDS, RISK, SINKS, TIMERS, Stamp
from actors.kernel.step import DeliveryFailedError, OutcomeDivergedError, StepResult
from actors.kernel.supervisor import (
    HELD,
    OK,
    ChildSpec,
    Failure,
    Halt,
    Outcome,
    Restarts,
    RunawayError,
    error_sentence,
)
from actors.kernel.timers import Timer, Timers
from actors.kernel.topology import Routes, check_topology
from actors.messages.codec import ENCODER
from actors.messages.control import (
    ActorRestarted,
    CancelTimer,
    Reactivate,
    RunEnded,
    SetTimer,
    TimerFired,
)
from actors.money import money_context
from actors.ports import PredictionTape


class Kernel:
    """The synchronous core. Not thread-safe by design; one kernel, one thread, one account."""

    def __init__(
        self,
        actors: Sequence[Actor[Any, Any]],
        specs: Mapping[str, ChildSpec],
        routes: Routes,
        *,
        schedule: Schedule | None = None,
        tape: PredictionTape | None = None,
        code_fingerprint: str = "",
        checkpoint_every: int = CHECKPOINT_EVERY,
        digest_states_every: int = DIGEST_STATES_EVERY,
    ) -> None:
        check_topology(actors, routes, specs)
        assert digest_states_every > 0
        self._ports = {actor.name: Port(actor, specs[actor.name]) for actor in actors}
        self._inputs = frozenset(routes)
        self._routes = resolve_routes(routes, self._ports)
        self._schedule: Schedule = schedule or StampOrder()
        self._tape = tape or PredictionTape()
        self._code_fingerprint = code_fingerprint
        self._context = money_context()
        self._checkpoint_every = checkpoint_every
        self.digest_states_every = digest_states_every
        self.seq = 0
        self.at = 0
        self.root = GENESIS_ROOT
        self.halt: Halt | None = None
        self._restarts = Restarts()
        self.dead_letters = 0
        self._lamport = 0
        self._timers = Timers()
        self._held: list[Input] = []
        self._step: list[Envelope] = []
        self._digest = NO_STEP
        self._sinks: dict[str, list[Envelope]] = {name: [] for name in SINKS}
        self._checkpoint = self.snapshot()
        self._since: list[tuple[Input, Outcome]] = []

    def actor(self, name: str) -> Actor[Any, Any]:
        """The actor of that name, for read-only views (never for sending)."""
        return self._ports[name].actor

    def mailboxes(self) -> dict[str, MailboxStatistics]:
        """Statistics of every mailbox by actor name."""
        return {name: port.mailbox.statistics() for name, port in self._ports.items()}

    def restarts(self) -> dict[str, int]:
        """Restarts within each actor's period."""
        return {name: len(times) for name, times in self._restarts.as_tuple()}

    def held(self) -> int:
        """How many inputs wait for a reactivation."""
        return len(self._held)

    def step(self, entry: Input, recorded: Outcome | None = None) -> StepResult:
        """Step one input to quiescence; with `recorded`, obey that outcome (replay).

        Raises AssertionError on a gap, on time that runs backwards and on what is no input here;
        OutcomeDivergedError when a replayed step raises although its record does not say so.
        """
        assert entry.seq == self.seq + 1, f"input {entry.seq} does not follow {self.seq}"
        assert entry.at >= self.at, "logical time never runs backwards"
        assert type(entry.body) in self._inputs, f"{type(entry.body).__name__} has no route"
        input_bytes = ENCODER.encode(entry)
        outcome = self._context.run(self._attempt, entry, recorded)
        outcome = outcome.stating(self._stated(entry))
        envelopes, sinks = self._step, self._sinks
        outcome_bytes = ENCODER.encode(outcome)
        digest = self._digest
        self.root = next_root(self.root, input_bytes, outcome_bytes, digest)
        result = StepResult(
            entry.seq,
            input_bytes,
            outcome,
            outcome_bytes,
            digest,
            self.root,
            sinks[OUTBOX],
            sinks[RECORDS],
            sinks[LOG],
            len(envelopes),
        )
        self._settle(entry, outcome)
        return result

    def _stated(self, entry: Input) -> StateDigests:
        """The digests of all states, every so many inputs and at a run's end; else nothing."""
        due = entry.seq % self.digest_states_every == 0 or type(entry.body) is RunEnded
        return state_digests(self.snapshot()) if due else ()

    def _settle(self, entry: Input, outcome: Outcome) -> None:
        self._step = []
        self._sinks = {name: [] for name in SINKS}
        self._since.append((entry, outcome))
        if len(self._since) >= self._checkpoint_every:
            self._checkpoint = self.snapshot()
            self._since.clear()

    def _attempt(self, entry: Input, recorded: Outcome | None) -> Outcome:
        """Run the input until it succeeds, is skipped around, halts or is held."""
        if self.halt is not None and type(entry.body) is not Reactivate:
            self._hold(entry)
            return HELD
        failures = list(recorded.failures) if recorded is not None else []
        if recorded is not None and failures and failures[-1].halted:
            self._stop(entry, failures[-1])
            return recorded
        while True:
            try:
                self._run(entry, failures, recorded)
                self._digest = digest_or_blame(self._step)
            except DeliveryFailedError as failed:
                if recorded is not None:
                    raise OutcomeDivergedError(
                        entry.seq, failed.owner, error_sentence(failed.error)
                    ) from failed.error
                spec = self._ports[failed.owner].spec
                stamp, error = failed.stamp, failed.error
                failure = self._restarts.judge(spec, entry.at, stamp, error, failures)
                self._roll_back()
                failures.append(failure)
                if failure.halted:
                    self._stop(entry, failure)
                    return Outcome("failed", tuple(failures))
                continue
            break
        return self._completed(entry, failures, recorded)

    def _completed(
        self, entry: Input, failures: list[Failure], recorded: Outcome | None
    ) -> Outcome:
        for failure in failures:
            self._restarts.count(self._ports[failure.actor].spec, entry.at)
        self.seq = entry.seq
        if recorded is not None:
            return recorded
        written = self._tape.written
        if not failures and not written:
            return OK
        return Outcome("failed" if failures else "ok", tuple(failures), tuple(written))

    def _run(self, entry: Input, failures: list[Failure], recorded: Outcome | None) -> None:
        self._schedule.begin(entry.seq)
        self._tape.begin(recorded.predictions if recorded is not None else None)
        skips = {(failure.actor, failure.stamp): failure for failure in failures}
        if type(entry.body) is Reactivate:
            self._restarts = Restarts()
        if self.halt is not None:
            self._run_again(entry, self.halt.at, skips)
        else:
            self._fire(entry.at, entry.seq, skips)
            self._inject(entry, entry.seq, skips)

    def _run_again(
        self, entry: Input, halted_at: int, skips: dict[tuple[str, Stamp], Failure]
    ) -> None:
        """The reactivation first, so that everybody knows of the hole; then what was held, at its
        own time with the timers between.
        """
        held, self._held = self._held, []
        self.halt = None
        again = Input(entry.seq, halted_at, entry.body)
        for earlier in (again, *held):
            self._fire(earlier.at, entry.seq, skips)
            self._inject(earlier, entry.seq, skips)
        self._fire(entry.at, entry.seq, skips)
        self.at = entry.at

    def _fire(self, until: int, seq: int, skips: dict[tuple[str, Stamp], Failure]) -> None:
        """Fire the timers due at or before `until` at their due time, each to quiescence.

        A timer that was set to a time already past fires now: time never runs backwards.
        """
        fired = 0
        while (timer := self._timers.due(until)) is not None:
            fired += 1
            if fired > TIMERS_PER_INPUT_MAX:
                error = RunawayError(f"the timer {timer.name} never rests")
                raise DeliveryFailedError(timer.owner, timer.cause, error)
            self.at = max(self.at, timer.due)
            self._lamport += 1
            stamp = Stamp(self._lamport, KERNEL, seq)
            message = TimerFired(timer.name, timer.due)
            envelope = Envelope(stamp, timer.cause, timer.owner, self.at, message)
            self._step.append(envelope)
            mailbox = self._ports[timer.owner].mailbox
            mailbox.put(envelope)
            self._schedule.ready(mailbox)
            self._drain(skips)

    def _inject(self, entry: Input, seq: int, skips: dict[tuple[str, Stamp], Failure]) -> None:
        self.at = entry.at
        self._lamport += 1
        stamp = Stamp(self._lamport, INPUT, seq)
        to, mailboxes, sinks = self._routes[type(entry.body)]
        envelope = Envelope(stamp, stamp, to, entry.at, entry.body)
        for mailbox in mailboxes:
            mailbox.put(envelope)
            self._schedule.ready(mailbox)
        self._sink(envelope, sinks)
        self._drain(skips)

    def _drain(self, skips: dict[tuple[str, Stamp], Failure]) -> None:
        """Serve mailboxes until nothing waits. This loop is the hop that benchmarks measure."""
        following, ready = self._schedule.next, self._schedule.ready
        routes, emitted = self._routes, self._step.append
        lamport = self._lamport
        ceiling = lamport + MESSAGES_PER_DELIVERY_MAX
        while (mailbox := following()) is not None:
            envelope = mailbox.queue.popleft()
            mailbox.delivered += 1
            parent = envelope.stamp
            at = envelope.at
            body = envelope.body
            try:
                if skips and (mailbox.owner, parent) in skips:
                    self._lamport = lamport
                    self._skip(envelope, skips[(mailbox.owner, parent)])
                    lamport = self._lamport
                    continue
                for message in mailbox.rules[type(body)](mailbox.actor, body, at):
                    lamport += 1
                    if not parent.lamport < lamport <= ceiling:
                        run_away()
                    mailbox.sent = sent = mailbox.sent + 1
                    to, targets, sinks = routes[type(message)]
                    child = Envelope(Stamp(lamport, mailbox.owner, sent), parent, to, at, message)
                    emitted(child)
                    for target in targets:
                        queue = target.queue
                        queue.append(child)
                        if len(queue) > target.high_water:
                            target.grew()
                        ready(target)
                    if sinks:
                        self._sink(child, sinks)
            except Exception as error:  # the supervisor's boundary
                raise DeliveryFailedError(mailbox.owner, parent, error) from error
        self._lamport = lamport

    def _sink(self, envelope: Envelope, names: tuple[str, ...]) -> None:
        for name in names:
            message, owner = envelope.body, envelope.stamp.actor
            if name != TIMERS:
                self._sinks[name].append(envelope)
            elif isinstance(message, SetTimer):
                self._timers.set(Timer(message.due, owner, message.name, envelope.stamp))
            else:
                assert isinstance(message, CancelTimer)
                self._timers.cancel(owner, message.name)

    def _skip(self, envelope: Envelope, failure: Failure) -> None:
        """Leave out one delivery that is known to fail: dead letter, and tell risk."""
        self.dead_letters += 1
        if RISK not in self._ports:
            return
        self._lamport += 1
        stamp = Stamp(self._lamport, KERNEL, envelope.stamp.lamport)
        message = ActorRestarted(failure.actor, failure.error)
        child = Envelope(stamp, envelope.stamp, RISK, envelope.at, message)
        self._step.append(child)
        mailbox = self._ports[RISK].mailbox
        mailbox.put(child)
        self._schedule.ready(mailbox)

    def _stop(self, entry: Input, failure: Failure) -> None:
        self.halt = Halt(failure.actor, entry.at, entry.seq, failure.error)
        self._hold(entry)

    def _hold(self, entry: Input) -> None:
        if type(entry.body) not in LETTABLE and type(entry.body) is not Reactivate:
            self._held.append(entry)
        self._digest = NO_STEP
        self.seq, self.at = entry.seq, entry.at

    def _roll_back(self) -> None:
        """Set every actor back to before the running input: checkpoint plus muted replay."""
        root, since = self.root, self._since
        self._load(self._checkpoint)
        for entry, outcome in since:
            self._attempt(entry, outcome)
            self._step = []
            self._sinks = {name: [] for name in SINKS}
        self.root = root

    def snapshot(self) -> Snapshot:
        """The resting state after the last input."""
        state = KernelState(
            self.seq,
            self.at,
            self.root,
            self._lamport,
            tuple((name, port.mailbox.sent) for name, port in self._ports.items()),
            tuple(self._timers.waiting),
            self.halt,
            self._restarts.as_tuple(),
            tuple(self._held),
            self.dead_letters,
        )
        actors = tuple(
            (name, ENCODER.encode(port.actor.state)) for name, port in self._ports.items()
        )
        return Snapshot(state, actors, self._code_fingerprint)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from `snapshot`.

        Raises AssertionError when its actors are not this graph's, msgspec.ValidationError when a
        state is of another shape; nothing has changed then.
        """
        self._load(snapshot)
        self._checkpoint = snapshot
        self._since = []

    def _load(self, snapshot: Snapshot) -> None:
        kernel = snapshot.kernel
        encoded = dict(snapshot.actors)
        assert encoded.keys() == self._ports.keys(), "the snapshot belongs to another graph"
        # Every state decodes before the first is replaced.
        states = {name: port.decoder.decode(encoded[name]) for name, port in self._ports.items()}
        for name, sent in kernel.sequences:
            self._ports[name].set_back(states[name], sent)
        self._schedule.clear()
        self._step = []
        self._sinks = {name: [] for name in SINKS}
        self.seq, self.at, self.root = kernel.seq, kernel.at, kernel.root
        self.halt = kernel.halt
        self._lamport = kernel.lamport
        self._timers = Timers(list(kernel.timers))
        self._restarts = Restarts(dict(kernel.restarts))
        self._held = list(kernel.held)
        self.dead_letters = kernel.dead_letters
