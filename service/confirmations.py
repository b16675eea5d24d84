"""What a person confirmed before the first live start: kept in the data folder, journalled at each.

Only what is there in full counts: a name, a reason, and for the risk text its own hash. Nothing is
ever taken out; the newest of a kind holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from actors.messages.control import LiveConfirmed
from adapters.secrets.private_file import read_private, write_private
from adapters.secrets.stored import SecretError
from service.failures import ExitCode, UserError
from service.key_places import as_failure
from service.live_risk import DIGEST
from service.settings import Settings

ACCEPT_RISK: Final = "accept_risk"
OVERRIDE_TRIAL: Final = "override_trial"
FILE: Final = "confirmations.json"


def confirmations_path(settings: Settings) -> Path:
    """Where they lie."""
    return settings.home / "live" / FILE


def read_confirmations(settings: Settings) -> tuple[LiveConfirmed, ...]:
    """Everything that was confirmed, oldest first. Raises UserError when the file is none."""
    path = confirmations_path(settings)
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(read_private(path), type=tuple[LiveConfirmed, ...])
    except SecretError as error:
        raise as_failure(error) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UserError(
            ExitCode.BAD_INPUT,
            f"The file {path} holds no confirmations.",
            "Move it away, and confirm again: `ballast gates --help`.",
        ) from None


def confirm(settings: Settings, confirmed: LiveConfirmed) -> None:
    """Keep one more. Raises UserError."""
    kept = (*read_confirmations(settings), confirmed)
    try:
        write_private(confirmations_path(settings), msgspec.json.encode(kept))
    except SecretError as error:
        raise as_failure(error) from None


def in_force(confirmed: tuple[LiveConfirmed, ...]) -> dict[str, LiveConfirmed]:
    """The newest of each kind that counts: signed, with a reason, and of the present risk text."""
    found = {}
    for each in confirmed:
        signed = each.actor.strip() and each.reason.strip()
        if signed and (each.kind != ACCEPT_RISK or each.digest == DIGEST):
            found[each.kind] = each
    return found
