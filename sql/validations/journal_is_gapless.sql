-- Tombstones and the frames after them hold every input of an account from 1 on, each once, in order.

WITH spans AS (
    SELECT account_id, first_seq, last_seq FROM ballast.journal_sealed
    UNION ALL SELECT account_id, first_seq, last_seq FROM ballast.journal_frame
), frames AS (
    SELECT account_id, first_seq, last_seq,
        1 + lag(last_seq, 1, 0::bigint) OVER (PARTITION BY account_id ORDER BY first_seq) AS due
    FROM spans
)
SELECT account_id, due AS seq,
    format('inputs %s to %s stand where input %s is due', first_seq, last_seq, due) AS detail
FROM frames WHERE first_seq <> due OR last_seq < first_seq
