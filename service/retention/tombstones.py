"""What a tombstone proves, and to whom: it is signed by a key that this data folder knows.

The frames of a sealed run are gone, so its roots are vouched for by the signature; everything after
it is proven by frames that begin with the tombstone's root. A tombstone that is missing, forged or
out of place is named by its run and never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

from actors.ids import GENESIS_ROOT
from actors.kernel.envelope import Input
from actors.messages.codec import frozen_decoder
from actors.messages.control import RunStarted
from actors.ports import JournalCorruptError, JournalView, RunRow, Seal
from adapters.anchors.key import AnchorKey, is_signed_by
from adapters.anchors.place import Place
from service.anchoring import anchors_folder
from service.failures import ExitCode, UserError
from service.settings import Settings

KNOWN_KEYS: Final = "known.keys"
Keys: TypeAlias = Callable[[], Collection[str]]
_INPUT: Final = frozen_decoder(Input)


def content(seal: Seal) -> bytes:
    """What is signed: every field but the signature, in one canonical form."""
    return msgspec.json.encode(msgspec.structs.replace(seal, signature=b""))


def signed(seal: Seal, key: AnchorKey) -> Seal:
    """The tombstone with the key's signature."""
    named = msgspec.structs.replace(seal, key=key.public)
    return msgspec.structs.replace(named, signature=bytes.fromhex(key.sign(content(named))))


def known_keys(settings: Settings) -> frozenset[str]:
    """Public keys (hex) whose tombstones count: the data folder's own, and those it took over.

    Raises AnchorError when the key may be read by others, OSError.
    """
    folder = anchors_folder(settings)
    path = folder / "anchor.key"
    own = {AnchorKey(path).public} if path.exists() else set()
    taken_over = Place(folder / KNOWN_KEYS).lines().decode("ascii", "replace").split()
    return frozenset(own | set(taken_over))


def take_over(settings: Settings, keys: Collection[str]) -> None:
    """Let tombstones signed by these keys count here: a person vouched for them. Raises OSError."""
    new = sorted(set(keys) - known_keys(settings))
    if new:
        Place(anchors_folder(settings) / KNOWN_KEYS).extend(
            "".join(f"{key}\n" for key in new).encode("ascii")
        )


async def checked_seals(journal: JournalView, keys_of: Keys) -> tuple[Seal, ...]:
    """The tombstones, once they are shown to be signed and to lead to the first frame.

    Keys are only asked for when there are tombstones. Raises JournalCorruptError naming the first
    input of what is wrong, and what `keys_of` raises.
    """
    seals = await journal.seals()
    keys = keys_of() if seals else ()
    runs = {run.run_id: run for run in await journal.runs()}
    root, seq = GENESIS_ROOT, 0
    for seal in seals:
        if (seal.first_seq, seal.root_before) != (seq + 1, root):
            detail = f"the tombstone of run {seal.run_id} does not follow input {seq}"
            raise JournalCorruptError("missing", seq + 1, detail)
        fault = _fault(seal, runs.get(seal.run_id), keys)
        if fault:
            detail = f"the tombstone of run {seal.run_id} {fault}"
            raise JournalCorruptError("foreign", seal.first_seq, detail)
        root, seq = seal.root_after, seal.last_seq
    await _check_first_frame(journal, seq, root)
    return seals


def _fault(seal: Seal, run: RunRow | None, keys: Collection[str]) -> str:
    """What is wrong with one tombstone; empty when it is sound."""
    if not is_signed_by(seal.key, content(seal), seal.signature.hex()):
        return "was changed after it was signed"
    if seal.key not in keys:
        return f"is signed by the key {seal.key}, which this data folder does not know"
    told = (seal.first_seq, seal.last_seq, seal.root_before, seal.root_after)
    if run is None or (run.first_seq, run.last_seq, run.genesis, run.root) != told:
        return "tells of another run than the one that was stored"
    if seal.inputs != seal.last_seq - seal.first_seq + 1 or begun_of(seal) is None:
        return "does not tell how the run began"
    return ""


async def _check_first_frame(journal: JournalView, seq: int, root: bytes) -> None:
    head, _ = await journal.head()
    if head == 0 and seq == 0:
        return
    async for frame in journal.frames(seq + 1, seq + 1):
        if (frame.first_seq, frame.root_before) == (seq + 1, root):
            return
    detail = "no frame begins there with the root before it, and no tombstone stands for it"
    raise JournalCorruptError("missing", seq + 1, detail)


def begun_of(seal: Seal) -> RunStarted | None:
    """How a sealed run began, as its tombstone keeps it; None when it keeps something else."""
    try:
        entry: Input = _INPUT.decode(seal.begun)
    except (msgspec.MsgspecError, ValueError):
        return None
    body = entry.body
    is_its = isinstance(body, RunStarted) and (entry.seq, body.run_id) == (
        seal.first_seq,
        seal.run_id,
    )
    return body if is_its and isinstance(body, RunStarted) else None


async def seal_of(journal: JournalView, run_id: str) -> Seal | None:
    """The tombstone of a run; None when it has its frames."""
    return next((seal for seal in await journal.seals() if seal.run_id == run_id), None)


async def sealed_end(journal: JournalView) -> tuple[int, bytes]:
    """The last sealed input and the root after it; (0, genesis) when nothing is sealed."""
    seals = await journal.seals()
    return (seals[-1].last_seq, seals[-1].root_after) if seals else (0, GENESIS_ROOT)


def sealed_error(seal: Seal) -> UserError:
    """The answer to whoever asks for the inputs of a sealed run."""
    at = datetime.fromtimestamp(seal.sealed_at, UTC)
    return UserError(
        ExitCode.MISSING,
        f"The run {seal.run_id} was sealed on {at:%Y-%m-%d %H:%M:%S} UTC: its inputs "
        f"{seal.first_seq} to {seal.last_seq} are in the export whose manifest has the SHA-256 "
        f"{seal.export_sha256}, not in the database.",
        "Its rows are still in the books; `ballast replay RUN --export DIR` replays it from there.",
    )
