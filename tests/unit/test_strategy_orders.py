"""What the strategy keeps of its own orders: who is busy, who cools down, whose campaign it is."""

from __future__ import annotations

import msgspec
import pytest

from actors.messages.decision import Action, OrderIntent, Reason, Side
from actors.messages.order import OrderState, OrderUpdate, RetryDue, RetryPlanned
from actors.messages.risk import IntentRefused, Refusal
from actors.strategy import followed
from actors.strategy.state import OpenIntent
from tests.strategy_desk import (
    BROKEN,
    CALM,
    CONFIG,
    FADED,
    NOW,
    STRONG,
    D,
    Desk,
    intents,
    order,
    portfolio,
    position,
    spoken,
)

S = OrderState
PROFILE = CONFIG.profile
RECOVERY = spoken(500_000, 5_000, p_h24=500_000, move_h24=0)
MIXED = spoken(400_000, 5_000, rebound=500_000, move_h1=5_000)


def cools(desk: Desk) -> tuple[list[int], list[int], int]:
    """Until when entries and exits of each symbol cool, and the latest of all; from NOW on."""
    state = desk.actor.state
    return (
        [max(each - NOW, 0) for each in state.entry_cool_until.tolist()],
        [max(each - NOW, 0) for each in state.exit_cool_until.tolist()],
        state.cooling_until - NOW if state.cooling_until else 0,
    )


def counts(desk: Desk) -> tuple[list[int], list[int]]:
    return desk.actor.state.working.tolist(), desk.actor.state.unknown.tolist()


def part(number: int, state: OrderState, side: Side, filled: str, symbol: str) -> OrderUpdate:
    """Of an order for 4 units, filled at 100."""
    cost = D(filled) * 100
    return OrderUpdate("id", number, symbol, side, state, D(4), D(filled), D("100.5"), cost=cost)


@pytest.mark.parametrize(
    ("states", "working", "unknown"),
    [
        ((S.PENDING,), 1, 0),
        ((S.SUBMITTED, S.OPEN), 1, 0),
        ((S.UNKNOWN,), 1, 1),
        ((S.UNKNOWN, S.UNKNOWN), 1, 1),
        ((S.UNKNOWN, S.OPEN), 1, 0),
        ((S.UNKNOWN, S.OPEN, S.UNKNOWN), 1, 1),
        ((S.OPEN, S.FILLED), 0, 0),
        ((S.UNKNOWN, S.FILLED), 0, 0),
        ((S.UNKNOWN, S.CANCELLED), 0, 0),
        ((S.REJECTED,), 0, 0),
        ((S.EXPIRED,), 0, 0),
        ((S.NOT_SENT,), 0, 0),
        ((S.CANCELLED, S.CANCELLED), 0, 0),
    ],
)
def test_a_symbol_is_busy_until_its_order_is_over(
    states: tuple[OrderState, ...], working: int, unknown: int
) -> None:
    desk = Desk()
    for state in states:
        desk.tell(order(7, state, symbol="DEFUSD"))
    assert counts(desk) == ([0, working, 0], [0, unknown, 0])
    assert list(desk.actor.state.open_intents) == (["7"] if working else [])


def test_several_orders_of_a_symbol_are_counted_each() -> None:
    desk = Desk()
    for number, state in ((5, S.UNKNOWN), (6, S.OPEN), (7, S.UNKNOWN)):
        desk.tell(order(number, state, symbol="GHIUSD"))
    assert counts(desk) == ([0, 0, 3], [0, 0, 2])
    desk.tell(order(5, S.OPEN, symbol="GHIUSD"))
    desk.tell(order(7, S.EXPIRED, symbol="GHIUSD"))
    assert counts(desk) == ([0, 0, 2], [0, 0, 0])


