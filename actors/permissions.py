"""What may be done in which situation: one table, from which gates take whom they stop.

Rows are situations, columns deeds. A gate asks `forbids`; docs/risk-rules.md shows the table as
it stands here. A test drives every cell through strategy, risk, orders and ledger, but for safe
mode, where the core stands and the service alone acts.
"""

from __future__ import annotations

import enum
from typing import Final


class Situation(enum.StrEnum):
    """What stands over an account, or over one symbol of it."""

    ACTIVE = "Active"
    REDUCING = "Reducing"
    DRAWDOWN_HALT = "drawdown halt"
    LOSS_LIMIT = "capital floor, daily loss"
    NO_NEW_RISK = "kill level 1"
    REDUCE_ONLY = "kill level 2"
    FLATTEN = "kill level 3"
    HALTED = "Halted"
    SAFE_MODE = "safe mode"
    NO_MODEL = "no model"
    STALE_PRICE = "stale price, crossed book"
    UNKNOWN_ORDER = "its order UNKNOWN"


class Deed(enum.StrEnum):
    """What somebody wants done. An operator's exit is kill level 3: everything is sold by limit."""

    ENTRY = "entry"
    STRATEGY_EXIT = "strategy exit"
    OPERATOR_EXIT = "operator exit"
    AMEND_EXIT = "amend an exit"
    AMEND_ENTRY = "amend an entry"
    CANCEL = "cancel"


class Answer(enum.StrEnum):
    """Whether it is done; what is not a plain yes or no says within which bounds it is."""

    YES = "yes"
    NO = "no"
    NEVER = "never"
    ALL = "all, whatever the model says"
    LAST_BID = "at the last bid"
    FREE = "what is proven free"
    FLATTEN = "at kill level 3"

    @property
    def refuses(self) -> bool:
        """Whether nothing is done."""
        return self in {Answer.NO, Answer.NEVER}


_REDUCES: Final = (Answer.NO, Answer.YES, Answer.YES, Answer.YES, Answer.NEVER, Answer.YES)
_SHUT: Final = (Answer.NO, Answer.NO, Answer.NO, Answer.NO, Answer.NEVER, Answer.YES)
_ROWS: Final = {
    Situation.ACTIVE: (Answer.YES, *_REDUCES[1:]),
    Situation.REDUCING: _REDUCES,
    Situation.DRAWDOWN_HALT: _REDUCES,
    Situation.LOSS_LIMIT: _REDUCES,
    Situation.NO_NEW_RISK: _REDUCES,
    Situation.REDUCE_ONLY: _REDUCES,
    Situation.FLATTEN: (
        Answer.NO,
        Answer.ALL,
        Answer.YES,
        Answer.ALL,
        Answer.NEVER,
        Answer.YES,
    ),
    Situation.HALTED: _SHUT,
    Situation.SAFE_MODE: _SHUT,
    Situation.NO_MODEL: (
        Answer.NO,
        Answer.NO,
        Answer.YES,
        Answer.FLATTEN,
        Answer.NEVER,
        Answer.YES,
    ),
    Situation.STALE_PRICE: (
        Answer.NO,
        Answer.NO,
        Answer.LAST_BID,
        Answer.NO,
        Answer.NEVER,
        Answer.YES,
    ),
    Situation.UNKNOWN_ORDER: (
        Answer.NO,
        Answer.FREE,
        Answer.FREE,
        Answer.NO,
        Answer.NEVER,
        Answer.YES,
    ),
}
TABLE: Final = {
    situation: dict(zip(Deed, answers, strict=True)) for situation, answers in _ROWS.items()
}


def forbids(situation: Situation, deed: Deed) -> bool:
    """Whether the situation lets nothing of the kind be done."""
    return TABLE[situation][deed].refuses


def document() -> str:
    """The table as docs/risk-rules.md shows it."""
    lines = ["| situation | " + " | ".join(Deed) + " |", "| --- |" + " --- |" * len(Deed)]
    for situation, answers in TABLE.items():
        lines.append(f"| {situation} | " + " | ".join(answers.values()) + " |")
    return "\n".join(lines) + "\n"
