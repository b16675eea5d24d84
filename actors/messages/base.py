"""The base of every message: frozen, tagged by class name, array-encoded, fields only ever
appended.
"""

from __future__ import annotations

import msgspec


class Message(
    msgspec.Struct,
    frozen=True,
    tag=True,
    gc=False,
    array_like=True,
    forbid_unknown_fields=True,
):
    """A typed immutable message. Tags are class names and are never reused for another meaning."""
