"""The settings tree: where values come from, what is refused, and what enters the root."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from service.failures import ExitCode, UserError
from service.settings import (
    DecisionSettings,
    Settings,
    decode_decision_settings,
    load_settings,
    settings_hash,
    with_decision,
)
from service.settings_bounds import CHOICES, LIMITS, without_password


def refusal(values: Mapping[str, str], file: Path | None = None) -> str:
    """The sentence with which values (or a file) are refused."""
    named = {f"BALLAST__{name.upper()}": value for name, value in values.items()}
    with pytest.raises(UserError) as caught:
        load_settings(file, environment=named)
    assert caught.value.code == ExitCode.USAGE
    assert caught.value.remedy.endswith((".", ")"))
    return caught.value.sentence


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "ballast.toml"
    file.write_text('[venue]\nlatency_ms = 100\nslippage_bps = 2.5\n[account]\nname = "mine"\n')
    environment = {"BALLAST__VENUE__LATENCY_MS": "200", "OTHER__VENUE__LATENCY_MS": "7"}
    found = load_settings(file, environment, {"account": {"name": "yours"}})
    assert (found.venue.latency_ms, found.venue.slippage_bps) == (200, Decimal("2.5"))
    assert found.account.name == "yours"
    assert found.risk == Settings().risk


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"acount__name": "x"}, "The setting acount does not exist; did you mean account?"),
        ({"venue__latncy_ms": "1"}, "did you mean venue.latency_ms?"),
        ({"venue__zzz": "1"}, "venue knows latency_ms, outside,"),
        ({"venue": "1"}, "The setting venue is a section, not a value."),
        ({"venue": "1", "venue__latency_ms": "2"}, "is a field of venue, which another one gives"),
        ({"account__name__first": "x"}, "The setting account.name is a value, not a section."),
        ({"venue__latency_ms": "fast"}, "is 'fast', which is not a whole number."),
        ({"server__enabled": "perhaps"}, "is 'perhaps', which is not true or false."),
        ({"venue__slippage_bps": "x"}, "is 'x', which is not a number."),
        (
            {"risk__exposure_cap_micros": "-1"},
            "The section risk of the settings is refused: of exposure_cap_micros",
        ),
        ({"risk__mark_max_age_ns": "9" * 30}, "more than 64 bits hold"),
        ({"account__name": "../up"}, "account.name is '../up', which is no name."),
        ({"account__opening_balance": "1.00001"}, "finer than USD is kept."),
        ({"account__opening_balance_cad": "1.00001"}, "_cad is 1.00001, finer than CAD is kept."),
        ({"account__opening_balance_usd": "1"}, "_usd is of the account's own currency."),
        ({"account__quote": "EUR"}, "The setting account.quote cannot be 'EUR'."),
        ({"venue__slippage_bps": "0.0000000001"}, "finer than 8 decimals."),
        ({"log__level": "loud"}, "The setting log.level cannot be 'loud'."),
        ({"server__host": "0.0.0.0"}, "may only listen on this machine, not on '0.0.0.0'."),
    ],
)
def test_a_wrong_value_is_one_sentence(values: dict[str, str], told: str) -> None:
    assert told in refusal(values)


def test_a_wrong_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "ballast.toml"
    for text, told in (
        ("[venue\n", "cannot be read"),
        ('[venue]\nlatency_ms = "x"', "is 'x', which is not a whole number"),
        ("[venue]\nslippage_bps = nan", "is NaN, outside"),
        ('[venue]\nlatency = "x"', "did you mean venue.latency_ms?"),
    ):
        file.write_text(text)
        assert told in refusal({}, file)


@pytest.mark.parametrize(("path", "least", "most"), LIMITS, ids=[row[0] for row in LIMITS])
def test_bounds_are_allowed_and_what_lies_beyond_is_not(
    path: str, least: Decimal, most: Decimal
) -> None:
    name = path.replace(".", "__").upper()
    # What is in the account's own currency is its opening balance.
    kept = {"BALLAST__ACCOUNT__QUOTE": "CAD"} if path.endswith("_usd") else {}
    for value in (least, most):
        load_settings(environment=kept | {f"BALLAST__{name}": str(value)})
    for beyond in (least - 1, most + 1):
        assert f"The setting {path} is {beyond}, outside" in refusal({name: str(beyond)})


@pytest.mark.parametrize(
    ("window_ms", "bar_seconds", "fits"),
    [
        (100, 1, True),
        (1000, 1, True),
        (2000, 1, False),
        (500, 3600, True),
        (700, 3600, False),
        (60_000, 60, True),
        (60_000, 90, False),
    ],
)
def test_a_window_of_the_venues_stream_divides_a_bar(
    window_ms: int, bar_seconds: int, *, fits: bool
) -> None:
    """Otherwise one aggregate would hold trades of two bars."""
    given = {"feed__conflate_ms": str(window_ms), "market__bar_interval_seconds": str(bar_seconds)}
    if fits:
        names = {f"BALLAST__{name.upper()}": value for name, value in given.items()}
        assert load_settings(environment=names).feed.conflate_ms == window_ms
    else:
        assert f"feed.conflate_ms is {window_ms}, which does not divide a bar" in refusal(given)


@pytest.mark.parametrize(
    ("name", "address", "is_fine"),
    [
        ("public_socket_url", "wss://ws.kraken.com/v2", True),
        ("public_socket_url", "ws://127.0.0.1:8080/v2", True),
        ("public_socket_url", "wss://localhost:8443/v2", True),
        ("public_socket_url", "ws://ws.kraken.com/v2", False),
        ("public_socket_url", "https://ws.kraken.com/v2", False),
        ("public_socket_url", "ws.kraken.com", False),
        ("public_socket_url", "wss://", False),
        ("public_socket_url", "wss://127.0.0.1:99999/v2", False),
        ("public_socket_url", "wss://127.0.0.1:x/v2", False),
        ("public_socket_url", "", False),
        ("rest_url", "https://api.kraken.com", True),
        ("rest_url", "http://[::1]:8080", True),
        ("rest_url", "http://api.kraken.com", False),
        ("rest_url", "http://127.0.0.1.example.com", False),
    ],
)
def test_prices_come_over_tls_unless_from_this_machine(
    name: str, address: str, *, is_fine: bool
) -> None:
    given = {f"kraken__{name}": address}
    if is_fine:
        names = {f"BALLAST__{key.upper()}": value for key, value in given.items()}
        assert getattr(load_settings(environment=names).kraken, name) == address
    else:
        assert f"kraken.{name}" in refusal(given)


@pytest.mark.parametrize(("settle_ms", "fits"), [(0, True), (999, True), (1000, False)])
def test_a_bar_settles_before_the_next_one_ends(settle_ms: int, *, fits: bool) -> None:
    given = {"market__settle_ms": str(settle_ms), "market__bar_interval_seconds": "1"}
    if fits:
        names = {f"BALLAST__{name.upper()}": value for name, value in given.items()}
        assert load_settings(environment=names).market.settle_ms == settle_ms
    else:
        assert "a whole bar or more" in refusal(given)


def test_every_number_outside_the_profiles_has_bounds() -> None:
    known = {path for path, _, _ in LIMITS} | {path for path, _ in CHOICES}
    for section in msgspec.structs.fields(Settings):
        if not isinstance(section.default, msgspec.Struct) or section.name in {"strategy", "risk"}:
            continue
        for field in msgspec.structs.fields(type(section.default)):
            if isinstance(field.default, int | Decimal) and not isinstance(field.default, bool):
                assert f"{section.name}.{field.name}" in known


def test_decision_settings_survive_their_record_and_edge_settings_never_enter_it() -> None:
    settings = load_settings(environment={"BALLAST__VENUE__LATENCY_MS": "300"})
    text = msgspec.json.encode(settings.decision).decode()
    assert with_decision(Settings(), decode_decision_settings(text)).decision == settings.decision
    edge = load_settings(
        environment={"BALLAST__VENUE__LATENCY_MS": "300", "BALLAST__SERVER__PORT": "9500"}
    )
    assert settings_hash(edge.decision) == settings_hash(settings.decision)
    assert settings_hash(Settings().decision) != settings_hash(settings.decision)
    with pytest.raises(msgspec.ValidationError):
        decode_decision_settings(text.replace("{", '{"surprise":1,', 1))
    assert {field.name for field in msgspec.structs.fields(DecisionSettings)} == {
        "version", "account", "market", "strategy", "risk", "orders", "venue", "model",
            "proof", "profile", "beyond_bounds",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:geheim@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("postgresql://me@db/x", "postgresql://me@db/x"),
        ("postgresql://db:5432/x", "postgresql://db:5432/x"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_the_address_of_the_database_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://me:geheim@db/x\n")
    found = load_settings(environment={"BALLAST__JOURNAL__DSN_FILE": str(secret)})
    assert found.journal.dsn == "postgresql://me:geheim@db/x"
    secret.write_text("hello")
    assert "is not the address" in refusal({"journal__dsn_file": str(secret)})
    assert "holds a password" in refusal({"journal__dsn": "postgresql://me:geheim@db/x"})


def test_state_lives_in_the_xdg_data_home_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert load_settings(environment={}).home == Path("/data/ballast")
    assert load_settings(environment={"BALLAST__DATA_DIR": "/other"}).home == Path("/other")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "/home/someone")
    assert load_settings(environment={}).home == Path("/home/someone/.local/share/ballast")
