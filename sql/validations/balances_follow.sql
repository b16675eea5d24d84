-- Every transfer touches two accounts: the balance it leaves is the one before it, less or plus its
-- amount, and each account counts its transfers without a gap. Over a transfer that was refused,
-- which may have touched any account, nothing can be said.

WITH posted AS (
    SELECT account_id, seq, ordinal, transfer_no, asset, debit, credit, amount,
        debit_balance, debit_sequence, credit_balance, credit_sequence
    FROM ballast.transfer
    UNION ALL
    SELECT account_id, seq, ordinal, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM ballast.row_refused WHERE table_name = 'transfer'
), placed AS (
    SELECT *, count(*) FILTER (WHERE transfer_no IS NULL)
        OVER (PARTITION BY account_id ORDER BY seq, ordinal) AS refused
    FROM posted
), sides AS (
    SELECT account_id, seq, transfer_no, refused, debit AS account, -amount AS delta,
        debit_balance AS balance, debit_sequence AS sequence
    FROM placed WHERE transfer_no IS NOT NULL
    UNION ALL
    SELECT account_id, seq, transfer_no, refused, credit, amount, credit_balance, credit_sequence
    FROM placed WHERE transfer_no IS NOT NULL
), followed AS (
    SELECT *,
        lag(balance, 1, 0::numeric) OVER one_account AS before,
        lag(sequence, 1, 0::bigint) OVER one_account AS sequence_before,
        lag(refused, 1, 0::bigint) OVER one_account AS refused_before
    FROM sides
    WINDOW one_account AS (PARTITION BY account_id, account ORDER BY transfer_no)
)
SELECT account_id, seq,
    format('transfer %s leaves %s at %s (its %s.), after %s and %s',
        transfer_no, account, balance, sequence, before, delta) AS detail
FROM followed
WHERE refused = refused_before
    AND (balance <> before + delta OR sequence <> sequence_before + 1)
