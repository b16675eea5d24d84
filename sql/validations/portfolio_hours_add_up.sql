-- Equity is free cash, held cash and the value of every position of that hour.

SELECT p.account_id, p.seq,
    format('equity %s, cash %s + %s, positions %s',
        p.equity, p.cash_free, p.cash_held, coalesce(sum(v.value), 0)) AS detail
FROM ballast.portfolio_hour p
LEFT JOIN ballast.position_hour v USING (account_id, seq, hour_ts)
GROUP BY p.account_id, p.seq, p.ordinal, p.equity, p.cash_free, p.cash_held
HAVING p.equity <> p.cash_free + p.cash_held + coalesce(sum(v.value), 0)
