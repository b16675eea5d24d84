"""The file journal and the ways a disk goes wrong: crashes, damage, strangers, no room."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from actors.ids import GENESIS_ROOT
from actors.journal_chain import verify_frames
from actors.ports import (
    FencedError,
    Frame,
    JournalCorruptError,
    JournalError,
    StoredSnapshot,
)
from adapters.journal.file import FileJournal
from tests.journal_samples import chain, frame, run_row

pytestmark = pytest.mark.asyncio

WRITER = """
import asyncio, sys
from pathlib import Path
from adapters.journal.file import FileJournal
from tests.journal_samples import frame, run_row

async def main():
    journal = FileJournal(Path(sys.argv[1]), segment_bytes=4096)
    epoch = await journal.open_epoch("child")
    await journal.begin_run(run_row())
    seq, root = await journal.head()
    while True:
        made = frame(seq + 1, 3, root=root, epoch=epoch)
        await journal.append(made)
        seq, root = made.last_seq, made.root_after
        print(seq, flush=True)

asyncio.run(main())
"""


async def written(folder: Path, *counts: int, segment_bytes: int = 1 << 20) -> list[Frame]:
    journal = FileJournal(folder, segment_bytes=segment_bytes)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    frames = chain(*counts)
    for each in frames:
        await journal.append(each)
    await journal.close()
    return frames


async def read(folder: Path) -> list[Frame]:
    journal = FileJournal(folder)
    try:
        return [each async for each in journal.frames()]
    finally:
        await journal.close()


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "frames").glob("*.frames"))


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)


async def test_a_torn_last_frame_is_cut_wherever_the_crash_came_and_noted(tmp_path: Path) -> None:
    frames = await written(tmp_path / "whole", 2, 3)
    whole = segments(tmp_path / "whole")[0].read_bytes()
    alone = len(await _bytes_of(tmp_path / "one", 2))
    for length in range(alone, len(whole), 7):
        folder = tmp_path / f"torn {length}"
        await written(folder, 2)
        segments(folder)[0].write_bytes(whole[:length])
        journal = FileJournal(folder)
        assert await journal.head() == (2, frames[0].root_after)
        assert await journal.open_epoch("next") == 2
        assert len(journal.notes) == (length > alone)
        second = msgspec.structs.replace(frames[1], epoch=2)
        await journal.append(second)
        assert [each async for each in journal.frames()] == [frames[0], second]
        await journal.close()


async def _bytes_of(folder: Path, *counts: int) -> bytes:
    await written(folder, *counts)
    return segments(folder)[0].read_bytes()


async def test_what_was_cut_is_kept_beside(tmp_path: Path) -> None:
    await written(tmp_path, 2)
    path = segments(tmp_path)[0]
    path.write_bytes(path.read_bytes() + b"half a frame")
    journal = FileJournal(tmp_path)
    await journal.open_epoch("next")
    kept = list((tmp_path / "frames").glob("*.torn"))
    assert [each.read_bytes() for each in kept] == [b"half a frame"]
    assert kept[0].name in journal.notes[0]


async def test_sectors_that_power_loss_left_empty_are_a_torn_end(tmp_path: Path) -> None:
    frames = await written(tmp_path, 2, 40)
    path = segments(tmp_path)[0]
    data = bytearray(path.read_bytes())
    data[1536:2048] = bytes(512)
    path.write_bytes(data)
    journal = FileJournal(tmp_path)
    assert await journal.head() == (2, frames[0].root_after)
    await journal.open_epoch("next")
    assert len(journal.notes) == 1


async def test_a_crash_between_a_new_segment_and_its_first_frame_is_harmless(
    tmp_path: Path,
) -> None:
    frames = await written(tmp_path, 2, 3, segment_bytes=64)
    segments(tmp_path)[1].write_bytes(segments(tmp_path)[1].read_bytes()[:24])
    journal = FileJournal(tmp_path, segment_bytes=64)
    assert await journal.head() == (2, frames[0].root_after)
    await journal.open_epoch("next")
    await journal.append(msgspec.structs.replace(frames[1], epoch=2))
    assert [each.last_seq async for each in journal.frames()] == [2, 5]
    assert len(segments(tmp_path)) == 2


async def test_a_segment_that_shrinks_under_a_leader_is_noticed(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    await journal.append(frame(1, 3))
    os.truncate(segments(tmp_path)[0], 100)
    with pytest.raises(JournalCorruptError, match="truncated"):
        await journal.head()


async def test_a_reader_never_cuts_what_a_writer_is_writing(tmp_path: Path) -> None:
    await written(tmp_path, 2)
    path = segments(tmp_path)[0]
    path.write_bytes(path.read_bytes() + b"not finished yet")
    size = path.stat().st_size
    assert len(await read(tmp_path)) == 1
    assert path.stat().st_size == size


async def test_every_flipped_byte_is_reported_never_cut_and_never_read(tmp_path: Path) -> None:
    frames = await written(tmp_path, 1, 1, 1)
    path = segments(tmp_path)[0]
    whole = path.read_bytes()
    for position in range(len(whole)):
        flip(path, position)
        with pytest.raises(JournalError) as caught:
            verify_frames(await read(tmp_path), GENESIS_ROOT)
        assert isinstance(caught.value, JournalCorruptError) or "format" in str(caught.value)
        path.write_bytes(whole)
    assert await read(tmp_path) == frames


async def test_damage_names_the_frame_it_lies_in(tmp_path: Path) -> None:
    await written(tmp_path, 2, 3, 4, 5, segment_bytes=64)
    for path, seq in zip(segments(tmp_path), (1, 3, 6, 10), strict=True):
        whole = path.read_bytes()
        flip(path, len(whole) // 2)
        with pytest.raises(JournalCorruptError) as caught:
            await read(tmp_path)
        assert (caught.value.kind, caught.value.seq) == ("tampered", seq)
        path.write_bytes(whole)


async def test_a_segment_that_is_gone_is_a_missing_input(tmp_path: Path) -> None:
    await written(tmp_path, 2, 3, 4, segment_bytes=64)
    segments(tmp_path)[1].unlink()
    with pytest.raises(JournalCorruptError) as caught:
        verify_frames(await read(tmp_path), GENESIS_ROOT)
    assert (caught.value.kind, caught.value.seq) == ("missing", 3)


async def test_frames_that_changed_places_are_reordered(tmp_path: Path) -> None:
    await written(tmp_path / "a", 2)
    await written(tmp_path / "b", 2, 2)
    await written(tmp_path / "c", 2, 2, 2)
    one, two, three = (segments(tmp_path / each)[0].read_bytes() for each in "abc")
    swapped = one + three[len(two) :] + two[len(one) :]
    segments(tmp_path / "c")[0].write_bytes(swapped)
    with pytest.raises(JournalCorruptError) as caught:
        await read(tmp_path / "c")
    assert (caught.value.kind, caught.value.seq) == ("reordered", 3)


async def test_a_segment_cut_short_in_the_middle_is_truncated(tmp_path: Path) -> None:
    await written(tmp_path, 2, 3, 4, segment_bytes=64)
    path = segments(tmp_path)[1]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(JournalCorruptError) as caught:
        await read(tmp_path)
    assert (caught.value.kind, caught.value.seq) == ("truncated", 3)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("epoch.json", {"format": 2}, "format 2"),
        ("epoch.json", {"colour": "red"}, "colour"),
        ("epoch.json", {"epoch": "one"}, "epoch"),
        ("runs/00000001.json", {"format": 9}, "format 9"),
        ("runs/00000001.json", {"tempo": 1}, "tempo"),
    ],
)
async def test_another_version_or_an_unknown_field_is_refused_in_one_sentence(
    tmp_path: Path, name: str, change: dict[str, object], said: str
) -> None:
    await written(tmp_path, 1)
    path = tmp_path / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(JournalError, match="update Ballast") as caught:
        FileJournal(tmp_path)
    assert said in str(caught.value)


async def test_a_segment_of_another_version_is_refused(tmp_path: Path) -> None:
    await written(tmp_path, 1)
    path = segments(tmp_path)[0]
    data = bytearray(path.read_bytes())
    data[8] = 7
    path.write_bytes(data)
    with pytest.raises(JournalError, match="has journal format 7"):
        FileJournal(tmp_path)


async def test_a_damaged_snapshot_is_passed_over_and_noted(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    for seq in (1, 2):
        await journal.save_snapshot(StoredSnapshot(seq, bytes(32), "run-1", b"state"))
    flip(tmp_path / "snapshots" / f"{2:020d}.snapshot", 20)
    assert [each.seq async for each in journal.snapshots()] == [1]
    assert "damaged" in journal.notes[0]


async def test_a_disk_without_room_refuses_whole_frames_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    first, second = chain(2, 1000)
    journal = FileJournal(tmp_path)
    await journal.open_epoch("test")
    await journal.begin_run(run_row())
    await journal.append(first)
    size = segments(tmp_path)[0].stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(JournalError, match="cannot be used"):
            await journal.append(second)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert segments(tmp_path)[0].stat().st_size == size
    assert await journal.head() == (2, first.root_after)
    assert await read(tmp_path) == [first]
    await journal.append(second)
    assert await read(tmp_path) == [first, second]


async def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("no folder")
    with pytest.raises(JournalError, match="cannot be used"):
        FileJournal(tmp_path / "journal")


async def test_a_killed_writer_loses_nothing_that_it_had_acknowledged(
    tmp_path: Path, repository: Path
) -> None:
    acknowledged = 0
    for _ in range(4):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WRITER,
            str(tmp_path),
            stdout=subprocess.PIPE,
            cwd=repository,
            env={**os.environ, "PYTHONPATH": str(repository)},
        )
        assert child.stdout is not None
        for _ in range(25):
            acknowledged = int(await child.stdout.readline())
        child.kill()
        rest = (await child.stdout.read()).split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        await child.wait()
        journal = FileJournal(tmp_path)
        assert (await journal.head())[0] >= acknowledged
        await journal.close()
    assert verify_frames(await read(tmp_path), GENESIS_ROOT).seq >= acknowledged


async def test_a_deposed_writer_in_another_process_is_fenced(
    tmp_path: Path, repository: Path
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITER,
        str(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    assert child.stdout is not None
    await child.stdout.readline()
    journal = FileJournal(tmp_path)
    epoch = await journal.open_epoch("takes over")
    assert epoch == 2
    _, complaint = await child.communicate()
    assert b"FencedError" in complaint
    seq, at_root = await journal.head()
    await journal.append(frame(seq + 1, 1, root=at_root, epoch=epoch))
    assert verify_frames(await read(tmp_path), GENESIS_ROOT).seq == seq + 1


async def test_a_writer_that_was_fenced_stays_fenced(tmp_path: Path) -> None:
    old, new = FileJournal(tmp_path), FileJournal(tmp_path)
    await old.open_epoch("old")
    await old.begin_run(run_row())
    await new.open_epoch("new")
    for _ in range(2):
        with pytest.raises(FencedError):
            await old.append(frame(1, 1))
