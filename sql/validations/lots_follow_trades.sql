-- What each lot gave never exceeds what it had, each consumption leaves what remained before less
-- it, and what a sale's lots realised is what the closed trade realised. Where a row was refused
-- nothing can be said.

WITH moved AS (
    SELECT account_id, seq, ordinal, number, symbol, quantity AS remaining, cost, 0::numeric AS taken
    FROM ballast.lot
    UNION ALL
    SELECT account_id, seq, ordinal, number, symbol, remaining, -cost, quantity
    FROM ballast.lot_consumed
), followed AS (
    SELECT *, lag(remaining) OVER one_lot AS before, sum(cost) OVER one_lot AS rest
    FROM moved WINDOW one_lot AS (PARTITION BY account_id, number ORDER BY seq, ordinal)
), realised AS (
    SELECT account_id, seq, source, sum(realised) AS realised
    FROM ballast.lot_consumed WHERE cause = 'sale' GROUP BY account_id, seq, source
), found AS (
    SELECT account_id, seq, format('lot %s keeps %s after %s', number, remaining, taken) AS detail
    FROM followed
    WHERE taken > 0 AND before - taken IS DISTINCT FROM remaining OR remaining < 0 OR rest < 0
        OR remaining = 0 AND rest <> 0
    UNION ALL
    SELECT r.account_id, r.seq, format('%s realised %s from its lots', r.source, r.realised)
    FROM realised r LEFT JOIN ballast.trade_closed t
        ON t.account_id = r.account_id AND t.seq = r.seq
        AND r.source = format('fill:%s:%s', t.cl_ord_id, t.exec_id)
    WHERE t.realised IS DISTINCT FROM r.realised
)
SELECT account_id, seq, detail FROM found
WHERE NOT EXISTS (
    SELECT FROM ballast.row_refused r
    WHERE r.account_id = found.account_id AND r.seq <= found.seq
        AND r.table_name IN ('lot', 'lot_consumed', 'trade_closed')
)
