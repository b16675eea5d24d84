-- What we own and what is held for orders is never less than nothing; a shortfall that the venue
-- reports stands in suspense.

SELECT account_id, seq, format('transfer %s leaves less than nothing', transfer_no) AS detail
FROM ballast.transfer
WHERE debit_balance < 0 AND (debit LIKE 'available:%' OR debit LIKE 'held:%')
    OR credit_balance < 0 AND (credit LIKE 'available:%' OR credit LIKE 'held:%')
