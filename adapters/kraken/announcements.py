"""Maintenances that the venue announces on its status channel, as inputs; each is told once.

An event that is gone from a list was withdrawn; a status without a list says nothing. One that the
venue asks nobody to heed (`continue`) is none of ours. Without a legible end it lasts six hours:
the venue's own state takes over once it is down. What has no legible beginning is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.instant import HOUR_NS
from actors.messages.control import MaintenanceAnnounced
from adapters.kraken.tokens import TokenError, instant_of

UNKNOWN_LENGTH_NS: Final = 6 * HOUR_NS
_HARMLESS: Final = "continue"
_ID_LONGEST: Final = 64


class _Event(msgspec.Struct, frozen=True):
    event_id: str
    expected_start_utc: str
    expected_end_utc: str | None = None
    cancel_before_utc: str | None = None
    recommended_action: str | None = None


_EVENT: Final = msgspec.json.Decoder(_Event)


class Announcements:
    """What was announced so far; `unreadable` counts events that could not be used."""

    def __init__(self) -> None:
        self.unreadable = 0
        self._told: dict[str, MaintenanceAnnounced] = {}

    def news(self, listed: Sequence[msgspec.Raw] | None) -> list[MaintenanceAnnounced]:
        """What a status's list changes."""
        if listed is None:
            return []
        found: dict[str, MaintenanceAnnounced] = {}
        before = self.unreadable
        for raw in listed:
            try:
                event = _EVENT.decode(raw)
                if event.recommended_action != _HARMLESS:
                    found[event.event_id[:_ID_LONGEST]] = _message(event)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TokenError):
                self.unreadable += 1
        news = [each for name, each in found.items() if self._told.get(name) != each]
        # What could not be read may be one of those that are missing.
        if self.unreadable == before:
            gone = [name for name in self._told if name not in found]
            news += [MaintenanceAnnounced(name, 0, 0, 0) for name in gone]
            self._told = found
        else:
            self._told |= found
        return news


def _message(event: _Event) -> MaintenanceAnnounced:
    starts = _instant(event.expected_start_utc)
    ends = starts + UNKNOWN_LENGTH_NS
    if event.expected_end_utc:
        ends = max(starts, _instant(event.expected_end_utc))
    leave_by = _instant(event.cancel_before_utc) if event.cancel_before_utc else 0
    return MaintenanceAnnounced(event.event_id[:_ID_LONGEST], starts, ends, leave_by)


def _instant(text: str) -> int:
    """Times are named `..._utc`: written with a Z, an offset of nothing, or neither."""
    stamp = text.strip().replace(" ", "T", 1)
    has_zone = stamp.endswith(("Z", "+00:00"))
    return instant_of(stamp if has_zone else f"{stamp}Z")
