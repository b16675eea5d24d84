"""The simulated Kraken's keys: the published signature, nonces, counters, lockout, tokens."""

from __future__ import annotations

import base64

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.keys.limits import CallCounter
from adapters.kraken_simulator.keys.ring import KeyRing, Signed
from adapters.kraken_simulator.keys.signature import one_time_password, signature
from adapters.kraken_simulator.keys.store import ApiKey, keys_of

SECOND = 1_000_000_000
PATH = "/0/private/Balance"


def signed(key: ApiKey, nonce: str, *, otp: str | None = None, secret: str | None = None) -> Signed:
    body = f"nonce={nonce}".encode()
    sign = signature(PATH, nonce, body, secret or key.secret)
    return Signed(path=PATH, key=key.key, sign=sign, body=body, nonce=nonce, otp=otp)


def ring_of(*keys: ApiKey) -> KeyRing:
    return KeyRing(7, keys, started_ns=0)


def refusal(ring: KeyRing, request: Signed, now_ns: int = 0) -> str:
    with pytest.raises(Refusal) as caught:
        ring.authenticated(request, now_ns)
    return caught.value.error


TRADE, WITHDRAW, READ, OTP = keys_of(7, "alpha")


def test_the_published_example_is_signed_to_the_letter() -> None:
    secret = (
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
    )
    body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    assert signature("/0/private/AddOrder", "1616492376594", body, secret) == (
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    )


def test_the_rfcs_one_time_passwords_come_out() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert one_time_password(secret, 59 * SECOND) == "287082"
    assert one_time_password(secret, 1_111_111_109 * SECOND) == "081804"


def test_keys_follow_from_seed_and_account_alone() -> None:
    assert keys_of(7, "alpha") == (TRADE, WITHDRAW, READ, OTP)
    others = {each.key for each in (*keys_of(8, "alpha"), *keys_of(7, "beta"))}
    assert not others & {TRADE.key, WITHDRAW.key, READ.key, OTP.key}
    assert (len(TRADE.key), len(TRADE.secret)) == (56, 88)
    assert "withdraw-funds" in WITHDRAW.permissions
    assert "withdraw-funds" not in TRADE.permissions + OTP.permissions
    assert "modify-trades" not in READ.permissions


def test_nonces_rise_forever_and_each_key_has_its_own() -> None:
    ring = ring_of(TRADE, READ)
    assert ring.authenticated(signed(TRADE, "1616492376594"), 0) is TRADE
    for old in ("1616492376594", "1616492376593", "5", "x", "-1", "1.5", str(2**64)):
        assert refusal(ring, signed(TRADE, old)) == "EAPI:Invalid nonce"
    assert ring.authenticated(signed(READ, "1"), 0) is READ
    # A key once used with nanoseconds is dead for milliseconds.
    ring.authenticated(signed(TRADE, "1616492376594000000"), 0)
    assert refusal(ring, signed(TRADE, "1616492376595")) == "EAPI:Invalid nonce"


def test_a_nonce_window_takes_late_ones_once() -> None:
    key = ApiKey(
        account="a",
        name="late",
        key="k",
        secret=TRADE.secret,
        permissions=(),
        nonce_window=10,
    )
    ring = ring_of(key)
    for nonce in ("100", "95", "91"):
        assert ring.authenticated(signed(key, nonce), 0) is key
    for nonce in ("95", "90", "100"):
        assert refusal(ring, signed(key, nonce)) == "EAPI:Invalid nonce"


def test_a_wrong_key_signature_or_factor_is_told_apart() -> None:
    ring = ring_of(TRADE, OTP)
    assert refusal(ring, signed(READ, "1")) == "EAPI:Invalid key"
    assert refusal(ring, signed(TRADE, "1", secret=READ.secret)) == "EAPI:Invalid signature"
    now = 1_700_000_000 * SECOND
    assert OTP.otp_secret is not None
    assert refusal(ring, signed(OTP, "1"), now) == "EAPI:Invalid key"
    otp = one_time_password(OTP.otp_secret, now - 20 * SECOND)
    assert ring.authenticated(signed(OTP, "2", otp=otp), now) is OTP
    assert refusal(ring, signed(OTP, "3", otp=otp), now + 300 * SECOND) == "EAPI:Invalid key"


