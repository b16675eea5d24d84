"""Anchoring: the journal is held against the newest anchor, and nothing waits for a file."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from actors.ids import GENESIS_ROOT
from adapters.anchors.key import AnchorError
from adapters.anchors.log import Anchor, AnchorLog
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.anchoring import Anchoring, accept_head, anchor_log, anchoring_of
from service.failures import UserError
from service.settings import AccountSettings, JournalSettings, Settings
from tests.journal_samples import chain, run_row


def log_of(folder: Path, *copies: Path) -> AnchorLog:
    return AnchorLog(folder, "paper", copies)


def journalled(*counts: int) -> MemoryStore:
    """A journal of frames of so many inputs."""
    store = MemoryStore()

    async def work() -> None:
        journal = MemoryJournal(store)
        await journal.open_epoch("desk")
        await journal.begin_run(run_row())
        for frame in chain(*counts):
            await journal.append(frame)

    asyncio.run(work())
    return store


def checked(log: AnchorLog, store: MemoryStore) -> Anchor | None:
    return asyncio.run(Anchoring(log).check(MemoryJournal(store)))


def test_a_journal_that_holds_the_newest_anchor_is_believed(tmp_path: Path) -> None:
    store = journalled(2, 3, 1)
    log = log_of(tmp_path)
    assert checked(log, store) is None
    log.append(epoch=1, seq=0, root=GENESIS_ROOT, at_ns=1)
    assert checked(log, store) is not None
    for frame in store.frames[:2]:
        log.append(epoch=1, seq=frame.last_seq, root=frame.root_after, at_ns=1)
    found = checked(log, store)
    assert found is not None
    assert found.seq == 5


def test_a_cut_tail_is_seen(tmp_path: Path) -> None:
    """Every root is right, and the head is what the store says: only the anchor knows better."""
    store, cut = journalled(2, 3, 1), journalled(2, 3)
    log = log_of(tmp_path)
    log.append(epoch=1, seq=6, root=store.frames[-1].root_after, at_ns=1)
    with pytest.raises(AnchorError, match="ends at input 5, but input 6 was anchored"):
        checked(log, cut)


@pytest.mark.parametrize(("seq", "of_frame"), [(5, 0), (4, 1)])
def test_a_chain_written_anew_is_seen(tmp_path: Path, seq: int, of_frame: int) -> None:
    """Another root at the anchored input, or no frame that ends there."""
    store = journalled(2, 3, 1)
    log = log_of(tmp_path)
    log.append(epoch=1, seq=seq, root=store.frames[of_frame].root_after, at_ns=1)
    with pytest.raises(AnchorError, match=f"root at input {seq} is not"):
        checked(log, store)


@pytest.mark.parametrize(
    ("kind", "dsn", "name"),
    [
        ("file", "", "main.files.anchors"),
        ("postgres", "", "main.embedded.anchors"),
        ("postgres", "postgresql://me@db/x", "main.server.anchors"),
    ],
)
def test_each_journal_of_an_account_has_its_own(
    tmp_path: Path, kind: str, dsn: str, name: str
) -> None:
    settings = Settings(
        account=AccountSettings(name="main"),
        journal=JournalSettings(dsn=dsn, anchor_copy=str(tmp_path / "copy")),
        data_dir=str(tmp_path),
    )
    log = anchor_log(settings, kind)
    assert log.path == tmp_path / "anchors" / name
    log.append(epoch=1, seq=1, root=bytes(32), at_ns=1)
    assert (tmp_path / "copy" / name).read_bytes() == log.path.read_bytes()
    assert anchoring_of(settings, kind, print) is not None
    assert anchoring_of(settings, "memory", print) is None


@pytest.mark.parametrize(
    ("copy", "place"),
    [("copies", "copies"), ("../copies", "../copies"), ("/absolute", "/absolute")],
)
def test_a_relative_copy_is_below_the_data_folder(tmp_path: Path, copy: str, place: str) -> None:
    """Wherever the service is started."""
    settings = Settings(journal=JournalSettings(anchor_copy=copy), data_dir=str(tmp_path))
    assert anchor_log(settings, "file").copies == (tmp_path / place / "paper.files.anchors",)


def test_a_copy_in_nobodys_home_is_refused(tmp_path: Path) -> None:
    settings = Settings(
        journal=JournalSettings(anchor_copy="~no-such-user/x"), data_dir=str(tmp_path)
    )
    with pytest.raises(UserError, match="home of no known user"):
        anchor_log(settings, "file")


def closed(anchoring: Anchoring) -> None:
    asyncio.run(anchoring.close())


def test_an_anchor_is_written_at_most_so_often_and_at_the_end(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    anchoring = Anchoring(log, every_seconds=3600)
    for seq in (5, 6, 7):
        anchoring.note(epoch=1, seq=seq, root=bytes(32))
    anchoring.note(epoch=1, seq=8, root=bytes(32), now=True)
    anchoring.note(epoch=1, seq=8, root=bytes(32), now=True)
    closed(anchoring)
    closed(anchoring)
    assert [each.seq for each in log.read()] == [5, 8]
    assert anchoring.anchored_seq == 8


def test_a_log_that_cannot_be_written_is_told_and_tried_again(tmp_path: Path) -> None:
    """Trading goes on: what is durable is durable."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where a folder should be")
    told: list[str] = []
    anchoring = Anchoring(log_of(blocked), every_seconds=0, say=told.append)
    anchoring.note(epoch=1, seq=5, root=bytes(32))
    closed(anchoring)
    assert "anchor of input 5 could not be written" in told[0]
    assert anchoring.anchored_seq == -1
    blocked.unlink()
    anchoring.note(epoch=1, seq=5, root=bytes(32))
    closed(anchoring)
    assert len(told) == 1
    assert [each.seq for each in log_of(blocked).read()] == [5]


