"""What happens to the simulated exchange from outside: timers, modes, steps, odd fills, silence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.kraken_simulator.errors import Refusal
from adapters.kraken_simulator.events import (
    BookChange,
    Execution,
    InstrumentChange,
    StatusChange,
    TimerFired,
)
from tests.quiet_exchange import PAIR, SECOND, START, asked, desks, quiet, told


def test_the_dead_mans_switch_cancels_the_whole_account_once() -> None:
    ann, bob = desks("ann", "bob")
    exchange = ann.exchange
    timer = exchange.cancel_all_after("ann", 60, now_ns=START)
    assert (timer.now_ns, timer.trigger_ns) == (START, START + 60 * SECOND)
    ann.add()
    exchange.place_by_hand("ann", asked(symbol="ETH/USD"), now_ns=START)
    kept = bob.add()
    assert not told(exchange.advance(START + 60 * SECOND - 1), "ann")[4:]
    events = exchange.advance(START + 61 * SECOND)
    assert told(events, "ann") == ["canceled", "canceled"]
    assert [each for each in events if isinstance(each, TimerFired)] == [
        TimerFired("ann", 2, START + 60 * SECOND)
    ]
    assert bob.order(kept).is_open
    # It stays off until it is armed again.
    ann.add()
    assert told(exchange.advance(START + 600 * SECOND), "ann") == ["pending_new", "new"]


def test_a_renewed_or_disarmed_switch_does_not_fire() -> None:
    [ann] = desks("ann")
    exchange = ann.exchange
    order_id = ann.add()
    exchange.cancel_all_after("ann", 60, now_ns=START)
    exchange.cancel_all_after("ann", 60, now_ns=START + 30 * SECOND)
    exchange.advance(START + 89 * SECOND)
    assert ann.order(order_id).is_open
    off = exchange.cancel_all_after("ann", 0, now_ns=START + 89 * SECOND)
    assert off.trigger_ns is None
    exchange.advance(START + 500 * SECOND)
    assert ann.order(order_id).is_open


def test_a_switch_that_ran_out_in_maintenance_fires_when_the_engine_returns() -> None:
    [ann] = desks("ann")
    exchange = ann.exchange
    order_id = ann.add(time_in_force="GTD", expire_ns=START + 20 * SECOND)
    other = ann.add()
    exchange.cancel_all_after("ann", 10, now_ns=START)
    exchange.set_status("maintenance", now_ns=START + SECOND)
    exchange.advance(START + 100 * SECOND)
    assert ann.order(order_id).is_open
    exchange.set_status("cancel_only", now_ns=START + 100 * SECOND)
    assert ann.order(order_id).status == "canceled"
    assert ann.order(other).closed_ns == START + 100 * SECOND


def test_a_change_of_mode_is_told_once() -> None:
    exchange = quiet()
    for status in ("maintenance", "maintenance", "cancel_only", "post_only", "online"):
        exchange.set_status(status, now_ns=START)
    told_modes = [each.status for each in exchange.events() if isinstance(each, StatusChange)]
    assert told_modes == ["maintenance", "cancel_only", "post_only", "online"]
    assert exchange.status == "online"


def test_a_pairs_status_changes_its_row_and_its_row_is_told() -> None:
    exchange = quiet()
    exchange.set_pair_status(PAIR, "limit_only", now_ns=START)
    [event] = exchange.events()
    assert isinstance(event, InstrumentChange)
    assert event.instrument.status == exchange.instrument(PAIR).status == "limit_only"
    with pytest.raises(Refusal, match="EQuery:Unknown asset pair"):
        exchange.set_pair_status("NO/NO", "online", now_ns=START)


def test_new_steps_move_the_book_and_cancel_what_does_not_fit() -> None:
    exchange = quiet(levels=30)
    shown = {("bid", each.price) for each in exchange.book(PAIR, 99).bids}
    fits = exchange.add_order("ann", asked(price="100.0", qty="0.5"), now_ns=START)
    odd_price = exchange.add_order("ann", asked(price="100.1", qty="0.5"), now_ns=START)
    odd_size = exchange.add_order("bob", asked(price="99.0", qty="0.505"), now_ns=START)
    exchange.events()
    row = exchange.change_steps(PAIR, price_decimals=0, lot_decimals=2, now_ns=START)
    assert (row.tick, row.lot) == (Decimal(1), Decimal("0.01"))
    orders = {each.order_id: each for each in exchange.closed_orders("ann")}
    assert orders[str(odd_price.order_id)].reason == "Instrument steps changed"
    assert [each.order_id for each in exchange.open_orders("ann")] == [fits.order_id]
    assert exchange.open_orders("bob") == ()
    assert odd_size.order_id is not None
    book = exchange.book(PAIR, 99)
    assert len(book.asks) == 30
    assert all(each.price % 1 == 0 and each.qty % row.lot == 0 for each in book.asks)
    gone = {
        (change.side, change.price)
        for event in exchange.events()
        if isinstance(event, BookChange)
        for change in event.changes
        if not change.qty
    }
    assert {level for level in shown if level[1] % 1} <= gone
    with pytest.raises(Refusal, match="EOrder:Invalid price"):
        exchange.add_order("ann", asked(price="100.1"), now_ns=START)


def test_new_minimums_leave_the_book_alone() -> None:
    exchange = quiet(levels=30)
    before = exchange.book(PAIR, 99)
    exchange.change_steps(PAIR, order_min=Decimal(2), cost_min=Decimal(9), now_ns=START)
    assert exchange.book(PAIR, 99) == before
    with pytest.raises(Refusal, match="Order minimum not met"):
        exchange.add_order("ann", asked(), now_ns=START)


def test_a_fill_at_a_moment_of_ones_choosing() -> None:
    [ann] = desks("ann")
    exchange = ann.exchange
    order_id = ann.add("buy", qty="1", price="100.0")
    ann.add("buy", qty="1", price="101.0")
    part = exchange.fill_now("ann", order_id, qty=Decimal("0.25"), now_ns=START)
    assert (part.price, part.qty, part.is_maker) == (Decimal(100), Decimal("0.25"), True)
    assert exchange.book(PAIR, 5).bids[1].qty == Decimal("0.75")
    exchange.fill_now("ann", order_id, now_ns=START)
    assert ann.order(order_id).status == "closed"
    for name, qty, error in ((order_id, None, "Unknown order"), ("O", None, "Unknown order")):
        with pytest.raises(Refusal, match=error):
            exchange.fill_now("ann", name, qty=qty, now_ns=START)
    second = exchange.open_orders("ann")[0].order_id
    for qty, error in ((Decimal(-1), "amount"), (Decimal("1E-9"), "volume")):
        with pytest.raises(Refusal, match=error):
            exchange.fill_now("ann", second, qty=qty, now_ns=START)


def test_a_waiting_stop_is_filled_at_the_last_price_and_goes_on_waiting() -> None:
    [ann] = desks("ann")
    exchange = ann.exchange
    exchange.print_trade(PAIR, Decimal(102), Decimal(1), now_ns=START)
    order_id = ann.add("buy", price=None, order_type="stop-loss", trigger_price=Decimal(110))
    fill = exchange.fill_now("ann", order_id, qty=Decimal("0.5"), now_ns=START)
    assert fill.price == 102
    assert ann.order(order_id).is_untriggered
    assert exchange.book(PAIR, 5).bids == ()
    assert ann.held("USD") == Decimal("55.22")


def test_withheld_reports_happen_all_the_same_and_come_late() -> None:
    ann, bob = desks("ann", "bob")
    exchange = ann.exchange
    ann.add("sell")
    exchange.events()
    exchange.withhold_executions("ann", 1)
    bob.add("buy")
    events = exchange.events()
    assert told(events, "ann") == ["filled"]
    assert told(events, "bob") == ["pending_new", "new", "trade", "filled"]
    assert len(exchange.fills("ann")) == 1
    exchange.withhold_executions("ann", 5)
    ann.add("sell")
    assert told(exchange.events(), "ann") == []
    exchange.release_executions("ann")
    late = exchange.events()
    assert told(late, "ann") == ["trade", "pending_new", "new"]
    assert all(isinstance(each, Execution) for each in late)
    ann.add("sell", price="101.0")
    assert told(exchange.events(), "ann") == ["pending_new", "new"]


def test_an_off_market_print_touches_no_book_and_no_account() -> None:
    exchange = quiet(levels=30)
    before = exchange.book(PAIR, 99)
    trade = exchange.print_trade(PAIR, Decimal("6350.0"), Decimal("0.5"), now_ns=START)
    assert exchange.events() == (trade,)
    assert exchange.book(PAIR, 99) == before
    assert exchange.last_trades(PAIR, 5) == (trade,)


def test_a_halted_pair_stands_still_and_the_others_move() -> None:
    exchange = quiet(levels=30)
    before = exchange.book(PAIR, 99)
    exchange.resume_market("ETH/USD")
    events = exchange.advance(START + 20 * SECOND)
    assert {each.symbol for each in events if isinstance(each, BookChange)} == {"ETH/USD"}
    assert exchange.book(PAIR, 99) == before
    exchange.halt_market("ETH/USD")
    assert exchange.advance(START + 30 * SECOND) == ()
    exchange.resume_market()
    moved = exchange.advance(START + 40 * SECOND)
    assert {each.symbol for each in moved if isinstance(each, BookChange)} == {PAIR, "ETH/USD"}
    with pytest.raises(Refusal, match="EQuery:Unknown asset pair"):
        exchange.halt_market("NO/NO")
