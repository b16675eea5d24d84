"""The topology check: a graph that is not closed does not start, and every fault is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from actors.kernel.actor import Actor
from actors.kernel.kernel import Kernel
from actors.kernel.supervisor import ChildSpec, Policy
from actors.kernel.topology import TopologyError, check_topology
from actors.messages.base import Message
from actors.messages.control import ActorRestarted, ClockSkew, Deposit, SetTimer, Tick, TimerFired
from tests.kernel_bank import NAMES, ROUTES, BankState, bank

Table = dict[type[Message], tuple[str, ...]]


class Shop:
    """The bank's parts, open to one fault before they are checked."""

    def __init__(self) -> None:
        kernel = bank()
        self.actors: list[Actor[Any, Any]] = [kernel.actor(name) for name in NAMES]
        self.routes: Table = dict(ROUTES)
        self.specs = {name: ChildSpec(name, Policy.RESTART) for name in NAMES}

    def change(self, actor: str, **attributes: object) -> None:
        """Give `actor` a class of its own with other attributes."""
        index = NAMES.index(actor)
        old = self.actors[index]
        kind = type("Changed", (type(old),), {"__slots__": (), **attributes})
        self.actors[index] = kind(old.config, BankState())
        self.specs[self.actors[index].name] = ChildSpec(self.actors[index].name, Policy.RESTART)

    def without_rule(self, name: str, message_type: type[Message]) -> None:
        """Take one rule from an actor."""
        rules: Mapping[Any, Any] = self.actors[NAMES.index(name)].rules
        self.change(name, rules={k: v for k, v in rules.items() if k is not message_type})


def reroute(shop: Shop, message_type: type[Message], *names: str) -> None:
    shop.routes[message_type] = names


FAULTS: list[tuple[Callable[[Shop], object], str]] = [
    (lambda s: s.actors.append(s.actors[0]), "two actors share a name"),
    (lambda s: reroute(s, Tick, "nobody"), "Tick is routed to the unknown actor nobody"),
    (lambda s: reroute(s, Tick, "vault"), "vault has no rule for Tick"),
    (lambda s: reroute(s, Deposit, "teller", "teller"), "Deposit is routed to one place twice"),
    (lambda s: reroute(s, Tick, "timers"), "Tick is routed to the timers"),
    (
        lambda s: s.routes.pop(next(k for k in ROUTES if k.__name__ == "PlaceHold")),
        "teller emits PlaceHold, which has no route",
    ),
    (lambda s: s.change("oracle", name="outbox"), "outbox is the kernel's own name"),
    (lambda s: s.change("oracle", name="input"), "input is the kernel's own name"),
    (lambda s: s.change("oracle", name="kernel"), "kernel is the kernel's own name"),
    (
        lambda s: s.without_rule("teller", TimerFired),
        "teller sets timers and has no rule for TimerFired",
    ),
    (lambda s: s.without_rule("risk", ActorRestarted), "risk has no rule for ActorRestarted"),
    (lambda s: s.specs.pop("vault"), "vault has no child spec"),
]


@pytest.mark.parametrize(("break_it", "sentence"), FAULTS, ids=[name for _, name in FAULTS])
def test_every_fault_is_named(break_it: Callable[[Shop], object], sentence: str) -> None:
    """The check raises and says what is wrong."""
    shop = Shop()
    break_it(shop)
    with pytest.raises(TopologyError) as raised:
        check_topology(shop.actors, shop.routes, shop.specs)
    assert sentence in str(raised.value).split("; ")


def test_several_faults_are_told_at_once() -> None:
    """Nobody wants to fix a graph one start at a time."""
    shop = Shop()
    reroute(shop, Tick, "vault", "nobody")
    with pytest.raises(TopologyError) as raised:
        check_topology(shop.actors, shop.routes, shop.specs)
    assert len(str(raised.value).split("; ")) == 2


def test_a_closed_graph_passes_and_a_kernel_refuses_any_other() -> None:
    """The kernel checks when it is made."""
    shop = Shop()
    check_topology(shop.actors, shop.routes, shop.specs)
    reroute(shop, ClockSkew, "vault")
    with pytest.raises(TopologyError, match="vault has no rule for ClockSkew"):
        Kernel(shop.actors, shop.specs, shop.routes)


def test_timers_and_notes_need_no_route() -> None:
    """The kernel takes them itself."""
    assert SetTimer in bank().actor("teller").emits
    assert SetTimer not in ROUTES
