-- Every transfer carries the hash of the one before and its own, which its row has when it is made
-- again; only the first rows of an account, from before the chain, may lack both. Over a transfer
-- that was refused the link cannot be told.

WITH posted AS (
    SELECT account_id, seq, ordinal, transfer_no, previous, hash, concat_ws('|',
        transfer_no, amount, debit_balance, credit_balance, debit_sequence, credit_sequence,
        octet_length(debit), octet_length(credit), octet_length(asset), octet_length(source),
        octet_length(cause), previous,
        concat(debit, credit, asset, source, cause)
    ) AS told
    FROM ballast.transfer
    UNION ALL
    SELECT account_id, seq, ordinal, NULL, NULL, NULL, NULL
    FROM ballast.row_refused WHERE table_name = 'transfer'
), placed AS (
    SELECT *, row_number() OVER stream AS place, lag(transfer_no) OVER stream AS no_before,
        lag(hash) OVER stream AS hash_before, count(hash) OVER stream AS chained
    FROM posted WINDOW stream AS (PARTITION BY account_id ORDER BY seq, ordinal)
), judged AS (
    SELECT account_id, seq, transfer_no, CASE
        WHEN hash IS NULL AND chained > 0 THEN 'has no hash'
        WHEN hash IS NULL THEN NULL
        WHEN hash <> encode(sha256(convert_to(told, 'UTF8')), 'hex') THEN 'is not what its hash says'
        WHEN (place = 1 OR no_before IS NOT NULL) AND previous <> coalesce(hash_before, '')
            THEN 'does not follow the one before'
        END AS fault
    FROM placed WHERE transfer_no IS NOT NULL
)
SELECT account_id, seq, format('transfer %s %s', transfer_no, fault) AS detail
FROM judged WHERE fault IS NOT NULL
