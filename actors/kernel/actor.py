"""What an actor is: a frozen config, one state Struct, and a table from message type to rule.

`handle(message, at)` returns messages; there is no `ask`, no clock and no logger. Because the
state is one Struct, snapshot, digest, rollback and comparison are each one encode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from actors.messages.base import Message

Effects = Sequence[Message]
NOTHING: Effects = ()
Rule = Callable[[Any, Any, int], Effects]

C = TypeVar("C")
S = TypeVar("S", bound=msgspec.Struct)


class Actor(Generic[C, S]):
    """Base of every actor. Subclasses declare `name`, `rules`, `emits` and `state_type`."""

    __slots__ = ("config", "configured", "state")

    name: ClassVar[str]
    rules: ClassVar[Mapping[type[Message], Rule]]
    emits: ClassVar[tuple[type[Message], ...]]
    state_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, config: C, state: S) -> None:
        self.config = config
        self.configured = config
        self.state = state

    def resume(self, state: S) -> None:
        """Be as when `state` was remembered; whoever changes `config` makes it anew from that."""
        self.state = state

    def handle(self, message: Message, at: int) -> Effects:
        """Apply the rule for this message's type at logical time `at`.

        KeyError is a topology bug.
        """
        return self.rules[type(message)](self, message, at)
