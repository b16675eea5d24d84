"""Days that broke accounts, replayed from recorded candles through the same actor graph.

What is tested is the brake, so the model of these days is one that never learns: it is sure of a
rise for eight hours and sure of a fall for four, whatever happens. A watcher looks at every record
of every step; what it counts is its own sum, not what risk says of itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from actors.instant import HOUR_NS, SECOND_NS
from actors.kernel.envelope import Input
from actors.kernel.step import StepResult
from actors.messages.control import Deposit, RunStarted
from actors.messages.decision import Reason, Side
from actors.messages.ledger import PortfolioHour
from actors.messages.prediction import COLUMNS
from actors.messages.risk import IntentApproved, IntentRefused, TradingStateChanged
from actors.model_statement import ModelStatement
from actors.profiles.presets import PRESETS
from actors.risk.profile import MICROS, RiskProfile
from actors.strategy.profile import StrategyProfile
from service.feeds import candle_feed, rules_of
from service.graph import build_graph
from service.settings import DecisionSettings

WARM_UP: Final = 200
SALES: Final = frozenset(
    {
        Reason.THESIS_BROKEN,
        Reason.THESIS_MIXED,
        Reason.EDGE_FADED,
        Reason.RECOVERY_HOPELESS,
        Reason.RECOVERY_REDUCED,
    }
)
"""What the model says of the future; a loss or a timer is none of them."""
_UP: Final = (700_000, 30_000, 5_000, *(700_000, 30_000) * 3, 500_000, 300_000)
_DOWN: Final = (300_000, -30_000, 5_000, *(300_000, -30_000) * 3, 300_000, 600_000)
KRAKEN: Final = ("kraken/ohlcvt/avkhimen__XBTUSD_60.csv.gz",)
COINS: Final = tuple(
    f"binance/1h/Mounik__{coin}_USDT-1h.feather"
    for coin in ("ADA", "DOT", "ETH", "LINK", "LTC", "SOL", "XLM", "XRP")
)


class Days(msgspec.Struct, frozen=True):
    """A stretch of days, by UTC dates (the last one excluded), and the files that tell of it."""

    name: str
    begins: str
    ends: str
    files: tuple[str, ...]

    @property
    def span_ns(self) -> tuple[int, int]:
        """First and last instant."""
        first, last = (datetime.fromisoformat(each) for each in (self.begins, self.ends))
        return tuple(  # type: ignore[return-value]
            int(each.replace(tzinfo=UTC).timestamp()) * SECOND_NS for each in (first, last)
        )


DAYS: Final = (
    Days("March 2020, BTC", "2020-02-20", "2020-04-01", KRAKEN),
    Days("May 2021, BTC", "2021-05-01", "2021-06-15", KRAKEN),
    Days("May 2021, nine coins", "2021-05-01", "2021-06-15", (*KRAKEN, *COINS)),
    Days("November 2022, BTC", "2022-10-25", "2022-12-10", KRAKEN),
    Days("November 2022, nine coins", "2022-10-25", "2022-12-10", (*KRAKEN, *COINS)),
)
_CANDLES: Final = {"mark_max_age_ns": 2 * HOUR_NS}
CAUTIOUS: Final = (StrategyProfile(), RiskProfile(**_CANDLES))
BOLD: Final = (
    StrategyProfile(**PRESETS["bold"]["strategy"]),
    RiskProfile(**PRESETS["bold"]["risk"], **_CANDLES),
)
RECKLESS: Final = (
    StrategyProfile(base_fraction_micros=MICROS),
    RiskProfile(
        base_risk_micros=MICROS,
        position_cap_micros=MICROS,
        exposure_cap_micros=MICROS,
        cluster_cap_micros=MICROS,
        quote_cap_usd_micros=MICROS,
        normal_cap_micros=MICROS,
        caution_cap_micros=500_000,
        defence_cap_micros=250_000,
        daily_loss_max_micros=MICROS,
        loss_cool_down_ns=0,
        **_CANDLES,
    ),
)
"""Everything in one coin, no limit of a day: beyond all bounds, so that every tier is reached."""
PROFILES: Final = {"cautious": CAUTIOUS, "bold": BOLD, "reckless": RECKLESS}


MODEL: Final = ModelStatement(
    "stubborn", "stubborn", "", "", "REFUSED", 1, 2, 0, activation="", reason="stress"
)


class Stubborn:
    """Eight predictions up, four down, and so on; it hears no market."""

    bundle_id = "stubborn"
    marker = ""

    def __init__(self) -> None:
        self._asked = 0

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The same of every symbol, int32[N, 11]."""
        self._asked += 1
        rows = np.empty((len(features), COLUMNS), dtype="<i4")
        rows[:] = _UP if self._asked % 12 < 8 else _DOWN
        return rows