@pytest.mark.parametrize("symbol", ["ODDUSD", "ABCEUR"])
def test_an_order_of_a_stranger_is_not_followed(symbol: str) -> None:
    desk = Desk()
    desk.tell(order(7, S.OPEN, symbol=symbol))
    desk.tell(order(7, S.FILLED, filled="1", symbol=symbol))
    assert counts(desk) == ([0, 0, 0], [0, 0, 0])
    assert (desk.actor.state.open_intents, desk.actor.state.campaigns) == ({}, {})


def test_an_intent_that_nobody_knows_is_refused_without_a_trace() -> None:
    desk = Desk()
    desk.tell(order(7, S.OPEN))
    desk.tell(IntentRefused(8, "ABCUSD", Side.BUY, Refusal.HALTED, "", ""))
    assert counts(desk) == ([1, 0, 0], [0, 0, 0])
    assert cools(desk) == ([0, 0, 0], [0, 0, 0], 0)


REFUSAL, FILL = PROFILE.cool_down_refusal_ns, PROFILE.cool_down_fill_ns


@pytest.mark.parametrize(
    ("side", "filled", "entries", "exits"),
    [
        (Side.BUY, "0", REFUSAL, 0),
        (Side.SELL, "0", 0, REFUSAL),
        (Side.BUY, "1", FILL, 0),
        (Side.SELL, "1", FILL, 0),
    ],
)
def test_an_order_that_ends_cools_its_side_and_a_fill_cools_entries(
    side: Side, filled: str, entries: int, exits: int
) -> None:
    desk = Desk()
    desk.tell(order(7, S.CANCELLED, side, symbol="DEFUSD"))
    assert cools(desk) == ([0, 0, 0], [0, 0, 0], 0), "an order of which nothing was known"
    desk.tell(order(8, S.OPEN, side, symbol="DEFUSD"))
    desk.tell(order(8, S.CANCELLED, side, filled, symbol="DEFUSD"))
    assert cools(desk) == ([0, entries, 0], [0, exits, 0], max(entries, exits))


def test_a_shorter_pause_never_ends_a_longer_one() -> None:
    desk = Desk()
    desk.tell(RetryPlanned("ABCUSD", Side.BUY, 1, NOW + 10 * FILL))
    desk.tell(order(7, S.OPEN))
    desk.tell(order(7, S.EXPIRED))
    assert cools(desk) == ([10 * FILL, 0, 0], [0, 0, 0], 10 * FILL)


@pytest.mark.parametrize(
    ("side", "symbol", "entries", "exits"),
    [
        (Side.BUY, "ABCUSD", [90, 0, 0], [0, 0, 0]),
        (Side.SELL, "ABCUSD", [0, 0, 0], [90, 0, 0]),
        (Side.SELL, "GHIUSD", [0, 0, 0], [0, 0, 90]),
        (Side.BUY, "ODDUSD", [0, 0, 0], [0, 0, 0]),
        (Side.SELL, "ODDUSD", [0, 0, 0], [0, 0, 0]),
    ],
)
def test_a_retry_pauses_its_side_of_its_symbol_until_it_is_due(
    side: Side, symbol: str, entries: list[int], exits: list[int]
) -> None:
    desk = Desk()
    desk.tell(RetryPlanned(symbol, side, 1, NOW + 90))
    assert cools(desk)[:2] == (entries, exits)
    for other in (Side.BUY, Side.SELL):
        for each in ("ABCUSD", "GHIUSD", "ODDUSD", "DEFUSD"):
            if (other, each) != (side, symbol):
                desk.tell(RetryDue(each, other, 1))
    assert cools(desk)[:2] == (entries, exits), "another's retry ends nothing"
    desk.tell(RetryDue(symbol, side, 1))
    assert cools(desk)[:2] == ([0, 0, 0], [0, 0, 0])


