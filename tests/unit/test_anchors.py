"""Anchors: signed, bound to each other, kept in two places, and held against the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from actors.ids import GENESIS_ROOT
from adapters.anchors.key import AnchorError, AnchorKey
from adapters.anchors.log import Anchor, AnchorLog
from adapters.journal.memory import MemoryJournal, MemoryStore
from service.anchoring import Anchoring, anchor_log, anchoring_of
from service.settings import AccountSettings, JournalSettings, Settings
from tests.journal_samples import chain, run_row

ACCOUNT = "paper"


def log_of(folder: Path, *copies: Path) -> AnchorLog:
    return AnchorLog(folder, ACCOUNT, copies)


def filled(log: AnchorLog, count: int = 3) -> tuple[Anchor, ...]:
    return tuple(
        log.append(epoch=1, seq=number, root=bytes([number]) * 32, at_ns=number)
        for number in range(1, count + 1)
    )


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    anchors = filled(log_of(tmp_path))
    assert log_of(tmp_path).read() == anchors
    assert anchors[0].previous == "0" * 64
    assert len({each.previous for each in anchors}) == 3


def test_another_process_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    filled(log_of(tmp_path))
    log_of(tmp_path).append(epoch=2, seq=9, root=bytes(32), at_ns=9, reason="restored")
    assert [each.seq for each in log_of(tmp_path).read()] == [1, 2, 3, 9]


def test_nothing_anchored_is_nothing_read(tmp_path: Path) -> None:
    """And no key is made for it."""
    assert log_of(tmp_path).read() == ()
    assert list(tmp_path.iterdir()) == []


def test_key_and_log_are_their_owners_alone(tmp_path: Path) -> None:
    filled(log_of(tmp_path))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def changed(number: int, **fields: object) -> Callable[[list[bytes]], None]:
    def change(lines: list[bytes]) -> None:
        anchor = msgspec.json.decode(lines[number], type=Anchor)
        lines[number] = msgspec.json.encode(msgspec.structs.replace(anchor, **fields))

    return change


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (changed(1, seq=7), "Line 2 of .* was not signed"),
        (changed(1, root="00" * 32), "Line 2 of .* was not signed"),
        (changed(2, reason="nothing"), "Line 3 of .* was not signed"),
        (changed(0, signature="no hex"), "Line 1 of .* was not signed"),
        (changed(0, account="other"), "Line 1 of .* does not follow"),
        (lambda lines: lines.pop(1), "Line 2 of .* does not follow"),
        (lambda lines: lines.insert(0, lines.pop()), "Line 1 of .* does not follow"),
        (lambda lines: lines.__setitem__(1, b"{}"), "Line 2 of .* is no anchor"),
    ],
)
def test_a_touched_line_is_named(
    tmp_path: Path, damage: Callable[[list[bytes]], object], said: str
) -> None:
    log = log_of(tmp_path)
    filled(log)
    lines = log.path.read_bytes().split(b"\n")[:-1]
    damage(lines)
    log.path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(AnchorError, match=said) as caught:
        log_of(tmp_path).read()
    assert "--accept" in caught.value.remedy


def test_a_line_that_a_crash_cut_off_is_written_over(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    filled(log)
    with log.path.open("ab") as file:
        file.write(b'{"account":"pa')
    again = log_of(tmp_path)
    assert len(again.read()) == 3
    again.append(epoch=1, seq=4, root=bytes(32), at_ns=4)
    assert [each.seq for each in log_of(tmp_path).read()] == [1, 2, 3, 4]


def test_a_copy_makes_a_cut_log_seen_and_whole(tmp_path: Path) -> None:
    """Whoever cuts one of the two has the other against them."""
    here, there = tmp_path / "here", tmp_path / "there"
    log = log_of(here, there)
    filled(log)
    lines = log.path.read_bytes().split(b"\n")[:-1]
    log.path.write_bytes(lines[0] + b"\n")
    assert [each.seq for each in log_of(here, there).read()] == [1, 2, 3]


def test_a_copy_that_contradicts_is_told(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    filled(log_of(here, there))
    other = log_of(here)
    other.path.unlink()
    other.append(epoch=1, seq=1, root=b"x" * 32, at_ns=1)
    with pytest.raises(AnchorError, match="contradict"):
        log_of(here, there).read()


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [("ab" * 32, 0o644, "read by others"), ("ab", 0o600, "no key"), ("\N{SNOWMAN}", 0o600, "no k")],
)
def test_a_key_that_is_none_or_open_is_refused(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    path = tmp_path / "anchor.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(AnchorError, match=said):
        AnchorKey(path)


def test_another_key_has_not_signed(tmp_path: Path) -> None:
    one, other = AnchorKey(tmp_path / "one"), AnchorKey(tmp_path / "other")
    assert one.has_signed(b"text", one.sign(b"text"))
    assert not other.has_signed(b"text", one.sign(b"text"))
    assert one.public != other.public
    assert AnchorKey(tmp_path / "one").public == one.public


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
    filled(log)
    assert (tmp_path / "copy" / name).read_bytes() == log.path.read_bytes()
    assert anchoring_of(settings, kind, print) is not None
    assert anchoring_of(settings, "memory", print) is None


def test_an_anchor_is_written_at_most_so_often_and_at_the_end(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    anchoring = Anchoring(log, every_seconds=3600)
    for seq in (5, 6, 7):
        anchoring.note(epoch=1, seq=seq, root=bytes(32))
    anchoring.note(epoch=1, seq=8, root=bytes(32), now=True)
    anchoring.note(epoch=1, seq=8, root=bytes(32), now=True)
    assert [each.seq for each in log.read()] == [5, 8]


def test_a_place_that_cannot_be_written_is_told_and_tried_again(tmp_path: Path) -> None:
    """Trading goes on: what is durable is durable."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where a folder should be")
    told: list[str] = []
    anchoring = Anchoring(log_of(tmp_path, blocked), every_seconds=0, say=told.append)
    anchoring.note(epoch=1, seq=5, root=bytes(32))
    assert "anchor of input 5 could not be written" in told[0]
    blocked.unlink()
    anchoring.note(epoch=1, seq=6, root=bytes(32))
    assert len(told) == 1
    assert [each.seq for each in log_of(tmp_path, blocked).read()][-1] == 6


def test_what_is_anchored_already_is_not_anchored_again(tmp_path: Path) -> None:
    store = journalled(2)
    log = log_of(tmp_path)
    log.append(epoch=1, seq=2, root=store.frames[0].root_after, at_ns=1)
    anchoring = Anchoring(log, every_seconds=0)
    asyncio.run(anchoring.check(MemoryJournal(store)))
    anchoring.note(epoch=1, seq=2, root=bytes(32))
    anchoring.note(epoch=1, seq=3, root=bytes(32))
    assert [each.seq for each in log.read()] == [2, 3]
