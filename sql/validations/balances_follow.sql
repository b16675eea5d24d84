-- Every transfer touches two accounts: the balance it leaves is the one before it, less or plus its
-- amount, and each account counts its transfers without a gap.

WITH sides AS (
    SELECT account_id, seq, transfer_no, asset, debit AS account, -amount AS delta,
        debit_balance AS balance, debit_sequence AS sequence
    FROM ballast.transfer
    UNION ALL
    SELECT account_id, seq, transfer_no, asset, credit, amount, credit_balance, credit_sequence
    FROM ballast.transfer
), followed AS (
    SELECT *,
        lag(balance, 1, 0::numeric) OVER one_account AS before,
        lag(sequence, 1, 0::bigint) OVER one_account AS sequence_before
    FROM sides
    WINDOW one_account AS (PARTITION BY account_id, account ORDER BY transfer_no)
)
SELECT account_id, seq,
    format('transfer %s leaves %s at %s (its %s.), after %s and %s',
        transfer_no, account, balance, sequence, before, delta) AS detail
FROM followed WHERE balance <> before + delta OR sequence <> sequence_before + 1
