-- What `ballast why` asks, always of one account and on one state of the database. Times are
-- nanoseconds; an evaluation is a row of verdict_slice, a symbol's place in it that of its run.

-- name: why_evaluation
-- The newest one before a time.
SELECT seq, ordinal, at, run_id, mode, ts, prediction_ts, action, reason, p_up, expected_move, cost,
    edge
FROM ballast.verdict_slice
WHERE account_id = $1 AND at < $2 ORDER BY seq DESC, ordinal DESC LIMIT 1;

-- name: why_first
-- When anything was evaluated first.
SELECT at FROM ballast.verdict_slice WHERE account_id = $1 ORDER BY seq, ordinal LIMIT 1;

-- name: why_prediction
-- What the model had said last, up to an input.
SELECT ts, bundle_id, in_sample, p_up, expected_move, uncertainty FROM ballast.prediction_slice
WHERE account_id = $1 AND ts = $2 AND seq <= $3 ORDER BY seq DESC, ordinal DESC LIMIT 1;

-- name: why_regime
SELECT regime FROM ballast.regime_slice
WHERE account_id = $1 AND close_ts = $2 AND seq <= $3 ORDER BY seq DESC, ordinal DESC LIMIT 1;

-- name: why_profiles
-- Those that decide at an input.
SELECT DISTINCT ON (kind) kind, profile_hash FROM ballast.profile_assignment
WHERE account_id = $1 AND run_id = $2 AND seq <= $3 ORDER BY kind, seq DESC, ordinal DESC;

-- name: why_standing
-- The trading state as it was told last, up to an input.
SELECT state, kill_level, reason, at FROM ballast.trading_state
WHERE account_id = $1 AND seq <= $2 ORDER BY seq DESC, ordinal DESC LIMIT 1;

-- name: why_hour
-- What stood in the way of every entry when an hour was full last.
SELECT hour_ts, closed, drawdown, halt_at, tier FROM ballast.risk_hour
WHERE account_id = $1 AND seq <= $2 ORDER BY seq DESC, ordinal DESC LIMIT 1;

-- name: why_approvals
-- What risk approved in the step of an evaluation.
SELECT intent_no, side, quantity, limit_price, at FROM ballast.risk_verdict
WHERE account_id = $1 AND seq = $2 AND symbol = $3 ORDER BY ordinal;

-- name: why_refusals
-- What was refused in that step, and later of what was approved in it.
SELECT intent_no, side, reason, value, threshold, gate, at FROM ballast.refusal
WHERE account_id = $1 AND symbol = $3 AND (seq = $2 OR (seq > $2 AND intent_no = ANY($4)))
ORDER BY seq, ordinal;

-- name: why_orders
-- The orders of some intents, each as it stood last.
SELECT r.intent_no, r.cl_ord_id, r.side, r.quantity, r.limit_price, r.at, e.state, e.filled,
    e.reason, e.at AS state_at
FROM ballast.order_request r
CROSS JOIN LATERAL (
    SELECT state, filled, reason, at FROM ballast.order_event
    WHERE account_id = r.account_id AND cl_ord_id = r.cl_ord_id
    ORDER BY seq DESC, ordinal DESC LIMIT 1
) e
WHERE r.account_id = $1 AND r.seq >= $2 AND r.intent_no = ANY($3) ORDER BY r.seq, r.ordinal;

-- name: why_unsent
-- Orders of some intents that were never asked of the venue, with the reason.
SELECT DISTINCT ON (e.intent_no) e.intent_no, e.cl_ord_id, e.side, e.quantity, e.limit_price, e.at,
    e.state, e.filled, e.reason, e.at AS state_at
FROM ballast.order_event e
WHERE e.account_id = $1 AND e.seq >= $2 AND e.intent_no = ANY($3)
    AND NOT EXISTS (
        SELECT 1 FROM ballast.order_request r
        WHERE r.account_id = e.account_id AND r.cl_ord_id = e.cl_ord_id
    )
ORDER BY e.intent_no, e.seq DESC, e.ordinal DESC;

-- name: why_fills
SELECT cl_ord_id, quantity, price, cost, fee, fee_asset, liquidity, at FROM ballast.fill
WHERE account_id = $1 AND cl_ord_id = ANY($2) ORDER BY seq, ordinal;

-- name: why_rows_refused
-- Rows of the step that the database did not take.
SELECT table_name, constraint_name FROM ballast.row_refused
WHERE account_id = $1 AND seq = $2 ORDER BY ordinal;

-- name: why_rungs
-- How often each reason decided for a symbol in a time, up to an input.
SELECT v.action[m.place + 1] AS action, v.reason[m.place + 1] AS reason, count(*) AS evaluations
FROM ballast.verdict_slice v JOIN ballast.universe_member m USING (account_id, run_id)
WHERE v.account_id = $1 AND m.symbol = $2 AND v.at > $3 AND v.seq <= $4
GROUP BY 1, 2 ORDER BY 3 DESC, 2;

-- name: why_since
-- Since when one reason has decided without a break, and whether another one is seen before it.
WITH told AS (
    SELECT v.seq, v.at, v.reason[m.place + 1] AS reason
    FROM ballast.verdict_slice v JOIN ballast.universe_member m USING (account_id, run_id)
    WHERE v.account_id = $1 AND m.symbol = $2 AND v.at > $3 AND v.seq <= $4
), other AS (
    SELECT max(seq) AS seq FROM told WHERE reason <> $5
)
SELECT (SELECT min(at) FROM told WHERE seq > coalesce(other.seq, 0)) AS since,
    other.seq IS NOT NULL AS changed
FROM other;