def test_parts_of_an_order_are_booked_once_each() -> None:
    desk = Desk()
    desk.owns("DEFUSD", "4", cost="200")
    (sale,) = intents(desk.predict(CALM, FADED))
    told = [(S.PARTIALLY_FILLED, "0.5"), (S.PARTIALLY_FILLED, "0.5"), (S.PARTIALLY_FILLED, "1.5")]
    for later, (state, filled) in enumerate([*told, (S.FILLED, "2")]):
        desk.tell(part(sale.intent_no, state, Side.SELL, filled, "DEFUSD"), NOW + later)
    found = desk.actor.state.campaigns["DEFUSD"]
    assert (found.quantity, found.cost, found.banked) == (D("2.0"), D("100.00"), D("100.00"))
    assert (found.faded, found.tactical_count, found.reentries_count) == (True, 1, 0)
    assert found.filled_at == NOW + 3
    assert found.reduced_at == 0, "a profit is no reduction"


@pytest.mark.parametrize(("said", "cost"), [(RECOVERY, "400"), (MIXED, "180")])
def test_a_reduction_is_dated_by_its_last_fill(said: tuple[int, ...], cost: str) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2", cost=cost)
    (sale,) = intents(desk.predict(said))
    desk.tell(part(sale.intent_no, S.PARTIALLY_FILLED, Side.SELL, "0.5", "ABCUSD"), NOW + 5)
    found = desk.actor.state.campaigns["ABCUSD"]
    assert found.reduced_at == NOW + 5
    desk.tell(part(sale.intent_no, S.FILLED, Side.SELL, "1", "ABCUSD"), NOW + 9)
    assert (found.reduced_at, found.filled_at) == (NOW + 9, NOW + 9)
    assert (found.faded, found.tactical_count) == (False, 0)


def test_an_exit_that_is_filled_leaves_no_campaign() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    (sale,) = intents(desk.predict(BROKEN))
    desk.tell(part(sale.intent_no, S.PARTIALLY_FILLED, Side.SELL, "2", "ABCUSD"))
    assert "ABCUSD" in desk.actor.state.campaigns, "its order is still there"
    desk.tell(part(sale.intent_no, S.FILLED, Side.SELL, "2", "ABCUSD"))
    assert desk.actor.state.campaigns == {}
    assert desk.actor.state.held.tolist() == [0, 0, 0]


def test_a_reentry_fills_its_campaign_up_and_counts_once() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "1", faded=True, tactical_count=1)
    (back,) = intents(desk.predict(STRONG))
    assert back.reason is Reason.REENTRY
    assert desk.actor.state.campaign_no == 1, "no campaign of its own"
    desk.tell(part(back.intent_no, S.PARTIALLY_FILLED, Side.BUY, "0.5", "ABCUSD"))
    desk.tell(part(back.intent_no, S.FILLED, Side.BUY, "1", "ABCUSD"))
    found = desk.actor.state.campaigns["ABCUSD"]
    assert (found.quantity, found.cost) == (D("2.0"), D("190.0"))
    assert (found.faded, found.reentries_count, found.tactical_count) == (False, 1, 1)


def test_an_order_of_before_the_run_is_a_campaign_of_what_it_may_cost() -> None:
    desk = Desk()
    desk.tell(part(7, S.OPEN, Side.BUY, "0", "DEFUSD"))
    assert desk.actor.state.campaigns == {}, "nothing was bought yet"
    desk.tell(part(7, S.PARTIALLY_FILLED, Side.BUY, "1", "DEFUSD"), NOW + 3)
    found = desk.actor.state.campaigns["DEFUSD"]
    assert (found.number, found.opened_at, found.budget) == (1, NOW + 3, D("402.00"))
    assert (found.quantity, found.cost, found.filled_at) == (D(1), D(100), NOW + 3)


def test_a_sale_of_what_no_campaign_owns_makes_none() -> None:
    desk = Desk()
    desk.tell(part(7, S.OPEN, Side.SELL, "0", "DEFUSD"))
    known = desk.actor.state.open_intents["7"]
    assert (known.action, known.side) == (Action.EXIT, Side.SELL)
    desk.tell(part(7, S.PARTIALLY_FILLED, Side.SELL, "1", "DEFUSD"))
    assert desk.actor.state.campaigns == {}
    assert cools(desk)[0] == [0, FILL, 0]


