"""Anchors held against a restored journal: one beyond its head says that more was traded.

The backup's own anchors and those of the data folder are both held against it. What a person
accepts is appended with the reason; where nothing is known yet, the restore itself is anchored.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from actors.ids import GENESIS_ROOT
from actors.ports import Journal
from adapters.anchors.key import AnchorError, AnchorKey
from adapters.anchors.log import Anchor, read_anchors
from service.anchoring import anchors_folder, check_anchor, log_named
from service.backup.manifest import KEY_FILE, AccountHead, Manifest
from service.failures import ExitCode, UserError
from service.settings import Settings
from service.stores import FILE

JournalOf = Callable[[str], Journal]


class Standing(msgspec.Struct, frozen=True):
    """An account's newest anchor anywhere, its greatest epoch, and the journal's head."""

    account: str
    head_seq: int
    anchored_seq: int
    epoch: int

    @property
    def is_beyond(self) -> bool:
        """Whether more was traded than the journal holds."""
        return self.anchored_seq > self.head_seq


def known_key(settings: Settings) -> str | None:
    """The public key (hex) of the data folder; None when it has none yet. Raises AnchorError."""
    path = anchors_folder(settings) / "anchor.key"
    return AnchorKey(path).public if path.exists() else None


async def hold_anchors(
    settings: Settings, manifest: Manifest, folder: Path, place: str, journal_of: JournalOf
) -> tuple[Standing, ...]:
    """Where every anchored account stands. Raises AnchorError when a root is not the anchored one.

    `folder` is the backup's; `place` is where the journal is restored to.
    """
    newest: dict[str, list[Anchor]] = {}
    held = {head.account for head in manifest.accounts}
    for account, anchors in (
        *_of_backup(manifest, folder),
        *_of_data_folder(settings, manifest, place),
    ):
        # A database holds every account, and lacks one that is not in it; files hold one alone.
        if anchors and (manifest.kind != FILE or account in held):
            newest.setdefault(account, []).append(anchors[-1])
    found = []
    for account, ends in sorted(newest.items()):
        journal = journal_of(account)
        head_seq, _ = await journal.head()
        for each in ends:
            if each.seq <= head_seq:
                await check_anchor(journal, each)
        reached, epoch = max(each.seq for each in ends), max(each.epoch for each in ends)
        found.append(Standing(account, head_seq, reached, epoch))
    return tuple(found)


def refuse_beyond(standings: tuple[Standing, ...], accept: str) -> None:
    """Raises UserError for an account that was traded beyond its head, unless a reason is given."""
    beyond = [each for each in standings if each.is_beyond]
    if beyond and not accept:
        each = beyond[0]
        raise UserError(
            ExitCode.NOT_PROVEN,
            f"The backup is older than what was traded: the account {each.account} ends at input "
            f"{each.head_seq} in it, and input {each.anchored_seq} was anchored.",
            "Restore a newer backup; `--accept REASON` goes on without those inputs, and the "
            "reason stays in the anchors. Compare orders and balances with the venue first.",
        )


def settle_anchors(
    settings: Settings,
    manifest: Manifest,
    folder: Path,
    *,
    place: str,
    heads: tuple[AccountHead, ...],
    standings: tuple[Standing, ...],
    accept: str,
) -> None:
    """Put the backup's anchors where none are, and anchor what was accepted or begun anew.

    Raises AnchorError, OSError.
    """
    home = anchors_folder(settings)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if known_key(settings) is None and (folder / KEY_FILE).is_file():
        _put(folder / KEY_FILE, home / "anchor.key")
    if known_key(settings) == manifest.public_key:
        for each in manifest.files:
            path = Path(each.path)
            if path.suffix == ".anchors" and not log_named(settings, path.stem).read():
                _put(folder / path, home / path.name)
    reached = {each.account: each for each in standings}
    names = dict.fromkeys([*(head.account for head in heads), *reached])
    by_name = {head.account: head for head in heads}
    for account in names:
        log = log_named(settings, f"{account}.{place}")
        standing, anchors = reached.get(account), log.read()
        if anchors and (standing is None or not standing.is_beyond):
            continue
        head = by_name.get(account) or AccountHead(account, 0, GENESIS_ROOT.hex(), 0, 0)
        begun = f"restored from a backup signed by {manifest.public_key}"
        log.append(
            epoch=head.epoch,
            seq=head.seq,
            root=bytes.fromhex(head.root),
            at_ns=time.time_ns(),
            reason=accept if standing is not None and standing.is_beyond else begun,
        )


def _of_backup(manifest: Manifest, folder: Path) -> Iterator[tuple[str, tuple[Anchor, ...]]]:
    for each in manifest.files:
        path = Path(each.path)
        if path.suffix == ".anchors" and path.stem.endswith(f".{manifest.place}"):
            data = (folder / path).read_bytes()
            anchors = read_anchors(folder / path, data, path.stem, lambda: manifest.public_key)
            yield path.stem.removesuffix(f".{manifest.place}"), anchors


def _of_data_folder(
    settings: Settings, manifest: Manifest, place: str
) -> Iterator[tuple[str, tuple[Anchor, ...]]]:
    """The target's own, for every account that is anchored there or is in the backup."""
    copy = settings.journal.anchor_copy
    folders = [anchors_folder(settings), *([Path(copy).expanduser()] if copy else [])]
    accounts = {
        path.stem.removesuffix(f".{place}")
        for each in folders
        for path in each.glob(f"*.{place}.anchors")
    }
    for account in sorted(accounts | {head.account for head in manifest.accounts}):
        log = log_named(settings, f"{account}.{place}")
        if known_key(settings) is None and any((each / log.path.name).exists() for each in folders):
            raise AnchorError(
                f"The anchors of {account} are there, but not the key that signed them.",
                f"Put anchor.key back into {anchors_folder(settings)}.",
            )
        if known_key(settings) is not None:
            yield account, log.read()


def _put(source: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    target.touch(mode=0o600)
    shutil.copyfile(source, target)