def test_ten_failures_in_a_minute_lock_a_key_for_fifteen() -> None:
    ring = ring_of(TRADE, READ)
    wrong = signed(TRADE, "1", secret=READ.secret)
    for second in range(10):
        assert refusal(ring, wrong, second * SECOND) == "EAPI:Invalid signature"
    good = signed(TRADE, "2")
    assert refusal(ring, good, 10 * SECOND) == "EGeneral:Temporary lockout"
    assert ring.authenticated(signed(READ, "1"), 10 * SECOND) is READ
    assert refusal(ring, good, 908 * SECOND) == "EGeneral:Temporary lockout"
    assert ring.authenticated(good, 909 * SECOND) is TRADE


def test_failures_that_lie_far_apart_lock_nothing() -> None:
    ring = ring_of(TRADE)
    wrong = signed(TRADE, "1", secret=READ.secret)
    for minute in range(30):
        assert refusal(ring, wrong, minute * 60 * SECOND) == "EAPI:Invalid signature"


def test_calls_are_counted_and_forgotten_at_the_tiers_pace() -> None:
    counter = CallCounter("intermediate")
    assert all(counter.charge(2, 0) for _ in range(10))
    assert not counter.charge(1, 0)
    assert counter.charge(0, 0)
    # One too many was counted: a half each second is forgotten, and one call fits after four.
    assert not counter.charge(1, 2 * SECOND)
    assert counter.charge(1, 6 * SECOND)


def test_calling_on_prolongs_the_block_up_to_a_bound() -> None:
    counter = CallCounter("starter")
    for _ in range(100):
        counter.charge(1, 0)
    # Twenty are held, fifteen may be: after 18.2 s at 0.33 each second one more fits.
    assert not counter.charge(1, 18 * SECOND)
    assert counter.charge(1, 22 * SECOND)


def test_a_permission_that_a_key_lacks_is_denied() -> None:
    ring = ring_of(READ)
    ring.allow(READ, ("modify-trades", "query-funds"), 1, 0)
    ring.allow(READ, (), 1, 0)
    with pytest.raises(Refusal, match="EGeneral:Permission denied"):
        ring.allow(READ, ("modify-trades",), 1, 0)


def test_a_token_lives_fifteen_minutes_or_as_long_as_it_is_used() -> None:
    ring = ring_of(TRADE)
    token = ring.token(TRADE, 0)
    assert token != ring.token(TRADE, 0)
    assert ring.key_of_token(token, 899 * SECOND, is_in_use=False) is TRADE
    assert ring.key_of_token(token, 900 * SECOND, is_in_use=False) is None
    assert ring.key_of_token(token, 9_000 * SECOND, is_in_use=True) is TRADE
    assert ring.key_of_token("another", 0, is_in_use=True) is None


def test_a_revoked_key_and_its_tokens_are_gone() -> None:
    ring = ring_of(TRADE)
    token = ring.token(TRADE, 0)
    assert ring.revoke(TRADE.key)
    assert not ring.revoke("none")
    assert refusal(ring, signed(TRADE, "1")) == "EAPI:Invalid key"
    assert ring.key_of_token(token, 0, is_in_use=True) is None


def test_key_info_says_what_the_key_is() -> None:
    ring = ring_of(WITHDRAW)
    ring.authenticated(signed(WITHDRAW, "77"), 5 * SECOND)
    info = ring.info(WITHDRAW)
    assert info["permissions"] == list(WITHDRAW.permissions)
    assert (info["nonce"], info["last_used"], info["nonce_window"]) == ("77", "5", "0")
    assert set(info) >= {"api_key_name", "api_key", "iban", "valid_until", "ip_allowlist"}
