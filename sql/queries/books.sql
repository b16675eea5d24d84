-- What `ballast books` asks, always of one account and on one state of the database. Times are
-- nanoseconds, `from` included and `before` not; the order is that of the journal.

-- name: books_accounts
SELECT account_id FROM ballast.run GROUP BY account_id ORDER BY max(ordinal) DESC LIMIT $1;

-- name: books_extent
SELECT coalesce(max(last_seq), 0) AS last_seq,
    (SELECT count(*) FROM ballast.transfer WHERE account_id = $1) AS transfers,
    (
        SELECT at FROM ballast.transfer WHERE account_id = $1 ORDER BY seq, ordinal LIMIT 1
    ) AS first_at,
    (
        SELECT at FROM ballast.transfer WHERE account_id = $1
        ORDER BY seq DESC, ordinal DESC LIMIT 1
    ) AS last_at
FROM ballast.journal_frame WHERE account_id = $1;

-- name: books_balances
SELECT ledger_account, asset,
    (array_agg(balance ORDER BY seq DESC, ordinal DESC))[1] AS balance,
    sum(change) AS total, count(*) AS postings
FROM ballast.posting
WHERE account_id = $1 AND at < $2 AND (seq, ordinal) < ($3, $4)
GROUP BY ledger_account, asset ORDER BY asset, ledger_account;

-- name: books_postings
-- The newest ones, newest first. An account is named whole (available:USD) or by its kind alone.
SELECT seq, ordinal, at, run_id, transfer_no, ledger_account, asset, change, balance, counterpart,
    source, cause
FROM ballast.posting
WHERE account_id = $1 AND at >= $2 AND at < $3
    AND ($4 = '' OR ledger_account = $4 OR split_part(ledger_account, ':', 1) = $4)
    AND ($5 = '' OR asset = $5)
ORDER BY seq DESC, ordinal DESC, side LIMIT $6;

-- name: books_transfers
SELECT seq, ordinal, at, run_id, transfer_no, debit, credit, asset, amount, debit_balance,
    credit_balance, debit_sequence, credit_sequence, source, cause,
    coalesce(previous, ''), coalesce(hash, '')
FROM ballast.transfer
WHERE account_id = $1 AND at >= $2 AND at < $3 ORDER BY seq, ordinal;

-- name: books_transfer
-- One transfer by its number.
SELECT seq, ordinal, at, run_id, transfer_no, debit, credit, asset, amount, debit_balance,
    credit_balance, debit_sequence, credit_sequence, source, cause,
    coalesce(previous, ''), coalesce(hash, '')
FROM ballast.transfer WHERE account_id = $1 AND transfer_no = $2;

-- name: books_correction
-- Who reversed a transfer already, with the reason.
SELECT told FROM ballast.ledger_entry WHERE account_id = $1 AND corrects = $2;

-- name: books_deposits
SELECT seq, ordinal, at, run_id, transfer_no, debit, credit, asset, amount, debit_balance,
    credit_balance, debit_sequence, credit_sequence, source, cause,
    coalesce(previous, ''), coalesce(hash, '')
FROM ballast.transfer
WHERE account_id = $1 AND at < $2 AND debit LIKE 'external:%' AND source LIKE 'deposit:%'
ORDER BY seq, ordinal;

-- name: books_entries
SELECT seq, ordinal, at, run_id, refid, kind, asset, amount, fee, other, worth, corrects, told, ts
FROM ballast.ledger_entry WHERE account_id = $1 AND at < $2 ORDER BY seq, ordinal;

-- name: books_fills
SELECT seq, ordinal, at, run_id, cl_ord_id, exec_id, symbol, side, quantity, price, cost, fee,
    fee_asset, liquidity, ts, hold_after, decision_price
FROM ballast.fill WHERE account_id = $1 AND at < $2 ORDER BY seq, ordinal;

-- name: books_unexplained
-- Also those that were set aside: the ledger remembers them, and transfers tell of them.
SELECT seq, ordinal, at, run_id, cl_ord_id, exec_id, symbol, side, quantity, price, cost, fee,
    fee_asset, liquidity, ts, venue_order_id, booked, reason
FROM ballast.trade_unexplained WHERE account_id = $1 AND at < $2 ORDER BY seq, ordinal;

-- name: books_trades
SELECT seq, ordinal, at, run_id, cl_ord_id, exec_id, symbol, quantity, proceeds, cost, fee,
    realised, ts
FROM ballast.trade_closed
WHERE account_id = $1 AND at >= $2 AND at < $3 AND ($4 = '' OR symbol = $4)
ORDER BY seq, ordinal;

-- name: books_hour
-- An hour is recorded before anything else happens at it, so that of the end counts.
SELECT seq, ordinal, at, run_id, ts, equity, cash_free, cash_held, realised, unrealised, fees,
    peak, drawdown, unmarked
FROM ballast.portfolio_hour
WHERE account_id = $1 AND at <= $2 ORDER BY seq DESC, ordinal DESC LIMIT 1;

-- name: books_hour_positions
-- The rows that the same record made stand right after it.
SELECT symbol, quantity, free, cost, value FROM ballast.position_hour
WHERE account_id = $1 AND seq = $2 AND ordinal > $3
    AND hour_ts = (
        SELECT hour_ts FROM ballast.portfolio_hour
        WHERE account_id = $1 AND seq = $2 AND ordinal = $3
    )
ORDER BY ordinal;

-- name: books_hour_currencies
-- The rows that the same record made stand behind it.
SELECT currency, free, held, holdings, worth, least, most, rate_ts, realised, fees, paid_in, gain
FROM ballast.currency_hour
WHERE account_id = $1 AND seq = $2 AND ordinal > $3
    AND hour_ts = (
        SELECT hour_ts FROM ballast.portfolio_hour
        WHERE account_id = $1 AND seq = $2 AND ordinal = $3
    )
ORDER BY ordinal;

-- name: books_orders
SELECT DISTINCT ON (cl_ord_id) cl_ord_id, state, filled FROM ballast.order_event
WHERE account_id = $1 AND seq <= $2 ORDER BY cl_ord_id, seq DESC, ordinal DESC;
