-- Each frame begins with the root that the one before it ended with, or the tombstone before it; what
-- is first with genesis.

WITH spans AS (
    SELECT account_id, first_seq, root_before, root_after FROM ballast.journal_sealed
    UNION ALL SELECT account_id, first_seq, root_before, root_after FROM ballast.journal_frame
), frames AS (
    SELECT account_id, first_seq, root_before,
        lag(root_after, 1, decode(repeat('00', 32), 'hex'))
            OVER (PARTITION BY account_id ORDER BY first_seq) AS due
    FROM spans
)
SELECT account_id, first_seq AS seq,
    format('the root before is %s, the chain is at %s',
        encode(root_before, 'hex'), encode(due, 'hex')) AS detail
FROM frames WHERE root_before <> due
