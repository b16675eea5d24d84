"""The closed union of messages and its one canonical encoding.

Inputs, envelopes and actor states all pass through the encoder here, so equal values have equal
bytes. The schema fingerprint is the hash of every tag with its fields and types and of every
enumeration's values; it is committed and tested.
"""

from __future__ import annotations

import enum
import hashlib
import typing
from typing import Any, Final

import msgspec

from actors.messages import (
    control,
    decision,
    execution,
    feature,
    ingestion,
    ledger,
    market,
    order,
    prediction,
    profile,
    reconciliation,
    risk,
)
from actors.messages.arrays import decode_array, decode_state_array, encode_array
from actors.messages.base import Message

_MODULES: Final = (
    control,
    decision,
    execution,
    feature,
    ingestion,
    ledger,
    market,
    order,
    prediction,
    profile,
    reconciliation,
    risk,
)


def message_types() -> tuple[type[Message], ...]:
    """Every concrete message type, sorted by tag."""
    found = {
        value.__name__: value
        for module in _MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Message) and value is not Message
    }
    return tuple(found[name] for name in sorted(found))


def enumerations() -> tuple[type[enum.Enum], ...]:
    """Every enumeration that messages use, sorted by name; their values are recorded."""
    found = {
        value.__name__: value
        for module in _MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, enum.Enum)
    }
    return tuple(found[name] for name in sorted(found))


MESSAGE_TYPES: Final = message_types()
AnyMessage: Final[Any] = typing.Union[MESSAGE_TYPES]  # noqa: UP007

ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=encode_array)
_MESSAGES: Final = msgspec.msgpack.Decoder(AnyMessage, ext_hook=decode_array)


def encode(value: object) -> bytes:
    """Canonical bytes of a message, envelope, state or tuple of those."""
    return ENCODER.encode(value)


def decode_message(data: bytes) -> Message:
    """The message in `data`. Raises msgspec.ValidationError or DecodeError on anything foreign."""
    message: Message = _MESSAGES.decode(data)
    return message


def state_decoder(state_type: type[Any]) -> msgspec.msgpack.Decoder[Any]:
    """A decoder for actor state whose arrays come back writable."""
    return msgspec.msgpack.Decoder(state_type, ext_hook=decode_state_array)


def frozen_decoder(struct_type: Any) -> msgspec.msgpack.Decoder[Any]:
    """A decoder for immutable structures that may hold messages."""
    return msgspec.msgpack.Decoder(struct_type, ext_hook=decode_array)


def schema_lines() -> tuple[str, ...]:
    """One line a message: tag, then each field with its annotation and whether it has a default.

    Then one line an enumeration: its name, then each member with its value.
    """
    lines = []
    for message_type in MESSAGE_TYPES:
        annotations = message_type.__annotations__
        fields = ", ".join(
            f"{field.name}: {annotations[field.name]}{' = default' if not field.required else ''}"
            for field in msgspec.structs.fields(message_type)
        )
        lines.append(f"{message_type.__name__}({fields})")
    for enumeration in enumerations():
        members = ", ".join(f"{member.name} = {member.value}" for member in enumeration)
        lines.append(f"{enumeration.__name__}[{members}]")
    return tuple(lines)


def schema_fingerprint() -> str:
    """SHA-256 over `schema_lines`, hex."""
    return hashlib.sha256("\n".join(schema_lines()).encode()).hexdigest()
