-- The transfers of an account are numbered 1, 2, 3 and so on in the order of their inputs; one that
-- was refused keeps its number.

WITH posted AS (
    SELECT account_id, seq, ordinal, transfer_no FROM ballast.transfer
    UNION ALL
    SELECT account_id, seq, ordinal, NULL FROM ballast.row_refused WHERE table_name = 'transfer'
), numbered AS (
    SELECT account_id, seq, transfer_no,
        row_number() OVER (PARTITION BY account_id ORDER BY seq, ordinal) AS due
    FROM posted
)
SELECT account_id, seq, format('transfer %s stands where %s is due', transfer_no, due) AS detail
FROM numbered WHERE transfer_no <> due
