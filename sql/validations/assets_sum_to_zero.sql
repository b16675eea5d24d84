-- The balances of all accounts of an asset sum to zero: money comes from somewhere.

WITH sides AS (
    SELECT account_id, transfer_no, asset, debit AS account, debit_balance AS balance
    FROM ballast.transfer
    UNION ALL
    SELECT account_id, transfer_no, asset, credit, credit_balance FROM ballast.transfer
), newest AS (
    SELECT DISTINCT ON (account_id, asset, account) account_id, asset, balance
    FROM sides ORDER BY account_id, asset, account, transfer_no DESC
)
SELECT account_id, 0::bigint AS seq, format('%s sums to %s', asset, sum(balance)) AS detail
FROM newest GROUP BY account_id, asset HAVING sum(balance) <> 0
