"""Routes: which message goes where. One table, checked for closure when a graph is wired.

`paper_venue` stands for the venue: with a venue outside the graph its messages go to the outbox
instead. Order within a destination list is delivery order (the venue sees a candle before
market_data does, so fills at its open precede decisions at its close).
"""

from __future__ import annotations

from typing import Final

from actors.kernel.stamp import OUTBOX, RECORDS
from actors.kernel.topology import Routes
from actors.messages.base import Message
from actors.messages.control import (
    ActorRestarted,
    ClockSkew,
    ConstraintViolated,
    Correction,
    Deposit,
    EpochOpened,
    FeeTierRead,
    KillSwitch,
    LedgerEntry,
    LiveConfirmed,
    MaintenanceAnnounced,
    PairRulesChanged,
    Reactivate,
    ReadingAsked,
    RunEnded,
    RunStarted,
    StopAsked,
    SwitchConsent,
    Tick,
)
from actors.messages.decision import AmendIntent, OrderIntent, VerdictSlice
from actors.messages.execution import (
    AmendAnswered,
    CancelAnswered,
    ExecutionReport,
    Fill,
    NotSent,
    SafeStopAttempted,
    SubmitAnswered,
    TradeUnexplained,
    TradeUnmatched,
    VenueEvidence,
)
from actors.messages.feature import FeatureSchema, FeatureSlice
from actors.messages.ingestion import GapClosed, GapOpened, Watermark
from actors.messages.ledger import (
    EntryBooked,
    HoldPlaced,
    HoldRefused,
    HoldReleased,
    LotConsumed,
    LotOpened,
    PortfolioHour,
    PortfolioState,
    TradeClosed,
    TransfersPosted,
)
from actors.messages.market import (
    BarSlice,
    BookSlice,
    CandleSlice,
    CurrencyRate,
    FeedStatus,
    MarkSlice,
    TradeSlice,
)
from actors.messages.order import (
    AmendOrder,
    CancelOrder,
    DeadManSwitch,
    OrderUpdate,
    PlaceHold,
    RetryDue,
    RetryPlanned,
    SubmitOrder,
)
from actors.messages.prediction import PredictionSlice, RegimeSlice
from actors.messages.profile import (
    ProfileChange,
    ProfileChangeRecorded,
    ProfileChangeWithdrawn,
    ProfileInForce,
)
from actors.messages.reconciliation import (
    BooksToReconcile,
    ReconcileRequested,
    ReconciliationEnded,
    ReconciliationState,
    ReconciliationWanted,
    VenueSnapshot,
)
from actors.messages.risk import (
    AmendApproved,
    ClusterHour,
    ClustersComputed,
    IntentApproved,
    IntentRefused,
    RiskHour,
    RiskLimits,
    TradingStateChanged,
)

VENUE: Final = "paper_venue"
RECONCILIATION: Final = "reconciliation"

