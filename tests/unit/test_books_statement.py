"""Statements, the words for bookings, and the times that people write."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.instant import DAY_NS, HOUR_NS, MINUTE_NS
from service.books.instants import (
    EVER,
    date_of,
    day_of,
    end_of,
    lasting,
    moment_of,
    shown,
    start_of,
)
from service.books.rows import AccountBalance, PostedTransfer
from service.books.statement import bookings, statement
from service.books.wording import exact, printable, sentence_of
from tests.stored_books import transfer

D = Decimal
FILL = "fill:o1:x1"

# The transfers of one booking (debit, credit, amount, leg), and what it was.
BOUGHT = (
    ("held:USD", "market:USD", "20.00", "cost"),
    ("market:XBT", "available:XBT", "0.2", "quantity"),
    ("held:USD", "fees:USD", "0.08", "fee"),
)
SENTENCES = (
    (
        "deposit:opening balance",
        (("external:USD", "available:USD", "10000.0000", "in"),),
        "10000.0000 USD came in (opening balance)",
    ),
    (
        "hold:o1",
        (("available:USD", "held:USD", "20.08", "place"),),
        "Set aside 20.08 USD for order o1",
    ),
    (
        "hold:o1",
        (("held:USD", "available:USD", "0.08", "release"),),
        "Set free 0.08 USD for order o1",
    ),
    (FILL, BOUGHT, "Bought 0.2 XBT for 20.00 USD, fee 0.08 USD (order o1, execution x1)"),
    (
        FILL,
        (*BOUGHT, ("held:USD", "available:USD", "0.02", "surplus")),
        "Bought 0.2 XBT for 20.00 USD, fee 0.08 USD, 0.02 USD set free (order o1, execution x1)",
    ),
    (
        FILL,
        (
            ("held:XBT", "market:XBT", "0.1", "quantity"),
            ("available:XBT", "market:XBT", "0.05", "quantity-free"),
            ("suspense:XBT", "market:XBT", "0.05", "quantity-short"),
            ("market:USD", "available:USD", "20.00", "cost"),
            ("available:USD", "held:USD", "0.01", "top-up"),
        ),
        (
            "Sold 0.20 XBT for 20.00 USD, 0.01 USD more set aside,"
            " 0.05 XBT short, from suspense (order o1, execution x1)"
        ),
    ),
    (
        FILL,
        (("market:XBT", "available:XBT", "0.2", "quantity"),),
        "Bought 0.2 XBT for nothing (order o1, execution x1)",
    ),
    (
        "deposit:late",
        (
            ("external:USD", "suspense:USD", "3", "in-covers"),
            ("external:USD", "available:USD", "7", "in"),
        ),
        "10 USD came in (late), 3 USD of it covers what was short",
    ),
    (
        "hold:o1",
        (("held:USD", "suspense:USD", "0.08", "release-covers"),),
        "Set free 0.08 USD for order o1, 0.08 USD of it covers what was short",
    ),
    (
        "fill::s1",
        (
            ("available:USD", "suspense-trades:USD", "20.00", "cost-free"),
            ("suspense-trades:XBT", "suspense:XBT", "0.2", "quantity-covers"),
            ("available:USD", "fees:USD", "0.08", "fee-free"),
        ),
        (
            "Bought 0.2 XBT for 20.00 USD, fee 0.08 USD, 0.2 XBT of it covers what was short:"
            " a trade that no order explains (execution s1)"
        ),
    ),
    (
        "fill::s1",
        (
            ("suspense:XBT", "suspense-trades:XBT", "0.2", "quantity-short"),
            ("suspense-trades:USD", "available:USD", "20.00", "cost"),
        ),
        (
            "Sold 0.2 XBT for 20.00 USD, 0.2 XBT short, from suspense:"
            " a trade that no order explains (execution s1)"
        ),
    ),
    (
        "fill::s1",
        (
            ("available:USD", "suspense-trades:USD", "15.00", "given-free"),
            ("suspense-trades:DOGE", "available:DOGE", "100", "taken"),
        ),
        "Gave 15.00 USD for 100 DOGE: a trade that no order explains (execution s1)",
    ),
    (
        "fill::s1",
        (("market:?XBTUSD", "suspense-trades:?XBTUSD", "0.5", "unexplained"),),
        (
            "Set aside, nothing of ours moved: 0.5 traded as XBTUSD:"
            " a trade that no order explains (execution s1)"
        ),
    ),
    (
        "fill::s1",
        (("market:?", "suspense-trades:?", "0.5", "unexplained"),),
        (
            "Set aside, nothing of ours moved: 0.5 traded as something:"
            " a trade that no order explains (execution s1)"
        ),
    ),
    (
        FILL,
        (("held:USD", "available:USD", "0.02", "surplus"),),
        "Told again, not booked again, 0.02 USD set free (order o1, execution x1)",
    ),
    (
        FILL,
        (("available:XBT", "fees:XBT", "0.02", "fee-free"),),
        "Traded nothing, fee 0.02 XBT (order o1, execution x1)",
    ),
    (
        "accepted:58",
        (
            ("suspense-trades:USD", "market:USD", "75.00", "USD"),
            ("market:BTC", "suspense-trades:BTC", "0.001", "BTC"),
        ),
        "75.00 USD, 0.001 BTC of unexplained trades accepted as traded (c)",
    ),
    (
        "gift:a\x1b[2J",
        (("external:USD", "available:USD", "1", "in"),),
        "1 USD from external:USD to available:USD (gift:a\N{REPLACEMENT CHARACTER}[2J:in)",
    ),
)


def booking(source: str, legs: tuple[tuple[str, str, str, str], ...]) -> list[PostedTransfer]:
    return [
        transfer(number, debit, credit, amount, source=f"{source}:{leg}")
        for number, (debit, credit, amount, leg) in enumerate(legs, 1)
    ]


@pytest.mark.parametrize(("source", "legs", "sentence"), SENTENCES)
def test_a_booking_is_told_in_plain_words(
    source: str, legs: tuple[tuple[str, str, str, str], ...], sentence: str
) -> None:
    assert sentence_of(booking(source, legs)) == sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [("0E-8", "0.00000000"), ("1E+3", "1000"), ("-0.00000850", "-0.00000850"), ("10.50", "10.50")],
)
def test_an_amount_is_written_with_every_digit_and_no_exponent(value: str, text: str) -> None:
    assert exact(D(value)) == text


def test_a_strangers_text_cannot_move_the_cursor() -> None:
    assert printable("a\nb\x1b") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def balance(name: str, amount: str) -> AccountBalance:
    return AccountBalance(name, name.partition(":")[2], D(amount), D(amount), 1)


DAY = [
    transfer(2, "available:USD", "held:USD", "20.08", source="hold:o1:place"),
    transfer(3, "held:USD", "market:USD", "20.00", source="fill:o1:x1:cost"),
    transfer(3, "market:XBT", "available:XBT", "0.2", source="fill:o1:x1:quantity"),
    transfer(3, "held:USD", "fees:USD", "0.08", source="fill:o1:x1:fee"),
]
OPENING = [balance("available:USD", "100.00"), balance("external:USD", "-100.00")]
CLOSING = [
    balance("available:USD", "79.92"),
    balance("available:XBT", "0.2"),
    balance("external:USD", "-100.00"),
    balance("fees:USD", "0.08"),
    balance("held:USD", "0.00"),
    balance("market:USD", "20.00"),
    balance("market:XBT", "-0.2"),
]


def test_a_day_leads_from_its_opening_to_its_closing_balances() -> None:
    found = statement("2026-11-22", OPENING, DAY, CLOSING)
    assert found.faults == ()
    rows = {each.ledger_account: each for each in found.accounts}
    usd = rows["available:USD"]
    assert (usd.opening, usd.came, usd.went, usd.closing) == (
        D("100.00"), D(0), D("20.08"), D("79.92"),
    )  # fmt: skip
    assert (rows["held:USD"].came, rows["held:USD"].went) == (D("20.08"), D("20.08"))
    assert [each.asset for each in found.accounts] == ["USD"] * 5 + ["XBT"] * 2
    assert [each.sentence for each in found.movements] == [
        "Set aside 20.08 USD for order o1",
        "Bought 0.2 XBT for 20.00 USD, fee 0.08 USD (order o1, execution x1)",
    ]


def test_a_closing_balance_that_does_not_follow_is_named() -> None:
    wrong = [*CLOSING[:-1], balance("market:XBT", "-0.3")]
    assert statement("2026-11-22", OPENING, DAY, wrong).faults == ("market:XBT",)


def test_an_account_that_vanished_is_still_shown() -> None:
    found = statement("2026-11-22", OPENING, [], [OPENING[0]])
    assert [each.ledger_account for each in found.accounts] == ["available:USD", "external:USD"]


def test_bookings_are_neighbours_of_one_input_and_one_event() -> None:
    assert [len(each) for each in bookings(DAY)] == [1, 3]
    twice = [transfer(1, "a:USD", "b:USD", "1", source="hold:o:x") for _ in range(2)]
    other = transfer(2, "a:USD", "b:USD", "1", source="hold:o:x")
    assert [len(each) for each in bookings([*twice, other])] == [2, 1]
    assert bookings([]) == []


NOON = 1_763_812_800_000_000_000  # 2025-11-22T12:00Z


@pytest.mark.parametrize(
    ("text", "start", "end", "moment"),
    [
        (
            "2025-11-22",
            NOON - 12 * HOUR_NS,
            NOON + 12 * HOUR_NS,
            NOON + 12 * HOUR_NS,
        ),
        ("2025-11-22T12:00", NOON, NOON, NOON + 1),
        ("2025-11-22T12:00Z", NOON, NOON, NOON + 1),
        ("2025-11-22T13:00:00+01:00", NOON, NOON, NOON + 1),
        ("2025-11-22T12:00:00.000001", NOON + 1_000, NOON + 1_000, NOON + 1_001),
        (f"{NOON + 7}", NOON + 7, NOON + 7, NOON + 8),
        ("9" * 19, EVER, EVER, EVER),
    ],
)
def test_a_time_is_a_date_a_time_or_nanoseconds(
    text: str, start: int, end: int, moment: int
) -> None:
    assert (start_of(text), end_of(text), moment_of(text)) == (start, end, moment)


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01", "22.11.2025", "12"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        start_of(text)


@pytest.mark.parametrize("text", ["2025-11-22T12:00", "20251122", ""])
def test_a_day_is_written_in_one_way(text: str) -> None:
    with pytest.raises(ValueError, match="is no day"):
        day_of(text)
    assert day_of("2025-11-22") == NOON - DAY_NS // 2


def test_times_are_shown_to_the_second_and_durations_to_the_minute() -> None:
    assert shown(NOON + 999_999_999) == "2025-11-22 12:00:00"
    assert date_of(NOON) == "2025-11-22"
    assert lasting(2 * DAY_NS + 3 * HOUR_NS + 4 * MINUTE_NS + 5) == "2d 03:04"
