"""Amendments: an exit that rests follows the market in place, so that it never stops leaving.

An amendment is an intent of its own: approved by risk, looked at once more here, durable before it
is sent, one at a time. It lowers the limit of a sale and nothing else, so that the notional falls
and the hold (in base) is what it was. Entries are never amended: they are called back, and decided
anew. While nobody knows what became of an amendment, its order is UNKNOWN. What limit the venue
says the order has is taken over, whoever changed it, unless the hold would not cover that.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.messages.base import Message
from actors.messages.control import CancelTimer, ConstraintViolated, Note, SetTimer
from actors.messages.decision import Side
from actors.messages.execution import AmendAnswered, NotSent, SubmitOutcome, VenueEvidence
from actors.messages.order import AmendOrder
from actors.messages.risk import AmendApproved, Refusal
from actors.money import from_micros, is_fact, multiply_up
from actors.orders.amendments import AMENDABLE, TRANSITIONS, AmendEvent, AmendState
from actors.orders.lifecycle import TERMINAL, UNPROVEN, OrderEvent
from actors.orders.recheck import Grounds, recheck, refusal
from actors.orders.state import Amendment, Order, OrdersConfig, OrdersState
from actors.orders.transitions import amend_timer, doubt, move

_SAID: Final = {
    SubmitOutcome.ACCEPTED: AmendEvent.CONFIRMED,
    SubmitOutcome.REFUSED: AmendEvent.REFUSED,
    SubmitOutcome.RATE_LIMITED: AmendEvent.REFUSED,
    SubmitOutcome.WRONG_MODE: AmendEvent.REFUSED,
    SubmitOutcome.DEADLINE_ELAPSED: AmendEvent.SILENCE,
    SubmitOutcome.UNKNOWN: AmendEvent.SILENCE,
}


def approve(
    config: OrdersConfig, state: OrdersState, message: AmendApproved, at: int
) -> list[Message]:
    """Look once more; then change the order, its hold being what it was."""
    order, intent = state.live.get(message.cl_ord_id), message.intent
    grounds = recheck(config, state, message, at) or _not_now(config, order, message, at)
    if grounds is not None:
        return [refusal(intent, grounds)]
    assert order is not None  # what does not rest has been refused
    state.intent_no = intent.intent_no
    order.amended += 1
    order.amendment = amendment = Amendment(
        order.amended,
        intent.intent_no,
        intent.limit_price,
        at,
        intent.decided_at + config.deadline_ns,
    )
    told = f"{order.limit_price} to {amendment.limit_price}"
    effects: list[Message] = [
        AmendOrder(
            order.cl_ord_id,
            amendment.number,
            amendment.intent_no,
            order.symbol,
            order.side,
            order.quantity,
            order.filled,
            amendment.limit_price,
            intent.decided_at,
            amendment.deadline,
            state.epoch,
        ),
        order.update(_worded(amendment, told)),
    ]
    if not config.venue_in_graph:
        due = max(at, amendment.deadline) + config.silence_ns
        effects.append(SetTimer(amend_timer(order.cl_ord_id), due))
    return effects


def _not_now(
    config: OrdersConfig, order: Order | None, message: AmendApproved, at: int
) -> Grounds | None:
    """Why this order may not be changed so now, or None."""
    if order is None or order.state not in AMENDABLE:
        shown = "no such order" if order is None else order.state.value
        return Refusal.NOT_AMENDABLE, shown, "an order that rests"
    if order.side is Side.BUY or order.recalled:
        shown = "called back" if order.recalled else "an entry"
        return Refusal.NOT_AMENDABLE, shown, "an exit that stays"
    before = order.amendment
    if before is not None and before.is_open:
        return Refusal.NOT_AMENDABLE, f"amendment {before.number} is {before.state}", "no other"
    since = order.decided_at if before is None else before.decided_at
    if at - since < config.amend_interval_ns:
        return Refusal.AMENDED_LATELY, str(at - since), str(config.amend_interval_ns)
    if order.amended >= config.amends_max_count:
        return Refusal.AMENDED_LATELY, str(order.amended), f"below {config.amends_max_count}"
    return _misfit(config, order, message)


def _misfit(config: OrdersConfig, order: Order, message: AmendApproved) -> Grounds | None:
    """An exit keeps its quantity, is never worth more than before, and goes down by steps."""
    quantity, price = message.quantity, message.intent.limit_price
    if quantity != order.rest:
        return Refusal.INVALID_QUANTITY, str(quantity), f"what is left: {order.rest}"
    if price >= order.limit_price:
        return Refusal.NOTIONAL_RAISED, str(price), f"below {order.limit_price}"
    tick = config.instruments[order.symbol].tick
    least = multiply_up(order.limit_price, 1 - from_micros(config.amend_step_micros), tick)
    return (Refusal.PRICE_COLLAR, str(price), str(least)) if price < least else None


def answered(
    config: OrdersConfig, state: OrdersState, answer: AmendAnswered, at: int
) -> list[Message]:
    """Take the venue's answer; one that comes after the lists have told is nothing new."""
    order = state.find(answer.cl_ord_id)
    amendment = None if order is None else order.amendment
    if order is None or amendment is None or amendment.number != answer.amend_no:
        fields = (("cl_ord_id", answer.cl_ord_id), ("outcome", answer.outcome.value))
        return [Note("warning", "order.amend_answer_of_nobody", fields)]
    if not amendment.is_open:
        return _too_late(config, state, order, answer, at)
    told = f"{answer.outcome.value}: {answer.text}"
    if answer.outcome is SubmitOutcome.DEADLINE_ELAPSED:
        amendment.elapsed_at = answer.ts
    effects = settle(config, state, order, _SAID[answer.outcome], at, reason=told)
    if answer.outcome is SubmitOutcome.ACCEPTED and order.state in UNPROVEN:
        effects += move(config, state, order, OrderEvent.ACCEPTED)
    elif answer.outcome is SubmitOutcome.REFUSED:
        effects += _look(config, state, order, at, f"its amendment was {told}")
    return effects


