-- What we own and what is held for orders is never less than nothing, and suspense, which is what
-- the venue's facts took beyond that, never more.

WITH sides AS (
    SELECT account_id, seq, transfer_no, debit AS account, debit_balance AS balance
    FROM ballast.transfer
    UNION ALL
    SELECT account_id, seq, transfer_no, credit, credit_balance FROM ballast.transfer
)
SELECT account_id, seq, format('transfer %s leaves %s at %s', transfer_no, account, balance)
    AS detail
FROM sides
WHERE balance < 0 AND (account LIKE 'available:%' OR account LIKE 'held:%' OR account LIKE 'staked:%')
    OR balance > 0 AND account LIKE 'suspense:%'
