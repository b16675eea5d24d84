"""The directory: actors with their mailboxes, and where each message type goes, resolved once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.kernel.actor import Actor
from actors.kernel.mailbox import Mailbox
from actors.kernel.stamp import LOG, SINKS, TIMERS
from actors.kernel.supervisor import ChildSpec
from actors.kernel.topology import Routes
from actors.messages.base import Message
from actors.messages.codec import state_decoder
from actors.messages.control import CancelTimer, Note, SetTimer


class Port:
    """One actor with its mailbox, specification and state decoder, resolved once."""

    __slots__ = ("actor", "decoder", "mailbox", "spec")

    def __init__(self, actor: Actor[Any, Any], spec: ChildSpec) -> None:
        self.actor = actor
        self.spec = spec
        self.mailbox = Mailbox(actor, spec.mailbox_capacity)
        self.decoder = state_decoder(actor.state_type)

    def set_back(self, state: Any, sent: int) -> None:
        """The actor as it was when it remembered `state` and had sent so many messages."""
        self.actor.resume(state)
        self.mailbox.queue.clear()
        self.mailbox.sent = sent


# Where a message type goes: the address as text, its mailboxes, and its sinks.
Route = tuple[str, tuple[Mailbox, ...], tuple[str, ...]]


def _resolve(destinations: tuple[str, ...], ports: Mapping[str, Port]) -> Route:
    mailboxes = tuple(ports[name].mailbox for name in destinations if name in ports)
    return ",".join(destinations), mailboxes, tuple(n for n in destinations if n in SINKS)


def resolve_routes(routes: Routes, ports: Mapping[str, Port]) -> dict[type[Message], Route]:
    """The route of every message type, with the kernel's own (timers, notes) added."""
    own: Routes = {SetTimer: (TIMERS,), CancelTimer: (TIMERS,), Note: (LOG,)}
    return {kind: _resolve(names, ports) for kind, names in {**routes, **own}.items()}
