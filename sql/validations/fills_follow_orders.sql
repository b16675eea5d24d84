-- A fill comes after the first event of its order, of the same symbol and side.

SELECT f.account_id, f.seq, format('fill %s of order %s', f.exec_id, f.cl_ord_id) AS detail
FROM ballast.fill f
WHERE NOT EXISTS (
    SELECT FROM ballast.order_event o
    WHERE o.account_id = f.account_id AND o.cl_ord_id = f.cl_ord_id
        AND (o.seq, o.ordinal) < (f.seq, f.ordinal)
        AND o.symbol = f.symbol AND o.side = f.side
) AND (
    -- Of an order whose events were refused there may be none.
    EXISTS (
        SELECT FROM ballast.order_event o
        WHERE o.account_id = f.account_id AND o.cl_ord_id = f.cl_ord_id
            AND (o.symbol <> f.symbol OR o.side <> f.side)
    ) OR NOT EXISTS (
        SELECT FROM ballast.row_refused r
        WHERE r.account_id = f.account_id AND r.table_name = 'order_event'
            AND (r.seq, r.ordinal) < (f.seq, f.ordinal)
    )
)
