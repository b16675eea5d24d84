"""Anchors: bound to each other, signed, and kept in places that are brought to the same bytes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from adapters.anchors.key import AnchorError, AnchorKey, LostKeyError, make_key
from adapters.anchors.log import Anchor, AnchorLog
from adapters.anchors.place import Place

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


def bound_anew(lines: list[bytes]) -> None:
    """A forger without the key can bind the lines, but not sign the newest."""
    changed(1, seq=7)(lines)
    changed(2, previous=sha256(lines[1] + b"\n").hexdigest())(lines)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (changed(1, seq=7), "Line 3 of .* does not follow"),
        (changed(1, root="00" * 32), "Line 3 of .* does not follow"),
        (changed(0, signature="no hex"), "Line 2 of .* does not follow"),
        (changed(1, reason="accepted by nobody"), "Line 2 of .* was not signed"),
        (changed(2, seq=7), "Line 3 of .* was not signed"),
        (changed(2, signature="no hex"), "Line 3 of .* was not signed"),
        (bound_anew, "Line 3 of .* was not signed"),
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


PLACES = ("here", "there", "elsewhere")


def again(log: AnchorLog, seq: int = 9) -> tuple[Anchor, ...]:
    """One more anchor by a fresh start; then every place has the same bytes."""
    places = (log.path, *log.copies)
    fresh = log_of(places[0].parent, *(path.parent for path in places[1:]))
    fresh.append(epoch=1, seq=seq, root=bytes(32), at_ns=seq)
    assert fresh.failures == ()
    assert len({path.read_bytes() for path in places}) == 1
    return log_of(places[0].parent, *(path.parent for path in places[1:])).read()


def cut(path: Path, lines: int) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.mark.parametrize(
    "happened",
    [
        lambda log: None,
        lambda log: log.path.unlink(),
        lambda log: cut(log.path, 1),
        lambda log: log.copies[0].unlink(),
        lambda log: cut(log.copies[0], 2),
        lambda log: cut(log.copies[1], 0),
        lambda log: (log.path.unlink(), log.copies[1].unlink()),
        lambda log: log.copies[1].write_bytes(log.copies[1].read_bytes()[:-7]),
        lambda log: log.path.write_bytes(log.path.read_bytes()[:-7]),
    ],
    ids=[
        "nothing",
        "log lost",
        "log cut",
        "copy lost",
        "copy cut, as by a crash between two places",
        "copy emptied",
        "all lost but one",
        "copy torn",
        "log torn",
    ],
)
def test_every_place_is_brought_up_to_the_longest_before_a_line_is_added(
    tmp_path: Path, happened: Callable[[AnchorLog], object]
) -> None:
    log = log_of(*(tmp_path / name for name in PLACES))
    filled(log)
    happened(log)
    assert [each.seq for each in again(log)] == [1, 2, 3, 9]


def test_a_copy_that_is_named_later_begins_at_the_first_anchor(tmp_path: Path) -> None:
    filled(log_of(tmp_path / "here"))
    log = log_of(tmp_path / "here", tmp_path / "there")
    assert [each.seq for each in again(log)] == [1, 2, 3, 9]


def test_a_copy_that_was_away_is_told_and_catches_up(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    filled(log, 2)
    copy, away = log.copies[0], tmp_path / "away"
    copy.rename(away)
    copy.mkdir()
    for seq in (3, 4):
        log.append(epoch=1, seq=seq, root=bytes(32), at_ns=seq)
        assert log.failures == (
            f"the copy of the anchors in {copy} is not up to date (Is a directory)",
        )
    assert [each.seq for each in log_of(tmp_path / "here", tmp_path / "there").read()][-1] == 4
    copy.rmdir()
    away.rename(copy)
    log.append(epoch=1, seq=5, root=bytes(32), at_ns=5)
    assert log.failures == ()
    assert copy.read_bytes() == log.path.read_bytes()


def test_a_copy_that_begins_to_contradict_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    filled(log, 2)
    log.copies[0].write_bytes(b"something else\n")
    log.append(epoch=1, seq=3, root=bytes(32), at_ns=3)
    assert "it contradicts" in log.failures[0]
    assert log.copies[0].read_bytes() == b"something else\n"


def test_a_copy_that_is_the_log_itself_is_written_once(tmp_path: Path) -> None:
    filled(log_of(tmp_path, tmp_path))
    assert [each.seq for each in log_of(tmp_path).read()] == [1, 2, 3]


def test_a_log_that_another_one_went_on_with_is_followed(tmp_path: Path) -> None:
    one, other = log_of(tmp_path), log_of(tmp_path)
    filled(one, 1)
    other.append(epoch=1, seq=2, root=bytes(32), at_ns=2)
    one.append(epoch=1, seq=3, root=bytes(32), at_ns=3)
    assert [each.seq for each in log_of(tmp_path).read()] == [1, 2, 3]


@pytest.mark.parametrize("length", [0, 1, 4094, 4095, 4096, 20_000])
def test_the_last_line_is_found_from_the_end(tmp_path: Path, length: int) -> None:
    place = Place(tmp_path / "lines")
    assert place.last() == b""
    last = b"x" * length + b"\n"
    place.extend(b"first\n" * 1000 + last)
    assert place.last() == last
    with place.path.open("ab") as file:
        file.write(b"torn" * length)
    assert place.last() == last
    place.extend(b"next\n")
    assert place.lines() == place.path.read_bytes() == b"first\n" * 1000 + last + b"next\n"


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("ab" * 32, 0o644, "read by others"),
        ("", 0o600, "no key"),
        ("ab", 0o600, "no key"),
        ("\N{SNOWMAN}", 0o600, "no key"),
    ],
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
    one, other = make_key(tmp_path / "one"), make_key(tmp_path / "other")
    assert one.has_signed(b"text", one.sign(b"text"))
    assert not other.has_signed(b"text", one.sign(b"text"))
    assert one.public != other.public
    assert AnchorKey(tmp_path / "one").public == one.public


def test_a_key_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk is full while it is made."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log = log_of(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            filled(log)
    assert list(tmp_path.iterdir()) == []
    assert len(filled(log)) == 3


@pytest.mark.parametrize("name", [ACCOUNT, "other"])
def test_a_key_that_is_gone_is_told_as_that_and_none_is_made(tmp_path: Path, name: str) -> None:
    """The one key of the folder signed the other accounts' anchors too."""
    filled(log_of(tmp_path))
    log = AnchorLog(tmp_path, name)
    assert AnchorLog(tmp_path, name).public_key
    (tmp_path / "anchor.key").unlink()
    assert AnchorLog(tmp_path, name).public_key == ""
    with pytest.raises(LostKeyError, match=r"The key .* is gone") as caught:
        log.append(epoch=1, seq=4, root=bytes(32), at_ns=4)
    assert "Restore" in caught.value.remedy
    assert "--accept" in caught.value.remedy
    assert not (tmp_path / "anchor.key").exists()


