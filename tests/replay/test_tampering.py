"""A journal that somebody has touched: replay names the input and the place, and never crashes.

Bytes are flipped, rows are lost, exchanged and cut, in files and in PostgreSQL. The command says
so with exit code 4, in words and in JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapters.journal import segment
from service.bundles import choose_bundle
from service.cli.main import cli
from service.drivers.feeding import Limits
from service.drivers.trading import RunPlan, trade
from service.failures import ExitCode
from service.feeds import UNIVERSE, seeded_feed
from service.settings import JournalSettings, Settings
from tests.postgres_server import Server, running_server

EVENTS = 900
FRAME_INPUTS = 100
# The bytes of the file's format number: another number is another version's file.
VERSION = range(8, 12)


def ballast(home: Path, *arguments: str) -> Result:
    """The command, in this process; whatever escapes it fails the test."""
    given = [*arguments, "--data-dir", str(home)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ballast", *given])
        result = CliRunner().invoke(cli, given, catch_exceptions=False)
    assert "Traceback" not in result.output
    return result


def record(home: Path, kind: str, place: str, *, events: int = EVENTS) -> None:
    """A finished run."""
    feed = seeded_feed(3, UNIVERSE[:6])
    journal = JournalSettings(frame_inputs=FRAME_INPUTS)
    settings = Settings(journal=journal, data_dir=str(home))
    choice = choose_bundle("", mode="PAPER", feed_kind=feed.kind)
    plan = RunPlan("PAPER", kind, place, limits=Limits(events=events))
    assert asyncio.run(trade(settings, feed, choice, plan)).card.parity


def refused(home: Path) -> dict[str, Any]:
    """What replay says about a journal that was touched; it must name an input."""
    told = ballast(home, "replay", "last", "--json")
    assert told.exit_code == ExitCode.NOT_PROVEN, told.output
    answer: dict[str, Any] = json.loads(told.stdout)
    assert answer["exit_code"] == ExitCode.NOT_PROVEN
    assert re.search(r"at input \d+: ", answer["error"]), answer["error"]
    words = ballast(home, "replay", "last")
    assert words.exit_code == ExitCode.NOT_PROVEN
    assert "ballast: " in words.stderr
    return answer


@pytest.fixture(scope="module")
def recorded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run in files, never touched."""
    home = tmp_path_factory.mktemp("recorded")
    record(home, "file", str(home / "journal"))
    return home


@pytest.fixture
def home(recorded_home: Path, tmp_path: Path) -> Path:
    """A copy to touch; the index points into it."""
    copy = tmp_path / "home"
    shutil.copytree(recorded_home, copy)
    for entry in copy.glob("runs/*/run.json"):
        entry.write_text(entry.read_text().replace(str(recorded_home), str(copy)))
    assert ballast(copy, "replay", "last").exit_code == ExitCode.OK
    return copy


def frames_of(home: Path) -> tuple[Path, bytes, list[tuple[int, int]]]:
    """The one segment file, its bytes, and where each frame begins and ends."""
    [path] = (home / "journal" / "frames").glob("*.frames")
    data = path.read_bytes()
    ends = [place.end for place in segment.places(data, path, segment.OPENING_BYTES, 0)]
    return path, data, list(zip([segment.OPENING_BYTES, *ends], ends, strict=False))


