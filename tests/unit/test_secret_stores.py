"""Stores of a key: what they keep, whom they keep it from, and that no text shows it."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from adapters.secrets import os_keyring
from adapters.secrets.mounted_file import MountedFile
from adapters.secrets.os_keyring import OsKeyring
from adapters.secrets.sealed_file import SealedFile
from adapters.secrets.stored import KeyStore, SecretError, StoredKey, Trouble, parsed
from tests.memory_keyring import MemoryKeyring, memory_keyring

KEY = StoredKey("PlantedKey", "PlantedSecret")
WORDS = "four quiet words here"


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    with memory_keyring() as found:
        yield found


def sealed(path: Path, owner: str = "me", words: str = WORDS) -> SealedFile:
    return SealedFile(path / "keys" / "me.sealed", owner, words, cost_log2=14)


@pytest.mark.parametrize("kind", ["file", "keyring"])
def test_what_is_put_comes_out_until_it_is_removed(
    tmp_path: Path, ring: MemoryKeyring, kind: str
) -> None:
    store: KeyStore = sealed(tmp_path) if kind == "file" else OsKeyring("me@here")
    assert store.name == kind
    with pytest.raises(SecretError) as missing:
        store.get()
    assert missing.value.trouble is Trouble.MISSING
    store.put(KEY)
    store.put(KEY)
    assert store.get().same_as(KEY)
    assert store.place
    assert store.remove()
    assert not store.remove()


def test_a_sealed_file_is_closed_and_holds_nothing_readable(tmp_path: Path) -> None:
    sealed(tmp_path).put(KEY)
    path = tmp_path / "keys" / "me.sealed"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    text = path.read_text()
    assert not any(word in text for word in ("Planted", WORDS))
    assert [each.name for each in path.parent.iterdir()] == ["me.sealed"]
    header = json.loads(text)["header"]
    assert (header["kdf"], header["block"], header["cipher"]) == ("scrypt", 8, "AES-256-GCM")


def test_every_sealing_has_its_own_salt_and_nonce(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "me.sealed"
    texts = []
    for _ in range(2):
        sealed(tmp_path).put(KEY)
        texts.append(json.loads(path.read_text())["header"])
    assert texts[0]["salt"] != texts[1]["salt"]
    assert texts[0]["nonce"] != texts[1]["nonce"]


def test_a_wrong_passphrase_and_another_account_open_nothing(tmp_path: Path) -> None:
    sealed(tmp_path).put(KEY)
    for store in (sealed(tmp_path, words="four other words here"), sealed(tmp_path, owner="you")):
        with pytest.raises(SecretError, match="wrong passphrase") as refused:
            store.get()
        assert refused.value.trouble is Trouble.DAMAGED
        assert "four" not in repr(refused.value) + repr(store) + refused.value.remedy


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_sealed_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    sealed(tmp_path).put(KEY)
    (tmp_path / "keys" / "me.sealed").chmod(mode)
    with pytest.raises(SecretError, match="may be read by others") as refused:
        sealed(tmp_path).get()
    assert refused.value.trouble is Trouble.EXPOSED


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2}, {"kdf": "none"}, {"cost_log2": 13}, {"cost_log2": 21}, {"cost_log2": 60},
        {"block": 1}, {"parallel": 64}, {"cipher": "AES-128-CBC"}, {"salt": "AAAA"},
        {"nonce": ""}, {"salt": "é"}, {"more": 1}, {"cost_log2": "x"},
    ],
)  # fmt: skip
def test_a_header_with_other_parameters_is_refused_before_any_work(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    sealed(tmp_path).put(KEY)
    path = tmp_path / "keys" / "me.sealed"
    document = json.loads(path.read_text())
    document["header"] |= changed
    path.write_text(json.dumps(document))
    with pytest.raises(SecretError, match="no sealed key of this version"):
        sealed(tmp_path).get()


def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    sealed(tmp_path).put(KEY)
    path = tmp_path / "keys" / "me.sealed"
    whole = path.read_bytes()
    for place in range(0, len(whole), 23):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SecretError) as refused:
            sealed(tmp_path).get()
        assert refused.value.trouble is Trouble.DAMAGED
    path.write_bytes(whole)
    assert sealed(tmp_path).get().same_as(KEY)


def test_a_short_passphrase_is_none(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="shorter than 12"):
        sealed(tmp_path, words="short").put(KEY)
    assert not (tmp_path / "keys").exists()


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    for call in (lambda: sealed(tmp_path).put(KEY), sealed(tmp_path).get, sealed(tmp_path).remove):
        with pytest.raises(SecretError, match="cannot be used"):
            call()


def test_a_link_in_the_place_of_a_sealed_file_is_not_followed(tmp_path: Path) -> None:
    sealed(tmp_path).put(KEY)
    path = tmp_path / "keys" / "me.sealed"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretError, match="cannot be used"):
        sealed(tmp_path).get()


def test_a_mounted_secret_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("PlantedKey\nPlantedSecret\n")
    path.chmod(0o444)
    (tmp_path / "linked").symlink_to(path)
    for place in (path, tmp_path / "linked"):
        store: KeyStore = MountedFile(place)
        assert store.get().same_as(KEY)
        store.put(KEY)
        assert not store.remove()
    with pytest.raises(SecretError, match="only read"):
        MountedFile(path).put(StoredKey("another", "one"))
    assert path.read_text() == "PlantedKey\nPlantedSecret\n"


def test_a_mounted_secret_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("PlantedKey\nPlantedSecret\n")
    path.chmod(0o666)
    with pytest.raises(SecretError, match="may be written by others"):
        MountedFile(path).get()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for place, match in ((tmp_path / "none", "no file"), (tmp_path / "pipe", "regular")):
        with pytest.raises(SecretError, match=match):
            MountedFile(place).get()
    path.chmod(0o600)
    path.write_text("x" * 5000)
    with pytest.raises(SecretError, match="too long"):
        MountedFile(path).get()


@pytest.mark.parametrize(
    "text",
    [b"PlantedKey\nPlantedSecret", b"\n PlantedKey \r\n\n PlantedSecret\r\n",
     b'{"api_key": "PlantedKey", "secret": "PlantedSecret"}'],
)  # fmt: skip
def test_two_lines_or_json_are_a_key(text: bytes) -> None:
    assert parsed(text, "here").same_as(KEY)


@pytest.mark.parametrize(
    "text",
    [b"", b"PlantedSecret", b"a\nb\nPlantedSecret", b"{", b'{"secret": "PlantedSecret"}',
     b'{"api_key": 1, "secret": "PlantedSecret"}', b"\xff\nPlantedSecret",
     b'{"api_key": "k", "secret": "PlantedSecret", "x": 1}'],
)  # fmt: skip
def test_anything_else_is_none_and_is_not_repeated(text: bytes) -> None:
    with pytest.raises(SecretError, match="no API key in here") as refused:
        parsed(text, "here")
    assert "Planted" not in f"{refused.value!r} {refused.value} {refused.value.remedy}"


def test_a_stored_key_is_neither_shown_nor_copied() -> None:
    assert "Planted" not in f"{KEY!r} {KEY} {[KEY]}"
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="copied"):
            copied(KEY)


def test_a_locked_keyring_is_told_in_one_sentence(ring: MemoryKeyring) -> None:
    store = OsKeyring("me@here")
    store.put(KEY)
    ring.locked = True
    for call in (store.get, store.remove, lambda: store.put(KEY)):
        with pytest.raises(SecretError, match="KeyringLocked") as refused:
            call()
        assert refused.value.trouble is Trouble.UNUSABLE
        assert refused.value.__cause__ is None


def test_only_a_real_keyring_is_used(ring: MemoryKeyring) -> None:
    assert os_keyring.is_usable()
    backends: tuple[type[KeyringBackend], ...] = (fail.Keyring, null.Keyring)
    for backend in (kind() for kind in backends):
        keyring.set_keyring(backend)
        assert not os_keyring.is_usable()
