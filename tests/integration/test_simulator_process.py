"""A simulator as our own process: it goes on when it was killed, and gives up when it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.kraken_simulator.serving.state import FILE
from service.failures import ExitCode, UserError
from service.simulator_process import SimulatorPlace, kept_simulator, simulator

PAIR = ("--pair", "BTC/USD", "--warm-up", "0", "--speed", "20")


def serving(folder: Path) -> list[int]:
    """The processes that have a folder among their words."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(folder).encode() in words:
                found.append(int(entry.name))
    return found


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await asyncio.to_thread(condition):  # it may ask over the network
                return
            await asyncio.sleep(0.05)


def time_of(place: SimulatorPlace) -> int:
    with urllib.request.urlopen(f"{place.rest}/0/public/Time", timeout=10) as answer:
        return int(json.loads(answer.read())["result"]["unixtime"])


def answers(place: SimulatorPlace) -> bool:
    try:
        return time_of(place) > 0
    except OSError:
        return False


@pytest.mark.timeout(180)
def test_a_kept_one_goes_on_until_it_says_why_it_cannot(tmp_path: Path) -> None:
    """At the same address, with its time passed; a state that was damaged is left alone."""
    state, said = tmp_path / "a state", list[str]()

    async def run() -> None:
        options = (*PAIR, "--state", str(state))
        async with kept_simulator(options, tmp_path / "log", said.append) as place:
            before, began = (
                await asyncio.to_thread(time_of, place),
                asyncio.get_running_loop().time(),
            )
            (killed,) = serving(state)
            os.kill(killed, signal.SIGKILL)
            await until(lambda: serving(state) not in ([], [killed]))
            await until(lambda: answers(place))
            passed = (asyncio.get_running_loop().time() - began) * 20
            assert abs(await asyncio.to_thread(time_of, place) - before - passed) < 40
            assert place.trader()[0].account == "alpha"
            (state / FILE).write_text("nothing\n")
            os.kill(serving(state)[0], signal.SIGKILL)
            await until(lambda: len(said) == 3)
            assert serving(state) == []

    asyncio.run(run())
    assert said[:2] == ["the simulated Kraken ended (code -9); it is started again"] * 2
    assert "cannot go on" in said[2]
    assert "is damaged" in said[2]
    assert (state / FILE).read_text() == "nothing\n"


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    async def run() -> None:
        async with simulator((*PAIR, "--account", "me=GOLD:1"), tmp_path / "log"):
            raise AssertionError("it must not start")

    with pytest.raises(UserError, match="'GOLD' is no asset here") as caught:
        asyncio.run(run())
    assert caught.value.code == ExitCode.USAGE