_INPUTS: Final[dict[type[Message], tuple[str, ...]]] = {
    BookSlice: (VENUE, "market_data"),
    TradeSlice: (VENUE, "market_data"),
    CandleSlice: (VENUE, "market_data"),
    CurrencyRate: ("risk", "ledger"),
    FeedStatus: (VENUE, "market_data", RECONCILIATION),
    RunStarted: (
        VENUE,
        RECONCILIATION,
        "market_data",
        "clusters",
        "features",
        "inference",
        "strategy",
        "risk",
        "orders",
        "ledger",
        "profiles",
        RECORDS,
    ),
    RunEnded: (),
    EpochOpened: ("orders", RECONCILIATION),
    Deposit: ("ledger",),
    LedgerEntry: ("ledger",),
    Correction: ("ledger",),
    Tick: (),
    KillSwitch: ("risk", RECORDS),
    Reactivate: ("market_data", "risk", "ledger", "profiles", RECORDS),
    ClockSkew: ("market_data",),
    ConstraintViolated: ("risk",),
    NotSent: ("orders",),
    VenueEvidence: ("orders",),
    SafeStopAttempted: ("orders",),
    SubmitAnswered: ("orders",),
    CancelAnswered: ("orders",),
    AmendAnswered: ("orders",),
    VenueSnapshot: ("orders",),
    MaintenanceAnnounced: ("orders",),
    PairRulesChanged: (VENUE, "strategy", "risk", "orders"),
    FeeTierRead: ("strategy", "risk", "orders", "ledger"),
    SwitchConsent: ("orders", RECORDS),
    ReadingAsked: (RECONCILIATION, RECORDS),
    StopAsked: ("orders", RECORDS),
    LiveConfirmed: (RECORDS,),
    ProfileChange: ("profiles",),
    ProfileChangeWithdrawn: ("profiles",),
}
_DERIVED: Final[dict[type[Message], tuple[str, ...]]] = {
    BarSlice: ("clusters", "features", RECORDS),
    MarkSlice: ("ledger", "risk", "strategy"),
    FeatureSchema: (RECORDS,),
    FeatureSlice: ("inference", "strategy", "risk", RECORDS),
    RegimeSlice: ("strategy", RECORDS),
    PredictionSlice: ("strategy", "risk", RECORDS),
    VerdictSlice: (RECORDS,),
    OrderIntent: ("risk",),
    AmendIntent: ("risk",),
    IntentApproved: ("orders", RECORDS),
    AmendApproved: ("orders", RECORDS),
    IntentRefused: ("risk", "strategy", RECORDS),
    RiskLimits: (RECORDS,),
    TradingStateChanged: ("orders", "strategy", RECORDS),
    PlaceHold: ("ledger",),
    HoldPlaced: ("orders", "risk"),
    HoldRefused: ("orders",),
    HoldReleased: ("ledger",),
    SubmitOrder: (VENUE, RECORDS),
    AmendOrder: (VENUE, RECORDS),
    CancelOrder: (VENUE,),
    OrderUpdate: ("risk", "strategy", RECORDS),
    ExecutionReport: ("orders",),
    Fill: ("ledger", RECORDS),
    TradeUnmatched: ("ledger",),
    TradeUnexplained: (RECORDS,),
    PortfolioState: ("orders", "risk", "strategy"),
    PortfolioHour: ("risk", RECORDS),
    RiskHour: (RECORDS,),
    ClusterHour: (RECORDS,),
    TransfersPosted: (RECORDS,),
    TradeClosed: ("risk", RECORDS),
    LotOpened: (RECORDS,),
    LotConsumed: (RECORDS,),
    EntryBooked: (RECORDS,),
    ActorRestarted: ("risk",),
    GapOpened: (RECORDS,),
    GapClosed: (RECORDS,),
    Watermark: (RECORDS,),
    ReconcileRequested: (VENUE,),
    BooksToReconcile: ("ledger",),
    ReconciliationEnded: (RECONCILIATION,),
    ReconciliationWanted: (RECONCILIATION,),
    ReconciliationState: ("risk", "orders", "ledger"),
    DeadManSwitch: (VENUE,),
    RetryPlanned: ("strategy",),
    RetryDue: ("strategy",),
    ProfileInForce: ("clusters", "strategy", "ledger", "risk", "orders", RECORDS),
    ClustersComputed: ("risk", RECORDS),
    ProfileChangeRecorded: (RECORDS,),
}


_TO_VENUE: Final = (SubmitOrder, AmendOrder, CancelOrder, ReconcileRequested, DeadManSwitch)
# What a venue in the graph is never told: its state is ours.
_OUTSIDE_ONLY: Final = (ReconcileRequested, DeadManSwitch)


def routes(*, venue_in_graph: bool) -> Routes:
    """The route table of a run; with the venue outside, what it would get goes to the outbox.

    A venue in the graph is part of every snapshot, so there is nothing to reconcile with it.
    """
    table = {**_INPUTS, **_DERIVED}
    if venue_in_graph:
        return {
            kind: tuple(
                name for name in names if name != RECONCILIATION and kind not in _OUTSIDE_ONLY
            )
            for kind, names in table.items()
        }
    return {
        kind: tuple(
            OUTBOX if name == VENUE else name
            for name in names
            if name != VENUE or kind in _TO_VENUE
        )
        for kind, names in table.items()
    }