def _too_late(
    config: OrdersConfig, state: OrdersState, order: Order, answer: AmendAnswered, at: int
) -> list[Message]:
    """A yes to what was taken for undone contradicts it: the lists have to tell again."""
    assert order.amendment is not None
    yes = answer.outcome is SubmitOutcome.ACCEPTED
    if not yes or order.amendment.state is not AmendState.REFUSED:
        return []
    return _look(config, state, order, at, "an amendment was confirmed after all")


def _look(
    config: OrdersConfig, state: OrdersState, order: Order, at: int, reason: str
) -> list[Message]:
    """Our idea of a live order is in question. A venue in the graph has no lists, and told all."""
    if config.venue_in_graph or order.state in TERMINAL:
        return []
    return doubt(config, state, order, at, reason)


def settle(
    config: OrdersConfig,
    state: OrdersState,
    order: Order,
    event: AmendEvent,
    at: int,
    *,
    reason: str = "",
) -> list[Message]:
    """Move the order's amendment through the table, and what follows for the order."""
    amendment = order.amendment
    assert amendment is not None
    after = TRANSITIONS[amendment.state].get(event)
    if after is None:
        return []
    amendment.state = after
    if after is AmendState.UNKNOWN:
        return doubt(config, state, order, at, _worded(amendment, reason))
    if after is AmendState.AMENDED:
        _take_over(order, amendment.limit_price, at)
    name = amend_timer(order.cl_ord_id)
    return [order.update(_worded(amendment, reason)), CancelTimer(name)]


def silent(config: OrdersConfig, state: OrdersState, order: Order, at: int) -> list[Message]:
    """Nothing was heard of the amendment by its deadline and a little more."""
    return settle(config, state, order, AmendEvent.SILENCE, at, reason="no answer by its deadline")


def never_left(config: OrdersConfig, state: OrdersState, proof: NotSent, at: int) -> list[Message]:
    """The outbox proves that the amendment was not sent; its order is what it was."""
    order = state.find(proof.cl_ord_id)
    amendment = None if order is None else order.amendment
    if order is None or amendment is None or amendment.number != proof.amend_no:
        fields = (("cl_ord_id", proof.cl_ord_id), ("reason", proof.reason))
        return [Note("warning", "order.not_sent_without_order", fields)]
    return settle(config, state, order, AmendEvent.NOT_SENT, at, reason=proof.reason)


def open_epoch(config: OrdersConfig, state: OrdersState, at: int, reason: str) -> list[Message]:
    """A new leader cannot know what became of an amendment that was under way."""
    effects: list[Message] = []
    for order in tuple(state.live.values()):
        if order.amendment is not None and order.amendment.state is AmendState.PENDING:
            effects += settle(config, state, order, AmendEvent.SILENCE, at, reason=reason)
    return effects


def weigh(
    config: OrdersConfig, state: OrdersState, order: Order, evidence: VenueEvidence, at: int
) -> list[Message]:
    """What lists that show the order open say of its limit, and so of its amendment."""
    limit, amendment = evidence.limit_price, order.amendment
    if limit is None:
        return []
    settled_to = min(at, evidence.window_to or evidence.ts)
    if amendment is not None and amendment.is_open:
        if limit == amendment.limit_price:
            told = "found at the venue"
            return settle(config, state, order, AmendEvent.CONFIRMED, at, reason=told)
        # The venue says that it did not do it, and the look-up agrees.
        elapsed = 0 < amendment.elapsed_at <= min(at, evidence.ts)
        if settled_to <= amendment.deadline and not elapsed:
            return []  # the lists may be older than what they should show
        told = "the venue has it as it was"
        undone = settle(config, state, order, AmendEvent.UNCHANGED, at, reason=told)
        return undone + restate(order, limit, at)
    return restate(order, limit, at) if settled_to > order.restated_at else []


def heard(
    config: OrdersConfig, state: OrdersState, order: Order, limit: Decimal | None, at: int
) -> list[Message]:
    """A report says that the order is another now; it may be late, or be told twice."""
    amendment = order.amendment
    if limit is None:
        return []
    if amendment is not None and amendment.is_open and limit == amendment.limit_price:
        told = "reported by the venue"
        return settle(config, state, order, AmendEvent.CONFIRMED, at, reason=told)
    return [] if limit in order.limits else restate(order, limit, at)


def restate(order: Order, limit: Decimal, at: int) -> list[Message]:
    """The venue has the order at another limit than we: a fact, which held cash must cover."""
    if limit == order.limit_price or not (is_fact(limit) and limit > 0):
        return []
    name, ours = order.cl_ord_id, order.limit_price
    if order.side is Side.BUY:
        if limit < ours:
            return []  # it costs less than is held for it
        told = f"order {name} is at {limit}, held for at {ours}"
        return [ConstraintViolated("order_restated_upwards", 0, told)]
    _take_over(order, limit, at)
    fields = (("cl_ord_id", name), ("now", str(limit)), ("ours", str(ours)))
    note = Note("warning", "order.limit_restated", fields)
    return [note, order.update("restated by the venue")]


def _take_over(order: Order, limit: Decimal, at: int) -> None:
    order.limits.append(order.limit_price)
    order.limit_price, order.restated_at = limit, at


def _worded(amendment: Amendment, told: str) -> str:
    return f"amendment {amendment.number} {amendment.state}: {told}"
