"""What Kraken's error texts mean for the request they answer: the whole table, as data.

A text is looked up by what stands before its second colon, case-sensitively, then by the longest
row that it begins with; what follows is kept and never decides. A text without a row says nothing:
an order's outcome is then unknown, and a read does not try again. `not_executed` is the venue's
documentation, not our hope. docs/kraken-errors.md is this table.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec


class Action(enum.StrEnum):
    """What the one who asked does next."""

    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"
    HALT = "halt"


class ErrorRow(msgspec.Struct, frozen=True):
    """One text up to its variable part, what to do, and what it means."""

    text: str
    action: Action
    not_executed: bool
    meaning: str


_REFUSED, _RETRY = Action.REFUSED, Action.RETRY
_UNKNOWN, _HALT = Action.UNKNOWN, Action.HALT


def _rows(
    action: Action, not_executed: bool, texts: tuple[tuple[str, str], ...]
) -> tuple[ErrorRow, ...]:
    return tuple(ErrorRow(text, action, not_executed, meaning) for text, meaning in texts)


_KEY_ROWS: Final = _rows(
    _HALT,
    True,
    (
        ("EAPI:Invalid key", "the key is wrong, deleted or revoked"),
        ("EAPI:Invalid signature", "the private key does not belong to the key"),
        ("EAPI:Bad request", "the request is malformed: a fault of ours"),
        ("EAuth:Account temporary disabled", "the venue closed the account for now"),
        ("EAuth:Account unconfirmed", "the account's address is not confirmed"),
        ("EAuth:Failed", "the venue could not tell who asks"),
        ("EAccount:Invalid permissions", "the account may not do this, often by asset and region"),
        ("EGeneral:Permission denied", "the key lacks a permission"),
        ("EGeneral:Temporary lockout", "too many bad requests: stay silent for 15 minutes"),
        ("EGeneral:Invalid User", "the account does not own what it asked for"),
        ("ETrade:Locked", "trading is locked for the account"),
        ("ETrade:User Locked", "trading is locked for the account"),
        ("EBM:limit exceeded", "the account's legal acquisition limit is reached"),
        ("EOrder:Trading agreement required", "the account has to agree to the terms first"),
        ("EGeneral:Unknown Method", "there is no such call: a fault of ours"),
        ("EGeneral:Unknown method", "there is no such call: a fault of ours"),
    ),
)
_MARGIN_ROWS: Final = _rows(
    _HALT,
    True,
    (
        ("EOrder:Cannot open position", "margin: this service trades cash only"),
        ("EOrder:Cannot open opposing position", "margin: this service trades cash only"),
        ("EOrder:Insufficient margin", "margin: this service trades cash only"),
        ("EOrder:Insufficient initial margin", "margin: this service trades cash only"),
        ("EOrder:Margin allowance exceeded", "margin: this service trades cash only"),
        ("EOrder:Margin level too low", "margin: this service trades cash only"),
        ("EOrder:Margin position size exceeded", "margin: this service trades cash only"),
        ("EOrder:Margin", "margin: this service trades cash only"),
        ("EOrder:Reduce only", "margin: this service trades cash only"),
        ("EOrder:Unknown position", "margin: this service trades cash only"),
        ("EOrder:Positions limit exceeded", "margin: this service trades cash only"),
    ),
)
_WAIT_ROWS: Final = _rows(
    _RETRY,
    True,
    (
        ("EAPI:Invalid nonce", "a larger one is needed; twice in a row: another process has it"),
        ("EAPI:Rate limit exceeded", "the call counter is full: wait 5 to 15 s"),
        ("EAuth:Rate limit exceeded", "too many sign-ins: wait"),
        ("EAuth:Too many requests", "too many sign-ins: wait"),
        ("EGeneral:Too many requests", "too many calls from this address: wait"),
        ("EService:Throttled", "too many calls at once: wait until the second that it names"),
        ("EOrder:Rate limit exceeded", "the pair's counter is full: let it decay"),
        ("EOrder:Domain rate limit exceeded", "the counter of all sub-accounts is full"),
        ("EService:Market in cancel_only mode", "only cancels until the status changes"),
        ("EService:Market in post_only mode", "only post-only orders until the status changes"),
        ("EService:Market in limit_only mode", "no market orders until the status changes"),
        ("EService:Market in reduce_only mode", "only closing orders until the status changes"),
        ("EService:Market in maintenance mode", "nothing until the status changes"),
        ("EOrder:Orders limit exceeded", "too many open orders in the pair: end some first"),
        ("EOrder:Scheduled orders limit exceeded", "too many waiting orders: end some first"),
        ("ESession:Invalid session", "the socket's token is worn out: take a new one first"),
        ("Token(s) not found", "the socket's token is worn out: take a new one first"),
        ("EEarnings:Busy", "another allocation is under way"),
    ),
)
_LOST_ROWS: Final = (
    *_rows(
        _UNKNOWN,
        False,
        (
            ("EService:Unavailable", "the venue cannot say what became of the request"),
            ("EService:Busy", "the venue cannot say what became of the request"),
            ("EService:Timeout", "the venue cannot say what became of the request"),
            ("EGeneral:Internal error", "the venue cannot say what became of the request"),
            ("EDatabase:Internal error", "the venue cannot say what became of the request"),
        ),
    ),
    *_rows(
        _UNKNOWN,
        True,
        (("EService:Deadline elapsed", "not matched after its deadline; look it up once"),),
    ),
)
_ORDER_ROWS: Final = _rows(
    _REFUSED,
    True,
    (
        ("EOrder:Insufficient funds", "too little of the asset is free"),
        ("EOrder:Order minimum not met", "smaller than the pair's smallest quantity"),
        ("EOrder:Cost minimum not met", "smaller than the pair's smallest cost"),
        ("EOrder:Tick size check failed", "the price is not on the pair's grid"),
        ("EOrder:Invalid price", "the price is none for this pair"),
        ("EOrder:Post only order", "it would have taken: reprice"),
        ("EOrder:Unknown order", "already over or never there, not cancelled by this: look it up"),
        ("EOrder:Invalid order", "already over or never there, not cancelled by this: look it up"),
        ("ETrade:Invalid request", "the trade request is malformed"),
        ("EAPI:Invalid arguments", "an argument is wrong; the rest of the text names it"),
        ("EAPI:Feature disabled", "the venue does not offer this now"),
        ("EGeneral:Invalid arguments", "an argument is wrong; the rest of the text names it"),
        ("EQuery:Unknown asset", "no such asset: read Assets again"),
        ("EQuery:Unknown asset pair", "no such pair: read AssetPairs again"),
        ("EQuery:Invalid asset pair", "no such pair: read AssetPairs again"),
    ),
)
_FUNDING_ROWS: Final = _rows(
    _REFUSED,
    True,
    (
        ("EFunding:Failed", "this service never moves funds in or out"),
        ("EFunding:Invalid amount", "this service never moves funds in or out"),
        ("EFunding:Invalid reference id", "this service never moves funds in or out"),
        ("EFunding:Invalid staking method", "this service never moves funds in or out"),
        ("EFunding:Max fee exceeded", "this service never moves funds in or out"),
        ("EFunding:No funding method", "this service never moves funds in or out"),
        ("EFunding:Too many addresses", "this service never moves funds in or out"),
        ("EFunding:Unknown asset", "this service never moves funds in or out"),
        ("EFunding:Unknown reference id", "this service never moves funds in or out"),
        ("EFunding:Unknown withdraw key", "this service never moves funds in or out"),
        ("EEarnings:Above max", "this service never allocates funds"),
        ("EEarnings:Below min", "this service never allocates funds"),
        ("EEarnings:Insufficient funds", "this service never allocates funds"),
        ("EEarnings:Permission denied", "this service never allocates funds"),
    ),
)
ROWS: Final = (
    *_KEY_ROWS,
    *_MARGIN_ROWS,
    *_WAIT_ROWS,
    *_LOST_ROWS,
    *_ORDER_ROWS,
    *_FUNDING_ROWS,
)
"""Every text that is known, each once."""

_BY_TEXT: Final = {row.text: row for row in ROWS}
_LONGEST_FIRST: Final = tuple(sorted(ROWS, key=lambda row: (-len(row.text), row.text)))
_THROTTLED: Final = re.compile(r"EService:Throttled:\s*(\d{10})(?:\.\d+)?(?!\d)", re.ASCII).match
_SEVEREST_FIRST: Final = (Action.UNKNOWN, Action.HALT, Action.REFUSED, Action.RETRY)


def row_of(text: str) -> ErrorRow | None:
    """The row for a text, None where the table has none."""
    exact = _BY_TEXT.get(":".join(text.split(":", 2)[:2]).rstrip())
    if exact is not None:
        return exact
    for row in _LONGEST_FIRST:
        if text.startswith(row.text) and not text[len(row.text) : len(row.text) + 1].isalnum():
            return row
    return None


def action_of(text: str) -> Action:
    """What a refusal means for an order: a text that the table lacks leaves its outcome unknown."""
    row = row_of(text)
    return Action.UNKNOWN if row is None else row.action


def is_warning(text: str) -> bool:
    """Whether a text is a remark beside a valid result."""
    return text.startswith("W")


def severest(texts: Iterable[str]) -> list[str]:
    """The errors among `texts`, the one that says most about the request first, no warning."""
    errors = [text for text in texts if not is_warning(text)]
    return sorted(errors, key=lambda text: _SEVEREST_FIRST.index(action_of(text)))


def has_no_row(texts: Sequence[str]) -> bool:
    """Whether any of the texts is one that nobody wrote down."""
    return any(row_of(text) is None for text in texts)


def throttled_until(text: str) -> int | None:
    """The second since 1970 that a throttled request may come again at, None where none is told."""
    found = _THROTTLED(text)
    return int(found[1]) if found else None
