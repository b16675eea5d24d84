"""Bytes of a connection in the units that mean something: HTTP pieces, WebSocket frames.

A proxy cuts and delays whole units, or in the middle of one; so a fault strikes exactly between an
acknowledgement and the row that follows it. Masked frames of a client can be read too.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_UPGRADED: Final = b"upgrade: websocket"
_END_OF_HEAD: Final = b"\r\n\r\n"


class Unit(NamedTuple):
    """Bytes as they are on the wire, and what they say (a frame's payload without its mask)."""

    raw: bytes
    text: bytes


class Units:
    """Splits one direction of a connection. Until an upgrade each read is a unit of its own."""

    def __init__(self) -> None:
        self._rest = b""
        self._framed = False
        self._head = b""

    def split(self, data: bytes) -> list[Unit]:
        """The units that these bytes complete."""
        found: list[Unit] = []
        if not self._framed:
            self._head += data
            head, end, rest = self._head.partition(_END_OF_HEAD)
            if not end or _UPGRADED not in head.lower():
                if end:
                    self._head = b""
                return [Unit(data, data)]
            self._framed = True
            first = data[: len(data) - len(rest)]
            found.append(Unit(first, first))
            data = rest
        self._rest += data
        while (length := _length(self._rest)) and len(self._rest) >= length:
            raw, self._rest = self._rest[:length], self._rest[length:]
            found.append(Unit(raw, _payload(raw)))
        return found


def _sizes(data: bytes) -> tuple[int, int, int]:
    """Where the mask begins, its length, and the payload's; all 0 when that cannot be told yet."""
    if len(data) < 2:
        return 0, 0, 0
    masked, short = 4 * (data[1] >> 7), data[1] & 0x7F
    more = {126: 2, 127: 8}.get(short, 0)
    if len(data) < 2 + more:
        return 0, 0, 0
    size = int.from_bytes(data[2 : 2 + more], "big") if more else short
    return 2 + more, masked, size


def _length(data: bytes) -> int:
    """How long the frame is that begins here; 0 when that cannot be told yet."""
    begin, masked, size = _sizes(data)
    return begin + masked + size


def _payload(raw: bytes) -> bytes:
    begin, masked, _ = _sizes(raw)
    mask, body = raw[begin : begin + masked], raw[begin + masked :]
    if not mask:
        return body
    stream = (mask * (len(body) // 4 + 1))[: len(body)]
    whole = int.from_bytes(body, "big") ^ int.from_bytes(stream, "big")
    return whole.to_bytes(len(body), "big")