@pytest.mark.parametrize(
    ("state", "rests"),
    [
        (S.PENDING, False),
        (S.SUBMITTED, False),
        (S.OPEN, True),
        (S.PARTIALLY_FILLED, True),
        (S.UNKNOWN, False),
    ],
)
def test_an_order_rests_while_the_venue_says_so(state: OrderState, *, rests: bool) -> None:
    desk = Desk()
    told = part(7, state, Side.SELL, "1.5", "ABCUSD")
    desk.tell(msgspec.structs.replace(told, cl_ord_id="own"), NOW + 5)
    known = desk.actor.state.open_intents["7"]
    assert (known.resting, known.asked_at) == (rests, NOW + 5 if rests else 0)
    assert (known.cl_ord_id, known.rest, known.limit_price) == ("own", D("2.5"), D("100.5"))
    desk.tell(told, NOW + 9)
    assert known.asked_at == (NOW + 5 if rests else 0), "the first time counts"


def test_what_is_known_of_an_intent_before_its_order() -> None:
    known = OpenIntent(1, Side.SELL, Action.EXIT)
    assert (known.filled, known.rest, known.limit_price, known.cost) == (D(0), D(0), D(0), D(0))
    assert (known.asked_at, known.asked, known.reason) == (0, 0, 0)
    assert (known.unknown, known.resting, known.cl_ord_id) == (False, False, "")


def sent(symbol: str, side: Side, reason: Reason = Reason.EDGE_ABOVE_COST) -> OrderIntent:
    return OrderIntent(
        7,
        symbol,
        side,
        D("300.00"),
        D(1),
        D("100.0"),
        NOW,
        Action.ENTER if side is Side.BUY else Action.EXIT,
        reason,
        600_000,
        20_000,
        9_500,
    )


@pytest.mark.parametrize(
    ("side", "reason", "counted"),
    [
        # Whether it is faded; its tactical sales, re-entries and reductions.
        (Side.BUY, Reason.EDGE_ABOVE_COST, (True, 1, 0, 0)),
        (Side.BUY, Reason.REENTRY, (False, 1, 1, 0)),
        (Side.SELL, Reason.EDGE_FADED, (True, 2, 0, 0)),
        (Side.SELL, Reason.THESIS_BROKEN, (True, 1, 0, 0)),
        (Side.SELL, Reason.THESIS_MIXED, (True, 1, 0, 1)),
        (Side.SELL, Reason.RECOVERY_REDUCED, (True, 1, 0, 1)),
        (Side.SELL, Reason.RECOVERY_HOPELESS, (True, 1, 0, 0)),
        (Side.SELL, Reason.CATASTROPHE_STOP, (True, 1, 0, 0)),
        (Side.SELL, Reason.FLATTEN, (True, 1, 0, 0)),
    ],
)
def test_a_campaign_counts_what_an_order_was_for(
    side: Side, reason: Reason, counted: tuple[bool, int, int, int]
) -> None:
    desk = Desk()
    desk.owns("DEFUSD", "4", faded=True, tactical_count=1)
    desk.actor.state.held[1] = 1
    followed.opened(desk.actor.state, sent("DEFUSD", side, reason), 1)
    desk.tell(part(7, S.PARTIALLY_FILLED, side, "1", "DEFUSD"))
    found = desk.actor.state.campaigns["DEFUSD"]
    reductions = int(found.reduced_at == NOW)
    told = (found.faded, found.tactical_count, found.reentries_count, reductions)
    assert told == counted


