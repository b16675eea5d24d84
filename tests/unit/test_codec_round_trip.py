"""The codec: every message has one canonical form, and nothing foreign gets in."""

from __future__ import annotations

import enum
import types
import typing
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.envelope import Input
from actors.kernel.supervisor import OK, Failure, Outcome
from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.codec import (
    MESSAGE_TYPES,
    decode_message,
    encode,
    frozen_decoder,
    state_decoder,
)
from actors.messages.control import Deposit, EpochOpened, Note, RunStarted, Tick
from actors.messages.execution import ExecutionReport, VenueEvidence
from actors.messages.market import FeedEvent, FeedStatus, TradeSlice
from actors.money import is_sound

INT64 = st.integers(-(2**63), 2**63 - 1)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=8, max_value=10**18)
FLOATS = st.floats(width=64)


def matrices() -> st.SearchStrategy[np.ndarray]:
    shapes = st.tuples(st.integers(0, 4), st.integers(0, 6))
    return shapes.flatmap(
        lambda shape: st.lists(
            FLOATS, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
        ).map(lambda values: sealed(np.array(values, dtype=float).reshape(shape)))
    ) | st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9).map(sealed_ints)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: INT64,
        str: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        bool: st.booleans(),
        Decimal: AMOUNTS,
        np.ndarray: matrices(),
    }
    if kind in plain:
        return plain[kind]
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)
        if inner[-1] is Ellipsis:
            return st.lists(values(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, inner))
    if typing.get_origin(kind) is types.UnionType:
        some, nothing = typing.get_args(kind)
        assert nothing is types.NoneType
        return st.none() | values(some)
    if issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    return messages(kind)


def messages(kind: type[Message]) -> st.SearchStrategy[Any]:
    """Messages of one type, from its annotations."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: values(hints[field.name]) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    """And encodes to the same bytes again: one value, one form."""
    message = data.draw(messages(kind))
    found = decode_message(encode(message))
    assert type(found) is kind
    assert encode(found) == encode(message)
    for field in msgspec.structs.fields(kind):
        before, after = getattr(message, field.name), getattr(found, field.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_array_equal(before, after)
            assert before.dtype == after.dtype
        elif "ndarray" not in repr(before):
            assert before == after


@given(st.integers(-(2**63), 2**64 - 1))
def test_integers_of_64_bits_come_back(number: int) -> None:
    """MessagePack's own limits."""
    assert decode_message(encode(Tick(number))) == Tick(number)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30])
def test_integers_beyond_64_bits_have_no_form(number: int) -> None:
    """They are a bug of whoever made them."""
    with pytest.raises(OverflowError):
        encode(Tick(number))


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**64 - 1, 0, -1])
def test_the_edges_of_64_bits_are_whole(number: int) -> None:
    """No wrap-around."""
    found = decode_message(encode(Tick(number)))
    assert isinstance(found, Tick)
    assert found.ts == number


def test_amounts_keep_their_exponent() -> None:
    """1.0 and 1.00 are equal numbers and different forms: state the exponent, then encode."""
    forms = {encode(Deposit("USD", Decimal(text), "s", 1)) for text in ("1", "1.0", "1.00")}
    assert len(forms) == 3
    found = decode_message(encode(Deposit("USD", Decimal("1.00"), "s", 1)))
    assert isinstance(found, Deposit)
    assert str(found.amount) == "1.00"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "-0.00", "-0"])
def test_what_decodes_as_decimal_and_is_no_amount_is_unsound(text: str) -> None:
    """The codec takes it, as JSON text would be taken: the edge refuses it by `is_sound`."""
    found = decode_message(msgspec.msgpack.encode(["Deposit", "USD", text, "s", 1]))
    assert isinstance(found, Deposit)
    assert not is_sound(found.amount)


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "1E+3", "99999999999999999999.00000001"])
def test_plain_amounts_are_sound(text: str) -> None:
    """Zero has no sign, a negative number may have one."""
    assert is_sound(Decimal(text))


FOREIGN: list[tuple[object, str]] = [
    (["Tick", 1, 2], "one field too many"),
    (["Tick"], "a field too few"),
    (["Tick", "1"], "text for an integer"),
    (["Tick", 1.5], "a float for an integer"),
    (["Tick", True], "a truth value for an integer"),
    (["Tick", None], "nothing for an integer"),
    (["Tock", 1], "an unknown tag"),
    ([1, 1], "no tag"),
    ([], "an empty array"),
    ({"type": "Tick", "ts": 1}, "a map"),
    ("Tick", "a string"),
    (["Note", b"info", "event"], "bytes for text"),
    (["Deposit", "USD", "one", "s", 1], "words for an amount"),
    (["Deposit", "USD", True, "s", 1], "a truth value for an amount"),
    (["FeedStatus", 1, "book", "on fire"], "no member of the enumeration"),
    (["TradeSlice", 1, [0], [[1.0]]], "lists for arrays"),
    (["VenueEvidence", "id", 1, True, True, False, [["Tick", 1]]], "another message inside"),
]


