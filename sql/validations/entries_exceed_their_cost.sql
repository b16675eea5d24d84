-- An entry was approved because it was expected to earn more than it costs, by the margin of its
-- run's limits, and within what one position and all of them may be worth.

SELECT v.account_id, v.seq,
    format('entry %s: move %s, cost %s, margin %s', v.intent_no, v.expected_move, v.cost,
        greatest(v.edge_margin, p.edge_margin)) AS detail
FROM ballast.risk_verdict v
LEFT JOIN LATERAL (
    SELECT p.edge_margin FROM ballast.risk_profile p
    WHERE p.account_id = v.account_id AND p.run_id = v.run_id
        AND (p.seq, p.ordinal) < (v.seq, v.ordinal)
    ORDER BY p.seq DESC, p.ordinal DESC LIMIT 1
) p ON true
WHERE v.side = 'buy' AND (
    v.expected_move <= v.cost
    OR v.expected_move - v.cost < greatest(v.edge_margin, p.edge_margin)
    OR v.symbol_worth + v.notional > v.position_cap
    OR v.total_worth + v.notional > v.exposure_cap
)
