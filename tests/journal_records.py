"""One of each record message, sound in every constraint, for the tests of derived rows."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np

from actors.instant import HOUR_NS
from actors.messages.arrays import sealed_ints
from actors.messages.base import Message
from actors.messages.decision import Side, VerdictSlice
from actors.messages.execution import Fill, Liquidity, TradeUnexplained
from actors.messages.ledger import (
    PortfolioHour,
    PortfolioState,
    PositionView,
    TradeClosed,
    Transfer,
    TransfersPosted,
)
from actors.messages.order import OrderState, OrderUpdate
from actors.messages.risk import IntentRefused, Refusal, TradingState, TradingStateChanged
from actors.ports import DerivedRow
from tests.journal_samples import START_NS

changed = msgspec.structs.replace

ORDER = OrderUpdate(
    cl_ord_id="a1",
    intent_no=1,
    symbol="XBT/USD",
    side=Side.BUY,
    state=OrderState.FILLED,
    quantity=Decimal("0.5"),
    filled=Decimal("0.5"),
    limit_price=Decimal("27000.1"),
)
FILL = Fill(
    cl_ord_id="a1",
    exec_id="e1",
    symbol="XBT/USD",
    side=Side.BUY,
    quantity=Decimal("0.5"),
    price=Decimal("27000.1"),
    cost=Decimal("13500.05"),
    fee=Decimal("54.00"),
    fee_asset="USD",
    liquidity=Liquidity.TAKER,
    ts=START_NS,
    hold_after=Decimal("0.00"),
    decision_price=Decimal("27000.0"),
)
TRANSFER = Transfer(
    transfer_no=1,
    debit="external:USD",
    credit="available:USD",
    asset="USD",
    amount=Decimal("100000.00"),
    debit_balance=Decimal("-100000.00"),
    credit_balance=Decimal("100000.00"),
    debit_sequence=1,
    credit_sequence=1,
    source="deposit",
    cause="1",
)
UNEXPLAINED = TradeUnexplained(
    cl_ord_id="foreign",
    exec_id="e3",
    symbol="DOGE/USD",
    side="sell",
    quantity=Decimal(100),
    price=Decimal("0.3"),
    cost=Decimal("30.00"),
    fee=Decimal("0.12"),
    fee_asset="USD",
    liquidity=Liquidity.MAKER,
    ts=START_NS,
    venue_order_id="O1",
    booked=True,
    reason="no order of ours is known by that id",
)
CLOSED = TradeClosed(
    cl_ord_id="a2",
    exec_id="e2",
    symbol="XBT/USD",
    quantity=Decimal("0.5"),
    proceeds=Decimal("14000.00"),
    cost=Decimal("13500.05"),
    fee=Decimal("110.00"),
    realised=Decimal("389.95"),
    ts=START_NS,
)
PORTFOLIO = PortfolioState(
    ts=START_NS,
    equity=Decimal("100389.95"),
    cash_free=Decimal("90000.00"),
    cash_held=Decimal(0),
    realised=Decimal("389.95"),
    unrealised=Decimal("-1.25"),
    fees=Decimal("110.00"),
    peak=Decimal("100500.00"),
    drawdown=1095,
    positions=(
        PositionView(
            symbol="ETH/USD",
            quantity=Decimal("2.5"),
            free=Decimal("2.5"),
            cost=Decimal("10000.00"),
            value=Decimal("10389.95"),
        ),
    ),
)
BODIES: tuple[Message, ...] = (
    VerdictSlice(START_NS, sealed_ints(np.arange(12).reshape(2, 6)), START_NS - 1),
    IntentRefused(1, "XBT/USD", Side.BUY, Refusal.POSITION_CAP, "0.30", "0.25"),
    TradingStateChanged(TradingState.REDUCING, 2, "operator"),
    ORDER,
    FILL,
    UNEXPLAINED,
    TransfersPosted(START_NS, (TRANSFER, changed(TRANSFER, transfer_no=2))),
    CLOSED,
    PortfolioHour(START_NS - START_NS % HOUR_NS, PORTFOLIO),
)


def rows_of(*bodies: Message, seq: int = 1) -> tuple[DerivedRow, ...]:
    return tuple(DerivedRow(seq, START_NS, body) for body in bodies)
