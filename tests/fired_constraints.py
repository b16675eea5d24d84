"""One body for every constraint of the derived tables that breaks it, beside those of BODIES."""

from __future__ import annotations

from decimal import Decimal

from actors.instant import HOUR_NS
from actors.ledger.chain import hash_of
from actors.messages.base import Message
from actors.messages.ledger import PortfolioHour, TransfersPosted
from actors.messages.risk import IntentApproved, IntentRefused
from tests.ingestion_records import GAP_CLOSED, OPENED, WATERMARK
from tests.journal_records import (
    AMENDMENT,
    APPROVED,
    BODIES,
    CLUSTER_HOUR,
    CLUSTER_MAP,
    CONSUMED,
    ENTRY,
    FILL,
    LIMITS,
    LOT,
    ORDER,
    PORTFOLIO,
    PROFILE_CHANGED,
    REQUEST,
    RISK_HOUR,
    STANDING,
    TRANSFER,
    TRANSFERS,
    changed,
)
from tests.journal_samples import START_NS

D = Decimal
NEXT_CHANGE = changed(PROFILE_CHANGED, change_no=2)


def moved(**fields: object) -> TransfersPosted:
    """A third transfer that follows those of BODIES, but for `fields`; its hash is right."""
    third = changed(
        TRANSFER,
        transfer_no=3,
        debit_balance=D("-200000.00"),
        credit_balance=D("186445.94"),
        debit_sequence=2,
        credit_sequence=3,
        previous=TRANSFERS[-1].hash,
    )
    row = changed(third, **fields)
    return TransfersPosted(1, (changed(row, hash=fields.get("hash", hash_of(row))),))


def an_hour(**fields: object) -> Message:
    """The risk hour before that of BODIES, but for `fields`."""
    return changed(RISK_HOUR, **{"hour_ts": RISK_HOUR.hour_ts - HOUR_NS, **fields})


def taken(**fields: object) -> Message:
    """What leaves the lot of BODIES after its first consumption, but for `fields`."""
    return changed(CONSUMED, **{"quantity": D("0.1"), "remaining": D("0.2"), **fields})


def approval(**fields: object) -> IntentApproved:
    """Another approval, of an intent that differs."""
    return changed(APPROVED, intent=changed(APPROVED.intent, intent_no=2, **fields))


def seeing(**fields: object) -> IntentApproved:
    """Another approval, that saw another account."""
    return changed(approval(), admission=changed(APPROVED.admission, **fields))


def hole(**fields: object) -> Message:
    """A third gap, but for `fields`."""
    return changed(OPENED, **{"number": 3, **fields})


END_OF_SECOND = changed(GAP_CLOSED, number=2, symbol="ETH/USD", place=1)
LATER = changed(WATERMARK, ts=WATERMARK.ts + HOUR_NS)
REFUSAL = next(each for each in BODIES if isinstance(each, IntentRefused))


# The constraint, the table, and a body that breaks it; the sound bodies stand beside it.
def a_currency(*, hour: int = RISK_HOUR.hour_ts - HOUR_NS, **fields: object) -> PortfolioHour:
    """Another hour with one currency and no position."""
    view = changed(PORTFOLIO.currencies[0], **fields)
    return PortfolioHour(hour, changed(PORTFOLIO, positions=(), currencies=(view,)))


