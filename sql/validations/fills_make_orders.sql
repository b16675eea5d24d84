-- What an order's last event says was filled is the sum of its fills.

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