def test_a_flipped_byte_anywhere_in_a_file_is_found(home: Path) -> None:
    """Every sixteenth part of every frame, its header, and the file's own header."""
    path, data, frames = frames_of(home)
    assert len(frames) > 8
    places = [8 * n for n in range(3)]
    for start, end in frames:
        places += [start, start + 9, *range(start + 30, end, (end - start) // 3), end - 1]
    for place in places:
        touched = bytearray(data)
        touched[place] ^= 0x40
        path.write_bytes(touched)
        told = ballast(home, "replay", "last", "--json")
        answer = json.loads(told.stdout)
        if place in VERSION:
            assert told.exit_code == ExitCode.ENVIRONMENT
            assert "has journal format" in answer["error"]
            continue
        assert told.exit_code == ExitCode.NOT_PROVEN, f"byte {place}: {answer}"
        named = re.search(r"at input (\d+): ", answer["error"])
        assert named, answer["error"]
        frame = next((n for n, (start, end) in enumerate(frames) if start <= place < end), 0)
        first = frame * FRAME_INPUTS
        assert first - FRAME_INPUTS <= int(named[1]) <= first + 2 * FRAME_INPUTS


def without(number: int) -> Callable[[list[bytes]], list[bytes]]:
    """Lose a frame."""
    return lambda frames: frames[:number] + frames[number + 1 :]


def exchanged(frames: list[bytes]) -> list[bytes]:
    """Two frames in each other's place."""
    return [*frames[:3], frames[4], frames[3], *frames[5:]]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        pytest.param(without(0), "missing", id="the first frame is lost"),
        pytest.param(without(4), "missing", id="a frame is lost"),
        pytest.param(exchanged, "reordered", id="two frames are exchanged"),
        pytest.param(lambda frames: frames[:-1], "truncated", id="the last frame is cut"),
        pytest.param(lambda frames: frames[:2], "truncated", id="most is cut"),
        pytest.param(
            lambda frames: [*frames[:-1], frames[-1][:-7]], "truncated", id="the end is torn"
        ),
    ],
)
def test_lost_exchanged_and_cut_frames_of_a_file_are_named(
    home: Path, change: Callable[[list[bytes]], list[bytes]], kind: str
) -> None:
    """Whole frames, each with its checksum."""
    path, data, frames = frames_of(home)
    parts = change([data[start:end] for start, end in frames])
    path.write_bytes(data[: segment.OPENING_BYTES] + b"".join(parts))
    assert f"{kind} at input " in refused(home)["error"]


@pytest.fixture(scope="module")
def server(pytestconfig: pytest.Config) -> Server:
    """The embedded PostgreSQL."""
    return running_server(pytestconfig, "embedded")


@pytest.fixture
def database(server: Server, tmp_path: Path) -> str:
    """A database with one recorded run; the home is beside."""
    name = asyncio.run(server.fresh_database())
    record(tmp_path, "postgres", server.dsn(name, server.administrator))
    assert ballast(tmp_path, "replay", "last").exit_code == ExitCode.OK
    return name


FRAMES = "ballast.journal_frame"
PLACES = f"select first_seq from {FRAMES} order by first_seq offset 3"
THIRD = f"where first_seq = ({PLACES} limit 1)"
LAST = f"where first_seq = (select max(first_seq) from {FRAMES})"
EXCHANGE = f"""
update {FRAMES} a set records = b.records, checksum = b.checksum from {FRAMES} b
where a.first_seq in ({PLACES} limit 2) and b.first_seq in ({PLACES} limit 2)
and a.first_seq <> b.first_seq
"""


def flip(place: int) -> str:
    """Turn one bit of a byte of a frame's records."""
    flipped = f"set_byte(records, {place}, get_byte(records, {place}) # 64)"
    return f"update {FRAMES} set records = {flipped} {THIRD}"


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        *[pytest.param(flip(n), "tampered", id=f"byte {n}") for n in (0, 3, 17, 400, 2000)],
        pytest.param(
            f"update {FRAMES} set root_after = sha256('x') {THIRD}", "tampered", id="a root"
        ),
        pytest.param(f"delete from {FRAMES} {THIRD}", "missing", id="a row is lost"),
        pytest.param(f"delete from {FRAMES} {LAST}", "truncated", id="the end is cut"),
        pytest.param(EXCHANGE, "", id="two rows are exchanged"),
    ],
)
def test_a_row_that_a_superuser_touched_is_named(
    server: Server, database: str, tmp_path: Path, command: str, kind: str
) -> None:
    """Guards and triggers off, as only the administrator can."""
    script = f"alter table {FRAMES} disable trigger all; {command}"
    asyncio.run(server.tamper(database, script))
    assert f"{kind} at input " in refused(tmp_path)["error"]
