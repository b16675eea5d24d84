"""Strategy, risk, orders and ledger around a model venue: brought into a situation, asked a deed.

An account of 0.01 XBT and cash, a sound market, a model that holds. What a deed comes to is what
reaches the venue, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np

from actors.messages.arrays import sealed, sealed_ints
from actors.messages.base import Message
from actors.messages.control import ConstraintViolated, KillSwitch
from actors.messages.decision import AmendIntent, OrderIntent, Side
from actors.messages.market import MARK_COLUMNS, MarketFlag, MarkSlice
from actors.messages.order import AmendOrder, CancelOrder, OrderState, SubmitOrder
from actors.messages.prediction import MISSING, PredictionSlice
from actors.messages.risk import IntentRefused, Refusal
from actors.orders.state import OrdersConfig
from actors.permissions import Answer, Deed, Situation
from actors.risk.actor import RiskActor
from actors.risk.profile import RiskConfig, RiskProfile
from actors.risk.state import initial_state as risk_state
from actors.strategy.actor import StrategyActor
from actors.strategy.campaigns import Campaign
from actors.strategy.config import StrategyConfig
from actors.strategy.state import initial_state as strategy_state
from tests.books import INSTRUMENTS, SECOND, approved, of
from tests.known_clusters import by_base
from tests.outside_books import OutsideBooks
from tests.spoken_model import BUNDLE, activated, moved
from tests.strategy_desk import QUICK, spoken

HOLD: Final = (500_000, 5_000, 0)
STRONG: Final = (700_000, 60_000, 0)
FADED: Final = (500_000, 0, 0)
BROKEN: Final = (380_000, -10_000, 0)
NOTHING: Final = (MISSING, MISSING, MISSING)
XBT, ETH = 0, 1
RULES: Final = tuple(INSTRUMENTS.values())
POSITION: Final = Decimal("0.01000000")
# The position may be all there is: what it is worth must not close entries by itself.
LIMITS: Final = RiskProfile(exposure_cap_micros=1_000_000, quote_cap_usd_micros=1_000_000)
BIDS: Final = (50_000.0, 2_000.0)
Row = tuple[int, int, int]


class PermissionDesk(OutsideBooks):
    """The account; `bids` are what the market bids, `flags` what is wrong with it."""

    def __init__(self) -> None:
        orders = OrdersConfig(
            INSTRUMENTS,
            venue_in_graph=False,
            capital_floor_amount=LIMITS.capital_floor_amount,
            daily_loss_max_micros=LIMITS.daily_loss_max_micros,
        )
        super().__init__(orders=orders, USD="120.00", XBT="0.01000000")
        strategy = StrategyConfig(RULES, QUICK)
        risk = RiskConfig(RULES, LIMITS)
        state = strategy_state(strategy)
        self.actors["strategy"] = StrategyActor(strategy, state)
        self.actors["risk"] = RiskActor(risk, risk_state(risk))
        self.start("second", model=activated())
        self.send(by_base(RULES))
        self.bids, self.flags, self.bundle_id = list(BIDS), [0, 0], BUNDLE
        self.read()
        symbol, paid = RULES[XBT].symbol, Decimal("450.00")
        state.campaigns[symbol] = Campaign(1, symbol, self.at, paid, POSITION, paid)
        self.say()

    def look(self) -> list[Message]:
        """The market as it is now."""
        row = dict.fromkeys(MARK_COLUMNS, 0.0)
        rows = [
            list((row | {"bid": b, "ask": b * 1.0002, "last": b, "depth_quote": 1e6}).values())
            for b in self.bids
        ]
        return self.send(
            MarkSlice(self.at, sealed(np.array(rows)), sealed_ints(np.array(self.flags)))
        )

    def say(self, xbt: Row = HOLD, eth: Row = HOLD) -> None:
        """The model speaks of both, the market is as it is."""
        self.look()
        self.send(moved(len(RULES), self.at))
        rows = sealed_ints(np.array([spoken(*xbt), spoken(*eth)], dtype=np.int32))
        self.send(PredictionSlice(self.at, self.bundle_id, rows))

    def rest(self, order: SubmitOrder) -> None:
        """An order arrives and rests."""
        self.deliver(self.model.take(order))

    def submitted(self, since: int, side: Side) -> list[SubmitOrder]:
        """The orders of a side that left since then."""
        return [each for each in of(SubmitOrder, self.sent[since:]) if each.side is side]

    def sells(self, xbt: Row) -> list[SubmitOrder]:
        """What is sold once the model says so."""
        since = len(self.sent)
        self.say(xbt)
        return self.submitted(since, Side.SELL)

    def amended(self, xbt: Row, eth: Row) -> list[AmendOrder]:
        """What is changed once a change may be asked for, and the model says so."""
        since = len(self.sent)
        self.pass_on(16)
        self.say(xbt, eth)
        return of(AmendOrder, self.sent[since:])

    def wish(self, side: Side, symbol: int = XBT) -> OrderIntent:
        """An intent of nobody's, past the strategy."""
        wished = approved(900, side, "0", str(self.bids[symbol]), at=self.at).intent
        return msgspec.structs.replace(
            wished, symbol=RULES[symbol].symbol, notional=Decimal(10), expected_move=60_000
        )


