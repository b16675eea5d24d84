"""The topology check: every message has a route, every routed actor has a rule, nothing is
unroutable.

Run once at wiring time. A graph that fails is a bug in our own code, so it raises, loudly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.kernel.actor import Actor
from actors.kernel.stamp import INPUT, KERNEL, RISK, SINKS, TIMERS
from actors.kernel.supervisor import ChildSpec
from actors.messages.base import Message
from actors.messages.control import ActorRestarted, CancelTimer, Note, SetTimer, TimerFired

Routes = Mapping[type[Message], tuple[str, ...]]


class TopologyError(AssertionError):
    """The graph is not closed; the message names every fault."""


def check_topology(
    actors: Sequence[Actor[Any, Any]], routes: Routes, specs: Mapping[str, ChildSpec]
) -> None:
    """Raise TopologyError unless actors, emissions, routes, rules and specs fit together."""
    by_name = {actor.name: actor for actor in actors}
    faults = []
    if len(by_name) != len(actors):
        faults.append("two actors share a name")
    for name, actor in by_name.items():
        faults += _actor_faults(actor, routes)
        if name not in specs:
            faults.append(f"{name} has no child spec")
    for message_type, destinations in routes.items():
        kind = message_type.__name__
        if len(set(destinations)) != len(destinations):
            faults.append(f"{kind} is routed to one place twice")
        for name in destinations:
            if name == TIMERS:
                faults.append(f"{kind} is routed to the timers")
            elif name in SINKS:
                continue
            elif name not in by_name:
                faults.append(f"{kind} is routed to the unknown actor {name}")
            elif message_type not in by_name[name].rules:
                faults.append(f"{name} has no rule for {kind}")
    if faults:
        raise TopologyError("; ".join(faults))


def _actor_faults(actor: Actor[Any, Any], routes: Routes) -> list[str]:
    own = {SetTimer, CancelTimer, Note}
    faults = [
        f"{actor.name} emits {emitted.__name__}, which has no route"
        for emitted in actor.emits
        if emitted not in own and emitted not in routes
    ]
    if actor.name in {*SINKS, INPUT, KERNEL}:
        faults.append(f"{actor.name} is the kernel's own name")
    # What the kernel itself sends travels by name, not by route.
    if SetTimer in actor.emits and TimerFired not in actor.rules:
        faults.append(f"{actor.name} sets timers and has no rule for TimerFired")
    if actor.name == RISK and ActorRestarted not in actor.rules:
        faults.append(f"{RISK} has no rule for ActorRestarted")
    return faults
