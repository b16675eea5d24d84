"""The order state table: what it allows, what it never does, and the document drawn from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.messages.order import OrderState
from actors.orders.lifecycle import TERMINAL, TRANSITIONS, OrderEvent, document, following


def test_the_document_is_drawn_from_the_table(repository: Path) -> None:
    """docs/order-states.md says how to write it anew."""
    text = (repository / "docs" / "order-states.md").read_text(encoding="utf-8")
    assert text == document() + "\n"


@pytest.mark.parametrize("state", OrderState)
def test_every_state_has_a_row_and_books_every_fill(state: OrderState) -> None:
    """The venue's fills are never refused, whatever we thought of the order."""
    assert following(state, OrderEvent.FILL) is not None
    assert following(state, OrderEvent.LAST_FILL) is OrderState.FILLED


@pytest.mark.parametrize("state", TERMINAL)
def test_a_terminal_state_is_left_only_by_completing_the_quantity(state: OrderState) -> None:
    """Nothing but the last fill moves it, and only to filled."""
    moved = {event: after for event, after in TRANSITIONS[state].items() if after is not state}
    expected = {} if state is OrderState.FILLED else {OrderEvent.LAST_FILL: OrderState.FILLED}
    assert moved == expected


def test_silence_makes_only_those_unknown_of_which_the_venue_never_spoke() -> None:
    """A word of the venue's own brings the others in doubt; what is over never is again."""
    silent = [s for s, row in TRANSITIONS.items() if OrderEvent.SILENCE in row]
    assert silent == [OrderState.PENDING, OrderState.SUBMITTED, OrderState.UNKNOWN]
    doubtful = [s for s, row in TRANSITIONS.items() if OrderEvent.DOUBT in row]
    assert doubtful == [state for state in TRANSITIONS if state not in TERMINAL]
    assert {TRANSITIONS[s][OrderEvent.DOUBT] for s in doubtful} == {OrderState.UNKNOWN}


def test_nothing_is_sent_from_anything_but_pending() -> None:
    """Submitted is reached once, by the hold; so no order is ever sent again."""
    sources = [s for s, row in TRANSITIONS.items() if OrderState.SUBMITTED in row.values()]
    assert sources == [OrderState.PENDING]


def test_every_state_is_reachable_and_every_live_one_can_end() -> None:
    """No state hangs in the air."""
    reached = {OrderState.PENDING}
    for _ in OrderState:
        reached |= {after for state in list(reached) for after in TRANSITIONS[state].values()}
    assert reached == set(OrderState)
    assert all(any(a in TERMINAL for a in TRANSITIONS[s].values()) for s in OrderState)
