"""Every parser of bytes from outside takes whatever comes: real messages, altered as JSON or bytes.

What a parser may raise is taken where it is exercised (ops/fuzz); anything else fails here. The
same parsers are fuzzed for longer with coverage by `ops/fuzz/run.py`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.fuzz.parsers import PARSERS

ODD_BYTES = (b"-1", b"-0.00", b"1e400", b"NaN", b"null", b"", b'"', b"9" * 30, b"[" * 1200, b"\xff")
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, 1e-9, "", "NaN", "-0.0", "1e999", "\x00", "É", [], {}, [[]], {"": 0},
    "2026-07-07T23:00:04Z", "BTC/USD", "XXBTZUSD",
)  # fmt: skip
values = st.sampled_from(ODD_VALUES) | st.integers() | st.text(max_size=6) | st.floats()


@cache
def seeds_of(name: str) -> list[bytes]:
    """What there is to begin with; recordings too, where they are at hand."""
    return PARSERS[name].seeds()


@st.composite
def altered_bytes(draw: st.DrawFn, message: bytes) -> bytes:
    """A piece cut out, doubled or replaced, up to three times."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(message)))
        end = draw(st.integers(start, min(len(message), start + 16)))
        middle = draw(st.sampled_from((*ODD_BYTES, message[start:end] * 2)) | st.binary(max_size=6))
        message = message[:start] + middle + message[end:]
    return message


@st.composite
def altered_document(draw: st.DrawFn, message: bytes) -> bytes:
    """A message whose JSON has a value replaced, dropped or doubled somewhere; its head stays."""
    begins = min((at for at in (message.find(b"{"), message.find(b"[")) if at >= 0), default=-1)
    try:
        document = json.loads(message[begins:]) if begins >= 0 else None
    except ValueError:
        document = None
    if document is None:
        return draw(altered_bytes(message))
    place: dict[str, Any] = {"": document}
    key: Any = ""
    holder: Any = place
    for _ in range(draw(st.integers(0, 6))):
        inner = holder[key]
        if isinstance(inner, dict) and inner:
            holder, key = inner, draw(st.sampled_from(sorted(inner)))
        elif isinstance(inner, list) and inner:
            holder, key = inner, draw(st.integers(0, len(inner) - 1))
        else:
            break
    match draw(st.sampled_from(("replace", "drop", "add"))):
        case "drop":
            del holder[key]
        case "add" if isinstance(holder, dict):
            holder[draw(st.text(max_size=4))] = draw(values)
        case "add":
            holder.append(holder[key])
        case _:
            holder[key] = draw(values)
    return message[:begins] + json.dumps(place.get("")).encode()


@st.composite
def messages(draw: st.DrawFn, name: str) -> bytes:
    """A message, altered or not at all like one."""
    seed = draw(st.sampled_from(seeds_of(name)))
    one = altered_document(seed) | altered_bytes(seed) | st.binary(max_size=60)
    return b"\n".join(draw(st.lists(one, min_size=1, max_size=3)))


@pytest.mark.parametrize("name", PARSERS)
def test_a_real_message_is_taken(name: str) -> None:
    assert seeds_of(name)
    for seed in seeds_of(name):
        PARSERS[name].take(seed)


@pytest.mark.parametrize("name", PARSERS)
@given(st.data())
def test_no_message_breaks_a_parser(name: str, data: st.DataObject) -> None:
    PARSERS[name].take(data.draw(messages(name)))