def test_a_key_that_is_gone_with_the_whole_folder_is_told_by_the_copy(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    filled(log)
    for path in (tmp_path / "here").iterdir():
        path.unlink()
    with pytest.raises(LostKeyError):
        log_of(tmp_path / "here", tmp_path / "there").read()


def test_what_a_person_accepts_follows_sound_anchors(tmp_path: Path) -> None:
    """Nothing is set aside, and a head before the newest anchor is the newest now."""
    log = log_of(tmp_path / "here", tmp_path / "there")
    filled(log)
    accepted, aside = log.accept(epoch=1, seq=2, root=bytes(32), at_ns=9, reason="a test")
    assert aside == ()
    found = log_of(tmp_path / "here", tmp_path / "there").read()
    assert found[-1] == accepted
    assert [(each.seq, each.reason) for each in found] == [(1, ""), (2, ""), (3, ""), (2, "a test")]


BOTH = ["here/paper.anchors", "there/paper.anchors"]


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"epoch", b"fpoch", 1))


@pytest.mark.parametrize(
    ("happened", "said", "aside"),
    [
        (
            lambda log: spoil(log.path),
            "is no anchor",
            ["here/paper.anchors", "there/paper.anchors"],
        ),
        (
            lambda log: spoil(log.copies[0]),
            "is no anchor",
            ["here/paper.anchors", "there/paper.anchors"],
        ),
        (
            lambda log: (log.path.with_name("anchor.key").unlink(), log.path.unlink()),
            "is gone",
            ["there/paper.anchors"],
        ),
        (
            lambda log: log.path.with_name("anchor.key").write_text(""),
            "is no key",
            ["here/anchor.key", *BOTH],
        ),
    ],
    ids=["log damaged", "copy damaged", "key and log lost", "key emptied"],
)
def test_what_stands_against_an_acceptance_is_set_aside_and_nothing_is_deleted(
    tmp_path: Path, happened: Callable[[AnchorLog], object], said: str, aside: list[str]
) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    filled(log)
    happened(log)
    was = {name: (tmp_path / name).read_bytes() for name in aside}
    fresh = log_of(tmp_path / "here", tmp_path / "there")
    with pytest.raises(AnchorError, match=said):
        fresh.read()
    accepted, kept = fresh.accept(
        epoch=1, seq=2, root=bytes(32), at_ns=1_700_000_000 * 10**9 + 5, reason="a test"
    )
    suffix = ".aside-20231114T221320.000000005Z"
    assert [f"{path}" for path in kept] == [f"{tmp_path / name}{suffix}" for name in aside]
    assert [path.read_bytes() for path in kept] == [*was.values()]
    assert log_of(tmp_path / "here", tmp_path / "there").read() == (accepted,)
    assert accepted.previous == "0" * 64
    assert len(again(log)) == 2


def test_an_acceptance_does_without_a_copy_that_cannot_be_had(tmp_path: Path) -> None:
    log = log_of(tmp_path / "here", tmp_path / "there")
    filled(log)
    spoil(log.path)
    log.copies[0].unlink()
    (tmp_path / "there").rmdir()
    (tmp_path / "there").write_text("a file, where a folder should be")
    log.accept(epoch=1, seq=2, root=bytes(32), at_ns=9, reason="a test")
    assert "is not up to date" in log.failures[-1]
    assert len(log_of(tmp_path / "here").read()) == 1


def test_a_key_that_others_may_read_is_not_replaced_by_an_acceptance(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    filled(log)
    (tmp_path / "anchor.key").chmod(0o644)
    with pytest.raises(AnchorError, match="read by others"):
        log_of(tmp_path).accept(epoch=1, seq=2, root=bytes(32), at_ns=9, reason="a test")
