"""What an approval claims, from its order's first word to the portfolio that shows its end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.messages.decision import Side
from actors.messages.order import OrderState, OrderUpdate
from actors.risk.reservations import (
    NEVER,
    Reservation,
    Waiting,
    drop,
    follow,
    note,
    position_of,
    settle,
    unanswered,
)
from tests.unit.test_risk_state import D, portfolio, position

S = OrderState
AT = 1_000


def claim(number: int = 1, **more: Any) -> Reservation:
    plain = Reservation(number, "AAAUSD", Side.BUY, D("3"), D("100.0"), AT)
    return msgspec.structs.replace(plain, **more)


def told(state: OrderState, filled: str = "0", quantity: str = "3") -> OrderUpdate:
    return OrderUpdate(
        "id1", 1, "AAAUSD", Side.BUY, state, D(quantity), D(filled), D("100.0"), cost=D(0)
    )


def test_a_new_one_claims_all_of_its_quantity_and_funds() -> None:
    new = claim()
    assert new == claim(
        cl_ord_id="",
        filled=D(0),
        settled=D(0),
        quantity_before=D(0),
        filled_at=-1,
        held=False,
        covered=False,
        unknown=False,
        over=False,
    )
    assert NEVER == -1, "before every instant"
    assert (new.claimed, new.claims_funds()) == (D("3"), D("3"))


@pytest.mark.parametrize(
    ("more", "claimed", "funds"),
    [
        ({"filled": D("1")}, "3", "3"),
        ({"filled": D("1"), "settled": D("1")}, "2", "2"),
        ({"filled": D("1"), "over": True}, "1", "1"),
        ({"filled": D("2"), "settled": D("0.5"), "over": True}, "1.5", "1.5"),
        ({"over": True}, "0", "0"),
        ({"covered": True}, "3", "0"),
        ({"covered": True, "filled": D("1"), "settled": D("1")}, "2", "0"),
    ],
)
def test_what_may_still_move_is_claimed_and_funds_until_a_hold_is_seen(
    more: dict[str, Any], claimed: str, funds: str
) -> None:
    found = claim(**more)
    assert (found.claimed, found.claims_funds()) == (D(claimed), D(funds))


@pytest.mark.parametrize(
    ("state", "held", "over", "unknown"),
    [
        (S.PENDING, False, False, False),
        (S.NOT_SENT, False, True, False),
        (S.REJECTED, False, True, False),
        (S.SUBMITTED, True, False, False),
        (S.OPEN, True, False, False),
        (S.PARTIALLY_FILLED, True, False, False),
        (S.UNKNOWN, True, False, True),
        (S.FILLED, True, True, False),
        (S.CANCELLED, True, True, False),
        (S.EXPIRED, True, True, False),
    ],
)
def test_an_order_is_held_once_it_was_sent_and_over_once_it_ended(
    state: OrderState, *, held: bool, over: bool, unknown: bool
) -> None:
    found = claim()
    follow(found, told(state), D(0), AT)
    assert (found.held, found.over, found.unknown) == (held, over, unknown)
    assert found.cl_ord_id == "id1"
    follow(found, told(S.OPEN), D(0), AT)
    assert (found.over, found.unknown) == (False, False), "what is known now counts"


def test_a_fill_remembers_when_it_came_and_what_was_held_before_it() -> None:
    found = claim()
    follow(found, told(S.PARTIALLY_FILLED, "1"), D("7"), AT + 1)
    assert (found.filled, found.filled_at, found.quantity_before) == (D("1"), AT + 1, D("7"))
    follow(found, told(S.PARTIALLY_FILLED, "1"), D("8"), AT + 2)
    assert (found.filled_at, found.quantity_before) == (AT + 1, D("7")), "nothing new"
    follow(found, told(S.PARTIALLY_FILLED, "2"), D("8"), AT + 3)
    assert (found.filled_at, found.quantity_before) == (AT + 3, D("7")), "the first is not shown"
    found.settled = D("2")
    follow(found, told(S.FILLED, "3"), D("9"), AT + 4)
    assert (found.filled_at, found.quantity_before) == (AT + 4, D("9"))
    assert found.quantity == D("3")


def test_a_fill_beyond_its_quantity_is_its_quantity() -> None:
    found = claim()
    follow(found, told(S.PARTIALLY_FILLED, "4"), D(0), AT)
    assert (found.quantity, found.claimed) == (D("4"), D("4"))


@pytest.mark.parametrize(
    ("more", "uncovered", "unsettled", "unanswered_", "kept"),
    [
        ({}, [], [], ["1"], True),
        ({"cl_ord_id": "id1"}, [], [], [], True),
        ({"cl_ord_id": "id1", "held": True}, ["1"], [], [], True),
        ({"cl_ord_id": "id1", "held": True, "covered": True}, [], [], [], True),
        ({"cl_ord_id": "id1", "filled": D("1")}, [], ["1"], [], True),
        ({"cl_ord_id": "id1", "filled": D("1"), "settled": D("1")}, [], [], [], True),
        ({"cl_ord_id": "id1", "filled": D("3"), "over": True}, [], ["1"], [], True),
        ({"cl_ord_id": "id1", "over": True, "held": True}, [], [], [], False),
        (
            {"cl_ord_id": "id1", "filled": D("1"), "settled": D("1"), "over": True},
            [],
            [],
            [],
            False,
        ),
    ],
)
def test_a_claim_waits_for_what_it_lacks_and_is_dropped_when_it_lacks_nothing(
    more: dict[str, Any],
    uncovered: list[str],
    unsettled: list[str],
    unanswered_: list[str],
    *,
    kept: bool,
) -> None:
    claims, waiting = {"1": claim(**more)}, Waiting(unanswered={"1": None} if more else {})
    note(claims, waiting, "1")
    assert list(waiting.uncovered) == uncovered
    assert list(waiting.unsettled) == unsettled
    assert list(waiting.unanswered) == unanswered_
    assert list(claims) == (["1"] if kept else [])


def test_fills_wait_in_the_order_of_their_last_one() -> None:
    claims = {key: claim(int(key), cl_ord_id=key, filled=D("1")) for key in "123"}
    waiting = Waiting()
    for key in "1231":
        note(claims, waiting, key)
    assert list(waiting.unsettled) == ["2", "3", "1"]


def test_what_is_dropped_waits_for_nothing() -> None:
    claims = {"1": claim(), "2": claim(2)}
    waits: list[dict[str, None]] = [{"1": None, "2": None} for _ in range(3)]
    waiting = Waiting(*waits)
    drop(claims, waiting, "1")
    drop(claims, waiting, "9")
    assert list(claims) == ["2"]
    found = (waiting.uncovered, waiting.unsettled, waiting.unanswered)
    assert found == ({"2": None}, {"2": None}, {"2": None})


@pytest.mark.parametrize(("oldest", "lost"), [(AT, []), (AT + 1, ["1"]), (AT + 3, ["1", "2"])])
def test_who_was_approved_before_an_instant_and_never_answered_is_lost(
    oldest: int, lost: list[str]
) -> None:
    claims = {"1": claim(), "2": claim(2, approved_at=AT + 2), "3": claim(3, approved_at=0)}
    waiting = Waiting(unanswered={"1": None, "2": None})
    assert unanswered(claims, waiting, oldest) == lost


# Side, held before, held now, filled, settled before; whether the same instant shows it.
SHOWN = [
    (Side.BUY, "0", "3", "3", "0", True),
    (Side.BUY, "0", "4", "3", "0", True),
    (Side.BUY, "0", "2.999", "3", "0", False),
    (Side.BUY, "5", "7", "2", "0", True),
    (Side.BUY, "5", "6", "2", "0", False),
    (Side.BUY, "5", "6", "2", "1", True),
    (Side.BUY, "5", "3", "2", "0", False),
    (Side.SELL, "5", "3", "2", "0", True),
    (Side.SELL, "5", "2", "2", "0", True),
    (Side.SELL, "5", "3.001", "2", "0", False),
    (Side.SELL, "5", "7", "2", "0", False),
    (Side.SELL, "5", "4", "2", "1", True),
]


@pytest.mark.parametrize(("side", "before", "now", "filled", "settled", "shown"), SHOWN)
def test_a_portfolio_of_the_fills_instant_shows_it_when_the_position_moved_enough(
    side: Side, before: str, now: str, filled: str, settled: str, *, shown: bool
) -> None:
    more: dict[str, Any] = {
        "filled": D(filled),
        "settled": D(settled),
        "quantity_before": D(before),
    }
    found = claim(side=side, filled_at=AT, **more)
    claims, waiting = {"1": found}, Waiting(unsettled={"1": None})
    settle(claims, waiting, portfolio(position("AAAUSD", now)), AT)
    assert found.settled == (D(filled) if shown else D(settled))
    assert list(waiting.unsettled) == ([] if shown else ["1"])


@pytest.mark.parametrize(("at", "settled"), [(AT - 1, "0"), (AT, "0"), (AT + 1, "2")])
def test_a_later_portfolio_shows_every_fill_whatever_it_says(at: int, settled: str) -> None:
    found = claim(filled=D("2"), filled_at=AT)
    claims, waiting = {"1": found}, Waiting(unsettled={"1": None})
    settle(claims, waiting, portfolio(), at)
    assert found.settled == D(settled)


@pytest.mark.parametrize(
    ("other", "shown"), [("AAAUSD", False), ("".join("AAAUSD"), False), ("BBBUSD", True)]
)
def test_of_two_claims_in_a_symbol_nobody_knows_which_one_moved_it(
    other: str, *, shown: bool
) -> None:
    claims = {"1": claim(filled=D("1"), filled_at=AT), "2": claim(2, symbol=other)}
    waiting = Waiting(unsettled={"1": None})
    settle(claims, waiting, portfolio(position("AAAUSD", "1")), AT)
    assert (claims["1"].settled == D("1")) is shown


@pytest.mark.parametrize(("over", "kept"), [(True, []), (False, ["1"])])
def test_what_is_over_and_shown_is_let_go(kept: list[str], *, over: bool) -> None:
    claims = {"1": claim(filled=D("2"), filled_at=AT, over=over)}
    settle(claims, Waiting(unsettled={"1": None}), portfolio(), AT + 1)
    assert list(claims) == kept


def test_every_portfolio_shows_the_holds_that_were_placed_before_it() -> None:
    claims, waiting = {"1": claim(held=True)}, Waiting(uncovered={"1": None})
    settle(claims, waiting, portfolio(), AT)
    assert claims["1"].covered
    assert waiting.uncovered == {}


@pytest.mark.parametrize(("count", "found"), [(64, 64), (65, 0)])
def test_of_more_than_sixty_four_fills_at_one_time_none_is_looked_for(
    count: int, found: int
) -> None:
    """What is older than the instant is shown without looking, and comes first."""
    claims = {"0": claim(0, symbol="OLDUSD", filled=D("1"), filled_at=AT - 1)}
    claims |= {
        str(n): claim(n, symbol=f"S{n}", filled=D("1"), filled_at=AT) for n in range(1, count)
    }
    waiting = Waiting(unsettled=dict.fromkeys(claims))
    held = [position(f"S{n}", "1") for n in range(1, count)]
    settle(claims, waiting, portfolio(*held), AT)
    assert claims["0"].settled == D("1")
    assert sum(each.settled == D("1") for each in claims.values()) == max(found, 1)


def test_what_is_held_of_a_symbol_is_nothing_where_nothing_is_known() -> None:
    assert position_of(None, "AAAUSD") == D(0)
    both = portfolio(position("BBBUSD", "2"), position("AAAUSD", "3"))
    assert position_of(both, "AAAUSD") == D("3")
    assert position_of(both, "CCCUSD") == D(0)
