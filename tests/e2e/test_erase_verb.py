"""`ballast db erase` as a person meets it: consent by name, everything gone, a certificate left."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import service.erasure as erasing
from service.erasure import Certificate, erase, read_certificate
from service.failures import UserError
from service.key_places import KeyRecord
from service.key_rights import KeyRights
from service.settings import Settings
from tests.backups import settings_for, traded
from tests.postgres_server import Server, running_server

pytestmark = pytest.mark.timeout(180)
TRADE = ("paper", "--events", "300", "--json", "--headless", "--speed", "0")


def test_an_embedded_account_is_gone_and_its_certificate_tells_where_it_stood(
    ballast: Any, tmp_path: Path
) -> None:
    card = ballast(*TRADE).card
    (ballast.home / "notes.txt").write_text("mine")
    path = tmp_path / "erased.json"
    unnamed = ballast("db", "erase", "--certificate", path)
    wrong = ballast("db", "erase", "--certificate", path, "--yes-erase", "other")
    for refused in (unnamed, wrong):
        assert refused.code == 2
        assert "the consent does not name the account paper" in refused.sentence
    assert ballast("replay", "last").code == 0

    done = ballast("db", "erase", "--certificate", path, "--yes-erase", "paper", "--json")
    assert done.code == 0, done.err
    (account,) = (each for each in done.json["accounts"] if each["account"] == "paper")
    assert account["root"] == card["root_hash"]
    assert [each.name for each in ballast.home.iterdir()] == ["notes.txt"]
    assert not path.with_name("erased.json.unfinished").exists()
    told = ballast("db", "erase", "--verify", path)
    assert told.code == 0
    assert f"root {card['root_hash']}" in told.out
    again = ballast("db", "erase", "--certificate", tmp_path / "b.json", "--yes-erase", "paper")
    assert again.code == 8
    assert "There is nothing of an account" in again.sentence
    # A new life in the same folder is another account: nothing of the old one is known.
    assert ballast(*TRADE).card["parity"] is True
    ballast("db", "stop")


def test_a_certificate_that_was_changed_proves_nothing(ballast: Any, tmp_path: Path) -> None:
    assert ballast(*TRADE, "--journal", "file").card["parity"]
    path = tmp_path / "erased.json"
    done = ballast(
        "db", "erase", "--certificate", path, "--yes-erase", "paper", journal__kind="file"
    )
    assert done.code == 0, done.err
    document = json.loads(path.read_text())
    document["accounts"][0]["seq"] += 1
    path.write_text(json.dumps(document))
    told = ballast("db", "erase", "--verify", path)
    assert told.code == 4
    assert "was not signed by the key that it names" in told.sentence
    path.write_text("{}")
    assert ballast("db", "erase", "--verify", path).code == 4
    assert ballast("db", "erase", "--verify", tmp_path / "none").code == 8


def test_an_account_that_is_traded_is_not_erased(ballast: Any, tmp_path: Path) -> None:
    service = ballast.start("paper", "--headless", "--speed", "7200")
    ballast.trading()
    refused = ballast("db", "erase", "--certificate", tmp_path / "c", "--yes-erase", "paper")
    assert refused.code == 6
    assert "is being traded by process" in refused.sentence
    service.send_signal(signal.SIGTERM)
    assert service.wait(60) == 0
    assert ballast("replay", "last").code == 0
    ballast("db", "stop")


@pytest.fixture(scope="module")
def server(pytestconfig: pytest.Config) -> Server:
    """The embedded PostgreSQL, as a server of one's own."""
    return running_server(pytestconfig, "embedded")


def served(server: Server, home: Path) -> tuple[Settings, str]:
    """An account that traded into a database of the server."""
    database = asyncio.run(server.fresh_database())
    settings = settings_for(home, dsn=server.dsn(database, server.administrator))
    asyncio.run(traded(settings, 200))
    return settings, database


def test_of_a_server_the_schema_goes_and_nothing_else(server: Server, tmp_path: Path) -> None:
    settings, database = served(server, tmp_path / "home")
    asyncio.run(server.run(database, "create table public.mine (a int)"))
    found = asyncio.run(erase(settings, tmp_path / "c.json"))
    asked = "select to_regnamespace('ballast') is null, (select count(*) from pg_event_trigger)"
    [(gone, guards)] = asyncio.run(server.ask(database, asked))
    assert (gone, guards) == (True, 0)
    [(rows,)] = asyncio.run(server.ask(database, "select count(*) from public.mine"))
    assert rows == 0
    assert "base backups" in " ".join(found.left)
    assert read_certificate(tmp_path / "c.json") == found


@pytest.mark.parametrize("stage", ["tables", "files"])
def test_an_interrupted_erasure_goes_on_and_ends_with_the_same_certificate(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    settings, database = served(server, tmp_path / "home")
    path = tmp_path / "c.json"
    removed: list[Path] = []

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    def die_late(place: Path) -> None:
        if removed:
            raise KeyboardInterrupt
        removed.append(place)

    name = "_erase_tables" if stage == "tables" else "_remove"
    with monkeypatch.context() as patch:
        patch.setattr(erasing, name, die if stage == "tables" else die_late)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(erase(settings, path))
    working = tmp_path / "c.json.unfinished"
    begun: Certificate = read_certificate(working)
    assert not path.exists()
    other = settings_for(tmp_path / "other", dsn=settings.journal.dsn + "&application_name=x")
    with pytest.raises(UserError, match="of another erasure"):
        asyncio.run(erase(other, path))
    assert asyncio.run(erase(settings, path)) == begun
    [(gone,)] = asyncio.run(server.ask(database, "select to_regnamespace('ballast') is null"))
    assert gone
    assert list((tmp_path / "home").iterdir()) == []


def test_a_certificate_lies_outside_and_takes_nobody_s_place(
    server: Server, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, dsn="postgresql:///none?host=/nowhere")
    with pytest.raises(UserError, match="would lie in what is erased"):
        asyncio.run(erase(settings, tmp_path / "anchors" / "c.json"))
    (tmp_path / "c.json").write_text("mine")
    with pytest.raises(UserError, match="There is already a file"):
        asyncio.run(erase(settings, tmp_path / "c.json"))
    with pytest.raises(UserError, match="cannot be reached"):
        asyncio.run(erase(settings, tmp_path / "d.json"))


@pytest.mark.parametrize(
    ("store", "said"), [("file", "at the venue"), ("keyring", "a keyring"), ("", "damaged")]
)
def test_the_api_keys_file_goes_too_and_what_is_out_of_reach_is_named(
    ballast: Any, tmp_path: Path, store: str, said: str
) -> None:
    assert ballast(*TRADE, "--journal", "file").card["parity"]
    keys = ballast.home / "keys"
    keys.mkdir(mode=0o700)
    (keys / "paper.sealed").write_text("sealed")
    rights = KeyRights("", (), (), "never", ())
    record = KeyRecord(1, "paper", store, "a keyring", "…", "f", "https://a", 1, 1, rights)
    path = keys / "paper.record.json"
    path.write_bytes(msgspec.json.encode(record) if store else b"{")
    path.chmod(0o600)
    done = ballast(
        "db", "erase", "--certificate", tmp_path / "c.json", "--yes-erase", "paper", "--json",
        journal__kind="file",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert not keys.exists()
    assert any(said in each for each in done.json["left"])
