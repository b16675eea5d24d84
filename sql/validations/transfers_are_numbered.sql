-- The transfers of an account are numbered 1, 2, 3 and so on in the order of their inputs.

WITH numbered AS (
    SELECT account_id, seq, transfer_no,
        row_number() OVER (PARTITION BY account_id ORDER BY seq, ordinal) AS due
    FROM ballast.transfer
)
SELECT account_id, seq, format('transfer %s stands where %s is due', transfer_no, due) AS detail
FROM numbered WHERE transfer_no <> due
