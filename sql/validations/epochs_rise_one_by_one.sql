-- Epochs of an account are 1, 2, 3 and so on, and no frame is of an epoch that was not opened or is
-- older than its predecessor's.

WITH leases AS (
    SELECT account_id, epoch, row_number() OVER (PARTITION BY account_id ORDER BY epoch) AS due
    FROM ballast.lease
), frames AS (
    SELECT account_id, first_seq, epoch,
        lag(epoch, 1, epoch) OVER (PARTITION BY account_id ORDER BY first_seq) AS before
    FROM ballast.journal_frame
)
SELECT account_id, 0::bigint AS seq, format('epoch %s stands where %s is due', epoch, due) AS detail
FROM leases WHERE epoch <> due
UNION ALL
SELECT account_id, first_seq, format('a frame of epoch %s after epoch %s', epoch, before)
FROM frames f
WHERE epoch < before
    OR NOT EXISTS (
        SELECT FROM ballast.lease l WHERE l.account_id = f.account_id AND l.epoch = f.epoch
    )