@pytest.mark.parametrize(("value", "why"), FOREIGN, ids=[why for _, why in FOREIGN])
def test_what_is_no_message_is_refused(value: object, why: str) -> None:
    """With a validation error that names the place."""
    with pytest.raises(msgspec.ValidationError):
        decode_message(msgspec.msgpack.encode(value))


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.__name__)
def test_an_unknown_trailing_field_is_refused_everywhere(kind: type[Message]) -> None:
    """Whatever the message: a field that we do not know may change what the others mean."""
    fields = msgspec.structs.fields(kind)
    hints = typing.get_type_hints(kind)
    message = kind(**{field.name: _least(hints[field.name]) for field in fields})
    plain = msgspec.msgpack.decode(encode(message))
    assert decode_message(msgspec.msgpack.encode(plain)) is not None
    with pytest.raises(msgspec.ValidationError):
        decode_message(msgspec.msgpack.encode([*plain, "more"]))


def _least(kind: Any) -> Any:
    """Some value of a type, always the same."""
    if kind is np.ndarray:
        return sealed_ints([1])
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, Message):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _least(hints[name]) for name in kind.__struct_fields__})
    if typing.get_origin(kind) is types.UnionType:
        return None
    return () if typing.get_origin(kind) is tuple else kind()


def test_fields_with_defaults_may_be_missing_in_old_records() -> None:
    """So appending a field keeps old journals readable."""
    old = msgspec.msgpack.encode(["FeedStatus", 1, "book", "gap"])
    assert decode_message(old) == FeedStatus(1, "book", FeedEvent.GAP)
    note = msgspec.msgpack.encode(["Note", "info", "started"])
    assert decode_message(note) == Note("info", "started")


def test_messages_inside_messages_come_back() -> None:
    """Evidence carries reports."""
    report = ExecutionReport("id", "e1", next(iter(_kinds())), 5, Decimal("0.10000000"))
    evidence = VenueEvidence("id", 6, found=True, complete=True, reports=(report,))
    assert decode_message(encode(evidence)) == evidence


def _kinds() -> tuple[Any, ...]:
    return tuple(typing.get_type_hints(ExecutionReport)["kind"])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_surprise(data: bytes) -> None:
    """They are a message, or a msgspec error, or a ValueError."""
    try:
        found = decode_message(data)
    except (msgspec.MsgspecError, ValueError):
        return
    assert type(found) in MESSAGE_TYPES


SEEDS = [
    encode(TradeSlice(1, sealed_ints([0, 1]), sealed(np.ones((2, 8))), (1,), (9,))),
    encode(Deposit("USD", Decimal("1.00"), "source", 1)),
    encode(RunStarted("r", "a", "paper", 1, ("X",), "h", "{}", "c", "f", "b", "", "g")),
]


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 400),
)
def test_damaged_messages_never_surprise(
    data: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    """Flipped bytes and cut ends, in the array's header too."""
    damaged = bytearray(data[: length or None])
    for position, value in changes:
        damaged[position % len(damaged)] = value
    try:
        found = decode_message(bytes(damaged))
    except (msgspec.MsgspecError, ValueError):
        return
    assert type(found) in MESSAGE_TYPES


def test_inputs_and_outcomes_refuse_what_they_do_not_know() -> None:
    """The journal's own structures are as strict as the messages."""
    inputs, outcomes = frozen_decoder(Input), frozen_decoder(Outcome)
    entry = Input(1, 2, EpochOpened(3, "start"))
    assert inputs.decode(encode(entry)) == entry
    assert outcomes.decode(encode(OK)) == OK
    failure = ["vault", [1, "input", 1], "PoisonError", "00", False]
    good = ["failed", [failure], []]
    assert isinstance(outcomes.decode(msgspec.msgpack.encode(good)).failures[0], Failure)
    for bad in (
        [*good, 1],
        ["failed", [[*failure, 1]], []],
        ["failed", [["vault", [1, "input", 1, 1], "PoisonError", "00", False]], []],
    ):
        with pytest.raises(msgspec.ValidationError):
            outcomes.decode(msgspec.msgpack.encode(bad))


class Ring(msgspec.Struct):
    """A state that is written into."""

    values: np.ndarray


def test_a_states_arrays_come_back_writable_and_a_messages_do_not() -> None:
    """State lives on; a message is over."""
    data = encode(Ring(np.arange(4.0)))
    state = state_decoder(Ring).decode(data)
    state.values[0] = 9.0
    frozen = frozen_decoder(Ring).decode(data)
    with pytest.raises(ValueError, match="read-only"):
        frozen.values[0] = 9.0