def _kill(level: int) -> Callable[[PermissionDesk], object]:
    return lambda desk: desk.send(KillSwitch(level, "sre", "a test"))


def _fall(desk: PermissionDesk) -> None:
    desk.bids[XBT] = 30_000.0
    desk.look()


def _fall_and_recover(desk: PermissionDesk) -> None:
    _fall(desk)
    desk.bids[XBT] = BIDS[XBT]
    desk.look()


def _dip(desk: PermissionDesk) -> None:
    """More than the loss of a day, and far from a halt."""
    desk.bids[XBT] = 47_500.0
    desk.look()


def _silence(desk: PermissionDesk) -> None:
    desk.bundle_id = ""
    desk.say(NOTHING, NOTHING)


def _stale(desk: PermissionDesk) -> None:
    desk.flags = [int(MarketFlag.STALE)] * 2
    desk.look()


def _lose(desk: PermissionDesk) -> None:
    """Half of the position is sent to be sold, and nobody answers."""
    (lost,) = desk.sells(FADED)
    _doubt(desk, lost)


def _doubt(desk: PermissionDesk, order: SubmitOrder) -> None:
    """Silence until after the deadline."""
    desk.pass_on(60)
    found = desk.orders.state.find(order.cl_ord_id)
    assert found is not None
    assert found.state is OrderState.UNKNOWN
    desk.look()


INTO: Final[dict[Situation, Callable[[PermissionDesk], object]]] = {
    Situation.ACTIVE: lambda _: None,
    Situation.REDUCING: _fall_and_recover,
    Situation.DRAWDOWN_HALT: _fall,
    Situation.LOSS_LIMIT: _dip,
    Situation.NO_NEW_RISK: _kill(1),
    Situation.REDUCE_ONLY: _kill(2),
    Situation.FLATTEN: _kill(3),
    Situation.HALTED: lambda desk: desk.send(ConstraintViolated("books", 1)),
    Situation.NO_MODEL: _silence,
    Situation.STALE_PRICE: _stale,
    Situation.UNKNOWN_ORDER: _lose,
}


def entry(desk: PermissionDesk, situation: Situation) -> Answer:
    """The model is strong; of a symbol with an unknown order, only an intent from elsewhere is."""
    INTO[situation](desk)
    if situation is Situation.UNKNOWN_ORDER:
        told = desk.send(desk.wish(Side.BUY))
        assert [each.reason for each in of(IntentRefused, told)] == [Refusal.UNKNOWN_ORDER]
    since = len(desk.sent)
    symbol = XBT if situation is Situation.UNKNOWN_ORDER else ETH
    desk.say(**{("xbt", "eth")[symbol]: STRONG})
    return Answer.YES if desk.submitted(since, Side.BUY) else Answer.NO


