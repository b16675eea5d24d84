-- Equity is free cash, held cash, what facts took of the currency beyond them (suspense, as of that
-- hour), what lies staked or between wallets, the value of every position of that hour, and the worth
-- of every other currency in place of the positions quoted in it.

WITH currency AS (
    -- An account begins with a deposit in its currency.
    SELECT DISTINCT ON (account_id) account_id, asset
    FROM ballast.transfer WHERE debit LIKE 'external:%' ORDER BY account_id, transfer_no
), moments AS (
    SELECT account_id, seq, ordinal, NULL::numeric AS suspense, 0::numeric AS moved
    FROM ballast.portfolio_hour
    UNION ALL
    SELECT t.account_id, t.seq, t.ordinal,
        CASE t.debit WHEN 'suspense:' || c.asset THEN t.debit_balance ELSE t.credit_balance END, 0
    FROM ballast.transfer t JOIN currency c USING (account_id)
    WHERE 'suspense:' || c.asset IN (t.debit, t.credit)
    UNION ALL
    SELECT t.account_id, t.seq, t.ordinal, NULL,
        CASE WHEN t.credit IN ('staked:' || c.asset, 'transit:' || c.asset) THEN t.amount ELSE 0 END
        - CASE WHEN t.debit IN ('staked:' || c.asset, 'transit:' || c.asset) THEN t.amount ELSE 0 END
    FROM ballast.transfer t JOIN currency c USING (account_id)
    WHERE 'staked:' || c.asset IN (t.debit, t.credit)
        OR 'transit:' || c.asset IN (t.debit, t.credit)
    UNION ALL
    -- What a transfer that was refused left in suspense is told by the next one that was not.
    SELECT account_id, seq, ordinal, 'NaN'::numeric, 0
    FROM ballast.row_refused WHERE table_name = 'transfer'
), parted AS (
    SELECT *, count(suspense) OVER so_far AS part, sum(moved) OVER so_far AS aside
    FROM moments WINDOW so_far AS (PARTITION BY account_id ORDER BY seq, ordinal)
), carried AS (
    SELECT account_id, seq, ordinal, aside, coalesce(
        first_value(suspense) OVER (PARTITION BY account_id, part ORDER BY seq, ordinal), 0
    ) AS suspense
    FROM parted
), worths AS (
    SELECT account_id, seq, hour_ts, split_part(symbol, '/', 2) AS currency, value, NULL AS worth
    FROM ballast.position_hour
    UNION ALL
    SELECT account_id, seq, hour_ts, currency, NULL, worth FROM ballast.currency_hour
), by_currency AS (
    SELECT account_id, seq, hour_ts, currency, coalesce(max(worth), sum(value)) AS value
    FROM worths GROUP BY account_id, seq, hour_ts, currency
), positions AS (
    SELECT account_id, seq, hour_ts, sum(value) AS value
    FROM by_currency GROUP BY account_id, seq, hour_ts
)
SELECT p.account_id, p.seq,
    format('equity %s, cash %s + %s, suspense %s, positions and currencies %s',
        p.equity, p.cash_free, p.cash_held, c.suspense, coalesce(v.value, 0)) AS detail
FROM ballast.portfolio_hour p
JOIN carried c USING (account_id, seq, ordinal)
LEFT JOIN positions v USING (account_id, seq, hour_ts)
WHERE p.equity <> p.cash_free + p.cash_held + c.suspense + c.aside + coalesce(v.value, 0)
    AND c.suspense <> 'NaN'
    AND NOT EXISTS (
        SELECT FROM ballast.row_refused r
        WHERE r.account_id = p.account_id AND r.seq = p.seq
            AND r.table_name IN ('position_hour', 'currency_hour')
    )
