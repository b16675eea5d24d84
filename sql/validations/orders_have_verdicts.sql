-- An order that was sent was requested, was approved at that price and at least that quantity, and
-- its funds were set aside before; a change of one was approved as it is. Runs from before approvals
-- were recorded state no limits and are not asked; what was refused is known to be missing.

WITH asked AS (
    SELECT DISTINCT account_id, run_id FROM ballast.risk_profile
), gone AS (
    SELECT account_id, table_name, min(seq) AS seq FROM ballast.row_refused
    GROUP BY account_id, table_name
)
SELECT e.account_id, e.seq, format('order %s was sent without a request', e.cl_ord_id) AS detail
FROM ballast.order_event e
JOIN asked USING (account_id, run_id)
LEFT JOIN ballast.order_request q USING (account_id, cl_ord_id)
LEFT JOIN gone g ON g.account_id = e.account_id AND g.table_name = 'order_request'
WHERE e.state = 'submitted' AND q.seq IS NULL AND (g.seq IS NULL OR g.seq > e.seq)
UNION ALL
SELECT q.account_id, q.seq, format('order %s was not approved as it is', q.cl_ord_id)
FROM ballast.order_request q
LEFT JOIN ballast.risk_verdict v ON v.account_id = q.account_id AND v.run_id = q.run_id
    AND v.intent_no = q.intent_no AND (v.seq, v.ordinal) < (q.seq, q.ordinal)
LEFT JOIN gone g ON g.account_id = q.account_id AND g.table_name = 'risk_verdict'
WHERE CASE
    WHEN v.seq IS NULL THEN g.seq IS NULL OR g.seq > q.seq
    ELSE (v.symbol, v.side, v.limit_price) <> (q.symbol, q.side, q.limit_price)
        OR v.quantity < q.quantity
END
UNION ALL
SELECT q.account_id, q.seq, format('order %s was not funded', q.cl_ord_id)
FROM ballast.order_request q
LEFT JOIN ballast.transfer t ON t.account_id = q.account_id
    AND t.source LIKE 'hold:%:place' AND t.source = 'hold:' || q.cl_ord_id || ':place'
    AND (t.seq, t.ordinal) < (q.seq, q.ordinal)
LEFT JOIN gone g ON g.account_id = q.account_id AND g.table_name = 'transfer'
WHERE CASE
    WHEN t.seq IS NULL THEN g.seq IS NULL OR g.seq > q.seq
    ELSE t.debit_balance < 0
        OR t.amount < CASE q.side WHEN 'buy' THEN q.quantity * q.limit_price ELSE q.quantity END
END
UNION ALL
SELECT m.account_id, m.seq,
    format('amendment %s of order %s was not approved as it is', m.amend_no, m.cl_ord_id)
FROM ballast.order_amendment m
LEFT JOIN ballast.risk_verdict v ON v.account_id = m.account_id AND v.run_id = m.run_id
    AND v.intent_no = m.intent_no AND (v.seq, v.ordinal) < (m.seq, m.ordinal)
LEFT JOIN gone g ON g.account_id = m.account_id AND g.table_name = 'risk_verdict'
WHERE CASE
    WHEN v.seq IS NULL THEN g.seq IS NULL OR g.seq > m.seq
    ELSE (v.symbol, v.side, v.limit_price, v.quantity)
        <> (m.symbol, m.side, m.limit_price, m.quantity - m.filled)
END
