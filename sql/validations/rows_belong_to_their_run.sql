-- Every derived row is of an input that is in the journal and in the row's own run and mode.

WITH derived AS (
    SELECT 'verdict_slice' AS kind, account_id, run_id, mode, seq FROM ballast.verdict_slice
    UNION ALL SELECT 'refusal', account_id, run_id, mode, seq FROM ballast.refusal
    UNION ALL SELECT 'trading_state', account_id, run_id, mode, seq FROM ballast.trading_state
    UNION ALL SELECT 'order_event', account_id, run_id, mode, seq FROM ballast.order_event
    UNION ALL SELECT 'fill', account_id, run_id, mode, seq FROM ballast.fill
    UNION ALL SELECT 'transfer', account_id, run_id, mode, seq FROM ballast.transfer
    UNION ALL SELECT 'trade_closed', account_id, run_id, mode, seq FROM ballast.trade_closed
    UNION ALL SELECT 'portfolio_hour', account_id, run_id, mode, seq FROM ballast.portfolio_hour
    UNION ALL SELECT 'position_hour', account_id, run_id, mode, seq FROM ballast.position_hour
    UNION ALL SELECT 'trade_unexplained', account_id, run_id, mode, seq
    FROM ballast.trade_unexplained
    UNION ALL SELECT 'row_refused', account_id, run_id, mode, seq FROM ballast.row_refused
)
SELECT d.account_id, d.seq, format('%s of run %s, %s', d.kind, d.run_id, d.mode) AS detail
FROM derived d
WHERE NOT EXISTS (
    SELECT FROM ballast.journal_frame f
    JOIN ballast.run r USING (account_id, run_id)
    WHERE f.account_id = d.account_id AND d.seq BETWEEN f.first_seq AND f.last_seq
        AND f.run_id = d.run_id AND r.mode = d.mode
)
