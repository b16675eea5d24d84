"""The gates before live trading: one flat table, each row with what is needed and what is there.

Pure: evidence in, rows out; who collects it is `live_evidence`. Money is at stake only beyond this
machine: at a simulator on loopback nobody needs a trial or a warning, but the key is held to the
same rules.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.messages.control import LiveConfirmed
from service.confirmations import ACCEPT_RISK, OVERRIDE_TRIAL
from service.failures import ExitCode, UserError
from service.key_rights import NEEDED
from service.live_risk import DIGEST, VERSION

DAY_HOURS_LEAST: Final = 20
"""Full hours of a UTC day in which the feed was heard, for the day to count."""
_NOT_NEEDED: Final = "not needed: the venue is on this machine, and no money of anybody's is there"


class Evidence(msgspec.Struct, frozen=True):
    """What is there. `key_fault` is why the key is not good at all, `rights_fault` why it may do
    too much or too little; `trial_hours` has the heard hours of each day (days since 1970, UTC).
    """

    is_here: bool
    key: str = ""
    key_fault: UserError | None = None
    rights_fault: UserError | None = None
    permissions: tuple[str, ...] = ()
    trial_days_needed: int = 30
    trial_hours: dict[int, int] = {}
    trial_source: str = ""
    trial_fault: str = ""
    confirmed: dict[str, LiveConfirmed] = {}
    other_accounts: str = ""


class Gate(msgspec.Struct, frozen=True):
    """One gate. `code` is the exit code of a start that it stops."""

    name: str
    open: bool
    needed: str
    found: str
    remedy: str
    code: ExitCode = ExitCode.GATED


def gates_of(evidence: Evidence) -> tuple[Gate, ...]:
    """Every gate, in the order in which a person passes them."""
    return (
        _credentials(evidence),
        _rights(evidence),
        _trial(evidence),
        _warning(evidence),
        _database(evidence),
    )


def shut(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Those that are not open."""
    return tuple(gate for gate in gates if not gate.open)


def refusal_of(gate: Gate) -> UserError:
    """Why a start stops at this gate, in one sentence."""
    return UserError(
        gate.code,
        f"Live trading is gated ({gate.name}): {gate.found}; needed: {gate.needed}.",
        gate.remedy,
    )


def whole_days(hours: dict[int, int]) -> int:
    """Days on which the feed was heard for long enough."""
    return sum(count >= DAY_HOURS_LEAST for count in hours.values())


def _credentials(evidence: Evidence) -> Gate:
    needed = "a connected API key that the venue knows"
    fault = evidence.key_fault
    if fault is not None:
        return Gate("credentials", False, needed, _plain(fault), fault.remedy, fault.code)
    return Gate("credentials", True, needed, f"the key {evidence.key}", "")


def _rights(evidence: Evidence) -> Gate:
    needed = "it may read and trade, and can neither withdraw nor move money"
    if evidence.key_fault is not None:
        remedy = "Connect a key first: `ballast keys connect`."
        found = "nobody knows, without a key that the venue knows"
        return Gate("rights", False, needed, found, remedy, ExitCode.KEY_REFUSED)
    fault = evidence.rights_fault
    if fault is not None:
        return Gate("rights", False, needed, _plain(fault), fault.remedy, fault.code)
    may = ", ".join(NEEDED.get(word, word) for word in evidence.permissions)
    return Gate("rights", True, needed, f"it may: {may}", "")


def _trial(evidence: Evidence) -> Gate:
    days = evidence.trial_days_needed
    needed = (
        f"{days} days on paper on the live feed, each with {DAY_HOURS_LEAST} heard hours or more,"
        " or an override with name and reason"
    )
    if evidence.is_here:
        return Gate("trial", True, needed, _NOT_NEEDED, "")
    have = whole_days(evidence.trial_hours)
    found = f"{have} of {days} days"
    if len(evidence.trial_hours) > have:
        found += f" ({len(evidence.trial_hours) - have} more were heard too little)"
    if evidence.trial_fault:
        found += f"; {evidence.trial_fault}"
    elif evidence.trial_source:
        found += f", in {evidence.trial_source}"
    if have >= days:
        return Gate("trial", True, needed, found, "")
    override = evidence.confirmed.get(OVERRIDE_TRIAL)
    if override is not None:
        return Gate("trial", True, needed, f"{found}; overridden by {_signed(override)}", "")
    remedy = (
        "Let `ballast paper --venue kraken` run on and name its data folder by live.paper_data_dir;"
        " or `ballast gates override-trial`."
    )
    return Gate("trial", False, needed, found, remedy)


def _warning(evidence: Evidence) -> Gate:
    needed = f"the risk text (version {VERSION}, {DIGEST[:12]}) accepted by a person"
    if evidence.is_here:
        return Gate("warning", True, needed, _NOT_NEEDED, "")
    accepted = evidence.confirmed.get(ACCEPT_RISK)
    if accepted is None:
        remedy = "Read and accept it: `ballast gates accept-risk`."
        return Gate("warning", False, needed, "nobody has accepted this text", remedy)
    return Gate("warning", True, needed, f"accepted by {_signed(accepted)}", "")


def _database(evidence: Evidence) -> Gate:
    needed = "a data folder and a database that no paper account ever used"
    if not evidence.other_accounts:
        return Gate("database", True, needed, "no paper account is kept here", "")
    remedy = "Give live trading its own: another --data-dir (and journal.dsn, if you set one)."
    return Gate("database", False, needed, evidence.other_accounts, remedy)


def _signed(each: LiveConfirmed) -> str:
    return f"{each.actor}: {each.reason}"


def _plain(fault: UserError) -> str:
    sentence = fault.sentence.rstrip(".")
    return sentence[:1].lower() + sentence[1:]
