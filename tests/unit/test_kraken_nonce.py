"""Nonces of one key: larger than every one before, through crashes, clocks and second processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.ports import Permanent
from adapters.kraken.nonce import AHEAD_NS, NONCE_MOST, Nonces

NOW = 1_790_000_000_000_000_000


class Wall:
    """A clock that a test sets."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


async def take(nonces: Nonces, count: int = 1) -> list[int]:
    taken = []
    for _ in range(count):
        async with nonces.turn() as nonce:
            taken.append(nonce)
    return taken


def test_nonces_follow_the_clock_and_never_repeat(tmp_path: Path) -> None:
    wall = Wall()
    with Nonces(tmp_path, wall) as nonces:
        taken = asyncio.run(take(nonces, 3))
        wall.now += 1000
        taken += asyncio.run(take(nonces))
    assert taken == [NOW, NOW + 1, NOW + 2, NOW + 1000]


def test_a_clock_that_steps_back_gives_larger_nonces_all_the_same(tmp_path: Path) -> None:
    wall = Wall()
    with Nonces(tmp_path, wall) as nonces:
        first = asyncio.run(take(nonces))
        wall.now -= 3_600_000_000_000
        assert asyncio.run(take(nonces))[0] > first[0]


def test_a_restart_with_a_clock_that_went_back_gives_larger_nonces(tmp_path: Path) -> None:
    with Nonces(tmp_path, Wall()) as nonces:
        before = asyncio.run(take(nonces, 5))
    with Nonces(tmp_path, Wall(NOW - AHEAD_NS * 100)) as nonces:
        after = asyncio.run(take(nonces, 5))
    assert min(after) > max(before)


def test_most_nonces_need_no_write(tmp_path: Path) -> None:
    wall = Wall()
    with Nonces(tmp_path, wall) as nonces:
        asyncio.run(take(nonces))
        written = (tmp_path / "nonce").stat().st_mtime_ns
        wall.now += AHEAD_NS
        asyncio.run(take(nonces, 1))
        assert (tmp_path / "nonce").stat().st_mtime_ns == written
        wall.now += 1
        asyncio.run(take(nonces))
        assert int((tmp_path / "nonce").read_text()) == wall.now + AHEAD_NS


def test_the_mark_is_on_disk_before_a_nonce_is_given(tmp_path: Path) -> None:
    with Nonces(tmp_path, Wall()) as nonces:
        for nonce in asyncio.run(take(nonces, 3)):
            assert int((tmp_path / "nonce").read_text()) >= nonce
        assert not (tmp_path / "nonce.new").exists()


KILLED = """
import asyncio, os, signal, sys, time
from pathlib import Path
from adapters.kraken.nonce import Nonces
async def main():
    with Nonces(Path(sys.argv[1]), time.time_ns) as nonces:
        for number in range(int(sys.argv[2])):
            async with nonces.turn() as nonce:
                os.write(1, f"{nonce}\\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def test_a_killed_process_leaves_larger_nonces_to_the_next(
    tmp_path: Path, repository: Path
) -> None:
    taken: list[int] = []
    for count in (3, 1, 5):
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path), str(count)],
            cwd=repository,
            env=os.environ | {"PYTHONPATH": str(repository)},
            capture_output=True,
            check=False,
        )
        assert ended.returncode == -9
        taken += [int(line) for line in ended.stdout.split()]
    assert len(taken) == 9
    assert taken == sorted(set(taken))


def test_a_second_owner_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with Nonces(tmp_path, Wall()):
        with pytest.raises(Permanent) as told:
            Nonces(tmp_path, Wall()).__enter__()
        assert str(told.value) == f"another process signs with the key of {tmp_path}"
    with Nonces(tmp_path, Wall()) as nonces:
        assert asyncio.run(take(nonces)) == [NOW]


def test_a_folder_that_cannot_be_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="cannot hold a nonce: Not a directory"):
        Nonces(tmp_path / "file" / "keys", Wall()).__enter__()


@pytest.mark.parametrize("text", ["", "abc", "-5", "1.5", str(2**64), "١٢", "12 13", "\x00\x00"])
def test_a_damaged_mark_is_not_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "nonce").write_text(text, encoding="utf-8")
    with pytest.raises(Permanent, match="does not hold a nonce"):
        Nonces(tmp_path, Wall()).__enter__()
    (tmp_path / "nonce").write_text("12\n", encoding="utf-8")
    with Nonces(tmp_path, Wall(5)) as nonces:
        assert asyncio.run(take(nonces)) == [13]


def test_a_mark_that_cannot_be_written_gives_no_nonce(tmp_path: Path) -> None:
    with Nonces(tmp_path / "keys", Wall()) as nonces:
        (tmp_path / "keys" / "nonce.new").mkdir()
        with pytest.raises(Permanent, match="cannot be kept"):
            asyncio.run(take(nonces))


def test_the_last_nonce_of_all_ends_the_key(tmp_path: Path) -> None:
    with Nonces(tmp_path, Wall(NONCE_MOST)) as nonces:
        assert asyncio.run(take(nonces)) == [NONCE_MOST]
        with pytest.raises(Permanent, match="no nonce left"):
            asyncio.run(take(nonces))


def test_a_nonce_keeps_its_turn_until_its_request_is_done(tmp_path: Path) -> None:
    done: list[int] = []

    async def request(nonces: Nonces, seconds: float) -> None:
        async with nonces.turn() as nonce:
            await asyncio.sleep(seconds)
            done.append(nonce)

    async def main() -> None:
        with Nonces(tmp_path, Wall()) as nonces:
            await asyncio.gather(*(request(nonces, seconds) for seconds in (0.02, 0.01, 0.0)))

    asyncio.run(main())
    assert done == [NOW, NOW + 1, NOW + 2]