def test_a_copy_that_cannot_be_written_is_told_and_the_anchor_holds(tmp_path: Path) -> None:
    here, blocked = tmp_path / "here", tmp_path / "blocked"
    blocked.write_text("a file, where a folder should be")
    told: list[str] = []
    anchoring = Anchoring(log_of(here, blocked), every_seconds=0, say=told.append)
    anchoring.note(epoch=1, seq=5, root=bytes(32))
    closed(anchoring)
    assert "is not up to date" in told[0]
    assert anchoring.anchored_seq == 5
    blocked.unlink()
    anchoring.note(epoch=1, seq=6, root=bytes(32))
    closed(anchoring)
    assert log_of(blocked).path.read_bytes() == log_of(here).path.read_bytes()


def test_a_key_that_is_no_key_is_told_and_does_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / "anchor.key").touch(0o600)
    told: list[str] = []
    anchoring = Anchoring(log_of(tmp_path), say=told.append)
    anchoring.note(epoch=1, seq=5, root=bytes(32))
    closed(anchoring)
    assert "is no key" in told[0]


class HungMount:
    """A copy that does not answer: a pipe that nobody writes to holds up whoever reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)

    def answer(self) -> None:
        """Let its reader go, and be an ordinary file."""
        descriptor = os.open(self.path, os.O_RDWR)
        self.path.unlink()
        time.sleep(0.05)
        os.close(descriptor)


def test_a_copy_that_hangs_holds_up_nothing_but_itself(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    log.append(epoch=1, seq=1, root=bytes(32), at_ns=1)
    hung = HungMount(log.copies[0])
    told: list[str] = []
    anchoring = Anchoring(log, every_seconds=0, patience_seconds=0.2, say=told.append)
    began = time.monotonic()
    anchoring.note(epoch=1, seq=2, root=bytes(32))
    for seq in (3, 4):
        anchoring.note(epoch=1, seq=seq, root=bytes(32))
    assert "anchor of input 2 is still being written" in told[0]
    closed(anchoring)
    assert 0.2 < time.monotonic() - began < 5
    assert "anchor of input 4 was not written within 0.2 seconds" in told[-1]
    assert [each.seq for each in log_of(tmp_path / "here").read()] == [1, 2]
    assert anchoring.anchored_seq == -1
    hung.answer()


def test_a_place_that_hangs_refuses_the_start_in_time(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    log.append(epoch=1, seq=1, root=bytes(32), at_ns=1)
    hung = HungMount(log.copies[0])
    anchoring = Anchoring(log, patience_seconds=0.1)
    with pytest.raises(AnchorError, match=r"there/paper.anchors did not answer in 0.1 seconds"):
        asyncio.run(anchoring.check(MemoryJournal(MemoryStore())))
    hung.answer()


def test_an_unreadable_copy_is_told_at_the_start(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    log.copies[0].mkdir(parents=True)
    told: list[str] = []
    asyncio.run(Anchoring(log, say=told.append).check(MemoryJournal(MemoryStore())))
    assert "is not up to date" in told[0]


def test_what_is_anchored_is_known_from_the_check_on(tmp_path: Path) -> None:
    store = journalled(2)
    log = log_of(tmp_path)
    anchoring = Anchoring(log, every_seconds=0)
    assert anchoring.anchored_seq == -1
    asyncio.run(anchoring.check(MemoryJournal(store)))
    assert anchoring.anchored_seq == 0
    log.append(epoch=1, seq=2, root=store.frames[0].root_after, at_ns=1)
    asyncio.run(anchoring.check(MemoryJournal(store)))
    assert anchoring.anchored_seq == 2
    anchoring.note(epoch=1, seq=2, root=bytes(32))
    anchoring.note(epoch=1, seq=3, root=bytes(32))
    closed(anchoring)
    assert [each.seq for each in log.read()] == [2, 3]
    assert anchoring.anchored_seq == 3


def test_a_head_that_a_person_accepted_is_believed_from_then_on(tmp_path: Path) -> None:
    store = journalled(2, 3)
    log = log_of(tmp_path)
    log.append(epoch=1, seq=9, root=bytes(32), at_ns=1)
    with pytest.raises(AnchorError):
        checked(log, store)
    accepted, aside = asyncio.run(accept_head(log, MemoryJournal(store), "a test"))
    assert (accepted.epoch, accepted.seq, accepted.reason, aside) == (1, 5, "a test", ())
    assert checked(log, store) == accepted


def test_an_empty_journal_can_be_accepted(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.append(epoch=1, seq=9, root=bytes(32), at_ns=1)
    journal = MemoryJournal(MemoryStore())
    accepted, _ = asyncio.run(accept_head(log, journal, "began anew"))
    assert (accepted.epoch, accepted.seq) == (0, 0)
    assert asyncio.run(Anchoring(log).check(journal)) == accepted
