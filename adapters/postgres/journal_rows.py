"""Record messages as rows: which table each goes to, and its columns in order.

The row of one of SLICES ends with its matrix, which stands for the table's last columns.
Amounts stay Decimal, times nanoseconds, ratios millionths; nothing is computed here. The tables are
those of sql/migrations, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from actors.instant import HOUR_NS, floor_to
from actors.messages.base import Message
from actors.messages.control import (
    KillSwitch,
    LiveConfirmed,
    Reactivate,
    ReadingAsked,
    RunStarted,
    StopAsked,
    SwitchConsent,
)
from actors.messages.decision import VERDICT_COLUMNS, OrderIntent, VerdictSlice
from actors.messages.execution import Fill, TradeUnexplained
from actors.messages.feature import FeatureSchema, FeatureSlice
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
from actors.messages.market import BarSlice
from actors.messages.order import AmendOrder, OrderUpdate, SubmitOrder
from actors.messages.prediction import PredictionSlice, RegimeSlice
from actors.messages.profile import ProfileChangeRecorded, ProfileInForce
from actors.messages.risk import (
    Admission,
    AmendApproved,
    ClusterHour,
    ClustersComputed,
    IntentApproved,
    IntentRefused,
    RiskHour,
    RiskLimits,
    TradingStateChanged,
)
from actors.ports import DerivedRow, RunRow
from adapters.postgres.context_rows import (
    CONTEXT_COLUMNS,
    PREDICTED,
    PREDICTIONS,
    asked_rows,
    confirmed_rows,
    consent_rows,
    in_force_rows,
    kill_rows,
    prediction_rows,
    reactivation_rows,
    started_rows,
    stop_rows,
)
from adapters.postgres.ingestion_rows import INGESTION_COLUMNS, INGESTION_ROWS
from adapters.postgres.slice_rows import (
    BARS,
    FEATURES,
    REGIMES,
    SLICE_COLUMNS,
    bar_rows,
    feature_rows,
    regime_rows,
    schema_rows,
)

Row = tuple[Any, ...]

# Join keys and place, before the columns of its own in every table.
KEYS: Final = ("account_id", "run_id", "mode", "hour_ts_utc", "seq", "ordinal", "at")
SEQ_COLUMN: Final = KEYS.index("seq")
ORDINAL_COLUMN: Final = KEYS.index("ordinal")
VERDICTS: Final = "verdict_slice"
# NULL in verdicts of before there were any
_MADE_FROM: Final = ("profile_hash", "prediction_hash", "capital_hash")
REFUSED: Final = "row_refused"
SLICES: Final = (BARS, FEATURES, REGIMES, VERDICTS, PREDICTIONS)


def _fields(message_type: type[msgspec.Struct], *left_out: str) -> tuple[str, ...]:
    return tuple(name for name in message_type.__struct_fields__ if name not in left_out)


_PORTFOLIO: Final = _fields(PortfolioState, "positions", "currencies")
_INTENT: Final = _fields(OrderIntent, "notional", "quantity")
# The columns of each table after KEYS; messages are flat, so they are mostly its fields. The tables
# stand in the order in which a commit fills them: a row after those that it must follow.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    **CONTEXT_COLUMNS,
    **SLICE_COLUMNS,
    PREDICTIONS: PREDICTED,
    "profile_change": _fields(ProfileChangeRecorded),
    "cluster_map": _fields(ClustersComputed),
    "risk_profile": _fields(RiskLimits),
    "trading_state": _fields(TradingStateChanged),
    VERDICTS: ("ts", "prediction_ts", *_MADE_FROM, *VERDICT_COLUMNS),
    "refusal": _fields(IntentRefused),
    "risk_verdict": (*_INTENT, "quantity", *_fields(Admission)),
    "order_event": _fields(OrderUpdate),
    "transfer": _fields(Transfer),
    "order_request": _fields(SubmitOrder),
    "order_amendment": _fields(AmendOrder),
    "fill": _fields(Fill),
    "trade_unexplained": _fields(TradeUnexplained),
    "trade_closed": _fields(TradeClosed),
    "lot": _fields(LotOpened),
    "lot_consumed": _fields(LotConsumed),
    "ledger_entry": _fields(EntryBooked),
    "portfolio_hour": ("hour_ts", *_PORTFOLIO),
    "position_hour": ("hour_ts", *_fields(PositionView)),
    "currency_hour": ("hour_ts", *_fields(CurrencyView)),
    "risk_hour": _fields(RiskHour),
    "cluster_hour": _fields(ClusterHour),
    **INGESTION_COLUMNS,
    REFUSED: ("table_name", "constraint_name"),
}


def _verdicts(body: VerdictSlice) -> Iterator[tuple[str, Row]]:
    made_from = (getattr(body, name) or None for name in _MADE_FROM)
    yield VERDICTS, (body.ts, body.prediction_ts, *made_from, body.rows)


def _approvals(body: IntentApproved | AmendApproved) -> Iterator[tuple[str, Row]]:
    intent = tuple(getattr(body.intent, name) for name in _INTENT)
    yield "risk_verdict", (*intent, body.quantity, *msgspec.structs.astuple(body.admission))


def _transfers(body: TransfersPosted) -> Iterator[tuple[str, Row]]:
    for transfer in body.transfers:
        yield "transfer", msgspec.structs.astuple(transfer)


def _portfolio(body: PortfolioHour) -> Iterator[tuple[str, Row]]:
    state = tuple(getattr(body.state, name) for name in _PORTFOLIO)
    yield "portfolio_hour", (body.hour_ts, *state)
    for position in body.state.positions:
        yield "position_hour", (body.hour_ts, *msgspec.structs.astuple(position))
    for currency in body.state.currencies:
        yield "currency_hour", (body.hour_ts, *msgspec.structs.astuple(currency))


def _clusters(body: ClustersComputed) -> Iterator[tuple[str, Row]]:
    values = (getattr(body, name) for name in body.__struct_fields__)
    texts = (
        msgspec.json.encode(each).decode() if isinstance(each, tuple) else each for each in values
    )
    yield "cluster_map", tuple(texts)


def _flat(table: str) -> Callable[[Any], Iterator[tuple[str, Row]]]:
    def rows(body: Message) -> Iterator[tuple[str, Row]]:
        yield table, msgspec.structs.astuple(body)

    return rows


_TABLES: Final[dict[type[Message], Callable[[Any], Iterator[tuple[str, Row]]]]] = {
    RunStarted: started_rows,
    KillSwitch: kill_rows,
    Reactivate: reactivation_rows,
    SwitchConsent: consent_rows,
    ReadingAsked: asked_rows,
    StopAsked: stop_rows,
    LiveConfirmed: confirmed_rows,
    ProfileInForce: in_force_rows,
    ProfileChangeRecorded: _flat("profile_change"),
    BarSlice: bar_rows,
    FeatureSchema: schema_rows,
    FeatureSlice: feature_rows,
    RegimeSlice: regime_rows,
    PredictionSlice: prediction_rows,
    VerdictSlice: _verdicts,
    TransfersPosted: _transfers,
    PortfolioHour: _portfolio,
    IntentApproved: _approvals,
    AmendApproved: _approvals,
    IntentRefused: _flat("refusal"),
    RiskLimits: _flat("risk_profile"),
    SubmitOrder: _flat("order_request"),
    AmendOrder: _flat("order_amendment"),
    TradingStateChanged: _flat("trading_state"),
    OrderUpdate: _flat("order_event"),
    Fill: _flat("fill"),
    TradeUnexplained: _flat("trade_unexplained"),
    TradeClosed: _flat("trade_closed"),
    LotOpened: _flat("lot"),
    LotConsumed: _flat("lot_consumed"),
    EntryBooked: _flat("ledger_entry"),
    RiskHour: _flat("risk_hour"),
    ClusterHour: _flat("cluster_hour"),
    ClustersComputed: _clusters,
    **INGESTION_ROWS,
}


def _storable(values: Row) -> Row:
    """PostgreSQL's text has no NUL; a venue's words may, and must not stop the journal."""
    if "\0" not in "".join([each for each in values if each.__class__ is str]):
        return values
    return tuple(
        each.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(each, str) else each
        for each in values
    )


def table_rows(run: RunRow, rows: Iterable[DerivedRow]) -> dict[str, Sequence[Row]]:
    """The rows of each table, in the order they were recorded; the tables in that of COLUMNS.

    A message without a table is a bug (KeyError).
    """
    found: dict[str, list[Row]] = {}
    seq, ordinal = 0, 0
    for row in rows:
        if row.seq != seq:
            seq, ordinal = row.seq, 0
        hour = floor_to(row.at, HOUR_NS)
        for table, values in _TABLES[type(row.body)](row.body):
            keys = (run.account, run.run_id, run.mode, hour, row.seq, ordinal, row.at)
            found.setdefault(table, []).append(keys + _storable(values))
            ordinal += 1
    return {table: found[table] for table in COLUMNS if table in found}