FIRED: tuple[tuple[str, str, Message], ...] = (
    ("refusal_side", "refusal", changed(REFUSAL, side="hold")),
    ("trading_state_known", "trading_state", changed(STANDING, state="Odd")),
    ("trading_state_kill_level", "trading_state", changed(STANDING, kill_level=4)),
    ("order_event_side", "order_event", changed(ORDER, side="hold")),
    ("order_event_quantity_positive", "order_event", changed(ORDER, quantity=D(0))),
    ("order_event_limit_price_positive", "order_event", changed(ORDER, limit_price=D(-1))),
    ("fill_trade_once", "fill", changed(FILL, price=D("27000.2"))),
    ("transfer_debit_sequence_once", "transfer", TransfersPosted(1, TRANSFERS[:1])),
    ("transfer_amount_positive", "transfer", moved(amount=D(0))),
    ("transfer_amount_positive", "transfer", moved(amount=D("NaN"))),
    ("transfer_between_two", "transfer", moved(credit="external:USD")),
    ("transfer_finite", "transfer", moved(credit_balance=D("Infinity"))),
    ("profile_change_state_once", "profile_change", PROFILE_CHANGED),
    ("profile_change_state", "profile_change", changed(PROFILE_CHANGED, state="lost")),
    ("profile_change_not_early", "profile_change", changed(NEXT_CHANGE, due=1 << 62)),
    ("profile_change_attributed", "profile_change", changed(NEXT_CHANGE, reason="")),
    ("cluster_map_of_the_past", "cluster_map", changed(CLUSTER_MAP, as_of=1 << 62)),
    ("cluster_map_of_the_past", "cluster_map", changed(CLUSTER_MAP, valid_until=START_NS)),
    ("cluster_map_measured", "cluster_map", changed(CLUSTER_MAP, returns_count=0)),
    ("cluster_map_measured", "cluster_map", changed(CLUSTER_MAP, correlation=1_000_000)),
    ("risk_profile_tightens", "risk_profile", changed(LIMITS, normal_cap=1)),
    ("risk_profile_no_leverage", "risk_profile", changed(LIMITS, exposure_cap=1_000_001)),
    ("risk_profile_bounds_losses", "risk_profile", changed(LIMITS, cluster_cap=1_000_001)),
    ("risk_profile_bounds_losses", "risk_profile", changed(LIMITS, day_loss_max=0)),
    ("risk_verdict_intent_once", "risk_verdict", APPROVED),
    ("risk_verdict_side", "risk_verdict", approval(side="hold")),
    ("risk_verdict_quantity_positive", "risk_verdict", changed(approval(), quantity=D(0))),
    ("risk_verdict_limit_price_positive", "risk_verdict", approval(limit_price=D(-1))),
    ("risk_verdict_finite", "risk_verdict", seeing(equity=D("NaN"))),
    ("risk_verdict_edge_above_cost", "risk_verdict", approval(expected_move=9_499)),
    ("risk_verdict_edge_above_cost", "risk_verdict", approval(expected_move=9_000)),
    ("risk_verdict_within_position_cap", "risk_verdict", seeing(symbol_worth=D("16499.96"))),
    ("risk_verdict_within_exposure_cap", "risk_verdict", seeing(total_worth=D("36499.96"))),
    ("risk_verdict_within_cash", "risk_verdict", seeing(cash_free=D("13554.05"))),
    ("risk_verdict_positions_below_max", "risk_verdict", seeing(positions_count=10)),
    ("risk_verdict_drawdown_below_halt", "risk_verdict", seeing(halt_at=1095)),
    ("risk_verdict_within_cluster_cap", "risk_verdict", seeing(cluster_worth=D("26499.96"))),
    ("risk_verdict_within_cluster_cap", "risk_verdict", seeing(cluster_worth=D("-0.01"))),
    ("risk_verdict_within_quote_cap", "risk_verdict", seeing(quote_worth=D("36499.96"))),
    ("risk_verdict_within_quote_cap", "risk_verdict", seeing(quote_worth=D("-0.01"))),
    ("risk_verdict_within_risk", "risk_verdict", seeing(risk=D("13500.04"))),
    ("risk_verdict_above_floor", "risk_verdict", seeing(account_equity=D(50000))),
    ("risk_verdict_above_floor", "risk_verdict", seeing(account_equity=D("NaN"))),
    ("risk_verdict_day_loss_below_max", "risk_verdict", seeing(day_loss=30_000)),
    ("order_request_once", "order_request", REQUEST),
    ("order_request_side", "order_request", changed(REQUEST, cl_ord_id="b", side="hold")),
    ("order_request_quantity_positive", "order_request", changed(REQUEST, quantity=D(0))),
    ("order_request_limit_price_positive", "order_request", changed(REQUEST, limit_price=D(0))),
    ("order_request_deadline_after_decision", "order_request", changed(REQUEST, deadline=0)),
    ("order_amendment_once", "order_amendment", AMENDMENT),
    ("order_amendment_numbered", "order_amendment", changed(AMENDMENT, amend_no=0)),
    ("order_amendment_of_an_exit", "order_amendment", changed(AMENDMENT, side="buy")),
    ("order_amendment_something_left", "order_amendment", changed(AMENDMENT, filled=D("0.5"))),
    (
        "order_amendment_limit_price_positive",
        "order_amendment",
        changed(AMENDMENT, limit_price=D(0)),
    ),
    ("order_amendment_deadline_after_decision", "order_amendment", changed(AMENDMENT, deadline=0)),
    ("ledger_entry_once", "ledger_entry", changed(ENTRY, amount=D(1))),
    ("lot_number_once", "lot", changed(LOT, quantity=D("0.6"))),
    ("lot_quantity_positive", "lot", changed(LOT, number=2, quantity=D(0))),
    ("lot_consumed_remaining_once", "lot_consumed", changed(CONSUMED, source="fill:a3:e3")),
    ("lot_consumed_quantity_positive", "lot_consumed", taken(quantity=D(0))),
    ("lot_consumed_remaining_covered", "lot_consumed", taken(remaining=D("-0.1"))),
    ("currency_hour_once", "currency_hour", a_currency(hour=RISK_HOUR.hour_ts)),
    ("currency_hour_full", "currency_hour", a_currency(hour=RISK_HOUR.hour_ts + 1)),
    ("currency_hour_full", "currency_hour", a_currency(hour=RISK_HOUR.hour_ts + HOUR_NS)),
    ("currency_hour_finite", "currency_hour", a_currency(fees=D("Infinity"))),
    ("currency_hour_finite", "currency_hour", a_currency(paid_in=D("NaN"))),
    ("currency_hour_rate", "currency_hour", a_currency(most=D("0.7"))),
    ("currency_hour_rate", "currency_hour", a_currency(rate_ts=1 << 62)),
    ("currency_hour_rate", "currency_hour", a_currency(rate_ts=0, gain=D(0), worth=D(0))),
    ("currency_hour_worth", "currency_hour", a_currency(worth=D("73.53"))),
    ("currency_hour_worth", "currency_hour", a_currency(holdings=D(-100), worth=D("-73.52"))),
    (
        "currency_hour_worth",
        "currency_hour",
        a_currency(rate_ts=0, least=D(0), most=D(0), worth=D(0)),
    ),
    ("risk_hour_once", "risk_hour", changed(RISK_HOUR, orders_count=2)),
    ("risk_hour_full", "risk_hour", an_hour(hour_ts=RISK_HOUR.hour_ts + 1)),
    ("risk_hour_full", "risk_hour", an_hour(hour_ts=RISK_HOUR.hour_ts + HOUR_NS)),
    ("risk_hour_state", "risk_hour", an_hour(state="Odd", closed="halted")),
    ("risk_hour_closed_as_it_stands", "risk_hour", an_hour(kill_level=1)),
    ("risk_hour_closed_as_it_stands", "risk_hour", an_hour(drawdown=200_000)),
    ("risk_hour_closed_as_it_stands", "risk_hour", an_hour(equity=D(0), share=None)),
    ("risk_hour_counts", "risk_hour", an_hour(unknown_count=2)),
    ("risk_hour_exposure_adds_up", "risk_hour", an_hour(exposure=D("10389.96"))),
    ("risk_hour_share_follows", "risk_hour", an_hour(share=103_494)),
    ("risk_hour_share_follows", "risk_hour", an_hour(share=103_497)),
    ("risk_hour_share_follows", "risk_hour", an_hour(share=None)),
    ("cluster_hour_once", "cluster_hour", CLUSTER_HOUR),
    ("cluster_hour_full", "cluster_hour", changed(CLUSTER_HOUR, hour_ts=1)),
    (
        "cluster_hour_exposure_adds_up",
        "cluster_hour",
        changed(CLUSTER_HOUR, cluster="A", exposure=D(1)),
    ),
    ("ingestion_gap_kind", "ingestion_gap", hole(kind="odd")),
    ("ingestion_gap_place", "ingestion_gap", hole(place=-1)),
    ("ingestion_gap_place", "ingestion_gap", hole(symbol="")),
    ("ingestion_gap_place", "ingestion_gap", hole(place=-2, symbol="")),
    ("ingestion_gap_span", "ingestion_gap", changed(GAP_CLOSED, begins=GAP_CLOSED.ends + 1)),
    ("ingestion_gap_closing", "ingestion_gap", changed(GAP_CLOSED, times=0)),
    ("ingestion_watermark_once", "ingestion_watermark", WATERMARK),
    ("ingestion_watermark_hour", "ingestion_watermark", changed(WATERMARK, ts=1)),
    ("ingestion_watermark_symbols", "ingestion_watermark", changed(WATERMARK, newest_ts=(1,))),
    ("ingestion_watermark_symbols", "ingestion_watermark", changed(WATERMARK, trade_ids=(1,))),
    (
        "ingestion_watermark_symbols",
        "ingestion_watermark",
        changed(WATERMARK, newest_ts=(), taken=(), trade_ids=()),
    ),
    ("ingestion_watermark_counts", "ingestion_watermark", changed(WATERMARK, taken=(-1, 0))),
    ("transfer_hash_form", "transfer", moved(hash="odd")),
    ("transfer_number_once", "transfer", moved(transfer_no=TRANSFERS[0].transfer_no)),
    ("transfer_debit_sequence_once", "transfer", moved(debit_sequence=1)),
    ("transfer_credit_sequence_once", "transfer", moved(credit_sequence=1)),
)
# What unique indexes and the triggers over all added rows refuse, by the same way of names.
UNCHAINED: tuple[tuple[str, str, Message], ...] = (
    ("ingestion_gap_opened_once", "ingestion_gap", hole(number=1)),
    ("ingestion_gap_closed_once", "ingestion_gap", changed(GAP_CLOSED, told_by="resynced")),
    *(
        ("ingestion_gap_closes_an_open_one", "ingestion_gap", changed(END_OF_SECOND, **fields))
        for fields in ({"number": 3}, {"stream": "trade"}, {"kind": "stale"}, {"begins": 0})
    ),
    *(
        ("ingestion_watermark_rises", "ingestion_watermark", changed(LATER, **fields))
        for fields in (
            {"ts": 0},
            {"newest_ts": (1, 0)},
            {"trade_ids": (40, 0)},
            {"trade_ids": ()},
            {"newest_ts": (START_NS,), "taken": (1,), "trade_ids": (41,)},
        )
    ),
    ("lot_consumed_remaining_follows", "lot_consumed", taken(quantity=D("0.2"))),
    ("lot_consumed_remaining_follows", "lot_consumed", taken(quantity=D("0.01"))),
    ("lot_consumed_remaining_follows", "lot_consumed", taken(number=2)),
    *(
        (name, "transfer", body)
        for name, body in (
            ("transfer_number_follows", moved(transfer_no=4)),
            ("transfer_previous_follows", moved(previous="a" * 64)),
            ("transfer_hash_holds", moved(hash="a" * 64)),
            ("transfer_sequence_follows", moved(debit_sequence=4)),
            ("transfer_sequence_follows", moved(credit_sequence=4)),
            ("transfer_sequence_follows", moved(credit="market:USD")),
            ("transfer_balance_follows", moved(debit_balance=D("-200000.01"))),
            ("transfer_balance_follows", moved(amount=D("100000.01"))),
        )
    ),
)
BY_HAND = "verdict_slice_columns"  # a slice is one matrix: no message can break this one
