"""The architecture document says what is wired: every actor, its policy, and every route."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from actors.kernel.directory import Port
from actors.messages.base import Message
from actors.routes import VENUE, routes
from adapters.instruments.table import instruments
from service.fail_points import STEPS
from service.graph import build_graph
from service.settings import DecisionSettings

ROUTE = re.compile(r"^\| `(\w+)` \| ([^|]*) \|$", re.MULTILINE)
ACTOR = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
INSIDE = routes(venue_in_graph=True)


@pytest.fixture(scope="module")
def document(repository: Path) -> str:
    return (repository / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wired() -> list[Port]:
    kernel = build_graph(DecisionSettings(), instruments(("BTC/USD",)), None).kernel
    return list(kernel._ports.values())


def names(types: Iterable[type[Message]]) -> str:
    return ", ".join(f"`{each.__name__}`" for each in types)


def expected_routes() -> list[tuple[str, str]]:
    return [(kind.__name__, ", ".join(to) or "nobody") for kind, to in INSIDE.items()]


def expected_actors(wired: list[Port]) -> list[tuple[str, str, str, str]]:
    return [
        (
            port.actor.name,
            port.spec.policy.value,
            names(port.actor.rules),
            names(port.actor.emits),
        )
        for port in wired
    ]


def test_the_document_lists_every_route_in_the_order_of_the_table(document: str) -> None:
    wanted = "\n".join(f"| `{kind}` | {to} |" for kind, to in expected_routes())
    assert ROUTE.findall(document) == expected_routes(), wanted


def test_the_document_lists_every_actor_with_its_policy_and_messages(
    document: str, wired: list[Port]
) -> None:
    expected = expected_actors(wired)
    wanted = "\n".join(f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in expected)
    assert ACTOR.findall(document) == expected, wanted


def test_with_the_venue_outside_only_what_it_is_asked_reaches_the_outbox() -> None:
    outside = routes(venue_in_graph=False)
    sent: set[type[Message]] = {kind for kind, to in outside.items() if "outbox" in to}
    assert {kind.__name__ for kind in sent} == {
        "SubmitOrder",
        "AmendOrder",
        "CancelOrder",
        "DeadManSwitch",
        "ReconcileRequested",
    }
    assert not any(VENUE in to for to in outside.values())


def test_the_document_names_every_step_of_the_pump_that_a_kill_is_tried_at(document: str) -> None:
    (line,) = [each for each in document.splitlines() if each.startswith("Named steps:")]
    assert re.findall(r"`(\w+)`", line) == list(STEPS)
