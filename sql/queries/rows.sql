-- Every row that some inputs led to, as JSON, to be held against what the journal makes of them.
-- A test holds the tables against those that a journal writes.

-- name: rows_of_inputs
SELECT 'verdict_slice', seq, ordinal, to_jsonb(r)::text FROM ballast.verdict_slice r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'refusal', seq, ordinal, to_jsonb(r)::text FROM ballast.refusal r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'trading_state', seq, ordinal, to_jsonb(r)::text FROM ballast.trading_state r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'order_event', seq, ordinal, to_jsonb(r)::text FROM ballast.order_event r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'fill', seq, ordinal, to_jsonb(r)::text FROM ballast.fill r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'trade_unexplained', seq, ordinal, to_jsonb(r)::text FROM ballast.trade_unexplained r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'transfer', seq, ordinal, to_jsonb(r)::text FROM ballast.transfer r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'trade_closed', seq, ordinal, to_jsonb(r)::text FROM ballast.trade_closed r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'portfolio_hour', seq, ordinal, to_jsonb(r)::text FROM ballast.portfolio_hour r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'position_hour', seq, ordinal, to_jsonb(r)::text FROM ballast.position_hour r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'row_refused', seq, ordinal, to_jsonb(r)::text FROM ballast.row_refused r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'risk_profile', seq, ordinal, to_jsonb(r)::text FROM ballast.risk_profile r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'risk_verdict', seq, ordinal, to_jsonb(r)::text FROM ballast.risk_verdict r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'order_request', seq, ordinal, to_jsonb(r)::text FROM ballast.order_request r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'lot', seq, ordinal, to_jsonb(r)::text FROM ballast.lot r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'lot_consumed', seq, ordinal, to_jsonb(r)::text FROM ballast.lot_consumed r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3
UNION ALL SELECT 'ledger_entry', seq, ordinal, to_jsonb(r)::text FROM ballast.ledger_entry r
WHERE account_id = $1 AND seq BETWEEN $2 AND $3;
