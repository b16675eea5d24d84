"""A person speaks to a running service by files: nothing is lost, nothing foreign is obeyed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from actors.messages.control import KillSwitch, Reactivate
from service.control import POLL_SECONDS, ControlBox

KILL = KillSwitch(2, "somebody", "a drill")
LIFT = Reactivate("somebody", "the cause is fixed")


def fresh(home: Path) -> ControlBox:
    """A box that has not looked yet."""
    return ControlBox(home)


def test_commands_come_out_in_the_order_in_which_they_were_left(tmp_path: Path) -> None:
    fresh(tmp_path).post(KILL)
    fresh(tmp_path).post(LIFT)
    assert fresh(tmp_path).take() == [KILL, LIFT]


def test_a_command_stays_until_it_is_durable(tmp_path: Path) -> None:
    box = fresh(tmp_path)
    path = box.post(KILL)
    assert box.take() == [KILL]
    assert path.exists()
    assert fresh(tmp_path).take() == [KILL]
    box.settle()
    assert not path.exists()
    assert fresh(tmp_path).take() == []


def test_only_the_owner_may_leave_commands(tmp_path: Path) -> None:
    path = fresh(tmp_path).post(KILL)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.stat().st_uid == os.getuid()


@pytest.mark.parametrize("content", [b"", b"\x00", b"{}", b"\x93\xa4Kill", b"\x92\xa4Tick\x05"])
def test_what_is_no_command_is_removed_and_says_nothing(tmp_path: Path, content: bytes) -> None:
    good = fresh(tmp_path).post(KILL)
    foreign = good.with_name("00000000000000000001-1.json")
    foreign.write_bytes(content)
    assert fresh(tmp_path).take() == [KILL]
    assert not foreign.exists()


def test_the_folder_is_looked_at_no_more_than_every_quarter_second(tmp_path: Path) -> None:
    box = fresh(tmp_path)
    assert box.take() == []
    box.post(KILL)
    assert POLL_SECONDS >= 0.25
    assert box.take() == []
    assert fresh(tmp_path).take() == [KILL]
