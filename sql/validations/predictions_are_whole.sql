-- A prediction has all further answers or none of them, of as many symbols, and odds between 0 and 1.

SELECT account_id, seq, format('prediction in run %s: %s', run_id, CASE
    WHEN told NOT IN (0, 8) THEN 'some answers without the others'
    ELSE 'odds that cannot be, or of other symbols'
END) AS detail
FROM (
    SELECT account_id, seq, run_id, cardinality(p_up) AS symbols, num_nonnulls(
            p_up_h1, move_h1, p_up_h4, move_h4, p_up_h24, move_h24, rebound, downside
        ) AS told, ARRAY[
            cardinality(p_up_h1), cardinality(move_h1), cardinality(p_up_h4), cardinality(move_h4),
            cardinality(p_up_h24), cardinality(move_h24), cardinality(rebound),
            cardinality(downside)
        ] AS sizes,
        array_remove(p_up_h1 || p_up_h4 || p_up_h24 || rebound || downside, -2147483648) AS odds
    FROM ballast.prediction_slice
) AS said
WHERE told <> 0 AND (
    told <> 8 OR symbols <> ANY (sizes) OR 0 > ANY (odds) OR 1000000 < ANY (odds)
)
