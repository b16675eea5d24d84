"""The index of runs in the data folder: a convenience that can be rebuilt, never the truth.

Each run has a folder with `run.json` (which store holds it) and, once closed, `card.json`.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from actors.dataset import Dataset
from service.failures import ExitCode, UserError
from service.proof import ProofCard
from service.settings_bounds import without_password


class RunEntry(msgspec.Struct, frozen=True):
    """Where a run is stored and how it was started. `place` is the journal's folder or DSN."""

    run_id: str
    mode: str
    feed: str
    account: str
    journal: str
    place: str
    notice: str
    started_ns: int
    training_end_ns: int = 0
    datasets: tuple[Dataset, ...] = ()


class RunIndex:
    """Runs by id under `home/runs`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "runs"

    def of(self, run_id: str) -> Path:
        """The folder of a run."""
        return self.folder / run_id

    def write(self, entry: RunEntry) -> None:
        """Store an entry; replaces one of the same id.

        Its place is kept without a password, and below the data folder relative to it: the folder
        may be moved.
        """
        place = without_password(entry.place)
        if "://" not in place and Path(place).is_relative_to(self.home):
            place = str(Path(place).relative_to(self.home))
        stored = msgspec.structs.replace(entry, place=place)
        _write(self.of(entry.run_id) / "run.json", msgspec.json.encode(stored))

    def write_card(self, card: ProofCard) -> None:
        """Store the card of a closed run."""
        _write(self.of(card.run_id) / "card.json", msgspec.json.encode(card))

    def entries(self) -> tuple[RunEntry, ...]:
        """Every readable entry, oldest first."""
        found = []
        for path in sorted(self.folder.glob("*/run.json")):
            try:
                entry = msgspec.json.decode(path.read_bytes(), type=RunEntry)
            except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
                continue
            if "://" not in entry.place:
                entry = msgspec.structs.replace(entry, place=str(self.home / entry.place))
            found.append(entry)
        return tuple(sorted(found, key=lambda entry: (entry.started_ns, entry.run_id)))

    def card(self, run_id: str) -> ProofCard | None:
        """The stored card, None while there is none."""
        try:
            data = (self.of(run_id) / "card.json").read_bytes()
            return msgspec.json.decode(data, type=ProofCard)
        except (msgspec.MsgspecError, UnicodeDecodeError, OSError):
            return None

    def has_card(self, run_id: str) -> bool:
        """Whether a card was stored, readable or not."""
        return (self.of(run_id) / "card.json").exists()

    def find(self, prefix: str) -> RunEntry:
        """The one run whose id starts with `prefix`; "last" is the newest. Raises UserError."""
        entries = self.entries()
        if prefix == "last" and entries:
            return entries[-1]
        matches = [entry for entry in entries if entry.run_id.startswith(prefix)]
        if len(matches) == 1:
            return matches[0]
        sentence = (
            f"{len(matches)} runs begin with {prefix}."
            if matches
            else f"There is no run {prefix} in {self.folder}."
        )
        raise UserError(
            ExitCode.MISSING, sentence, "List them with `ballast runs` (or use --data-dir)."
        )


def with_access(entry: RunEntry, dsn: str) -> RunEntry:
    """The entry with the password of its database, which only the settings know."""
    if "://" in entry.place and without_password(dsn) == entry.place:
        return msgspec.structs.replace(entry, place=dsn)
    return entry


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
