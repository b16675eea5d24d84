"""The topology check: every message has a route, every routed actor has a rule, nothing is
unroutable.

Run once at wiring time. A graph that fails is a bug in our own code, so it raises, loudly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.kernel.actor import Actor
from actors.kernel.stamp import SINKS
from actors.messages.base import Message
from actors.messages.control import CancelTimer, Note, SetTimer

Routes = Mapping[type[Message], tuple[str, ...]]


class TopologyError(AssertionError):
    """The graph is not closed; the message names every fault."""


def check_topology(actors: Sequence[Actor[Any, Any]], routes: Routes) -> None:
    """Raise TopologyError unless emissions, routes and rules fit together exactly."""
    by_name = {actor.name: actor for actor in actors}
    faults = []
    if len(by_name) != len(actors):
        faults.append("two actors share a name")
    for message_type, destinations in routes.items():
        for name in destinations:
            if name in SINKS:
                continue
            if name not in by_name:
                faults.append(f"{message_type.__name__} is routed to the unknown actor {name}")
            elif message_type not in by_name[name].rules:
                faults.append(f"{name} has no rule for {message_type.__name__}")
    faults += _emission_faults(actors, routes)
    if faults:
        raise TopologyError("; ".join(faults))


def _emission_faults(actors: Sequence[Actor[Any, Any]], routes: Routes) -> list[str]:
    own = {SetTimer, CancelTimer, Note}
    return [
        f"{actor.name} emits {emitted.__name__}, which has no route"
        for actor in actors
        for emitted in actor.emits
        if emitted not in own and emitted not in routes
    ]
