"""The trading state: what an operator, a drawdown or a broken invariant leaves allowed.

Three independent causes, each latched: the operator's kill level (only an operator moves it), the
drawdown halt and the constraint halt (only a person's reactivation lifts them). Beside the state,
the loss of a UTC day closes entries until the next one, and the capital floor while it is reached.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.instant import DAY_NS, floor_to
from actors.losses import fall_micros
from actors.messages.risk import TradingState
from actors.risk.profile import RiskProfile

KILL_LEVEL_MAX: Final = 3
NO_DAY: Final = -1


class Standing(msgspec.Struct):
    """Why trading is limited; all empty means Active.

    `reviewed_micros` is the drawdown that a person has looked at and accepted. `day` begins the UTC
    day (NO_DAY before the first portfolio), `day_least_micros` is its least drawdown so far,
    `day_loss_micros` the greatest loss of it. `floored` says that the capital floor is reached.
    """

    kill_level: int = 0
    kill_reason: str = ""
    halt_reason: str = ""
    drawdown_latched: bool = False
    drawdown_micros: int = 0
    reviewed_micros: int = 0
    day: int = NO_DAY
    day_least_micros: int = 0
    day_loss_micros: int = 0
    day_loss_latched: bool = False
    floored: bool = False

    @property
    def state(self) -> TradingState:
        """The one state that follows: Halted over Reducing over Active."""
        if self.halt_reason:
            return TradingState.HALTED
        if self.kill_level > 0 or self.drawdown_latched:
            return TradingState.REDUCING
        return TradingState.ACTIVE

    @property
    def reason(self) -> str:
        """The weightiest cause, in words."""
        if self.halt_reason:
            return self.halt_reason
        if self.kill_level > 0:
            return f"kill level {self.kill_level}: {self.kill_reason}"
        return "drawdown halt" if self.drawdown_latched else "active"

    def halt_at_micros(self, profile: RiskProfile) -> int:
        """The drawdown that halts: the profile's, or a step beyond what a person accepted."""
        if self.reviewed_micros == 0:
            return profile.halt_drawdown_micros
        return self.reviewed_micros + profile.halt_again_step_micros

    def kill(self, level: int, reason: str) -> None:
        """Set the operator's level; above the highest is the highest, below zero is void."""
        if level >= 0:
            self.kill_level = min(level, KILL_LEVEL_MAX)
            self.kill_reason = reason

    def halt(self, reason: str) -> None:
        """An invariant broke: nothing passes until a person reactivates. The first cause stays."""
        self.halt_reason = self.halt_reason or reason

    def observe_drawdown(self, drawdown_micros: int, profile: RiskProfile) -> None:
        """Latch the drawdown halt at its boundary; forget a review once the account recovered."""
        self.drawdown_micros = drawdown_micros
        if drawdown_micros < profile.halt_drawdown_micros:
            self.reviewed_micros = 0
        if drawdown_micros >= self.halt_at_micros(profile):
            self.drawdown_latched = True

    def observe_day(self, drawdown_micros: int, at: int, profile: RiskProfile) -> None:
        """Latch the loss of the day at its limit; the first portfolio of a UTC day opens the day.

        Nobody lifts the latch before: a loss that was reviewed is still a loss of this day.
        """
        day = floor_to(at, DAY_NS)
        if day != self.day:
            self.day, self.day_least_micros = day, drawdown_micros
            self.day_loss_micros, self.day_loss_latched = 0, False
        self.day_least_micros = min(self.day_least_micros, drawdown_micros)
        loss = fall_micros(self.day_least_micros, drawdown_micros)
        self.day_loss_micros = max(self.day_loss_micros, loss)
        if self.day_loss_micros >= profile.daily_loss_max_micros:
            self.day_loss_latched = True

    def reactivate(self, profile: RiskProfile) -> None:
        """A person accepts what stands: halts are lifted, the operator's kill level is not."""
        self.halt_reason = ""
        if self.drawdown_latched:
            self.drawdown_latched = False
            if self.drawdown_micros >= profile.halt_drawdown_micros:
                self.reviewed_micros = self.drawdown_micros
