"""Every parser of bytes from outside, by name, with what its fuzzing begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ops.fuzz import seeds, simulator_parsers, venue_parsers
from ops.fuzz.seeds import ASKED, CAPTURES, FAULTS, FORMS, FRAMES, HOOKS, NUMBERS, RESULTS, TEXTS


class Parser(msgspec.Struct, frozen=True):
    """One parser; `takes` is what a recorded message is made into for it (None: nothing)."""

    take: Callable[[bytes], None]
    written: tuple[bytes, ...]
    takes: Callable[[bytes], bytes] | None = None

    def seeds(self) -> list[bytes]:
        """What there is to begin with."""
        found = dict.fromkeys(self.written)
        if self.takes is not None:
            found |= dict.fromkeys(map(self.takes, seeds.recorded()))
        return list(found)


def _as_is(message: bytes) -> bytes:
    return message


def _result(message: bytes) -> bytes:
    """As an answer, of the kind that its length happens to choose; a request line is cut off."""
    return bytes((len(message) % len(RESULTS),)) + message[max(0, message.find(b"{")) :]


def _enveloped(place: int, result: bytes) -> bytes:
    return bytes((place,)) + b'{"error":[],"result":' + result + b"}"


PARSERS: Final[dict[str, Parser]] = {
    "frame": Parser(venue_parsers.frame, FRAMES, _as_is),
    "stream": Parser(venue_parsers.stream, (*FRAMES, b"\n".join(FRAMES)), _as_is),
    "executions": Parser(venue_parsers.executions, (*FRAMES, b"\n".join(FRAMES)), _as_is),
    "door": Parser(venue_parsers.door, (*FRAMES, b"\n".join(FRAMES)), _as_is),
    "answer": Parser(
        venue_parsers.answer, tuple(_enveloped(*each) for each in enumerate(RESULTS)), _result
    ),
    "names": Parser(venue_parsers.names, (RESULTS[2] + b"\x00" + RESULTS[3],)),
    "error": Parser(venue_parsers.error, TEXTS),
    "number": Parser(venue_parsers.number, NUMBERS),
    "capture": Parser(venue_parsers.capture, CAPTURES, _as_is),
    "request": Parser(simulator_parsers.request, FORMS),
    "message": Parser(simulator_parsers.message, ASKED, _as_is),
    "hook": Parser(simulator_parsers.hook, HOOKS),
    "signature": Parser(
        simulator_parsers.signature, (b"\nYWJj\n1\n123456", b"k\ns\n18446744073709551616")
    ),
    "plan": Parser(simulator_parsers.plan, (*FAULTS, b"a=USD:5,BTC:1", b"60", b"book_rate=2")),
}
