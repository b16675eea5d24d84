"""Ports: what the core asks of the world, and the records that cross.

Adapters implement these; fakes and the real thing pass one conformance suite per port. Nothing
here does I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import msgspec
import numpy as np

from actors.messages.base import Message

_INT32 = np.dtype("<i4")


class Predictor(Protocol):
    """A model as the inference actor sees it."""

    @property
    def bundle_id(self) -> str:
        """SHA-256 of the bundle's file list."""

    @property
    def marker(self) -> str:
        """Empty, or SYNTHETIC_ONLY."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """int32 micros [n, 3] or [n, 11] for float64 features [n, F]; MISSING where not warm."""


class PredictionTape:
    """Predictions as recorded outcomes: written while deciding, played back while recovering."""

    __slots__ = ("playing", "written")

    def __init__(self) -> None:
        self.playing: deque[bytes] | None = None
        self.written: list[bytes] = []

    def begin(self, recorded: tuple[bytes, ...] | None) -> None:
        """Start a step: play `recorded` back, or write when it is None."""
        self.playing = None if recorded is None else deque(recorded)
        self.written = []


class TapedPredictor:
    """A predictor whose answers go to, or come from, a tape."""

    def __init__(self, predictor: Predictor, tape: PredictionTape) -> None:
        self._predictor = predictor
        self._tape = tape
        self.bundle_id = predictor.bundle_id
        self.marker = predictor.marker

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The recorded answer when one is played, else the model's own, which is then recorded.

        A recorded one is as wide as it was: older journals are stepped with what they hold.
        """
        tape = self._tape
        if tape.playing is not None:
            assert tape.playing, "the record holds no prediction for this step"
            return np.frombuffer(tape.playing.popleft(), dtype=_INT32).reshape(len(features), -1)
        answer = np.ascontiguousarray(self._predictor.predict(features))
        assert answer.dtype == _INT32, "a prediction is made of int32 micros"
        tape.written.append(answer.tobytes())
        return answer


class FeedItem(msgspec.Struct, frozen=True, gc=False):
    """One thing a feed delivers: a message and the logical time (ns UTC) it is received at."""

    at: int
    body: Message


class Feed(Protocol):
    """A recorded or seeded source of inputs: the same feed gives the same items, whoever reads it.

    `digest` names the content (a hash), `symbols` the universe in index order, `kind` what it is
    ("seeded", "kraken-ws2", "candles", "trades"). Items come in non-decreasing `at`.
    """

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that determines the items."""

    @property
    def kind(self) -> str:
        """What sort of feed this is."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Canonical symbols, index order."""

    def items(self, after: int = 0) -> Iterator[FeedItem]:
        """The items with `at` > `after`, in order."""


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False, forbid_unknown_fields=True):
    """One journalled input: canonical bytes, what became of it, and what it would send."""

    input: bytes
    outcome: bytes
    digest: bytes
    effects: tuple[bytes, ...] = ()


class Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Up to about a thousand records committed at once.

    `records` is the canonical encoding of them.

    `hour_ts` is the full hour (ns UTC) of the first record's `at`; `checksum` is SHA-256 of
    `records`.
    """

    run_id: str
    epoch: int
    first_seq: int
    last_seq: int
    hour_ts: int
    root_before: bytes
    root_after: bytes
    checksum: bytes
    records: bytes


class StoredSnapshot(msgspec.Struct, frozen=True):
    """A snapshot as stored: encoded bytes (with their own checksum) and where they belong."""

    seq: int
    root: bytes
    run_id: str
    data: bytes


class DerivedRow(msgspec.Struct, frozen=True):
    """A record message that is also kept as a row.

    The input's sequence, its run and the message.
    """

    seq: int
    at: int
    body: Message


class RowParity(msgspec.Struct, frozen=True):
    """What stored rows are beside those that the journal makes: how many, and their hash.

    `digest` is a chain over the rows that should be there, each with its table and place, so it
    depends on the journal alone. `fault` says what the first different row has otherwise (input
    `seq`); empty: none, or a store that keeps no rows (`rows` is then 0).
    """

    rows: int
    digest: bytes
    seq: int = 0
    fault: str = ""


class RefusedRow(msgspec.Struct, frozen=True):
    """A derived row that the store left out.

    `name` is the constraint that refused it, `seq` the input that led to it, `row` says which of
    that input's rows it was.
    """

    name: str
    seq: int
    row: str


class RunRow(msgspec.Struct, frozen=True):
    """One segment of an account's journal, as `runs` lists it.

    `last_seq` is 0 while it is empty.
    """

    run_id: str
    account: str
    mode: str
    feed: str
    genesis: bytes
    first_seq: int
    last_seq: int
    root: bytes
    closed: bool


class TableHash(msgspec.Struct, frozen=True):
    """How many rows of a run a table holds, and the SHA-256 (hex) over all of them."""

    rows: int
    hash: str


class RunManifest(msgspec.Struct, frozen=True):
    """What a cleanly ended run came to, as its end wrote it; hashes in hex.

    `tables` has every table of rows. `parent` is the hash of the manifest before it, `hash` is over
    everything else, so an account's newest manifest commits to all of its rows.
    """

    run_id: str
    first_seq: int
    last_seq: int
    genesis: str
    root: str
    frames: int
    rows: int
    tables: dict[str, TableHash]
    code_fingerprint: str
    settings_hash: str
    feed: str
    bundle_id: str
    profiles: tuple[str, ...]
    datasets: tuple[str, ...]
    parent: str
    hash: str


class ManifestCheck(msgspec.Struct, frozen=True):
    """A run's manifest beside what is stored; `fault` says what differs, empty where nothing does.

    `manifest` is None for a run that was not closed, or not by a version that writes them, and
    always in a store without rows.
    """

    manifest: RunManifest | None = None
    fault: str = ""


class Seal(msgspec.Struct, frozen=True):
    """The tombstone of a run whose frames were exported and removed.

    `begun` is the run's first input as journalled, `export_sha256` is of the export's manifest,
    `sealed_at` is in seconds since 1970, `signature` is made by `key` over all other fields.
    """

    account: str
    run_id: str
    first_seq: int
    last_seq: int
    root_before: bytes
    root_after: bytes
    frames: int
    inputs: int
    begun: bytes
    export_sha256: str
    sealed_at: int
    key: str
    signature: bytes = b""


class JournalError(Exception):
    """The journal cannot do what was asked; the text is one sentence."""


class FencedError(JournalError):
    """Another leader holds a newer epoch; this writer must stop for good."""


class JournalCorruptError(JournalError):
    """The stored chain is broken. `seq` is the first input that cannot be trusted."""

    def __init__(self, kind: str, seq: int, detail: str) -> None:
        super().__init__(f"{kind} at input {seq}: {detail}")
        self.kind = kind
        self.seq = seq
        self.detail = detail


class JournalView(Protocol):
    """One account's journal as it is read: runs, frames, snapshots, and what rows say of them."""

    async def runs(self) -> tuple[RunRow, ...]:
        """Every segment in stream order."""

    async def seals(self) -> tuple[Seal, ...]:
        """The runs at the stream's beginning whose frames are gone, in order, as stored."""

    def frames(self, from_seq: int = 1, to_seq: int | None = None) -> AsyncIterator[Frame]:
        """Stored frames that hold any input of the range, in order, as stored (not verified)."""

    def snapshots(self) -> AsyncIterator[StoredSnapshot]:
        """Stored snapshots, newest first."""

    async def head(self) -> tuple[int, bytes]:
        """Last durable sequence and root; (0, genesis) when empty."""

    async def refused_since(self, seq: int) -> tuple[RefusedRow, ...]:
        """The rows that were left out of frames after input `seq`, in order."""

    async def compare_rows(
        self, run: RunRow, span: tuple[int, int], rows: tuple[DerivedRow, ...], before: RowParity
    ) -> RowParity:
        """Hold the rows stored for the inputs `span` (both included) of a run against `rows`.

        `before` is what the inputs before them gave; its count and digest are continued.
        """

    async def check_manifest(self, run: RunRow) -> ManifestCheck:
        """Hold the manifest of a run against the run and every row that is stored of it."""


class Journal(JournalView, Protocol):
    """One append-only stream of frames for one account, written by one epoch at a time."""

    async def open_epoch(self, holder: str) -> int:
        """Become the leader: a new epoch, larger than every earlier one.

        Older writers are fenced.
        """

    async def append(
        self, frame: Frame, rows: tuple[DerivedRow, ...] = ()
    ) -> tuple[RefusedRow, ...]:
        """Make the frame durable with its rows, in one commit; return the rows that were refused.

        A row that a constraint refuses is left out, and no other: the inputs and all other rows
        are stored. Raises FencedError or JournalError, and then nothing was written. The frame
        must continue the stream: first_seq = last durable seq + 1 and root_before = its root.
        """

    async def begin_run(self, run: RunRow) -> None:
        """Register a segment before its first frame; the same row twice is a no-op."""

    async def end_run(self, run_id: str) -> None:
        """Mark a segment as closed cleanly, and write what it came to where rows are kept."""

    async def save_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot durably; the same sequence twice is a no-op."""

    async def close(self) -> None:
        """Release files, locks and connections."""


class EdgeError(Exception):
    """Trouble at the edge; the subclasses say what may be done about it."""


class Transient(EdgeError):  # noqa: N818  (the house's word)
    """Try again later; nothing happened."""


class Permanent(EdgeError):  # noqa: N818
    """Trying again will not help; a person must act."""


class ProtocolViolation(EdgeError):  # noqa: N818
    """The other side broke its own protocol; the message is set aside."""


class UnknownOutcome(EdgeError):  # noqa: N818
    """The request may or may not have been carried out."""
