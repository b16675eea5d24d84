"""Snapshots: the kernel's own state and one encoded state per actor, with a checksum over all of
it.

A checksum only shows that a snapshot is whole. That it is true is shown by the chain, which holds
the digests of all states at fixed inputs; they leave the root out, because it is made of them.
"""

from __future__ import annotations

import hashlib

import msgspec

from actors.kernel.envelope import Input
from actors.kernel.stamp import KERNEL
from actors.kernel.supervisor import Halt
from actors.kernel.timers import Timer
from actors.messages.codec import ENCODER, frozen_decoder

# Names with SHA-256 digests, the kernel's own state first, then the actors in graph order.
StateDigests = tuple[tuple[str, bytes], ...]


class KernelState(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Everything the kernel itself remembers between inputs."""

    seq: int
    at: int
    root: bytes
    lamport: int
    sequences: tuple[tuple[str, int], ...]
    timers: tuple[Timer, ...]
    halt: Halt | None
    restarts: tuple[tuple[str, tuple[int, ...]], ...]
    held: tuple[Input, ...]
    dead_letters: int


class Snapshot(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A resting point: state after input `kernel.seq`, valid for one code fingerprint."""

    kernel: KernelState
    actors: tuple[tuple[str, bytes], ...]
    code_fingerprint: str


class SnapshotCorruptError(Exception):
    """A snapshot does not decode or its checksum differs; an older one must be used."""


_DECODER = frozen_decoder(Snapshot)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Canonical bytes with a leading SHA-256."""
    body = ENCODER.encode(snapshot)
    return hashlib.sha256(body).digest() + body


def decode_snapshot(data: bytes) -> Snapshot:
    """The snapshot in `data`. Raises SnapshotCorruptError."""
    if hashlib.sha256(data[32:]).digest() != data[:32]:
        raise SnapshotCorruptError("the snapshot's checksum does not match its content")
    try:
        snapshot: Snapshot = _DECODER.decode(data[32:])
    except (msgspec.MsgspecError, ValueError) as error:
        raise SnapshotCorruptError(f"the snapshot does not decode: {error}") from error
    return snapshot


def fitted(snapshot: Snapshot, fresh: Snapshot) -> Snapshot:
    """A snapshot of other code for the graph whose beginning is `fresh`.

    Actors that it does not know begin; what it remembers of actors that are gone is left out.
    """
    kernel, known = snapshot.kernel, dict(snapshot.actors)
    sent = dict(kernel.sequences)
    actors = tuple((name, known.get(name, begun)) for name, begun in fresh.actors)
    names = dict(actors)
    fitting = msgspec.structs.replace(
        kernel,
        sequences=tuple((name, sent.get(name, 0)) for name in names),
        timers=tuple(timer for timer in kernel.timers if timer.owner in names),
        restarts=tuple((name, times) for name, times in kernel.restarts if name in names),
    )
    return Snapshot(fitting, actors, snapshot.code_fingerprint)


def state_digests(snapshot: Snapshot) -> StateDigests:
    """SHA-256 of the kernel's state (without the root) and of each actor's, by name."""
    kernel = ENCODER.encode(msgspec.structs.replace(snapshot.kernel, root=b""))
    parts = ((KERNEL, kernel), *snapshot.actors)
    return tuple((name, hashlib.sha256(data).digest()) for name, data in parts)


def state_digest(snapshot: Snapshot) -> str:
    """One hash (hex) over kernel and actor states: equal states, equal digests."""
    return hashlib.sha256(ENCODER.encode(state_digests(snapshot))).hexdigest()
