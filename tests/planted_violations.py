"""What breaks each rule of sql/validations/, in SQL, when triggers and guards sleep.

A row is the rule's name and a change that it must find (others may find it too).
"""

from __future__ import annotations

from tests.sealing import tombstone

LAST_HOUR = "SELECT max(hour_ts) FROM ballast.portfolio_hour"
FILLED = "SELECT min(seq) FROM ballast.fill"
SOLD = "SELECT min(seq) FROM ballast.trade_closed"
LAST_BAR = "(SELECT max(close_ts) FROM ballast.bar_slice)"
NEWEST_MARK = "SELECT max(seq) FROM ballast.ingestion_watermark"
LOW = "array_fill(1::bigint, ARRAY[30])"
UNCHECKED = "ALTER TABLE ballast.{0} DROP CONSTRAINT {0}_{1}"
LAST_RUN = "SELECT run_id FROM ballast.run ORDER BY ordinal DESC LIMIT 1"
OTHER_HASH = "encode(sha256('x'), 'hex')"
# The newest manifest, changed by somebody who makes its hash again.
MADE_ANEW = f"""
    UPDATE ballast.replay_manifest SET code_fingerprint = 'another' WHERE run_id = ({LAST_RUN});
    UPDATE ballast.replay_manifest m SET manifest_hash = encode(
        sha256(convert_to((to_jsonb(m) - 'manifest_hash')::text, 'UTF8')), 'hex'
    ) WHERE run_id = ({LAST_RUN})
"""
# Tables that were added after the two rules over every row.
LATER_LISTED = (
    "risk_profile",
    "risk_verdict",
    "order_request",
    "lot",
    "lot_consumed",
    "ledger_entry",
)
# A change of a sale, once: by no approval, and by one of something else.
CHANGED = """
    WITH verdicts AS (
        SELECT v.intent_no FROM ballast.risk_verdict v
        JOIN ballast.order_event o USING (account_id, run_id)
        WHERE v.side = 'buy' AND v.seq < o.seq AND o.side = 'sell'
    )
    INSERT INTO ballast.order_amendment
    SELECT account_id, run_id, mode, hour_ts_utc, seq, 900, at, cl_ord_id, 1, {intent_no}, symbol,
        side, quantity, filled, limit_price, at, at + 1, 1
    FROM ballast.order_event WHERE side = 'sell' AND state = 'submitted'
    ORDER BY seq DESC LIMIT 1
"""
# Rule, and what breaks it (and may break others) when triggers and guards sleep.
PLANTED = (
    ("assets_sum_to_zero", "UPDATE ballast.transfer SET credit_balance = credit_balance + 1"),
    ("balances_follow", f"UPDATE ballast.transfer SET amount = amount + 1 WHERE seq = ({FILLED})"),
    ("balances_follow", "UPDATE ballast.transfer SET debit_sequence = 700 WHERE transfer_no = 3"),
    ("contexts_are_complete", "DELETE FROM ballast.run_context"),
    ("contexts_are_complete", "DELETE FROM ballast.universe_version"),
    ("contexts_are_complete", "DELETE FROM ballast.universe_member WHERE place = 1"),
    ("contexts_are_complete", "UPDATE ballast.universe_member SET symbol = 'X' WHERE place = 1"),
    ("contexts_are_complete", "UPDATE ballast.run_context SET settings = settings || ' '"),
    ("contexts_are_complete", "DELETE FROM ballast.profile WHERE kind = 'risk'"),
    ("datasets_span_training", "UPDATE ballast.dataset SET first_ts = first_ts + 1"),
    ("datasets_span_training", "UPDATE ballast.dataset SET last_ts = first_ts"),
    ("datasets_span_training", "DELETE FROM ballast.model_version"),
    (
        "entries_exceed_their_cost",
        f"""
        {UNCHECKED.format("risk_verdict", "edge_above_cost")};
        UPDATE ballast.risk_verdict SET expected_move = cost WHERE side = 'buy'
        """,
    ),
    ("entries_exceed_their_cost", "UPDATE ballast.risk_profile SET edge_margin = 900000"),
    ("epochs_rise_one_by_one", "INSERT INTO ballast.lease VALUES ('paper', 9, 'nobody')"),
    ("epochs_rise_one_by_one", "UPDATE ballast.journal_frame SET epoch = 5"),
    ("fills_follow_orders", f"UPDATE ballast.fill SET side = 'sell' WHERE seq = ({FILLED})"),
    ("fills_follow_orders", "DELETE FROM ballast.order_event"),
    ("fills_make_orders", f"DELETE FROM ballast.fill WHERE seq = ({FILLED})"),
    (
        "funds_are_never_negative",
        "UPDATE ballast.transfer SET debit_balance = -1 WHERE source LIKE 'fill:%'",
    ),
    (
        "funds_are_never_negative",
        "UPDATE ballast.transfer SET credit = 'suspense:USD' WHERE transfer_no = 1",
    ),
    ("gaps_close_what_opened", "DELETE FROM ballast.ingestion_gap WHERE ends IS NULL"),
    (
        "gaps_close_what_opened",
        "UPDATE ballast.ingestion_gap SET kind = 'stale' WHERE ends IS NOT NULL",
    ),
    (
        "gaps_close_what_opened",
        """
        INSERT INTO ballast.ingestion_gap SELECT account_id, run_id, mode, hour_ts_utc, seq,
            ordinal + 1000, at, 100000, stream, place, symbol, kind, told_by, begins, NULL, NULL
        FROM ballast.ingestion_gap WHERE ends IS NULL ORDER BY seq LIMIT 1
        """,
    ),
    ("hours_are_full", "UPDATE ballast.transfer SET hour_ts_utc = hour_ts_utc + 1"),
    *(
        ("hours_are_full", f"UPDATE ballast.{table} SET hour_ts_utc = hour_ts_utc - 3600000000000")
        for table in LATER_LISTED
    ),
    (
        "journal_checksums_hold",
        "UPDATE ballast.journal_frame SET records = records || 'x' WHERE first_seq = 1",
    ),
    ("journal_is_gapless", "DELETE FROM ballast.journal_frame WHERE first_seq = 1"),
    (
        "journal_roots_follow",
        "UPDATE ballast.journal_frame SET root_before = checksum WHERE first_seq > 1",
    ),
    ("orders_have_verdicts", "DELETE FROM ballast.risk_verdict"),
    ("orders_have_verdicts", "DELETE FROM ballast.order_request WHERE side = 'buy'"),
    ("orders_have_verdicts", "DELETE FROM ballast.transfer WHERE source LIKE 'hold:%:place'"),
    ("orders_have_verdicts", "UPDATE ballast.order_request SET quantity = quantity + 1"),
    ("orders_have_verdicts", CHANGED.format(intent_no="999999")),
    ("orders_have_verdicts", CHANGED.format(intent_no="(SELECT max(intent_no) FROM verdicts)")),
    (
        "orders_have_verdicts",
        "UPDATE ballast.transfer SET debit_balance = -1 WHERE source LIKE 'hold:%:place'",
    ),
    ("manifests_tell_the_rows", "UPDATE ballast.fill SET fee = fee + 1"),
    ("manifests_tell_the_rows", f"DELETE FROM ballast.risk_hour WHERE hour_ts = ({LAST_HOUR})"),
    ("manifests_tell_the_rows", MADE_ANEW),
    ("manifests_tell_the_rows", f"UPDATE ballast.replay_manifest SET root = {OTHER_HASH}"),
    ("manifests_tell_the_rows", "UPDATE ballast.replay_manifest SET row_count = row_count + 1"),
    ("manifests_tell_the_rows", f"UPDATE ballast.replay_manifest SET manifest_hash = {OTHER_HASH}"),
    (
        "manifests_tell_the_rows",
        f"DELETE FROM ballast.replay_manifest WHERE run_id = ({LAST_RUN})",
    ),
    (
        "manifests_tell_the_rows",
        f"DELETE FROM ballast.replay_manifest WHERE run_id <> ({LAST_RUN})",
    ),
    (
        "lots_follow_trades",
        "UPDATE ballast.lot_consumed SET realised = realised + 1 WHERE cause = 'sale'",
    ),
    ("lots_follow_trades", "UPDATE ballast.lot_consumed SET quantity = quantity * 2"),
    ("lots_follow_trades", "UPDATE ballast.lot_consumed SET cost = cost + 1"),
    ("lots_follow_trades", "UPDATE ballast.lot SET quantity = quantity / 2"),
    ("portfolio_hours_add_up", "UPDATE ballast.portfolio_hour SET equity = equity + 1"),
    ("portfolio_hours_add_up", "DELETE FROM ballast.position_hour"),
    (
        "portfolio_hours_add_up",
        """
        UPDATE ballast.portfolio_hour SET equity = cash_free + cash_held
        WHERE equity < cash_free + cash_held
        """,
    ),
    ("predictions_follow_bars", f"DELETE FROM ballast.bar_slice WHERE close_ts = {LAST_BAR}"),
    (
        "predictions_follow_bars",
        f"UPDATE ballast.bar_slice SET seq = seq + 1 WHERE close_ts = {LAST_BAR}",
    ),
    (
        "predictions_follow_bars",
        """
        INSERT INTO ballast.bar_slice
        SELECT account_id, run_id, mode, hour_ts_utc, seq, 9000, at, open_ts, close_ts, numbers
        FROM ballast.bar_slice ORDER BY seq DESC LIMIT 1
        """,
    ),
    ("predictions_follow_bars", "UPDATE ballast.bar_slice SET numbers = numbers || '\\x00'"),
    ("predictions_follow_bars", "UPDATE ballast.feature_slice SET numbers = numbers || '\\x00'"),
    ("predictions_follow_bars", "DELETE FROM ballast.feature_schema"),
    ("predictions_follow_bars", "DELETE FROM ballast.regime_cut"),
    ("predictions_follow_bars", f"DELETE FROM ballast.regime_slice WHERE close_ts = {LAST_BAR}"),
    ("predictions_follow_bars", "UPDATE ballast.regime_slice SET regime = regime || 1"),
    ("predictions_follow_bars", "UPDATE ballast.regime_slice SET close_ts = close_ts + 1"),
    ("predictions_follow_bars", "UPDATE ballast.feature_schema SET schema_hash = 'another'"),
    ("predictions_follow_bars", f"DELETE FROM ballast.feature_slice WHERE close_ts = {LAST_BAR}"),
    (
        "predictions_follow_bars",
        """
        UPDATE ballast.prediction_slice
        SET p_up = p_up || 1, expected_move = expected_move || 1, uncertainty = uncertainty || 1,
            p_up_h1 = p_up_h1 || 1, move_h1 = move_h1 || 1, p_up_h4 = p_up_h4 || 1,
            move_h4 = move_h4 || 1, p_up_h24 = p_up_h24 || 1, move_h24 = move_h24 || 1,
            rebound = rebound || 1, downside = downside || 1
        """,
    ),
    (
        "predictions_follow_bars",
        "UPDATE ballast.verdict_slice SET prediction_ts = ts - 1 WHERE prediction_ts = ts",
    ),
    ("predictions_are_whole", "UPDATE ballast.prediction_slice SET rebound = NULL"),
    ("predictions_are_whole", "UPDATE ballast.prediction_slice SET move_h4 = move_h4 || 1"),
    ("predictions_are_whole", "UPDATE ballast.prediction_slice SET downside[1] = 1000001"),
    ("predictions_are_whole", "UPDATE ballast.prediction_slice SET p_up_h24[1] = -1"),
    ("predictions_have_models", "DELETE FROM ballast.activation"),
    ("predictions_have_models", "DELETE FROM ballast.model_version"),
    ("predictions_have_models", "UPDATE ballast.prediction_slice SET in_sample = NOT in_sample"),
    ("cluster_hours_name_maps", "UPDATE ballast.cluster_hour SET version = 'another'"),
    ("cluster_hours_name_maps", "UPDATE ballast.cluster_map SET valid_until = as_of + 1"),
    ("risk_hours_tie", f"DELETE FROM ballast.risk_hour WHERE hour_ts = ({LAST_HOUR})"),
    ("risk_hours_tie", f"DELETE FROM ballast.portfolio_hour WHERE hour_ts = ({LAST_HOUR})"),
    ("risk_hours_tie", "DELETE FROM ballast.cluster_hour"),
    (
        "risk_hours_tie",
        "UPDATE ballast.cluster_hour SET claims_worth = claims_worth + 1, exposure = exposure + 1",
    ),
    (
        "risk_hours_tie",
        (
            f"{UNCHECKED.format('risk_hour', 'share_follows')};"
            " UPDATE ballast.risk_hour SET equity = equity + 1"
        ),
    ),
    ("risk_hours_tie", "UPDATE ballast.risk_hour SET drawdown = drawdown + 1"),
    ("risk_hours_tie", "UPDATE ballast.position_hour SET value = value + 1"),
    ("rows_belong_to_their_run", "UPDATE ballast.fill SET run_id = 'another'"),
    *(
        ("rows_belong_to_their_run", f"UPDATE ballast.{table} SET mode = 'LIVE'")
        for table in LATER_LISTED
    ),
    ("rows_belong_to_their_run", "UPDATE ballast.transfer SET mode = 'LIVE'"),
    ("rows_belong_to_their_run", "UPDATE ballast.verdict_slice SET seq = seq + 1000000"),
    ("runs_begin_where_the_journal_stood", "UPDATE ballast.run SET genesis = sha256('x')"),
    ("runs_begin_where_the_journal_stood", "UPDATE ballast.journal_frame SET run_id = 'another'"),
    ("sealed_runs_stand_alone", tombstone()),
    (
        "slices_come_once",
        """
        INSERT INTO ballast.verdict_slice (
            account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, ts, prediction_ts,
            action, reason, p_up, expected_move, cost, edge
        ) SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at + 1, ts, prediction_ts,
            action, reason, p_up, expected_move, cost, edge
        FROM ballast.verdict_slice LIMIT 1
        """,
    ),
    ("trades_follow_fills", "UPDATE ballast.trade_closed SET realised = realised + 1"),
    ("trades_follow_fills", f"UPDATE ballast.fill SET cost = cost + 1 WHERE seq = ({SOLD})"),
    (
        "trades_follow_fills",
        "UPDATE ballast.trade_unexplained SET booked = false WHERE exec_id = 'sale'",
    ),
    (
        "trades_follow_fills",
        "UPDATE ballast.trade_unexplained SET cost = cost + 1 WHERE exec_id = 'sale'",
    ),
    ("training_folds_ascend", "DELETE FROM ballast.training_fold WHERE number = 1"),
    ("training_folds_ascend", "UPDATE ballast.training_fold SET bundle_id = 'another'"),
    (
        "training_folds_ascend",
        "UPDATE ballast.training_fold SET test_ends = test_ends + 86400000000000 WHERE number = 2",
    ),
    (
        "training_folds_ascend",
        "UPDATE ballast.model_version SET trained_until = trained_from + 1",
    ),
    ("transfers_are_chained", "UPDATE ballast.transfer SET amount = amount * 1.0"),
    (
        "transfers_are_chained",
        "UPDATE ballast.transfer SET previous = NULL, hash = NULL WHERE transfer_no = 9",
    ),
    ("transfers_are_chained", "DELETE FROM ballast.transfer WHERE transfer_no = 2"),
    ("transfers_are_numbered", "DELETE FROM ballast.transfer WHERE transfer_no = 2"),
    (
        "watermarks_never_go_back",
        f"UPDATE ballast.ingestion_watermark SET newest_ts = {LOW} WHERE seq = ({NEWEST_MARK})",
    ),
    (
        "watermarks_never_go_back",
        f"UPDATE ballast.ingestion_watermark SET ts = 0 WHERE seq = ({NEWEST_MARK})",
    ),
    (
        "watermarks_never_go_back",
        "UPDATE ballast.ingestion_watermark SET trade_ids = array_fill(-seq, ARRAY[30])",
    ),
    (
        "watermarks_never_go_back",
        f"UPDATE ballast.ingestion_watermark SET resumed = true WHERE seq = ({NEWEST_MARK})",
    ),
)
ASLEEP = "SET session_replication_role = replica; " + "; ".join(
    f"ALTER TABLE ballast.{table} DISABLE TRIGGER ALL"
    for table in (
        "lease", "run", "journal_frame", "verdict_slice", "order_event", "fill", "transfer",
        "trade_closed", "portfolio_hour", "position_hour", "trade_unexplained",
        "risk_profile", "risk_verdict", "order_request", "order_amendment",
        "lot", "lot_consumed",
        "run_context", "universe_version", "universe_member", "profile", "model_version",
        "activation", "prediction_slice", "bar_slice", "feature_schema", "feature_slice",
        "regime_cut", "regime_slice",
        "risk_hour", "cluster_hour", "cluster_map", "currency_hour", "training_fold",
        "dataset", "ingestion_gap", "ingestion_watermark", "profile_change",
        "journal_sealed", "replay_manifest", "ledger_entry",
    )
)  # fmt: skip