def strategy_exit(desk: PermissionDesk, situation: Situation) -> Answer:
    """The thesis breaks."""
    since = len(desk.sent)
    INTO[situation](desk)
    if situation is Situation.FLATTEN:
        desk.say()
        return _everything(desk.submitted(since, Side.SELL), Answer.ALL)
    if situation is Situation.UNKNOWN_ORDER:
        return _the_free_half(desk.sells(BROKEN))
    return _everything(desk.sells(BROKEN), Answer.YES)


def operator_exit(desk: PermissionDesk, situation: Situation) -> Answer:
    """Kill level 3, whatever stood before."""
    since = len(desk.sent)
    INTO[situation](desk)
    if situation is Situation.UNKNOWN_ORDER:
        since = len(desk.sent)
    _kill(3)(desk)
    sold = desk.submitted(since, Side.SELL)
    if situation is Situation.UNKNOWN_ORDER:
        return _the_free_half(sold)
    answer = Answer.LAST_BID if situation is Situation.STALE_PRICE else Answer.YES
    return _everything(sold, answer)


def amend_exit(desk: PermissionDesk, situation: Situation) -> Answer:
    """An exit rests, and the bid leaves it behind."""
    (sale,) = desk.sells(BROKEN)
    if situation is Situation.UNKNOWN_ORDER:
        _doubt(desk, sale)
    else:
        desk.rest(sale)
        INTO[situation](desk)
    desk.bids[XBT] *= 0.99
    model = HOLD if situation is Situation.FLATTEN else BROKEN
    if desk.amended(model, HOLD):
        return Answer.ALL if situation is Situation.FLATTEN else Answer.YES
    if situation is Situation.NO_MODEL:
        since = len(desk.sent)
        _kill(3)(desk)
        return Answer.FLATTEN if of(AmendOrder, desk.sent[since:]) else Answer.NO
    return Answer.NO


def amend_entry(desk: PermissionDesk, situation: Situation) -> Answer:
    """An entry rests, and the ask leaves it behind; a wish from elsewhere is refused as well."""
    desk.say(eth=STRONG)
    (purchase,) = desk.submitted(0, Side.BUY)
    if situation is Situation.UNKNOWN_ORDER:
        _doubt(desk, purchase)
    else:
        desk.rest(purchase)
        INTO[situation](desk)
    desk.bids[ETH] *= 1.01
    if desk.amended(HOLD, STRONG):
        return Answer.YES
    told = desk.send(AmendIntent(purchase.cl_ord_id, desk.wish(Side.BUY, ETH)))
    assert [each.reason for each in of(IntentRefused, told)] == [Refusal.NOT_AMENDABLE]
    return Answer.NEVER


def cancel(desk: PermissionDesk, situation: Situation) -> Answer:
    """An exit rests for its whole life."""
    if situation is Situation.UNKNOWN_ORDER:
        INTO[situation](desk)
    (sale,) = desk.sells(BROKEN)
    desk.rest(sale)
    if situation is not Situation.UNKNOWN_ORDER:
        INTO[situation](desk)
    since = len(desk.sent)
    desk.pass_on(desk.orders.config.lifetime_ns // SECOND + 1)
    called_back = [each.cl_ord_id for each in of(CancelOrder, desk.sent[since:])]
    return Answer.YES if sale.cl_ord_id in called_back else Answer.NO


def _everything(sold: list[SubmitOrder], answer: Answer) -> Answer:
    """All of the position or nothing."""
    if not sold:
        return Answer.NO
    assert [each.quantity for each in sold] == [POSITION]
    return answer


def _the_free_half(sold: list[SubmitOrder]) -> Answer:
    assert [each.quantity for each in sold] == [POSITION / 2]
    return Answer.FREE


DEEDS: Final[dict[Deed, Callable[[PermissionDesk, Situation], Answer]]] = {
    Deed.ENTRY: entry,
    Deed.STRATEGY_EXIT: strategy_exit,
    Deed.OPERATOR_EXIT: operator_exit,
    Deed.AMEND_EXIT: amend_exit,
    Deed.AMEND_ENTRY: amend_entry,
    Deed.CANCEL: cancel,
}
