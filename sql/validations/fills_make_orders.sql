-- What an order's last event says was filled is the sum of its fills. Where a fill or an order's
-- event was refused with an input, the orders of that input cannot be added up.

WITH newest AS (
    SELECT DISTINCT ON (account_id, cl_ord_id) account_id, cl_ord_id, seq, filled
    FROM ballast.order_event ORDER BY account_id, cl_ord_id, seq DESC, ordinal DESC
), filled AS (
    SELECT account_id, cl_ord_id, sum(quantity) AS quantity
    FROM ballast.fill GROUP BY account_id, cl_ord_id
)
SELECT n.account_id, n.seq,
    format('order %s says %s, its fills %s', n.cl_ord_id, n.filled, coalesce(f.quantity, 0))
        AS detail
FROM newest n LEFT JOIN filled f USING (account_id, cl_ord_id)
WHERE n.filled <> coalesce(f.quantity, 0)
    AND NOT EXISTS (
        SELECT FROM ballast.row_refused r
        WHERE r.account_id = n.account_id AND (
            r.table_name = 'fill' AND EXISTS (
                SELECT FROM ballast.order_event o
                WHERE o.account_id = n.account_id AND o.seq = r.seq AND o.cl_ord_id = n.cl_ord_id
            )
            OR r.table_name = 'order_event' AND EXISTS (
                SELECT FROM ballast.fill o
                WHERE o.account_id = n.account_id AND o.seq = r.seq AND o.cl_ord_id = n.cl_ord_id
            )
        )
    )
