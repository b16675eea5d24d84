"""What the venue's JSON becomes: decimals and instants exact, nonsense refused, no float."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.instant import SECOND_NS
from adapters.kraken.records import Balance, LedgerRecord, PublicTrade, ServerTime, SwitchArmed
from adapters.kraken.wire import CutShortError, Envelope, MisshapenError, decoded, nanoseconds


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b'"0.10"', "0.10"),
        (b"0.10", "0.10"),
        (b"25435.21", "25435.21"),
        (b"0.30000000000000004441", "0.30000000000000004441"),
        (b"12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        (b"5.1e-05", "0.000051"),
        (b"7", "7"),
        (b'"-24.5000"', "-24.5000"),
        (b'"-0.0000"', "0.0000"),
        (b"-0.0", "0.0"),
    ],
)
def test_amounts_are_read_from_their_text(told: bytes, expected: str) -> None:
    balance = decoded(b'{"balance":%b}' % told, Balance).balance
    assert format(balance, "f") == expected
    assert not balance.is_signed() or balance < 0


@pytest.mark.parametrize(
    "told",
    [b'"NaN"', b'"sNaN"', b'"Infinity"', b'"-inf"', b'"1e41"', b"1e999999999", b'"1e-41"',
     b'"-1e99"', b'"abc"', b'""', b"true", b"null", b"[]", b'"1.0.0"', b"9" * 42,
     b'"' + b"9" * 42 + b'"', b"0." + b"1" * 41],
)  # fmt: skip
def test_what_is_no_amount_is_refused(told: bytes) -> None:
    with pytest.raises(MisshapenError):
        decoded(b'{"balance":%b}' % told, Balance)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ("1688669597.8277369", 1_688_669_597_827_736_900),
        ("1688669597.827736901", 1_688_669_597_827_736_901),
        ("1688669597.8277369019999", 1_688_669_597_827_736_901),
        (Decimal("1688665496.7808"), 1_688_665_496_780_800_000),
        (0, 0),
        ("0", 0),
        (1790000000, 1_790_000_000 * SECOND_NS),
    ],
)
def test_seconds_become_nanoseconds_exactly(seconds: int | str | Decimal, expected: int) -> None:
    assert nanoseconds(seconds) == expected


@pytest.mark.parametrize("seconds", [-1, "-0.5", "NaN", "inf", "1e20", "", "soon", 10**11])
def test_what_is_no_time_is_refused(seconds: int | str) -> None:
    with pytest.raises(ValueError, match="no time"):
        nanoseconds(seconds)


@pytest.mark.parametrize("told", [b"null", b"[]", b"{}", b"true", b"1e999999999", b'"soon"', b"-1"])
def test_a_time_of_another_kind_is_refused(told: bytes) -> None:
    with pytest.raises(MisshapenError):
        decoded(b'{"unixtime":%b}' % told, ServerTime)


@pytest.mark.parametrize("told", ['"soon"', "17", "null", '"2026-13-01T00:00:00Z"'])
def test_a_stamp_is_rfc_3339_or_zero(told: str) -> None:
    body = f'{{"currentTime":"2026-09-21T14:13:20.5Z","triggerTime":{told}}}'
    with pytest.raises(MisshapenError):
        decoded(body.encode(), SwitchArmed)


def test_unknown_fields_are_ignored_and_missing_ones_refused() -> None:
    row = b'{"refid":"T","time":1.5,"type":"trade","asset":"ZUSD","amount":"1","fee":"0",%b}'
    entry = decoded(row % b'"balance":"1","wallet":"new"', LedgerRecord)
    assert (entry.ts, entry.kind, entry.subtype) == (1_500_000_000, "trade", "")
    with pytest.raises(MisshapenError, match="balance"):
        decoded(row % b'"wallet":"new"', LedgerRecord)


def test_a_row_may_grow_at_its_end() -> None:
    row = decoded(b'["1","2",3.5,"b","m","",7,"new"]', PublicTrade)
    assert (row.ts, row.trade_id) == (3_500_000_000, 7)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"error":[]', b"<html>", b"\xff\xfe", b'{"error":["\xff"]}']
)
def test_bytes_that_are_no_json_were_cut_short(body: bytes) -> None:
    with pytest.raises(CutShortError):
        decoded(body, Envelope)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"error":null}', b"[" * 100_000])
def test_json_of_another_shape_is_told_apart(body: bytes) -> None:
    with pytest.raises(MisshapenError):
        decoded(body, Envelope)


def test_an_answer_nested_beyond_all_measure_is_refused() -> None:
    with pytest.raises((MisshapenError, CutShortError)):
        decoded(b'{"error":[],"result":' + b"[" * 100_000, Envelope)
