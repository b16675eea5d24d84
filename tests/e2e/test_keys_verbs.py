"""`ballast keys`: connected once, checked, shown without its secret, removed; bad keys refused."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.kraken.signing import Credentials
from service.failures import ExitCode
from service.observe.logs import RunLog
from service.settings import LogSettings
from tests.e2e.conftest import COMMAND, Answer, Ballast, environment
from tests.kraken_answers import (
    ALLOWED,
    KEY,
    SECRET,
    AnsweringVenue,
    key_document,
    private,
    refusal,
    success,
    venue_beside,
)
from tests.kraken_answers import Answer as Reply
from tests.memory_keyring import memory_keyring

WORDS = "planted words nobody knows"
TOKEN = "PlantedTokenOfASocket"

Verb = Callable[..., Answer]


@pytest.fixture
def venue() -> Iterator[AnsweringVenue]:
    with venue_beside() as found:
        found.on("GetApiKeyInfo", success(key_document()))
        yield found


@pytest.fixture
def keys(
    ballast: Ballast, venue: AnsweringVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Verb:
    """`ballast keys VERB`, with secret and passphrase in private files."""
    secret = private(tmp_path / "secret", f"{KEY}\n{SECRET}\n")
    words = private(tmp_path / "words", f"{WORDS}\n")

    def run(verb: str, *more: object) -> Answer:
        options: list[object] = []
        if verb == "connect":
            options += ["--venue-url", venue.url, "--passphrase-file", words]
            if "--secret-file" not in more and "--key-file" not in more:
                options += ["--secret-file", secret]
            if "--store" not in more and "--key-file" not in more:
                options += ["--store", "file"]
        if verb == "check":
            options += ["--passphrase-file", words]
        return ballast.inside(monkeypatch, "keys", verb, *options, *more)

    return run


def everything_below(folder: Path) -> bytes:
    """The bytes of all files of a folder, with their names."""
    found = b""
    for path in folder.rglob("*"):
        found += str(path).encode()
        if path.is_file():
            found += path.read_bytes()
    return found


def test_a_key_is_connected_shown_checked_and_removed(keys: Verb, ballast: Ballast) -> None:
    assert keys("status", "--json").json == {"connected": False, "account": "paper"}
    assert keys("check").code == ExitCode.MISSING
    connected = keys("connect", "--json")
    assert connected.code == 0, connected.err
    found = connected.json
    assert (found["store"], found["key"], found["connected"]) == ("file", "Plan…yzAB", True)
    assert found["rights"]["permissions"] == ALLOWED
    assert found["rights"]["ip_allowlist"] == ["203.0.113.7"]
    assert found["rights"]["warnings"] == []
    assert keys("status", "--json").json == found
    checked = keys("check", "--json")
    assert (checked.code, checked.json["fingerprint"]) == (0, found["fingerprint"])
    sealed = ballast.home / "keys" / "paper.sealed"
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert keys("remove", "--json").json["removed"] is True
    assert not sealed.exists()
    again = keys("remove", "--json")
    assert (again.code, again.json["removed"], again.json["was_connected"]) == (0, False, False)
    assert [each.name for each in (ballast.home / "keys").iterdir()] == [
        f"{found['fingerprint']}.nonce"
    ], "nonces outlive the key"


def test_connecting_twice_is_connecting_once_and_another_key_must_be_meant(
    keys: Verb, ballast: Ballast, tmp_path: Path
) -> None:
    first = keys("connect", "--json").json
    second = keys("connect", "--json").json
    assert second["connected_at_s"] == first["connected_at_s"]
    other = private(tmp_path / "other", f"Another{KEY}\n{SECRET}\n")
    refused = keys("connect", "--secret-file", other)
    assert refused.code == ExitCode.USAGE
    assert "Another API key (Plan…yzAB) is connected" in refused.sentence
    assert keys("connect", "--secret-file", other, "--replace").code == 0
    assert keys("status", "--json").json["key"] == "Anot…yzAB"
    mounted = private(tmp_path / "mounted", f"{KEY}\n{SECRET}\n")
    assert keys("connect", "--key-file", mounted, "--replace").code == 0
    assert not (ballast.home / "keys" / "paper.sealed").exists(), "the place before is emptied"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"permissions": [*ALLOWED, "withdraw-funds"]}, "it can withdraw funds"),
        ({"permissions": [*ALLOWED, "add-funds"]}, "it can move funds in"),
        ({"permissions": [*ALLOWED, "withdraw-funds", "add-funds"]}, "withdraw funds and move"),
        ({"permissions": [*ALLOWED, "earn-funds"]}, "does not know (earn-funds)"),
        ({"permissions": [*ALLOWED, "wallet-transfer"]}, "does not know (wallet-transfer)"),
        ({"permissions": [*ALLOWED, "evil\nballast: x"]}, "does not know (evil?ballast: x)"),
        ({"permissions": ALLOWED[:-1]}, "missing: Access WebSockets API"),
        ({"permissions": []}, "missing: Query funds"),
        ({"permissions": None}, "does not say what this API key may do"),
        ({"permissions": "all"}, "does not say what this API key may do"),
        ({"valid_until": 1_600_000_000}, "has expired (2020-09-13"),
        ({"valid_until": "2020-09-13T00:00:00Z"}, "does not say what this API key may do"),
    ],
)
def test_a_key_that_may_do_too_much_or_too_little_is_refused_and_not_kept(
    keys: Verb, venue: AnsweringVenue, ballast: Ballast, changed: dict[str, object], said: str
) -> None:
    venue.on("GetApiKeyInfo", success(key_document(**changed)))
    answer = keys("connect")
    assert answer.code == ExitCode.KEY_REFUSED
    assert said in answer.sentence
    assert keys("status", "--json").json["connected"] is False
    assert not (ballast.home / "keys" / "paper.sealed").exists()
    assert {each.path for each in venue.requests} == {"/0/private/GetApiKeyInfo"}, "never probed"


def test_a_document_without_permissions_is_refused(keys: Verb, venue: AnsweringVenue) -> None:
    document = key_document()
    del document["permissions"]
    venue.on("GetApiKeyInfo", success(document))
    assert keys("connect").code == ExitCode.KEY_REFUSED


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        (refusal("EAPI:Invalid key"), ExitCode.KEY_REFUSED, "does not know this API key"),
        (refusal("EAPI:Invalid signature"), ExitCode.KEY_REFUSED, "does not belong"),
        (refusal("EAPI:Invalid nonce"), ExitCode.KEY_REFUSED, "Another program uses"),
        (refusal("EGeneral:Permission denied"), ExitCode.KEY_REFUSED, "list of addresses"),
        (refusal("EGeneral:Temporary lockout"), ExitCode.KEY_REFUSED, "locked this account"),
        (refusal("ENew:Thing"), ExitCode.KEY_REFUSED, "(ENew:Thing)"),
        (Reply(b"<html>", 403, "text/html"), ExitCode.ENVIRONMENT, "did not answer"),
    ],
)
def test_a_key_that_cannot_be_examined_is_refused(
    keys: Verb, venue: AnsweringVenue, reply: Reply, code: ExitCode, said: str
) -> None:
    venue.on("GetApiKeyInfo", reply)
    answer = keys("connect", "--json")
    assert answer.code == code
    assert said in answer.json["error"]
    assert keys("status", "--json").json["connected"] is False


def test_people_are_told_in_lines_what_json_tells_in_one_object(keys: Verb) -> None:
    assert keys("status").out == "no API key is connected to paper\n"
    assert keys("remove").out == "no API key is connected to paper\n"
    assert keys("connect").out.startswith("connected  Plan…yzAB   ballast   at http://127.0.0.1:")
    assert keys("check").out.startswith("good       Plan…yzAB")
    shown = keys("status").out
    for line in ("account    paper", "kept in    file: ", "addresses  203.0.113.7",
                 "valid      until never", "may        query-funds, "):  # fmt: skip
        assert line in shown
    removed = keys("remove").out
    assert "no longer connected" in removed
    assert "delete it at Kraken too" in removed


def test_what_is_unwise_is_told(keys: Verb, venue: AnsweringVenue) -> None:
    soon = int(time.time()) + 86_400
    document = key_document(ip_allowlist=[], valid_until=str(soon), query_from=5)
    venue.on("GetApiKeyInfo", success(document))
    answer = keys("connect")
    assert answer.code == 0
    for words in ("every address", "expires soon", "part of the history"):
        assert words in answer.out
    venue.on("GetApiKeyInfo", success(key_document(valid_until="someday")))
    assert keys("check").code == ExitCode.KEY_REFUSED, "an end that cannot be read is no end"


def test_a_key_revoked_later_is_found_by_a_check(keys: Verb, venue: AnsweringVenue) -> None:
    keys("connect")
    venue.on("GetApiKeyInfo", success(key_document(permissions=[*ALLOWED, "withdraw-funds"])))
    assert keys("check").code == ExitCode.KEY_REFUSED
    venue.on("GetApiKeyInfo", refusal("EAPI:Invalid key"))
    assert keys("check").code == ExitCode.KEY_REFUSED


def test_a_running_keyring_is_chosen_by_itself(
    venue: AnsweringVenue, ballast: Ballast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = private(tmp_path / "secret", f"{KEY}\n{SECRET}\n")
    with memory_keyring() as ring:

        def run(*words: object) -> Answer:
            return ballast.inside(monkeypatch, "keys", *words, "--json")

        options = ("--venue-url", venue.url, "--secret-file", secret)
        connected = run("connect", *options)
        assert connected.json["store"] == "keyring"
        assert len(ring.kept) == 1
        assert run("check").code == 0
        assert SECRET.encode() not in everything_below(ballast.home)
        ring.locked = True
        assert run("check").code == ExitCode.ENVIRONMENT
        assert run("remove").code == ExitCode.ENVIRONMENT
        ring.locked = False
        assert run("remove").json["removed"] is True
        assert ring.kept == {}


def test_a_store_that_is_open_or_does_not_open_is_refused(
    keys: Verb, ballast: Ballast, tmp_path: Path
) -> None:
    keys("connect")
    wrong = private(tmp_path / "wrong", "other words than those\n")
    answer = keys("check", "--passphrase-file", wrong)
    assert answer.code == ExitCode.BAD_INPUT
    assert "wrong passphrase" in answer.sentence
    sealed = ballast.home / "keys" / "paper.sealed"
    sealed.chmod(0o644)
    answer = keys("check")
    assert answer.code == ExitCode.ENVIRONMENT
    assert "may be read by others" in answer.sentence
    sealed.unlink()
    assert keys("check").code == ExitCode.MISSING
    (ballast.home / "keys" / "paper.record.json").write_text("{}")
    assert keys("status").code == ExitCode.BAD_INPUT


def test_a_mounted_secret_is_used_where_it_lies(
    keys: Verb, ballast: Ballast, tmp_path: Path
) -> None:
    mounted = private(tmp_path / "mounted", f"{KEY}\n{SECRET}\n", 0o444)
    answer = keys("connect", "--key-file", mounted, "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["store"], answer.json["place"]) == ("mounted", str(mounted))
    assert keys("check").code == 0
    assert keys("remove", "--json").json["removed"] is False
    assert mounted.exists()
    assert SECRET.encode() not in everything_below(ballast.home)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--store", "mounted"], "No mounted secret"),
        (["--venue-url", "https://example.org"], "neither https://api.kraken.com nor"),
        (["--venue-url", "http://api.kraken.com"], "neither https://api.kraken.com nor"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_is_asked(
    keys: Verb, venue: AnsweringVenue, options: list[str], said: str
) -> None:
    answer = keys("connect", *options)
    assert answer.code == ExitCode.USAGE
    assert said in answer.sentence
    assert venue.requests == []


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        (f"{KEY}\n{SECRET}\n", 0o644, ExitCode.ENVIRONMENT),
        (f"{KEY}\n", 0o600, ExitCode.BAD_INPUT),
        (f"{KEY}\nnot base64\n", 0o600, ExitCode.BAD_INPUT),
    ],
)
def test_a_secret_file_that_is_open_or_holds_none_is_refused(
    keys: Verb, tmp_path: Path, text: str, mode: int, code: ExitCode
) -> None:
    answer = keys("connect", "--secret-file", private(tmp_path / "bad", text, mode))
    assert answer.code == code
    assert KEY not in answer.out + answer.err


@pytest.mark.timeout(180)
def test_no_planted_secret_reaches_any_output(
    keys: Verb,
    ballast: Ballast,
    venue: AnsweringVenue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "crashes"))
    (tmp_path / "crashes").mkdir()
    replies = [success(key_document()), Reply(b"<html>", 502, "text/html"), Reply(reset=True),
               refusal("EAPI:Invalid key"), Reply(b'{"error":[', cut=True),
               success({"token": TOKEN})]  # fmt: skip
    said = ""
    for reply in replies:
        venue.on("GetApiKeyInfo", reply)
        for answer in (keys("connect", "--json"), keys("check"), keys("status")):
            said += answer.out + answer.err
    said += ballast.inside(monkeypatch, "settings").out
    trade = ("paper", "--events", "50", "--journal", "file", "--headless", "--speed", "0", "--json")
    ran = ballast(*trade, keys__passphrase_file=str(tmp_path / "words"))
    assert ran.card["parity"], "a journal, its logs and its index lie beside the key"
    said += ran.out + ran.err
    log = RunLog(tmp_path / "logs", LogSettings(), to_stderr=False)
    request = venue.requests[0]
    log.log.info("planted", who=Credentials(KEY, SECRET), headers=request.headers, token=TOKEN)
    log.close()
    crash = (
        "from service import crash; crash.install()\n"
        "from adapters.kraken.signing import Credentials\n"
        f"Credentials(*open({str(tmp_path / 'secret')!r}).read().split()).sign(None, 1, b'')"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", crash], env=environment({"TMPDIR": str(tmp_path / "crashes")}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "this is a bug" in done.stderr
    assert list((tmp_path / "crashes").iterdir())
    written = everything_below(ballast.home) + everything_below(tmp_path / "crashes")
    written += everything_below(tmp_path / "logs") + (said + done.stdout + done.stderr).encode()
    signatures = {each.headers["API-Sign"] for each in venue.requests}
    assert len(signatures) > 6
    for planted in (SECRET, WORDS, TOKEN, KEY, *signatures):
        assert planted.encode() not in written
