-- A fill comes after the first event of its order, of the same symbol and side. Where events of
-- orders were refused before it, the first one may be missing.

WITH opened AS (
    SELECT DISTINCT ON (account_id, cl_ord_id)
        account_id, cl_ord_id, seq, ordinal, symbol, side
    FROM ballast.order_event ORDER BY account_id, cl_ord_id, seq, ordinal
), refused AS (
    SELECT account_id, min(seq) AS seq
    FROM ballast.row_refused WHERE table_name = 'order_event' GROUP BY account_id
)
SELECT f.account_id, f.seq, format('fill %s of order %s', f.exec_id, f.cl_ord_id) AS detail
FROM ballast.fill f
LEFT JOIN opened o USING (account_id, cl_ord_id)
LEFT JOIN refused r USING (account_id)
WHERE o.symbol <> f.symbol OR o.side <> f.side
    OR (o.seq IS NULL OR (o.seq, o.ordinal) >= (f.seq, f.ordinal))
        AND (r.seq IS NULL OR r.seq > f.seq)
