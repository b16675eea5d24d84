"""The endpoint's port: bound before anything is recovered, so that a port in use costs nothing.

Port 0 takes the first free one from 9464 on. Only loopback addresses are allowed: the endpoint has
no password. Where it listens is written into the data folder, for `ballast health`.
"""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import msgspec

from service.failures import ExitCode, UserError

FIRST_PORT: Final = 9464
PORTS_TRIED: Final = 50
FILE: Final = "endpoint.json"
_LOOPBACK_NAME: Final = "localhost"
_IN_USE: Final = errno.EADDRINUSE


class Place(msgspec.Struct, frozen=True):
    """Where a service answers, and which process it is."""

    host: str
    port: int
    pid: int
    run_id: str = ""

    @property
    def address(self) -> str:
        """The URL without a path."""
        return f"http://{bracketed(self.host)}:{self.port}"


def bracketed(host: str) -> str:
    """The host as a URL spells it."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own, seen from itself."""
    bare = host.removeprefix("[").removesuffix("]").lower()
    if bare == _LOOPBACK_NAME:
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> socket.socket:
    """A bound socket. Raises UserError(USAGE) for a foreign host, (ENVIRONMENT) for a used port."""
    if not is_loopback(host):
        raise UserError(
            ExitCode.USAGE,
            f"server.host is {host}; the endpoint has no password and stays on loopback.",
            "Set server.host to 127.0.0.1 and forward the port where you need it.",
        )
    host = "127.0.0.1" if host.lower() == _LOOPBACK_NAME else host
    if port:
        return _bound(host, port)
    for candidate in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        try:
            return _bound(host, candidate)
        except UserError as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno != _IN_USE:
                raise
    raise UserError(
        ExitCode.ENVIRONMENT,
        f"No port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} is free on {host}.",
        "Stop other services, set server.port, or set server.enabled to false.",
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(16)
    except OSError as error:
        bound.close()
        why = "is in use" if error.errno == _IN_USE else f"cannot be used ({error})"
        raise UserError(
            ExitCode.ENVIRONMENT,
            f"Port {port} on {host} {why}.",
            "Stop what uses it, or set server.port to another one (0 finds a free one).",
        ) from error
    bound.setblocking(False)
    return bound


def write_place(home: Path, place: Place) -> None:
    """Say where the service answers."""
    path = home / FILE
    temporary = path.with_suffix(".tmp")
    home.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(msgspec.json.encode(place))
    temporary.replace(path)


def read_place(home: Path) -> Place | None:
    """Where the service of a data folder answers; None when nothing says so."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=Place)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def forget_place(home: Path) -> None:
    """Take the note away, when it is this process's own."""
    place = read_place(home)
    if place is not None and place.pid == os.getpid():
        (home / FILE).unlink(missing_ok=True)
