-- Every derived row is of an input that is in the journal, or sealed, and in the row's own run and mode.

WITH derived AS (
    SELECT 'verdict_slice' AS kind, account_id, run_id, mode, seq FROM ballast.verdict_slice
    UNION ALL SELECT 'refusal', account_id, run_id, mode, seq FROM ballast.refusal
    UNION ALL SELECT 'trading_state', account_id, run_id, mode, seq FROM ballast.trading_state
    UNION ALL SELECT 'order_event', account_id, run_id, mode, seq FROM ballast.order_event
    UNION ALL SELECT 'fill', account_id, run_id, mode, seq FROM ballast.fill
    UNION ALL SELECT 'transfer', account_id, run_id, mode, seq FROM ballast.transfer
    UNION ALL SELECT 'trade_closed', account_id, run_id, mode, seq FROM ballast.trade_closed
    UNION ALL SELECT 'portfolio_hour', account_id, run_id, mode, seq FROM ballast.portfolio_hour
    UNION ALL SELECT 'risk_hour', account_id, run_id, mode, seq FROM ballast.risk_hour
    UNION ALL SELECT 'cluster_hour', account_id, run_id, mode, seq FROM ballast.cluster_hour
    UNION ALL SELECT 'position_hour', account_id, run_id, mode, seq FROM ballast.position_hour
    UNION ALL SELECT 'trade_unexplained', account_id, run_id, mode, seq
    FROM ballast.trade_unexplained
    UNION ALL SELECT 'run_context', account_id, run_id, mode, seq FROM ballast.run_context
    UNION ALL SELECT 'universe_version', account_id, run_id, mode, seq FROM ballast.universe_version
    UNION ALL SELECT 'universe_member', account_id, run_id, mode, seq FROM ballast.universe_member
    UNION ALL SELECT 'instrument', account_id, run_id, mode, seq FROM ballast.instrument
    UNION ALL SELECT 'profile', account_id, run_id, mode, seq FROM ballast.profile
    UNION ALL SELECT 'profile_assignment', account_id, run_id, mode, seq FROM ballast.profile_assignment
    UNION ALL SELECT 'operator_action', account_id, run_id, mode, seq FROM ballast.operator_action
    UNION ALL SELECT 'model_version', account_id, run_id, mode, seq FROM ballast.model_version
    UNION ALL SELECT 'training_window', account_id, run_id, mode, seq FROM ballast.training_window
    UNION ALL SELECT 'training_fold', account_id, run_id, mode, seq FROM ballast.training_fold
    UNION ALL SELECT 'activation', account_id, run_id, mode, seq FROM ballast.activation
    UNION ALL SELECT 'prediction_slice', account_id, run_id, mode, seq FROM ballast.prediction_slice
    UNION ALL SELECT 'bar_slice', account_id, run_id, mode, seq FROM ballast.bar_slice
    UNION ALL SELECT 'feature_schema', account_id, run_id, mode, seq FROM ballast.feature_schema
    UNION ALL SELECT 'feature_slice', account_id, run_id, mode, seq FROM ballast.feature_slice
    UNION ALL SELECT 'regime_cut', account_id, run_id, mode, seq FROM ballast.regime_cut
    UNION ALL SELECT 'regime_slice', account_id, run_id, mode, seq FROM ballast.regime_slice
    UNION ALL SELECT 'row_refused', account_id, run_id, mode, seq FROM ballast.row_refused
)
SELECT d.account_id, d.seq, format('%s of run %s, %s', d.kind, d.run_id, d.mode) AS detail
FROM derived d
LEFT JOIN LATERAL (
    -- Frames do not overlap: the last one that begins at or before the input holds it, or none.
    SELECT last_seq, run_id FROM ballast.journal_frame
    WHERE account_id = d.account_id AND first_seq <= d.seq
    ORDER BY first_seq DESC LIMIT 1
) held ON true
LEFT JOIN LATERAL (
    SELECT last_seq, run_id FROM ballast.journal_sealed
    WHERE held.run_id IS NULL AND account_id = d.account_id AND first_seq <= d.seq
    ORDER BY first_seq DESC LIMIT 1
) sealed ON true
CROSS JOIN LATERAL (
    SELECT coalesce(held.last_seq, sealed.last_seq) AS last_seq,
        coalesce(held.run_id, sealed.run_id) AS run_id
) f
LEFT JOIN ballast.run r ON r.account_id = d.account_id AND r.run_id = d.run_id
WHERE f.run_id IS DISTINCT FROM d.run_id OR d.seq > f.last_seq OR r.mode IS DISTINCT FROM d.mode
