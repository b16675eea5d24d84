-- What an order's last event says was filled is the sum of its fills. Where a fill or an order's
-- event was refused with an input, the orders of that input cannot be added up.

WITH newest AS (
    SELECT DISTINCT ON (account_id, cl_ord_id) account_id, cl_ord_id, seq, filled
    FROM ballast.order_event ORDER BY account_id, cl_ord_id, seq DESC, ordinal DESC
), filled AS (
    SELECT account_id, cl_ord_id, sum(quantity) AS quantity
    FROM ballast.fill GROUP BY account_id, cl_ord_id
), unsure AS (
    SELECT o.account_id, o.cl_ord_id
    FROM ballast.row_refused r JOIN ballast.order_event o USING (account_id, seq)
    WHERE r.table_name = 'fill'
    UNION
    SELECT f.account_id, f.cl_ord_id
    FROM ballast.row_refused r JOIN ballast.fill f USING (account_id, seq)
    WHERE r.table_name = 'order_event'
)
SELECT n.account_id, n.seq,
    format('order %s says %s, its fills %s', n.cl_ord_id, n.filled, coalesce(f.quantity, 0))
        AS detail
FROM newest n
LEFT JOIN filled f USING (account_id, cl_ord_id)
LEFT JOIN unsure u USING (account_id, cl_ord_id)
WHERE n.filled <> coalesce(f.quantity, 0) AND u.cl_ord_id IS NULL
