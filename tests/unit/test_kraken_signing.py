"""Signatures by the published vector, and credentials that no text shows."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from adapters.kraken.signing import Credentials

SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
BODY = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
SIGNED = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="


def test_the_published_example_is_signed_as_published() -> None:
    assert Credentials("key", SECRET).sign("/0/private/AddOrder", 1616492376594, BODY) == SIGNED


@pytest.mark.parametrize(
    ("path", "nonce", "body"),
    [
        ("/0/private/CancelOrder", 1616492376594, BODY),
        ("/0/private/AddOrder", 1616492376595, BODY),
        ("/0/private/AddOrder", 1616492376594, BODY + b"&"),
    ],
)
def test_every_part_of_a_request_is_signed(path: str, nonce: int, body: bytes) -> None:
    assert Credentials("key", SECRET).sign(path, nonce, body) != SIGNED


@pytest.mark.parametrize(
    "shown", [repr, str, lambda it: f"{it}", lambda it: f"{it!r}", lambda it: f"{[it]}"]
)
def test_no_text_of_credentials_shows_a_half(shown: object) -> None:
    assert callable(shown)
    text = shown(Credentials("public-half", SECRET))
    assert "redacted" in text
    assert "public-half" not in text
    assert SECRET[:8] not in text


def test_credentials_are_neither_pickled_nor_copied() -> None:
    credentials = Credentials("key", SECRET)
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not written down"):
            write(credentials)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("", SECRET),
        ("with space", SECRET),
        ("line\nbreak", SECRET),
        ("clé", SECRET),
        ("key", ""),
        ("key", "not base64 at all!"),
        ("key", SECRET[:-3]),
        ("key", "clé"),
        ("key", " " + SECRET),
        ("key", SECRET[:40] + "\n" + SECRET[40:]),
    ],
)
def test_a_malformed_half_is_refused_and_not_named(key: str, secret: str) -> None:
    with pytest.raises(ValueError, match=r"API key|private key") as told:
        Credentials(key, secret)
    text = "".join(traceback.format_exception(told.value, chain=True))
    assert "binascii" not in text
    assert len(secret) < 5 or secret not in str(told.value)
