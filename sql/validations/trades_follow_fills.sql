-- A closed trade is a sale that was filled, or one that no order explains and that was booked: the
-- same quantity and proceeds, and its result is the proceeds less the lots' cost less the fee in
-- quote currency (one in base is in the lots' cost).

WITH sales AS (
    SELECT account_id, run_id, seq, cl_ord_id, exec_id, symbol, quantity, cost, fee, fee_asset
    FROM ballast.fill WHERE side = 'sell'
    UNION ALL
    SELECT account_id, run_id, seq, cl_ord_id, exec_id, symbol, quantity, cost, fee, fee_asset
    FROM ballast.trade_unexplained WHERE booked AND side = 'sell'
)
SELECT t.account_id, t.seq, format('trade %s of order %s', t.exec_id, t.cl_ord_id) AS detail
FROM ballast.trade_closed t
LEFT JOIN sales s USING (account_id, run_id, seq, cl_ord_id, exec_id)
WHERE CASE
    WHEN s.symbol IS NULL THEN NOT EXISTS (
        SELECT FROM ballast.row_refused r
        WHERE r.account_id = t.account_id AND r.seq = t.seq
            AND r.table_name IN ('fill', 'trade_unexplained')
    )
    ELSE s.symbol <> t.symbol OR s.quantity <> t.quantity OR s.cost <> t.proceeds
        OR t.realised <> t.proceeds - t.cost
            - CASE WHEN s.fee_asset IN ('', split_part(s.symbol, '/', 2)) THEN s.fee ELSE 0 END
END
