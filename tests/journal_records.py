"""One of each record message, sound in every constraint, for the tests of derived rows."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np

from actors.instant import DAY_NS, HOUR_NS
from actors.ledger.chain import hash_of
from actors.messages.arrays import sealed_ints
from actors.messages.base import Message
from actors.messages.decision import Action, OrderIntent, Reason, Side, VerdictSlice
from actors.messages.execution import Fill, Liquidity, TradeUnexplained
from actors.messages.ledger import (
    CurrencyView,
    EntryBooked,
    LotConsumed,
    LotOpened,
    PortfolioHour,
    PortfolioState,
    PositionView,
    TradeClosed,
    Transfer,
    TransfersPosted,
)
from actors.messages.order import AmendOrder, OrderState, OrderUpdate, SubmitOrder
from actors.messages.profile import ChangeState, ProfileChangeRecorded
from actors.messages.risk import (
    Admission,
    AmendApproved,
    ClusterHour,
    ClustersComputed,
    IntentApproved,
    IntentRefused,
    Refusal,
    RiskHour,
    RiskLimits,
    TradingState,
    TradingStateChanged,
)
from actors.ports import DerivedRow
from tests.context_records import BAR, FEATURES, KILLED, PREDICTION, REGIME, SCHEMA, STARTED
from tests.ingestion_records import GAP_CLOSED, OPENED, WATERMARK
from tests.journal_samples import START_NS

changed = msgspec.structs.replace

PROFILE_CHANGED = ProfileChangeRecorded(
    change_no=1,
    state=ChangeState.IN_FORCE,
    actor="ann",
    reason="a calmer week",
    changes='[["risk.normal_cap_micros",30000,20000]]',
    riskier="",
    due=START_NS,
    told="",
    version=1,
    standing="d" * 32,
)
LIMITS = RiskLimits(
    profile_id="p1",
    position_cap=300_000,
    exposure_cap=500_000,
    normal_cap=300_000,
    normal_positions_max_count=10,
    caution_drawdown=100_000,
    caution_cap=15_000,
    caution_positions_max_count=10,
    defence_drawdown=150_000,
    defence_cap=10_000,
    defence_positions_max_count=5,
    halt_drawdown=200_000,
    edge_margin=500,
    position_risk=300_000,
    cluster_cap=400_000,
    quote_cap_cad=500_000,
    quote_cap_usd=500_000,
    quote_cap_usdc=500_000,
    capital_floor=50_000,
    day_loss_max=30_000,
    entries_per_minute_max_count=1_000,
)
APPROVED = IntentApproved(
    OrderIntent(
        intent_no=1,
        symbol="XBT/USD",
        side=Side.BUY,
        notional=Decimal("13600.00"),
        quantity=Decimal(0),
        limit_price=Decimal("27000.1"),
        decided_at=START_NS,
        action=Action.ENTER,
        reason=Reason.EDGE_ABOVE_COST,
        p_up=600_000,
        expected_move=12_000,
        cost=9_000,
        reference_price=Decimal("27000.0"),
    ),
    Decimal("0.5"),
    Admission(
        equity=Decimal("100000.00"),
        drawdown=1095,
        halt_at=200_000,
        tier="normal",
        position_cap=Decimal("30000.00"),
        symbol_worth=Decimal(0),
        exposure_cap=Decimal("50000.00"),
        total_worth=Decimal("10000.00"),
        positions_count=1,
        positions_max_count=10,
        cash_free=Decimal("90000.00"),
        taker_fee=Decimal("0.0040"),
        edge_margin=500,
        cluster_cap=Decimal("40000.00"),
        cluster_worth=Decimal("5000.00"),
        quote_cap=Decimal("50000.00"),
        quote_worth=Decimal("10000.00"),
        risk=Decimal("20000.00"),
        account_equity=Decimal("100000.00"),
        capital_floor=Decimal(50000),
        day_loss=100,
        day_loss_max=30_000,
    ),
)
REQUEST = SubmitOrder(
    cl_ord_id="a1",
    symbol="XBT/USD",
    side=Side.BUY,
    quantity=Decimal("0.5"),
    limit_price=Decimal("27000.1"),
    decided_at=START_NS,
    deadline=START_NS + 1,
    epoch=1,
    intent_no=1,
)
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
RESTING = changed(
    ORDER,
    cl_ord_id="s1",
    intent_no=0,
    side=Side.SELL,
    state=OrderState.PARTIALLY_FILLED,
    filled=Decimal("0.1"),
    limit_price=Decimal("28000.0"),
)
FOLLOWED = AmendApproved(
    cl_ord_id="s1",
    intent=changed(
        APPROVED.intent,
        intent_no=2,
        side=Side.SELL,
        notional=Decimal(0),
        quantity=Decimal("0.4"),
        limit_price=Decimal("27900.0"),
        action=Action.EXIT,
        reason=Reason.THESIS_BROKEN,
    ),
    quantity=Decimal("0.4"),
)
AMENDMENT = AmendOrder(
    cl_ord_id="s1",
    amend_no=1,
    intent_no=2,
    symbol="XBT/USD",
    side=Side.SELL,
    quantity=Decimal("0.5"),
    filled=Decimal("0.1"),
    limit_price=Decimal("27900.0"),
    decided_at=START_NS,
    deadline=START_NS + 1,
    epoch=1,
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
HOLD_PLACED = Transfer(
    transfer_no=2,
    debit="available:USD",
    credit="held:USD",
    asset="USD",
    amount=Decimal("13554.06"),
    debit_balance=Decimal("86445.94"),
    credit_balance=Decimal("13554.06"),
    debit_sequence=2,
    credit_sequence=1,
    source="hold:a1:place",
    cause="a1",
)


def chained(*rows: Transfer, head: str = "") -> tuple[Transfer, ...]:
    """The rows, each with its hash, the first one after `head`."""
    found = []
    for row in rows:
        linked = changed(row, previous=head)
        head = hash_of(linked)
        found.append(changed(linked, hash=head))
    return tuple(found)


TRANSFERS = chained(TRANSFER, HOLD_PLACED)
HOLD = TRANSFERS[1]
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
    cl_ord_id="foreign",
    exec_id="e3",
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
    currencies=(
        CurrencyView(
            *("CAD", Decimal("100.00"), Decimal(0), Decimal("100.00"), Decimal("73.52")),
            *(Decimal("0.735294"), Decimal("0.735295"), START_NS - 5, Decimal("1.25")),
            *(Decimal("0.25"), Decimal("74.00"), Decimal("-0.48")),
        ),
    ),
)
STANDING = TradingStateChanged(TradingState.ACTIVE, 0, "active")
LOT = LotOpened(1, "XBT/USD", "fill:a1:e1", Decimal("0.5"), Decimal("13554.05"))
CONSUMED = LotConsumed(
    number=1,
    symbol="XBT/USD",
    source="fill:a2:e2",
    cause="sale",
    quantity=Decimal("0.2"),
    cost=Decimal("5421.62"),
    proceeds=Decimal("5500.00"),
    fee=Decimal("22.00"),
    realised=Decimal("56.38"),
    remaining=Decimal("0.3"),
)
ENTRY = EntryBooked(
    refid="L1",
    kind="reward",
    asset="SOL.S",
    amount=Decimal("0.01"),
    fee=Decimal(0),
    other="income",
    worth=Decimal("1.50"),
    corrects=0,
    told="",
    ts=START_NS,
)
RISK_HOUR = RiskHour(
    hour_ts=START_NS - START_NS % HOUR_NS,
    state=TradingState.ACTIVE,
    kill_level=0,
    closed="",
    drawdown=1095,
    halt_at=200_000,
    tier="normal",
    position_cap=30_000,
    exposure_cap=200_000,
    positions_max_count=10,
    orders_count=1,
    unknown_count=0,
    equity=Decimal("100389.95"),
    positions_worth=Decimal("10389.95"),
    claims_worth=Decimal(0),
    exposure=Decimal("10389.95"),
    share=103_496,
    mark_age=250_000_000,
)
CLUSTER_HOUR = ClusterHour(
    hour_ts=RISK_HOUR.hour_ts,
    cluster="ETH",
    version="c1",
    positions_worth=Decimal("10389.95"),
    claims_worth=Decimal(0),
    exposure=Decimal("10389.95"),
    share=103_496,
)
CLUSTER_MAP = ClustersComputed(
    as_of=START_NS,
    valid_until=START_NS + 2 * DAY_NS,
    clusters=(("ETH+1", ("ETH/USD", "XBT/USD")),),
    unknown=("ODD/USD",),
    version="c1",
    digest="d" * 64,
    returns_count=720,
    window_ns=30 * DAY_NS,
    correlation=700_000,
)
BODIES: tuple[Message, ...] = (
    STARTED,
    KILLED,
    BAR,
    SCHEMA,
    FEATURES,
    REGIME,
    PREDICTION,
    PROFILE_CHANGED,
    LIMITS,
    STANDING,
    VerdictSlice(START_NS, sealed_ints(np.arange(12).reshape(2, 6)), START_NS - 1),
    IntentRefused(1, "XBT/USD", Side.BUY, Refusal.POSITION_CAP, "0.30", "0.25"),
    APPROVED,
    ORDER,
    TransfersPosted(START_NS, TRANSFERS),
    REQUEST,
    RESTING,
    FOLLOWED,
    AMENDMENT,
    FILL,
    UNEXPLAINED,
    CLOSED,
    LOT,
    CONSUMED,
    ENTRY,
    PortfolioHour(START_NS - START_NS % HOUR_NS, PORTFOLIO),
    RISK_HOUR,
    CLUSTER_HOUR,
    CLUSTER_MAP,
    OPENED,
    GAP_CLOSED,
    changed(OPENED, number=2, symbol="ETH/USD", place=1),
    WATERMARK,
)


def rows_of(*bodies: Message, seq: int = 1) -> tuple[DerivedRow, ...]:
    return tuple(DerivedRow(seq, START_NS, body) for body in bodies)