@dataclass
class Watched:
    """What happened, and what must not; `path` is instant, equity and drawdown of every hour."""

    begins: int
    path: list[tuple[int, Decimal, int]] = field(default_factory=list)
    tiers: dict[str, int] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    bought: int = 0
    sold: int = 0
    halted_at: int = 0
    bought_after_halt: int = 0
    broken: list[str] = field(default_factory=list)
    highest_exposure: float = 0.0
    highest_position: float = 0.0

    @property
    def worst(self) -> int:
        """The greatest drawdown, in millionths."""
        return max((drawdown for _, _, drawdown in self.path), default=0)

    def see(self, at: int, result: StepResult) -> None:
        """Look at every record of a step."""
        for each in (envelope.body for envelope in result.records):
            if isinstance(each, PortfolioHour):
                self.path.append((at, each.state.equity, each.state.drawdown))
                if each.state.cash_free < 0 or any(p.quantity < 0 for p in each.state.positions):
                    self.broken.append(f"{at}: negative cash or holding")
            elif isinstance(each, IntentApproved):
                self.approved(each, at)
            elif isinstance(each, IntentRefused):
                self.refusals[each.reason.value] += 1
            elif isinstance(each, TradingStateChanged) and "drawdown" in each.reason:
                self.halted_at = self.halted_at or at

    def approved(self, approved: IntentApproved, at: int) -> None:
        """Add an approval up, and say what of it must not be."""
        intent, seen = approved.intent, approved.admission
        if intent.side is Side.SELL:
            self.sold += 1
            if intent.reason not in SALES:
                self.broken.append(f"{at}: sold for {intent.reason.name}")
            return
        self.bought += 1
        self.bought_after_halt += bool(self.halted_at)
        self.tiers.setdefault(seen.tier, at)
        worth = approved.quantity * intent.limit_price
        if seen.symbol_worth + worth > seen.position_cap:
            self.broken.append(f"{at}: position above its cap")
        if seen.total_worth + worth > seen.exposure_cap:
            self.broken.append(f"{at}: exposure above its cap")
        if worth * (1 + seen.taker_fee) > seen.cash_free:
            self.broken.append(f"{at}: more than free cash")
        if seen.drawdown >= seen.halt_at:
            self.broken.append(f"{at}: bought in a drawdown halt")
        # Figures for people, not money.
        position = float(seen.symbol_worth + worth) / float(seen.equity)
        exposure = float(seen.total_worth + worth) / float(seen.equity)
        self.highest_position = max(self.highest_position, position)
        self.highest_exposure = max(self.highest_exposure, exposure)


def replayed(days: Days, profile: str, data: Path, hours: int = 0) -> Watched:
    """The days under a profile; only the first `hours` of them when that is above 0."""
    files = tuple(data / each for each in days.files)
    feed = candle_feed(files, symbol="", as_quote="USD" if len(files) > 1 else "")
    begins, ends = days.span_ns
    if hours:
        ends = begins + hours * HOUR_NS
    strategy, risk = PROFILES[profile]
    settings = DecisionSettings(strategy=strategy, risk=risk, beyond_bounds=True)
    kernel = build_graph(settings, rules_of(feed.symbols), Stubborn()).kernel
    found = Watched(begins)
    for entry in _inputs(feed.items(begins - WARM_UP * HOUR_NS), feed.symbols, ends):
        found.see(entry.at, kernel.step(entry))
    return found


def _inputs(items: Iterator[object], symbols: tuple[str, ...], ends: int) -> Iterator[Input]:
    seq = 0
    for item in items:
        at, body = item.at, item.body  # type: ignore[attr-defined]
        if at >= ends:
            return
        if not seq:
            told = ("", "", "", "", Stubborn.bundle_id, "", "")
            start = RunStarted("stress", "stress", "BACKTEST", 1, symbols, *told, model=MODEL)
            yield Input(1, at, start)
            yield Input(2, at, Deposit("USD", Decimal("10000.0000"), "opening balance", at))
            seq = 2
        seq += 1
        yield Input(seq, at, body)