@pytest.mark.parametrize(
    ("side", "held", "campaigns"),
    [
        (Side.BUY, False, [("DEFUSD", D("300.00"))]),
        (Side.BUY, True, []),  # a purchase for a campaign that is there
        (Side.SELL, False, []),
        (Side.SELL, True, []),
    ],
)
def test_a_purchase_of_what_is_not_held_begins_a_campaign(
    side: Side, campaigns: list[tuple[str, object]], *, held: bool
) -> None:
    desk = Desk()
    state = desk.actor.state
    state.held[1] = held
    followed.opened(state, sent("DEFUSD", side), 1)
    assert [(each.symbol, each.budget) for each in state.campaigns.values()] == campaigns
    assert counts(desk) == ([0, 1, 0], [0, 0, 0])


HELD = [
    # Owned by the campaign and held by the account; owned, held and the campaign's quantity.
    ("2", "2", 1, 1, "2"),
    ("2", "3", 1, 1, "2"),
    ("2", "0.5", 1, 1, "0.5"),
    ("2", "0.01", 1, 1, "0.01"),  # the venue's least
    ("2", "0.009", 0, 0, "0.009"),
    ("0.009", "5", 1, 0, "0.009"),
    ("0.01", "5", 1, 1, "0.01"),
]


@pytest.mark.parametrize(("bought", "account", "owned", "held", "quantity"), HELD)
def test_a_portfolio_tells_what_is_owned_and_what_a_campaign_holds_of_it(
    bought: str, account: str, owned: int, held: int, quantity: str
) -> None:
    desk = Desk()
    desk.owns("DEFUSD", bought)
    desk.tell(portfolio(position("ODDUSD", "7"), position("DEFUSD", account)))
    state = desk.actor.state
    assert (state.owned.tolist(), state.held.tolist()) == ([0, owned, 0], [0, held, 0])
    assert state.held_count == held
    assert state.campaigns["DEFUSD"].quantity == D(quantity)


def test_every_held_symbol_is_counted() -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2")
    desk.owns("GHIUSD", "1")
    assert desk.portfolio is not None
    desk.tell(desk.portfolio)
    assert (desk.actor.state.held.tolist(), desk.actor.state.held_count) == ([1, 0, 1], 2)


@pytest.mark.parametrize(("later", "quantity"), [(-1, "2"), (0, "2"), (1, "1")])
def test_only_a_portfolio_after_a_fill_takes_from_its_campaign(later: int, quantity: str) -> None:
    desk = Desk()
    desk.owns("ABCUSD", "2", filled_at=NOW)
    desk.tell(portfolio(position("ABCUSD", "1")), NOW + later)
    assert desk.actor.state.campaigns["ABCUSD"].quantity == D(quantity)
    assert desk.actor.state.held.tolist() == [1, 0, 0]


def test_what_an_older_version_had_bought_is_taken_for_campaigns_once() -> None:
    desk = Desk()
    state = desk.actor.state
    state.adopted = False
    desk.tell(portfolio(position("ABCUSD", "2"), position("GHIUSD", "1")))
    assert [each.number for each in state.campaigns.values()] == [1, 2]
    assert (state.campaign_no, state.adopted) == (2, True)
    desk.tell(portfolio(position("ABCUSD", "2"), position("DEFUSD", "1")), NOW + 1)
    assert list(state.campaigns) == ["ABCUSD"]
    assert state.held.tolist() == [1, 0, 0]


def test_a_campaign_of_a_symbol_that_left_the_run_stays_and_stops_no_other() -> None:
    desk = Desk()
    desk.owns("GHIUSD", "1")
    campaigns = desk.actor.state.campaigns
    stranger = msgspec.structs.replace(campaigns["GHIUSD"], symbol="ODDUSD")
    desk.actor.state.campaigns = {"ODDUSD": stranger, **campaigns}
    desk.tell(portfolio(position("GHIUSD", "1")))
    assert desk.actor.state.held.tolist() == [0, 0, 1]
    assert list(desk.actor.state.campaigns) == ["ODDUSD", "GHIUSD"]
    assert stranger.quantity == D(1)
