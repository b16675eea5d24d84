-- A closed trade is a sale that was filled: the same quantity and proceeds, and its result is the
-- proceeds less the lots' cost less the fee in quote currency (one in base is in the lots' cost).

SELECT t.account_id, t.seq, format('trade %s of order %s', t.exec_id, t.cl_ord_id) AS detail
FROM ballast.trade_closed t
LEFT JOIN ballast.fill f
    ON f.account_id = t.account_id AND f.run_id = t.run_id AND f.exec_id = t.exec_id
    AND f.cl_ord_id = t.cl_ord_id AND f.seq = t.seq AND f.side = 'sell'
WHERE f.exec_id IS NULL OR f.quantity <> t.quantity OR f.cost <> t.proceeds
    OR t.realised <> t.proceeds - t.cost
        - CASE WHEN f.fee_asset IN ('', split_part(f.symbol, '/', 2)) THEN f.fee ELSE 0 END
