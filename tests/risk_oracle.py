"""An oracle of risk: the plainest books it can keep, which judge every approval.

It goes by the words of the rules (last portfolio, approvals since, what still works), never by the
code of the ladder.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from actors.instant import DAY_NS, MINUTE_NS
from actors.instruments import Instrument
from actors.messages.base import Message
from actors.messages.control import ActorRestarted, ConstraintViolated, KillSwitch, Reactivate
from actors.messages.decision import Side
from actors.messages.feature import FeatureSlice
from actors.messages.ledger import PortfolioState, TradeClosed
from actors.messages.market import MarkSlice
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.prediction import PredictionSlice
from actors.messages.risk import ClustersComputed, IntentApproved, IntentRefused
from actors.risk.profile import RiskConfig, RiskProfile
from models.features.catalogue import FEATURE_NAMES
from tests.spoken_model import BUNDLE

D = Decimal
STRANGER = "ODDUSD"
SYMBOLS = ("ABCUSD", "ABCCAD", "GHIUSD")
CONFIG = RiskConfig(
    tuple(
        Instrument(
            symbol=symbol,
            base=symbol[:3],
            quote=symbol[3:],
            tick=D("0.1"),
            lot=D("0.001"),
            quantity_min=D("0.01"),
            cost_min=D("5"),
            quote_decimals=2,
            maker_fee=D("0.0025"),
            taker_fee=D("0.0040"),
        )
        for symbol in SYMBOLS
    ),
    RiskProfile(
        base_risk_micros=40_000,
        cluster_cap_micros=40_000,
        quote_cap_usd_micros=0,
        quote_cap_usd_amount=450,
        capital_floor_amount=100,
        daily_loss_max_micros=150_000,
        entries_per_minute_max_count=3,
    ),
)
PROFILE = CONFIG.profile
VOLATILITY = FEATURE_NAMES.index("volatility_72")
TWO_HOURS = 2 * 60 * MINUTE_NS
ENDED = (
    OrderState.FILLED,
    OrderState.CANCELLED,
    OrderState.REJECTED,
    OrderState.EXPIRED,
    OrderState.NOT_SENT,
)


class Oracle:
    """The plainest books: what must be true of an approval, whatever happened before."""

    def __init__(self) -> None:
        self.kill_level = 0
        self.halted = False
        self.latched = False
        self.reviewed = False
        self.day = -1
        self.best_today = 0
        self.lost_today = False
        self.lost_at: dict[str, int] = {}
        self.entered_at: list[int] = []
        self.marks: MarkSlice | None = None
        self.marked_at = 0
        self.blocked_until = 0
        self.said: PredictionSlice | None = None
        self.moved: FeatureSlice | None = None
        self.portfolio: PortfolioState | None = None
        self.working: dict[int, IntentApproved] = {}
        self.filled: dict[int, Decimal] = {}
        self.unknown: set[int] = set()
        self.unseen: set[int] = set()
        self.clusters: ClustersComputed | None = None

    def hear(self, message: Message, at: int) -> None:
        match message:
            case MarkSlice(warm_up=False):
                self.marks, self.marked_at = message, at
            case PredictionSlice():
                self.said = message
            case FeatureSlice():
                self.moved = message
            case ClustersComputed():
                told = [*message.unknown, *(each for _, many in message.clusters for each in many)]
                newest = self.clusters is None or self.clusters.as_of <= message.as_of
                if sorted(told) == sorted(SYMBOLS) and newest:
                    self.clusters = message
            case PortfolioState():
                self.portfolio = message
                self.unseen.clear()
                self.reviewed &= message.drawdown >= PROFILE.halt_drawdown_micros
                self.hear_of_loss(message.drawdown, at)
                fell = message.drawdown >= PROFILE.halt_drawdown_micros
                self.latched |= fell and not self.reviewed
                grace = at - PROFILE.approval_grace_ns
                for number, each in list(self.working.items()):
                    if each.intent.decided_at < grace:
                        self.end(number)
            case TradeClosed(symbol=symbol) if message.realised < 0:
                self.lost_at[symbol] = at
            case KillSwitch(level=level) if level >= 0:
                self.kill_level = level
            case ConstraintViolated():
                self.halted = True
            case Reactivate():
                self.halted = False
                self.reviewed |= self.latched
                self.latched = False
            case ActorRestarted():
                self.blocked_until = at + PROFILE.restart_hold_off_ns
            case IntentRefused(intent_no=number):
                self.end(number)
            case OrderUpdate(intent_no=number) if number in self.working:
                self.filled[number] = max(self.filled[number], message.filled)
                if message.state is OrderState.UNKNOWN:
                    self.unknown.add(number)
                else:
                    self.unknown.discard(number)
                if message.state in ENDED:
                    self.end(number)

    def hear_of_loss(self, drawdown: int, at: int) -> None:
        """In unit values of a peak of one million."""
        unit, day = 1_000_000 - drawdown, at // DAY_NS
        if day != self.day:
            self.day, self.best_today, self.lost_today = day, unit, False
        self.best_today = max(self.best_today, unit)
        least = self.best_today * (1_000_000 - PROFILE.daily_loss_max_micros)
        self.lost_today |= self.best_today <= 0 or unit * 1_000_000 <= least

    def end(self, number: int) -> None:
        self.working.pop(number, None)
        self.unknown.discard(number)
        self.unseen.discard(number)

    def judge(self, approval: IntentApproved, at: int) -> None:
        assert not self.halted
        if approval.intent.side is Side.BUY:
            self.judge_entry(approval, at)
        else:
            self.judge_exit(approval)
        self.working[approval.intent.intent_no] = approval
        self.filled[approval.intent.intent_no] = D(0)
        self.unseen.add(approval.intent.intent_no)

    def others(self, side: Side, numbers: Any, symbol: str = "") -> list[IntentApproved]:
        return [
            self.working[number]
            for number in numbers
            if self.working[number].intent.side is side
            and symbol in {"", self.working[number].intent.symbol}
        ]

    def judge_entry(self, approval: IntentApproved, at: int) -> None:
        intent, portfolio, marks = approval.intent, self.portfolio, self.marks
        assert self.kill_level == 0
        assert portfolio is not None
        assert portfolio.equity > PROFILE.capital_floor_amount
        assert not self.lost_today
        assert not self.latched
        assert portfolio.unmarked * 100 <= portfolio.equity
        assert marks is not None
        assert at - self.marked_at <= PROFILE.mark_max_age_ns
        assert not marks.flags.any()
        assert np.isfinite(marks.rows[:, :2]).all()
        _, _, _, _, spread, depth = marks.rows[SYMBOLS.index(intent.symbol)]
        assert spread * 1_000_000 <= PROFILE.spread_max_micros
        assert depth >= PROFILE.depth_min_quote
        lost_at = self.lost_at.get(intent.symbol)
        assert lost_at is None or at - lost_at > PROFILE.loss_cool_down_ns
        self.entered_at = [each for each in self.entered_at if each >= at - MINUTE_NS] + [at]
        assert len(self.entered_at) <= PROFILE.entries_per_minute_max_count
        assert at > self.blocked_until
        assert intent.symbol in SYMBOLS
        assert not self.others(Side.BUY, self.unknown, intent.symbol)
        rules = CONFIG.instruments[SYMBOLS.index(intent.symbol)]
        cost = rules.cost_of(approval.quantity, intent.limit_price)
        assert cost <= intent.notional
        assert rules.meets_minimum(approval.quantity, intent.limit_price)
        assert rules.is_on_lot(approval.quantity)

        self.judge_cap(approval, self.risk_of(intent.symbol, at), (intent.symbol,))
        claims = [*self.others(Side.BUY, self.unseen), approval]
        holds = [rules.hold_of(each.quantity, each.intent.limit_price) for each in claims]
        assert sum(holds) <= portfolio.cash_free
        cap = min(PROFILE.tier(portfolio.drawdown).position_cap_micros, PROFILE.position_cap_micros)
        share = portfolio.equity / 1_000_000
        self.judge_cap(approval, share * cap, (intent.symbol,))
        self.judge_cap(approval, share * PROFILE.exposure_cap_micros, (*SYMBOLS, STRANGER))
        for one_risk in self.risks_of(intent.symbol, at):
            self.judge_cap(approval, share * PROFILE.cluster_cap_micros, one_risk)
        one_quote = tuple(each for each in SYMBOLS if each[3:] == intent.symbol[3:])
        usd = D(PROFILE.quote_cap_usd_amount)
        cad = share * PROFILE.quote_cap_cad_micros
        most = usd if intent.symbol.endswith("USD") else cad
        self.judge_cap(approval, most, (*one_quote, STRANGER))

    def risks_of(self, symbol: str, at: int) -> list[tuple[str, ...]]:
        """All that it may be one risk with; one answer for each cluster that it may be in."""
        told = self.clusters
        if told is None or at >= told.valid_until:
            return [(*SYMBOLS, STRANGER)]
        anywhere = (*told.unknown, STRANGER)
        every = [(*members, *anywhere) for _, members in told.clusters] or [anywhere]
        return [each for each in every if symbol in each]

    def risk_of(self, symbol: str, at: int) -> Fraction:
        """The most of a symbol, by what the model said and by how much it moved."""
        said, moved, index = self.said, self.moved, SYMBOLS.index(symbol)
        assert said is not None
        assert moved is not None
        assert said.bundle_id == BUNDLE
        assert at - said.close_ts <= TWO_HOURS
        assert at - moved.close_ts <= TWO_HOURS
        p_up, hourly = said.rows[index, 0].item(), moved.rows[index, VOLATILITY].item()
        assert 0 <= p_up <= 1_000_000
        assert 0 < hourly < 1_000
        scale = min(
            max(Fraction("0.02") / Fraction(hourly * 24**0.5), Fraction(1, 2)), Fraction(3, 2)
        )
        sure = min(max(Fraction(p_up - 560_000, 60_000), Fraction(0)), Fraction(1))
        assert self.portfolio is not None
        share = Fraction(PROFILE.base_risk_micros, 1_000_000) * scale * (1 + sure) / 2
        return Fraction(self.portfolio.equity) * share

    def judge_cap(
        self, approval: IntentApproved, most: Decimal | Fraction, symbols: tuple[str, ...]
    ) -> None:
        portfolio = self.portfolio
        assert portfolio is not None
        worth = sum(
            max(position.value, D(0))
            for position in portfolio.positions
            if position.symbol in symbols
        )
        for symbol in symbols:
            for each in self.others(Side.BUY, self.working, symbol):
                open_quantity = each.quantity - self.filled[each.intent.intent_no]
                worth += max(open_quantity, D(0)) * each.intent.limit_price
        spent = worth + approval.quantity * approval.intent.limit_price
        assert Fraction(spent) <= Fraction(most)

    def judge_exit(self, approval: IntentApproved) -> None:
        intent, portfolio = approval.intent, self.portfolio
        assert portfolio is not None
        (position,) = [each for each in portfolio.positions if each.symbol == intent.symbol]
        others = self.others(Side.SELL, self.unseen, intent.symbol)
        sold = sum(each.quantity for each in others) + approval.quantity
        assert approval.quantity == intent.quantity > 0
        assert sold <= min(position.free, position.quantity)
