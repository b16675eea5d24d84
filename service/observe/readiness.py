"""May it trade, is it ready: the reasons against, from a closed list, weightiest first.

The core decides for itself at every intent; this only says beforehand, for people and probes, what
would stand in the way. No reasons means yes.
"""

from __future__ import annotations

import enum
import time
from typing import Final

import msgspec
import numpy as np

from actors.messages.decision import Reason as VerdictReason
from actors.messages.decision import VerdictSlice
from actors.messages.market import MarketFlag
from actors.messages.risk import TradingState
from actors.risk.standing import Standing

JOURNAL_STUCK_SECONDS: Final = 5.0
SILENCE_SECONDS_LEAST: Final = 5.0
UNPACED_SILENCE_SECONDS: Final = 60.0
_NS: Final = 1e9
_COLD: Final = (VerdictReason.NOT_WARM, VerdictReason.WARM_UP, VerdictReason.NOT_LISTED)
_STALE: Final = int(MarketFlag.STALE)
_NOT_WARM: Final = int(MarketFlag.NOT_WARM)
_NOT_LISTED: Final = int(MarketFlag.NOT_LISTED)


class Blocked(enum.StrEnum):
    """Why nothing new may be entered (or why the service is not ready)."""

    CORE_HALTED = "core_halted"
    TRADING_STATE = "trading_state"
    KILL_LEVEL = "kill_level"
    CAPITAL_FLOOR = "capital_floor"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    RECONCILING = "reconciling"
    UNGUARDED = "unguarded"
    CLOSING = "closing"
    JOURNAL_BEHIND = "journal_behind"
    UNKNOWN_ORDER = "unknown_order"
    NO_PORTFOLIO = "no_portfolio"
    FEED_STALE = "feed_stale"
    NO_FEED = "no_feed"
    MARKET_UNSOUND = "market_unsound"
    NO_MODEL = "no_model"
    NOT_WARM = "not_warm"


UNREADY: Final = frozenset(
    {Blocked.CORE_HALTED, Blocked.CLOSING, Blocked.JOURNAL_BEHIND, Blocked.NO_FEED}
)


class Reason(msgspec.Struct, frozen=True):
    """One reason: its name and a sentence for people."""

    code: Blocked
    text: str


class Situation(msgspec.Struct, frozen=True):
    """What the reasons are drawn from. `silent_seconds` is wall time since the last input.

    `feed_trouble` says why a live feed is not heard, `reconciling` why the venue's lists keep
    entries out, `unguarded` why its dead man's switch may not be armed.
    """

    halted: str
    standing: Standing
    phase: str
    behind: int
    unknown_orders: int
    priced: bool
    flags: np.ndarray
    silent_seconds: float
    speed: float
    stale_after_ns: int
    bundle_id: str
    verdicts: VerdictSlice | None
    feed_trouble: str = ""
    reconciling: str = ""
    unguarded: str = ""


class JournalWatch:
    """Whether durability stands still; judged between looks, so nobody has to time every frame."""

    def __init__(self) -> None:
        self._durable_seq = -1
        self._since = 0.0

    def stuck(self, seq: int, durable_seq: int, now: float | None = None) -> bool:
        """Whether inputs have waited for JOURNAL_STUCK_SECONDS without any becoming durable."""
        now = time.monotonic() if now is None else now
        if seq <= durable_seq:
            self._durable_seq = -1
            return False
        if durable_seq != self._durable_seq:
            self._durable_seq, self._since = durable_seq, now
            return False
        return now - self._since >= JOURNAL_STUCK_SECONDS


def blocked(situation: Situation) -> tuple[Reason, ...]:
    """Every reason against a new entry."""
    found: list[Reason] = []
    standing = situation.standing

    def add(holds: bool, code: Blocked, text: str) -> None:
        if holds:
            found.append(Reason(code, text))

    halted = situation.halted
    add(bool(halted), Blocked.CORE_HALTED, f"the core stands halted: {halted}")
    limited = standing.state is not TradingState.ACTIVE
    why = f"trading is {standing.state.value}: {standing.reason}"
    add(limited and not standing.kill_level, Blocked.TRADING_STATE, why)
    add(standing.kill_level > 0, Blocked.KILL_LEVEL, why)
    add(standing.floored, Blocked.CAPITAL_FLOOR, "equity is not above the capital floor")
    lost = (
        f"{standing.day_loss_micros} millionths were lost today: no entries until the next UTC day"
    )
    add(standing.day_loss_latched, Blocked.DAILY_LOSS_LIMIT, lost)
    add(bool(situation.reconciling), Blocked.RECONCILING, situation.reconciling)
    add(bool(situation.unguarded), Blocked.UNGUARDED, situation.unguarded)
    add(situation.phase != "trading", Blocked.CLOSING, f"the run is {situation.phase}")
    waiting = f"{situation.behind:,} inputs wait to become durable"
    add(situation.behind > 0, Blocked.JOURNAL_BEHIND, waiting)
    unknown = f"{situation.unknown_orders} orders are of unknown outcome"
    add(situation.unknown_orders > 0, Blocked.UNKNOWN_ORDER, unknown)
    add(not situation.priced, Blocked.NO_PORTFOLIO, "the account was not valued yet")
    add(bool(situation.feed_trouble), Blocked.NO_FEED, situation.feed_trouble)
    stale = _stale(situation)
    add(bool(stale), Blocked.FEED_STALE, stale)
    unsound = _unsound(situation)
    add(bool(unsound), Blocked.MARKET_UNSOUND, unsound)
    add(not situation.bundle_id, Blocked.NO_MODEL, "no model is active")
    cold = _cold(situation.verdicts)
    add(bool(cold), Blocked.NOT_WARM, cold)
    return tuple(found)


def remarks(clusters_known: bool, unknown: tuple[str, ...]) -> tuple[str, ...]:
    """What makes entries smaller without standing in their way, in sentences for people."""
    if not clusters_known:
        return ("no map of clusters holds: all symbols count as one risk",)
    if unknown:
        return (f"with too little history these count in every cluster: {', '.join(unknown)}",)
    return ()


def unready(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Those reasons for which the service itself is not ready, whatever the market does."""
    return tuple(reason for reason in reasons if reason.code in UNREADY)


def _stale(situation: Situation) -> str:
    listed = situation.flags[(situation.flags & _NOT_LISTED) == 0]
    if not len(listed) or bool(np.all(listed & _STALE)):
        return "no price is fresh"
    limit = UNPACED_SILENCE_SECONDS
    if situation.speed:
        limit = situation.stale_after_ns / _NS / situation.speed
    limit = max(limit, SILENCE_SECONDS_LEAST)
    if situation.silent_seconds > limit and situation.phase == "trading":
        return f"the feed has been silent for {situation.silent_seconds:.0f} s"
    return ""


def _unsound(situation: Situation) -> str:
    """What no listed symbol is free of: a gap, a crossed book, maintenance, a skewed clock."""
    listed = situation.flags[(situation.flags & _NOT_LISTED) == 0] & ~(_STALE | _NOT_WARM)
    if not len(listed) or not bool(np.all(listed)):
        return ""
    seen = MarketFlag(int(np.bitwise_or.reduce(listed)))
    names = ", ".join(flag.name.lower().replace("_", " ") for flag in seen if flag.name)
    return f"no symbol may be entered: {names}"


def _cold(verdicts: VerdictSlice | None) -> str:
    if verdicts is None:
        return "nothing was decided yet"
    cold = np.isin(verdicts.rows[:, 1], _COLD)
    return "no symbol is warm" if bool(np.all(cold)) else ""
