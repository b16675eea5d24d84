"""What each of the venue's error texts means, row by row, and what an unknown one means."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import kraken.exceptions
import pytest

from adapters.kraken.errors import (
    ROWS,
    Action,
    action_of,
    has_no_row,
    is_warning,
    row_of,
    severest,
    throttled_until,
)

# Written down a second time, so that a row changes here and there or not at all.
NEVER_AGAIN = """
EAPI:Invalid key
EAPI:Invalid signature
EAPI:Bad request
EAuth:Account temporary disabled
EAuth:Account unconfirmed
EAuth:Failed
EAccount:Invalid permissions
EGeneral:Permission denied
EGeneral:Temporary lockout
EGeneral:Invalid User
EGeneral:Unknown Method
EGeneral:Unknown method
ETrade:Locked
ETrade:User Locked
EBM:limit exceeded
EOrder:Trading agreement required
EOrder:Cannot open position
EOrder:Cannot open opposing position
EOrder:Insufficient margin
EOrder:Insufficient initial margin
EOrder:Margin allowance exceeded
EOrder:Margin level too low
EOrder:Margin position size exceeded
EOrder:Margin
EOrder:Reduce only
EOrder:Unknown position
EOrder:Positions limit exceeded
"""
WAIT = """
EAPI:Invalid nonce
EAPI:Rate limit exceeded
EAuth:Rate limit exceeded
EAuth:Too many requests
EGeneral:Too many requests
EService:Throttled
EOrder:Rate limit exceeded
EOrder:Domain rate limit exceeded
EService:Market in cancel_only mode
EService:Market in post_only mode
EService:Market in limit_only mode
EService:Market in reduce_only mode
EService:Market in maintenance mode
EOrder:Orders limit exceeded
EOrder:Scheduled orders limit exceeded
ESession:Invalid session
Token(s) not found
EEarnings:Busy
"""
NOBODY_KNOWS = """
EService:Unavailable
EService:Busy
EService:Timeout
EService:Deadline elapsed
EGeneral:Internal error
EDatabase:Internal error
"""
REFUSED = """
EOrder:Insufficient funds
EOrder:Order minimum not met
EOrder:Cost minimum not met
EOrder:Tick size check failed
EOrder:Invalid price
EOrder:Post only order
EOrder:Unknown order
EOrder:Invalid order
ETrade:Invalid request
EAPI:Invalid arguments
EAPI:Feature disabled
EGeneral:Invalid arguments
EQuery:Unknown asset
EQuery:Unknown asset pair
EQuery:Invalid asset pair
EFunding:Failed
EFunding:Invalid amount
EFunding:Invalid reference id
EFunding:Invalid staking method
EFunding:Max fee exceeded
EFunding:No funding method
EFunding:Too many addresses
EFunding:Unknown asset
EFunding:Unknown reference id
EFunding:Unknown withdraw key
EEarnings:Above max
EEarnings:Below min
EEarnings:Insufficient funds
EEarnings:Permission denied
"""
EXPECTED = {
    text: action
    for action, texts in (
        (Action.HALT, NEVER_AGAIN),
        (Action.RETRY, WAIT),
        (Action.UNKNOWN, NOBODY_KNOWS),
        (Action.REFUSED, REFUSED),
    )
    for text in texts.strip().splitlines()
}
MAY_HAVE_BEEN_EXECUTED = {
    "EService:Unavailable",
    "EService:Busy",
    "EService:Timeout",
    "EGeneral:Internal error",
    "EDatabase:Internal error",
}


@pytest.mark.parametrize(("text", "action"), EXPECTED.items())
def test_a_text_means_what_the_table_says(text: str, action: Action) -> None:
    assert action_of(text) is action
    row = row_of(text)
    assert row is not None
    assert row.text == text
    assert row.not_executed == (text not in MAY_HAVE_BEEN_EXECUTED)
    assert row.meaning


@pytest.mark.parametrize("text", EXPECTED)
def test_what_follows_a_second_colon_never_decides(text: str) -> None:
    assert row_of(f"{text}:EAPI:Invalid key") == row_of(text)
    assert row_of(f"{text}: something more") == row_of(text)


def test_the_table_holds_each_text_once_and_nothing_else() -> None:
    assert sorted(row.text for row in ROWS) == sorted(EXPECTED)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("EGeneral:Invalid arguments:viqc", "EGeneral:Invalid arguments"),
        ("EGeneral:Invalid arguments:Index unavailable", "EGeneral:Invalid arguments"),
        ("EOrder:Invalid price:Invalid price argument", "EOrder:Invalid price"),
        ("EOrder:Reduce only:No position exists", "EOrder:Reduce only"),
        ("EService:Throttled: 1700000000", "EService:Throttled"),
        ("EBM:limit exceeded:CAL", "EBM:limit exceeded"),
        ("EAccount:Invalid permissions:XMR trading restricted", "EAccount:Invalid permissions"),
        ("EOrder:Margin size exceeded", "EOrder:Margin"),
        ("EOrder:Insufficient funds (insufficient user funds)", "EOrder:Insufficient funds"),
        ("EQuery:Unknown asset pair", "EQuery:Unknown asset pair"),
        ("EAPI:Invalid nonce; twice: and more", "EAPI:Invalid nonce"),
    ],
)
def test_a_longer_text_finds_its_row(text: str, row: str) -> None:
    found = row_of(text)
    assert found is not None
    assert found.text == row


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EOrder",
        "EOrder:",
        "EOrder:insufficient funds",
        "eorder:Insufficient funds",
        "EOrder:Insufficient fundsX",
        "EAPI:Invalid keyring",
        "EService:Market in unheard_of mode",
        "EOrder:Something new",
        " EOrder:Insufficient funds",
    ],
)
def test_an_unknown_text_leaves_an_order_unknown(text: str) -> None:
    assert row_of(text) is None
    assert action_of(text) is Action.UNKNOWN
    assert has_no_row([text])


def test_texts_that_independent_clients_know_have_a_row() -> None:
    ccxt = importlib.import_module("ccxt")  # it ships no types
    known = {text.rstrip(":") for text in ccxt.kraken().exceptions["exact"] if ":" in text}
    source = inspect.getsource(kraken.exceptions)
    known |= set(re.findall(r'"(E[A-Z][A-Za-z]+:[^"]+)"', source))
    assert len(known) > 50
    assert sorted(text for text in known if row_of(text) is None) == []


def test_of_several_texts_the_one_that_leaves_most_open_comes_first() -> None:
    told = [
        "WGeneral:Danger",
        "EOrder:Rate limit exceeded",
        "EOrder:Insufficient funds",
        "EAPI:Invalid key",
        "EService:Busy",
        "ENew:Thing",
    ]
    assert severest(told) == [
        "EService:Busy",
        "ENew:Thing",
        "EAPI:Invalid key",
        "EOrder:Insufficient funds",
        "EOrder:Rate limit exceeded",
    ]
    assert severest(["WGeneral:Danger"]) == []
    assert is_warning("WGeneral:Danger")


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("EService:Throttled: 1700000000", 1_700_000_000),
        ("EService:Throttled:1700000000.5", 1_700_000_000),
        ("EService:Throttled", None),
        ("EService:Throttled: soon", None),
        ("EService:Throttled: 170000000012345678", None),
        ("EAPI:Rate limit exceeded", None),
    ],
)
def test_a_throttled_request_may_say_when_to_come_again(text: str, second: int | None) -> None:
    assert throttled_until(text) == second


@pytest.fixture(scope="module")
def written(repository: Path) -> ModuleType:
    path = repository / "ops" / "documents" / "kraken_errors.py"
    spec = importlib.util.spec_from_file_location("kraken_errors_document", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_is_the_table(repository: Path, written: ModuleType) -> None:
    """When this fails: `python ops/documents/kraken_errors.py` writes it anew."""
    text = (repository / written.DOCUMENT).read_text(encoding="utf-8")
    assert text == written.document()
