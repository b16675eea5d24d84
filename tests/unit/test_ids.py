"""Identities are hashes of what they name: the same again, and never two the same."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ids import GENESIS_ROOT, ROOT_BYTES, client_order_id, digest_hex, execution_id

PARTS = st.lists(st.text(max_size=6) | st.integers() | st.binary(max_size=6), max_size=4)


def test_a_digest_is_sha256_over_length_prefixed_parts() -> None:
    """Written out here once."""
    preimage = (3).to_bytes(8, "little") + b"abc" + (2).to_bytes(8, "little") + b"-7"
    assert digest_hex("abc", -7) == hashlib.sha256(preimage).hexdigest()
    assert digest_hex() == hashlib.sha256().hexdigest()
    assert digest_hex("é") == digest_hex("é".encode())


def _canonical(parts: list[str | int | bytes]) -> list[bytes]:
    return [part if isinstance(part, bytes) else str(part).encode() for part in parts]


@given(PARTS, PARTS)
def test_two_part_lists_share_a_digest_only_when_they_are_the_same(
    one: list[str | int | bytes], other: list[str | int | bytes]
) -> None:
    """Moving a letter from one part to the next makes another id."""
    assert (digest_hex(*one) == digest_hex(*other)) == (_canonical(one) == _canonical(other))


@pytest.mark.parametrize(
    "other",
    [
        ("acct2", "run", 1, 1),
        ("acct", "run2", 1, 1),
        ("acct", "run", 2, 1),
        ("acct", "run", 1, 2),
        ("acctr", "un", 1, 1),
        ("acct", "run1", 1, 1),
        ("acct", "run", 11, 1),
    ],
)
def test_a_client_order_id_names_account_run_epoch_and_number(
    other: tuple[str, str, int, int],
) -> None:
    """Each of the four enters; a new epoch after a restore never repeats an id."""
    assert client_order_id(*other) != client_order_id("acct", "run", 1, 1)


def test_ids_have_the_form_that_the_venue_accepts() -> None:
    """Thirty-two hex characters, as an UUID without dashes; reports have twenty-four."""
    order_id = client_order_id("acct", "run", 1, 1)
    assert re.fullmatch("[0-9a-f]{32}", order_id)
    assert re.fullmatch("[0-9a-f]{24}", execution_id(order_id, 1))
    assert execution_id(order_id, 1) != execution_id(order_id, 2)
    assert execution_id(order_id, 1) == execution_id(order_id, 1)


def test_ids_are_pinned() -> None:
    """They are in old journals: the formula may never change."""
    assert client_order_id("acct", "run", 1, 1) == digest_hex("order", "acct", "run", 1, 1)[:32]
    assert client_order_id("acct", "run", 1, 2) == digest_hex("order", "acct", "run", 1, 2)[:32]
    assert digest_hex("execution", "x", 3)[:24] == execution_id("x", 3)
    assert (32, bytes(32)) == (ROOT_BYTES, GENESIS_ROOT)
