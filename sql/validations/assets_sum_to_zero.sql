-- The balances of all accounts of an asset sum to zero: money comes from somewhere. A transfer that
-- was refused may be what is missing, where an account has moved no more since.

WITH sides AS (
    SELECT account_id, seq, transfer_no, asset, debit AS account, debit_balance AS balance
    FROM ballast.transfer
    UNION ALL
    SELECT account_id, seq, transfer_no, asset, credit, credit_balance FROM ballast.transfer
), newest AS (
    SELECT DISTINCT ON (account_id, asset, account) account_id, seq, asset, balance
    FROM sides ORDER BY account_id, asset, account, transfer_no DESC
), refused AS (
    SELECT account_id, max(seq) AS seq
    FROM ballast.row_refused WHERE table_name = 'transfer' GROUP BY account_id
)
SELECT n.account_id, 0::bigint AS seq, format('%s sums to %s', n.asset, sum(n.balance)) AS detail
FROM newest n LEFT JOIN refused r USING (account_id)
GROUP BY n.account_id, n.asset, r.seq
HAVING sum(n.balance) <> 0 AND (r.seq IS NULL OR r.seq < min(n.seq))
