-- The frames of an account hold every input from 1 on, each once, in order.

WITH frames AS (
    SELECT account_id, first_seq, last_seq,
        1 + lag(last_seq, 1, 0::bigint) OVER (PARTITION BY account_id ORDER BY first_seq) AS due
    FROM ballast.journal_frame
)
SELECT account_id, due AS seq,
    format('inputs %s to %s stand where input %s is due', first_seq, last_seq, due) AS detail
FROM frames WHERE first_seq <> due OR last_seq < first_seq
