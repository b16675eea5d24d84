-- The hour of every derived row is the full hour, UTC, of its time.

WITH derived AS (
    SELECT 'verdict_slice' AS kind, account_id, seq, at, hour_ts_utc FROM ballast.verdict_slice
    UNION ALL SELECT 'refusal', account_id, seq, at, hour_ts_utc FROM ballast.refusal
    UNION ALL SELECT 'trading_state', account_id, seq, at, hour_ts_utc FROM ballast.trading_state
    UNION ALL SELECT 'order_event', account_id, seq, at, hour_ts_utc FROM ballast.order_event
    UNION ALL SELECT 'fill', account_id, seq, at, hour_ts_utc FROM ballast.fill
    UNION ALL SELECT 'transfer', account_id, seq, at, hour_ts_utc FROM ballast.transfer
    UNION ALL SELECT 'trade_closed', account_id, seq, at, hour_ts_utc FROM ballast.trade_closed
    UNION ALL SELECT 'portfolio_hour', account_id, seq, at, hour_ts_utc FROM ballast.portfolio_hour
    UNION ALL SELECT 'risk_hour', account_id, seq, at, hour_ts_utc FROM ballast.risk_hour
    UNION ALL SELECT 'cluster_hour', account_id, seq, at, hour_ts_utc FROM ballast.cluster_hour
    UNION ALL SELECT 'position_hour', account_id, seq, at, hour_ts_utc FROM ballast.position_hour
    UNION ALL SELECT 'trade_unexplained', account_id, seq, at, hour_ts_utc
    FROM ballast.trade_unexplained
    UNION ALL SELECT 'bar_slice', account_id, seq, at, hour_ts_utc FROM ballast.bar_slice
    UNION ALL SELECT 'feature_schema', account_id, seq, at, hour_ts_utc FROM ballast.feature_schema
    UNION ALL SELECT 'feature_slice', account_id, seq, at, hour_ts_utc FROM ballast.feature_slice
    UNION ALL SELECT 'prediction_slice', account_id, seq, at, hour_ts_utc FROM ballast.prediction_slice
    UNION ALL SELECT 'regime_cut', account_id, seq, at, hour_ts_utc FROM ballast.regime_cut
    UNION ALL SELECT 'regime_slice', account_id, seq, at, hour_ts_utc FROM ballast.regime_slice
    UNION ALL SELECT 'row_refused', account_id, seq, at, hour_ts_utc FROM ballast.row_refused
)
SELECT account_id, seq, format('%s at %s is filed under %s', kind, at, hour_ts_utc) AS detail
FROM derived WHERE hour_ts_utc <> at - at % 3600000000000
